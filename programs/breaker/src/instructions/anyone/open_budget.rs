//! `open_budget`: anyone opens what a guardian pauses by, ahead of the day on which it does.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, pda,
    state::{GuardianBudget, Market, Protocol},
};

use crate::{create::create_if_missing, instructions::ensure};

/// Accounts of `open_budget`.
#[derive(Accounts)]
pub struct OpenBudget<'info> {
    /// Pays rent.
    #[account(mut)]
    pub payer: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market that the budget is of; none for all markets. Stops a market of another protocol.
    #[account(has_one = protocol @ BreakerError::WrongProtocol)]
    pub market: Option<AccountLoader<'info, Market>>,
    /// CHECK: only its address counts. The handler stops whoever is no guardian of today.
    pub guardian: UncheckedAccount<'info>,
    /// CHECK: created when missing; the handler derives the address.
    #[account(mut)]
    pub budget: UncheckedAccount<'info>,
    /// Creates accounts.
    pub system_program: Program<'info, System>,
}

/// Handler of `open_budget`. No event: an empty budget is no history. Twice is once, so that it may stand before a pause
/// whoever else opens it meanwhile.
pub fn open_budget(ctx: Context<OpenBudget>) -> Result<()> {
    let accounts = &ctx.accounts;
    let guardian = accounts.guardian.key();
    let scope = accounts.market.as_ref().map_or(accounts.protocol.key(), Key::key);
    {
        let protocol = accounts.protocol.load()?;
        ensure(protocol.is_guardian(&guardian), BreakerError::NotAGuardian)?;
        protocol.check_attached()?;
    }
    let (address, bump) = pda::budget(&scope, &guardian);
    ensure(*accounts.budget.key == address, BreakerError::WrongBudget)?;
    let seeds: &[&[u8]] = &[pda::BUDGET, scope.as_ref(), guardian.as_ref(), &[bump]];
    let mut budget = create_if_missing::<GuardianBudget>(&accounts.budget, &accounts.payer, seeds)?;
    budget.initialize_once(scope, guardian, bump);
    Ok(())
}
