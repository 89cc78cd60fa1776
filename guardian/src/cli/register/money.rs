//! Safes and routes, as people type them.

use clap::{Args, ValueEnum};
use firebreak_interface::state::RouteSettings;
use solana_pubkey::Pubkey;

use super::Again;
use crate::{
    act::{named::Named, register::Asked},
    units::Span,
    words,
};

/// Where a route's settings start.
const START: RouteSettings = RouteSettings::starting();

#[derive(Debug, Args)]
pub(crate) struct Safe {
    /// The market.
    #[arg(long, value_name = "ID")]
    market: u64,
    /// The mint: the safe has a token account of it.
    #[arg(long, value_name = "MINT", value_parser = words::address)]
    mint: Pubkey,
    #[command(flatten)]
    again: Again,
}

impl Safe {
    pub(super) fn asked(self) -> (Asked, Option<Named>) {
        (Asked::Safe { market: self.market, mint: self.mint }, self.again.again)
    }
}

/// What waits in the safe instead of being refused.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hold {
    /// Nothing.
    Nothing,
    /// What exceeds the gross limit.
    Gross,
    /// What exceeds a net limit too.
    Limits,
}

#[derive(Debug, Args)]
pub(crate) struct Route {
    /// The market of the vault's limiter.
    #[arg(long, value_name = "ID")]
    market: u64,
    /// The vault: a token account with a limiter.
    #[arg(long, value_name = "VAULT", value_parser = words::address)]
    vault: Pubkey,
    /// Where a release may go beside the vault: a token account of the same mint.
    #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
    destination: Option<Pubkey>,
    /// What waits in the safe instead of being refused.
    #[arg(long, value_enum, default_value_t = Hold::Nothing)]
    hold: Hold,
    /// How long it waits there: 1h to 3d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.hold_seconds))]
    hold_for: Span,
    /// Anyone may migrate, too, while a limiter or an invariant holds Critical.
    #[arg(long)]
    by_anyone: bool,
    #[command(flatten)]
    again: Again,
}

impl Route {
    pub(super) fn asked(self) -> (Asked, Option<Named>) {
        let settings = RouteSettings {
            destination: self.destination.unwrap_or_default(),
            hold_seconds: self.hold_for.0,
            holds: self.hold as u8,
            by_anyone: self.by_anyone.into(),
            ..START
        };
        (Asked::Route { market: self.market, vault: self.vault, settings }, self.again.again)
    }
}
