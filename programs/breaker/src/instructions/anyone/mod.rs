//! What anyone may call.

mod cancel;
mod claim;
mod claim_held;
mod extend_journal;
mod migrate;
mod migrate_protocol;
mod observe;
mod open_budget;
mod poke;
mod poke_band;
mod poke_invariant;
mod poke_program;
mod release;
mod step_down;

pub use {
    cancel::*, claim::*, claim_held::*, extend_journal::*, migrate::*, migrate_protocol::*, observe::*,
    open_budget::*, poke::*, poke_band::*, poke_invariant::*, poke_program::*, release::*, step_down::*,
};
