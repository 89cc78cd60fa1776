//! Coming back early: what a rule must measure, then and there, for a latch of it to be cleared. A rule in shadow latches
//! nothing and stands for nothing.
//!
//! A first look at what is over is given up: a new halt takes two looks of its own.
//!
//! It is measured by the settings that waited: one that a stolen key has tightened until it trips must not hold off who
//! comes back. And it is measured: where it cannot be, it is taken to be as bad as it was.

use super::{
    band::{PriceBand, Prices},
    invariant::{Invariant, Measurement, Shown},
    limiter::{Rule, Trip},
    protocol::Protocol,
};
use crate::{
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// Refuses while as much is measured as was latched.
pub(super) fn check_less(measured: Severity, latched: Severity) -> Checked<()> {
    if measured < latched { Ok(()) } else { Err(BreakerError::ConditionHolds) }
}

impl PriceBand {
    /// Checks that its prices measure less than this severity now, against a reference that knows the market.
    ///
    /// # Errors
    /// [`BreakerError::ConditionHolds`].
    pub fn resume(&mut self, severity: Severity, prices: &Prices, now: Instant) -> Checked<()> {
        if self.standing.armed != 0 {
            let waited = Self { settings: self.delayed, ..*self };
            if !waited.sees(prices, now) {
                return Err(BreakerError::ConditionHolds);
            }
            check_less(severity_of(waited.measure(prices, now)), severity)?;
        }
        self.standing.observed_at = Instant::NEVER;
        Ok(())
    }
}

impl Invariant {
    /// Checks that its accounts measure less than this severity now, and remembers it.
    ///
    /// # Errors
    /// [`BreakerError::ConditionHolds`], [`BreakerError::WrongTermAccount`].
    pub fn resume(&mut self, severity: Severity, shown: &Measurement, now: Instant) -> Checked<()> {
        if self.standing.armed != 0 {
            let measured = self.measure_by(&self.delayed_ratio_bps, shown)?;
            if measured.is_some_and(|trip| trip.rule == Rule::InvariantUnreadable) {
                return Err(BreakerError::ConditionHolds);
            }
            check_less(severity_of(measured), severity)?;
        }
        self.standing.observed_at = Instant::NEVER;
        let measured = self.measure(shown)?;
        self.remember(measured, now);
        Ok(())
    }
}

fn severity_of(measured: Option<Trip>) -> Severity {
    measured.map_or(Severity::Normal, |trip| trip.severity)
}

impl Protocol {
    /// Checks that the program is what is pinned, or what is approved to come. Where nothing is pinned any longer, nothing
    /// is watched.
    ///
    /// # Errors
    /// [`BreakerError::ConditionHolds`], [`BreakerError::NotProgramData`].
    pub fn resume_program(&mut self, shown: &Shown, now: Instant) -> Checked<()> {
        if self.pin.is_set() && !self.pin.is_as_agreed(shown, now)? {
            return Err(BreakerError::ConditionHolds);
        }
        self.pin.standing.observed_at = Instant::NEVER;
        Ok(())
    }
}
