//! `veto`: guardians speak against a proposal; with enough of them it is over.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, JournalEntry, Proposal, Protocol},
};

use crate::{quorum, record::*};

/// Accounts of `veto`; the guardians who sign follow. A durable nonce is welcome: the proposal's number is never used
/// again, and a veto only tightens.
#[derive(Accounts)]
pub struct Veto<'info> {
    /// The protocol, of which one proposal less waits.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a proposal of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `veto`.
pub fn veto(ctx: Context<Veto>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;

    let (members, votes) = {
        let (mut protocol, mut proposal) = (accounts.protocol.load_mut()?, accounts.proposal.load_mut()?);
        let members = quorum::signing(&protocol, ctx.remaining_accounts)?;
        (members, proposal.veto(&mut protocol, members, now)?)
    };

    let entry = JournalEntry {
        value: members.into(),
        threshold: votes.into(),
        ..JournalEntry::new(Act::Vetoed, *ctx.remaining_accounts[0].key, accounts.proposal.key(), now)
    };
    accounts.record.append_signed_in_advance(accounts.protocol.key(), entry)?;
    Ok(())
}
