//! What a guardian may call.

mod announce_maintenance;
mod approve;
mod begin_release;
mod confirm;
mod decide_held;
mod flag_held;
mod freeze_authority;
mod open_claims;
mod order_migration;
mod pause;
mod propose_as_guardian;
mod resume;
mod veto;

pub use {
    announce_maintenance::*, approve::*, begin_release::*, confirm::*, decide_held::*, flag_held::*,
    freeze_authority::*, open_claims::*, order_migration::*, pause::*, propose_as_guardian::*, resume::*,
    veto::*,
};
