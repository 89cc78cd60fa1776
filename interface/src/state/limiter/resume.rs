//! Coming back early: what a limiter must measure, then and there, for its latch to be cleared.

use super::{Limiter, VaultState, settings};
use crate::{
    constants::BASIS_POINTS,
    error::{BreakerError, Checked},
    math::mul_div,
    severity::Severity,
    state::resume::check_less,
    time::Instant,
};

impl Limiter {
    /// Ends its own latch of this severity, where it measures less. What nobody has poked yet is poked first, and what the
    /// journal was not told of.
    ///
    /// # Errors
    /// [`BreakerError::ConditionHolds`], [`BreakerError::PokeFirst`] and the overflow error of the rule concerned.
    pub fn resume(&mut self, severity: Severity, vault: &VaultState, now: Instant) -> Checked<()> {
        if self.pending.is_rise() {
            return Err(BreakerError::PokeFirst);
        }
        let (settings, balance) = (self.settings, self.balance(vault));
        self.resettle(&settings, balance, now)?;
        if self.armed != 0 {
            let waited = Self { settings: self.delayed, ..*self };
            check_less(waited.measure(vault, balance)?, severity)?;
        }
        self.observed_at = Instant::NEVER;
        if let Some(held) = severity.index().and_then(|i| self.held.get_mut(i)) {
            *held = Instant::NEVER;
        }
        self.assert_invariant()
    }

    /// What its memory stands for, without any flow: what left without a record, what of a main buffer is used, what left
    /// in the gross window. A refused flow is not in it: it did not leave.
    fn measure(&self, vault: &VaultState, balance: u64) -> Checked<Severity> {
        let (soft, hard) = self.undeclared_thresholds()?;
        if !self.is_intact(vault) || self.undeclared >= hard {
            return Ok(settings::severity(self.settings.hard_severity));
        }
        let capacities = self.capacities(balance)?;
        let mut is_soft = self.undeclared >= soft;
        for (net, capacity) in self.net.iter().zip(capacities.main) {
            let share = mul_div(capacity, self.settings.soft_bps.into(), BASIS_POINTS)
                .ok_or(BreakerError::CapacityOverflow)?;
            is_soft |= net.used > 0 && net.used >= share;
        }
        Ok(if is_soft {
            self.soft_severity()
        } else if self.gross_total() > capacities.gross {
            Severity::Minor
        } else {
            Severity::Normal
        })
    }
}
