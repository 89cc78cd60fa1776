//! `create_protocol`: the protected program puts itself under the breaker.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, Journal, JournalEntry, Layout, Protocol, ProtocolSettings},
};

use crate::{events::JournalEntryAdded, record::tell};

/// Accounts of `create_protocol`.
#[event_cpi]
#[derive(Accounts)]
pub struct CreateProtocol<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The protected program's recording PDA. Its signature can only come from that program, so nobody can put a
    /// program under a protocol of their own making.
    #[account(
        constraint = recorder.key() == pda::recorder(protected_program.key).0 @ BreakerError::RecorderNotOfProgram
    )]
    pub recorder: Signer<'info>,
    /// CHECK: the protected program; only its address matters, and the recorder is derived from it.
    pub protected_program: UncheckedAccount<'info>,
    /// Created.
    #[account(
        init,
        payer = payer,
        space = Protocol::SPACE,
        seeds = [pda::PROTOCOL, protected_program.key().as_ref(), recorder.key().as_ref()],
        bump
    )]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Created.
    #[account(
        init,
        payer = payer,
        space = Journal::SPACE,
        seeds = [pda::JOURNAL, protocol.key().as_ref()],
        bump
    )]
    pub journal: AccountLoader<'info, Journal>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// Handler of `create_protocol`.
pub fn create_protocol(ctx: Context<CreateProtocol>, settings: ProtocolSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();

    let program = accounts.protected_program.key();
    accounts.protocol.load_init()?.initialize(
        program,
        accounts.recorder.key(),
        ctx.bumps.protocol,
        &settings,
    )?;
    let mut journal = accounts.journal.load_init()?;
    journal.initialize(key, ctx.bumps.journal);

    let entry = JournalEntry::new(Act::ProtocolCreated, accounts.recorder.key(), key, now);
    let (entry, in_segment) = journal.append(entry, None, false)?;
    let head = journal.head;
    drop(journal);
    tell(&accounts.event_authority, &JournalEntryAdded { protocol: key, entry, head, in_segment })?;
    Ok(())
}
