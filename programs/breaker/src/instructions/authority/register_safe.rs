//! `register_safe`: the authority makes a market's safe for a mint.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, JournalEntry, Market, Proposed, Protocol, Safe, check_mint},
};

use crate::{create::create, governance::*, record::*, token};

/// Accounts of `register_safe`.
#[derive(Accounts)]
pub struct RegisterSafe<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol; it counts its safes.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol; in an incident no safe is made.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: the handler reads its extensions: what somebody else can take or burn is in no safety.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: created; the seeds give a market one safe a mint.
    #[account(mut, seeds = [pda::SAFE, market.key().as_ref(), mint.key().as_ref()], bump)]
    pub safe: UncheckedAccount<'info>,
    /// CHECK: created, and owned by the safe; the seeds stop a token account of somebody else's.
    #[account(mut, seeds = [pda::SAFE_TOKENS, safe.key().as_ref()], bump)]
    pub tokens: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the mint's.
    pub token_program: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_safe`.
pub fn register_safe(ctx: Context<RegisterSafe>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (protocol, key) = (accounts.protocol.key(), accounts.safe.key());
    let (market, mint) = (accounts.market.key(), accounts.mint.key());

    let act = || Proposed::RegisterSafe;
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &[market, mint], now)?;
    accounts.market.load()?.check_routable(&accounts.protocol.load()?.board, now)?;
    check_mint(accounts.mint.owner, &accounts.mint.try_borrow_data()?)?;
    token::check_program(&accounts.token_program, &accounts.mint)?;
    {
        let bump = ctx.bumps.safe;
        let seeds: &[&[u8]] = &[pda::SAFE, market.as_ref(), mint.as_ref(), &[bump]];
        let mut safe = create::<Safe>(&accounts.safe, &accounts.payer, seeds)?;
        let tokens = accounts.tokens.key();
        safe.initialize([protocol, market, mint, tokens], bump, accounts.token_program.key());
    }
    let seeds: &[&[u8]] = &[pda::SAFE_TOKENS, key.as_ref(), &[ctx.bumps.tokens]];
    let new = (&*accounts.tokens, &*accounts.payer);
    token::create_account(new, &accounts.mint, &accounts.token_program, &accounts.safe, seeds)?;
    accounts.protocol.load_mut()?.safes += 1;

    let entry = JournalEntry::new(Act::SafeRegistered, actor, key, now);
    accounts.record.append(protocol, entry)?;
    Ok(())
}
