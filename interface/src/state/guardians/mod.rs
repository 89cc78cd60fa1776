//! The guardians together: how many of them each act takes, and who of them has spoken for what.

mod act;

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

pub use act::{ClaimsOrder, ConfirmOrder, GuardianAct, HeldRange, LatchId, ReleaseOrder, ResumeOrder};

use super::{Protocol, protocol::check_members};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    time::Instant,
};

/// How many guardians each of their acts takes. Pausing takes one.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// To make a latch hold longer.
    pub confirm: u8,
    /// To clear a latch early, and to accept a loss beside the authority.
    pub resume: u8,
    /// To move money to safety.
    pub migrate: u8,
    /// To give it back.
    pub release: u8,
    /// To stop a proposal for good.
    pub veto: u8,
    /// To void what the authority proposed and to refuse more.
    pub freeze: u8,
    /// Explicit padding.
    pub padding: [u8; 2],
}

impl Thresholds {
    /// A majority of so many members, for everything.
    pub const fn majority(members: u8) -> Self {
        let most = members / 2 + 1;
        Self {
            confirm: most,
            resume: most,
            migrate: most,
            release: most,
            veto: most,
            freeze: most,
            padding: [0; 2],
        }
    }

    /// Checks the thresholds for so many members: none is zero or above them, and what loosens takes a majority; so
    /// does a freeze, which holds off the removal of who asks for it. To confirm takes two: who pauses must not make it
    /// last.
    ///
    /// # Errors
    /// [`BreakerError::ThresholdOutOfBounds`].
    pub fn check(&self, members: u8) -> Checked<()> {
        let Self { confirm, resume, migrate, release, veto, freeze, padding } = *self;
        let all = [confirm, resume, migrate, release, veto, freeze];
        let most = Self::majority(members).resume;
        let is_sound = all.iter().all(|threshold| (1..=members).contains(threshold))
            && confirm > 1
            && [resume, migrate, release, freeze].iter().all(|threshold| *threshold >= most)
            && padding == [0; 2];
        if is_sound { Ok(()) } else { Err(BreakerError::ThresholdOutOfBounds) }
    }

    /// What a change of members or thresholds takes: no less than the strictest of the acts that it could make easier.
    pub fn strictest(&self) -> u8 {
        let Self { confirm, resume, migrate, release, veto, freeze, .. } = *self;
        [confirm, resume, migrate, release, veto, freeze].into_iter().max().unwrap_or(u8::MAX)
    }
}

/// Members by their places: bit `i` is guardian `i`.
pub type Members = u16;

/// Who of the guardians has spoken, in one membership. Another membership begins with nobody: a vote of former members
/// counts for nothing, also once they are members again.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ballot {
    /// The membership in which they spoke.
    pub epoch: u64,
    /// Who approved.
    pub approved: Members,
    /// Who vetoed.
    pub vetoed: Members,
    /// Explicit padding.
    pub padding: [u8; 4],
}

impl Ballot {
    /// The votes of this membership.
    pub fn of(&self, epoch: u64) -> Self {
        if self.epoch == epoch { *self } else { Self { epoch, ..Self::default() } }
    }

    /// Adds approvals of this membership.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyVoted`] where they approved before, all of them.
    pub fn approve(&mut self, members: Members, epoch: u64) -> Checked<()> {
        let mut votes = self.of(epoch);
        add(&mut votes.approved, members)?;
        *self = votes;
        Ok(())
    }

    /// Adds vetoes of this membership.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyVoted`] where they vetoed before, all of them.
    pub fn veto(&mut self, members: Members, epoch: u64) -> Checked<()> {
        let mut votes = self.of(epoch);
        add(&mut votes.vetoed, members)?;
        *self = votes;
        Ok(())
    }
}

fn add(voted: &mut Members, members: Members) -> Checked<()> {
    if members & !*voted == 0 {
        return Err(BreakerError::AlreadyVoted);
    }
    *voted |= members;
    Ok(())
}

