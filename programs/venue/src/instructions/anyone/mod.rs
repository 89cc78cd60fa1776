//! What anyone may do, judged by the oracles alone.

mod liquidate;
mod unwind;

pub use {liquidate::*, unwind::*};
