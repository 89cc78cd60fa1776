//! `register_keeper`: the authority lets a bot raise.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, JournalEntry, Keeper, KeeperSettings, Proposed, Protocol},
};

use crate::{create::create, governance::*, instructions::ensure, record::*};

/// Accounts of `register_keeper`.
#[derive(Accounts)]
#[instruction(settings: KeeperSettings)]
pub struct RegisterKeeper<'info> {
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
    let act = || Proposed::RegisterKeeper(settings);
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &[], now)?;
    {
        let protocol = accounts.protocol.load()?;
        // one key must not reach both what a keeper and what a guardian or the authority may do
        let conflict = protocol.is_guardian(&settings.key) || protocol.authority == settings.key;
        ensure(!conflict, BreakerError::GuardianRoleConflict)?;
    }

    let bump = ctx.bumps.keeper;
    let seeds: &[&[u8]] = &[pda::KEEPER, key.as_ref(), settings.key.as_ref(), &[bump]];
    create::<Keeper>(&accounts.keeper, &accounts.payer, seeds)?.initialize(key, bump, &settings, now)?;

    let entry = JournalEntry {
        value: settings.max_seconds.into(),
        threshold: settings.raises_per_day.into(),
        ..JournalEntry::new(Act::KeeperRegistered, actor, accounts.keeper.key(), now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
