//! `create_protocol`: the protected program puts itself under the breaker, or its upgrade authority does.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{
        Act, Journal, JournalEntry, Protocol, ProtocolSettings, Shown, program_data, upgrade_authority_of,
    },
};

use crate::{create::create, events::JournalEntryAdded, instructions::ensure, record::tell};

/// Accounts of `create_protocol`; where the program does not sign, its upgrade authority follows, and its data account.
#[event_cpi]
#[derive(Accounts)]
pub struct CreateProtocol<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// CHECK: the protected program's recording PDA. Its signature can only come from that program; without it the handler
    /// asks for the upgrade authority's. So nobody can put a program under a protocol of their own making.
    #[account(
        constraint = recorder.key() == pda::recorder(protected_program.key).0 @ BreakerError::RecorderNotOfProgram
    )]
    pub recorder: UncheckedAccount<'info>,
    /// CHECK: the protected program; only its address matters, and the recorder is derived from it.
    pub protected_program: UncheckedAccount<'info>,
    /// CHECK: created.
    #[account(
        mut,
        seeds = [pda::PROTOCOL, protected_program.key().as_ref(), recorder.key().as_ref()],
        bump
    )]
    pub protocol: UncheckedAccount<'info>,
    /// CHECK: created.
    #[account(
        mut,
        seeds = [pda::JOURNAL, protocol.key().as_ref()],
        bump
    )]
    pub journal: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// Handler of `create_protocol`.
pub fn create_protocol(ctx: Context<CreateProtocol>, settings: ProtocolSettings) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();

    let (program, recorder) = (accounts.protected_program.key(), accounts.recorder.key());
    let creator = if accounts.recorder.is_signer {
        recorder
    } else {
        upgrade_authority(&program, ctx.remaining_accounts)?
    };
    let bump = ctx.bumps.protocol;
    let seeds: &[&[u8]] = &[pda::PROTOCOL, program.as_ref(), recorder.as_ref(), &[bump]];
    create::<Protocol>(&accounts.protocol, &accounts.payer, seeds)?
        .initialize(program, recorder, bump, &settings)?;
    let bump = ctx.bumps.journal;
    let seeds: &[&[u8]] = &[pda::JOURNAL, key.as_ref(), &[bump]];
    let mut journal = create::<Journal>(&accounts.journal, &accounts.payer, seeds)?;
    journal.initialize(key, bump);

    let entry = JournalEntry::new(Act::ProtocolCreated, creator, key, now);
    let (entry, in_segment) = journal.append(entry, None, false)?;
    let head = journal.head;
    drop(journal);
    tell(&accounts.event_authority, &JournalEntryAdded { protocol: key, entry, head, in_segment })?;
    Ok(())
}

/// The program's upgrade authority, who signs. Stops a stranger, and the data account of another program.
fn upgrade_authority(program: &Pubkey, accounts: &[AccountInfo]) -> Result<Pubkey> {
    let [authority, account] = accounts else { return Err(BreakerError::NotTheProgram.into()) };
    let data = account.try_borrow_data()?;
    let shown = Shown { key: account.key, program: account.owner, data: &data };
    let speaks = authority.is_signer
        && *account.key == program_data(program)
        && upgrade_authority_of(&shown) == Some(*authority.key);
    ensure(speaks, BreakerError::NotTheProgram)?;
    Ok(*authority.key)
}
