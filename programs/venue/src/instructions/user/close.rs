//! Closes a position at the oracle's price: an exit. Profit and loss net inside the portfolio; no vault pays.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::PositionClosed,
    guard::*,
    state::{Portfolio, Prices},
};

/// Accounts of `close`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Close<'info> {
    /// The user.
    pub owner: Signer<'info>,
    /// His portfolio: when to close another's is not his to say.
    #[account(mut, has_one = owner @ VenueError::NotTheOwner)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// The breaker.
    pub guard: Gated<'info>,
}

impl<'info> Close<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>, index: u8, worst_price: u64) -> Result<()> {
        let Close { owner, portfolio, guard } = ctx.accounts;
        guard.ask(Operation::CLOSE)?;
        let venue = &guard.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let (position, pnl) = portfolio.close_position(venue.listed(), index.into(), &prices)?;
        let price = prices.of(index.into())?;
        let is_acceptable = if position.size > 0 { price >= worst_price } else { price <= worst_price };
        require!(is_acceptable, VenueError::WorsePrice);

        emit!(PositionClosed { owner: owner.key(), index, size: position.size, price, pnl });
        Ok(())
    }
}
