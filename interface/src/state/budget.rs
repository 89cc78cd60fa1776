//! What one guardian may still pause.

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
    time::Instant,
};

/// A guardian's pause budget for one market, or for all of a protocol. PDA of [`crate::pda::budget`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct GuardianBudget {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: u8,
    /// Seconds paused in the running period.
    pub spent: u32,
    /// Market, or the protocol for all markets.
    pub scope: Pubkey,
    /// The guardian.
    pub guardian: Pubkey,
    /// When the running period began.
    pub period_start: Instant,
    /// Until when it rests: it begins no pause here before.
    pub rests_until: Instant,
    /// Room for later versions.
    pub reserved: [u8; 48],
}

impl GuardianBudget {
    /// A new budget; one that is open stays as it is, with what was spent of it.
    pub fn initialize_once(&mut self, scope: Pubkey, guardian: Pubkey, bump: u8) {
        if self.version == 0 {
            (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
            (self.scope, self.guardian) = (scope, guardian);
        }
    }

    /// Refuses a budget that is not this guardian's for this market, or for all of this protocol.
    ///
    /// # Errors
    /// [`BreakerError::WrongBudget`].
    pub fn check(&self, scope: &Pubkey, guardian: &Pubkey) -> Checked<()> {
        if self.scope == *scope && self.guardian == *guardian {
            Ok(())
        } else {
            Err(BreakerError::WrongBudget)
        }
    }

    /// Who paused rests from when that would have ended, so that what it closed opens in between; also where a quorum
    /// ended it. While any guardian's pause holds here (`is_held`) it may be made longer or wider.
    ///
    /// # Errors
    /// [`BreakerError::GuardianRests`].
    pub fn rest(&mut self, is_held: bool, until: Instant, now: Instant) -> Checked<()> {
        if !is_held && !self.rests_until.reached(now) {
            return Err(BreakerError::GuardianRests);
        }
        self.rests_until = self.rests_until.max(until.plus(PAUSE_COOLDOWN));
        Ok(())
    }

    /// Takes the seconds of a pause out of the budget: at most `budget` a period of 30 days, hence at most twice that in any
    /// 30 days of this scope ([`super::Protocol::pause_budget`]).
    ///
    /// # Errors
    /// [`BreakerError::PauseBudgetSpent`].
    pub fn spend(&mut self, seconds: u32, budget: u32, now: Instant) -> Checked<()> {
        if !self.period_start.is_set() || self.period_start.plus(PAUSE_BUDGET_PERIOD).reached(now) {
            (self.period_start, self.spent) = (now, 0);
        }
        self.spent = self
            .spent
            .checked_add(seconds)
            .filter(|spent| *spent <= budget)
            .ok_or(BreakerError::PauseBudgetSpent)?;
        Ok(())
    }
}
