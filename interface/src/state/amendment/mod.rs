//! Amendments: every way in which governance changes what is registered.

#[cfg(feature = "idl-build")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "idl-build"))]
use solana_program::pubkey::Pubkey;

use super::{
    band::{BandSettings, PriceBand},
    guardians::Thresholds,
    invariant::{Invariant, Ratios, Shown},
    keeper::Keeper,
    latch::LatchBoard,
    limiter::{Limiter, LimiterSettings, Trip, VaultState},
    market::{Market, MarketSettings},
    protocol::{Protocol, check_members},
    setting::{Change, Path, Setting},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// What to change. New settings come whole; which way each field goes is the ratchet's to say. Of the others a
/// tightening says so; the rest come by a proposal only.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub enum Amendment {
    /// New settings of a market.
    Market(MarketSettings),
    /// New settings of a limiter. The vault's account follows; by a proposal, the instructions sysvar before it.
    Limiter(LimiterSettings),
    /// New settings of a price band. By a proposal, its market's account follows.
    Band(BandSettings),
    /// New ratios of an invariant. By a proposal, its market's account follows.
    Invariant(Ratios),
    /// Another loosening delay of the protocol, in seconds.
    LooseningDelay(u32),
    /// A limiter, band or invariant comes into force: a tightening. A limiter's vault follows; by a
    /// proposal, the instructions sysvar before it.
    Arm,
    /// A limiter, band or invariant goes back to shadow. The instructions sysvar follows, then a limiter's vault, or an
    /// invariant's terms' accounts.
    Disarm,
    /// After a real loss: the rule measures from what there is now. The instructions sysvar follows, then a limiter's
    /// vault, or an invariant's terms' accounts.
    AcceptLoss {
        /// What there must be at least: token units of a vault, basis points of an invariant. A loss that grew since it was
        /// proposed is not accepted.
        least: u64,
    },
    /// A keeper's registration ends.
    RevokeKeeper,
    /// Governance moves to another key, which signs too.
    Authority(Pubkey),
    /// Other guardians and thresholds, with the approval of today's guardians. The keepers' seats of those who are new
    /// follow, in their order.
    Guardians {
        /// All of them.
        members: Vec<Pubkey>,
        /// How many of them each of their acts takes.
        thresholds: Thresholds,
    },
    /// Pins the program as it is deployed: a tightening. Its data account follows.
    Pin,
    /// Approves, for a week, the upgrade whose code has this sha256, without the zeros at its end; zero takes an approval
    /// back, which is a tightening.
    ApproveUpgrade([u8; 32]),
    /// The program is not watched any longer. Its data account follows.
    Unpin,
    /// The protocol leaves; its gates read as open. The instructions sysvar follows, then all its markets, then all
    /// limiters that were ever armed, each with its vault after it; both kinds in the order of their addresses.
    Detach,
}

impl Amendment {
    /// Checks new settings against the code's bounds.
    ///
    /// # Errors
    /// The error of the bound that is broken.
    pub fn check(&self) -> Checked<()> {
        match self {
            Self::Market(settings) => settings.check(),
            Self::Limiter(settings) => settings.check(),
            Self::Band(settings) => settings.check(),
            Self::Invariant(ratios) => ratios.check(),
            Self::LooseningDelay(delay) => check_delay(*delay),
            // that none is the authority is for the day of the change
            Self::Guardians { members, thresholds } => {
                thresholds.check(check_members(members, &Pubkey::default())?)
            }
            Self::AcceptLoss { least: 0 } => Err(BreakerError::LossOfEverything),
            Self::Authority(key) if *key == Pubkey::default() => Err(BreakerError::InvalidAuthority),
            _ => Ok(()),
        }
    }
}

/// Whether a loosening may wait for so long.
pub(super) fn check_delay(delay: u32) -> Checked<()> {
    if (LOOSENING_DELAY_MIN..=LOOSENING_DELAY_MAX).contains(&delay) {
        Ok(())
    } else {
        Err(BreakerError::DelayOutOfBounds)
    }
}

