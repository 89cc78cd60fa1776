//! Brings tokens in.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{error::VenueError, events::Deposited, guard::*, state::Portfolio, wallet::*};

/// Accounts of `deposit`.
#[derive(Accounts)]
pub struct Deposit<'info> {
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

impl Deposit<'_> {
    pub(crate) fn handle(ctx: Context<Self>, amount: u64) -> Result<()> {
        let Deposit { owner, portfolio, wallet, guard } = ctx.accounts;
        let pass = guard.ask(Operation::DEPOSIT)?;
        let index = guard.index()?;
        let balance = portfolio.balance(index)?;
        balance.deposit(amount)?;
        let (deposit, debt) = (balance.deposit, balance.debt);

        wallet.pay(owner, guard, amount)?;
        guard.record_inflow(&pass, amount)?;
        emit!(Deposited { owner: owner.key(), mint: wallet.mint.key(), amount, deposit, debt });
        Ok(())
    }
}
