//! The integration: everything that speaks to the breaker is in this folder.
//!
//! An instruction that moves no tokens adds one field of [`Gated`], one that moves them a field of [`Guarded`]. Then
//! it asks: `guard.ask(Operation::WITHDRAW)?` first of all, `guard.pay_out(&pass, ..)?` before anything of its own
//! changes, `guard.record_inflow(&pass, amount)?` after tokens came in. The [`Pass`] that the first call gives is what
//! the others want, so an instruction that forgets to ask does not compile.
//!
//! Whose the vaults are is said in one file of two, `escort.rs` or, with the feature `custody`, `custody.rs`.

use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use firebreak_interface::{Direction, Operation, Verdict, state::Limits};

use crate::{error::VenueError, events::Refused, state::Venue, wallet::Wallet};

#[cfg_attr(feature = "unguarded", path = "no_calls.rs")]
mod calls;
#[cfg(feature = "custody")]
mod custody;
#[cfg(not(feature = "custody"))]
mod escort;
mod holding;

pub(crate) use calls::{ask, create_protocol, migrate};
#[cfg(feature = "custody")]
pub(crate) use custody::vault_owner;
#[cfg(not(feature = "custody"))]
pub(crate) use escort::vault_owner;
pub use holding::*;

/// Proof that the gate let an operation pass, and what it demands of it.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// The operation that was asked for: its flows are recorded under this name.
    operation: Operation,
    /// Limits in force: the venue enforces them.
    pub limits: Limits,
}

/// What became of an outflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "what was refused was not paid"]
pub enum Outcome {
    /// It was paid.
    Paid,
    /// It went to the safe in the user's name, who is paid later: for the venue's books it is paid.
    Held,
    /// Nothing was paid, and nothing changes.
    Refused,
}

/// What asking needs: two accounts of the breaker, read only.
#[derive(Accounts)]
pub struct Gated<'info> {
    /// Names the two accounts below. Only `initialize` creates one, at a fixed address, so an account of this type
    /// and this program is the venue; a forged one would name a market that is always open.
    pub venue: Box<Account<'info, Venue>>,
    /// CHECK: the gate compares address and owner; another protocol's account would not carry our latches
    pub protocol: UncheckedAccount<'info>,
    /// CHECK: the gate compares address, owner and protocol; another market would still be open. Read-only is enough;
    /// passed writable, a breach raises the whole market in the same transaction
    pub market: UncheckedAccount<'info>,
}

impl Gated<'_> {
    /// Asks whether the operation may proceed now.
    ///
    /// # Errors
    /// `GateError`: the operation is closed, or an account is not the venue's.
    pub fn ask(&self, operation: Operation) -> Result<Pass> {
        ask(&self.venue, &self.protocol, &self.market, operation)
    }
}

/// What asking and recording a vault's flows needs.
#[derive(Accounts)]
pub struct Guarded<'info> {
    /// The gate's accounts.
    pub gate: Gated<'info>,
    /// A vault of the venue. Any other token account of its authority, or a user's own posing as a vault, would pay
    /// or take tokens that no listing counts.
    #[account(mut, constraint = gate.venue.index_of_vault(&vault.key()).is_some() @ VenueError::NotAVault)]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// CHECK: compared with the listing's; another vault's limiter has room of its own, which this vault would drain
    #[account(mut, constraint = gate.venue.is_limiter_of(limiter.key, &vault.key()) @ VenueError::WrongLimiter)]
    pub limiter: UncheckedAccount<'info>,
    /// CHECK: signs the recording by its seeds; for any other account the signature is missing
    pub recorder: UncheckedAccount<'info>,
    /// CHECK: `record_flow` compares it with the breaker's id; a look-alike would allow everything
    pub breaker: UncheckedAccount<'info>,
}

impl<'info> Guarded<'info> {
    /// Asks whether the operation may proceed now.
    ///
    /// # Errors
    /// `GateError`: the operation is closed, or an account is not the venue's.
    pub fn ask(&self, operation: Operation) -> Result<Pass> {
        self.gate.ask(operation)
    }

    /// The place of the vault's collateral.
    ///
    /// # Errors
    /// [`VenueError::NotAVault`].
    pub fn index(&self) -> Result<usize> {
        self.gate.venue.index_of_vault(&self.vault.key()).ok_or(error!(VenueError::NotAVault))
    }

    /// Pays out of the vault where the breaker allows it, before any state of the venue has changed. On `false` the
    /// caller returns `Ok` and changes nothing: an error would roll back the breaker's evidence.
    ///
    /// # Errors
    /// Those of [`Self::pay_or_hold`].
    #[must_use = "what is not allowed is not paid"]
    pub fn pay_out(
        &self,
        pass: &Pass,
        wallet: &Wallet<'info>,
        vault_authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<bool> {
        Ok(self.pay_or_hold(pass, wallet, vault_authority, amount, None)? == Outcome::Paid)
    }

    /// The same for what may wait: refused is then only what the vault's route does not hold.
    ///
    /// # Errors
    /// [`VenueError::VaultShort`], before the breaker hears of an amount that no vault could pay; the breaker's own, and
    /// those of the transfer.
    pub fn pay_or_hold(
        &self,
        pass: &Pass,
        wallet: &Wallet<'info>,
        vault_authority: &AccountInfo<'info>,
        amount: u64,
        waiting: Option<&Waiting<'_, 'info>>,
    ) -> Result<Outcome> {
        require!(amount <= self.vault.amount, VenueError::VaultShort);
        let direction = if waiting.is_some() { Direction::OutOrHold } else { Direction::Out };
        let verdict = self.pay((pass.operation, direction), wallet, vault_authority, amount)?;
        match (verdict, waiting) {
            (Verdict::Allow, _) => Ok(Outcome::Paid),
            (Verdict::Hold, Some(waiting)) => {
                self.hold(waiting, wallet, vault_authority, amount)?;
                Ok(Outcome::Held)
            }
            _ => {
                emit!(Refused {
                    vault: self.vault.key(),
                    operation: pass.operation.bit(),
                    amount,
                    verdict: verdict as u8
                });
                Ok(Outcome::Refused)
            }
        }
    }

    /// Records what came into the vault, after its transfer.
    ///
    /// # Errors
    /// [`VenueError::NotGuarded`] for a vault without a limiter: the tokens could never leave it. The error takes
    /// the transfer back. The breaker's own.
    pub fn record_inflow(&self, pass: &Pass, amount: u64) -> Result<()> {
        let verdict = self.record(pass.operation, Direction::In, amount)?;
        require!(verdict == Verdict::Allow, VenueError::NotGuarded);
        Ok(())
    }
}
