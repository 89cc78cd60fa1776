//! `register_limiter`: the authority puts a vault under a limiter, in shadow.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{
        Act, JournalEntry, Layout, Limiter, LimiterSettings, Market, MintCap, Protocol, VaultState,
        check_mint,
    },
};

use crate::{instructions::load_or_init, record::*};

/// Accounts of `register_limiter`.
#[event_cpi]
#[derive(Accounts)]
pub struct RegisterLimiter<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// CHECK: must read as a sound token account, which the limiter checks.
    pub vault: UncheckedAccount<'info>,
    /// Created; the seeds give a vault one limiter for ever, whatever its market.
    #[account(
        init,
        payer = payer,
        space = Limiter::SPACE,
        seeds = [pda::LIMITER, protocol.key().as_ref(), vault.key().as_ref()],
        bump
    )]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: the handler checks that it is the vault's and reads its extensions: another one might have none.
    pub mint: UncheckedAccount<'info>,
    /// What the mint's unseasoned limiters share; the seeds stop a fresh cap, or another protocol's.
    #[account(
        init_if_needed,
        payer = payer,
        space = MintCap::SPACE,
        seeds = [pda::MINT_CAP, protocol.key().as_ref(), mint.key().as_ref()],
        bump
    )]
    pub mint_cap: AccountLoader<'info, MintCap>,
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
    accounts.protocol.load()?.check_registration_open()?;
    let vault = VaultState::read(accounts.vault.owner, &accounts.vault.try_borrow_data()?);

    let keys = [protocol, accounts.market.key(), accounts.vault.key()];
    let mut limiter = accounts.limiter.load_init()?;
    limiter.initialize(keys, ctx.bumps.limiter, &settings, &vault, now)?;
    limiter.assert_invariant()?;
    require!(vault.mint == *accounts.mint.key, BreakerError::WrongMint);
    check_mint(accounts.mint.owner, &accounts.mint.try_borrow_data()?)?;
    {
        let mut shared = load_or_init(&accounts.mint_cap)?;
        shared.initialize_once(protocol, vault.mint, ctx.bumps.mint_cap);
        shared.take(mint_cap, settings.bootstrap_cap, now)?;
    }

    let entry = JournalEntry {
        value: vault.amount,
        threshold: settings.bootstrap_cap,
        ..JournalEntry::new(Act::LimiterRegistered, accounts.authority.key(), accounts.limiter.key(), now)
    };
    let event = accounts.record.append(protocol, entry)?;
    tell(&accounts.event_authority, &event)?;
    Ok(())
}
