//! What is known of one connection. It decides what a frame means and touches no network.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use solana_pubkey::Pubkey;

use super::{
    canary::{Canary, Pulse},
    outbox::Outbox,
    socket::{AccountNotice, Event, Gap, Socket},
    wire::{self, AccountState, Frame},
};
use crate::horizon::FARTHEST;

/// The Clock sysvar: the one account that changes in every slot.
const CLOCK: Pubkey = Pubkey::from_str_const("SysvarC1ock11111111111111111111111111111111");

/// What a request asked for; its id is its place in the list.
#[derive(Clone, Copy)]
enum Watch {
    Slots,
    Account(Pubkey),
}

pub(super) struct Session {
    pub(super) outbox: Outbox,
    watches: Vec<Watch>,
    unanswered: usize,
    /// By subscription number.
    keys: HashMap<u64, Pubkey>,
    /// From when every subscription stands.
    pulse: Option<Pulse>,
    silence: Duration,
    /// Whether the consumer wants the Clock account for itself.
    tell_clock: bool,
    latest_slot: u64,
    announced: bool,
    told: Option<Canary>,
}

impl Session {
    pub(super) fn new(socket: &Socket) -> Self {
        let tell_clock = socket.accounts.contains(&CLOCK);
        let mut watches = vec![Watch::Slots];
        if !tell_clock {
            watches.push(Watch::Account(CLOCK));
        }
        watches.extend(socket.accounts.iter().copied().map(Watch::Account));
        Self {
            outbox: Outbox::default(),
            unanswered: watches.len(),
            watches,
            keys: HashMap::new(),
            pulse: None,
            silence: socket.silence,
            tell_clock,
            latest_slot: 0,
            announced: false,
            told: None,
        }
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = String> {
        (0..).zip(&self.watches).map(|(id, watch)| match watch {
            Watch::Slots => wire::subscribe_slots(id),
            Watch::Account(key) => wire::subscribe_account(id, key),
        })
    }

    /// When the connection is blind if nothing beats before; `None` while subscriptions are unanswered.
    pub(super) fn silent_at(&self) -> Option<Instant> {
        self.pulse.as_ref().map(Pulse::deadline)
    }

    /// What it is called when that time has come.
    pub(super) fn silent_gap(&self, subscribe: Duration) -> Gap {
        match self.pulse {
            Some(_) => Gap::Silent(self.silence),
            None => Gap::Unanswered(subscribe),
        }
    }

    /// Whether the consumer was told that the connection stands.
    pub(super) fn is_announced(&self) -> bool {
        self.announced
    }

    pub(super) fn hear(&mut self, text: &str, now: Instant) -> Result<(), Gap> {
        match wire::read(text).map_err(|error| Gap::Unreadable(error.to_string()))? {
            Frame::Subscribed { id, subscription } => self.subscribed(id, subscription, now),
            Frame::Refused { why, .. } => Err(Gap::Refused(why)),
            Frame::Slot { slot } => self.slot(slot, now),
            Frame::Account { subscription, slot, account } => self.account(subscription, slot, account, now),
        }
    }

    fn subscribed(&mut self, id: u64, subscription: u64, now: Instant) -> Result<(), Gap> {
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        let watch = self
            .watches
            .get(index)
            .ok_or_else(|| Gap::Unreadable(format!("an answer to request {id}, which was never made")))?;
        if let Watch::Account(key) = watch {
            self.keys.insert(subscription, *key);
        }
        self.unanswered = self.unanswered.saturating_sub(1);
        if self.unanswered == 0 && self.pulse.is_none() {
            self.pulse = Some(Pulse::new(now, self.silence));
        }
        Ok(())
    }

    fn slot(&mut self, slot: u64, now: Instant) -> Result<(), Gap> {
        // its notices may be dated by it, so a node that jumps is heard anew from its start
        let before = self.latest_slot;
        if before != 0 && slot.abs_diff(before) > FARTHEST {
            return Err(Gap::Unreadable(format!("slot {slot} after slot {before}")));
        }
        self.latest_slot = self.latest_slot.max(slot);
        self.outbox.slot(Event::Slot { slot, received: now });
        let Some(pulse) = &mut self.pulse else {
            return Ok(());
        };
        if !self.announced {
            self.announced = true;
            let slot = self.latest_slot;
            self.outbox.control(Event::Connected { slot });
        }
        pulse.slot(now).map_err(|_| Gap::Deaf)?;
        self.tell_canary();
        Ok(())
    }

    fn account(
        &mut self,
        subscription: u64,
        slot: u64,
        account: AccountState,
        now: Instant,
    ) -> Result<(), Gap> {
        let Some(key) = self.keys.get(&subscription).copied() else {
            // A notice may overtake the answer that names it. The consumer reads everything after the last
            // answer, so this one told nothing that will stay unseen.
            return match self.pulse {
                None => Ok(()),
                Some(_) => Err(Gap::Unreadable(format!(
                    "a notice of subscription {subscription}, which was never made"
                ))),
            };
        };
        if key == CLOCK {
            if let Some(pulse) = &mut self.pulse {
                pulse.clock(now);
                self.tell_canary();
            }
            if !self.tell_clock {
                return Ok(());
            }
        }
        self.outbox.account(AccountNotice {
            key,
            slot: self.slot_of_notice(slot),
            lamports: account.lamports,
            owner: account.owner,
            data: account.data,
            received: now,
            superseded: 0,
        });
        Ok(())
    }

    /// Surfnet repeats the slot of the subscription in each notice. The nodes that notify the Clock account
    /// are the ones whose slots are true.
    fn slot_of_notice(&self, slot: u64) -> u64 {
        match self.pulse.as_ref().and_then(Pulse::canary) {
            Some(Canary::Clock) => slot,
            Some(Canary::Slots) | None => slot.max(self.latest_slot),
        }
    }

    fn tell_canary(&mut self) {
        let canary = self.pulse.as_ref().and_then(Pulse::canary);
        if let Some(canary) = canary.filter(|_| canary != self.told) {
            self.told = Some(canary);
            self.outbox.control(Event::Canary(canary));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn session() -> (Session, Pubkey) {
        let key = Pubkey::new_from_array([7; 32]);
        let session = Session::new(&Socket::new("ws://127.0.0.1:1", [key]));
        (session, key)
    }

    fn answer(id: u64, subscription: u64) -> String {
        json!({ "jsonrpc": "2.0", "id": id, "result": subscription }).to_string()
    }

    fn slot(slot: u64) -> String {
        let result = json!({ "parent": slot - 1, "root": 0, "slot": slot });
        let params = json!({ "result": result, "subscription": 10 });
        json!({ "method": "slotNotification", "params": params }).to_string()
    }

    fn notice(subscription: u64, slot: u64) -> String {
        let account = json!({
            "lamports": 1, "owner": Pubkey::default().to_string(), "data": ["", "base64"],
        });
        let result = json!({ "context": { "slot": slot }, "value": account });
        let params = json!({ "result": result, "subscription": subscription });
        json!({ "method": "accountNotification", "params": params }).to_string()
    }

    /// Slots under 10, Clock under 11, the account under 12.
    fn subscribed() -> (Session, Pubkey, Instant) {
        let (mut session, key) = session();
        let now = Instant::now();
        for id in 0..3 {
            session.hear(&answer(id, 10 + id), now).expect("an answer");
        }
        (session, key, now)
    }

    fn events(session: &mut Session) -> Vec<Event> {
        std::iter::from_fn(|| session.outbox.take()).collect()
    }

    #[test]
    fn connected_is_told_with_the_first_slot_after_the_last_answer() {
        let (mut session, _) = session();
        let now = Instant::now();
        assert_eq!(session.requests().count(), 3);
        session.hear(&answer(0, 10), now).expect("an answer");
        session.hear(&slot(5), now).expect("a slot");
        session.hear(&answer(1, 11), now).expect("an answer");
        assert!(session.silent_at().is_none());
        session.hear(&answer(2, 12), now).expect("an answer");
        assert!(session.silent_at().is_some());
        assert!(!session.is_announced());
        session.hear(&slot(6), now).expect("a slot");
        assert!(session.is_announced());
        let events = events(&mut session);
        assert!(matches!(events[0], Event::Connected { slot: 6 }), "{events:?}");
    }

    #[test]
    fn an_early_notice_is_covered_by_the_snapshot_and_a_later_stranger_is_not() {
        let (mut session, _) = session();
        let now = Instant::now();
        assert!(session.hear(&notice(12, 4), now).is_ok());
        assert!(session.outbox.is_empty());
        let (mut session, _, now) = subscribed();
        let stranger = session.hear(&notice(99, 4), now);
        assert!(matches!(stranger, Err(Gap::Unreadable(_))));
    }

    #[test]
    fn a_node_with_clock_notices_is_believed_its_slots() {
        let (mut session, key, now) = subscribed();
        session.hear(&slot(9), now).expect("a slot");
        session.hear(&notice(11, 8), now).expect("the clock");
        session.hear(&notice(12, 8), now).expect("a notice");
        let events = events(&mut session);
        assert!(events.iter().any(|e| matches!(e, Event::Canary(Canary::Clock))));
        let told = events.iter().find_map(|e| match e {
            Event::Account(notice) => Some((notice.key, notice.slot)),
            _ => None,
        });
        assert_eq!(told, Some((key, 8)));
    }

    #[test]
    fn a_node_without_them_is_not() {
        let (mut session, _, now) = subscribed();
        for n in 20..40 {
            session.hear(&slot(n), now).expect("a slot");
        }
        session.hear(&notice(12, 3), now).expect("a notice");
        let events = events(&mut session);
        assert!(events.iter().any(|e| matches!(e, Event::Canary(Canary::Slots))));
        assert!(events.iter().any(|e| matches!(e, Event::Account(n) if n.slot == 39)));
    }

    #[test]
    fn slots_alone_are_deafness_once_the_clock_was_heard() {
        let (mut session, _, now) = subscribed();
        session.hear(&notice(11, 1), now).expect("the clock");
        let heard: Vec<_> = (2..10).map(|n| session.hear(&slot(n), now)).collect();
        assert!(heard.iter().any(|h| matches!(h, Err(Gap::Deaf))));
    }

    #[test]
    fn the_clock_is_told_only_to_those_who_asked() {
        let (mut session, _, now) = subscribed();
        session.hear(&notice(11, 1), now).expect("the clock");
        assert!(!events(&mut session).iter().any(|e| matches!(e, Event::Account(_))));

        let mut session = Session::new(&Socket::new("ws://127.0.0.1:1", [CLOCK]));
        session.hear(&answer(0, 10), now).expect("an answer");
        session.hear(&answer(1, 11), now).expect("an answer");
        session.hear(&notice(11, 1), now).expect("the clock");
        assert!(events(&mut session).iter().any(|e| matches!(e, Event::Account(n) if n.key == CLOCK)));
    }

    #[test]
    fn a_node_whose_slots_jump_is_heard_anew() {
        for (first, then) in [(100, u64::MAX), (u64::MAX, 100)] {
            let (mut session, _, now) = subscribed();
            session.hear(&slot(first), now).expect("a slot");
            let heard = session.hear(&slot(then), now);
            assert!(matches!(heard, Err(Gap::Unreadable(why)) if why.contains(&then.to_string())));
        }
    }

    #[test]
    fn a_refusal_is_a_gap() {
        let (mut session, _) = session();
        let refusal = r#"{"error":{"code":-32602,"message":"too many"},"id":2}"#;
        let heard = session.hear(refusal, Instant::now());
        assert!(matches!(heard, Err(Gap::Refused(why)) if why.contains("too many")));
    }
}
