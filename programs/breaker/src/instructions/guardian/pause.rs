//! `pause`: one guardian closes operations that are no exits, for a bounded time.

use crate::anchor_lang::{self, prelude::*};
use std::cell::RefMut;

use firebreak_interface::{
    BreakerError, Instant, Severity,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
    pda,
    state::{Act, GuardianBudget, JournalEntry, Layout, Market, PauseOrder, Protocol, Source},
};

use crate::{
    create::create,
    instructions::ensure,
    loader::{check, load_mut},
    record::*,
};

/// Accounts of `pause`.
#[derive(Accounts)]
pub struct Pause<'info> {
    /// A guardian; pays once for its budget's account. A durable nonce is welcome: the order carries its own epoch and
    /// expiry.
    #[account(mut)]
    pub guardian: Signer<'info>,
    /// Written where all markets are paused.
    #[account(mut)]
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market to pause; none pauses all. Stops a market of another protocol, where the signer is nobody.
    #[account(mut, has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// CHECK: created when missing. What this guardian may still pause here; the handler stops the budget of another guardian,
    /// market or protocol.
    #[account(mut)]
    pub budget: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
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
    let mut budget = open_budget(accounts, scope)?;
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

/// What the guardian may still pause here, created at its first pause. Its address is derived then; later it is told by what
/// it says, for nothing else is of this kind.
fn open_budget<'a>(accounts: &'a Pause, scope: Pubkey) -> Result<RefMut<'a, GuardianBudget>> {
    let (account, guardian) = (&accounts.budget, accounts.guardian.key());
    if *account.owner == crate::ID {
        check(account, GuardianBudget::TAG)?;
        let budget: RefMut<GuardianBudget> = load_mut(account)?;
        ensure(budget.scope == scope && budget.guardian == guardian, BreakerError::WrongBudget)?;
        return Ok(budget);
    }
    let (address, bump) = pda::budget(&scope, &guardian);
    ensure(*account.key == address, BreakerError::WrongBudget)?;
    let seeds: &[&[u8]] = &[pda::BUDGET, scope.as_ref(), guardian.as_ref(), &[bump]];
    let mut budget = create::<GuardianBudget>(account, &accounts.guardian, seeds)?;
    budget.initialize(scope, guardian, bump);
    Ok(budget)
}
