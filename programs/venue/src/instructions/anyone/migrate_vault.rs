//! Moves all that a vault has to its safe at the breaker, which decides whether it may: the venue adds the signature of its
//! vaults' authority, and sees to it that it signs for its own market alone.

use anchor_lang::prelude::*;

use crate::{error::VenueError, guard, state::Venue};

/// Accounts of `migrate_vault`: the venue, then those of the breaker's `migrate`.
#[derive(Accounts)]
pub struct MigrateVault<'info> {
    /// Names the market below. Anybody can make a market of his own at the breaker, with a route from this vault to a safe
    /// that is his: the signature is for ours.
    #[account(has_one = market @ VenueError::NotOurMarket)]
    pub venue: Box<Account<'info, Venue>>,
    /// CHECK: the breaker compares it with the market's
    pub protocol: UncheckedAccount<'info>,
    /// CHECK: compared with the venue's; the breaker says whether its money may be moved
    pub market: UncheckedAccount<'info>,
    /// CHECK: the breaker compares its market and its vault
    #[account(mut)]
    pub limiter: UncheckedAccount<'info>,
    /// CHECK: the breaker compares its market and its vault
    #[account(mut)]
    pub route: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the route's
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// CHECK: the vault's owner; signs by its seeds
    pub vault_authority: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the route's
    pub mint: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the route's
    #[account(mut)]
    pub safe: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the safe's token account
    #[account(mut)]
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the mint's
    pub token_program: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the sysvar's address
    pub instructions: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the protocol's
    #[account(mut)]
    pub journal: UncheckedAccount<'info>,
    /// CHECK: the breaker compares it with the journal's current one; missing where that has none
    #[account(mut)]
    pub segment: Option<UncheckedAccount<'info>>,
    /// CHECK: the breaker compares it with its own
    pub event_authority: UncheckedAccount<'info>,
    /// CHECK: `migrate` compares it with the breaker's id; a look-alike would get the authority's signature
    pub breaker: UncheckedAccount<'info>,
}

impl MigrateVault<'_> {
    pub(crate) fn handle(ctx: Context<Self>) -> Result<()> {
        guard::migrate(ctx.accounts)
    }
}
