//! What the authority may call.

mod amend;
mod arm_band;
mod arm_invariant;
mod arm_limiter;
mod create_market;
mod propose;
mod register_band;
mod register_coverage;
mod register_invariant;
mod register_keeper;
mod register_limiter;

pub use {
    amend::*, arm_band::*, arm_invariant::*, arm_limiter::*, create_market::*, propose::*, register_band::*,
    register_coverage::*, register_invariant::*, register_keeper::*, register_limiter::*,
};
