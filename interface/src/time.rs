//! Two clocks, read together. A duration of `d` seconds has passed when unix time moved by `d` *and* the slots
//! that need at least `d` went by (at most one slot every 600 ms counts), so that neither a clock pulled forward
//! nor shorter slots make time. A clock that goes back counts as no time.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use bytemuck::{Pod, Zeroable};
#[cfg(not(feature = "anchor"))]
use solana_program::clock::Clock;

/// Slots that must go by for every [`SLOT_PERIOD_SECONDS`]: 5 slots in 3 s, one each 600 ms.
const SLOTS_PER_PERIOD: u64 = 5;
/// See [`SLOTS_PER_PERIOD`].
const SLOT_PERIOD_SECONDS: u64 = 3;

/// Slots of a second at most, 200 ms each: what took more slots took longer.
pub const SLOTS_PER_SECOND_MAX: u64 = 5;

/// A moment on both clocks. All zero means "never".
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Instant {
    /// Slot.
    pub slot: u64,
    /// Unix time in seconds.
    pub unix: i64,
}

impl From<&Clock> for Instant {
    fn from(clock: &Clock) -> Self {
        Self { slot: clock.slot, unix: clock.unix_timestamp }
    }
}

impl Instant {
    /// No moment at all.
    pub const NEVER: Self = Self { slot: 0, unix: 0 };

    /// A moment from its slot and unix time.
    pub const fn new(slot: u64, unix: i64) -> Self {
        Self { slot, unix }
    }

    /// Whether this is a moment, not [`Instant::NEVER`].
    pub const fn is_set(&self) -> bool {
        self.slot != 0 || self.unix != 0
    }

    /// The moment `seconds` later: reached when *both* clocks are there. Slots round up, against whoever waits.
    pub const fn plus(&self, seconds: u64) -> Self {
        let slots = seconds.saturating_mul(SLOTS_PER_PERIOD).div_ceil(SLOT_PERIOD_SECONDS);
        let unix = if seconds > i64::MAX as u64 { i64::MAX } else { seconds as i64 };
        Self { slot: self.slot.saturating_add(slots), unix: self.unix.saturating_add(unix) }
    }

    /// Whether this moment has been reached on both clocks. `NEVER` has always been.
    pub const fn reached(&self, now: Instant) -> bool {
        now.unix >= self.unix && now.slot >= self.slot
    }

    /// Whether by either clock more than so many seconds went by since, at [`SLOTS_PER_SECOND_MAX`]: for what is not
    /// to be believed for longer, whichever clock stands still.
    pub const fn older_than(&self, seconds: u64, now: Instant) -> bool {
        now.unix.saturating_sub(self.unix) > seconds.cast_signed()
            || now.slot.saturating_sub(self.slot) > seconds.saturating_mul(SLOTS_PER_SECOND_MAX)
    }

    /// The later moment, clock by clock.
    pub fn max(self, other: Self) -> Self {
        Self { slot: self.slot.max(other.slot), unix: self.unix.max(other.unix) }
    }

    /// The earlier moment, clock by clock.
    pub fn min(self, other: Self) -> Self {
        Self { slot: self.slot.min(other.slot), unix: self.unix.min(other.unix) }
    }

    /// Whole seconds from here to `now` that both clocks agree on.
    pub const fn seconds_until(&self, now: Instant) -> u64 {
        let unix = if now.unix > self.unix { now.unix.abs_diff(self.unix) } else { 0 };
        let slots = now.slot.saturating_sub(self.slot);
        let by_slots = slots / SLOTS_PER_PERIOD * SLOT_PERIOD_SECONDS
            + slots % SLOTS_PER_PERIOD * SLOT_PERIOD_SECONDS / SLOTS_PER_PERIOD;
        if unix < by_slots { unix } else { by_slots }
    }