impl Protocol {
    /// The places of those of these keys that are guardians.
    ///
    /// # Errors
    /// [`BreakerError::NotAGuardian`] where one is none, or where there are none.
    pub fn members<'a>(&self, keys: impl IntoIterator<Item = &'a Pubkey>) -> Checked<Members> {
        let mut members = 0;
        for key in keys {
            let place = self.guardians().iter().position(|guardian| guardian == key);
            members |= 1 << place.ok_or(BreakerError::NotAGuardian)?;
        }
        if members == 0 { Err(BreakerError::NotAGuardian) } else { Ok(members) }
    }

    /// The thresholds in force.
    ///
    /// # Errors
    /// [`BreakerError::MigrateFirst`] where the account is of a version without them.
    pub fn thresholds(&self) -> Checked<Thresholds> {
        if self.version < PROTOCOL_VERSION { Err(BreakerError::MigrateFirst) } else { Ok(self.thresholds) }
    }

    /// Brings the account to this version; false where it is of it already.
    ///
    /// From 1 to 2 the guardians' acts get thresholds, a majority each: what was there is zero, and zero would be nobody.
    pub fn migrate(&mut self) -> bool {
        if self.version >= PROTOCOL_VERSION {
            return false;
        }
        self.thresholds = Thresholds::majority(self.guardian_count);
        self.version = PROTOCOL_VERSION;
        true
    }

    /// Other guardians and thresholds. Approvals and vetoes of the former membership count for nothing from here on.
    ///
    /// # Errors
    /// Those of [`Protocol::initialize`] about guardians, [`BreakerError::ThresholdOutOfBounds`],
    /// [`BreakerError::NothingChanges`].
    pub(super) fn set_guardians(&mut self, members: &[Pubkey], thresholds: &Thresholds) -> Checked<()> {
        let count = check_members(members, &self.authority)?;
        thresholds.check(count)?;
        if self.guardians() == members && self.thresholds == *thresholds {
            return Err(BreakerError::NothingChanges);
        }
        self.guardians = [Pubkey::default(); MAX_GUARDIANS];
        self.guardians[..members.len()].copy_from_slice(members);
        (self.guardian_count, self.thresholds) = (count, *thresholds);
        self.membership_epoch += 1;
        Ok(())
    }

    /// Seconds that one guardian may pause in a period, of a market and of all markets each. All but one of a confirm
    /// quorum together pause for seven days at most in any 30: each has two budgets, and two periods can meet in them. No
    /// error stops a pause: where there are no thresholds yet it is as with the smallest.
    pub fn pause_budget(&self) -> u32 {
        let others = u32::from(self.thresholds.confirm.max(2) - 1);
        (MINORITY_PAUSE_MAX / 4 / others).min(PAUSE_BUDGET_SECONDS)
    }

    /// The guardians void what the authority proposed, and refuse what it would propose for a while.
    ///
    /// # Errors
    /// [`BreakerError::StaleFreeze`] where the order was signed before the last freeze or move,
    /// [`BreakerError::AlreadyFrozen`] where it is frozen.
    pub fn freeze_authority(&mut self, authority_epoch: u64, now: Instant) -> Checked<()> {
        if authority_epoch != self.authority_epoch {
            return Err(BreakerError::StaleFreeze);
        }
        if !self.frozen_until.reached(now) {
            return Err(BreakerError::AlreadyFrozen);
        }
        self.authority_epoch = authority_epoch.checked_add(1).ok_or(BreakerError::StaleFreeze)?;
        self.frozen_until = now.plus(AUTHORITY_FREEZE);
        Ok(())
    }

    /// Checks that it is the authority that agrees to what guardians approved. A frozen one agrees to nothing: where the money
    /// goes may be the thief's by now, and back to the vault it goes without.
    ///
    /// # Errors
    /// [`BreakerError::NotTheAuthority`], [`BreakerError::AuthorityFrozen`].
    pub fn check_agrees(&self, key: &Pubkey, now: Instant) -> Checked<()> {
        if *key != self.authority {
            return Err(BreakerError::NotTheAuthority);
        }
        self.check_thawed(now)
    }

    /// Refuses proposals of a frozen authority.
    ///
    /// # Errors
    /// [`BreakerError::AuthorityFrozen`].
    pub fn check_thawed(&self, now: Instant) -> Checked<()> {
        if self.frozen_until.reached(now) { Ok(()) } else { Err(BreakerError::AuthorityFrozen) }
    }
}

#[cfg(test)]
mod tests;
