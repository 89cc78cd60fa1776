//! `begin_release`: money goes back, as guardians approved a delay ago, and the authority agrees.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Act, GuardianAct, JournalEntry, Market, Protocol, ReleaseOrder, Route, Safe},
};

use crate::{quorum::*, record::*, token};

/// Accounts of `begin_release`. No guardian signs: a proposal that has waited stands for them.
#[derive(Accounts)]
pub struct BeginRelease<'info> {
    /// The guardians.
    pub quorum: Quorum<'info>,
    /// The authority; none where guardians have waited for it.
    pub authority: Option<Signer<'info>>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// Stops a market of another protocol, whose guardians are others.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: AccountLoader<'info, Market>,
    /// Stops the route of another market, and another safe than its own.
    #[account(
        mut,
        has_one = market @ BreakerError::WrongMarket,
        has_one = safe @ BreakerError::WrongSafe
    )]
    pub route: AccountLoader<'info, Route>,
    /// The route names it. Stops a token account that is not its own, and has more.
    #[account(has_one = tokens @ BreakerError::WrongSafe)]
    pub safe: AccountLoader<'info, Safe>,
    /// CHECK: the safe names it.
    pub tokens: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `begin_release`. It moves nothing: anyone takes the steps.
pub fn begin_release(ctx: Context<BeginRelease>, order: ReleaseOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let (key, scope) = (accounts.protocol.key(), accounts.market.key());
    let (severity, amount) = {
        let (protocol, mut market) = (accounts.protocol.load()?, accounts.market.load_mut()?);
        let act = GuardianAct::Release(order);
        // each approval was given with a stamp; a signature here would have none
        accounts.quorum.check((&key, &protocol), (&act, &scope), &[], now)?;
        let approved_at = accounts.quorum.approved_at()?;
        match &accounts.authority {
            Some(authority) => protocol.check_agrees(authority.key, now)?,
            None => order.check_alone(approved_at, now)?,
        }
        market.begin_release(approved_at, order.alone_from(approved_at), now)?;
        market.assert_invariant()?;
        let safe = accounts.safe.load()?;
        let has = (safe.free(token::read(&accounts.tokens)?.amount), safe.migrations);
        let by = (approved_at, accounts.authority.is_some());
        let amount = accounts.route.load_mut()?.begin_release(&order, has, by, now)?;
        (market.in_force(&protocol.board, now).0, amount)
    };

    let entry = JournalEntry {
        before: severity,
        after: severity,
        value: amount,
        threshold: accounts.authority.is_some().into(),
        ..JournalEntry::new(Act::ReleaseBegun, accounts.quorum.actor(&[]), order.destination, now)
    };
    accounts.record.append(key, entry)?;
    Ok(())
}
