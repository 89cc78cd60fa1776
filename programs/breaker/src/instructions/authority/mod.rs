//! What the authority may call.

mod arm_band;
mod arm_invariant;
mod arm_limiter;
mod create_market;
mod register_band;
mod register_coverage;
mod register_invariant;
mod register_keeper;
mod register_limiter;

pub use {
    arm_band::*, arm_invariant::*, arm_limiter::*, create_market::*, register_band::*, register_coverage::*,
    register_invariant::*, register_keeper::*, register_limiter::*,
};
