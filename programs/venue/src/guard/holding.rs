//! What a withdrawal needs that may wait in the safe.

use anchor_lang::prelude::*;

use super::Guarded;
use crate::{error::VenueError, wallet::Wallet};

/// The breaker's accounts of a held withdrawal, which it compares with what the vault's route says. All of them, or none by
/// a user who would rather be refused; the segment is missing too where the journal has none.
#[derive(Accounts)]
pub struct Holding<'info> {
    /// CHECK: the breaker compares it; another market's or vault's would lead to another safe
    pub route: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker compares it with the route's
    #[account(mut)]
    pub safe: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker compares it with the safe's token account
    #[account(mut)]
    pub tokens: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker creates it at the address it derives from safe, user and number
    #[account(mut)]
    pub held: Option<UncheckedAccount<'info>>,
    /// System.
    pub system_program: Option<Program<'info, System>>,
    /// CHECK: the breaker compares it with the protocol's
    #[account(mut)]
    pub journal: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker compares it with the journal's current one
    #[account(mut)]
    pub segment: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker compares it with its own
    pub event_authority: Option<UncheckedAccount<'info>>,
}

/// A withdrawal that may wait.
pub struct Waiting<'a, 'info> {
    /// Whose it is.
    pub user: &'a AccountInfo<'info>,
    /// His number for it.
    pub nonce: u64,
    /// The vault's route.
    pub route: &'a AccountInfo<'info>,
    /// The safe.
    pub safe: &'a AccountInfo<'info>,
    /// The safe's token account.
    pub tokens: &'a AccountInfo<'info>,
    /// The breaker's account of what waits.
    pub held: &'a AccountInfo<'info>,
    /// System.
    pub system_program: &'a AccountInfo<'info>,
    /// Journal, segment, event authority.
    pub journal: [&'a AccountInfo<'info>; 3],
}

impl<'info> Holding<'info> {
    /// The withdrawal that would wait under this number of the user's; none without a number.
    ///
    /// # Errors
    /// [`VenueError::HoldIncomplete`]; [`VenueError::HoldElsewhere`], before the breaker hears of what could not be held.
    pub fn under<'a>(
        &'a self,
        nonce: Option<u64>,
        user: &'a Signer<'info>,
        wallet: &Wallet<'info>,
        guard: &'a Guarded<'info>,
    ) -> Result<Option<Waiting<'a, 'info>>> {
        let Some(nonce) = nonce else {
            return Ok(None);
        };
        let Self {
            route: Some(route),
            safe: Some(safe),
            tokens: Some(tokens),
            held: Some(held),
            system_program: Some(system_program),
            journal: Some(journal),
            segment,
            event_authority: Some(event_authority),
        } = self
        else {
            return err!(VenueError::HoldIncomplete);
        };
        require_keys_eq!(wallet.account.owner, user.key(), VenueError::HoldElsewhere);
        // the breaker reads its own address as "none"
        let segment = segment.as_ref().unwrap_or(&guard.breaker);
        let journal: [&AccountInfo; 3] = [journal, segment, event_authority];
        Ok(Some(Waiting { user, nonce, route, safe, tokens, held, system_program, journal }))
    }
}
