//! `register_limiter`: the authority puts a vault under a limiter, in shadow.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{
        Act, JournalEntry, Limiter, LimiterSettings, Market, MintCap, Proposed, Protocol, Use, VaultState,
        check_account, check_mint,
    },
};

use crate::{
    create::{create, create_if_missing},
    governance::*,
    instructions::ensure,
    record::*,
};

/// Accounts of `register_limiter`.
#[derive(Accounts)]
pub struct RegisterLimiter<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol; a proposal of it is counted off.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Written: it counts its limiters. Stops a market of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: must read as a sound token account, which the limiter checks.
    pub vault: UncheckedAccount<'info>,
    /// CHECK: created; the seeds give a vault one limiter for ever, whatever its market.
    #[account(
        mut,
        seeds = [pda::LIMITER, protocol.key().as_ref(), vault.key().as_ref()],
        bump
    )]
    pub limiter: UncheckedAccount<'info>,
    /// CHECK: the handler checks that it is the vault's and reads its extensions: another one might have none.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: created when missing. What the mint's unseasoned limiters share; the seeds stop a fresh cap, or another protocol's.
    #[account(
        mut,
        seeds = [pda::MINT_CAP, protocol.key().as_ref(), mint.key().as_ref()],
        bump
    )]
    pub mint_cap: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_limiter`.
pub fn register_limiter(
    ctx: Context<RegisterLimiter>,
    settings: LimiterSettings,
    mint_cap: u64,
) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);

    let keys = [protocol, accounts.market.key(), accounts.vault.key()];
    let act = || Proposed::RegisterLimiter { settings, mint_cap };
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &keys[1..], now)?;
    let place = accounts.market.load_mut()?.count_limiter()?;
    {
        let bump = ctx.bumps.limiter;
        let seeds: &[&[u8]] = &[pda::LIMITER, protocol.as_ref(), keys[2].as_ref(), &[bump]];
        let mut limiter = create::<Limiter>(&accounts.limiter, &accounts.payer, seeds)?;
        limiter.initialize(keys, (bump, place), &settings, &vault, now)?;
        limiter.assert_invariant()?;
    }
    ensure(vault.mint == *accounts.mint.key, BreakerError::WrongMint)?;
    let found = [
        check_mint(accounts.mint.owner, &accounts.mint.try_borrow_data()?)?,
        check_account(accounts.vault.owner, &accounts.vault.try_borrow_data()?, Use::Guarded)?,
    ];
    {
        let bump = ctx.bumps.mint_cap;
        let seeds: &[&[u8]] = &[pda::MINT_CAP, protocol.as_ref(), vault.mint.as_ref(), &[bump]];
        let mut shared = create_if_missing::<MintCap>(&accounts.mint_cap, &accounts.payer, seeds)?;
        shared.initialize_once(protocol, vault.mint, bump);
        shared.take(mint_cap, settings.bootstrap_cap, now)?;
        shared.warn(found);
    }

    let entry = JournalEntry {
        value: vault.amount,
        threshold: settings.bootstrap_cap,
        ..JournalEntry::new(Act::LimiterRegistered, actor, accounts.limiter.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
