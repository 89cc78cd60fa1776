//! What the authority may call.

mod amend;
mod create_market;
mod propose;
mod register_band;
mod register_coverage;
mod register_invariant;
mod register_keeper;
mod register_limiter;
mod register_route;
mod register_safe;

pub use {
    amend::*, create_market::*, propose::*, register_band::*, register_coverage::*, register_invariant::*,
    register_keeper::*, register_limiter::*, register_route::*, register_safe::*,
};
