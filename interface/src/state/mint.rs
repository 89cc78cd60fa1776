//! A guarded mint: the one cap that its unseasoned limiters share, and what was to be known of it.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::token::Warnings;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    time::Instant,
};

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
    /// What was to be known of the mint and of its vaults when they were registered: [`Warnings`].
    pub warnings: u64,
    /// Room for later versions.
    pub reserved: [u8; 56],
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

    /// What was to be known.
    pub fn warnings(&self) -> Warnings {
        Warnings(self.warnings)
    }

    /// A registration found this in the mint and its vault; what an earlier one found stays.
    pub fn warn(&mut self, found: [Warnings; 2]) {
        self.warnings |= found[0].0 | found[1].0;
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
}
