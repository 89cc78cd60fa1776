//! `propose`: the authority says what it will do when a delay is over.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, pda,
    state::{Act, JournalEntry, Proposal, Proposed, Protocol},
};

use crate::{create::create, record::*, subject};

/// Accounts of `propose`; those that the proposal binds follow.
#[derive(Accounts)]
pub struct Propose<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// Governance; may be a program's PDA that signs by CPI: the delay binds it.
    pub authority: Signer<'info>,
    /// Stops a stranger, or another protocol's authority.
    #[account(mut, has_one = authority @ BreakerError::NotTheAuthority)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// CHECK: created; the seeds carry the next number, so that none is used twice.
    #[account(
        mut,
        seeds = [
            pda::PROPOSAL,
            protocol.key().as_ref(),
            &protocol.load()?.next_proposal.to_le_bytes()
        ],
        bump
    )]
    pub proposal: UncheckedAccount<'info>,
    /// The same, as it was vetoed; none where it is new. Stops the veto of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub vetoed: Option<AccountLoader<'info, Proposal>>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `propose`.
pub fn propose(ctx: Context<Propose>, proposed: &Proposed) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, bump) = (accounts.protocol.key(), ctx.bumps.proposal);

    let (nonce, delay) = {
        let mut protocol = accounts.protocol.load_mut()?;
        protocol.check_attached()?;
        let epoch = match (proposed, ctx.remaining_accounts) {
            // the protocol itself is open for writing here: it is told by its address, not opened again
            (Proposed::Amend(amendment), [account]) => subject::epoch(amendment, account, (&key, &protocol))?,
            _ => 0,
        };
        let bound: Vec<_> = ctx.remaining_accounts.iter().map(|account| *account.key).collect();
        let nonce = protocol.next_proposal;
        let seeds: &[&[u8]] = &[pda::PROPOSAL, key.as_ref(), &nonce.to_le_bytes(), &[bump]];
        let mut proposal = create::<Proposal>(&accounts.proposal, &accounts.payer, seeds)?;
        let vetoed = accounts.vetoed.as_ref().map(AccountLoader::load).transpose()?;
        let act = (proposed, &bound[..], epoch);
        proposal.initialize(&mut protocol, key, bump, act, vetoed.as_deref(), now)?;
        (nonce, proposal.delay)
    };

    let entry = JournalEntry {
        value: nonce,
        threshold: delay.into(),
        ..JournalEntry::new(Act::ProposalMade, accounts.authority.key(), accounts.proposal.key(), now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
