//! Pays a rebate out of a vault. The bugs: nobody checks what is owed, and the payment is not recorded.

use anchor_lang::prelude::*;
use firebreak_interface::Operation;

use crate::{error::VenueError, guard::*, wallet::*};

/// A rebate was paid.
#[event]
pub struct RebateClaimed {
    /// Who was paid.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
}

/// Accounts of `claim_rebate`.
#[derive(Accounts)]
pub struct ClaimRebate<'info> {
    /// Whoever calls.
    pub owner: Signer<'info>,
    /// What is paid.
    pub wallet: Wallet<'info>,
    /// CHECK: the vault's owner; signs by its seeds
    #[account(address = guard.vault.owner @ VenueError::WrongVaultAuthority)]
    pub vault_authority: UncheckedAccount<'info>,
    /// The breaker, and the vault that pays.
    pub guard: Guarded<'info>,
}

impl ClaimRebate<'_> {
    pub(crate) fn handle(ctx: Context<Self>, amount: u64) -> Result<()> {
        let ClaimRebate { owner, wallet, vault_authority, guard } = ctx.accounts;
        guard.ask(Operation::CLAIM)?;

        wallet.receive(guard, vault_authority, amount)?;
        emit!(RebateClaimed { owner: owner.key(), mint: wallet.mint.key(), amount });
        Ok(())
    }
}
