//! What a guardian may call.

mod announce_maintenance;
mod approve;
mod confirm;
mod freeze_authority;
mod order_migration;
mod pause;
mod propose_as_guardian;
mod resume;
mod veto;

pub use {
    announce_maintenance::*, approve::*, confirm::*, freeze_authority::*, order_migration::*, pause::*,
    propose_as_guardian::*, resume::*, veto::*,
};
