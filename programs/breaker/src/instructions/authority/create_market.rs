//! `create_market`: the authority registers a market.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, JournalEntry, Market, MarketSettings, Protocol},
};

use crate::{create::create, record::*};

/// Accounts of `create_market`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u64)]
pub struct CreateMarket<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// CHECK: created.
    #[account(
        mut,
        seeds = [pda::MARKET, protocol.key().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub market: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `create_market`.
pub fn create_market(ctx: Context<CreateMarket>, id: u64, settings: MarketSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    accounts.protocol.load()?.check_registration_open()?;

    let seeds: &[&[u8]] = &[pda::MARKET, protocol.as_ref(), &id.to_le_bytes(), &[ctx.bumps.market]];
    let mut market = create::<Market>(&accounts.market, &accounts.payer, seeds)?;
    market.initialize(protocol, id, ctx.bumps.market, &settings)?;
    market.assert_invariant()?;

    let entry = JournalEntry {
        value: id,
        ..JournalEntry::new(Act::MarketRegistered, accounts.authority.key(), accounts.market.key(), now)
    };
    let event = accounts.record.append(protocol, entry)?;
    tell(&accounts.event_authority, &event)?;
    Ok(())
}
