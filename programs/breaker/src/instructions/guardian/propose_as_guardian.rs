//! `propose_as_guardian`: a guardian proposes what takes a quorum, and is the first who approves it.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    instruction::{INSTRUCTIONS, SLOT_HASHES, Stamp},
    pda,
    state::{Act, GuardianAct, JournalEntry, Market, Proposal, Protocol},
};

use crate::{company, create::create, record::*};

/// Accounts of `propose_as_guardian`.
#[derive(Accounts)]
#[instruction(nonce: u64)]
pub struct ProposeAsGuardian<'info> {
    /// A guardian; pays rent.
    #[account(mut)]
    pub guardian: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market of which the act is; none where it is of the whole protocol. Stops a market of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// CHECK: created; the seeds give each guardian numbers of its own, so that nobody takes another's.
    #[account(
        mut,
        seeds = [
            pda::GUARDIAN_PROPOSAL,
            protocol.key().as_ref(),
            guardian.key().as_ref(),
            &nonce.to_le_bytes()
        ],
        bump
    )]
    pub proposal: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged list could hide a durable nonce.
    #[account(address = INSTRUCTIONS @ BreakerError::DurableNonce)]
    pub instructions: UncheckedAccount<'info>,
    /// CHECK: the address is the sysvar's; a forged one would know any stamp.
    #[account(address = SLOT_HASHES @ BreakerError::StaleStamp)]
    pub slot_hashes: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `propose_as_guardian`. The account stays, also once it is over: its number is never used again.
pub fn propose_as_guardian(
    ctx: Context<ProposeAsGuardian>,
    nonce: u64,
    act: &GuardianAct,
    stamp: Stamp,
) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    company::check_fresh(&accounts.instructions, &accounts.slot_hashes, &stamp)?;
    let (key, guardian, bump) = (accounts.protocol.key(), accounts.guardian.key(), ctx.bumps.proposal);
    let scope = accounts.market.as_ref().map_or(key, |market| market.key());

    act.check_scope(accounts.market.is_some())?;
    let delay = {
        let protocol = accounts.protocol.load()?;
        protocol.check_attached()?;
        let number = nonce.to_le_bytes();
        let seeds: &[&[u8]] = &[pda::GUARDIAN_PROPOSAL, key.as_ref(), guardian.as_ref(), &number, &[bump]];
        let mut proposal = create::<Proposal>(&accounts.proposal, &accounts.guardian, seeds)?;
        proposal.initialize_act((&protocol, key), (guardian, nonce, bump), (act, scope), now)?;
        proposal.delay
    };

    let entry = JournalEntry {
        value: nonce,
        threshold: delay.into(),
        ..JournalEntry::new(Act::ProposalMade, guardian, accounts.proposal.key(), now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
