//! `freeze_authority`: a quorum voids what the authority proposed, and refuses what it would propose for thirty days.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    constants::AUTHORITY_FREEZE,
    state::{Act, JournalEntry, Protocol},
};

use crate::{instructions::ensure, quorum, record::*};

/// Accounts of `freeze_authority`; the guardians who sign follow, all in one transaction. It names the freezes so far, so
/// that one signed in advance freezes once.
#[derive(Accounts)]
pub struct FreezeAuthority<'info> {
    /// The protocol.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `freeze_authority`. The authority still tightens: that is no danger, and may be its owner.
pub fn freeze_authority(ctx: Context<FreezeAuthority>, authority_epoch: u64) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (members, authority) = {
        let mut protocol = accounts.protocol.load_mut()?;
        protocol.check_attached()?;
        let members = quorum::signing(&protocol, ctx.remaining_accounts)?;
        let threshold = protocol.thresholds()?.freeze;
        ensure(members.count_ones() >= threshold.into(), BreakerError::NotApproved)?;
        protocol.freeze_authority(authority_epoch, now)?;
        (members, protocol.authority)
    };

    let entry = JournalEntry {
        value: members.into(),
        threshold: AUTHORITY_FREEZE,
        ..JournalEntry::new(Act::AuthorityFrozen, *ctx.remaining_accounts[0].key, authority, now)
    };
    accounts.record.append_signed_in_advance(accounts.protocol.key(), entry)?;
    Ok(())
}
