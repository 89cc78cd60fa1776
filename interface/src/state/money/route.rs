//! A route: the path, registered in advance, from a vault to its safe and back.

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
    state::{ReleaseOrder, VaultState},
    time::Instant,
};

/// What an authority chooses for a route. Any change of it counts as a loosening.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct RouteSettings {
    /// Where a release may go beside the vault: a token account of the same mint; the default key for none.
    pub destination: Pubkey,
    /// How long a held withdrawal waits, in seconds.
    pub hold_seconds: u32,
    /// What waits in the safe instead of being refused: 0 nothing, 1 what exceeds the gross limit, 2 what exceeds a net
    /// limit too.
    pub holds: u8,
    /// 1 where anyone may migrate at Critical, raised by a limiter or an invariant.
    pub by_anyone: u8,
    /// Explicit padding.
    pub padding: [u8; 2],
}

impl RouteSettings {
    /// Migration by guardians alone; nothing is held, and nothing goes anywhere but back.
    pub const fn starting() -> Self {
        Self {
            destination: Pubkey::new_from_array([0; 32]),
            hold_seconds: HOLD_DEFAULT,
            holds: 0,
            by_anyone: 0,
            padding: [0; 2],
        }
    }

    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// [`BreakerError::RouteSettingOutOfBounds`].
    pub fn check(&self) -> Checked<()> {
        let is_within = (HOLD_MIN..=HOLD_MAX).contains(&self.hold_seconds)
            && self.holds <= 2
            && self.by_anyone <= 1
            && self.padding == [0; 2];
        if is_within { Ok(()) } else { Err(BreakerError::RouteSettingOutOfBounds) }
    }
}

/// What is on its way back from the safe.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// What was approved and has not gone back yet, in token units.
    pub left: u64,
    /// What one step takes.
    pub step: u64,
    /// When the next step may be taken.
    pub next_at: Instant,
    /// When it began.
    pub began_at: Instant,
    /// Migrations to the safe by then: it is of what was there.
    pub migrations: u64,
    /// From when it could do without the authority, whoever began it; never where it goes elsewhere than to the vault.
    pub alone_from: Instant,
    /// Where it goes.
    pub to: Pubkey,
    /// Who must own that.
    pub owner: Pubkey,
}

/// A vault's way to its safe. PDA of [`crate::pda::route`]; in custody it is the vault's owner too.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Route {
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
    /// Market whose incident lets money move.
    pub market: Pubkey,
    /// The vault.
    pub vault: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// The safe.
    pub safe: Pubkey,
    /// The vault's owner: the protocol's in escort, this account in custody.
    pub vault_owner: Pubkey,
    /// Settings in force.
    pub settings: RouteSettings,
    /// The owner that the destination had at registration.
    pub destination_owner: Pubkey,
    /// Registrations of it so far: each but the first changes its settings.
    pub epoch: u64,
    /// What left the vault by migrations, in token units.
    pub sent: u64,
    /// What arrived of it: less where the mint takes a fee.
    pub received: u64,
    /// What is on its way back.
    pub release: Release,
    /// What left the safe for the vault, or for the destination.
    pub returned: u64,
    /// What of the vault's own money is in the safe: what arrived, less what was given back since. What a release gives beyond
    /// that is of others; what claims shared out is in it still.
    pub in_safety: u64,
    /// Room for later versions.
    pub reserved: [u8; 32],
}

impl Route {
    /// Registers the route, or other settings of one that is there: to the same safe, for a vault does not change its mint.
    /// `destination` is what the account of the settings holds now, none where they name none.
    ///
    /// # Errors
    /// Those of [`RouteSettings::check`]; [`BreakerError::WrongDestination`].
    pub fn register(
        &mut self,
        [protocol, market, vault, safe]: [Pubkey; 4],
        bump: u8,
        settings: &RouteSettings,
        state: &VaultState,
        destination: Option<&VaultState>,
    ) -> Checked<()> {
        settings.check()?;
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        [self.protocol, self.market, self.vault, self.safe] = [protocol, market, vault, safe];
        (self.mint, self.vault_owner) = (state.mint, state.owner);
        self.destination_owner = match destination {
            // stops what could be spent by somebody else, was made of another mint, or is where it comes from
            Some(to)
                if to.sound && to.mint == state.mint && to.owner != safe && settings.destination != vault =>
            {
                to.owner
            }
            None if settings.destination == Pubkey::default() => Pubkey::default(),
            _ => return Err(BreakerError::WrongDestination),
        };
        self.settings = *settings;
        self.epoch += 1;
        Ok(())
    }

    /// Whether the vault belongs to the breaker: nothing leaves it but by the breaker.
    pub fn is_custody(&self, key: &Pubkey) -> bool {
        self.vault_owner == *key
    }

