//! A price band, as people type it.

use clap::Args;
use firebreak_interface::state::{BandSettings, Feed};
use solana_pubkey::Pubkey;

use super::{Again, Place, place};
use crate::{
    act::{
        named::Named,
        register::{Asked, Price},
    },
    units::{Level, Share, Span, bytes},
    words,
};

/// Where its settings start.
const START: BandSettings = {
    const NONE: Feed = Feed { account: Pubkey::new_from_array([0; 32]), id: [0; 32] };
    BandSettings::starting(NONE, NONE)
};

#[derive(Clone, Copy, Debug)]
struct FeedId([u8; 32]);

fn feed_id(text: &str) -> Result<FeedId, String> {
    let id = bytes(text.strip_prefix("0x").unwrap_or(text));
    id.map(FeedId).ok_or_else(|| format!("`{text}` is no feed: 64 hex digits are expected"))
}

#[derive(Debug, Args)]
pub(crate) struct Band {
    /// Its market and its own number there, 0 to 63: as in 0/1.
    #[arg(value_name = "MARKET/INDEX", value_parser = place)]
    place: Place,
    /// Price account that the protocol uses: Pyth's.
    #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
    price: Pubkey,
    /// The feed that it must be of, in hex; what the account says if not said.
    #[arg(long, value_name = "ID", value_parser = feed_id)]
    price_feed: Option<FeedId>,
    /// A second price of the same thing.
    #[arg(long, value_name = "ACCOUNT", value_parser = words::address)]
    second: Option<Pubkey>,
    /// The feed that it must be of.
    #[arg(long, value_name = "ID", value_parser = feed_id, requires = "second")]
    second_feed: Option<FeedId>,
    /// Older prices are unusable: 5s to 1h.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.max_age))]
    max_age: Span,
    /// So are those whose confidence is wider: up to 10%.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.max_conf_bps))]
    max_confidence: Share,
    /// What a stale or unreadable price latches: minor or major.
    #[arg(long, value_name = "SEVERITY", default_value_t = Level(START.stale_severity))]
    stale_severity: Level,
    /// What one that is too wide latches: minor or major.
    #[arg(long, value_name = "SEVERITY", default_value_t = Level(START.wide_severity))]
    wide_severity: Level,
    /// Distance from the reference that is Minor: 0.5% to 50%, each severity more than the one below.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.deviation_bps[0]))]
    minor_deviation: Share,
    /// Major.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.deviation_bps[1]))]
    major_deviation: Share,
    /// Critical.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.deviation_bps[2]))]
    critical_deviation: Share,
    /// Distance between the two feeds that is Minor: 0.5% to 50%, each severity more than the one below.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.divergence_bps[0]))]
    minor_divergence: Share,
    /// Major.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.divergence_bps[1]))]
    major_divergence: Share,
    /// Critical.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.divergence_bps[2]))]
    critical_divergence: Share,
    /// How far the reference moves in an hour: at most the Minor deviation.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.step_bps))]
    step: Share,
    /// Not observed for longer, the reference is stale and learns again: 1m to 30m.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.observe_within))]
    observe_within: Span,
    #[command(flatten)]
    again: Again,
}

impl Band {
    pub(super) fn asked(self) -> (Asked, Option<Named>) {
        let Place { market, index } = self.place;
        let price = Price { account: self.price, feed: self.price_feed.map(|id| id.0) };
        let second = self.second.map(|account| Price { account, feed: self.second_feed.map(|id| id.0) });
        (Asked::Band { market, index, price, second, settings: self.settings() }, self.again.again)
    }

    /// Without its feeds, which are read from their accounts.
    fn settings(&self) -> BandSettings {
        BandSettings {
            max_age: self.max_age.0,
            max_conf_bps: self.max_confidence.0,
            stale_severity: self.stale_severity.0,
            wide_severity: self.wide_severity.0,
            deviation_bps: [self.minor_deviation.0, self.major_deviation.0, self.critical_deviation.0],
            divergence_bps: [self.minor_divergence.0, self.major_divergence.0, self.critical_divergence.0],
            step_bps: self.step.0,
            observe_within: self.observe_within.0,
            ..START
        }
    }
}
