//! `migrate_protocol`: anyone brings a protocol's account to this program's version. Doing it twice changes nothing.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    Instant,
    state::{Act, JournalEntry, Protocol},
};

use crate::record::*;

/// Accounts of `migrate_protocol`.
#[derive(Accounts)]
pub struct MigrateProtocol<'info> {
    /// The protocol.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `migrate_protocol`.
pub fn migrate_protocol(ctx: Context<MigrateProtocol>) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();
    let version = {
        let mut protocol = accounts.protocol.load_mut()?;
        if !protocol.migrate() {
            return Ok(());
        }
        protocol.version
    };

    let entry = JournalEntry { value: version.into(), ..JournalEntry::new(Act::Migrated, key, key, now) };
    accounts.record.append(key, entry)?;
    Ok(())
}
