//! What guardians do together: the acts that take a quorum of them, and what these do to a latch.

#[cfg(feature = "idl-build")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "idl-build"))]
use solana_program::pubkey::Pubkey;

use super::Members;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    policy::{self, Policy},
    severity::Severity,
    state::{
        latch::{Latch, LatchBoard, Source},
        market::{Market, check_duration, longest},
        money::MigrateOrder,
        proposal::Proposal,
        protocol::Protocol,
    },
    time::Instant,
};

/// An act that takes a quorum. It is of one market or of the whole protocol: its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub enum GuardianAct {
    /// `confirm`: a latch holds longer.
    Confirm(ConfirmOrder),
    /// `resume`: a latch is cleared early.
    Resume(ResumeOrder),
    /// `freeze_authority`, of the whole protocol.
    FreezeAuthority {
        /// The authority epoch that it freezes.
        authority_epoch: u64,
    },
    /// `announce_maintenance` of a market.
    Maintenance {
        /// How long keepers are quieted, in seconds.
        seconds: u32,
    },
    /// `order_migration` of a market.
    Migrate(MigrateOrder),
    /// `begin_release` of a market's vault.
    Release(ReleaseOrder),
    /// `open_claims` on a market's safe.
    OpenClaims(ClaimsOrder),
    /// `flag_held` in a market's safe.
    FlagHeld(HeldRange),
    /// `decide_held` in a market's safe.
    DecideHeld {
        /// Which.
        range: HeldRange,
        /// Whether they are paid.
        pay: bool,
    },
}

/// Money goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct ReleaseOrder {
    /// The vault that it came from.
    pub vault: Pubkey,
    /// How much, in token units; what the safe owes nobody by then, if that is less.
    pub amount: u64,
    /// Where it goes: the vault, or the destination of its route. Named, so that another route is not what was agreed on.
    pub destination: Pubkey,
    /// Who must own that.
    pub owner: Pubkey,
}

impl ReleaseOrder {
    /// From when it can do without the authority: guardians have waited for it; never where it does not go back to the vault.
    pub fn alone_from(&self, approved_at: Instant) -> Instant {
        if self.destination == self.vault { approved_at.plus(RELEASE_ALONE_AFTER) } else { Instant::NEVER }
    }

    /// Checks that it can do without the authority.
    ///
    /// # Errors
    /// [`BreakerError::AuthorityMustSign`].
    pub fn check_alone(&self, approved_at: Instant, now: Instant) -> Checked<()> {
        let from = self.alone_from(approved_at);
        if from.is_set() && from.reached(now) { Ok(()) } else { Err(BreakerError::AuthorityMustSign) }
    }
}

/// Claims on a safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct ClaimsOrder {
    /// The safe's mint.
    pub mint: Pubkey,
    /// The set's number, which is in its leaves: one more than that of the set in force.
    pub epoch: u64,
    /// Root of the tree of claims.
    pub root: [u8; 32],
    /// Their sum, in token units. A set of nothing ends the one in force.
    pub total: u64,
}

/// Held withdrawals of a safe, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct HeldRange {
    /// The safe's mint.
    pub mint: Pubkey,
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

/// Which latch: a slot, and when it was taken. Another incident takes it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct LatchId {
    /// What raised it.
    pub source: Source,
    /// Its severity.
    pub severity: Severity,
    /// When the first of the merged newcomers came.
    pub since: Instant,
}

/// A latch is to hold longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct ConfirmOrder {
    /// Which.
    pub latch: LatchId,
    /// How long from now, in seconds, within its severity's bounds; it ends with what the severity may last from the
    /// latch's beginning.
    pub seconds: u32,
}

/// A latch is to be cleared early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct ResumeOrder {
    /// Which.
    pub latch: LatchId,
    /// Newcomers merged in it. A pause or a raise that came since is another reason, which nobody has agreed to clear;
    /// what rules latched proves itself over, however often it was latched.
    pub count: u64,
    /// Rules that it stands for. Another that came since is another reason too: a flow that was refused leaves nothing to
    /// be measured, and would be over at once.
    pub rules: u64,
}

