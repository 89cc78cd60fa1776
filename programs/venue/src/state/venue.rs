//! The venue: who runs it, what it lists, and the breaker's accounts that guard it.

use anchor_lang::prelude::*;
use firebreak_interface::Gate;

use super::{Collateral, MAX_COLLATERALS};
use crate::error::VenueError;

/// The venue's one account.
#[account]
#[derive(Debug, Default, InitSpace)]
pub struct Venue {
    /// Lists, connects and publishes prices.
    pub admin: Pubkey,
    /// The venue's protocol at the breaker; the default key until connected.
    pub protocol: Pubkey,
    /// The protocol's one market; the default key until connected.
    pub market: Pubkey,
    /// PDA bump.
    pub bump: u8,
    /// Bump of the vaults' owner.
    pub vault_authority_bump: u8,
    /// Bump of the recording PDA.
    pub recorder_bump: u8,
    /// Places of `collaterals` in use.
    pub listed: u8,
    /// Listed collaterals; the first is the quote, in which positions are settled.
    pub collaterals: [Collateral; MAX_COLLATERALS],
}

impl Venue {
    /// The gate, whose accounts only `connect` chose: never the caller of an instruction.
    pub fn gate(&self) -> Gate {
        Gate { protocol: self.protocol, market: self.market }
    }

    /// Fixes the breaker's accounts, once.
    ///
    /// # Errors
    /// [`VenueError::AlreadyConnected`].
    pub fn connect(&mut self, protocol: Pubkey, market: Pubkey) -> Result<()> {
        require_keys_eq!(self.protocol, Pubkey::default(), VenueError::AlreadyConnected);
        (self.protocol, self.market) = (protocol, market);
        Ok(())
    }

    /// Lists a collateral and gives its place.
    ///
    /// # Errors
    /// [`VenueError::TooManyCollaterals`], [`VenueError::AlreadyListed`].
    pub fn list(&mut self, collateral: Collateral) -> Result<u8> {
        require!(self.listed().iter().all(|other| other.mint != collateral.mint), VenueError::AlreadyListed);
        let index = self.listed;
        let place =
            self.collaterals.get_mut(usize::from(index)).ok_or(error!(VenueError::TooManyCollaterals))?;
        *place = collateral;
        self.listed = index + 1;
        Ok(index)
    }

    /// The listed collaterals, in order.
    pub fn listed(&self) -> &[Collateral] {
        &self.collaterals[..usize::from(self.listed).min(MAX_COLLATERALS)]
    }

    /// A listed collateral.
    ///
    /// # Errors
    /// [`VenueError::UnknownCollateral`].
    pub fn collateral(&self, index: usize) -> Result<&Collateral> {
        self.listed().get(index).ok_or(error!(VenueError::UnknownCollateral))
    }

    /// The place of the collateral that this vault holds.
    pub fn index_of_vault(&self, vault: &Pubkey) -> Option<usize> {
        self.listed().iter().position(|collateral| collateral.vault == *vault)
    }

    /// Whether this is the address of the vault's limiter.
    pub fn is_limiter_of(&self, limiter: &Pubkey, vault: &Pubkey) -> bool {
        self.listed().iter().any(|collateral| collateral.vault == *vault && collateral.limiter == *limiter)
    }
}
