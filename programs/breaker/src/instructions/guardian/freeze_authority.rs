//! `freeze_authority`: a quorum voids what the authority proposed, and refuses what it would propose for thirty days.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    Instant,
    constants::AUTHORITY_FREEZE,
    state::{Act, GuardianAct, JournalEntry, Protocol},
};

use crate::{quorum::*, record::*};

/// Accounts of `freeze_authority`; the guardians who sign follow. It names the freezes so far, so
/// that one signed in advance freezes once.
#[derive(Accounts)]
pub struct FreezeAuthority<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
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
    let key = accounts.protocol.key();
    let (members, authority) = {
        let mut protocol = accounts.protocol.load_mut()?;
        let act = GuardianAct::FreezeAuthority { authority_epoch };
        let members = accounts.quorum.check((&key, &protocol), (&act, &key), ctx.remaining_accounts, now)?;
        protocol.freeze_authority(authority_epoch, now)?;
        (members, protocol.authority)
    };

    let entry = JournalEntry {
        value: members.into(),
        threshold: AUTHORITY_FREEZE,
        ..JournalEntry::new(
            Act::AuthorityFrozen,
            accounts.quorum.actor(ctx.remaining_accounts),
            authority,
            now,
        )
    };
    accounts.record.append_signed_in_advance(key, entry)?;
    Ok(())
}