    /// Moves a running clock to `now` by the seconds both clocks agree on and gives them back.
    ///
    /// A clock that is read every slot would lose its fractions of a second if it jumped to `now` each time, so it
    /// moves only by what it credits. It keeps at most one slot and one second in hand: neither slots saved up over
    /// days may vouch for a unix clock that jumps later, nor seconds saved up in a halt for slots that come faster
    /// later. So between two readings it credits at most one second more than [`Instant::seconds_until`].
    pub fn advance(&mut self, now: Instant) -> u64 {
        let seconds = self.seconds_until(now);
        if seconds > 0 {
            *self = self.plus(seconds);
        }
        *self = self.max(Self { slot: now.slot.saturating_sub(1), unix: now.unix.saturating_sub(1) });
        seconds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_has_passed_only_when_both_clocks_say_so() {
        let start = Instant::new(1_000, 50_000);
        let end = start.plus(60); // 60 s, 100 slots
        assert_eq!(end, Instant::new(1_100, 50_060));
        assert!(!end.reached(Instant::new(1_100, 50_059)));
        assert!(!end.reached(Instant::new(1_099, 50_060)));
        assert!(end.reached(Instant::new(1_100, 50_060)));
    }

    #[test]
    fn a_clock_that_goes_back_counts_as_no_time() {
        let start = Instant::new(1_000, 50_000);
        assert_eq!(start.seconds_until(Instant::new(2_000, 49_000)), 0);
        assert_eq!(start.seconds_until(Instant::new(900, 51_000)), 0);
    }

    #[test]
    fn a_clock_read_every_slot_loses_no_time() {
        for slot_ms in [200u64, 300, 400, 500] {
            let mut clock = Instant::new(10_000, 1_000_000);
            let mut total = 0;
            for tick in 1..=10_000u64 {
                total +=
                    clock.advance(Instant::new(10_000 + tick, 1_000_000 + (tick * slot_ms / 1_000) as i64));
            }
            let real = 10_000 * slot_ms / 1_000;
            assert!(total <= real && total + 2 >= real, "{slot_ms} ms slots: {total} of {real} s");
        }
    }

    #[test]
    fn with_slots_of_600_ms_a_clock_read_every_slot_may_lose_a_sixth_and_one_read_rarely_nothing() {
        for (every, least) in [(1, 5_000), (100, 5_990)] {
            let mut clock = Instant::new(10_000, 1_000_000);
            let total: u64 = (1..=10_000 / every)
                .map(|read| read * every)
                .map(|tick| clock.advance(Instant::new(10_000 + tick, 1_000_000 + (tick * 3 / 5) as i64)))
                .sum();
            assert!((least..=6_000).contains(&total), "read every {every} slots: {total} of 6000 s");
        }
    }

    #[test]
    fn seconds_saved_up_in_a_halt_do_not_vouch_for_faster_slots() {
        let mut clock = Instant::new(1_000, 1_000_000);
        clock.advance(Instant::new(1_001, 1_000_000 + 8 * 3_600)); // the chain stood still for eight hours
        let credited = clock.advance(Instant::new(1_001 + 3_000, 1_000_000 + 8 * 3_600 + 600)); // then 200 ms slots
        assert!(credited <= 601, "{credited} s in ten minutes");
    }

    #[test]
    fn saved_up_slots_do_not_vouch_for_a_jump_of_the_unix_clock() {
        let mut clock = Instant::new(0, 0);
        for day_second in 1..=86_400u64 {
            clock.advance(Instant::new(day_second * 5 / 2, day_second as i64));
        }
        let credited = clock.advance(Instant::new(86_400 * 5 / 2 + 1, 86_400 + 3_600));
        assert!(credited <= 2, "{credited} s out of one slot");
    }

    proptest! {
        #[test]
        fn between_two_readings_at_most_one_second_more_than_both_clocks_agree_on_is_credited(
            steps in prop::collection::vec((0u64..50, 0i64..40), 1..60)
        ) {
            let mut now = Instant::new(1_000, 1_000_000);
            let mut clock = now;
            let mut readings = vec![(now, 0)];
            let mut total = 0;
            for (slots, seconds) in steps {
                now = Instant::new(now.slot + slots, now.unix + seconds);
                total += clock.advance(now);
                prop_assert!(clock.slot <= now.slot && clock.unix <= now.unix);
                readings.push((now, total));
            }
            for (i, (from, before)) in readings.iter().enumerate() {
                for (to, after) in &readings[i..] {
                    prop_assert!(after - before <= from.seconds_until(*to) + 1);
                }
            }
        }

        #[test]
        fn a_clock_that_jumps_to_and_fro_credits_no_more_than_its_slots(
            steps in prop::collection::vec((0u64..50, -20i64..40), 1..200)
        ) {
            let start = Instant::new(1_000, 1_000_000);
            let (mut clock, mut now, mut total) = (start, start, 0u64);
            for (slots, seconds) in steps {
                now = Instant::new(now.slot + slots, now.unix + seconds);
                total += clock.advance(now);
                prop_assert!(clock.slot <= now.slot);
            }
            prop_assert!(total <= (now.slot - start.slot) * 3 / 5);
            prop_assert!(total as i64 <= clock.unix - start.unix);
        }
    }
}
