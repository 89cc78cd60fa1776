//! `announce_maintenance`: planned work begins, which guardians announced a loosening delay ago.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, GuardianAct, JournalEntry, Market, Protocol},
};

use crate::{quorum::*, record::*};

/// Accounts of `announce_maintenance`. Nobody signs: a proposal that has waited stands for the guardians.
#[derive(Accounts)]
pub struct AnnounceMaintenance<'info> {
    /// The guardians.
    pub quorum: Quorum<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `announce_maintenance`. It quiets the keepers' raise, and nothing else.
pub fn announce_maintenance(ctx: Context<AnnounceMaintenance>, seconds: u32) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope) = (accounts.protocol.key(), accounts.market.key());
    let members = {
        let (protocol, mut market) = (accounts.protocol.load()?, accounts.market.load_mut()?);
        let act = GuardianAct::Maintenance { seconds };
        // each approval was given with a stamp; a signature here would have none
        let members = accounts.quorum.check((&key, &protocol), (&act, &scope), &[], now)?;
        market.announce_maintenance(seconds, &protocol.board, now)?;
        market.assert_invariant()?;
        members
    };

    let entry = JournalEntry {
        value: members.into(),
        threshold: seconds.into(),
        ..JournalEntry::new(Act::MaintenanceAnnounced, accounts.quorum.actor(&[]), scope, now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
