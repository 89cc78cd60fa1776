//! How far ahead a slot is believed.
//!
//! A slot that lies in the far future makes every latch look expired and every later state look old. So nobody's word
//! on the slot counts alone: it may run ahead of what others last said, by no more than [`FARTHEST`].

use std::{collections::HashMap, time::Instant};

/// Slots by which one teller may be ahead of all others: over an hour at 400 ms. No living node is that far behind
/// another one, and a keeper that slept longer has others agree again within one full read.
pub(crate) const FARTHEST: u64 = 10_000;
/// The shortest slots there are, in milliseconds: so fast the chain may go on while somebody is silent.
const SHORTEST_MS: u128 = 200;

/// Who tells: a socket by its index; none for a full read.
pub(crate) type Teller = Option<usize>;

/// What each teller last said the slot is.
pub(crate) struct Horizon {
    words: HashMap<Teller, (u64, Instant)>,
}

impl Horizon {
    /// Begins with a slot that a full read told.
    pub(crate) fn new(slot: u64, now: Instant) -> Self {
        Self { words: HashMap::from([(None, (slot, now))]) }
    }

    /// Takes a teller's word and says whether it is believed.
    pub(crate) fn hear(&mut self, teller: Teller, slot: u64, now: Instant) -> bool {
        let believed = self.believes(teller, slot, now);
        self.words.insert(teller, (slot, now));
        believed
    }

    /// Whether this slot of this teller is within what others said. A first and only one is held to its own word.
    pub(crate) fn believes(&self, teller: Teller, slot: u64, now: Instant) -> bool {
        slot <= self.agreed(teller, now).saturating_add(FARTHEST)
    }

    /// The furthest that others can be by now.
    pub(crate) fn agreed(&self, teller: Teller, now: Instant) -> u64 {
        let others = self.words.iter().filter(|(who, _)| **who != teller).map(|(_, word)| word);
        let own = || self.words.get(&teller);
        let reached = |(slot, at): &(u64, Instant)| {
            let since = now.saturating_duration_since(*at).as_millis() / SHORTEST_MS;
            slot.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
        };
        others.map(reached).max().or_else(|| own().map(reached)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RPC: Teller = None;
    const ONE: Teller = Some(0);
    const OTHER: Teller = Some(1);

    #[test]
    fn who_is_alone_in_the_far_future_is_not_believed_however_he_gets_there() {
        let now = Instant::now();
        let mut horizon = Horizon::new(100, now);
        assert!(horizon.hear(ONE, 101, now));
        assert!(horizon.hear(OTHER, 100 + FARTHEST, now), "as far as it may be");
        for slot in [102 + FARTHEST, 102 + 2 * FARTHEST, u64::MAX] {
            assert!(!horizon.hear(OTHER, slot, now), "{slot}");
        }
        assert!(horizon.hear(ONE, 102, now), "the others still are");
        assert!(horizon.hear(RPC, 103, now));
        assert!(!horizon.hear(OTHER, u64::MAX, now));
    }

    #[test]
    fn a_full_read_is_held_to_its_own_word_until_somebody_else_speaks() {
        let now = Instant::now();
        let mut horizon = Horizon::new(100, now);
        assert!(horizon.hear(RPC, 100 + FARTHEST, now));
        assert!(!horizon.hear(RPC, 101 + 2 * FARTHEST, now));
    }

    #[test]
    fn after_a_long_sleep_two_that_agree_are_believed() {
        let now = Instant::now();
        let mut horizon = Horizon::new(100, now);
        assert!(horizon.hear(ONE, 101, now));
        assert!(!horizon.hear(RPC, 50_000, now));
        assert!(horizon.hear(ONE, 50_001, now));
        assert!(horizon.hear(RPC, 50_002, now));
    }

    #[test]
    fn the_chain_goes_on_while_others_are_silent() {
        let start = Instant::now();
        let mut horizon = Horizon::new(100, start);
        let later = start + Duration::from_secs(10_000);
        assert!(horizon.hear(ONE, 100 + 50_000, later));
        assert!(!horizon.hear(ONE, 101 + 50_000 + FARTHEST, later));
    }
}
