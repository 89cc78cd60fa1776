//! What a run found, as figures for machines and as facts for the page that people read.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use crate::{
    honest::Attempt,
    scenario::{ChainKind, Path},
    timeline::Timeline,
};

/// The figures of one path, as `--json` prints them. Amounts are in the mint's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// `surfnet` or `validator`.
    pub chain: ChainKind,
    /// Decimals of the attacked mint.
    pub decimals: u8,
    /// Measured length of a slot, in milliseconds.
    pub slot_ms: u64,
    /// Lowest slot of a malicious transaction.
    pub attack_slot: u64,
    /// Slot in which the limiter latched.
    pub latched_slot: Option<u64>,
    /// Slot of the keeper's first act.
    pub landed_slot: Option<u64>,
    /// Slot in which the market closed the operation under attack.
    pub closed_slot: Option<u64>,
    /// What the attacker got with the breaker.
    pub lost_with: u64,
    /// What he got without it.
    pub lost_without: u64,
    /// What the limiter lets leave at most, read from it before the attack; none for what it never sees.
    pub bound: Option<u64>,
    /// Operations of honest users that were refused.
    pub honest_refused: u64,
}

/// One path, with the breaker and without.
#[derive(Clone, Debug)]
pub struct Report {
    /// How the attacker came in.
    pub path: Path,
    /// The figures.
    pub figures: Figures,
    /// What the attacked vault held when the attack began.
    pub at_stake: u64,
    /// The same without the breaker.
    pub at_stake_without: u64,
    /// What happened when, with the breaker.
    pub timeline: Timeline,
    /// What honest users tried after the attack, and how it went.
    pub honest: Vec<Attempt>,
    /// Operations that honest users did, from the first deposit to the end.
    pub honest_done: u64,
    /// What of theirs was refused, by operation.
    pub refused_by_operation: BTreeMap<&'static str, u64>,
    /// Whether the latch still stood at the end.
    pub latch_stands: bool,
    /// In how many seconds the gate opens by itself for the operation that was misused.
    pub opens_in: Option<u64>,
    /// Malicious transactions that paid, and that did not, with the breaker.
    pub malicious: (u64, u64),
    /// What the journal holds.
    pub journal: Journal,
    /// How long it took.
    pub took: Duration,
}

/// The journal, once its chain of hashes has proven every entry that is in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Entries in segments.
    pub in_segments: u64,
    /// Entries that are in no segment: the protocol's creation comes before the first one.
    pub in_events_only: u64,
}

/// A promise of the breaker that a run did not keep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// More left than the limiter's bound.
    #[error("{lost} left the vault through a recorded path, the limiter's bound is {bound}")]
    AboveBound {
        /// What left.
        lost: u64,
        /// What may have.
        bound: u64,
    },
    /// Without a bound there is nothing to compare the loss with.
    #[error("the limiter gave no bound for a path that it records")]
    NoBound,
    /// The attack ended and nothing was latched any more.
    #[error("the latch did not stand after the attack")]
    NoLatch,
    /// Nobody closed the market.
    #[error("the market did not close; it has to by slot {by}")]
    NeverClosed {
        /// Last slot that would do.
        by: u64,
    },
    /// Somebody did, too late.
    #[error("the market closed in slot {closed}; it has to by slot {by}")]
    ClosedLate {
        /// Slot in which it closed.
        closed: u64,
        /// Last slot that would do.
        by: u64,
    },
    /// What has to stay open did not.
    #[error("honest users could not always {operation}: refused {times} times")]
    ExitShut {
        /// What they tried.
        operation: &'static str,
        /// How often it was refused.
        times: u64,
    },
    /// The comparison shows nothing.
    #[error("the same attack without the breaker took {without}, not more than the {with} with it")]
    NothingSaved {
        /// Loss with the breaker.
        with: u64,
        /// Loss without.
        without: u64,
    },
}

/// Slots within which the market has to close after a drain around the limiter.
pub const CLOSES_WITHIN: u64 = 2;

impl Report {
    /// The promises that this run did not keep: none, if all is well.
    pub fn broken(&self) -> Vec<Broken> {
        let Figures { attack_slot, closed_slot, lost_with, lost_without, bound, .. } = self.figures;
        let mut broken = Vec::new();
        match self.path {
            Path::Recorded => match bound {
                Some(bound) if lost_with > bound => {
                    broken.push(Broken::AboveBound { lost: lost_with, bound });
                }
                Some(_) => {}
                None => broken.push(Broken::NoBound),
            },
            Path::Undeclared => {
                let by = attack_slot + CLOSES_WITHIN;
                match closed_slot {
                    Some(closed) if closed > by => broken.push(Broken::ClosedLate { closed, by }),
                    Some(_) => {}
                    None => broken.push(Broken::NeverClosed { by }),
                }
            }
        }
        if !self.latch_stands {
            broken.push(Broken::NoLatch);
        }
        if lost_with >= lost_without {
            broken.push(Broken::NothingSaved { with: lost_with, without: lost_without });
        }
        // The count has what was tried afterwards, and what was tried all the way.
        for operation in
            self.honest.iter().filter(|attempt| attempt.must_work).map(|attempt| attempt.operation)
        {
            if let Some(&times) = self.refused_by_operation.get(operation) {
                broken.push(Broken::ExitShut { operation, times });
            }
        }
        broken
    }
}

