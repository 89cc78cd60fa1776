//! The code's bounds by the options that break them. The program checks the same; here it is said which, and how far.

use std::fmt::Display;

use firebreak_interface::{
    BreakerError, Operations,
    constants::*,
    state::{
        BandSettings, Coverage, InvariantSettings, KeeperSettings, LimiterSettings, MarketSettings, Proposed,
    },
};

use crate::{
    error::Error,
    units::{Level, Row, Share, Span},
    words,
};

const FULL: u32 = BASIS_POINTS as u32;
/// How the options name the severities.
const SEVERITIES: [&str; 3] = ["minor", "major", "critical"];

/// Checks what is to be registered against the code's bounds.
///
/// # Errors
/// [`Error::Usage`], with the option, what it may be, and the rule.
pub(super) fn check(proposed: &Proposed) -> Result<(), Error> {
    let Err(rule) = proposed.check() else {
        return Ok(());
    };
    let broken = match proposed {
        Proposed::CreateMarket { settings, .. } => market(settings),
        Proposed::RegisterLimiter { settings, .. } => limiter(settings),
        Proposed::RegisterBand { settings, .. } => band(settings),
        Proposed::RegisterInvariant { settings, .. } => invariant(settings),
        Proposed::RegisterKeeper(settings) => keeper(settings),
        Proposed::RegisterCoverage(rows) => Broken::unless(rows.len() <= COVERAGE_ROWS, || {
            format!("{} rows, and a table has {COVERAGE_ROWS}", rows.len())
        }),
        Proposed::RegisterRoute(settings) => span("hold-for", settings.hold_seconds, HOLD_MIN, HOLD_MAX),
        Proposed::Amend(_) | Proposed::RegisterSafe => Ok(()),
    };
    // the rule's own words where no option is to blame alone
    let text = broken.err().map_or_else(|| rule.text().to_owned(), |Broken(text)| text);
    Err(Error::usage(format!("{text} ({})", rule.name())))
}

/// A rule that refuses, in its own words.
pub(super) fn refused(rule: BreakerError) -> Error {
    Error::usage(format!("{} ({})", rule.text(), rule.name()))
}

/// What breaks which bound.
#[derive(Debug)]
struct Broken(String);

impl Broken {
    fn unless(is_met: bool, says: impl FnOnce() -> String) -> Result<(), Self> {
        if is_met { Ok(()) } else { Err(Self(says())) }
    }
}

/// A value between two, both of which it may be.
fn within<T: PartialOrd + Display>(option: &str, value: T, least: T, most: T) -> Result<(), Broken> {
    let is_met = least <= value && value <= most;
    Broken::unless(is_met, || format!("--{option} is {value}: it may be {least} to {most}"))
}

fn span(option: &str, seconds: u32, least: u32, most: u32) -> Result<(), Broken> {
    let is_met = (least..=most).contains(&seconds);
    let [seconds, least, most] = [seconds, least, most].map(Span);
    Broken::unless(is_met, || format!("--{option} is {seconds}: it may be {least} to {most}"))
}

fn share(option: &str, bps: u32, least: u32, most: u32) -> Result<(), Broken> {
    let is_met = (least..=most).contains(&bps);
    let [bps, least, most] = [bps, least, most].map(Share);
    Broken::unless(is_met, || format!("--{option} is {bps}: it may be {least} to {most}"))
}

fn level(option: &str, rank: u32, allowed: [u32; 2]) -> Result<(), Broken> {
    let [low, high] = allowed.map(Level);
    Broken::unless(allowed.contains(&rank), || {
        format!("--{option} is {}: it may be {low} or {high}", Level(rank))
    })
}

/// Each severity more than the one below.
fn rising(option: &str, table: [u32; 3], least: u32, most: u32) -> Result<(), Broken> {
    for (name, bps) in SEVERITIES.iter().zip(table) {
        share(&format!("{name}-{option}"), bps, least, most)?;
    }
    for place in 1..table.len() {
        let (name, below) = (SEVERITIES[place], SEVERITIES[place - 1]);
        Broken::unless(table[place - 1] < table[place], || {
            format!("--{name}-{option} is {}: it must be more than --{below}-{option}", Share(table[place]))
        })?;
    }
    Ok(())
}

fn market(settings: &MarketSettings) -> Result<(), Broken> {
    let responses = &settings.responses;
    for (place, response) in responses.iter().enumerate() {
        let name = SEVERITIES[place];
        let exits = response.closed & Operations::EXITS.0;
        Broken::unless(exits == 0 || place == 2 && settings.critical_closes_exits, || {
            let way = if place == 2 { " unless with --critical-closes-exits" } else { "" };
            format!("--{name}-closes has {}: exits stay open{way}", words::operations(exits))
        })?;
        let Some(below) = place.checked_sub(1).map(|below| &responses[below]) else {
            continue;
        };
        let (under, left_open) = (SEVERITIES[place - 1], below.closed & !response.closed);
        Broken::unless(left_open == 0, || {
            let open = words::operations(left_open);
            format!(
                "--{name}-closes leaves {open} open, which --{under}-closes closes: each closes what the one below does"
            )
        })?;
        let (limits, lower) = (&response.limits, &below.limits);
        for (option, is_met) in [
            ("max-position", limits.max_position <= lower.max_position),
            ("max-order", limits.max_order <= lower.max_order),
            ("max-leverage", limits.max_leverage_bps <= lower.max_leverage_bps),
            ("margin", limits.margin_multiplier_bps >= lower.margin_multiplier_bps),
        ] {
            Broken::unless(is_met, || format!("--{name}-{option} is looser than --{under}-{option}"))?;
        }
    }
    let margin = responses[0].limits.margin_multiplier_bps;
    Broken::unless(margin >= FULL, || format!("--minor-margin is {}: it may be 1x at least", Share(margin)))?;
    let bounds = [(MINOR_MIN, MINOR_MAX), (MAJOR_MIN, MAJOR_MAX), (CRITICAL_MIN, CRITICAL_MAX)];
    for ((name, seconds), (least, most)) in SEVERITIES.iter().zip(settings.durations).zip(bounds) {
        span(&format!("{name}-for"), seconds, least, most)?;
    }
    span("dwell", settings.dwell, DWELL_MIN, DWELL_MAX)?;
    span("liquidation-grace", settings.liquidation_grace, LIQUIDATION_GRACE_MIN, LIQUIDATION_GRACE_MAX)
}

