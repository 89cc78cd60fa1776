//! What ends a keeper, and with which exit code.

use solana_pubkey::Pubkey;

use crate::{config::ConfigError, discover::DiscoverError, key::KeyError, transport::sender::SendError};

/// Why the keeper did not start, or stopped before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// A setting cannot be meant.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The endpoints are of different clusters.
    #[error(
        "the endpoints are of different clusters: {first} has genesis {first_genesis}, {other} has {other_genesis}"
    )]
    Clusters {
        /// One endpoint.
        first: String,
        /// Its genesis.
        first_genesis: String,
        /// Another endpoint.
        other: String,
        /// Its genesis.
        other_genesis: String,
    },
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// There is nothing to guard.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The key cannot pay for an act.
    #[error("{key} cannot pay: it holds {lamports} lamports and needs at least {needed}; transfer SOL to it")]
    Unfunded {
        /// The key.
        key: Pubkey,
        /// What it has.
        lamports: u64,
        /// What it needs.
        needed: u64,
    },
    /// There is no sender without an endpoint.
    #[error(transparent)]
    Sender(#[from] SendError),
    /// A part of the keeper ended by itself.
    #[error("the {0} stopped by itself: this is a fault of the keeper; restart it and report what it wrote")]
    Stage(&'static str),
    /// The process cannot be set up.
    #[error("cannot listen to signals: {0}")]
    Signals(std::io::Error),
}

impl KeeperError {
    /// The process's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Stage(_) | Self::Signals(_) => 1,
            Self::Config(_) | Self::Clusters { .. } | Self::Sender(_) => 2,
            Self::Key(_) => 3,
            Self::Discover(DiscoverError::Unreachable(_)) => 4,
            Self::Discover(_) => 5,
            Self::Unfunded { .. } => 6,
        }
    }
}
