//! What an authority chooses for an invariant, and the bounds of the code.

#[cfg(feature = "idl-build")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};

use super::TermSettings;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
};

/// Settings of an invariant. The terms' accounts come with the instruction, the left side's first, each side's in order.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct InvariantSettings {
    /// What there must be: vault balances, say.
    pub left: Vec<TermSettings>,
    /// What it must cover: what users are owed, say.
    pub right: Vec<TermSettings>,
    /// What the left side is of the right at least, in basis points, or it is Minor, Major, Critical.
    pub ratio_bps: [u32; 3],
}

impl InvariantSettings {
    /// Checks every setting against the code's bounds; the terms are checked with their accounts.
    ///
    /// # Errors
    /// [`BreakerError::TermCount`], [`BreakerError::RatioOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        let sides = [&self.left, &self.right];
        if sides.iter().any(|side| !(1..=INVARIANT_TERMS).contains(&side.len())) {
            return Err(BreakerError::TermCount);
        }
        Ratios { bps: self.ratio_bps }.check()
    }
}

/// The part of the settings that governance can amend; another comparison is another invariant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct Ratios {
    /// As [`InvariantSettings::ratio_bps`].
    pub bps: [u32; 3],
}

impl Ratios {
    /// Checks the ratios against the code's bounds.
    ///
    /// # Errors
    /// [`BreakerError::RatioOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        if are_ratios(&self.bps) { Ok(()) } else { Err(BreakerError::RatioOutOfBounds) }
    }
}

/// Whether a higher severity is broken only where the lower ones are, within the bounds of the code.
pub(super) fn are_ratios(&[minor, major, critical]: &[u32; 3]) -> bool {
    minor <= INVARIANT_RATIO_MAX_BPS && minor >= major && major >= critical && critical > 0
}
