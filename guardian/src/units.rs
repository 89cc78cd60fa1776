//! What an option takes: times, shares, amounts of a token, terms of an invariant, rows of a coverage table. Each is read back
//! as it is shown.

use std::{fmt, str::FromStr};

use firebreak_interface::{
    Operations,
    state::{CoverageRow, Reading, Term as Registered, TermSettings, discriminator},
};
use solana_pubkey::Pubkey;

use crate::words;

/// A length of time, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub u32);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        words::parse_seconds(text).map(Self)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::exact(self.0.into()).replace(' ', ""))
    }
}

/// A share or a ratio, in basis points; the greatest number is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub u32);

impl Share {
    /// No limit.
    pub const NONE: Self = Self(u32::MAX);
}

impl FromStr for Share {
    type Err = String;

    /// A bare number is none: ten could be a tenth, or a thousandth.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::NONE);
        }
        let units = [("%", 2), ("bps", 0), ("x", 4)];
        let found = units.iter().find_map(|(unit, digits)| {
            let number = decimal(text.strip_suffix(unit)?.trim(), *digits)?;
            // the greatest is what `none` says
            u32::try_from(number).ok().filter(|bps| *bps != u32::MAX)
        });
        found
            .map(Self)
            .ok_or_else(|| format!("`{text}` is no share: as in 10%, 0.5%, 50bps, or 1.5x of the whole"))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NONE {
            return f.write_str("none");
        }
        write!(f, "{}%", shown(self.0.into(), 2))
    }
}

/// A severity, as a number of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(pub u32);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        words::parse_severity(text).map(Self)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words::severity(self.0).to_lowercase())
    }
}

/// An amount of a token whose decimals are not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// Of whole tokens, with a fraction: as it was typed.
    Tokens(String),
    /// Of the smallest units.
    Units(u64),
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected =
            || format!("`{text}` is no amount: tokens, as 250000 or 0.5, or the smallest units, as 500units");
        match text.strip_suffix("units") {
            Some(units) => decimal(units.trim(), 0).map(Self::Units).ok_or_else(expected),
            // no mint has more than 255
            None => decimal_parts(text, 255).map(|_| Self::Tokens(text.to_owned())).ok_or_else(expected),
        }
    }
}

impl Amount {
    /// In the smallest units of a token with so many decimals.
    ///
    /// # Errors
    /// A finer fraction than the token has, or more than 64 bits hold.
    pub fn units(&self, decimals: u8) -> Result<u64, String> {
        match self {
            Self::Units(units) => Ok(*units),
            Self::Tokens(text) => decimal(text, decimals.into())
                .ok_or_else(|| format!("{text} tokens are no amount of a token with {decimals} decimals")),
        }
    }
}

/// An amount of a token, in its units and, where the decimals are known, in tokens.
pub fn amount(units: u64, decimals: Option<u8>) -> String {
    match decimals {
        Some(decimals) => format!("{} tokens ({units} units)", shown(units, decimals.into())),
        None => format!("{units} units"),
    }
}

/// A price with its power of ten.
pub fn price(price: i64, exponent: i32) -> String {
    let digits = usize::try_from(exponent.unsigned_abs()).unwrap_or_default();
    let sign = if price < 0 { "-" } else { "" };
    match exponent {
        // an account may say anything
        ..-32 | 1.. => format!("{price}e{exponent}"),
        _ => format!("{sign}{}", shown(price.unsigned_abs(), digits)),
    }
}

/// Whole part and fraction of a decimal number with so many digits behind the point at most.
fn decimal_parts(text: &str, digits: usize) -> Option<(String, &str)> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let whole = whole.replace('_', "");
    let is_one = !whole.is_empty() && is_number(&whole) && is_number(fraction) && fraction.len() <= digits;
    (is_one && !text.ends_with('.')).then_some((whole, fraction))
}