/// By which path an amendment comes, and for a proposal what it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mandate {
    /// The authority's signature alone.
    AtOnce,
    /// A ripe proposal.
    Proposed {
        /// Changes that the setting had seen when it was proposed.
        epoch: u64,
        /// When that was.
        at: Instant,
    },
}

impl Mandate {
    /// A proposal of this epoch, made before anything tripped.
    #[cfg(test)]
    pub(super) fn waited(epoch: u64) -> Self {
        Self::Proposed { epoch, at: Instant::NEVER }
    }

    /// Checks a change of settings that have seen `epoch` changes, and counts it. `delayed` are the last settings that
    /// waited, or those of registration; `tightened` is the epoch of the first tightening at once since. Going back within
    /// them is open whatever happened after that, so that nobody can hold them off by tightening a little more each slot;
    /// but it is proposed after that, so that nobody has it ready before there is something to undo. Whatever else loosens
    /// waits until nothing holds: a ripe proposal must not open in the midst of an incident what only a quorum may.
    ///
    /// # Errors
    /// Those of [`Setting::check_change`]; [`BreakerError::ProposalVoid`], [`BreakerError::LatchLive`].
    fn replace<S: Setting + Clone>(
        self,
        old: &S,
        delayed: &mut S,
        new: &S,
        (epoch, tightened): (&mut u64, &mut u64),
        is_calm: bool,
    ) -> Checked<Change> {
        let path = match self {
            Self::AtOnce => Path::AtOnce,
            Self::Proposed { .. } => Path::Proposed,
        };
        let change = old.check_change(delayed, new, path)?;
        if let Self::Proposed { epoch: of, .. } = self {
            let is_undoing = new.is_within(delayed);
            let undoes_what_was = is_undoing && *tightened != 0 && of >= *tightened;
            if of != *epoch && !undoes_what_was {
                return Err(BreakerError::ProposalVoid);
            }
            if change == Change::Loosens && !is_undoing && !is_calm {
                return Err(BreakerError::LatchLive);
            }
            *delayed = new.clone();
            *tightened = 0;
        }
        *epoch += 1;
        if self == Self::AtOnce && *tightened == 0 {
            *tightened = *epoch;
        }
        Ok(change)
    }

    /// Checks that a loosening of its own comes by a proposal of this epoch; when that was made.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`].
    fn check_waited(self, epoch: u64) -> Checked<Instant> {
        match self {
            Self::AtOnce => Err(BreakerError::LooseningWaits),
            Self::Proposed { epoch: of, .. } if of != epoch => Err(BreakerError::ProposalVoid),
            Self::Proposed { at, .. } => Ok(at),
        }
    }
}

/// Checks that a loss was latched in an earlier slot than it was proposed to be accepted: what is proposed before is a
/// blank cheque.
fn check_seen(tripped_at: Instant, proposed_at: Instant) -> Checked<()> {
    let was_seen = tripped_at.is_set() && tripped_at.slot < proposed_at.slot;
    if was_seen { Ok(()) } else { Err(BreakerError::LossUnseen) }
}

impl Protocol {
    /// Another delay of loosenings. What was proposed keeps the delay of its day.
    ///
    /// # Errors
    /// [`BreakerError::DelayOutOfBounds`], those of [`Setting::check_change`], [`BreakerError::ProposalVoid`].
    pub fn amend_delay(&mut self, delay: u32, mandate: Mandate) -> Checked<Change> {
        check_delay(delay)?;
        let old = self.settings();
        let of = |loosening_delay| super::ProtocolSettings { loosening_delay, ..old.clone() };
        let (mut delayed, new) = (of(self.delayed_loosening_delay), of(delay));
        let mut tightened = u64::from(self.tightened);
        // what is proposed keeps its delay: in an incident a shorter one opens nothing
        let change = mandate.replace(&old, &mut delayed, &new, (&mut self.epoch, &mut tightened), true)?;
        self.tightened = u32::try_from(tightened).unwrap_or(u32::MAX);
        self.loosening_delay = delay;
        self.delayed_loosening_delay = delayed.loosening_delay;
        Ok(change)
    }

