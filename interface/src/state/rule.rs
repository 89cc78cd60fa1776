//! What every rule keeps beside its measurement: whether it is armed, since when it may call Critical, the first of the
//! two observations that a Critical takes, and what it measured in shadow.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use bytemuck::{Pod, Zeroable};

use super::limiter::Trip;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// A rule's standing. A band, an invariant and a program's pin carry one each.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// 1 once armed; before that the rule measures and counts, and latches nothing.
    pub armed: u64,
    /// When it was armed: for one loosening delay from here it acts at most as Major. No tightening moves it: what
    /// decides a Critical waits both ways.
    pub since: Instant,
    /// First observation of a Critical condition, waiting for the second.
    pub observed_at: Instant,
}

/// What a rule measured in shadow. A band and an invariant carry one each.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shadow {
    /// Trips so far.
    pub trips: u32,
    /// Those of them that the journal was not told of.
    pub untold: u32,
    /// When it was last told.
    pub told_at: Instant,
}

impl Shadow {
    /// Counts a trip.
    pub fn count(&mut self) {
        self.trips = self.trips.saturating_add(1);
        self.untold = self.untold.saturating_add(1);
    }

    /// Counts what was measured, and gives it to be told with the number of trips since the last that was.
    ///
    /// # Errors
    /// [`BreakerError::NothingToLatch`] where nothing tripped, or the journal was told within the hour.
    pub fn tell(&mut self, measured: Option<Trip>, now: Instant) -> Checked<(Trip, u32)> {
        let is_due = !self.told_at.is_set() || self.told_at.plus(SHADOW_ENTRY_EVERY).reached(now);
        let trip = measured.filter(|_| is_due).ok_or(BreakerError::NothingToLatch)?;
        self.count();
        self.told_at = now;
        Ok((trip, core::mem::take(&mut self.untold)))
    }
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
    use crate::state::Rule;

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
    fn a_rule_that_goes_to_shadow_gives_up_its_look_and_is_new_when_it_comes_back() {
        let (mut standing, now) = settled();
        let at = |slots, seconds| Instant::new(now.slot + slots, now.unix + seconds);
        assert_eq!(standing.confirm(Severity::Critical, DELAY, now), Severity::Major);
        standing.disarm().expect("was armed");
        assert_eq!((standing.armed, standing.observed_at), (0, Instant::NEVER));
        assert_eq!(standing.disarm(), Err(BreakerError::NotArmed));
        // whatever was looked at in shadow was no look
        standing.observed_at = now;
        standing.arm(at(1, 1)).expect("was in shadow");
        let new = Standing { armed: 1, since: at(1, 1), observed_at: Instant::NEVER };
        assert_eq!(standing, new);
    }

    #[test]
    fn a_trip_in_shadow_is_told_once_an_hour_with_those_that_were_not() {
        let trip = Trip { rule: Rule::Invariant, severity: Severity::Minor, value: 7, threshold: 5 };
        let mut shadow = Shadow::default();
        let nothing = Err(BreakerError::NothingToLatch);
        assert_eq!(shadow.tell(None, ARMED), nothing);
        assert_eq!(shadow, Shadow::default(), "what did not trip is not counted");
        // the first is told at once, also on a chain that is younger than an hour
        let early = Instant::new(1, 1);
        assert_eq!(shadow.tell(Some(trip), early), Ok((trip, 1)));
        shadow.told_at = ARMED;
        shadow.count();
        shadow.count();
        let before = shadow;
        assert_eq!(shadow.tell(Some(trip), ARMED.plus(SHADOW_ENTRY_EVERY - 1)), nothing);
        assert_eq!(shadow.tell(None, ARMED.plus(SHADOW_ENTRY_EVERY)), nothing);
        assert_eq!(shadow, before, "a look that fails leaves nothing behind");
        assert_eq!(shadow.tell(Some(trip), ARMED.plus(SHADOW_ENTRY_EVERY)), Ok((trip, 3)));
        let told = Shadow { trips: 4, untold: 0, told_at: ARMED.plus(SHADOW_ENTRY_EVERY) };
        assert_eq!(shadow, told);
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
