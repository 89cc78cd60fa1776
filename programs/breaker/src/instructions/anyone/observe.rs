//! `observe`: anyone shows a band the price of now. It succeeds where the accounts are the band's, and writes no journal.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{Instant, state::PriceBand};

use crate::{company, prices};

/// Accounts of `observe`.
#[derive(Accounts)]
pub struct Observe<'info> {
    /// The band.
    #[account(mut)]
    pub band: AccountLoader<'info, PriceBand>,
    /// CHECK: the band names its address; its bytes are believed only as far as the receiver wrote them.
    pub primary: UncheckedAccount<'info>,
    /// CHECK: as the primary; none where the band has no second feed.
    pub second: Option<UncheckedAccount<'info>>,
}

/// Handler of `observe`.
pub fn observe(ctx: Context<Observe>) -> Result<()> {
    company::check_top_level()?;
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let mut band = accounts.band.load_mut()?;
    let prices = prices::read(&band.settings, &accounts.primary, accounts.second.as_deref())?;
    prices::check_readable(&band.settings, &prices)?;
    band.observe(&prices, now)?;
    Ok(())
}
