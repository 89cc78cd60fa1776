//! A market, as people type it.

use clap::Args;
use firebreak_interface::{
    Operations,
    state::{Limits, MarketSettings, Response},
};

use super::Again;
use crate::{
    act::{named::Named, register::Asked},
    units::{Share, Span},
    words,
};

/// Where its times start; what it closes is asked for.
const START: MarketSettings = MarketSettings::closing(Operations(0), Operations(0), Operations(0));

#[derive(Debug, Args)]
pub(crate) struct Market {
    /// Its number, which the protocol chooses and no other market has.
    id: u64,
    /// What Minor closes: names with commas between, 16 to 63 for the protocol's own, none, or all for all but the exits.
    #[arg(long, value_name = "OPERATIONS", value_parser = words::parse_operations)]
    minor_closes: Operations,
    /// What Major closes: what Minor does, at least.
    #[arg(long, value_name = "OPERATIONS", value_parser = words::parse_operations)]
    major_closes: Operations,
    /// What Critical closes: what Major does, at least.
    #[arg(long, value_name = "OPERATIONS", value_parser = words::parse_operations)]
    critical_closes: Operations,
    /// Critical may close exits too; it can be said now only.
    #[arg(long)]
    critical_closes_exits: bool,
    /// How long a Minor latch of a rule holds: 10m to 1d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.durations[0]))]
    minor_for: Span,
    /// How long a Major latch of a rule holds: 30m to 3d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.durations[1]))]
    major_for: Span,
    /// How long a Critical latch of a rule holds: 6h to 7d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.durations[2]))]
    critical_for: Span,
    /// Length of each step of the way down: 10m to 1d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.dwell))]
    dwell: Span,
    /// How long nobody is liquidated after a halt: 10m to 1d.
    #[arg(long, value_name = "DURATION", default_value_t = Span(START.liquidation_grace))]
    liquidation_grace: Span,
    #[command(flatten)]
    limits: Caps,
    #[command(flatten)]
    again: Again,
}

#[derive(Debug, Args)]
#[command(
    next_help_heading = "Limits that the integration enforces; none, or those of the severity below, if not said"
)]
struct Caps {
    /// Largest position at Minor, in the market's own unit.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    minor_max_position: Option<u64>,
    /// Largest order at Minor, in the market's own unit.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    minor_max_order: Option<u64>,
    /// Highest leverage at Minor, as in 5x.
    #[arg(long, value_name = "TIMES")]
    minor_max_leverage: Option<Share>,
    /// What margin requirements are multiplied by at Minor, as in 1.5x.
    #[arg(long, value_name = "TIMES")]
    minor_margin: Option<Share>,
    /// Largest position at Major.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    major_max_position: Option<u64>,
    /// Largest order at Major.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    major_max_order: Option<u64>,
    /// Highest leverage at Major.
    #[arg(long, value_name = "TIMES")]
    major_max_leverage: Option<Share>,
    /// What margin requirements are multiplied by at Major.
    #[arg(long, value_name = "TIMES")]
    major_margin: Option<Share>,
    /// Largest position at Critical.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    critical_max_position: Option<u64>,
    /// Largest order at Critical.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    critical_max_order: Option<u64>,
    /// Highest leverage at Critical.
    #[arg(long, value_name = "TIMES")]
    critical_max_leverage: Option<Share>,
    /// What margin requirements are multiplied by at Critical.
    #[arg(long, value_name = "TIMES")]
    critical_margin: Option<Share>,
}

fn size(text: &str) -> Result<u64, String> {
    match text {
        "none" => Ok(u64::MAX),
        number => number.parse().map_err(|_| format!("`{number}` is no size: a whole number, or none")),
    }
}

/// Limits with what was said of them.
fn limits(
    below: Limits,
    (max_position, max_order): (Option<u64>, Option<u64>),
    (leverage, margin): (Option<Share>, Option<Share>),
) -> Limits {
    Limits {
        max_position: max_position.unwrap_or(below.max_position),
        max_order: max_order.unwrap_or(below.max_order),
        max_leverage_bps: leverage.map_or(below.max_leverage_bps, |share| share.0),
        margin_multiplier_bps: margin.map_or(below.margin_multiplier_bps, |share| share.0),
    }
}

impl Caps {
    fn each(&self) -> [Limits; 3] {
        let minor = limits(
            Limits::NONE,
            (self.minor_max_position, self.minor_max_order),
            (self.minor_max_leverage, self.minor_margin),
        );
        let major = limits(
            minor,
            (self.major_max_position, self.major_max_order),
            (self.major_max_leverage, self.major_margin),
        );
        let critical = limits(
            major,
            (self.critical_max_position, self.critical_max_order),
            (self.critical_max_leverage, self.critical_margin),
        );
        [minor, major, critical]
    }
}

impl Market {
    pub(super) fn asked(self) -> (Asked, Option<Named>) {
        (Asked::Market { id: self.id, settings: self.settings() }, self.again.again)
    }

    fn settings(&self) -> MarketSettings {
        let [minor, major, critical] = self.limits.each();
        let response = |closed: Operations, limits| Response { closed: closed.0, limits };
        MarketSettings {
            responses: [
                response(self.minor_closes, minor),
                response(self.major_closes, major),
                response(self.critical_closes, critical),
            ],
            durations: [self.minor_for.0, self.major_for.0, self.critical_for.0],
            dwell: self.dwell.0,
            liquidation_grace: self.liquidation_grace.0,
            critical_closes_exits: self.critical_closes_exits,
        }
    }
}
