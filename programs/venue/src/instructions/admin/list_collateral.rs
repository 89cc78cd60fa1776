//! Lists a collateral: creates its vault and its oracle. Until its limiter is registered at the breaker no tokens
//! come in, and until its oracle has a price it carries nothing.

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use firebreak_interface::{Operation, pda};

use crate::{
    error::VenueError,
    events::CollateralListed,
    guard,
    state::{Collateral, CollateralSettings, Oracle, Venue, seeds},
};

/// Accounts of `list_collateral`. The venue is written here, so the gate's accounts stand on their own.
#[derive(Accounts)]
pub struct ListCollateral<'info> {
    /// Pays for vault and oracle.
    #[account(mut)]
    pub admin: Signer<'info>,
    /// The venue.
    #[account(mut, has_one = admin @ VenueError::NotTheAdmin)]
    pub venue: Box<Account<'info, Venue>>,
    /// CHECK: the gate compares address and owner
    pub protocol: UncheckedAccount<'info>,
    /// CHECK: the gate compares address, owner and protocol
    pub market: UncheckedAccount<'info>,
    /// The token.
    pub mint: Box<Account<'info, Mint>>,
    /// CHECK: whoever owns the venue's vaults; the vault of another owner would be his
    #[account(address = guard::vault_owner(&venue, &vault.key())? @ VenueError::WrongVaultAuthority)]
    pub vault_authority: UncheckedAccount<'info>,
    /// The vault: created here at an address of this program, so it comes without delegate or close authority.
    #[account(
        init,
        payer = admin,
        seeds = [seeds::VAULT, mint.key().as_ref()],
        bump,
        token::mint = mint,
        token::authority = vault_authority
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// The oracle.
    #[account(
        init,
        payer = admin,
        space = 8 + Oracle::INIT_SPACE,
        seeds = [seeds::ORACLE, mint.key().as_ref()],
        bump
    )]
    pub oracle: Box<Account<'info, Oracle>>,
    /// SPL Token.
    pub token_program: Program<'info, Token>,
    /// System.
    pub system_program: Program<'info, System>,
}

impl ListCollateral<'_> {
    pub(crate) fn handle(ctx: Context<Self>, settings: CollateralSettings) -> Result<()> {
        let accounts = ctx.accounts;
        require_keys_neq!(accounts.venue.protocol, Pubkey::default(), VenueError::NotConnected);
        guard::ask(&accounts.venue, &accounts.protocol, &accounts.market, Operation::LIST)?;
        settings.check()?;

        let (mint, vault) = (accounts.mint.key(), accounts.vault.key());
        accounts.oracle.mint = mint;
        accounts.oracle.bump = ctx.bumps.oracle;
        let collateral = Collateral {
            mint,
            vault,
            limiter: pda::limiter(&accounts.venue.protocol, &vault).0,
            oracle: accounts.oracle.key(),
            unit: Collateral::unit_of(accounts.mint.decimals)?,
            settings,
        };
        let index = accounts.venue.list(collateral)?;

        emit!(CollateralListed { index, mint, vault, oracle: collateral.oracle });
        Ok(())
    }
}
