//! The drill of a migration: an attack, all vaults to safety, what waited for its users, and one of two endings.
//!
//! [`run`] plays it on a real chain, in the drill's seconds. Guardians, authority and a bystander type at the command line; the
//! thief has the authority's key. What the [`Report`] says was read from the chain.

mod back;
mod claims;
mod desk;
mod keeper;
pub mod page;
mod queue;
mod report;
mod story;
mod thief;

use serde::Serialize;

pub use {
    report::{Broken, End, Figures, Report, Vault},
    thief::{Answer, Tried},
};

use crate::{DemoError, scenario::Ground};

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// The money goes back in four steps, and the market comes down behind it.
    Return,
    /// The protocol never comes back: users are paid out of the safes, by a list.
    Claims,
}

impl Ending {
    /// Both, in the order of the report.
    pub const ALL: [Self; 2] = [Self::Return, Self::Claims];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Return => "return",
            Self::Claims => "claims",
        }
    }
}

/// Plays the drill.
///
/// # Errors
/// [`DemoError`] where the run could not tell anything; a promise that the breaker did not keep is in the report.
pub async fn run(ground: &Ground, ending: Ending) -> Result<Report, DemoError> {
    if !firebreak_client::interface::DRILL {
        return Err(DemoError::NotADrill);
    }
    story::play(ground, ending).await
}
