//! A limiter, as people type it.

use clap::Args;
use firebreak_interface::state::{LimiterSettings, WindowSettings};
use solana_pubkey::Pubkey;

use super::Again;
use crate::{
    act::{named::Named, register::Asked},
    units::{Amount, Level, Share, Span},
    words,
};

/// Where its settings start.
const START: LimiterSettings = LimiterSettings::starting(0, 0);

#[derive(Debug, Args)]
pub(crate) struct Limiter {
    /// The vault: a token account.
    #[arg(value_parser = words::address)]
    vault: Pubkey,
    /// The market whose latches it raises.
    #[arg(long, value_name = "ID")]
    market: u64,
    /// Most that its buffers hold until its average has seen a day: tokens, as 250000 or 0.5, or as in 500units.
    #[arg(long, value_name = "AMOUNT")]
    bootstrap_cap: Amount,
    /// What its main buffers never fall below, so that a wind-down finishes: tokens, at most the bootstrap cap.
    #[arg(long, value_name = "AMOUNT")]
    floor: Amount,
    /// What all limiters of the mint that have not seen a day share; the one in force if there is one, else the bootstrap cap.
    #[arg(long, value_name = "AMOUNT")]
    mint_cap: Option<Amount>,
    /// Short window of net flow: 10m to 7d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.windows[0].seconds))]
    short: Span,
    /// What may leave net in it: a share of the base.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.windows[0].rate_bps))]
    short_rate: Share,
    /// Long window of net flow: longer than the short one.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.windows[1].seconds))]
    long: Span,
    /// What may leave net in it.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.windows[1].rate_bps))]
    long_rate: Share,
    /// What inflow may add to it: the cap of the elastic buffer.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.elastic_bps))]
    elastic: Share,
    /// Over what that decays: 1m to a tenth of the short window.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.elastic_seconds))]
    elastic_window: Span,
    /// What may leave gross, inflow not counted against it: up to 100x.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.gross_bps))]
    gross: Share,
    /// In what time: 10m to 7d, in twelve equal parts.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.gross_seconds))]
    gross_window: Span,
    /// Flow around the breaker that latches the soft severity.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.undeclared_soft_bps))]
    undeclared_soft: Share,
    /// Flow around the breaker that latches the hard severity.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.undeclared_hard_bps))]
    undeclared_hard: Share,
    /// Over what it is forgotten: 10m to 7d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.undeclared_seconds))]
    undeclared_window: Span,
    /// Share of a main buffer whose use latches the soft severity.
    #[arg(long, value_name = "SHARE", default_value_t = Share(START.soft_bps))]
    soft: Share,
    /// The soft severity: minor or major.
    #[arg(long, value_name = "SEVERITY", default_value_t = Level(START.soft_severity))]
    soft_severity: Level,
    /// The hard severity: major or critical.
    #[arg(long, value_name = "SEVERITY", default_value_t = Level(START.hard_severity))]
    hard_severity: Level,
    #[command(flatten)]
    again: Again,
}

impl Limiter {
    pub(super) fn asked(self) -> (Asked, Option<Named>) {
        let settings = self.settings();
        let Self { vault, market, bootstrap_cap, floor, mint_cap, again, .. } = self;
        (Asked::Limiter { vault, market, bootstrap_cap, floor, mint_cap, settings }, again.again)
    }

    /// Without its amounts, which are of a mint that is not known yet.
    fn settings(&self) -> LimiterSettings {
        let window = |seconds: Span, rate: Share| WindowSettings { seconds: seconds.0, rate_bps: rate.0 };
        LimiterSettings {
            windows: [window(self.short, self.short_rate), window(self.long, self.long_rate)],
            elastic_bps: self.elastic.0,
            elastic_seconds: self.elastic_window.0,
            gross_bps: self.gross.0,
            gross_seconds: self.gross_window.0,
            undeclared_soft_bps: self.undeclared_soft.0,
            undeclared_hard_bps: self.undeclared_hard.0,
            undeclared_seconds: self.undeclared_window.0,
            soft_bps: self.soft.0,
            soft_severity: self.soft_severity.0,
            hard_severity: self.hard_severity.0,
            ..START
        }
    }
}
