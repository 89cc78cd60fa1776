//! Escort: the vaults are the venue's own. Its authority signs what they pay, once the breaker has allowed it; whatever else
//! made it sign would take them around the breaker.

use anchor_lang::prelude::*;
use firebreak_interface::{Direction, Operation, Verdict};

use super::Guarded;
use crate::{
    error::VenueError,
    state::{Venue, seeds},
    wallet::Wallet,
};

/// Who owns a vault.
pub(crate) fn vault_owner(venue: &Venue, _vault: &Pubkey) -> Result<Pubkey> {
    let seeds: &[&[u8]] = &[seeds::VAULT_AUTHORITY, &[venue.vault_authority_bump]];
    Pubkey::create_program_address(seeds, &crate::ID).map_err(|_| error!(VenueError::WrongVaultAuthority))
}

impl<'info> Guarded<'info> {
    /// Asks, and pays what is allowed.
    pub(super) fn pay(
        &self,
        (operation, direction): (Operation, Direction),
        wallet: &Wallet<'info>,
        vault_authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<Verdict> {
        let verdict = self.record(operation, direction, amount)?;
        if verdict == Verdict::Allow {
            wallet.receive(self, vault_authority, amount)?;
        }
        Ok(verdict)
    }
}
