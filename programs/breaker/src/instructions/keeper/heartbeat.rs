//! `heartbeat`: a keeper says that it is there. No journal: it is no act.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{BreakerError, Instant, state::Keeper};

/// Accounts of `heartbeat`.
#[derive(Accounts)]
pub struct Heartbeat<'info> {
    /// The bot's key.
    pub key: Signer<'info>,
    /// Stops another bot's registration: its silence would go unnoticed.
    #[account(mut, has_one = key @ BreakerError::NotTheKeeper)]
    pub keeper: AccountLoader<'info, Keeper>,
}

/// Handler of `heartbeat`.
pub fn heartbeat(ctx: Context<Heartbeat>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let mut keeper = ctx.accounts.keeper.load_mut()?;
    keeper.beat(now)?;
    Ok(())
}