/// A decimal number in units of its last digit of so many.
fn decimal(text: &str, digits: usize) -> Option<u64> {
    let (whole, fraction) = decimal_parts(text, digits)?;
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

/// The same read back.
fn shown(units: u64, digits: usize) -> String {
    let text = format!("{units:0>least$}", least = digits + 1);
    let (whole, fraction) = text.split_at(text.len() - digits);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

/// A term of an invariant: how often which integer of which account counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The account.
    pub account: Pubkey,
    /// The integer, and how often it counts.
    pub settings: TermSettings,
}

impl FromStr for Term {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{text}` is no term: balance:TOKEN_ACCOUNT, supply:MINT, or u64:, i64: or u128:ACCOUNT@OFFSET; before it how \
                 often it counts, as 3xbalance:TOKEN_ACCOUNT"
            )
        };
        let counted = text.split_once('x').and_then(|(count, rest)| Some((count.parse().ok()?, rest)));
        let (coefficient, rest) = counted.unwrap_or((1, text));
        let (kind, place) = rest.split_once(':').ok_or_else(expected)?;
        let (account, offset) = match place.split_once('@') {
            Some((account, offset)) => (account, Some(offset.parse().map_err(|_| expected())?)),
            None => (place, None),
        };
        let reading = match (kind, offset) {
            ("balance", None) => Reading::TokenBalance,
            ("supply", None) => Reading::MintSupply,
            ("u64", Some(offset)) => Reading::U64(offset),
            ("i64", Some(offset)) => Reading::I64(offset),
            ("u128", Some(offset)) => Reading::U128(offset),
            _ => return Err(expected()),
        };
        let account = words::address(account).map_err(|_| expected())?;
        Ok(Self { account, settings: TermSettings { reading, coefficient } })
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.settings.coefficient != 1 {
            write!(f, "{}x", self.settings.coefficient)?;
        }
        let account = self.account;
        match self.settings.reading {
            Reading::TokenBalance => write!(f, "balance:{account}"),
            Reading::MintSupply => write!(f, "supply:{account}"),
            Reading::U64(offset) => write!(f, "u64:{account}@{offset}"),
            Reading::I64(offset) => write!(f, "i64:{account}@{offset}"),
            Reading::U128(offset) => write!(f, "u128:{account}@{offset}"),
        }
    }
}

impl From<&Registered> for Term {
    fn from(term: &Registered) -> Self {
        let reading = match term.kind {
            1 => Reading::TokenBalance,
            2 => Reading::MintSupply,
            3 => Reading::U64(term.offset),
            4 => Reading::I64(term.offset),
            _ => Reading::U128(term.offset),
        };
        Self { account: term.account, settings: TermSettings { reading, coefficient: term.coefficient } }
    }
}

/// A row of a coverage table, by the instruction's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As it was typed.
    pub name: String,
    /// The row.
    pub row: CoverageRow,
}

impl FromStr for Row {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, operations) =
            text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
                format!("`{text}` is no row: INSTRUCTION=OPERATIONS, as in withdraw=withdraw or set_fee=none")
            })?;
        let instruction = match name.strip_prefix("0x") {
            Some(hex) => bytes(hex).ok_or_else(|| format!("`{name}` is no discriminator: 16 hex digits"))?,
            None => discriminator(name),
        };
        let Operations(operations) = words::parse_operations(operations)?;
        Ok(Self { name: name.to_owned(), row: CoverageRow { instruction, operations } })
    }
}

/// A row as the chain has it, which does not know the name.
pub fn row(row: &CoverageRow) -> String {
    match row.operations {
        0 => format!("instruction 0x{}: asks for nothing, as it moves nothing", hex(&row.instruction)),
        mask => format!("instruction 0x{}: asks for {}", hex(&row.instruction), words::operations(mask)),
    }
}

/// Bytes in hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes, of hex.
pub fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_they_are_typed() {
        for (text, seconds, again) in
            [("90", 90, "1min30s"), ("1h", 3_600, "1h"), ("2d", 172_800, "2d"), ("0", 0, "0s")]
        {
            assert_eq!(text.parse(), Ok(Span(seconds)));
            assert_eq!(Span(seconds).to_string(), again);
            assert_eq!(again.parse(), Ok(Span(seconds)));
        }
    }

    #[test]
    fn shares_say_their_unit() {
        for (text, bps, again) in [
            ("10%", 1_000, "10%"),
            ("0.5 %", 50, "0.5%"),
            ("0.01%", 1, "0.01%"),
            ("50bps", 50, "0.5%"),
            ("1.5x", 15_000, "150%"),
            ("0%", 0, "0%"),
            ("none", u32::MAX, "none"),
        ] {
            assert_eq!(text.parse(), Ok(Share(bps)), "{text}");
            assert_eq!(Share(bps).to_string(), again);
            assert_eq!(again.parse(), Ok(Share(bps)), "{again}");
        }
        for text in ["10", "", "%", "-1%", "0.001%", "1.%", ".5%", "1e3%", "42949673%", "4294967295bps"] {
            let error = text.parse::<Share>().expect_err(text);
            assert!(error.contains("10%, 0.5%, 50bps"), "{error}");
        }
    }

    #[test]
    fn amounts_are_of_tokens_unless_units_are_said() {
        for (text, units) in
            [("250000", 250_000_000_000), ("0.5", 500_000), ("1_000.000001", 1_000_000_001), ("7units", 7)]
        {
            let read: Amount = text.parse().expect(text);
            assert_eq!(read.units(6), Ok(units), "{text}");
        }
        assert_eq!(amount(500_000, Some(6)), "0.5 tokens (500000 units)");
        assert_eq!(amount(3, Some(0)), "3 tokens (3 units)");
        assert_eq!(amount(3, None), "3 units");
        for text in ["", "-1", "1.", ".5", "1e6", "5 tokens", "0.5units", "none"] {
            assert!(text.parse::<Amount>().is_err(), "{text}");
        }
        // a finer fraction than the token has is no rounding's business
        let fine: Amount = "0.0000001".parse().expect("an amount");
        assert!(fine.units(6).is_err_and(|text| text.contains("6 decimals")));
        let huge: Amount = "18446744073709.551616".parse().expect("an amount");
        assert!(huge.units(6).is_err());
        assert_eq!("18446744073709.551615".parse::<Amount>().expect("an amount").units(6), Ok(u64::MAX));
    }

    #[test]
    fn terms_are_read_back_as_they_are_shown() {
        let key = Pubkey::new_from_array([7; 32]);
        for (text, reading, coefficient) in [
            (format!("balance:{key}"), Reading::TokenBalance, 1),
            (format!("3xsupply:{key}"), Reading::MintSupply, 3),
            (format!("u64:{key}@8"), Reading::U64(8), 1),
            (format!("1000xi64:{key}@16"), Reading::I64(16), 1_000),
            (format!("u128:{key}@0"), Reading::U128(0), 1),
        ] {
            let term: Term = text.parse().expect(&text);
            assert_eq!(term, Term { account: key, settings: TermSettings { reading, coefficient } });
            assert_eq!(term.to_string(), text);
        }
        for text in [
            "",
            "balance",
            "balance:abc",
            &format!("u64:{key}"),
            &format!("balance:{key}@8"),
            &format!("u8:{key}@1"),
        ] {
            let error = text.parse::<Term>().expect_err(text);
            assert!(error.contains("u128:ACCOUNT@OFFSET"), "{error}");
        }
    }

    #[test]
    fn rows_name_an_instruction_or_its_first_bytes() {
        let withdraw: Row = "withdraw=withdraw,16".parse().expect("a row");
        assert_eq!(withdraw.row.instruction, discriminator("withdraw"));
        let text = row(&withdraw.row);
        assert!(text.ends_with("asks for withdraw, own(16)"), "{text}");
        let by_bytes: Row = format!("0x{}=none", hex(&discriminator("withdraw"))).parse().expect("a row");
        assert_eq!(by_bytes.row, CoverageRow { operations: 0, ..withdraw.row });
        assert!(row(&by_bytes.row).contains("moves nothing"));
        for (text, word) in [
            ("withdraw", "INSTRUCTION=OPERATIONS"),
            ("=none", "INSTRUCTION"),
            ("0xabc=none", "16 hex"),
            ("a=steal", "no operation"),
        ] {
            let error = text.parse::<Row>().expect_err(text);
            assert!(error.contains(word), "{error}");
        }
    }
}
