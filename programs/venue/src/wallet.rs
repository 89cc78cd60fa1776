//! The other side of a vault's flows.

use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};

use crate::guard::Guarded;
#[cfg(any(feature = "drainable", not(feature = "custody")))]
use crate::state::seeds;

/// A token account outside the venue, and what a transfer to or from it needs. `TransferChecked` refuses a mint that
/// is not the vault's.
#[derive(Accounts)]
pub struct Wallet<'info> {
    /// The token.
    pub mint: Box<Account<'info, Mint>>,
    /// The token account that pays or is paid.
    #[account(mut, token::mint = mint)]
    pub account: Box<Account<'info, TokenAccount>>,
    /// SPL Token.
    pub token_program: Program<'info, Token>,
}

impl<'info> Wallet<'info> {
    /// Pays into a vault of the venue.
    pub(crate) fn pay(&self, owner: &Signer<'info>, guard: &Guarded<'info>, amount: u64) -> Result<()> {
        let accounts = TransferChecked {
            from: self.account.to_account_info(),
            mint: self.mint.to_account_info(),
            to: guard.vault.to_account_info(),
            authority: owner.to_account_info(),
        };
        let context = CpiContext::new(self.token_program.key(), accounts);
        transfer_checked(context, amount, self.mint.decimals)
    }

    /// Is paid out of a vault of the venue, whose authority signs by its seeds: for any other account the signature
    /// is missing.
    #[cfg(any(feature = "drainable", not(feature = "custody")))]
    pub(crate) fn receive(
        &self,
        guard: &Guarded<'info>,
        vault_authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<()> {
        let accounts = TransferChecked {
            from: guard.vault.to_account_info(),
            mint: self.mint.to_account_info(),
            to: self.account.to_account_info(),
            authority: vault_authority.clone(),
        };
        let seeds: &[&[u8]] = &[seeds::VAULT_AUTHORITY, &[guard.gate.venue.vault_authority_bump]];
        let signers = &[seeds];
        let context = CpiContext::new_with_signer(self.token_program.key(), accounts, signers);
        transfer_checked(context, amount, self.mint.decimals)
    }
}
