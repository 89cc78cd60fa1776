//! What waits for a slow consumer: the newest state of each account, and never more than that.

use std::collections::{HashMap, VecDeque};

use solana_pubkey::Pubkey;

use super::socket::{AccountNotice, Event};

/// The events of one connection: first what it says of itself, then accounts in the order of their first
/// unseen change, then the latest slot.
///
/// An account that changes again before it is taken keeps its place and gets the newer state; the notice says
/// how many it replaced. So memory is bounded by the number of watched accounts, and nothing is lost unseen.
#[derive(Default)]
pub(super) struct Outbox {
    /// A handful for each connection.
    control: VecDeque<Event>,
    order: VecDeque<Pubkey>,
    accounts: HashMap<Pubkey, AccountNotice>,
    slot: Option<Event>,
}

impl Outbox {
    pub(super) fn control(&mut self, event: Event) {
        self.control.push_back(event);
    }

    pub(super) fn account(&mut self, mut notice: AccountNotice) {
        match self.accounts.get_mut(&notice.key) {
            Some(older) => {
                notice.superseded = older.superseded + 1;
                *older = notice;
            }
            None => {
                self.order.push_back(notice.key);
                self.accounts.insert(notice.key, notice);
            }
        }
    }

    /// An older slot that nobody looked at has nothing to say any more.
    pub(super) fn slot(&mut self, event: Event) {
        self.slot = Some(event);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.control.is_empty() && self.order.is_empty() && self.slot.is_none()
    }

    /// Accounts before slots: they are what somebody may have to act upon.
    pub(super) fn take(&mut self) -> Option<Event> {
        if let Some(event) = self.control.pop_front() {
            return Some(event);
        }
        let account = self.order.pop_front();
        match account.and_then(|key| self.accounts.remove(&key)) {
            Some(notice) => Some(Event::Account(notice)),
            None => self.slot.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn notice(key: u8, slot: u64) -> AccountNotice {
        AccountNotice {
            key: Pubkey::new_from_array([key; 32]),
            slot,
            lamports: slot,
            owner: Pubkey::default(),
            data: Vec::new(),
            received: Instant::now(),
            superseded: 0,
        }
    }

    fn slot(slot: u64) -> Event {
        let received = Instant::now();
        Event::Slot { slot, received }
    }

    #[test]
    fn the_newest_state_wins_and_counts_what_it_replaced() {
        let mut outbox = Outbox::default();
        for n in 0..100_000 {
            outbox.account(notice(1, n));
        }
        outbox.account(notice(2, 5));
        assert_eq!(outbox.accounts.len(), 2);
        let Some(Event::Account(first)) = outbox.take() else {
            panic!("the account that changed first comes first");
        };
        assert_eq!((first.slot, first.superseded), (99_999, 99_999));
        assert!(matches!(outbox.take(), Some(Event::Account(n)) if n.superseded == 0));
        assert!(outbox.is_empty() && outbox.take().is_none());
    }

    #[test]
    fn accounts_go_before_the_latest_slot() {
        let mut outbox = Outbox::default();
        outbox.slot(slot(1));
        outbox.slot(slot(2));
        outbox.account(notice(1, 2));
        outbox.control(Event::Connected { slot: 2 });
        assert!(matches!(outbox.take(), Some(Event::Connected { .. })));
        assert!(matches!(outbox.take(), Some(Event::Account(_))));
        assert!(matches!(outbox.take(), Some(Event::Slot { slot: 2, .. })));
        assert!(outbox.is_empty());
    }
}
