//! `flag_held`: a quorum flags held withdrawals, which wait for its decision.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, GuardianAct, HeldRange, JournalEntry, Market, Protocol, Safe},
};

use crate::{instructions::ensure, quorum::*, record::*};

/// Accounts of `flag_held`; the guardians who sign follow. A durable nonce is welcome: numbers are never used again, and a flag
/// ends by itself.
#[derive(Accounts)]
pub struct FlagHeld<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the safe of another market, of which these guardians did not speak.
    #[account(mut, has_one = market @ BreakerError::WrongMarket)]
    pub safe: AccountLoader<'info, Safe>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `flag_held`.
pub fn flag_held(ctx: Context<FlagHeld>, range: HeldRange) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope) = (accounts.protocol.key(), accounts.market.key());
    let severity = {
        let (protocol, mut safe) = (accounts.protocol.load()?, accounts.safe.load_mut()?);
        // stops the market's safe of another mint, whose numbers are others
        ensure(safe.mint == range.mint, BreakerError::WrongSafe)?;
        let act = GuardianAct::FlagHeld(range);
        accounts.quorum.check((&key, &protocol), (&act, &scope), ctx.remaining_accounts, now)?;
        safe.flag((range.from, range.to), now)?;
        accounts.market.load()?.in_force(&protocol.board, now).0
    };

    let (actor, subject) = (accounts.quorum.actor(ctx.remaining_accounts), accounts.safe.key());
    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: range.from,
        threshold: range.to,
        ..JournalEntry::new(Act::HeldFlagged, actor, subject, now)
    };
    accounts.record.append_signed_in_advance(key, entry)?;
    Ok(())
}
