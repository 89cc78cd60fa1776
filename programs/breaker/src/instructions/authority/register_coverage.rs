//! `register_coverage`: the protocol says which of its instructions asks for which operation.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Coverage, CoverageRow, JournalEntry, Protocol},
};

use crate::{create::create_if_missing, record::*};

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
    /// CHECK: created by the first call; the seeds stop another protocol's table.
    #[account(
        mut,
        seeds = [pda::COVERAGE, protocol.key().as_ref()],
        bump
    )]
    pub coverage: UncheckedAccount<'info>,
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
        let bump = ctx.bumps.coverage;
        let seeds: &[&[u8]] = &[pda::COVERAGE, protocol.as_ref(), &[bump]];
        let mut coverage = create_if_missing::<Coverage>(&accounts.coverage, &accounts.payer, seeds)?;
        coverage.initialize(protocol, bump);
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
