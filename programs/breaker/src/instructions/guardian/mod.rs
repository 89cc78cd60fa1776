//! What a guardian may call.

mod approve;
mod freeze_authority;
mod pause;
mod veto;

pub use {approve::*, freeze_authority::*, pause::*, veto::*};