fn limiter(settings: &LimiterSettings) -> Result<(), Broken> {
    let [short, long] = settings.windows;
    span("short", short.seconds, WINDOW_MIN, WINDOW_MAX)?;
    span("long", long.seconds, WINDOW_MIN, WINDOW_MAX)?;
    Broken::unless(short.seconds < long.seconds, || {
        format!("--long is {}: it must be longer than --short, {}", Span(long.seconds), Span(short.seconds))
    })?;
    share("short-rate", short.rate_bps, 0, FULL)?;
    share("long-rate", long.rate_bps, 0, FULL)?;
    share("elastic", settings.elastic_bps, 0, FULL)?;
    let longest = short.seconds / ELASTIC_WINDOW_SHARE;
    span("elastic-window", settings.elastic_seconds, ELASTIC_WINDOW_MIN, longest)?;
    share("gross", settings.gross_bps, 0, GROSS_MAX_BPS)?;
    span("gross-window", settings.gross_seconds, WINDOW_MIN, WINDOW_MAX)?;
    Broken::unless(u64::from(settings.gross_seconds) % GROSS_BUCKETS == 0, || {
        format!(
            "--gross-window is {}: it must have {GROSS_BUCKETS} equal parts",
            Span(settings.gross_seconds)
        )
    })?;
    share("undeclared-soft", settings.undeclared_soft_bps, 1, FULL)?;
    share("undeclared-hard", settings.undeclared_hard_bps, 1, FULL)?;
    Broken::unless(settings.undeclared_soft_bps < settings.undeclared_hard_bps, || {
        format!(
            "--undeclared-soft is {}: it must be less than --undeclared-hard",
            Share(settings.undeclared_soft_bps)
        )
    })?;
    span("undeclared-window", settings.undeclared_seconds, WINDOW_MIN, WINDOW_MAX)?;
    share("soft", settings.soft_bps, 1, FULL - 1)?;
    level("soft-severity", settings.soft_severity, [1, 2])?;
    level("hard-severity", settings.hard_severity, [2, 3])?;
    let cap = settings.bootstrap_cap;
    within("bootstrap-cap", cap, 0, u64::MAX / 4 - 1)?;
    Broken::unless(settings.floor <= cap, || {
        format!("--floor is {} units: it may be --bootstrap-cap at most, {cap} units", settings.floor)
    })
}

fn band(settings: &BandSettings) -> Result<(), Broken> {
    span("max-age", settings.max_age, BAND_AGE_MIN, BAND_AGE_MAX)?;
    share("max-confidence", settings.max_conf_bps, 1, BAND_CONF_MAX_BPS)?;
    level("stale-severity", settings.stale_severity, [1, 2])?;
    level("wide-severity", settings.wide_severity, [1, 2])?;
    rising("deviation", settings.deviation_bps, BAND_THRESHOLD_MIN_BPS, BAND_THRESHOLD_MAX_BPS)?;
    rising("divergence", settings.divergence_bps, BAND_THRESHOLD_MIN_BPS, BAND_THRESHOLD_MAX_BPS)?;
    let most = settings.deviation_bps[0];
    share("step", settings.step_bps, 1, most)?;
    span("observe-within", settings.observe_within, BAND_OBSERVE_MIN, BAND_OBSERVE_MAX)
}

fn invariant(settings: &InvariantSettings) -> Result<(), Broken> {
    for (option, side) in [("left", &settings.left), ("right", &settings.right)] {
        Broken::unless((1..=INVARIANT_TERMS).contains(&side.len()), || {
            format!("--{option} is there {} times: it may be 1 to {INVARIANT_TERMS} times", side.len())
        })?;
    }
    let most = [INVARIANT_RATIO_MAX_BPS, settings.ratio_bps[0], settings.ratio_bps[1]];
    for ((name, bps), most) in SEVERITIES.iter().zip(settings.ratio_bps).zip(most) {
        share(name, bps, 1, most)?;
    }
    Ok(())
}

fn keeper(settings: &KeeperSettings) -> Result<(), Broken> {
    span("max-raise", settings.max_seconds, MINOR_MIN, MINOR_MAX)?;
    within("raises-per-day", settings.raises_per_day, 1, KEEPER_RAISES_PER_DAY_MAX)?;
    span("term", settings.term, 1, KEEPER_TERM_MAX)
}

/// Checks that the rows find room beside those that are there, each once.
pub(super) fn rows(known: &Coverage, new: &[Row]) -> Result<(), Error> {
    let mut table = *known;
    for one in new {
        let Err(rule) = table.add(&[one.row]) else {
            continue;
        };
        let count = table.rows().len();
        let text = match rule {
            BreakerError::CoveredTwice => format!("{} is in the table already, or named twice", one.name),
            _ => format!("no room for {}: {count} rows are there, and a table has {COVERAGE_ROWS}", one.name),
        };
        return Err(Error::usage(format!("{text} ({})", rule.name())));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
