//! What an integrator of Firebreak depends on: addresses, layouts, constants, the gate, verdicts, builders.
//!
//! Before an operation a protocol asks the [`gate`](gate::Gate): two account reads, no CPI. Before tokens leave a
//! vault, and after tokens came in, it records the flow with [`cpi::record_flow`] and obeys the
//! [`Verdict`]. Everything else here is what the breaker, its clients and the tests share, so that each layout,
//! bound and rule is written once.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

pub mod constants;
pub mod cpi;
pub mod drill;
pub mod error;
pub mod gate;
pub mod instruction;
pub mod math;
pub mod operation;
pub mod oracle;
pub mod pda;
mod plain;
pub mod policy;
pub mod severity;
pub mod state;
pub mod time;
pub mod verdict;
mod wide;

pub use {
    drill::DRILL,
    error::BreakerError,
    gate::{Gate, GateError},
    operation::{Operation, Operations},
    severity::Severity,
    time::Instant,
    verdict::{Direction, Verdict},
};

/// Program addresses, from `program-ids.json` or an operator's own table; in a drill from `drill-ids.json`.
pub mod ids {
    use super::Pubkey;
    include!(concat!(env!("OUT_DIR"), "/ids.rs"));
}

/// Address of the breaker program.
pub const ID: Pubkey = ids::BREAKER;
