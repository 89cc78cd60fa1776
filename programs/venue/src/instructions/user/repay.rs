//! Pays a debt: an exit.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{error::VenueError, events::Repaid, guard::*, state::Portfolio, wallet::*};

/// Accounts of `repay`.
#[derive(Accounts)]
pub struct Repay<'info> {
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

impl Repay<'_> {
    pub(crate) fn handle(ctx: Context<Self>, amount: u64) -> Result<()> {
        let Repay { owner, portfolio, wallet, guard } = ctx.accounts;
        let pass = guard.ask(Operation::REPAY)?;
        let index = guard.index()?;
        let balance = portfolio.balance(index)?;
        balance.repay(amount)?;
        let debt = balance.debt;

        wallet.pay(owner, guard, amount)?;
        guard.record_inflow(&pass, amount)?;
        emit!(Repaid { owner: owner.key(), mint: wallet.mint.key(), amount, debt });
        Ok(())
    }
}
