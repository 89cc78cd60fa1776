//! What moves money to safety and back, as people type it.

use clap::Args;
use firebreak_interface::{Severity, state::Source};
use solana_pubkey::Pubkey;

use super::{Advance, Together};
use crate::{act::latch, words};

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
