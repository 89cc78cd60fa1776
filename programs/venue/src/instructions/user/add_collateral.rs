//! Brings tokens in under a debt or a position: an exit, which stays open while deposits are closed, so that nobody is
//! liquidated for want of a way to top up. Without a debt or a position there is nothing to protect: then it is a
//! deposit, and closed like one.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{error::VenueError, events::CollateralAdded, guard::*, state::Portfolio, wallet::*};

/// Accounts of `add_collateral`.
#[derive(Accounts)]
pub struct AddCollateral<'info> {
    /// The user.
    pub owner: Signer<'info>,
    /// His portfolio: another's would be credited with what he pays.
    #[account(mut, has_one = owner @ VenueError::NotTheOwner)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// What pays.
    pub wallet: Wallet<'info>,
    /// The breaker, and the vault that is paid.
    pub guard: Guarded<'info>,
}

impl AddCollateral<'_> {
    pub(crate) fn handle(ctx: Context<Self>, amount: u64) -> Result<()> {
        let AddCollateral { owner, portfolio, wallet, guard } = ctx.accounts;
        let pass = guard.ask(Operation::ADD_COLLATERAL)?;
        require!(portfolio.is_at_risk(), VenueError::NothingAtRisk);
        let index = guard.index()?;
        let balance = portfolio.balance(index)?;
        balance.deposit(amount)?;
        let (deposit, debt) = (balance.deposit, balance.debt);

        wallet.pay(owner, guard, amount)?;
        guard.record_inflow(&pass, amount)?;
        emit!(CollateralAdded { owner: owner.key(), mint: wallet.mint.key(), amount, deposit, debt });
        Ok(())
    }
}
