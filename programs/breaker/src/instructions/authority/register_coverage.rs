//! `register_coverage`: the protocol says which of its instructions asks for which operation.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    Instant, pda,
    state::{Act, Coverage, CoverageRow, JournalEntry, Proposed, Protocol},
};

use crate::{create::create_if_missing, governance::*, record::*};

/// Accounts of `register_coverage`.
#[derive(Accounts)]
pub struct RegisterCoverage<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The authority, or a proposal.
    pub governance: Governance<'info>,
    /// The protocol; a proposal of it is counted off.
    #[account(mut)]
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
    let act = || Proposed::RegisterCoverage(rows.clone());
    let actor = accounts.governance.check_registration(&accounts.protocol, &act, &[], now)?;

    let count = {
        let bump = ctx.bumps.coverage;
        let seeds: &[&[u8]] = &[pda::COVERAGE, protocol.as_ref(), &[bump]];
        let mut coverage = create_if_missing::<Coverage>(&accounts.coverage, &accounts.payer, seeds)?;
        coverage.initialize_once(protocol, bump);
        coverage.add(&rows)?;
        coverage.count
    };

    let entry = JournalEntry {
        value: rows.len() as u64,
        threshold: count.into(),
        ..JournalEntry::new(Act::CoverageRegistered, actor, accounts.coverage.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
