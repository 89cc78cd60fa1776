//! `pay`: an outflow of a vault in the breaker's custody is asked for, and paid where it is allowed.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Direction, Verdict, pda,
    state::{Limiter, Market, Protocol, Route},
};

use super::record_flow::{Asked, answer};
use crate::{instructions::ensure, token::Transfer};

/// Accounts of `pay`. That protocol, market, limiter and vault belong together is checked where the flow is judged.
#[derive(Accounts)]
pub struct Pay<'info> {
    /// The protocol's recording PDA: only the protected program can sign for it.
    pub recorder: Signer<'info>,
    /// The protocol.
    pub protocol: AccountLoader<'info, Protocol>,
    /// The market. Writable where the caller lets it rise in the same transaction.
    pub market: AccountLoader<'info, Market>,
    /// The vault's limiter.
    #[account(mut)]
    pub limiter: AccountLoader<'info, Limiter>,
    /// CHECK: limiter and route name it; it is believed only as far as it is as it was registered.
    #[account(mut)]
    pub vault: UncheckedAccount<'info>,
    /// The vault's owner. Stops the route of another market or vault, whose limiter was not asked.
    #[account(
        has_one = market @ BreakerError::WrongMarket,
        has_one = vault @ BreakerError::WrongVault,
        has_one = mint @ BreakerError::WrongMint
    )]
    pub route: AccountLoader<'info, Route>,
    /// CHECK: the route names it.
    pub mint: UncheckedAccount<'info>,
    /// CHECK: who is paid, as the protected program says; the token program checks what it is.
    #[account(mut)]
    pub to: UncheckedAccount<'info>,
    /// CHECK: checked as it is called, to be the mint's.
    pub token_program: UncheckedAccount<'info>,
}

/// Handler of `pay`. What is not allowed is not paid, and is no error: what it latched stands.
pub fn pay(ctx: Context<Pay>, or_hold: bool, operation: u8, amount: u64) -> Result<()> {
    let accounts = &ctx.accounts;
    let bump = {
        let route = accounts.route.load()?;
        ensure(route.is_custody(accounts.route.as_ref().key), BreakerError::OwnerMustSign)?;
        route.bump
    };
    let asked = Asked {
        recorder: &accounts.recorder,
        protocol: &accounts.protocol,
        market: &accounts.market,
        limiter: Some(&accounts.limiter),
        vault: &accounts.vault,
    };
    let direction = if or_hold { Direction::OutOrHold } else { Direction::Out };
    let verdict = asked.judge(direction, operation, amount)?;
    if verdict == Verdict::Allow {
        let transfer = Transfer {
            program: &accounts.token_program,
            mint: &accounts.mint,
            from: &accounts.vault,
            to: &accounts.to,
            owner: accounts.route.as_ref(),
        };
        let (market, vault) = (accounts.market.key(), accounts.vault.key());
        transfer.send(amount, &[pda::ROUTE, market.as_ref(), vault.as_ref(), &[bump]])?;
    }
    // last, for a call clears it
    answer(verdict);
    Ok(())
}
