//! `register_keeper`: the authority lets a bot raise.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, JournalEntry, Keeper, KeeperSettings, Protocol},
};

use crate::{create::create, record::*};

/// Accounts of `register_keeper`.
#[event_cpi]
#[derive(Accounts)]
#[instruction(settings: KeeperSettings)]
pub struct RegisterKeeper<'info> {
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
        seeds = [pda::KEEPER, protocol.key().as_ref(), settings.key.as_ref()],
        bump
    )]
    pub keeper: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_keeper`.
pub fn register_keeper(ctx: Context<RegisterKeeper>, settings: KeeperSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();
    {
        let protocol = accounts.protocol.load()?;
        protocol.check_registration_open()?;
        // one key must not reach both what a keeper and what a guardian or the authority may do
        let conflict = protocol.is_guardian(&settings.key) || protocol.authority == settings.key;
        require!(!conflict, BreakerError::GuardianRoleConflict);
    }

    let bump = ctx.bumps.keeper;
    let seeds: &[&[u8]] = &[pda::KEEPER, key.as_ref(), settings.key.as_ref(), &[bump]];
    create::<Keeper>(&accounts.keeper, &accounts.payer, seeds)?.initialize(key, bump, &settings, now)?;

    let entry = JournalEntry {
        value: settings.max_seconds.into(),
        threshold: settings.raises_per_day.into(),
        ..JournalEntry::new(Act::KeeperRegistered, accounts.authority.key(), accounts.keeper.key(), now)
    };
    let event = accounts.record.append(key, entry)?;
    tell(&accounts.event_authority, &event)?;
    Ok(())
}
