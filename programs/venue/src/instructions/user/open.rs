//! Opens a position at the oracle's price.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::PositionOpened,
    guard::*,
    state::{Portfolio, Prices, Requirement},
};

/// Accounts of `open`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Open<'info> {
    /// The user.
    pub owner: Signer<'info>,
    /// His portfolio: another's margin is not his to risk.
    #[account(mut, has_one = owner @ VenueError::NotTheOwner)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// The breaker.
    pub guard: Gated<'info>,
}

impl<'info> Open<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>, index: u8, size: i64, worst_price: u64) -> Result<()> {
        let Open { owner, portfolio, guard } = ctx.accounts;
        let pass = guard.ask(Operation::OPEN)?;
        let venue = &guard.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let price = prices.of(index.into())?;
        let is_acceptable = if size > 0 { price <= worst_price } else { price >= worst_price };
        require!(is_acceptable, VenueError::WorsePrice);

        portfolio.open_position(venue.listed(), index.into(), size, price, &pass.limits)?;
        portfolio.check(venue.listed(), &prices, Requirement::Initial(&pass.limits))?;
        emit!(PositionOpened { owner: owner.key(), index, size, price });
        Ok(())
    }
}
