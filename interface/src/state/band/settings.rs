//! What an authority chooses for a price band, and the bounds of the code.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
};

/// One price account. The account is named, not only the feed: or whoever pokes would choose among all prices that
/// were ever signed, and an old one would prove that the feed is stale.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Feed {
    /// Address of the price account; the default key where there is no feed.
    pub account: Pubkey,
    /// Which price it holds.
    pub id: [u8; 32],
}

impl Feed {
    /// Whether there is one.
    pub fn is_set(&self) -> bool {
        self.account != Pubkey::default()
    }
}

/// Settings of a price band. Shares are in basis points; times in seconds; tables by Minor, Major, Critical.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct BandSettings {
    /// The price the protocol uses.
    pub primary: Feed,
    /// A second price of the same thing; none with the default.
    pub second: Feed,
    /// Older prices are unusable.
    pub max_age: u32,
    /// Prices are unusable whose confidence is a greater share of them.
    pub max_conf_bps: u32,
    /// What an unreadable or stale price latches: Minor or Major, as a number.
    pub stale_severity: u32,
    /// What a confidence that is too wide latches: Minor or Major, as a number.
    pub wide_severity: u32,
    /// Distance of the price from the reference, as a share of the reference.
    pub deviation_bps: [u32; 3],
    /// Distance between the two feeds, as a share of the lower.
    pub divergence_bps: [u32; 3],
    /// How far the reference moves in an hour at most: no further than the Minor deviation.
    pub step_bps: u32,
    /// After so long without an `observe` the reference is stale and learns again.
    pub observe_within: u32,
}

impl BandSettings {
    /// A starting point for a liquid asset: 5, 10 and 20 % from a reference that moves 2 % an hour, 2, 5 and 10 %
    /// between the feeds, a price a minute old at most, with a confidence of 2 % at most.
    pub const fn starting(primary: Feed, second: Feed) -> Self {
        Self {
            primary,
            second,
            max_age: 60,
            max_conf_bps: 200,
            stale_severity: Severity::Minor as u32,
            wide_severity: Severity::Minor as u32,
            deviation_bps: [500, 1_000, 2_000],
            divergence_bps: [200, 500, 1_000],
            step_bps: 200,
            observe_within: 600,
        }
    }

    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// [`BreakerError::SameFeedTwice`], [`BreakerError::UnusableIsNeverCritical`],
    /// [`BreakerError::BandSettingOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        let (first, second) = (&self.primary, &self.second);
        if second.is_set() && (second.account == first.account || second.id == first.id) {
            return Err(BreakerError::SameFeedTwice);
        }
        let caution = Severity::Minor as u32..=Severity::Major as u32;
        if !caution.contains(&self.stale_severity) || !caution.contains(&self.wide_severity) {
            return Err(BreakerError::UnusableIsNeverCritical);
        }
        let rising = |[minor, major, critical]: [u32; 3]| {
            BAND_THRESHOLD_MIN_BPS <= minor
                && minor < major
                && major < critical
                && critical <= BAND_THRESHOLD_MAX_BPS
        };
        let is_sound = first.is_set()
            && rising(self.deviation_bps)
            && rising(self.divergence_bps)
            && (BAND_AGE_MIN..=BAND_AGE_MAX).contains(&self.max_age)
            && (1..=BAND_CONF_MAX_BPS).contains(&self.max_conf_bps)
            && (1..=self.deviation_bps[0]).contains(&self.step_bps)
            && (BAND_OBSERVE_MIN..=BAND_OBSERVE_MAX).contains(&self.observe_within);
        if is_sound { Ok(()) } else { Err(BreakerError::BandSettingOutOfBounds) }
    }
}
