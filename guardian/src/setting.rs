//! Settings by the names of their fields: shown, changed, and which way each change goes.

use firebreak_interface::state::{BandSettings, Change, LimiterSettings, MarketSettings, Ratios, Setting};

use crate::{units::Share, words};

/// Settings whose fields people name.
pub trait Named: Setting + Clone {
    /// Every field with its value, in order.
    fn fields(&self) -> Vec<(&'static str, String)>;
    /// Gives a field a new value.
    ///
    /// # Errors
    /// Which fields there are, or what the field takes.
    fn set(&mut self, name: &str, text: &str) -> Result<(), String>;
    /// Gives a field the value that it has there.
    fn take(&mut self, name: &str, from: &Self);
}

/// A field that is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its name.
    pub name: &'static str,
    /// Its value now.
    pub old: String,
    /// Its value then.
    pub new: String,
    /// Which way that is.
    pub change: Change,
}

impl Changed {
    /// In a line.
    pub fn line(&self) -> String {
        format!("{}: {} -> {}, {}", self.name, self.old, self.new, direction(self.change))
    }
}

/// What a change is to whoever asks for it.
pub fn direction(change: Change) -> &'static str {
    match change {
        Change::Same => "the same",
        Change::Tightens => "tightens",
        Change::Loosens => "loosens, or may: waits",
        Change::Forbidden => "fixed at registration",
    }
}

/// The fields in which two settings differ, each by itself.
pub fn changes<S: Named>(old: &S, new: &S) -> Vec<Changed> {
    let (before, after) = (old.fields(), new.fields());
    let differ = before.into_iter().zip(after).filter(|(before, after)| before != after);
    differ
        .map(|((name, old_value), (_, new_value))| {
            let mut alone = old.clone();
            alone.take(name, new);
            Changed { name, old: old_value, new: new_value, change: old.change(&alone) }
        })
        .collect()
}

/// The settings with these changed, each as `name=value`.
///
/// # Errors
/// What is wrong with one of them.
pub fn with<S: Named>(settings: &S, changes: &[String]) -> Result<S, String> {
    let mut new = settings.clone();
    for change in changes {
        let (name, value) = change
            .split_once('=')
            .ok_or_else(|| format!("`{change}` is no change: name=value is expected"))?;
        new.set(name.trim(), value.trim())?;
    }
    Ok(new)
}

/// What a field holds, and how people write it.
trait Unit {
    type Value;
    fn show(value: &Self::Value) -> String;
    fn read(text: &str) -> Result<Self::Value, String>;
}

