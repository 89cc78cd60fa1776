//! Makes the venue a protocol of the breaker, once.
//!
//! The breaker takes the recording PDA's signature as proof that this program wants it. Market and limiters are then
//! created by the authority named in the settings, directly at the breaker.

use anchor_lang::prelude::*;
use firebreak_interface::{pda, state::ProtocolSettings};

use crate::{error::VenueError, events::BreakerConnected, guard::create_protocol, state::Venue};

/// The venue has one market at the breaker.
const MARKET_ID: u64 = 0;

/// Accounts of `connect`.
#[derive(Accounts)]
pub struct Connect<'info> {
    /// Pays for the breaker's accounts.
    #[account(mut)]
    pub admin: Signer<'info>,
    /// The venue.
    #[account(mut, has_one = admin @ VenueError::NotTheAdmin)]
    pub venue: Box<Account<'info, Venue>>,
    /// CHECK: the breaker compares it with the PDA it derives from this program
    pub recorder: UncheckedAccount<'info>,
    /// CHECK: the builder names this program; any other account is missing from the call
    pub program: UncheckedAccount<'info>,
    /// CHECK: the breaker creates it at the address it derives
    #[account(mut)]
    pub protocol: UncheckedAccount<'info>,
    /// CHECK: the breaker creates it at the address it derives
    #[account(mut)]
    pub journal: UncheckedAccount<'info>,
    /// System.
    pub system_program: Program<'info, System>,
    /// CHECK: the breaker compares it with its own
    pub event_authority: UncheckedAccount<'info>,
    /// CHECK: a look-alike would create a protocol that never refuses; the builder names the real one
    #[account(address = firebreak_interface::ID)]
    pub breaker: UncheckedAccount<'info>,
}

impl Connect<'_> {
    pub(crate) fn handle(ctx: Context<Self>, settings: &ProtocolSettings) -> Result<()> {
        let accounts = ctx.accounts;
        let (protocol, _) = pda::protocol(&crate::ID, &pda::recorder(&crate::ID).0);
        let (market, _) = pda::market(&protocol, MARKET_ID);
        accounts.venue.connect(protocol, market)?;

        let infos = accounts.to_account_infos();
        create_protocol(accounts.admin.key(), &infos, accounts.venue.recorder_bump, settings)?;
        emit!(BreakerConnected { protocol, market });
        Ok(())
    }
}
