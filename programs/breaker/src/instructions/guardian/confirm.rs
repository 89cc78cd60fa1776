//! `confirm`: a quorum makes a latch hold longer.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
    state::{Act, ConfirmOrder, GuardianAct, JournalEntry, Market, Protocol},
};

use crate::{quorum::*, record::*};

/// Accounts of `confirm`; the guardians who sign follow. A durable nonce is welcome: the order names one latch, and that
/// only tightens.
#[derive(Accounts)]
pub struct Confirm<'info> {
    /// The guardians who do not sign here.
    pub quorum: Quorum<'info>,
    /// Written where the latch holds in all markets.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market in which it holds; none for all. Stops a market of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `confirm`.
pub fn confirm(ctx: Context<Confirm>, order: ConfirmOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let key = accounts.protocol.key();
    let scope = accounts.market.as_ref().map_or(key, |market| market.key());

    let (members, severity) = {
        let mut protocol = accounts.protocol.load_mut()?;
        let act = GuardianAct::Confirm(order);
        let members =
            accounts.quorum.check((&key, &protocol), (&act, &scope), ctx.remaining_accounts, now)?;
        match &accounts.market {
            Some(market) => {
                let mut market = market.load_mut()?;
                let steps = (market.dwell, market.liquidation_grace);
                market.board.confirm(&order, steps, now)?;
                market.assert_invariant()?;
                (members, market.board.severity(now))
            }
            None => {
                protocol.board.confirm(&order, (DWELL_MIN, LIQUIDATION_GRACE_MIN), now)?;
                (members, protocol.board.severity(now))
            }
        }
    };

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: members.into(),
        threshold: order.seconds.into(),
        ..JournalEntry::new(Act::Confirmed, accounts.quorum.actor(ctx.remaining_accounts), scope, now)
    };
    accounts.record.append_signed_in_advance(key, entry)?;
    Ok(())
}
