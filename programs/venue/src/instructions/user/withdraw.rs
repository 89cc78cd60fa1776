//! Takes a deposit out. What the breaker would hold goes to the safe, in the name of a user who brings its accounts.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::{WithdrawalHeld, Withdrawn},
    guard::*,
    state::{Portfolio, Prices, Requirement},
    wallet::*,
};

/// Accounts of `withdraw`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Withdraw<'info> {
    /// The user; pays the rent of what is held.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// His portfolio: with another's he would take what is not his.
    #[account(mut, has_one = owner @ VenueError::NotTheOwner)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// What is paid: any account of the token, at the user's choice.
    pub wallet: Wallet<'info>,
    /// CHECK: the vault's owner; signs by its seeds
    #[account(address = guard.vault.owner @ VenueError::WrongVaultAuthority)]
    pub vault_authority: UncheckedAccount<'info>,
    /// The breaker, and the vault that pays.
    pub guard: Guarded<'info>,
    /// The safe, where the withdrawal may wait.
    pub holding: Holding<'info>,
}

impl<'info> Withdraw<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>, amount: u64, hold_as: Option<u64>) -> Result<()> {
        let Withdraw { owner, portfolio, wallet, vault_authority, guard, holding } = ctx.accounts;
        let pass = guard.ask(Operation::WITHDRAW)?;
        let venue = &guard.gate.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let index = guard.index()?;
        let mut after = ***portfolio;
        after.balance(index)?.withdraw(amount)?;
        after.check(venue.listed(), &prices, Requirement::Initial(&pass.limits))?;

        let waiting = holding.under(hold_as, owner, wallet, guard)?;

        let outcome = guard.pay_or_hold(&pass, wallet, vault_authority, amount, waiting.as_ref())?;
        if outcome == Outcome::Refused {
            return Ok(());
        }
        ***portfolio = after;
        let (owner, mint, deposit) = (owner.key(), wallet.mint.key(), after.balance(index)?.deposit);
        match (outcome, waiting) {
            (Outcome::Held, Some(waiting)) => {
                emit!(WithdrawalHeld { owner, mint, amount, deposit, held: waiting.held.key() });
            }
            _ => emit!(Withdrawn { owner, mint, amount, deposit }),
        }
        Ok(())
    }
}
