//! Opens a portfolio. Asks no gate: it moves nothing and permits nothing.

use anchor_lang::prelude::*;

use crate::{
    events::PortfolioCreated,
    state::{Portfolio, seeds},
};

/// Accounts of `create_portfolio`.
#[derive(Accounts)]
pub struct CreatePortfolio<'info> {
    /// The user, who pays.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// The portfolio.
    #[account(
        init,
        payer = owner,
        space = 8 + Portfolio::INIT_SPACE,
        seeds = [seeds::PORTFOLIO, owner.key().as_ref()],
        bump
    )]
    pub portfolio: Box<Account<'info, Portfolio>>,
    /// System.
    pub system_program: Program<'info, System>,
}

impl CreatePortfolio<'_> {
    pub(crate) fn handle(ctx: Context<Self>) -> Result<()> {
        let portfolio = &mut ctx.accounts.portfolio;
        portfolio.owner = ctx.accounts.owner.key();
        portfolio.bump = ctx.bumps.portfolio;

        emit!(PortfolioCreated { owner: portfolio.owner });
        Ok(())
    }
}
