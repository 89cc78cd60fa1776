//! Why a command did not do what it was asked to.

use std::path::PathBuf;

use firebreak_client::{
    AccountError, Refusal, confirmed::NotConfirmed, journal::Broken, key::KeyError, told::Unreadable,
};
use solana_client::client_error::ClientError;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::exit::Exit;

/// Each says what to do; [`Error::retry_can_help`] whether it is to do the same again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint does not answer as it should.
    #[error("{url}: {source}; check --url")]
    Rpc {
        /// The endpoint.
        url: String,
        /// What it said.
        source: Box<ClientError>,
    },
    /// An account that must be there is not.
    #[error("there is no {what} at {key}: check --protocol, and that --url is of the protocol's cluster")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
    },
    /// Something that was named is not there, or over.
    #[error("{0}")]
    NotFound(String),
    /// An account is something else.
    #[error("{key} is no {what} of the breaker: {source}")]
    Account {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
        /// Which check failed.
        source: AccountError,
    },
    /// The clock cannot be read.
    #[error("the endpoint's clock account cannot be read: ask another one with --url")]
    Clock,
    /// There is no stamp for an approval.
    #[error(
        "the endpoint shows no slot hash later than the proposal: again in a moment, or ask another one with --url"
    )]
    Stamp,
    /// A transaction of the history cannot be read.
    #[error("transaction {signature}: {source}")]
    Transaction {
        /// Its signature.
        signature: Signature,
        /// What is wrong with it.
        source: NotConfirmed,
    },
    /// A transaction of the history cannot be believed.
    #[error("transaction {signature}: {source}")]
    Untold {
        /// Its signature.
        signature: Signature,
        /// What is wrong with it.
        source: Unreadable,
    },
    /// The journal contradicts itself.
    #[error(
        "the journal is BROKEN: {0}; ask another endpoint, and if it says the same, trust no entry beyond"
    )]
    Broken(#[from] Broken),
    /// Not every entry was found.
    #[error(
        "the journal's {missing} are in no segment and in none of the {looked} transactions looked at: {remedy}"
    )]
    Unproven {
        /// Which entries.
        missing: String,
        /// Transactions that were looked at.
        looked: usize,
        /// What may bring them.
        remedy: &'static str,
    },
    /// The cluster is another one.
    #[error("{url} is of the cluster with genesis {found}, --genesis says {expected}: check both")]
    WrongCluster {
        /// The endpoint.
        url: String,
        /// What it says.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A configuration file that is not understood.
    #[error("{}: {reason}; correct it, or name another file with --config", path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// An option that nobody gave.
    #[error("no {what} is known: give {option}")]
    Option {
        /// What is missing.
        what: &'static str,
        /// How to give it.
        option: &'static str,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is not the one for the act.
    #[error("{key} is not {role} of this protocol: {remedy}")]
    WrongKey {
        /// The key.
        key: Pubkey,
        /// What it would have to be.
        role: &'static str,
        /// What to do.
        remedy: String,
    },
    /// A key could not sign.
    #[error("cannot sign: {0}")]
    Sign(String),
    /// The act is refused, as the simulation showed.
    #[error("nothing was sent: {0}")]
    Refused(Refused),
    /// It was refused on chain.
    #[error("transaction {signature} landed in slot {slot} and was refused, nothing was changed: {refused}")]
    Failed {
        /// Its signature.
        signature: Signature,
        /// Where it landed.
        slot: u64,
        /// Why.
        refused: Refused,
    },
    /// The person said no.
    #[error("not sent: declined")]
    Declined,
    /// Nobody there to ask.
    #[error("not sent: there is no terminal to ask on; --yes says yes in advance, --dry-run only shows")]
    NobodyToAsk,
    /// Ctrl-C came before anything was sent.
    #[error("interrupted: nothing was sent")]
    Interrupted,
    /// The endpoint took the transaction nowhere.
    #[error("{url} declined the transaction, nothing was sent: {reason}")]
    NotTaken {
        /// The endpoint.
        url: String,
        /// What it said.
        reason: String,
    },
    /// It was sent, and nothing is known of it.
    #[error(
        "{why}: SENT, and not known to have landed: {signature}; it may land until {until}; look with `firebreak-guardian explain {signature}`"
    )]
    Unknown {
        /// Its signature.
        signature: Signature,
        /// Until when it can land.
        until: String,
        /// Why nobody waited for it.
        why: &'static str,
    },
    /// It was sent, and its blockhash expired.
    #[error(
        "sent, not landed, and too old to land now: {signature}; nothing was changed; a higher --priority-fee may help"
    )]
    NotLanded {
        /// Its signature.
        signature: Signature,
    },
    /// Standard output cannot be written.
    #[error("cannot write: {0}")]
    Output(#[from] std::io::Error),
}

/// Why a transaction is refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The rule, where a program named one.
    pub refusal: Option<Refusal>,
    /// In words.
    pub reason: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error {
    /// The exit code that says so.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Rpc { .. } | Self::Clock | Self::Stamp | Self::NotTaken { .. } | Self::Unproven { .. } => {
                Exit::Unreachable
            }
            Self::Missing { .. } | Self::NotFound(_) | Self::Account { .. } => Exit::NotFound,
            Self::Transaction { .. } | Self::Untold { .. } | Self::Broken(_) => Exit::Contradiction,
            Self::WrongCluster { .. } => Exit::WrongCluster,
            Self::Config { .. } | Self::Option { .. } | Self::Usage(_) | Self::Output(_) => Exit::Usage,
            Self::Key(_) | Self::WrongKey { .. } | Self::Sign(_) => Exit::WrongKey,
            Self::Refused(_) | Self::Failed { .. } => Exit::Refused,
            Self::Declined | Self::NobodyToAsk | Self::Interrupted => Exit::NotSent,
            Self::Unknown { .. } => Exit::Unknown,
            Self::NotLanded { .. } => Exit::NotLanded,
        }
    }

    /// Whether the same command may succeed later without anybody changing anything.
    pub fn retry_can_help(&self) -> bool {
        use firebreak_client::interface::BreakerError as Rule;
        match self {
            Self::Rpc { .. }
            | Self::Clock
            | Self::Stamp
            | Self::NotTaken { .. }
            | Self::NotLanded { .. }
            | Self::Interrupted => true,
            // what waits for a clock, or lost a race for the journal's segment or a proposal's number
            Self::Refused(refused) | Self::Failed { refused, .. } => matches!(
                refused.refusal,
                Some(Refusal::Breaker(
                    Rule::ProposalNotRipe
                        | Rule::WrongSegment
                        | Rule::LatchLive
                        | Rule::StaleStamp
                        | Rule::ConditionHolds
                        | Rule::MaintenanceSpent
                        // a price is posted, a share of the mint's cap comes back
                        | Rule::PriceUnusable
                        | Rule::MintCapDiffers
                        | Rule::MintCapSpent
                        // time brings what is held, and what goes back
                        | Rule::HeldNotDue
                        | Rule::ReleaseNotDue
                        | Rule::MigrationUnderWay
                ))
            ),
            _ => false,
        }
    }

    pub(crate) fn not_found(text: impl Into<String>) -> Self {
        Self::NotFound(text.into())
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }
}