    /// Governance moves: the new key has signed.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::InvalidAuthority`],
    /// [`BreakerError::GuardianRoleConflict`].
    pub fn move_authority(&mut self, to: Pubkey, mandate: Mandate) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        super::ProtocolSettings { authority: to, ..self.settings() }.check()?;
        self.authority = to;
        self.authority_epoch += 1;
        self.epoch += 1;
        Ok(())
    }

    /// Other guardians and thresholds, in whichever direction: by a proposal that the guardians of today approved.
    /// Nothing else voids it but another such change, so nobody holds it off.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], those of [`Protocol::initialize`] about guardians,
    /// [`BreakerError::ThresholdOutOfBounds`], [`BreakerError::NothingChanges`].
    pub fn change_guardians(
        &mut self,
        members: &[Pubkey],
        thresholds: &Thresholds,
        mandate: Mandate,
    ) -> Checked<()> {
        if mandate == Mandate::AtOnce {
            return Err(BreakerError::LooseningWaits);
        }
        self.set_guardians(members, thresholds)
    }

    /// Pins the program as it is deployed.
    ///
    /// # Errors
    /// Those of [`super::ProgramPin::pin`].
    pub fn pin_program(&mut self, shown: &Shown, now: Instant) -> Checked<u64> {
        let slot = self.pin.pin(&self.program, shown, now)?;
        self.epoch += 1;
        Ok(slot)
    }

    /// Approves an upgrade to come. An approval is taken back at once: who finds a hole in what was approved must not
    /// wait until it has come. Gives the first eight bytes of the hash that is approved, or is no longer.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], those of [`super::ProgramPin::approve`].
    pub fn approve_upgrade(&mut self, code: [u8; 32], mandate: Mandate, now: Instant) -> Checked<u64> {
        if code != [0; 32] || mandate != Mandate::AtOnce {
            mandate.check_waited(self.epoch)?;
        }
        let [a, b, c, d, e, f, g, h, ..] = self.pin.approve(code, now)?;
        self.epoch += 1;
        Ok(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Takes the pin away.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], those of [`super::ProgramPin::unpin`].
    pub fn unpin(&mut self, mandate: Mandate, shown: &Shown, now: Instant) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        self.pin.unpin(shown, now)?;
        self.epoch += 1;
        Ok(())
    }

    /// The protocol leaves. The caller has shown all its markets and limiters, and none holds anything.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::LatchLive`].
    pub fn detach(&mut self, mandate: Mandate, now: Instant) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        self.board.check_over(now)?;
        self.detached = 1;
        self.epoch += 1;
        Ok(())
    }
}

impl Market {
    /// New settings. Latches that hold keep their ends; the way down from them takes the new steps. Longer ones wait
    /// until there is no way down: what is over already would hold again. `whole` are the latches of the whole protocol.
    ///
    /// # Errors
    /// Those of [`MarketSettings::check`] and [`Setting::check_change`], [`BreakerError::ProposalVoid`],
    /// [`BreakerError::LatchLive`].
    pub fn amend(
        &mut self,
        new: &MarketSettings,
        mandate: Mandate,
        whole: &LatchBoard,
        now: Instant,
    ) -> Checked<Change> {
        new.check()?;
        let (old, mut delayed) = (self.settings(), self.delayed_settings());
        let is_calm = self.is_calm(whole, now);
        let counts = (&mut self.epoch, &mut self.tightened);
        let change = mandate.replace(&old, &mut delayed, new, counts, is_calm)?;
        let is_longer = new.dwell > old.dwell || new.liquidation_grace > old.liquidation_grace;
        if is_longer && !self.board.is_clear() {
            return Err(BreakerError::LatchLive);
        }
        self.set(new);
        self.set_delayed(&delayed);
        self.board.refresh(self.dwell, self.liquidation_grace);
        self.assert_invariant()?;
        Ok(change)
    }
}

impl Limiter {
    /// New settings: what passed is settled at the old ones, and what was used stays used. A drain that nobody has poked
    /// yet is poked first.
    ///
    /// # Errors
    /// Those of [`LimiterSettings::check`] and [`Setting::check_change`], [`BreakerError::ProposalVoid`],
    /// [`BreakerError::LatchLive`], [`BreakerError::PokeFirst`] and the overflow error of the rule concerned.
    pub fn amend(
        &mut self,
        new: &LimiterSettings,
        mandate: Mandate,
        vault: &VaultState,
        now: Instant,
    ) -> Checked<Change> {
        new.check()?;
        let (old, is_calm) = (self.settings, self.severity(now) == Severity::Normal);
        let counts = (&mut self.epoch, &mut self.tightened);
        let change = mandate.replace(&old, &mut self.delayed, new, counts, is_calm)?;
        self.resettle(new, self.balance(vault), now)?;
        self.assert_invariant()?;
        Ok(change)
    }

