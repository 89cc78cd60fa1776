//! What became of a transaction, and what a scenario expects of it.

use std::{cell::RefCell, collections::BTreeSet};

use borsh::BorshDeserialize;
use firebreak_client::{Refusal, interface::state::JournalEntry};
use firebreak_interface::{BreakerError, GateError, ID, Verdict};
use litesvm::types::{TransactionMetadata, TransactionResult};
use solana_instruction::error::InstructionError;
use solana_transaction_error::TransactionError;

thread_local! {
    static REACHED: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
}

/// The breaker's errors that scenarios on this thread expected and met so far.
pub fn reached() -> BTreeSet<u32> {
    REACHED.with_borrow(Clone::clone)
}

/// First bytes of an event that Anchor emits by a call to itself.
const EVENT_CALL: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];

/// What became of a transaction.
#[must_use = "say whether it succeeds or what it fails with"]
#[derive(Debug)]
pub struct Outcome(pub TransactionResult);

/// An event of the breaker: an entry of the journal, as the world is told of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
pub struct Told {
    /// The protocol.
    pub protocol: [u8; 32],
    /// The entry.
    pub entry: JournalEntry,
    /// Head of the chain after it.
    pub head: [u8; 32],
    /// Whether a segment holds it too.
    pub in_segment: bool,
}

impl Outcome {
    /// What the breaker told the world, by its calls to itself: nothing where the transaction failed.
    pub fn events(&self) -> Vec<Told> {
        let calls = self.0.iter().flat_map(|meta| meta.inner_instructions.iter().flatten());
        calls
            .filter_map(|call| call.instruction.data.strip_prefix(&EVENT_CALL))
            .filter_map(|event| Told::try_from_slice(event.get(8..)?).ok())
            .collect()
    }

    /// The transaction's effects.
    ///
    /// # Panics
    /// When it failed, with its logs.
    #[track_caller]
    pub fn succeeds(self) -> Success {
        match self.0 {
            Ok(meta) => Success(meta),
            Err(failed) => {
                let refusal = Refusal::of(&failed.err).map(|(_, refusal)| refusal.to_string());
                panic!("{:?} {}\n{}", failed.err, refusal.unwrap_or_default(), failed.meta.pretty_logs())
            }
        }
    }

    /// The transaction failed with exactly this refusal.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn fails_with(self, expected: impl Into<Expected>) {
        let Expected(expected) = expected.into();
        match self.0 {
            Ok(_) => panic!("it succeeded; {expected:?} was expected"),
            Err(failed) => {
                let found = Refusal::of(&failed.err).map(|(_, refusal)| refusal);
                assert_eq!(found, Some(expected), "{:?}\n{}", failed.err, failed.meta.pretty_logs());
                if let Refusal::Breaker(error) = expected {
                    REACHED.with_borrow_mut(|reached| reached.insert(error.code()));
                }
            }
        }
    }

    /// The transaction failed with this error of the runtime, or of a program that has no number of its own for it.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn fails_as(self, expected: &InstructionError) {
        match self.0 {
            Ok(_) => panic!("it succeeded; {expected:?} was expected"),
            Err(failed) => assert!(
                matches!(&failed.err, TransactionError::InstructionError(_, found) if found == expected),
                "{:?} where {expected:?} was expected\n{}",
                failed.err,
                failed.meta.pretty_logs()
            ),
        }
    }
}

/// A refusal that a scenario expects.
#[derive(Clone, Copy, Debug)]
pub struct Expected(pub Refusal);

impl From<BreakerError> for Expected {
    fn from(error: BreakerError) -> Self {
        Self(Refusal::Breaker(error))
    }
}

impl From<GateError> for Expected {
    fn from(error: GateError) -> Self {
        Self(Refusal::Gate(error))
    }
}

impl From<Refusal> for Expected {
    fn from(refusal: Refusal) -> Self {
        Self(refusal)
    }
}

/// The effects of a transaction that succeeded.
#[derive(Debug)]
pub struct Success(TransactionMetadata);

impl Success {
    /// Compute units it took.
    pub fn compute_units(&self) -> u64 {
        self.0.compute_units_consumed
    }

    /// Compute units that the breaker says it took when it was called by another program, that call's own cost not
    /// included.
    pub fn compute_units_of_breaker(&self) -> Option<u64> {
        let prefix = format!("Program {ID} consumed ");
        let line = self.0.logs.iter().rev().find_map(|line| line.strip_prefix(&prefix))?;
        line.split(' ').next()?.parse().ok()
    }

    /// Return data of its last call, whoever set it.
    pub fn returned(&self) -> &[u8] {
        &self.0.return_data.data
    }

    /// The breaker's verdict, read as an integrator reads it.
    pub fn verdict(&self) -> Verdict {
        let data = &self.0.return_data;
        if data.program_id == ID { Verdict::from_return_data(&data.data) } else { Verdict::Deny }
    }
}
