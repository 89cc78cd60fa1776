//! Publishes a price. Asks no gate: a halted market needs fresh prices more than any, as exits are judged by them.

use anchor_lang::prelude::*;

use crate::{
    error::VenueError,
    events::PriceSet,
    state::{Oracle, Venue},
};

/// Accounts of `set_price`.
#[derive(Accounts)]
pub struct SetPrice<'info> {
    /// The admin.
    pub admin: Signer<'info>,
    /// The venue.
    #[account(has_one = admin @ VenueError::NotTheAdmin)]
    pub venue: Box<Account<'info, Venue>>,
    /// The oracle: only `list_collateral` creates one, each for its own mint.
    #[account(mut)]
    pub oracle: Box<Account<'info, Oracle>>,
}

impl SetPrice<'_> {
    pub(crate) fn handle(ctx: Context<Self>, price: u64, published_at: i64) -> Result<()> {
        let oracle = &mut ctx.accounts.oracle;
        let before = oracle.price;
        oracle.publish(price, published_at, Clock::get()?.unix_timestamp)?;

        emit!(PriceSet { mint: oracle.mint, before, after: price, published_at });
        Ok(())
    }
}