    /// Back to shadow. A drain that nobody has poked yet is poked first: in shadow nothing would latch it any more.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::NotArmed`],
    /// [`BreakerError::PokeFirst`] and the overflow error of the rule concerned.
    pub fn disarm(&mut self, mandate: Mandate, vault: &VaultState, now: Instant) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        if self.armed == 0 {
            return Err(BreakerError::NotArmed);
        }
        let settings = self.settings;
        self.resettle(&settings, self.balance(vault), now)?;
        (self.armed, self.observed_at) = (0, Instant::NEVER);
        self.epoch += 1;
        self.assert_invariant()
    }

    /// Checks that no drain is to be seen that nobody has poked yet.
    ///
    /// # Errors
    /// [`BreakerError::PokeFirst`] and the overflow error of the rule concerned.
    pub fn check_poked(&self, vault: &VaultState, now: Instant) -> Checked<()> {
        { *self }.resettle(&self.settings, self.balance(vault), now)
    }

    /// After a loss that is known: what left without a record is forgotten, and the base is what there is. A loss that
    /// nobody has poked yet is not accepted, nor one that was latched after that was proposed.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::PokeFirst`],
    /// [`BreakerError::LossGrew`], [`BreakerError::NothingChanges`], [`BreakerError::LossUnseen`] and the overflow error of the rule concerned.
    pub fn accept_loss(
        &mut self,
        mandate: Mandate,
        least: u64,
        vault: &VaultState,
        now: Instant,
    ) -> Checked<u64> {
        let proposed_at = mandate.check_waited(self.epoch)?;
        let (settings, balance) = (self.settings, self.balance(vault));
        self.resettle(&settings, balance, now)?;
        if balance < least {
            return Err(BreakerError::LossGrew);
        }
        let accepted = self.undeclared;
        if accepted == 0 {
            return Err(BreakerError::NothingChanges);
        }
        check_seen(self.tripped_at, proposed_at)?;
        (self.undeclared, self.undeclared_carry) = (0, 0);
        (self.observed_at, self.tripped_at) = (Instant::NEVER, Instant::NEVER);
        self.epoch += 1;
        self.assert_invariant()?;
        Ok(accepted)
    }
}

impl PriceBand {
    /// New settings; the reference stays. `is_calm` says of the band's market what [`Market::is_calm`] does.
    ///
    /// # Errors
    /// Those of [`BandSettings::check`] and [`Setting::check_change`], [`BreakerError::ProposalVoid`],
    /// [`BreakerError::LatchLive`].
    pub fn amend(&mut self, new: &BandSettings, mandate: Mandate, is_calm: bool) -> Checked<Change> {
        new.check()?;
        let old = self.settings;
        let counts = (&mut self.epoch, &mut self.tightened);
        let change = mandate.replace(&old, &mut self.delayed, new, counts, is_calm)?;
        self.settings = *new;
        self.assert_invariant()?;
        Ok(change)
    }

    /// From shadow to force. What was proposed of the band in shadow is void: nobody looked at it as at a loosening.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyArmed`], [`BreakerError::BandInvariant`].
    pub fn arm(&mut self, now: Instant) -> Checked<()> {
        self.standing.arm(now)?;
        self.epoch += 1;
        self.assert_invariant()
    }

    /// Back to shadow.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::NotArmed`].
    pub fn disarm(&mut self, mandate: Mandate) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        self.standing.disarm()?;
        self.epoch += 1;
        Ok(())
    }
}

