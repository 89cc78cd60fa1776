//! A registered keeper: the bot's key and what it may do.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    time::Instant,
};

/// A keeper's registration and its budget. PDA of [`crate::pda::keeper`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Keeper {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: u8,
    /// Longest raise, and sum of a day's raises, in seconds.
    pub max_seconds: u32,
    /// Protocol it serves.
    pub protocol: Pubkey,
    /// The bot's key.
    pub key: Pubkey,
    /// When the registration ends.
    pub expires: Instant,
    /// When the running day of its budget began.
    pub day_start: Instant,
    /// Raises in the running day.
    pub raises_today: u16,
    /// Raises a day.
    pub raises_per_day: u16,
    /// Seconds raised in the running day.
    pub seconds_today: u32,
    /// Raises ever made.
    pub raises: u64,
    /// When it was heard of last: a heartbeat or a raise.
    pub seen_at: Instant,
    /// Room for later versions.
    pub reserved: [u8; 48],
}

/// What an authority chooses when it registers a keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct KeeperSettings {
    /// The bot's key.
    pub key: Pubkey,
    /// Longest raise, and sum of a day's raises, in seconds: 10 minutes to a day.
    pub max_seconds: u32,
    /// Raises a day: 1 to 24.
    pub raises_per_day: u16,
    /// How long the registration lasts, in seconds: up to a year.
    pub term: u32,
}

impl KeeperSettings {
    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// [`BreakerError::KeeperSettingOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        let sound = (MINOR_MIN..=MINOR_MAX).contains(&self.max_seconds)
            && (1..=KEEPER_RAISES_PER_DAY_MAX).contains(&self.raises_per_day)
            && (1..=KEEPER_TERM_MAX).contains(&self.term)
            && self.key != Pubkey::default();
        if sound { Ok(()) } else { Err(BreakerError::KeeperSettingOutOfBounds) }
    }
}

impl Keeper {
    /// A new registration.
    ///
    /// # Errors
    /// [`BreakerError::KeeperSettingOutOfBounds`].
    pub fn initialize(
        &mut self,
        protocol: Pubkey,
        bump: u8,
        settings: &KeeperSettings,
        now: Instant,
    ) -> Checked<()> {
        settings.check()?;
        self.version = LAYOUT_VERSION;
        self.min_reader = 1;
        self.bump = bump;
        self.max_seconds = settings.max_seconds;
        self.protocol = protocol;
        self.key = settings.key;
        self.expires = now.plus(settings.term.into());
        self.day_start = now;
        self.raises_per_day = settings.raises_per_day;
        Ok(())
    }

    /// The bot says that it is there.
    ///
    /// # Errors
    /// [`BreakerError::KeeperExpired`].
    pub fn beat(&mut self, now: Instant) -> Checked<()> {
        if self.expires.reached(now) {
            return Err(BreakerError::KeeperExpired);
        }
        self.seen_at = now;
        Ok(())
    }

    /// Takes one raise of so many seconds out of the budget.
    ///
    /// # Errors
    /// [`BreakerError::KeeperExpired`], [`BreakerError::RaiseDurationOutOfBounds`], [`BreakerError::RaisesSpent`].
    pub fn spend_raise(&mut self, seconds: u32, now: Instant) -> Checked<()> {
        self.beat(now)?;
        if !(MINOR_MIN..=self.max_seconds).contains(&seconds) {
            return Err(BreakerError::RaiseDurationOutOfBounds);
        }
        if self.day_start.plus(DAY).reached(now) {
            (self.day_start, self.raises_today, self.seconds_today) = (now, 0, 0);
        }
        let seconds_today = self.seconds_today.saturating_add(seconds);
        if self.raises_today >= self.raises_per_day || seconds_today > self.max_seconds {
            return Err(BreakerError::RaisesSpent);
        }
        self.raises_today += 1;
        self.seconds_today = seconds_today;
        self.raises = self.raises.saturating_add(1);
        Ok(())
    }
}
