//! A guarded mint: which mints can be guarded at all, and the one cap that its unseasoned limiters share.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::limiter::{TOKEN, TOKEN_2022};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    time::Instant,
};

/// Bytes of a mint without extensions; both token programs share them.
const BASE_LEN: usize = 82;
/// Where both programs say that a mint is initialised, and how.
const INITIALISED: (usize, u8) = (45, 1);
/// Where Token-2022 says what kind of account it is, and how it says "mint". Extensions follow it.
const ACCOUNT_TYPE: (usize, u8) = (165, 1);

/// Mint extensions under which a vault's balance is what its owner, and nobody else, can move by an ordinary transfer:
/// transfer fee (taken from what arrives elsewhere; what arrives here is measured), default state, interest and scaled
/// amounts (shown, not held), metadata, group and member with their pointers, pause. All others are refused, also those
/// that are not known yet: a permanent delegate moves what is in the vault, a confidential balance is not in its
/// amount, a hook needs accounts that a rescue does not know, a mint that can be closed comes back with other
/// extensions.
const GUARDABLE: [u16; 12] = [0, 1, 6, 10, 18, 19, 20, 21, 22, 23, 25, 26];

/// Where both programs keep a mint's supply.
const SUPPLY: usize = 36;

/// Whether these bytes are a mint of a token program.
fn is_mint(program: &Pubkey, data: &[u8]) -> bool {
    let is_plain = data.len() == BASE_LEN && (*program == TOKEN || *program == TOKEN_2022);
    let is_extended =
        *program == TOKEN_2022 && data.len() > ACCOUNT_TYPE.0 && data[ACCOUNT_TYPE.0] == ACCOUNT_TYPE.1;
    (is_plain || is_extended) && data[INITIALISED.0] == INITIALISED.1
}

/// What was minted and not burnt, none where the bytes are no mint.
pub(crate) fn supply(program: &Pubkey, data: &[u8]) -> Option<u64> {
    let bytes = data.get(SUPPLY..)?.first_chunk()?;
    is_mint(program, data).then_some(u64::from_le_bytes(*bytes))
}

/// Checks that the limiter's measure holds for vaults of the mint in these bytes. Extensions are fixed when a mint is
/// made, so once is enough.
///
/// # Errors
/// [`BreakerError::MintNotGuardable`], also where the bytes are no mint.
pub fn check_mint(program: &Pubkey, data: &[u8]) -> Checked<()> {
    let refused = Err(BreakerError::MintNotGuardable);
    if !is_mint(program, data) {
        return refused;
    }
    let mut rest = data.get(ACCOUNT_TYPE.0 + 1..).unwrap_or_default();
    while let [kind_low, kind_high, len_low, len_high, value @ ..] = rest {
        let kind = u16::from_le_bytes([*kind_low, *kind_high]);
        let len = usize::from(u16::from_le_bytes([*len_low, *len_high]));
        if !GUARDABLE.contains(&kind) || len > value.len() {
            return refused;
        }
        rest = &value[len..];
    }
    Ok(())
}

/// What all unseasoned limiters of a mint in a protocol may have together. PDA of [`crate::pda::mint_cap`]; written at
/// registrations only, so that no flow has to lock it.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct MintCap {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: [u8; 5],
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// The mint.
    pub mint: Pubkey,
    /// The cap, in token units: the sum of the bootstrap caps of limiters that may be unseasoned.
    pub cap: u64,
    /// What they have taken of it.
    pub taken: u64,
    /// When the last of them is seasoned at the latest.
    pub taken_until: Instant,
    /// Room for later versions.
    pub reserved: [u8; 64],
}

