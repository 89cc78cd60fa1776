//! `cancel`: the authority takes a proposal back; anyone clears away one that is expired or of a former authority.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, JournalEntry, Proposal, Protocol},
};

use crate::record::*;

/// Accounts of `cancel`.
#[derive(Accounts)]
pub struct Cancel<'info> {
    /// The authority, or anyone once the proposal is over.
    pub signer: Signer<'info>,
    /// The protocol.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a proposal of another protocol.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `cancel`. The account stays: its number is never used again.
pub fn cancel(ctx: Context<Cancel>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let signer = accounts.signer.key();
    let nonce = {
        let (mut protocol, mut proposal) = (accounts.protocol.load_mut()?, accounts.proposal.load_mut()?);
        proposal.cancel(&mut protocol, &signer, now)?;
        proposal.nonce
    };

    let entry = JournalEntry {
        value: nonce,
        ..JournalEntry::new(Act::ProposalCancelled, signer, accounts.proposal.key(), now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}
