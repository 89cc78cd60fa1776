//! `raise`: a registered keeper cautions a market; two of them pause it in part.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant, Operations,
    instruction::RaiseOrder,
    state::{Act, JournalEntry, Keeper, Market, Protocol},
};

use crate::record::*;

/// Accounts of `raise`.
#[derive(Accounts)]
pub struct Raise<'info> {
    /// The bot's key.
    pub key: Signer<'info>,
    /// Stops another bot's or another protocol's registration.
    #[account(mut, has_one = key @ BreakerError::NotTheKeeper, has_one = protocol @ BreakerError::NotTheKeeper)]
    pub keeper: AccountLoader<'info, Keeper>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, where this keeper is nobody.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `raise`.
pub fn raise(ctx: Context<Raise>, order: RaiseOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let protocol = accounts.protocol.key();
    accounts.protocol.load()?.check_attached()?;
    accounts.keeper.load_mut()?.spend_raise(order.seconds, now)?;

    let (before, after) = {
        let mut market = accounts.market.load_mut()?;
        let before = market.board.severity(now);
        market.raise(accounts.key.key(), Operations(order.closed), order.seconds, order.reason, now)?;
        market.assert_invariant()?;
        (before, market.board.severity(now))
    };

    let entry = JournalEntry {
        before,
        after,
        value: order.reason,
        threshold: order.seconds.into(),
        ..JournalEntry::new(Act::Raised, accounts.key.key(), accounts.market.key(), now)
    };
    accounts.record.append(protocol, entry)?;
    Ok(())
}
