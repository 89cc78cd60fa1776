//! Pays an unhealthy portfolio's debt and is paid in its collateral, at the oracles' prices and a bonus.
//!
//! Two vaults move, so two guards stand here: what leaves is asked for first of all, what came in is recorded after it.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{
    error::VenueError,
    events::Liquidated,
    guard::*,
    state::{Portfolio, Prices, Requirement},
    wallet::*,
};

/// Accounts of `liquidate`; the remaining ones are the oracles of all listed collaterals, in order.
#[derive(Accounts)]
pub struct Liquidate<'info> {
    /// Whoever pays the debt.
    pub liquidator: Signer<'info>,
    /// Any portfolio: its health decides, not whose it is.
    #[account(mut)]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// What pays the debt.
    pub debt_wallet: Wallet<'info>,
    /// What is paid the collateral.
    pub collateral_wallet: Wallet<'info>,
    /// CHECK: the vault's owner; signs by its seeds
    #[account(address = collateral_guard.vault.owner @ VenueError::WrongVaultAuthority)]
    pub vault_authority: UncheckedAccount<'info>,
    /// The breaker, and the vault of the debt.
    pub debt_guard: Guarded<'info>,
    /// The breaker, and the vault of the collateral.
    pub collateral_guard: Guarded<'info>,
}

impl<'info> Liquidate<'info> {
    pub(crate) fn handle(ctx: Context<'info, Self>, amount: u64) -> Result<()> {
        let Liquidate {
            liquidator,
            portfolio,
            debt_wallet,
            collateral_wallet,
            vault_authority,
            debt_guard,
            collateral_guard,
        } = ctx.accounts;
        let (pass_in, pass_out) =
            (debt_guard.ask(Operation::LIQUIDATE)?, collateral_guard.ask(Operation::LIQUIDATE)?);
        let venue = &collateral_guard.gate.venue;
        let prices = Prices::read(venue, ctx.remaining_accounts, Clock::get()?.unix_timestamp)?;
        let is_healthy = portfolio.is_healthy(venue.listed(), &prices, Requirement::Maintenance)?;
        require!(!is_healthy, VenueError::Healthy);
        // an open position may still turn into the debt or the collateral that pays it
        require!(!portfolio.has_positions(), VenueError::PositionsFirst);

        let (owed, held) = (debt_guard.index()?, collateral_guard.index()?);
        let seized = venue.collateral(held)?.seized_for(
            prices.of(held)?,
            venue.collateral(owed)?,
            prices.of(owed)?,
            amount,
        )?;
        let mut after = ***portfolio;
        after.balance(owed)?.repay(amount)?;
        after.balance(held)?.seize(seized)?;

        if !collateral_guard.pay_out(&pass_out, collateral_wallet, vault_authority, seized)? {
            return Ok(());
        }
        ***portfolio = after;
        debt_wallet.pay(liquidator, debt_guard, amount)?;
        debt_guard.record_inflow(&pass_in, amount)?;
        emit!(Liquidated {
            owner: after.owner,
            by: liquidator.key(),
            debt_mint: debt_wallet.mint.key(),
            repaid: amount,
            collateral_mint: collateral_wallet.mint.key(),
            seized
        });
        Ok(())
    }
}
