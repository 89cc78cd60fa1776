//! Two bugs for drills, as they have happened to others. Nothing here is compiled without the feature `drainable`.
//!
//! 1. [`left_of`]: `withdraw` pays more than the user has deposited. It asks and records like the real one, so the
//!    limiter sees every unit: the drain stops at its bound.
//! 2. [`claim_rebate`]: an instruction that somebody added later and that records nothing. The limiter learns of it
//!    at its next touch, from the balance.

mod claim_rebate;

pub use claim_rebate::*;

use anchor_lang::prelude::*;

/// What is left of a deposit after a withdrawal. The bug: it saturates where it should refuse.
pub(crate) fn left_of(deposit: u64, amount: u64) -> Result<u64> {
    Ok(deposit.saturating_sub(amount))
}
