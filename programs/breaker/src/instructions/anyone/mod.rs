//! What anyone may call.

mod extend_journal;
mod observe;
mod poke;
mod poke_band;
mod step_down;

pub use {extend_journal::*, observe::*, poke::*, poke_band::*, step_down::*};
