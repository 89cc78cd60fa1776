//! `approve`: guardians speak for a proposal that takes their approval, here and now.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    instruction::{INSTRUCTIONS, SLOT_HASHES, Stamp},
    state::{Act, JournalEntry, Proposal, Protocol},
};

use crate::{company, quorum, record::*};

/// Accounts of `approve`; the guardians who sign follow.
#[derive(Accounts)]
pub struct Approve<'info> {
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a proposal of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub proposal: AccountLoader<'info, Proposal>,
    /// CHECK: the address is the sysvar's; a forged list could hide a durable nonce.
    #[account(address = INSTRUCTIONS @ BreakerError::DurableNonce)]
    pub instructions: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged one would know any stamp.
    #[account(address = SLOT_HASHES @ BreakerError::StaleStamp)]
    pub slot_hashes: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `approve`.
pub fn approve(ctx: Context<Approve>, stamp: Stamp) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    company::check_fresh(&accounts.instructions, &accounts.slot_hashes, &stamp)?;

    let (members, votes) = {
        let protocol = accounts.protocol.load()?;
        let mut proposal = accounts.proposal.load_mut()?;
        let members = quorum::signing(&protocol, ctx.remaining_accounts)?;
        let votes = proposal.approve(&protocol, members, stamp.slot, now)?;
        (members, votes)
    };

    let entry = JournalEntry {
        value: members.into(),
        threshold: votes.into(),
        ..JournalEntry::new(Act::Approved, *ctx.remaining_accounts[0].key, accounts.proposal.key(), now)
    };
    accounts.record.append(accounts.protocol.key(), entry)?;
    Ok(())
}
