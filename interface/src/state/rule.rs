//! What every rule keeps beside its measurement: whether it is armed, since when it may call Critical, and the first
//! of the two observations that a Critical takes.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use bytemuck::{Pod, Zeroable};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// A rule's standing. A band and an invariant carry one each.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// 1 once armed; before that the rule measures and counts, and latches nothing.
    pub armed: u32,
    /// Trips measured in shadow.
    pub shadow_trips: u32,
    /// When it was armed: for one loosening delay from here it acts at most as Major. No tightening moves it: what
    /// decides a Critical waits both ways.
    pub since: Instant,
    /// First observation of a Critical condition, waiting for the second.
    pub observed_at: Instant,
}

impl Standing {
    /// From shadow to force.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyArmed`].
    pub fn arm(&mut self, now: Instant) -> Checked<()> {
        if self.armed != 0 {
            return Err(BreakerError::AlreadyArmed);
        }
        (self.armed, self.since, self.observed_at) = (1, now, Instant::NEVER);
        Ok(())
    }

    /// From force to shadow.
    ///
    /// # Errors
    /// [`BreakerError::NotArmed`].
    pub fn disarm(&mut self) -> Checked<()> {
        if self.armed == 0 {
            return Err(BreakerError::NotArmed);
        }
        (self.armed, self.observed_at) = (0, Instant::NEVER);
        Ok(())
    }

    /// What a measured severity may latch now, by this observation. Critical takes two of them, in a later slot at least
    /// a second apart and at most an hour, and a rule that has been as it is for one loosening delay; short of
    /// that it is Major. A measurement below Critical begins anew.
    pub fn confirm(&mut self, measured: Severity, loosening_delay: u32, now: Instant) -> Severity {
        let is_settled = self.since.plus(loosening_delay.into()).reached(now);
        if measured < Severity::Critical || !is_settled {
            self.observed_at = Instant::NEVER;
            return measured.min(Severity::Major);
        }
        let first = self.observed_at;
        let is_stale = first.is_set() && first.plus(SECOND_OBSERVATION_WITHIN).reached(now);
        if !first.is_set() || is_stale {
            self.observed_at = now;
            return Severity::Major;
        }
        let seconds = now.unix.saturating_sub(first.unix);
        if now.slot > first.slot && seconds >= SECOND_OBSERVATION_SECONDS as i64 {
            Severity::Critical
        } else {
            Severity::Major
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: u32 = LOOSENING_DELAY_MIN;
    const ARMED: Instant = Instant::new(1_000, 1_800_000_000);

    fn settled() -> (Standing, Instant) {
        let mut standing = Standing::default();
        standing.arm(ARMED).expect("was in shadow");
        (standing, ARMED.plus(DELAY.into()))
    }

    #[test]
    fn critical_takes_a_second_look_in_a_later_slot_a_second_on() {
        let (mut standing, now) = settled();
        let at = |slots, seconds| Instant::new(now.slot + slots, now.unix + seconds);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, now), Severity::Major);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, at(0, 1)), Severity::Major);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, at(1, 0)), Severity::Major);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, at(1, 1)), Severity::Critical);
    }

    #[test]
    fn a_look_that_sees_less_begins_anew() {
        let (mut standing, now) = settled();
        let at = |slots, seconds| Instant::new(now.slot + slots, now.unix + seconds);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, now), Severity::Major);
        assert_eq!(standing.confirm(Severity::Minor, DELAY, at(2, 2)), Severity::Minor);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, at(4, 4)), Severity::Major);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, at(6, 6)), Severity::Critical);
    }

    #[test]
    fn what_an_earlier_incident_showed_says_nothing_of_this_one() {
        let (mut standing, now) = settled();
        assert_eq!(standing.confirm(Severity::Critical, DELAY, now), Severity::Major);
        let later = now.plus(SECOND_OBSERVATION_WITHIN);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, later), Severity::Major);
    }

    #[test]
    fn a_rule_that_is_new_acts_at_most_as_major() {
        let (mut standing, now) = settled();
        let early = Instant::new(now.slot - 10, now.unix - 10);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, early), Severity::Major);
        let soon = Instant::new(now.slot - 1, now.unix - 1);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, soon), Severity::Major);
        assert_eq!(standing.arm(now), Err(BreakerError::AlreadyArmed));
    }
}
