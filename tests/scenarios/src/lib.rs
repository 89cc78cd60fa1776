//! Scenarios against the compiled programs in LiteSVM, and the compute-unit bench.
//!
//! A [`World`] builds itself with defaults by real transactions and has verbs; a scenario changes what
//! matters to it, breaks one thing and names the exact error.

pub mod balanced;
pub mod banded;
pub mod calls;
pub mod cost;
pub mod extended;
pub mod governance;
pub mod guarding;
pub mod holding;
pub mod integrator;
pub mod outcome;
pub mod programs;
pub mod protected;
pub mod safety;
pub mod token;
pub mod token_2022;
pub mod vm;
pub mod world;

pub use {
    balanced::Balanced,
    banded::Banded,
    extended::Extended,
    governance::{Amending, Governed},
    integrator::{Flow, Integrator},
    outcome::Outcome,
    protected::{FUNDS, MINT_CAP, Protected, Setup},
    vm::Vm,
    world::World,
};
