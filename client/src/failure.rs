//! Why a transaction failed, in words.

use std::fmt;

use firebreak_interface::{BreakerError, GateError};
use solana_program::instruction::InstructionError;
use solana_transaction_error::TransactionError;

/// First of the numbers that Anchor keeps for its own checks, and the first beyond them.
const ANCHOR: std::ops::Range<u32> = 100..6_000;

/// A program's refusal. The chain tells only a number, so a program that calls neither the breaker nor its gate
/// may mean something else by it: ask about transactions that do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A rule of the breaker.
    Breaker(BreakerError),
    /// The gate, inside the integration.
    Gate(GateError),
    /// A check of Anchor: wrong owner, discriminator, seeds or signer.
    Anchor(u32),
    /// Another program's number.
    Unknown(u32),
}

impl Refusal {
    /// The refusal behind a custom error's number.
    pub fn from_code(code: u32) -> Self {
        const GATE: [GateError; 5] = [
            GateError::Closed,
            GateError::WrongProtocol,
            GateError::WrongMarket,
            GateError::TooNewToRead,
            GateError::NoClock,
        ];
        if let Some(error) = BreakerError::from_code(code) {
            return Self::Breaker(error);
        }
        match GATE.into_iter().find(|error| *error as u32 == code) {
            Some(error) => Self::Gate(error),
            None if ANCHOR.contains(&code) => Self::Anchor(code),
            None => Self::Unknown(code),
        }
    }

    /// The refusal that ended a transaction, and the place of its instruction; none when no program refused.
    pub fn of(error: &TransactionError) -> Option<(u8, Self)> {
        match error {
            TransactionError::InstructionError(place, InstructionError::Custom(code)) => {
                Some((*place, Self::from_code(*code)))
            }
            _ => None,
        }
    }

    /// The breaker's error, if it is one.
    pub fn breaker(self) -> Option<BreakerError> {
        match self {
            Self::Breaker(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaker(error) => {
                write!(f, "the breaker refused: {error} ({}, {})", error.name(), error.code())
            }
            Self::Gate(error) => write!(f, "the gate refused: {error} ({})", *error as u32),
            Self::Anchor(code) => write!(f, "an account or argument failed Anchor's own check {code}"),
            Self::Unknown(code) => write!(f, "a program refused with its own number {code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_breaker_error_is_found_by_its_number_and_says_what_it_is() {
        for error in BreakerError::ALL {
            let refusal = Refusal::from_code(error.code());
            assert_eq!(refusal, Refusal::Breaker(*error));
            let text = refusal.to_string();
            assert!(text.contains(&error.to_string()) && text.contains(&error.name()), "{text}");
        }
    }

    #[test]
    fn numbers_are_told_apart() {
        assert_eq!(Refusal::from_code(6500), Refusal::Gate(GateError::Closed));
        assert_eq!(Refusal::from_code(6504), Refusal::Gate(GateError::NoClock));
        assert_eq!(Refusal::from_code(3012), Refusal::Anchor(3012));
        assert_eq!(Refusal::from_code(1), Refusal::Unknown(1));
        assert_eq!(Refusal::from_code(6505), Refusal::Unknown(6505));
    }

    #[test]
    fn a_transaction_tells_which_instruction_was_refused() {
        let refused = TransactionError::InstructionError(2, InstructionError::Custom(6028));
        assert_eq!(Refusal::of(&refused), Some((2, Refusal::Breaker(BreakerError::NothingToLatch))));
        assert_eq!(Refusal::of(&TransactionError::AccountNotFound), None);
    }
}
