//! Money to safety: routes, safes, withdrawals that wait in a safe, and claims on one.
//!
//! What is in a safe has one owner at any time: users whose withdrawal is held, users who have a claim, or the vaults it
//! came from. The first two are the safe's debt: a release and new claims see only the rest.

mod claims;
mod held;
mod migration;
mod route;
mod safe;

#[cfg(test)]
mod tests;

pub use {
    claims::{CLAIMS_PER_PAGE, ClaimPage, claim_leaf, claim_node},
    held::{Fate, Held},
    migration::MigrateOrder,
    route::{Release, Route, RouteSettings},
    safe::{Decision, Flag, Safe},
};
