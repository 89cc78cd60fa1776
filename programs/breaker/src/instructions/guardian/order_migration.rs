//! `order_migration`: a quorum orders that a market's money be moved to safety.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    constants::MIGRATION_WINDOW,
    state::{Act, GuardianAct, JournalEntry, Market, MigrateOrder, Protocol},
};

use crate::{quorum::*, record::*};

/// Accounts of `order_migration`; the guardians who sign follow. A durable nonce is welcome: the order names one latch, and
/// money goes to its own safe alone.
#[derive(Accounts)]
pub struct OrderMigration<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `order_migration`.
pub fn order_migration(ctx: Context<OrderMigration>, order: MigrateOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope) = (accounts.protocol.key(), accounts.market.key());
    let (members, severity) = {
        let (protocol, mut market) = (accounts.protocol.load()?, accounts.market.load_mut()?);
        let act = GuardianAct::Migrate(order);
        let members =
            accounts.quorum.check((&key, &protocol), (&act, &scope), ctx.remaining_accounts, now)?;
        market.order_migration(&order, &protocol.board, now)?;
        market.assert_invariant()?;
        (members, market.in_force(&protocol.board, now).0)
    };

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: members.into(),
        threshold: MIGRATION_WINDOW,
        ..JournalEntry::new(Act::MigrationOrdered, accounts.quorum.actor(ctx.remaining_accounts), scope, now)
    };
    accounts.record.append_signed_in_advance(key, entry)?;
    Ok(())
}