impl MintCap {
    /// Names an account that was just created; one that has its name keeps it.
    pub fn initialize_once(&mut self, protocol: Pubkey, mint: Pubkey, bump: u8) {
        if self.version == 0 {
            (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
            (self.protocol, self.mint) = (protocol, mint);
        }
    }

    /// A limiter that is registered now takes its bootstrap cap out of the mint's. The registration that finds no other
    /// unseasoned limiter says what the mint's cap is; until its share is back, the cap stands.
    ///
    /// # Errors
    /// [`BreakerError::MintCapDiffers`], [`BreakerError::MintCapSpent`].
    pub fn take(&mut self, cap: u64, share: u64, now: Instant) -> Checked<()> {
        if self.taken_until.reached(now) {
            (self.cap, self.taken) = (cap, 0);
        } else if cap != self.cap {
            return Err(BreakerError::MintCapDiffers);
        }
        let taken = self.taken.checked_add(share).filter(|taken| *taken <= self.cap);
        self.taken = taken.ok_or(BreakerError::MintCapSpent)?;
        self.taken_until = self.taken_until.max(now.plus(SEASONED_AFTER));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable;
    use proptest::prelude::*;

    const START: Instant = Instant::new(1_000, 1_800_000_000);

    #[test]
    fn fresh_limiters_of_a_mint_share_one_cap() {
        let mut mint = MintCap::zeroed();
        mint.take(100, 60, START).expect("the first says what the cap is");
        assert_eq!(mint.take(1_000, 1, START), Err(BreakerError::MintCapDiffers));
        assert_eq!(mint.take(100, 41, START), Err(BreakerError::MintCapSpent));
        mint.take(100, 40, START).expect("the rest");
        let early = START.plus(SEASONED_AFTER - 1);
        assert_eq!(mint.take(100, 1, early), Err(BreakerError::MintCapSpent));
        mint.take(50, 50, START.plus(SEASONED_AFTER)).expect("all are seasoned: a new cap");
        assert_eq!(MintCap::zeroed().take(u64::MAX, u64::MAX, START), Ok(()));
    }

    #[test]
    fn a_share_comes_back_by_both_clocks() {
        let mut mint = MintCap::zeroed();
        mint.take(100, 100, START).expect("all of it");
        let end = START.plus(SEASONED_AFTER);
        for early in [Instant { unix: START.unix, ..end }, Instant { slot: START.slot, ..end }] {
            assert_eq!(mint.take(100, 1, early), Err(BreakerError::MintCapSpent));
        }
    }

    proptest! {
        #[test]
        fn at_no_time_do_unseasoned_limiters_have_more_than_a_cap(
            registrations in prop::collection::vec((0u64..100_000, 0u64..60), 1..60)
        ) {
            let (mut mint, mut now) = (MintCap::zeroed(), START);
            let mut taken: Vec<(Instant, u64)> = Vec::new();
            for (seconds, share) in registrations {
                now = now.plus(seconds);
                if mint.take(100, share, now).is_ok() {
                    taken.push((now.plus(SEASONED_AFTER), share));
                }
                let unseasoned = taken.iter().filter(|(until, _)| !until.reached(now));
                prop_assert!(unseasoned.map(|(_, share)| share).sum::<u64>() <= 100);
            }
        }
    }

    /// A Token-2022 mint with these extensions.
    fn mint_with(extensions: &[(u16, usize)]) -> Vec<u8> {
        let mut data = vec![0; ACCOUNT_TYPE.0];
        data[INITIALISED.0] = INITIALISED.1;
        data.push(ACCOUNT_TYPE.1);
        for (kind, len) in extensions {
            data.extend(kind.to_le_bytes());
            data.extend(u16::try_from(*len).expect("short").to_le_bytes());
            data.resize(data.len() + len, 7);
        }
        data
    }

    #[test]
    fn every_extension_is_guardable_or_refused_by_name() {
        for kind in 0..=u16::MAX {
            let known = GUARDABLE.contains(&kind);
            assert_eq!(check_mint(&TOKEN_2022, &mint_with(&[(kind, 8)])).is_ok(), known, "{kind}");
            assert_eq!(check_mint(&TOKEN_2022, &mint_with(&[(18, 64), (kind, 3)])).is_ok(), known, "{kind}");
        }
        for (name, refused) in
            [("close authority", 3), ("confidential", 4), ("permanent delegate", 12), ("hook", 14)]
        {
            assert!(!GUARDABLE.contains(&refused), "{name}");
        }
    }

    #[test]
    fn what_is_no_mint_is_refused() {
        let mut plain = vec![0; BASE_LEN];
        assert!(check_mint(&TOKEN, &plain).is_err(), "not initialised");
        plain[INITIALISED.0] = INITIALISED.1;
        assert!(check_mint(&TOKEN, &plain).is_ok() && check_mint(&TOKEN_2022, &plain).is_ok());
        assert!(check_mint(&Pubkey::default(), &plain).is_err(), "a look-alike program");
        assert!(check_mint(&TOKEN, &mint_with(&[])).is_err(), "SPL Token has no extensions");
        let mut account = mint_with(&[]);
        account[ACCOUNT_TYPE.0] = 2;
        assert!(check_mint(&TOKEN_2022, &account).is_err(), "a token account");
        let mut cut = mint_with(&[(18, 64)]);
        cut.pop();
        assert!(check_mint(&TOKEN_2022, &cut).is_err(), "cut short");
        for len in 0..200 {
            let _ = check_mint(&TOKEN_2022, &vec![1; len]);
        }
    }
}