macro_rules! units {
    ($($(#[doc = $doc:literal])* $unit:ident: $value:ty, $show:expr, $read:expr;)*) => {
        $(
            $(#[doc = $doc])*
            struct $unit;

            impl Unit for $unit {
                type Value = $value;

                fn show(value: &$value) -> String {
                    $show(*value)
                }

                fn read(text: &str) -> Result<$value, String> {
                    $read(text)
                }
            }
        )*
    };
}

units! {
    /// A duration.
    Seconds: u32, |seconds: u32| words::exact(seconds.into()), words::parse_seconds;
    /// A share; the greatest number is no limit.
    Bps: u32, |bps| if bps == u32::MAX { NO_LIMIT.to_owned() } else { format!("{bps} bps") },
        |text: &str| match text.ends_with('%') {
            true => text.parse().map(|Share(bps)| bps),
            false => limit(text.strip_suffix("bps").unwrap_or(text).trim(), u32::MAX),
        };
    /// An amount; the greatest number is no limit.
    Amount: u64, |amount: u64| if amount == u64::MAX { NO_LIMIT.to_owned() } else { amount.to_string() },
        |text: &str| limit(text, u64::MAX);
    /// What is closed.
    Closed: u64, words::operations, |text: &str| words::parse_operations(text).map(|set| set.0);
    /// A severity.
    Rank: u32, words::severity, words::parse_severity;
    /// Yes or no.
    Flag: bool, |flag: bool| flag.to_string(),
        |text: &str| text.parse().map_err(|_| format!("`{text}` is neither true nor false"));
}

const NO_LIMIT: &str = "no limit";

fn limit<T: std::str::FromStr>(text: &str, none: T) -> Result<T, String> {
    match text {
        NO_LIMIT | "none" => Ok(none),
        number => number.parse().map_err(|_| format!("`{number}` is no number")),
    }
}

macro_rules! named {
    ($($settings:ident { $($name:literal: $unit:ident = $place:ident $([$i:literal])? $(.$part:ident)*;)* })*) => {
        $(
            impl Named for $settings {
                fn fields(&self) -> Vec<(&'static str, String)> {
                    vec![$(($name, $unit::show(&self.$place$([$i])?$(.$part)*)),)*]
                }

                fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
                    match name {
                        $($name => self.$place$([$i])?$(.$part)* = $unit::read(text)?,)*
                        _ => return Err(format!("`{name}` is none of: {}", [$($name),*].join(", "))),
                    }
                    Ok(())
                }

                fn take(&mut self, name: &str, from: &Self) {
                    match name {
                        $($name => {
                            self.$place$([$i])?$(.$part)* =
                                from.$place$([$i])?$(.$part)*;
                        })*
                        _ => {}
                    }
                }
            }
        )*
    };
}

named! {
    LimiterSettings {
        "short.seconds": Seconds = windows[0].seconds;
        "short.rate_bps": Bps = windows[0].rate_bps;
        "long.seconds": Seconds = windows[1].seconds;
        "long.rate_bps": Bps = windows[1].rate_bps;
        "elastic_bps": Bps = elastic_bps;
        "elastic_seconds": Seconds = elastic_seconds;
        "gross_bps": Bps = gross_bps;
        "gross_seconds": Seconds = gross_seconds;
        "undeclared_soft_bps": Bps = undeclared_soft_bps;
        "undeclared_hard_bps": Bps = undeclared_hard_bps;
        "undeclared_seconds": Seconds = undeclared_seconds;
        "soft_bps": Bps = soft_bps;
        "soft_severity": Rank = soft_severity;
        "hard_severity": Rank = hard_severity;
        "floor": Amount = floor;
        "bootstrap_cap": Amount = bootstrap_cap;
    }
    MarketSettings {
        "minor.closed": Closed = responses[0].closed;
        "minor.max_position": Amount = responses[0].limits.max_position;
        "minor.max_order": Amount = responses[0].limits.max_order;
        "minor.max_leverage_bps": Bps = responses[0].limits.max_leverage_bps;
        "minor.margin_multiplier_bps": Bps = responses[0].limits.margin_multiplier_bps;
        "minor.seconds": Seconds = durations[0];
        "major.closed": Closed = responses[1].closed;
        "major.max_position": Amount = responses[1].limits.max_position;
        "major.max_order": Amount = responses[1].limits.max_order;
        "major.max_leverage_bps": Bps = responses[1].limits.max_leverage_bps;
        "major.margin_multiplier_bps": Bps = responses[1].limits.margin_multiplier_bps;
        "major.seconds": Seconds = durations[1];
        "critical.closed": Closed = responses[2].closed;
        "critical.max_position": Amount = responses[2].limits.max_position;
        "critical.max_order": Amount = responses[2].limits.max_order;
        "critical.max_leverage_bps": Bps = responses[2].limits.max_leverage_bps;
        "critical.margin_multiplier_bps": Bps = responses[2].limits.margin_multiplier_bps;
        "critical.seconds": Seconds = durations[2];
        "dwell": Seconds = dwell;
        "liquidation_grace": Seconds = liquidation_grace;
        "critical_closes_exits": Flag = critical_closes_exits;
    }
    BandSettings {
        "max_age": Seconds = max_age;
        "max_conf_bps": Bps = max_conf_bps;
        "stale_severity": Rank = stale_severity;
        "wide_severity": Rank = wide_severity;
        "minor.deviation_bps": Bps = deviation_bps[0];
        "major.deviation_bps": Bps = deviation_bps[1];
        "critical.deviation_bps": Bps = deviation_bps[2];
        "minor.divergence_bps": Bps = divergence_bps[0];
        "major.divergence_bps": Bps = divergence_bps[1];
        "critical.divergence_bps": Bps = divergence_bps[2];
        "step_bps": Bps = step_bps;
        "observe_within": Seconds = observe_within;
    }
    Ratios {
        "minor.ratio_bps": Bps = bps[0];
        "major.ratio_bps": Bps = bps[1];
        "critical.ratio_bps": Bps = bps[2];
    }
}

#[cfg(test)]
mod tests {
    use firebreak_interface::Operations;

    use super::*;

    fn market() -> MarketSettings {
        MarketSettings::closing(Operations(1 << 15), Operations(1 << 15), Operations::NON_EXITS)
    }

    #[test]
    fn each_field_is_read_back_as_it_is_shown_and_no_other_changes() {
        fn check<S: Named>(settings: &S) {
            for (name, value) in settings.fields() {
                let mut same = settings.clone();
                same.set(name, &value).expect(name);
                assert_eq!(same.fields(), settings.fields(), "{name}={value}");
            }
        }
        check(&LimiterSettings::starting(1_000, 10));
        check(&market());
        check(&Ratios { bps: [10_000, 9_900, 9_500] });
    }

    #[test]
    fn every_field_of_the_ratchet_has_a_name() {
        // a field that the list forgets would change unseen: each byte that differs shows
        let settings = LimiterSettings::starting(1_000, 10);
        let bytes = bytemuck::bytes_of(&settings).to_vec();
        for place in (0..bytes.len()).step_by(4) {
            let mut other = bytes.clone();
            other[place] ^= 1;
            let other: LimiterSettings = bytemuck::pod_read_unaligned(&other);
            // the upper half of an amount shows as another amount
            assert_eq!(changes(&settings, &other).len(), 1, "at byte {place}");
        }
    }

    #[test]
    fn each_change_says_which_way_it_goes_by_itself() {
        let old = LimiterSettings::starting(1_000, 10);
        let new = ["soft_bps=5000", "gross_bps=20000", "undeclared_hard_bps=400"].map(str::to_owned);
        let new = with(&old, &new).expect("names and values");
        let found: Vec<_> = changes(&old, &new).into_iter().map(|one| (one.name, one.change)).collect();
        let expected = [
            ("gross_bps", Change::Loosens),
            ("undeclared_hard_bps", Change::Loosens),
            ("soft_bps", Change::Tightens),
        ];
        assert_eq!(found, expected);
        assert_eq!(with(&old, &["soft_bps=50%".into()]), with(&old, &["soft_bps=5000".into()]));
        let line = changes(&old, &with(&old, &["soft_bps=5000".into()]).expect("a change"))[0].line();
        assert_eq!(line, "soft_bps: 6000 bps -> 5000 bps, tightens");
    }

    #[test]
    fn what_is_no_change_is_named() {
        let old = market();
        for (change, word) in [
            ("dwell", "name=value"),
            ("dwel=1h", "liquidation_grace"),
            ("dwell=soon", "no duration"),
            ("minor.closed=withdrawal", "no operation"),
            ("minor.max_order=many", "no number"),
        ] {
            let error = with(&old, &[change.to_owned()]).expect_err(change);
            assert!(error.contains(word), "{error}");
        }
        let open = with(&old, &["major.max_order=5".into()]).expect("a limit");
        let open = with(&open, &["major.max_order=none".into()]).expect("no limit");
        assert_eq!(open, old);
    }
}
