//! `pause`: one guardian closes operations that are no exits, for a bounded time.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN},
    pda,
    state::{Act, GuardianBudget, JournalEntry, Market, PauseOrder, Protocol},
};

use crate::{create::create_if_missing, instructions::ensure, record::*};

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
    /// CHECK: created when missing. What this guardian may still pause here; the seeds stop the budget of another guardian or market.
    #[account(
        mut,
        seeds = [
            pda::BUDGET,
            market.as_ref().map_or(protocol.key(), |market| market.key()).as_ref(),
            guardian.key().as_ref()
        ],
        bump
    )]
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

    let (before, after, charged, limit) = {
        let mut protocol = accounts.protocol.load_mut()?;
        ensure(protocol.is_guardian(&guardian), BreakerError::NotAGuardian)?;
        protocol.check_attached()?;
        let limit = protocol.pause_budget();
        let closed = order.check(protocol.pause_epoch, now)?;
        match &accounts.market {
            Some(market) => {
                let mut market = market.load_mut()?;
                let (dwell, grace) = (market.dwell, market.liquidation_grace);
                let before = market.board.severity(now);
                let charged = market.board.pause(closed, order.seconds, dwell, grace, now)?;
                market.assert_invariant()?;
                (before, market.board.severity(now), charged, limit)
            }
            None => {
                let before = protocol.board.severity(now);
                let charged =
                    protocol.board.pause(closed, order.seconds, DWELL_MIN, LIQUIDATION_GRACE_MIN, now)?;
                (before, protocol.board.severity(now), charged, limit)
            }
        }
    };
    {
        let bump = ctx.bumps.budget;
        let seeds: &[&[u8]] = &[pda::BUDGET, scope.as_ref(), guardian.as_ref(), &[bump]];
        let mut budget = create_if_missing::<GuardianBudget>(&accounts.budget, &accounts.guardian, seeds)?;
        budget.initialize_once(scope, guardian, bump);
        budget.spend(charged, limit, now)?;
    }

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
