//! `create_market`: the authority registers a market.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    Instant, pda,
    state::{Act, JournalEntry, Market, MarketSettings, Proposed, Protocol},
};

use crate::{create::create, governance::*, record::*};

/// Accounts of `create_market`.
#[derive(Accounts)]
#[instruction(id: u64)]
pub struct CreateMarket<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol; a proposal of it is counted off.
    #[account(mut)]
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
    let act = || Proposed::CreateMarket { id, settings };
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &[], now)?;
    accounts.protocol.load_mut()?.count_market()?;

    let seeds: &[&[u8]] = &[pda::MARKET, protocol.as_ref(), &id.to_le_bytes(), &[ctx.bumps.market]];
    let mut market = create::<Market>(&accounts.market, &accounts.payer, seeds)?;
    market.initialize(protocol, id, ctx.bumps.market, &settings)?;
    market.assert_invariant()?;

    let entry = JournalEntry {
        value: id,
        ..JournalEntry::new(Act::MarketRegistered, actor, accounts.market.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
