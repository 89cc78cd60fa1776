//! Durations, moments, operations and keys, as people read and type them.

use firebreak_interface::{Instant, Operation, Operations, Severity, state::Members};
use solana_pubkey::Pubkey;

/// A duration as people say it: its two largest units.
pub fn duration(seconds: u64) -> String {
    units(seconds, 2)
}

/// A duration to the second.
pub fn exact(seconds: u64) -> String {
    units(seconds, usize::MAX)
}

fn units(seconds: u64, most: usize) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if rest >= unit && parts.len() < most {
            parts.push(format!("{} {name}", rest / unit));
            rest %= unit;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}

/// Time left until a moment, in the chain's seconds. By the slots it may take a little longer.
pub fn left(until: Instant, now: Instant) -> String {
    duration(until.unix.saturating_sub(now.unix).max(0).unsigned_abs())
}

/// A unix time as date and time of day.
pub fn moment(unix: i64) -> String {
    // days since 0000-03-01, so that a leap day ends its year
    let (days, second) = (unix.div_euclid(86_400) + 719_468, unix.rem_euclid(86_400));
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02} UTC", second % 60)
}

/// Names of operations, in the order of their bits.
pub fn operations(mask: u64) -> String {
    let all = (0..64).filter_map(Operation::from_bit);
    let names: Vec<_> =
        all.filter(|one| mask & one.mask() != 0).map(|operation| operation.to_string()).collect();
    match mask {
        0 => "nothing".to_owned(),
        _ if mask == Operations::NON_EXITS.0 => "all but the exits".to_owned(),
        _ => names.join(", "),
    }
}

/// Guardians by their places.
pub fn places(members: Members) -> String {
    let places: Vec<_> = (0..Members::BITS).filter(|place| members & (1 << place) != 0).collect();
    let listed = places.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
    match places.len() {
        0 => "nobody".to_owned(),
        1 => format!("guardian {listed}"),
        _ => format!("guardians {listed}"),
    }
}

/// A severity stored as a number.
pub fn severity(number: u32) -> String {
    let severity = u8::try_from(number).ok().and_then(|byte| Severity::from_byte(byte).ok());
    severity.map_or_else(|| number.to_string(), |severity| format!("{severity:?}"))
}

/// What a route holds in its safe.
pub const fn holds(holds: u8) -> &'static str {
    match holds {
        0 => "nothing",
        1 => "what exceeds the gross limit",
        _ => "what exceeds the gross limit or a net limit",
    }
}

/// Parses seconds: a number, or numbers with d, h, m or s, as in `1h30m`.
///
/// # Errors
/// What is expected.
pub fn parse_seconds(text: &str) -> Result<u32, String> {
    let expected = || format!("`{text}` is no duration: seconds, or as in 30m, 6h, 1h30m, 2d");
    if let Ok(seconds) = text.parse() {
        return Ok(seconds);
    }
    let (mut total, mut number) = (0u32, String::new());
    for letter in text.replace("min", "m").chars().filter(|letter| !letter.is_whitespace()) {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(expected()),
        };
        let count: u32 = number.parse().map_err(|_| expected())?;
        total = count.checked_mul(unit).and_then(|part| total.checked_add(part)).ok_or_else(expected)?;
        number.clear();
    }
    if number.is_empty() && !text.is_empty() { Ok(total) } else { Err(expected()) }
}

/// Parses operations: names with commas between, numbers of a protocol's own, `all` for all but the exits, `none`.
///
/// # Errors
/// What is expected.
pub fn parse_operations(text: &str) -> Result<Operations, String> {
    match text {
        "all" | "all but the exits" => return Ok(Operations::NON_EXITS),
        "none" | "nothing" => return Ok(Operations::default()),
        _ => {}
    }
    text.split(',').try_fold(Operations::default(), |set, name| {
        let name = name.trim();
        let own = name.strip_prefix("own(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(name);
        let by_bit = own.parse().ok().and_then(Operation::from_bit);
        let by_name = || (0..16).filter_map(Operation::from_bit).find(|one| one.to_string() == name);
        let known = || (0..16).filter_map(Operation::from_bit).map(|one| one.to_string()).collect::<Vec<_>>();
        match by_bit.or_else(by_name) {
            Some(operation) => Ok(Operations(set.0 | operation.mask())),
            None => Err(format!(
                "`{name}` is no operation: {}, a number from 16 to 63, or all",
                known().join(", ")
            )),
        }
    })
}

/// Parses a severity's name into its number.
///
/// # Errors
/// What is expected.
pub fn parse_severity(text: &str) -> Result<u32, String> {
    parse_level(text).map(|severity| severity as u32)
}

/// Parses a severity's name.
///
/// # Errors
/// What is expected.
pub fn parse_level(text: &str) -> Result<Severity, String> {
    let found = Severity::ABOVE_NORMAL.into_iter().find(|one| format!("{one:?}").eq_ignore_ascii_case(text));
    found.ok_or_else(|| format!("`{text}` is none of minor, major, critical"))
}

/// Parses an address as people type it.
///
/// # Errors
/// What is expected.
pub fn address(text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| "not an address: base58 of 32 bytes is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (unix, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_775_001_599, "2026-03-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (-1, "1969-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(moment(unix), text);
        }
    }

    #[test]
    fn durations_are_read_back() {
        for (text, seconds) in
            [("90", 90), ("30m", 1_800), ("1h30m", 5_400), ("2d", 172_800), ("1 d 2 min", 86_520), ("0", 0)]
        {
            assert_eq!(parse_seconds(text), Ok(seconds));
        }
        for text in ["", "m", "5x", "1h30", "99999999d", "-1", "1.5h"] {
            assert!(parse_seconds(text).is_err(), "{text}");
        }
        assert_eq!(duration(90_061), "1 d 1 h");
        assert_eq!(parse_seconds(&exact(90_061)), Ok(90_061));
        assert_eq!(duration(59), "59 s");
        assert_eq!(duration(0), "0 s");
    }

    #[test]
    fn operations_are_read_back() {
        let some = Operations::of(&[Operation::WITHDRAW, Operation::own(16)]);
        assert_eq!(parse_operations("withdraw, 16"), Ok(some));
        assert_eq!(parse_operations(&operations(some.0)), Ok(some));
        assert_eq!(parse_operations("all"), Ok(Operations::NON_EXITS));
        for text in ["", "withdrawal", "64", "withdraw,,borrow"] {
            assert!(parse_operations(text).is_err(), "{text}");
        }
    }
}
