//! What anyone may do: what the oracles alone judge, and what the breaker does.

mod liquidate;
mod migrate_vault;
mod unwind;

pub use {liquidate::*, migrate_vault::*, unwind::*};
