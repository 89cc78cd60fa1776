//! What became of a transaction, and what a scenario expects of it.

use std::{cell::RefCell, collections::BTreeSet};

use firebreak_client::{
    Refusal,
    told::{Call, Confirmed},
};
use firebreak_interface::{BreakerError, GateError, ID, Verdict};
use litesvm::types::{TransactionMetadata, TransactionResult};
use solana_instruction::error::InstructionError;
use solana_message::inner_instruction::InnerInstruction;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;

thread_local! {
    static REACHED: RefCell<BTreeSet<u32>> = const { RefCell::new(BTreeSet::new()) };
}

/// The breaker's errors that scenarios on this thread expected and met so far.
pub fn reached() -> BTreeSet<u32> {
    REACHED.with_borrow(Clone::clone)
}

/// What became of a transaction.
#[must_use = "say whether it succeeds or what it fails with"]
#[derive(Debug)]
pub struct Outcome(pub TransactionResult);

impl Outcome {
    /// The transaction as a node would give it, with what it called.
    pub fn confirmed(&self, transaction: &Transaction) -> Confirmed {
        let (failed, meta) = match &self.0 {
            Ok(meta) => (false, meta),
            Err(failed) => (true, &failed.meta),
        };
        let message = &transaction.message;
        let call = |inner: &InnerInstruction| Call {
            program: inner.instruction.program_id_index,
            accounts: inner.instruction.accounts.clone(),
            data: inner.instruction.data.clone(),
            height: Some(inner.stack_height.into()),
        };
        let calls = meta.inner_instructions.iter().map(|calls| calls.iter().map(call).collect());
        Confirmed {
            failed,
            keys: message.account_keys.clone(),
            programs: message.instructions.iter().map(|instruction| instruction.program_id_index).collect(),
            inner: Some((0..).zip(calls).collect()),
        }
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
