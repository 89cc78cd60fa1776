//! Money that moves to a safe and back: no flow of anybody's, and nothing that is missing.

use super::{Limiter, Outcome, Trip, VaultState};
use crate::{
    error::{BreakerError, Checked},
    time::Instant,
    verdict::Verdict,
};

impl Limiter {
    /// So much was answered Hold: in this slot it may go to the safe.
    pub(super) fn answer_hold(&mut self, amount: u64, now: Instant) {
        if self.to_hold_slot != now.slot {
            (self.to_hold, self.to_hold_slot) = (0, now.slot);
        }
        self.to_hold = self.to_hold.saturating_add(amount);
    }

    /// A withdrawal that was answered Hold in this slot goes to the safe, once. It is not judged again: what its breach
    /// latched has closed the operation by now, and whatever was answered Deny has nothing to show here.
    ///
    /// # Errors
    /// [`BreakerError::ZeroFlow`], [`BreakerError::NothingToHold`].
    pub fn take_answer(&mut self, amount: u64, now: Instant) -> Checked<()> {
        if amount == 0 {
            return Err(BreakerError::ZeroFlow);
        }
        let answered = if self.to_hold_slot == now.slot { self.to_hold } else { 0 };
        self.to_hold = answered.checked_sub(amount).ok_or(BreakerError::NothingToHold)?;
        Ok(())
    }

    /// So much left for the safe. It is measured first, as at any touch: what somebody took before is not hidden by it.
    /// `vault` is as it was before.
    ///
    /// # Errors
    /// The overflow error of the rule concerned.
    pub fn moved_out(&mut self, sent: u64, vault: &VaultState, now: Instant) -> Checked<Option<Trip>> {
        let balance = self.balance(vault);
        let (trip, _) = self.settle(balance, 0, now)?;
        self.expected = self.expected.saturating_sub(sent);
        // it left: what it took of an inflow cannot leave once more
        self.elastic = self.elastic.saturating_sub(sent).min(self.expected);
        // it was measured: no more is expected than is there
        self.followed = self.expected;
        self.assert_invariant()?;
        Ok(self.in_shadow_or(Outcome { verdict: Verdict::Allow, trip }, now).trip)
    }

    /// So much came back from the safe. It earns no credit: it left by no flow. `vault` is as it was before.
    ///
    /// # Errors
    /// [`BreakerError::BalanceOverflow`], and the overflow error of the rule concerned.
    pub fn moved_in(&mut self, received: u64, vault: &VaultState, now: Instant) -> Checked<Option<Trip>> {
        let balance = self.balance(vault);
        let (trip, _) = self.settle(balance, 0, now)?;
        self.expected = self.expected.checked_add(received).ok_or(BreakerError::BalanceOverflow)?;
        self.followed = self.expected;
        self.assert_invariant()?;
        Ok(self.in_shadow_or(Outcome { verdict: Verdict::Allow, trip }, now).trip)
    }
}
