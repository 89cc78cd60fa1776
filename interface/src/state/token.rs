//! Which mints and token accounts the breaker guards and moves: what the extensions of Token-2022 mean for it.
//!
//! A check reads the bytes behind a mint's or an account's first ones against [`TABLE`], at registration. What an account's owner
//! switches on or off afterwards is met by the token program, at each move.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

mod table;
#[cfg(test)]
mod tests;

pub use table::{Extension, Holder, Ruling, TABLE};

use super::limiter::{TOKEN, TOKEN_2022};
use crate::error::{BreakerError, Checked};

/// Bytes of an account without extensions; both token programs share them. Extended mints are filled up to it.
const ACCOUNT_LEN: usize = 165;
/// Bytes of a mint without extensions.
const MINT_LEN: usize = 82;
/// Bytes of the token programs' multisig, whose signers' keys anybody makes up: nothing else has this length.
const MULTISIG_LEN: usize = 355;
/// Where both programs say that a mint is initialised, and how.
const INITIALISED: (usize, u8) = (45, 1);
/// Where both programs keep a mint's supply.
const SUPPLY: usize = 36;

/// What the breaker does with a token account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// A limiter measures what it holds.
    Guarded,
    /// A rescue takes what it holds by its owner's signature, and a release brings it back.
    Routed,
}

/// What a mint or an account has that is allowed and should be known: the bit of each row of [`TABLE`], by its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warnings(pub u64);

impl Warnings {
    /// Their rows.
    pub fn rows(self) -> impl Iterator<Item = &'static Extension> {
        TABLE.iter().filter(move |row| row.bit() & self.0 != 0)
    }
}

/// The rows of one use, as a walk over extensions asks them.
struct Rows {
    allowed: u64,
    warned: u64,
    switched: u64,
}

impl Rows {
    const fn of(holder: Holder, usage: Use) -> Self {
        let mut rows = Self { allowed: 0, warned: 0, switched: 0 };
        let mut i = 0;
        while i < TABLE.len() {
            let row = &TABLE[i];
            if row.holder as u8 == holder as u8 {
                match row.ruling(usage) {
                    Ruling::Allowed => rows.allowed |= row.bit(),
                    Ruling::Warned => {
                        (rows.allowed, rows.warned) = (rows.allowed | row.bit(), rows.warned | row.bit())
                    }
                    Ruling::Refused => {}
                }
                if row.is_switched() {
                    rows.switched |= row.bit();
                }
            }
            i += 1;
        }
        rows
    }

    /// What is to be known of these extensions; none where one of them is refused, is in no row, or is cut short.
    fn check(&self, mut extensions: &[u8]) -> Option<Warnings> {
        let mut warnings = Warnings::default();
        while let [low, high, rest @ ..] = extensions {
            let number = u16::from_le_bytes([*low, *high]);
            // as the token program reads them: nothing comes after a zero
            if number == 0 {
                break;
            }
            let (length, rest) = rest.split_first_chunk()?;
            let (value, rest) = rest.split_at_checked(u16::from_le_bytes(*length).into())?;
            let row = 1u64.checked_shl(number.into())?;
            let is_off = self.switched & row != 0 && *value.first()? == 0;
            if !is_off {
                if self.allowed & row == 0 {
                    return None;
                }
                warnings.0 |= self.warned & row;
            }
            extensions = rest;
        }
        Some(warnings)
    }
}

/// The extensions in these bytes, none where they are no such account of a token program.
// on the path of every recorded flow, where the holder is known
#[inline(always)]
pub(super) fn extensions<'a>(program: &Pubkey, data: &'a [u8], holder: Holder) -> Option<&'a [u8]> {
    let plain = match holder {
        Holder::Mint => MINT_LEN,
        Holder::Account => ACCOUNT_LEN,
    };
    if data.len() == plain {
        return (*program == TOKEN || *program == TOKEN_2022).then_some(&[]);
    }
    let (kind, extensions) = data.get(ACCOUNT_LEN..)?.split_first()?;
    let is_one = *program == TOKEN_2022 && data.len() != MULTISIG_LEN && *kind == holder as u8;
    is_one.then_some(extensions)
}

/// The extensions of a mint, none where these bytes are none.
fn mint<'a>(program: &Pubkey, data: &'a [u8]) -> Option<&'a [u8]> {
    extensions(program, data, Holder::Mint).filter(|_| data[INITIALISED.0] == INITIALISED.1)
}

/// What was minted and not burnt, none where the bytes are no mint.
pub(super) fn supply(program: &Pubkey, data: &[u8]) -> Option<u64> {
    let bytes = data.get(SUPPLY..)?.first_chunk()?;
    mint(program, data).map(|_| u64::from_le_bytes(*bytes))
}

/// Checks that the breaker can measure and move tokens of the mint in these bytes. Of what a mint may still get once it is
/// made, nothing is refused; so its registration checks it once. A closed mint could come back as another: no mint that can
/// be closed is allowed.
///
/// # Errors
/// [`BreakerError::MintNotGuardable`], also where the bytes are no mint.
pub fn check_mint(program: &Pubkey, data: &[u8]) -> Checked<Warnings> {
    const ROWS: Rows = Rows::of(Holder::Mint, Use::Guarded);
    mint(program, data).and_then(|found| ROWS.check(found)).ok_or(BreakerError::MintNotGuardable)
}

/// Checks that the token account in these bytes can be guarded, or that a rescue can take from it and bring back. Who may move
/// what it holds is [`super::VaultState::sound`]'s matter.
///
/// # Errors
/// [`BreakerError::VaultNotGuardable`], also where the bytes are no token account.
pub fn check_account(program: &Pubkey, data: &[u8], usage: Use) -> Checked<Warnings> {
    const GUARDED: Rows = Rows::of(Holder::Account, Use::Guarded);
    const ROUTED: Rows = Rows::of(Holder::Account, Use::Routed);
    let rows = match usage {
        Use::Guarded => &GUARDED,
        Use::Routed => &ROUTED,
    };
    let found = extensions(program, data, Holder::Account);
    found.and_then(|found| rows.check(found)).ok_or(BreakerError::VaultNotGuardable)
}
