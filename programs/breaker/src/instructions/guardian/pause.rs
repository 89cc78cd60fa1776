//! `pause`: one guardian closes operations that are no exits, for a bounded time.

use crate::anchor_lang::{self, prelude::*, system_program};
use std::cell::RefMut;

use firebreak_interface::{
    BreakerError, Instant, Severity,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
    state::{Act, GuardianBudget, JournalEntry, Layout, Market, PauseOrder, Protocol, Source},
};

use crate::{
    instructions::ensure,
    loader::{check, load_mut},
    record::*,
};

/// Accounts of `pause`.
#[derive(Accounts)]
pub struct Pause<'info> {
    /// A guardian. A durable nonce is welcome: the order carries its own epoch and expiry.
    pub guardian: Signer<'info>,
    /// Written where all markets are paused.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market to pause; none pauses all. Stops a market of another protocol, where the signer is nobody.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// CHECK: what this guardian may still pause here. The handler stops one that is not open, and that of another guardian,
    /// market or protocol.
    #[account(mut)]
    pub budget: UncheckedAccount<'info>,
    /// The journal.
    pub record: Record<'info>,
}

/// Handler of `pause`.
pub fn pause(ctx: Context<Pause>, order: PauseOrder) -> Result<()> {
    let now = Instant::from(&Clock::get()?);
    let accounts = &ctx.accounts;
    let guardian = accounts.guardian.key();
    let key = accounts.protocol.key();
    let scope = accounts.market.as_ref().map_or(key, |market| market.key());

    let until = now.plus(order.seconds.into());
    let (before, after, is_held, charged, limit) = {
        let mut protocol = accounts.protocol.load_mut()?;
        ensure(protocol.is_guardian(&guardian), BreakerError::NotAGuardian)?;
        protocol.check_attached()?;
        let limit = protocol.pause_budget();
        let closed = order.check(protocol.pause_epoch, now)?;
        let mut market = accounts.market.as_ref().map(AccountLoader::load_mut).transpose()?;
        let (board, dwell, grace) = match &mut market {
            Some(market) => {
                let (dwell, grace) = (market.dwell, market.liquidation_grace);
                (&mut market.board, dwell, grace)
            }
            None => (&mut protocol.board, DWELL_MIN, LIQUIDATION_GRACE_MIN),
        };
        let before = board.severity(now);
        let is_held = board.is_held(Source::Guardian, Severity::Major, now);
        let charged = board.pause(closed, order.seconds, dwell, grace, now)?;
        let after = board.severity(now);
        if let Some(market) = market {
            market.assert_invariant()?;
        }
        (before, after, is_held, charged, limit)
    };
    let mut budget = budget(&accounts.budget, &scope, &guardian)?;
    budget.spend(charged, limit, now)?;
    budget.rest(is_held, until, now)?;
    drop(budget);

    let entry = JournalEntry {
        before,
        after,
        value: order.closed,
        threshold: order.seconds.into(),
        ..JournalEntry::new(Act::Paused, guardian, scope, now)
    };
    accounts.record.append_signed_in_advance(key, entry)?;
    Ok(())
}

/// What the guardian may still pause here, opened ahead by `open_budget`. Its address was derived then; now it is told by
/// what it says, for nothing else is of this kind.
fn budget<'a>(
    account: &'a AccountInfo,
    scope: &Pubkey,
    guardian: &Pubkey,
) -> Result<RefMut<'a, GuardianBudget>> {
    ensure(*account.owner != system_program::ID, BreakerError::BudgetNotOpen)?;
    check(account, GuardianBudget::TAG)?;
    let budget: RefMut<GuardianBudget> = load_mut(account)?;
    budget.check(scope, guardian)?;
    Ok(budget)
}
