//! Which sign of life a node gives, and when its absence makes a socket blind.

use std::{
    fmt,
    time::{Duration, Instant},
};

/// What tells that account notices still flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canary {
    /// The Clock sysvar's account is notified in every slot: as good as it gets.
    Clock,
    /// The node never notifies the Clock account, so only its slots tell that it lives. Account notices may
    /// die unseen: whoever relies on this node reads the accounts from time to time as well.
    Slots,
}

impl fmt::Display for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clock => "clock account",
            Self::Slots => "slot notices",
        })
    }
}

/// Slots in which a node that notifies the Clock account at all has done so.
const PROBE_SLOTS: u32 = 8;
/// Slots that may go by without a Clock notice.
const MISSED_SLOTS: u32 = 3;

/// Nothing was heard for too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blind;

/// Follows the beats of one connection.
pub(super) struct Pulse {
    canary: Option<Canary>,
    slots_since_clock: u32,
    last_beat: Instant,
    silence: Duration,
}

impl Pulse {
    pub(super) fn new(now: Instant, silence: Duration) -> Self {
        Self { canary: None, slots_since_clock: 0, last_beat: now, silence }
    }

    /// `None` until the node has shown what it does.
    pub(super) fn canary(&self) -> Option<Canary> {
        self.canary
    }

    /// When the socket is blind if nothing beats before.
    pub(super) fn deadline(&self) -> Instant {
        self.last_beat + self.silence
    }

    pub(super) fn clock(&mut self, now: Instant) {
        self.canary = Some(Canary::Clock);
        self.slots_since_clock = 0;
        self.last_beat = now;
    }

    /// Notices are counted, not slot numbers: skipped slots never had a Clock notice.
    pub(super) fn slot(&mut self, now: Instant) -> Result<(), Blind> {
        self.slots_since_clock = self.slots_since_clock.saturating_add(1);
        match self.canary {
            Some(Canary::Clock) if self.slots_since_clock > MISSED_SLOTS => return Err(Blind),
            Some(Canary::Clock) => return Ok(()),
            None if self.slots_since_clock >= PROBE_SLOTS => self.canary = Some(Canary::Slots),
            None | Some(Canary::Slots) => {}
        }
        self.last_beat = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SILENCE: Duration = Duration::from_secs(2);

    #[test]
    fn slots_flowing_without_clock_notices_are_blindness() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, SILENCE);
        pulse.clock(start);
        assert_eq!(pulse.canary(), Some(Canary::Clock));
        let later = start + Duration::from_secs(1);
        for _ in 0..MISSED_SLOTS {
            assert_eq!(pulse.slot(later), Ok(()));
        }
        assert_eq!(pulse.deadline(), start + SILENCE, "slots are no beat here");
        assert_eq!(pulse.slot(later), Err(Blind));
    }

    #[test]
    fn clock_notices_keep_it_alive() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, SILENCE);
        for second in 0..100 {
            let now = start + Duration::from_secs(second);
            pulse.clock(now);
            assert_eq!(pulse.slot(now), Ok(()));
            assert_eq!(pulse.deadline(), now + SILENCE);
        }
    }

    #[test]
    fn a_node_without_clock_notices_is_judged_by_its_slots() {
        let start = Instant::now();
        let mut pulse = Pulse::new(start, SILENCE);
        for _ in 1..PROBE_SLOTS {
            assert_eq!(pulse.slot(start), Ok(()));
            assert_eq!(pulse.canary(), None);
        }
        let later = start + Duration::from_secs(1);
        assert_eq!(pulse.slot(later), Ok(()));
        assert_eq!(pulse.canary(), Some(Canary::Slots));
        assert_eq!(pulse.deadline(), later + SILENCE);
    }
}
