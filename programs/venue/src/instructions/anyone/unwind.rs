//! Closes the positions of a portfolio that no longer carries them. No vault pays: profit and loss net inside.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::Unwound,
    guard::*,
    state::{Portfolio, Prices, Requirement},
};

/// Accounts of `unwind`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Unwind<'info> {
    /// Whoever calls.
    pub caller: Signer<'info>,
    /// Any portfolio: its health decides, not whose it is.
    #[account(mut)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// The breaker.
    pub guard: Gated<'info>,
}

impl<'info> Unwind<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>) -> Result<()> {
        let Unwind { caller, portfolio, guard } = ctx.accounts;
        guard.ask(Operation::LIQUIDATE)?;
        let venue = &guard.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let is_healthy = portfolio.is_healthy(venue.listed(), &prices, Requirement::Maintenance)?;
        require!(!is_healthy, VenueError::Healthy);
        require!(portfolio.has_positions(), VenueError::NoPosition);

        let pnl = portfolio.close_all(venue.listed(), &prices)?;
        emit!(Unwound { owner: portfolio.owner, by: caller.key(), pnl });
        Ok(())
    }
}
