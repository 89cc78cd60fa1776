//! What to run.

use std::{path::PathBuf, time::Duration};

use serde::Serialize;

/// How the attacker comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// A withdrawal that pays more than was deposited, and is recorded: the limiter sees every unit.
    Recorded,
    /// An instruction that asks the gate and never records: the limiter learns of it from the balance.
    Undeclared,
}

impl Path {
    /// Both, in the order of the report.
    pub const ALL: [Self; 2] = [Self::Recorded, Self::Undeclared];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Undeclared => "undeclared",
        }
    }
}

/// Which node to run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChainKind {
    /// Embedded, offline, up in a second.
    Surfnet,
    /// `solana-test-validator`.
    Validator,
}

/// One path on one kind of chain.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// How the attacker comes in.
    pub path: Path,
    /// Where.
    pub ground: Ground,
    /// The keeper's binary.
    pub keeper: PathBuf,
}

/// Where a run takes place.
#[derive(Clone, Debug)]
pub struct Ground {
    /// On which node.
    pub chain: ChainKind,
    /// Length of a slot; the node's usual one if none.
    pub slot_time: Option<Duration>,
    /// RPC port, with the websocket on the next one; free ones if none.
    pub rpc_port: Option<u16>,
    /// Folder of the compiled programs.
    pub programs: PathBuf,
    /// Where the story of the run goes while it happens.
    pub progress: fn(&str),
}
