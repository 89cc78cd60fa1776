//! What moves money to safety and back, as people type it.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueHint};
use firebreak_interface::{Severity, state::Source};
use solana_pubkey::Pubkey;

use super::{Advance, Together, Which};
use crate::{
    act::{
        held::{Range, Which as Due},
        latch,
    },
    units::Amount,
    words,
};

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// The market.
    #[arg(long, value_name = "ID")]
    pub(crate) market: u64,
    /// Moves the vaults, instead of ordering it: anyone may where it was ordered, or where the routes let anyone.
    #[arg(long = "move", conflicts_with_all = ["propose", "with", "source", "severity", "nonce"])]
    pub(crate) moves: bool,
    /// Moves this vault; again for more of them. All that have a route if not said.
    #[arg(long, value_name = "VAULT", requires = "moves", value_parser = words::address)]
    pub(crate) vault: Vec<Pubkey>,
    /// Because of a latch by this source: limiter, price-band, invariant, guardian, keeper or program. The worst there is if
    /// not said.
    #[arg(long, value_parser = latch::parse_source)]
    pub(crate) source: Option<Source>,
    /// Because of a latch of this severity: major or critical. The worst there is if not said.
    #[arg(long, value_parser = words::parse_level)]
    pub(crate) severity: Option<Severity>,
    #[command(flatten)]
    pub(crate) together: Together,
    #[command(flatten)]
    pub(crate) advance: Advance,
}

/// A market's safe.
#[derive(Debug, Args)]
pub(crate) struct OfSafe {
    /// The market.
    #[arg(long, value_name = "ID")]
    pub(crate) market: u64,
    /// The safe's mint, where the market has several.
    #[arg(long, value_name = "MINT", value_parser = words::address)]
    pub(crate) mint: Option<Pubkey>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Held {
    /// What waits in the safes of a market, and until when.
    List(OfSafe),
    /// Pays what is due to its owner, or puts away what guardians refused. Anyone may.
    Claim {
        /// Its number, or all that are due.
        #[arg(value_name = "NUMBER|all")]
        which: Due,
        #[command(flatten)]
        of: OfSafe,
        /// To another account of the owner's, who signs.
        #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
        to: Option<Pubkey>,
    },
    /// Holds some up until guardians decide, seven days at most: guardians together.
    Flag {
        /// Their numbers, as 3 or 3..7.
        #[arg(value_name = "FROM..TO")]
        range: Range,
        #[command(flatten)]
        of: OfSafe,
        #[command(flatten)]
        together: Together,
        #[command(flatten)]
        advance: Advance,
    },
    /// Pays or refuses what was flagged, for good: guardians together.
    #[command(group = ArgGroup::new("what").required(true))]
    Decide {
        /// Their numbers, as 3 or 3..7.
        #[arg(value_name = "FROM..TO")]
        range: Range,
        #[command(flatten)]
        of: OfSafe,
        /// They are paid, each to its owner.
        #[arg(long, group = "what")]
        pay: bool,
        /// They are not paid: the safe keeps what they are.
        #[arg(long, group = "what")]
        refuse: bool,
        #[command(flatten)]
        together: Together,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Release {
    /// Proposes it, as the first guardian who approves it; the others `approve`, and it waits for the loosening delay.
    Propose {
        /// The vault that it came from.
        #[arg(long, value_name = "VAULT", value_parser = words::address)]
        vault: Pubkey,
        /// How much: tokens, as 250000 or 0.5, or as in 500units; what the safe owes nobody by then, if that is less.
        #[arg(long, value_name = "AMOUNT")]
        amount: Amount,
        /// To the destination of the vault's route instead of the vault.
        #[arg(long)]
        to_destination: bool,
    },
    /// Begins it once it is approved and has waited: the authority, or anybody 14 days after the guardians' approval.
    Begin(Which),
    /// Takes its next step. Anyone may.
    Step {
        /// The vault that it came from.
        #[arg(long, value_name = "VAULT", value_parser = words::address)]
        vault: Pubkey,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Claims {
    /// Makes a tree of a list of claims, writes the proofs, and proposes to open it: the first guardian who approves.
    Propose {
        #[command(flatten)]
        of: OfSafe,
        /// The list: lines of OWNER,AMOUNT, or JSON; amounts in tokens, or as in 500units.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// Where the proofs go.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        proofs: PathBuf,
    },
    /// Opens the claims once they are approved and have waited: the authority.
    Open(Which),
    /// Pays the claims that were not paid yet, each to its owner. Anyone may.
    Pay {
        /// The proofs, as `claims propose` wrote them.
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        proofs: PathBuf,
        /// This one alone.
        #[arg(long, value_name = "NUMBER")]
        index: Option<u64>,
        /// To another account of the owner's, who signs.
        #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
        to: Option<Pubkey>,
    },
}