    /// Checks that it can be sent from: in escort the vault's owner signs, in custody that is the route, which signs by its seeds.
    /// `key` is the route's.
    ///
    /// # Errors
    /// [`BreakerError::OwnerMustSign`].
    pub fn check_owner(&self, key: &Pubkey, owner: &Pubkey, signs: bool) -> Checked<()> {
        let may = *owner == self.vault_owner && (signs || self.is_custody(key));
        if may { Ok(()) } else { Err(BreakerError::OwnerMustSign) }
    }

    /// Whether the vault is still the token account that was registered, as far as what leaves it is concerned: somebody whom
    /// its owner lets spend from it must not keep it from going to safety.
    ///
    /// # Errors
    /// [`BreakerError::WrongVault`].
    pub fn check_source(&self, state: &VaultState) -> Checked<()> {
        let is_same = state.mint == self.mint && state.owner == self.vault_owner;
        if is_same { Ok(()) } else { Err(BreakerError::WrongVault) }
    }

    /// Whether this is not worth a move beside what of the vault is in safety now: a unit at a time, anyone would fill the
    /// journal. What went there in an earlier incident and came back makes nothing dust.
    pub const fn is_dust(&self, amount: u64) -> bool {
        amount <= self.in_safety / MIGRATION_DUST_DIVISOR
    }

    /// Whether the vault is still the token account that was registered.
    ///
    /// # Errors
    /// [`BreakerError::WrongVault`].
    pub fn check_vault(&self, state: &VaultState) -> Checked<()> {
        let is_intact = state.sound && state.mint == self.mint && state.owner == self.vault_owner;
        if is_intact { Ok(()) } else { Err(BreakerError::WrongVault) }
    }

    /// Counts a migration.
    pub fn migrated(&mut self, sent: u64, received: u64) {
        self.sent = self.sent.saturating_add(sent);
        self.received = self.received.saturating_add(received);
        self.in_safety = self.in_safety.saturating_add(received);
    }

    /// Begins a release, in steps, that guardians approved then; `free` is what the safe owes nobody, after so many migrations to
    /// it. Where the authority has not signed, it is of what came from this vault. What was left of an earlier one is void: this
    /// is what was agreed on last.
    ///
    /// # Errors
    /// [`BreakerError::WrongVault`], [`BreakerError::WrongDestination`], [`BreakerError::NothingToRelease`].
    pub fn begin_release(
        &mut self,
        order: &ReleaseOrder,
        (free, migrations): (u64, u64),
        (approved_at, is_signed): (Instant, bool),
        now: Instant,
    ) -> Checked<u64> {
        if order.vault != self.vault {
            return Err(BreakerError::WrongVault);
        }
        let (to, owner) = (order.destination, order.owner);
        let own = if is_signed { u64::MAX } else { self.in_safety };
        let left = order.amount.min(free).min(own);
        // an order for all that there is has steps of what there is
        let step = left.div_ceil(RELEASE_STEPS);
        let alone_from = order.alone_from(approved_at);
        self.release = Release { left, step, next_at: now, began_at: now, migrations, alone_from, to, owner };
        self.check_registered()?;
        if left == 0 { Err(BreakerError::NothingToRelease) } else { Ok(left) }
    }

    /// Stops a release to what is registered no more: neither the vault nor the destination of today.
    fn check_registered(&self) -> Checked<()> {
        let Release { to, owner, .. } = self.release;
        let is_registered = (to, owner) == (self.vault, self.vault_owner)
            || to != Pubkey::default() && (to, owner) == (self.settings.destination, self.destination_owner);
        if is_registered { Ok(()) } else { Err(BreakerError::WrongDestination) }
    }

    /// Whether the release goes to the vault.
    pub fn is_back(&self) -> bool {
        self.release.to == self.vault
    }

    /// Takes a step of the release: to `state`, which is where it goes, as it is now. `free` is what the safe owes nobody,
    /// after so many migrations to it, `dwell` the seconds until the next step. What came to safety since it began is of
    /// another incident, and ends it.
    ///
    /// # Errors
    /// [`BreakerError::NothingToRelease`], [`BreakerError::ReleaseNotDue`], [`BreakerError::WrongDestination`],
    /// [`BreakerError::WrongVault`].
    pub fn step_release(
        &mut self,
        state: &VaultState,
        (free, migrations): (u64, u64),
        dwell: u32,
        now: Instant,
    ) -> Checked<u64> {
        let amount = self.release.left.min(self.release.step).min(free);
        if amount == 0 || migrations != self.release.migrations {
            return Err(BreakerError::NothingToRelease);
        }
        self.check_registered()?;
        let is_sound = state.sound && state.mint == self.mint && state.owner == self.release.owner;
        if !is_sound {
            let is_back = self.is_back();
            return Err(if is_back { BreakerError::WrongVault } else { BreakerError::WrongDestination });
        }
        if !self.release.next_at.reached(now) {
            return Err(BreakerError::ReleaseNotDue);
        }
        self.release.left -= amount;
        self.release.next_at = now.plus(dwell.into());
        self.returned = self.returned.saturating_add(amount);
        self.in_safety = self.in_safety.saturating_sub(amount);
        Ok(amount)
    }
}
