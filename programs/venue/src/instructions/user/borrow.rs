//! Takes a loan out, against the collateral of the whole portfolio.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::Borrowed,
    guard::*,
    state::{Portfolio, Prices, Requirement},
    wallet::*,
};

/// Accounts of `borrow`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Borrow<'info> {
    /// The user.
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
}

impl<'info> Borrow<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>, amount: u64) -> Result<()> {
        let Borrow { owner, portfolio, wallet, vault_authority, guard } = ctx.accounts;
        let pass = guard.ask(Operation::BORROW)?;
        let venue = &guard.gate.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let index = guard.index()?;
        let mut after = ***portfolio;
        after.balance(index)?.borrow(amount)?;
        after.check(venue.listed(), &prices, Requirement::Initial(&pass.limits))?;

        if !guard.pay_out(&pass, wallet, vault_authority, amount)? {
            return Ok(());
        }
        ***portfolio = after;
        let debt = after.balance(index)?.debt;
        emit!(Borrowed { owner: owner.key(), mint: wallet.mint.key(), amount, debt });
        Ok(())
    }
}
