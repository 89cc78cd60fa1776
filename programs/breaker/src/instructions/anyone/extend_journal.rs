//! `extend_journal`: anyone makes room in the journal.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    pda,
    state::{Journal, JournalSegment},
};

use crate::create::create;

/// Accounts of `extend_journal`.
#[derive(Accounts)]
pub struct ExtendJournal<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The journal.
    #[account(mut)]
    pub journal: AccountLoader<'info, Journal>,
    /// CHECK: created; the seeds carry the next number, so no segment can be skipped or made twice.
    #[account(
        mut,
        seeds = [
            pda::SEGMENT,
            journal.load()?.protocol.as_ref(),
            &journal.load()?.segments.to_le_bytes()
        ],
        bump
    )]
    pub segment: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// Handler of `extend_journal`. No event: an empty segment changes no history.
pub fn extend_journal(ctx: Context<ExtendJournal>) -> Result<()> {
    let (accounts, bump) = (&ctx.accounts, ctx.bumps.segment);
    let mut journal = accounts.journal.load_mut()?;
    let (protocol, number) = (journal.protocol, journal.segments.to_le_bytes());
    let seeds: &[&[u8]] = &[pda::SEGMENT, protocol.as_ref(), &number, &[bump]];
    create::<JournalSegment>(&accounts.segment, &accounts.payer, seeds)?.initialize(&mut journal, bump)?;
    Ok(())
}
