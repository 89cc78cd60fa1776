//! Custody: the vaults belong to their routes at the breaker. The venue can sign for none of them, so there is no way around
//! the limiter: to pay is to ask.

use anchor_lang::prelude::*;
use firebreak_interface::{
    Direction, Operation, Verdict,
    cpi::{self, Pay},
    pda,
};

use super::Guarded;
use crate::{state::Venue, wallet::Wallet};

/// Who owns a vault: the route that it will have.
pub(crate) fn vault_owner(venue: &Venue, vault: &Pubkey) -> Result<Pubkey> {
    Ok(pda::route(&venue.market, vault).0)
}

impl<'info> Guarded<'info> {
    /// Asks, and has the breaker pay what is allowed.
    pub(super) fn pay(
        &self,
        (operation, direction): (Operation, Direction),
        wallet: &Wallet<'info>,
        route: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<Verdict> {
        let accounts = Pay {
            flow: self.flow(),
            route,
            mint: wallet.mint.as_ref().as_ref(),
            to: wallet.account.as_ref().as_ref(),
            token_program: &wallet.token_program,
        };
        let or_hold = direction == Direction::OutOrHold;
        let seeds: &[&[u8]] = &[pda::RECORDER, &[self.gate.venue.recorder_bump]];
        Ok(cpi::pay(&accounts, seeds, or_hold, operation, amount)?)
    }
}
