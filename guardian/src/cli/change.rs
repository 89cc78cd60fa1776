//! Changes of what is registered, and what is proposed, as people type them.

use clap::{ArgGroup, Args};
use solana_pubkey::Pubkey;

use super::register::Register;
use crate::{
    act::{amend::Subject, members::Member, named::Named},
    units::bytes,
    words,
};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Tighten {
    /// protocol, market:ID, limiter:VAULT, band:MARKET/INDEX or invariant:MARKET/INDEX.
    pub(crate) subject: Subject,
    /// A field's new value; again for more fields.
    #[arg(long, group = "what", value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// A limiter, band or invariant goes from shadow to force.
    #[arg(long, group = "what")]
    pub(crate) arm: bool,
    /// The protected program is pinned as it is deployed.
    #[arg(long, group = "what")]
    pub(crate) pin: bool,
    /// The approved upgrade is approved no longer.
    #[arg(long, group = "what")]
    pub(crate) take_back_upgrade: bool,
}

#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true)]
pub(crate) struct Propose {
    #[command(subcommand)]
    pub(crate) new: Option<Register>,
    #[command(flatten)]
    pub(crate) change: Option<Change>,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true))]
pub(crate) struct Change {
    /// protocol, market:ID, limiter:VAULT, band:MARKET/INDEX, invariant:MARKET/INDEX or keeper:KEY.
    pub(crate) subject: Subject,
    /// A field's new value; again for more fields.
    #[arg(long, group = "what", value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
    /// A limiter, band or invariant goes back to shadow.
    #[arg(long, group = "what")]
    pub(crate) disarm: bool,
    /// A limiter or invariant measures from what there is, if it is so much at least: units, or basis points.
    #[arg(long, group = "what", value_name = "LEAST")]
    pub(crate) accept_loss: Option<u64>,
    /// A keeper's registration ends.
    #[arg(long, group = "what")]
    pub(crate) revoke: bool,
    /// The protocol's loosenings wait for so long.
    #[arg(long, group = "what", value_name = "DURATION", value_parser = words::parse_seconds)]
    pub(crate) delay: Option<u32>,
    /// This key governs.
    #[arg(long, group = "what", value_name = "KEY", value_parser = words::address)]
    pub(crate) authority: Option<Pubkey>,
    /// Other guardians or thresholds, with the approval of today's: add:KEY, remove:KEY, or an act and how many it takes, as
    /// veto=2; again for more of it.
    #[arg(long, group = "what", value_name = "CHANGE")]
    pub(crate) guardians: Vec<Member>,
    /// An upgrade to code of this sha256, in hex, is let through.
    #[arg(long, group = "what", value_name = "SHA256", value_parser = sha256)]
    pub(crate) approve_upgrade: Option<Sha256>,
    /// The protected program is watched no longer.
    #[arg(long, group = "what")]
    pub(crate) unpin: bool,
    /// The protocol leaves: its gates read as open.
    #[arg(long, group = "what")]
    pub(crate) detach: bool,
    /// Once more exactly what was vetoed under this number: it waits twice as long, and no few veto it.
    #[arg(long, value_name = "PROPOSAL")]
    pub(crate) again: Option<Named>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Sha256(pub(crate) [u8; 32]);

fn sha256(text: &str) -> Result<Sha256, String> {
    let code = bytes(text).filter(|code| *code != [0; 32]).map(Sha256);
    code.ok_or_else(|| format!("`{text}` is no sha256: 64 hex digits are expected, not all zero"))
}
