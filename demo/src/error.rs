//! What can keep a run from telling anything.

use std::{io, path::PathBuf};

use firebreak_chain::ChainError;
use firebreak_client::{AccountError, interface::BreakerError, journal};
use solana_pubkey::Pubkey;

/// Why a run ended before its report. The cause behind each is its source: print the whole chain.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Programs that were never built, or built elsewhere.
    #[error(
        "{} not found in {}: `cargo xtask build --all` makes what is missing, FIREBREAK_PROGRAMS names another folder",
        .names.join(", "),
        .folder.display()
    )]
    MissingPrograms {
        /// File names.
        names: Vec<String>,
        /// Where they should be.
        folder: PathBuf,
    },
    /// There is no keeper to run.
    #[error(
        "the keeper's binary is not at {}: `cargo build -p firebreak-keeper` makes it, FIREBREAK_KEEPER names another",
        .0.display()
    )]
    MissingKeeper(PathBuf),
    /// The keeper ended by itself.
    #[error("the keeper ended {when} ({status}); it said:\n{said}")]
    KeeperEnded {
        /// In which part of the run.
        when: &'static str,
        /// Its exit status.
        status: String,
        /// The end of its standard error.
        said: String,
    },
    /// The keeper never said that it watches.
    #[error("the keeper did not say that it watches within {seconds} s; it said:\n{said}")]
    KeeperNotReady {
        /// How long it was given.
        seconds: u64,
        /// The end of its standard error.
        said: String,
    },
    /// The keeper of a drill ended, by itself or as it was told to.
    #[error("the keeper ended")]
    Keeper(#[from] firebreak_keeper::KeeperError),
    /// Only a drill has delays that can be waited for.
    #[error("this is no drill, its delays are days: `cargo xtask demo --migrate` builds one and runs it")]
    NotADrill,
    /// A command of the guardians' command line did not do what it was typed for.
    #[error("`{command}`: {said}")]
    Command {
        /// What was typed.
        command: String,
        /// What it said.
        said: String,
    },
    /// The venue's books are not what they should be.
    #[error("the venue's books cannot be read")]
    Books(#[from] firebreak_client::venue::VenueAccountError),
    /// The published list has no claim that can be proved.
    #[error("the list of claims has none with a proof")]
    NoProof,
    /// Something that has to come did not.
    #[error("{what} did not come within {seconds} s")]
    Never {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        seconds: u64,
    },
    /// A file or process of this machine.
    #[error("{what}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// The chain, or a transaction on it.
    #[error("{what}")]
    Chain {
        /// What was tried.
        what: &'static str,
        /// What went wrong.
        source: ChainError,
    },
    /// An account that should be there is not.
    #[error("the {what} at {address} is not on the chain")]
    NoAccount {
        /// What it should be.
        what: &'static str,
        /// Where.
        address: Pubkey,
    },
    /// An account that is not what it should be.
    #[error("the {what} cannot be read")]
    Account {
        /// What it should be.
        what: &'static str,
        /// What is wrong.
        source: AccountError,
    },
    /// The limiter's own arithmetic refused.
    #[error("reading the limiter")]
    Limiter(#[from] BreakerError),
    /// The journal contradicts itself.
    #[error("the journal does not prove what happened")]
    Journal(#[from] journal::Broken),
    /// Behind a gap that events alone could fill, the chain of hashes says nothing.
    #[error("the journal's chain of hashes proves {proven} of the {in_segments} entries in segments")]
    Unproven {
        /// Entries in segments.
        in_segments: u64,
        /// How many of them are proven.
        proven: u64,
    },
    /// An honest operation failed for another reason than the breaker.
    #[error("an honest {operation} failed, and not because of the breaker: {reason}")]
    Honest {
        /// What was tried.
        operation: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// None of the attacker's transactions got into a block.
    #[error("no malicious transaction landed")]
    NoAttack,
    /// A task of the run ended by a bug.
    #[error("a part of the run ended")]
    Task(#[from] tokio::task::JoinError),
}

/// Says what was tried when the chain refused.
pub(crate) trait Trying<T> {
    /// `what`, as in "funding the vaults".
    fn trying(self, what: &'static str) -> Result<T, DemoError>;
}

impl<T, E: Into<ChainError>> Trying<T> for Result<T, E> {
    fn trying(self, what: &'static str) -> Result<T, DemoError> {
        self.map_err(|source| DemoError::Chain { what, source: source.into() })
    }
}
