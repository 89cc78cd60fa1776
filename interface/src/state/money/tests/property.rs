//! Nothing lost, nothing minted. Users honest and hostile, guardians honest, mistaken or a hostile minority, a thief with the
//! authority's key and a protocol of his own call anything in any order; transfers fail, transactions are taken back
//! half-way, the clock stands still or goes back. A ledger that knows none of the rules keeps the books beside them: every
//! unit has one owner, nothing goes where it was not registered to go, what is owed is there, and is paid once.

use bytemuck::Zeroable;
use solana_program::pubkey::Pubkey;

use super::super::*;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    state::{
        ClaimsOrder, Flow, GuardianAct, HeldRange, LatchBoard, LatchId, Limiter, LimiterSettings, Market,
        MarketSettings, Protocol, ProtocolSettings, ReleaseOrder, Rule, Source, Trip, VaultState,
    },
    time::Instant,
    verdict::{Direction, Verdict},
};

mod bank;
mod cast;
mod guardians;
mod ledger;
mod plans;
mod town;
mod votes;

use bank::*;
use ledger::Ledger;
use town::*;

const SEQUENCES: u64 = 10_000;
const CALLS: usize = 60;

/// A source of numbers; the same seed gives the same ones.
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.word() % most.max(1)
    }

    fn one_in(&mut self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// What came about in all sequences together: a promise that nobody asks for is kept.
const KINDS: [&str; 17] = [
    "deposit",
    "withdrawal",
    "denial",
    "hold",
    "hold of an answer",
    "migration",
    "migration by anyone",
    "held paid",
    "held paid when due",
    "held refused",
    "release step",
    "release step alone",
    "release elsewhere",
    "claims",
    "claims ended",
    "claim",
    "taken back",
];

#[test]
fn nothing_is_lost_and_nothing_minted() {
    let town = Town::new();
    let mut came_about = [0u64; KINDS.len()];
    for seed in 0..SEQUENCES {
        let sequence = std::panic::AssertUnwindSafe(|| {
            let mut stage = cast::Stage::new(&town, seed);
            for _ in 0..CALLS {
                stage.call();
            }
            stage.end();
            stage.came_about
        });
        match std::panic::catch_unwind(sequence) {
            Ok(these) => came_about.iter_mut().zip(these).for_each(|(sum, these)| *sum += these),
            Err(panic) => {
                eprintln!("sequence {seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    for (kind, times) in KINDS.iter().zip(came_about) {
        assert!(times >= 100, "{kind}: {times} of {came_about:?}");
    }
}
