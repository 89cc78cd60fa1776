//! The drill of a migration: an attack, all vaults to safety, what waited for its users, and the staged return.
//!
//! [`run`] plays it on a real chain, in the drill's seconds. Guardians and authority type the commands of the runbook; the thief
//! has the authority's key. What the [`Report`] says was read from the chain.

mod desk;
mod keeper;
pub mod page;
mod queue;
mod report;
mod story;
mod thief;

pub use {
    report::{Broken, Figures, Report, Vault},
    thief::{Answer, Tried},
};

use crate::{DemoError, scenario::Ground};

/// Plays the drill.
///
/// # Errors
/// [`DemoError`] where the run could not tell anything; a promise that the breaker did not keep is in the report.
pub async fn run(ground: &Ground) -> Result<Report, DemoError> {
    if !firebreak_client::interface::DRILL {
        return Err(DemoError::NotADrill);
    }
    story::play(ground).await
}
