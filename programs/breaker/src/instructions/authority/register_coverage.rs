//! `register_coverage`: the protocol says which of its instructions asks for which operation.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Coverage, CoverageRow, JournalEntry, Layout, Protocol},
};

use crate::record::*;

/// Accounts of `register_coverage`.
#[event_cpi]
#[derive(Accounts)]
pub struct RegisterCoverage<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Governance.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Created by the first call; the seeds stop another protocol's table.
    #[account(
        init_if_needed,
        payer = payer,
        space = Coverage::SPACE,
        seeds = [pda::COVERAGE, protocol.key().as_ref()],
        bump
    )]
    pub coverage: AccountLoader<'info, Coverage>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `register_coverage`.
pub fn register_coverage(ctx: Context<RegisterCoverage>, rows: Vec<CoverageRow>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    accounts.protocol.load()?.check_registration_open()?;

    let count = {
        // a new account has no discriminator yet, which `load_mut` would refuse
        let mut coverage = accounts.coverage.load_mut().or_else(|_| accounts.coverage.load_init())?;
        coverage.initialize(protocol, ctx.bumps.coverage);
        coverage.add(&rows)?;
        coverage.count
    };

    let entry = JournalEntry {
        value: rows.len() as u64,
        threshold: count.into(),
        ..JournalEntry::new(Act::CoverageRegistered, accounts.authority.key(), accounts.coverage.key(), now)
    };
    let event = accounts.record.append(protocol, entry)?;
    tell(&accounts.event_authority, &event)?;
    Ok(())
}
