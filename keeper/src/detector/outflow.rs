//! Net outflow against the balance before, in a window of slots and one of time.
//!
//! Formula: `left = base - balance now`, and it speaks when `left x 10,000 >= bps x base` and `left` is above the
//! limiter's floor. The base is the balance at the window's start, or a minute ago where that was less: what
//! came a moment ago and leaves again is nobody's loss. A rate uses slots and seconds, never the number of notices.

use std::collections::VecDeque;

use firebreak_interface::{Instant, constants::BASIS_POINTS};

use super::Evidence;
use crate::config::OutflowLimits;

/// The short window, in slots.
const SLOTS: u64 = 3;
/// The long window, in seconds.
const SECONDS: u64 = 60;
/// States that are remembered at most: one for each of the slots that a minute has at their shortest.
const ROOM: usize = 300;
/// Slots in which the same vault is not cried about again.
const QUIET: u64 = 25;

/// The recent balances of a vault.
#[derive(Default)]
pub(super) struct Outflow {
    /// In the order of time, one a slot: the last.
    balances: VecDeque<(Instant, u64)>,
    told: Option<u64>,
}

impl Outflow {
    /// Notes a balance and judges both windows.
    pub(super) fn note(
        &mut self,
        now: Instant,
        balance: u64,
        floor: u64,
        limits: &OutflowLimits,
    ) -> Option<Evidence> {
        if self.balances.back().is_some_and(|(at, _)| at.slot >= now.slot) {
            self.balances.pop_back();
        }
        self.balances.push_back((now, balance));
        self.forget(now);
        if self.told.is_some_and(|told| now.slot < told.saturating_add(QUIET)) {
            return None;
        }
        let long = self.start(|at| at.plus(SECONDS).reached(now));
        let short = self.start(|at| at.slot.saturating_add(SLOTS) <= now.slot).min(long);
        let found = exceeds(short, balance, floor, limits.three_slots_bps, "outflow_3_slots")
            .or_else(|| exceeds(long, balance, floor, limits.minute_bps, "outflow_60s"));
        if found.is_some() {
            self.told = Some(now.slot);
        }
        found
    }

    /// The last balance at or before the window's start; the oldest one where all are younger.
    fn start(&self, is_before: impl Fn(&Instant) -> bool) -> u64 {
        let before = self.balances.iter().rev().find(|(at, _)| is_before(at));
        before.or(self.balances.front()).map_or(0, |(_, balance)| *balance)
    }

    /// Keeps one state from before the long window, so that its start is known.
    fn forget(&mut self, now: Instant) {
        while self.balances.len() > ROOM
            || self.balances.get(1).is_some_and(|(at, _)| at.plus(SECONDS).reached(now))
        {
            self.balances.pop_front();
        }
    }
}

fn exceeds(base: u64, balance: u64, floor: u64, bps: u64, window: &'static str) -> Option<Evidence> {
    let left = base.saturating_sub(balance);
    let wide = |a: u64, b: u64| u128::from(a) * u128::from(b);
    let is_much = left > floor && wide(left, BASIS_POINTS) >= wide(bps, base);
    // at most the balance itself: a share of it fits
    let threshold = u64::try_from(wide(bps, base) / u128::from(BASIS_POINTS)).unwrap_or(u64::MAX);
    is_much.then_some(Evidence::Outflow { left, threshold, window })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: OutflowLimits = OutflowLimits { three_slots_bps: 1_000, minute_bps: 2_000 };

    /// Balances by slot, at 400 ms each.
    fn run(balances: &[(u64, u64)]) -> Vec<(u64, Evidence)> {
        let mut outflow = Outflow::default();
        let note = |(slot, balance): &(u64, u64)| {
            let now = Instant::new(*slot, i64::try_from(slot * 2 / 5).expect("early"));
            Some((*slot, outflow.note(now, *balance, 10, &LIMITS)?))
        };
        balances.iter().filter_map(note).collect()
    }

    fn outflow(left: u64, threshold: u64, window: &'static str) -> Evidence {
        Evidence::Outflow { left, threshold, window }
    }

    #[test]
    fn a_tenth_within_three_slots_speaks_and_a_bit_less_does_not() {
        let found = run(&[(100, 1_000), (101, 950), (103, 900)]);
        assert_eq!(found, [(103, outflow(100, 100, "outflow_3_slots"))]);
        assert_eq!(run(&[(100, 1_000), (101, 950), (103, 901)]), []);
    }

    #[test]
    fn a_fifth_within_a_minute_speaks() {
        let slow: Vec<_> = (0..=10).map(|step| (100 + step * 10, 1_000 - step * 20)).collect();
        assert_eq!(run(&slow), [(200, outflow(200, 200, "outflow_60s"))]);
    }

    #[test]
    fn what_left_long_ago_is_forgotten() {
        let slower: Vec<_> = (0..=50).map(|step| (100 + step * 60, 1_000 - step * 15)).collect();
        assert_eq!(run(&slower), []);
    }

    #[test]
    fn money_that_comes_back_is_no_outflow() {
        assert_eq!(run(&[(100, 1_000), (101, 1_500), (103, 1_000), (104, 950)]), []);
    }

    #[test]
    fn small_change_is_below_the_floor() {
        assert_eq!(run(&[(100, 20), (101, 10)]), []);
        assert_eq!(run(&[(100, 20), (101, 9)]).len(), 1);
    }

    #[test]
    fn many_notices_of_one_slot_are_one_state() {
        let burst: Vec<_> = (0..1_000).map(|n| (100, 1_000 - n % 50)).chain([(101, 995)]).collect();
        assert_eq!(run(&burst), []);
    }

    #[test]
    fn it_does_not_cry_in_every_slot() {
        let drain: Vec<_> = (0..20).map(|n| (100 + n, 1_000 - n * 50)).collect();
        assert_eq!(run(&drain).len(), 1);
    }

    #[test]
    fn memory_is_bounded() {
        let mut outflow = Outflow::default();
        for slot in 0..10_000 {
            outflow.note(Instant::new(slot, 0), 5, 0, &LIMITS);
        }
        assert!(outflow.balances.len() <= ROOM);
    }

    #[test]
    fn the_largest_balances_do_not_overflow() {
        let found = run(&[(100, u64::MAX), (101, 0)]);
        assert!(matches!(found[..], [(101, Evidence::Outflow { left: u64::MAX, .. })]));
    }
}
