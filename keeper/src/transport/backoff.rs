//! How long to wait before the next attempt.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(10);

/// The wait before attempt `attempt` (from 0): 50 ms, doubled each time up to 10 s, of which `random` decides
/// the upper half, so that clients who lost a server together do not all come back together.
pub fn delay(attempt: u32, random: u64) -> Duration {
    let full = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST);
    let half = full / 2;
    // Half of ten seconds in nanoseconds fits 64 bits many times over.
    let range = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
    half + Duration::from_nanos(random % range.saturating_add(1))
}

/// A number that differs between calls and processes: all that spreading attempts asks for.
pub fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_longest() {
        let longest: Vec<_> = (0..12).map(|n| delay(n, u64::MAX - 1).max(delay(n, 0))).collect();
        assert!(longest.windows(2).all(|pair| pair[0] <= pair[1].max(LONGEST / 2)));
        assert!(delay(0, 0) >= FIRST / 2);
        assert_eq!(delay(20, 0), LONGEST / 2);
        assert_eq!(delay(u32::MAX, 0), LONGEST / 2);
    }

    #[test]
    fn jitter_stays_in_the_upper_half() {
        for attempt in 0..40 {
            let full = FIRST.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST);
            for random in [0, 1, 12_345_678_901, u64::MAX] {
                let delay = delay(attempt, random);
                assert!(delay >= full / 2 && delay <= full, "{attempt}: {delay:?}");
            }
        }
    }

    #[test]
    fn two_clients_come_back_apart() {
        assert_ne!(random(), random());
    }
}