impl GuardianAct {
    /// Checks the act against the code's bounds: what can never be done is not to be voted on.
    ///
    /// # Errors
    /// [`BreakerError::SeverityNotAllowed`], [`BreakerError::DurationOutOfBounds`],
    /// [`BreakerError::MaintenanceOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        match self {
            Self::Confirm(order) => check_duration(order.latch.severity, order.seconds),
            Self::Resume(order) if order.latch.severity == Severity::Normal => {
                Err(BreakerError::SeverityNotAllowed)
            }
            Self::Maintenance { seconds } if !(MAINTENANCE_MIN..=MAINTENANCE_MAX).contains(seconds) => {
                Err(BreakerError::MaintenanceOutOfBounds)
            }
            Self::Migrate(order) if order.latch.severity < Severity::Major => {
                Err(BreakerError::SeverityNotAllowed)
            }
            Self::Release(order) if order.amount == 0 => Err(BreakerError::NothingToRelease),
            Self::FlagHeld(range) | Self::DecideHeld { range, .. } if range.from > range.to => {
                Err(BreakerError::WrongHeldRange)
            }
            _ => Ok(()),
        }
    }

    /// Checks that its scope is one in which it can be done: a freeze is of the whole protocol, maintenance of a market.
    ///
    /// # Errors
    /// [`BreakerError::WrongMarket`].
    pub const fn check_scope(&self, is_market: bool) -> Checked<()> {
        match self {
            Self::Confirm(_) | Self::Resume(_) => Ok(()),
            Self::FreezeAuthority { .. } if is_market => Err(BreakerError::WrongMarket),
            Self::FreezeAuthority { .. } => Ok(()),
            _ if is_market => Ok(()),
            _ => Err(BreakerError::WrongMarket),
        }
    }

    /// Who may do it, how many it takes, how long it waits.
    pub const fn policy(&self) -> &'static Policy {
        match self {
            Self::Confirm(_) => &policy::CONFIRM,
            Self::Resume(_) => &policy::RESUME,
            Self::FreezeAuthority { .. } => &policy::FREEZE_AUTHORITY,
            Self::Maintenance { .. } => &policy::ANNOUNCE_MAINTENANCE,
            Self::Migrate(_) => &policy::ORDER_MIGRATION,
            Self::Release(_) => &policy::RELEASE,
            Self::OpenClaims(_) => &policy::OPEN_CLAIMS,
            Self::FlagHeld(_) => &policy::FLAG_HELD,
            Self::DecideHeld { .. } => &policy::DECIDE_HELD,
        }
    }

    /// Who stands behind the act in this scope: who approved its proposal, which is executed by this, and who signs. Stops
    /// fewer than the policy names, and a proposal of another protocol, act or scope. `key` is the protocol's.
    ///
    /// # Errors
    /// [`BreakerError::Detached`], [`BreakerError::WrongProtocol`], [`BreakerError::NotAGuardian`] where nobody is,
    /// [`BreakerError::LooseningWaits`] where the act waits and was not proposed, [`BreakerError::NotApproved`], those of
    /// [`GuardianAct::check`] and of [`Proposal::execute_act`].
    pub fn check_quorum(
        &self,
        (key, protocol): (&Pubkey, &Protocol),
        scope: &Pubkey,
        proposal: Option<&mut Proposal>,
        signed: Members,
        now: Instant,
    ) -> Checked<Members> {
        protocol.check_attached()?;
        self.check()?;
        let approved = match proposal {
            Some(proposal) if proposal.protocol != *key => return Err(BreakerError::WrongProtocol),
            Some(proposal) => proposal.execute_act(protocol, (self, scope), now)?,
            // what waits is proposed, so that somebody can speak against it
            None if !self.policy().wait.is_none() => return Err(BreakerError::LooseningWaits),
            None if signed == 0 => return Err(BreakerError::NotAGuardian),
            None => 0,
        };
        let members = approved | signed;
        let needed = self.policy().votes.of(&protocol.thresholds()?, protocol.guardian_count);
        if members.count_ones() >= needed.into() { Ok(members) } else { Err(BreakerError::NotApproved) }
    }
}

impl Source {
    /// Whether a measurement raises it, which can be made again, and not a person.
    pub const fn is_automatic(self) -> bool {
        !matches!(self, Self::Guardian | Self::Keeper)
    }
}

