//! `extend_journal`: anyone makes room in the journal.

use anchor_lang::prelude::*;
use firebreak_interface::{
    pda,
    state::{Journal, JournalSegment, Layout},
};

/// Accounts of `extend_journal`.
#[derive(Accounts)]
pub struct ExtendJournal<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The journal.
    #[account(mut)]
    pub journal: AccountLoader<'info, Journal>,
    /// Created; the seeds carry the next number, so no segment can be skipped or made twice.
    #[account(
        init,
        payer = payer,
        space = JournalSegment::SPACE,
        seeds = [
            pda::SEGMENT,
            journal.load()?.protocol.as_ref(),
            &journal.load()?.segments.to_le_bytes()
        ],
        bump
    )]
    pub segment: AccountLoader<'info, JournalSegment>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// Handler of `extend_journal`. No event: an empty segment changes no history.
pub fn extend_journal(ctx: Context<ExtendJournal>) -> Result<()> {
    let mut journal = ctx.accounts.journal.load_mut()?;
    ctx.accounts.segment.load_init()?.initialize(&mut journal, ctx.bumps.segment)?;
    Ok(())
}
