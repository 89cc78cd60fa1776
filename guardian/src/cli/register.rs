//! What is registered, as people type it.

use clap::{Args, Subcommand};
use firebreak_interface::state::KeeperSettings;
use solana_pubkey::Pubkey;

use super::help;
use crate::{
    act::{named::Named, register::Asked},
    units::{Row, Share, Span, Term},
    words,
};

mod band;
mod limiter;
mod market;
mod money;

use band::Band;
use limiter::Limiter;
use market::Market;
use money::{Route, Safe};

/// Registers something: at once until the protocol's first limiter is armed, then as a proposal, which waits.
#[derive(Debug, Subcommand)]
pub(crate) enum Register {
    /// A market: a part of the protocol that can be closed by itself.
    #[command(after_long_help = help::MARKET)]
    Market(Box<Market>),
    /// A limiter of what leaves a vault.
    #[command(after_long_help = help::LIMITER)]
    Limiter(Box<Limiter>),
    /// A price band: a price against its slow reference, and against a second price.
    #[command(after_long_help = help::BAND)]
    Band(Box<Band>),
    /// An invariant: what there is against what it must cover.
    #[command(after_long_help = help::INVARIANT)]
    Invariant(Invariant),
    /// A keeper: a bot whose key may raise.
    #[command(after_long_help = help::KEEPER)]
    Keeper(Keeper),
    /// Rows of the coverage table: which instruction of the program asks for which operations.
    #[command(after_long_help = help::COVERAGE)]
    Coverage(Coverage),
    /// A safe: where a market's tokens of one mint are brought in an incident.
    #[command(after_long_help = help::SAFE)]
    Safe(Safe),
    /// A route: the way of a vault to its market's safe and back; or other settings of one that is there.
    #[command(after_long_help = help::ROUTE)]
    Route(Route),
}

#[derive(Debug, Args)]
pub(crate) struct Again {
    /// Once more exactly what was vetoed under this number: it waits twice as long, and no few veto it.
    #[arg(long, value_name = "PROPOSAL")]
    again: Option<Named>,
}

/// A rule of a market, by the market's number and its own.
#[derive(Clone, Copy, Debug)]
struct Place {
    market: u64,
    index: u8,
}

fn place(text: &str) -> Result<Place, String> {
    let parsed = text.split_once('/');
    let parsed = parsed.and_then(|(market, index)| Some((market.parse().ok()?, index.parse().ok()?)));
    let (market, index) = parsed.ok_or_else(|| format!("`{text}` is no MARKET/INDEX, as in 0/1"))?;
    Ok(Place { market, index })
}

#[derive(Debug, Args)]
pub(crate) struct Invariant {
    /// Its market and its own number there, 0 to 63: as in 0/1.
    #[arg(value_name = "MARKET/INDEX", value_parser = place)]
    place: Place,
    /// What there must be: balance:TOKEN_ACCOUNT, supply:MINT, u64:, i64: or u128:ACCOUNT@OFFSET. Again for more, up to eight.
    #[arg(long, required = true, value_name = "TERM")]
    left: Vec<Term>,
    /// What it must cover, in the same words.
    #[arg(long, required = true, value_name = "TERM")]
    right: Vec<Term>,
    /// It is Minor where the left side is less of the right.
    #[arg(long, value_name = "RATIO")]
    minor: Share,
    /// Major where it is less than this, at most the one before.
    #[arg(long, value_name = "RATIO")]
    major: Share,
    /// Critical where it is less than this, at most the one before.
    #[arg(long, value_name = "RATIO")]
    critical: Share,
    #[command(flatten)]
    again: Again,
}

#[derive(Debug, Args)]
pub(crate) struct Keeper {
    /// The bot's key: no guardian's, and not the authority's.
    #[arg(value_parser = words::address)]
    key: Pubkey,
    /// Longest raise, and sum of a day's raises: 10m to 1d.
    #[arg(long, value_name = "DURATION")]
    max_raise: Span,
    /// Raises a day: 1 to 24.
    #[arg(long, value_name = "NUMBER")]
    raises_per_day: u16,
    /// How long it is registered, from when it is executed: up to 365d.
    #[arg(long, value_name = "DURATION")]
    term: Span,
    #[command(flatten)]
    again: Again,
}

#[derive(Debug, Args)]
pub(crate) struct Coverage {
    /// INSTRUCTION=OPERATIONS, by the name in the IDL or its first eight bytes as 0x and hex; none for what moves nothing.
    #[arg(required = true, value_name = "ROW")]
    rows: Vec<Row>,
    #[command(flatten)]
    again: Again,
}

impl Register {
    /// What is to be registered, and what was vetoed of it.
    pub(crate) fn asked(self) -> (Asked, Option<Named>) {
        match self {
            Self::Market(one) => one.asked(),
            Self::Limiter(one) => one.asked(),
            Self::Band(one) => one.asked(),
            Self::Invariant(Invariant { place, left, right, minor, major, critical, again }) => {
                let Place { market, index } = place;
                let ratio_bps = [minor, major, critical].map(|ratio| ratio.0);
                (Asked::Invariant { market, index, left, right, ratio_bps }, again.again)
            }
            Self::Keeper(Keeper { key, max_raise, raises_per_day, term, again }) => {
                let settings = KeeperSettings { key, max_seconds: max_raise.0, raises_per_day, term: term.0 };
                (Asked::Keeper(settings), again.again)
            }
            Self::Coverage(Coverage { rows, again }) => (Asked::Coverage(rows), again.again),
            Self::Safe(one) => one.asked(),
            Self::Route(one) => one.asked(),
        }
    }
}