/// An amount of a mint, readable: `98,512.25`.
#[derive(Clone, Copy, Debug)]
pub struct Amount {
    /// In the smallest unit.
    pub units: u64,
    /// Decimals of the mint.
    pub decimals: u8,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = 10u64.saturating_pow(self.decimals.into());
        let (whole, rest) = (self.units / one, self.units % one);
        let digits = whole.to_string();
        let mut text = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                text.push(',');
            }
            text.push(digit);
        }
        // Two places are enough to read; the figures have every unit.
        let cents = u128::from(rest) * 100 / u128::from(one);
        f.pad(&format!("{text}.{cents:02}"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::honest::{Attempt, Refused};

    fn attempt(operation: &'static str, must_work: bool, result: Result<(), Refused>) -> Attempt {
        Attempt { operation, must_work, result }
    }

    pub(crate) fn contained(path: Path) -> Report {
        Report {
            path,
            figures: Figures {
                chain: ChainKind::Surfnet,
                decimals: 6,
                slot_ms: 400,
                attack_slot: 100,
                latched_slot: Some(100),
                landed_slot: Some(101),
                closed_slot: Some(102),
                lost_with: 150,
                lost_without: 1_000,
                bound: (path == Path::Recorded).then_some(150),
                honest_refused: 1,
            },
            at_stake: 1_000,
            at_stake_without: 1_000,
            timeline: Timeline::default(),
            honest: vec![attempt("repay", true, Ok(())), attempt("withdraw", false, Err(Refused::NotPaid))],
            honest_done: 20,
            refused_by_operation: BTreeMap::from([("withdraw", 1)]),
            latch_stands: true,
            opens_in: Some(1_790),
            malicious: (2, 9),
            journal: Journal { in_segments: 12, in_events_only: 1 },
            took: Duration::from_secs(20),
        }
    }

    #[test]
    fn a_contained_attack_keeps_every_promise() {
        assert_eq!(contained(Path::Recorded).broken(), []);
        assert_eq!(contained(Path::Undeclared).broken(), []);
    }

    #[test]
    fn a_loss_above_the_bound_is_told() {
        let mut report = contained(Path::Recorded);
        report.figures.lost_with = 151;
        assert_eq!(report.broken(), [Broken::AboveBound { lost: 151, bound: 150 }]);
        report.figures.bound = None;
        assert_eq!(report.broken(), [Broken::NoBound]);
    }

    #[test]
    fn a_market_that_closes_late_or_never_is_told() {
        let mut report = contained(Path::Undeclared);
        report.figures.closed_slot = Some(103);
        assert_eq!(report.broken(), [Broken::ClosedLate { closed: 103, by: 102 }]);
        report.figures.closed_slot = None;
        assert_eq!(report.broken(), [Broken::NeverClosed { by: 102 }]);
    }

    #[test]
    fn a_latch_that_fell_a_shut_exit_and_a_useless_breaker_are_told() {
        let mut report = contained(Path::Recorded);
        report.latch_stands = false;
        report.figures.lost_without = 150;
        report.refused_by_operation.insert("repay", 2);
        let broken = report.broken();
        assert_eq!(broken.len(), 3);
        assert!(broken[2].to_string().contains("repay"), "{}", broken[2]);
    }

    #[test]
    fn the_json_has_the_promised_keys_in_their_order() {
        let json = serde_json::to_string(&contained(Path::Undeclared).figures).expect("plain figures");
        assert_eq!(
            json,
            r#"{"chain":"surfnet","decimals":6,"slot_ms":400,"attack_slot":100,"latched_slot":100,"#
                .to_owned()
                + r#""landed_slot":101,"closed_slot":102,"lost_with":150,"lost_without":1000,"bound":null,"#
                + r#""honest_refused":1}"#
        );
    }

    #[test]
    fn amounts_are_readable() {
        let text = |units, decimals| Amount { units, decimals }.to_string();
        assert_eq!(text(1_000_000_000_000, 6), "1,000,000.00");
        assert_eq!(text(98_512_259_999, 6), "98,512.25");
        assert_eq!(text(7, 0), "7.00");
        assert_eq!(text(u64::MAX, 18), "18.44");
    }
}
