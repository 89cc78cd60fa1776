//! What anyone may call.

mod extend_journal;
mod poke;
mod step_down;

pub use {extend_journal::*, poke::*, step_down::*};
