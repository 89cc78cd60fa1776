//! What anyone may call.

mod extend_journal;
mod poke;

pub use {extend_journal::*, poke::*};