impl Invariant {
    /// New ratios. `is_calm` says of the invariant's market what [`Market::is_calm`] does.
    ///
    /// # Errors
    /// Those of [`Ratios::check`] and [`Setting::check_change`], [`BreakerError::ProposalVoid`],
    /// [`BreakerError::LatchLive`].
    pub fn amend(&mut self, new: &Ratios, mandate: Mandate, is_calm: bool) -> Checked<Change> {
        new.check()?;
        let old = Ratios { bps: self.ratio_bps };
        let mut delayed = Ratios { bps: self.delayed_ratio_bps };
        let counts = (&mut self.epoch, &mut self.tightened);
        let change = mandate.replace(&old, &mut delayed, new, counts, is_calm)?;
        (self.ratio_bps, self.delayed_ratio_bps) = (new.bps, delayed.bps);
        self.assert_invariant()?;
        Ok(change)
    }

    /// From shadow to force, as [`PriceBand::arm`].
    ///
    /// # Errors
    /// [`BreakerError::AlreadyArmed`], [`BreakerError::InvariantDamaged`].
    pub fn arm(&mut self, now: Instant) -> Checked<()> {
        self.standing.arm(now)?;
        (self.tripped, self.tripped_at) = (0, Instant::NEVER);
        self.epoch += 1;
        self.assert_invariant()
    }

    /// Back to shadow. A trip that nobody has poked yet is poked first.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::NotArmed`],
    /// [`BreakerError::PokeFirst`].
    pub fn disarm(&mut self, mandate: Mandate, measured: Option<Trip>) -> Checked<()> {
        mandate.check_waited(self.epoch)?;
        self.standing.disarm()?;
        if measured.is_some_and(|trip| trip.severity as u32 > self.tripped) {
            return Err(BreakerError::PokeFirst);
        }
        self.epoch += 1;
        Ok(())
    }

    /// After a loss that is known: a caution begins below what the accounts hold now, and the higher severities keep
    /// their distances from it in proportion. Were all at once at what is left, the next unit would be a full halt. A loss
    /// that nobody has poked yet is not accepted, nor one that was latched after that was proposed.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::ProposalVoid`], [`BreakerError::LossGrew`],
    /// [`BreakerError::PokeFirst`], [`BreakerError::NothingChanges`] where the comparison holds,
    /// [`BreakerError::LossUnseen`], [`BreakerError::RatioOutOfBounds`] where nothing is left.
    pub fn accept_loss(&mut self, mandate: Mandate, least: u64, measured_bps: u32) -> Checked<()> {
        let proposed_at = mandate.check_waited(self.epoch)?;
        if u64::from(measured_bps) < least {
            return Err(BreakerError::LossGrew);
        }
        // from Minor up, each ratio that is not kept is one severity more
        let broken = self.ratio_bps.iter().filter(|ratio| measured_bps < **ratio).count();
        if broken > self.tripped as usize {
            return Err(BreakerError::PokeFirst);
        }
        // the distances that waited: a caution set high at once would pull the others down with it
        let minor = self.delayed_ratio_bps[0];
        let most = |waited: u32| u64::from(waited) * u64::from(measured_bps) / u64::from(minor);
        let mut accepted = Ratios { bps: self.ratio_bps };
        for (ratio, waited) in accepted.bps.iter_mut().zip(self.delayed_ratio_bps) {
            *ratio = (*ratio).min(u32::try_from(most(waited)).unwrap_or(u32::MAX));
        }
        if accepted.bps == self.ratio_bps {
            return Err(BreakerError::NothingChanges);
        }
        check_seen(self.tripped_at, proposed_at)?;
        accepted.check()?;
        (self.tripped, self.tripped_at) = (0, Instant::NEVER);
        self.standing.observed_at = Instant::NEVER;
        (self.ratio_bps, self.delayed_ratio_bps) = (accepted.bps, accepted.bps);
        self.tightened = 0;
        self.epoch += 1;
        self.assert_invariant()
    }
}

impl Keeper {
    /// The registration ends now.
    ///
    /// # Errors
    /// [`BreakerError::LooseningWaits`], [`BreakerError::KeeperEnded`].
    pub fn revoke(&mut self, mandate: Mandate, now: Instant) -> Checked<()> {
        mandate.check_waited(0)?;
        if self.expires.reached(now) {
            return Err(BreakerError::KeeperEnded);
        }
        self.expires = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