impl LatchBoard {
    /// The live latch of a slot, by which an order names it; none where nothing holds there.
    pub fn live(&self, source: Source, severity: Severity, now: Instant) -> Option<(LatchId, &Latch)> {
        let latch = self.slot(source, severity).filter(|latch| latch.is_live(now))?;
        Some((LatchId { source, severity, since: latch.since }, latch))
    }

    /// The latch that an order names.
    ///
    /// # Errors
    /// [`BreakerError::NotHeld`], [`BreakerError::AnotherLatch`].
    pub fn named(&self, id: &LatchId, now: Instant) -> Checked<&Latch> {
        let (live, latch) = self.live(id.source, id.severity, now).ok_or(BreakerError::NotHeld)?;
        if live == *id { Ok(latch) } else { Err(BreakerError::AnotherLatch) }
    }

    fn named_mut(&mut self, id: &LatchId, now: Instant) -> Checked<&mut Latch> {
        self.named(id, now)?;
        let place = id.severity.index().ok_or(BreakerError::SeverityNotAllowed)?;
        Ok(&mut self.slots[id.source as usize * Severity::RAISED + place])
    }

    /// A quorum makes a latch hold longer: as long as its severity may at most, from when it was raised. An order for more is
    /// for that: its approvals take time, which would void it.
    ///
    /// # Errors
    /// [`BreakerError::NotHeld`], [`BreakerError::AnotherLatch`], [`BreakerError::AlreadyHeld`].
    pub fn confirm(&mut self, order: &ConfirmOrder, (dwell, grace): (u32, u32), now: Instant) -> Checked<()> {
        let latch = self.named_mut(&order.latch, now)?;
        let most = latch.since.plus(longest(order.latch.severity).into());
        let until = now.plus(order.seconds.into()).min(most);
        if until.reached(latch.until) {
            return Err(BreakerError::AlreadyHeld);
        }
        latch.until = latch.until.max(until);
        latch.count = latch.count.saturating_add(1);
        self.refresh(dwell, grace);
        Ok(())
    }

    /// A quorum clears a latch early. `cleared` are the places of the rules that were shown to measure less. What follows
    /// is the way down from where the latch would have ended now: a dwell at each step, and the grace after a halt. Gives
    /// the severity that the journal knew of, and the one of now.
    ///
    /// # Errors
    /// [`BreakerError::NotHeld`], [`BreakerError::AnotherLatch`], [`BreakerError::RuleNotShown`].
    pub fn resume(
        &mut self,
        order: &ResumeOrder,
        cleared: u64,
        (dwell, grace): (u32, u32),
        now: Instant,
    ) -> Checked<(Severity, Severity)> {
        let latch = self.named_mut(&order.latch, now)?;
        let is_automatic = order.latch.source.is_automatic();
        if !is_automatic && latch.count != order.count || latch.rules & !order.rules != 0 {
            return Err(BreakerError::AnotherLatch);
        }
        // what stands for no rule that is known cannot be shown to be over: it ends by itself
        if latch.rules & !cleared != 0 || is_automatic && latch.rules == 0 {
            return Err(BreakerError::RuleNotShown);
        }
        latch.until = now;
        self.refresh(dwell, grace);
        let before = Severity::from_byte(self.told.try_into().unwrap_or(u8::MAX))?;
        let after = self.severity(now);
        self.told = after as u64;
        Ok((before, after))
    }
}

impl Market {
    /// Planned work begins, which was announced a loosening delay ago: keepers' raises are refused while it lasts. Nothing
    /// else is, and it does not begin while anything holds.
    ///
    /// # Errors
    /// [`BreakerError::MaintenanceOutOfBounds`], [`BreakerError::LatchLive`], [`BreakerError::MaintenanceSpent`].
    pub fn announce_maintenance(&mut self, seconds: u32, whole: &LatchBoard, now: Instant) -> Checked<()> {
        GuardianAct::Maintenance { seconds }.check()?;
        if !self.is_calm(whole, now) {
            return Err(BreakerError::LatchLive);
        }
        let [oldest, second, third] = self.maintenances;
        if oldest.is_set() && !oldest.plus(MAINTENANCE_PERIOD).reached(now) {
            return Err(BreakerError::MaintenanceSpent);
        }
        self.maintenances = [second, third, now];
        self.quiet_until = now.plus(seconds.into());
        Ok(())
    }
}
