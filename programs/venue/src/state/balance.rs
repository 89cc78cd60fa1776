//! What a portfolio has or owes of one token.

use anchor_lang::prelude::*;

use crate::error::VenueError;

#[cfg(feature = "drainable")]
use crate::drainable::left_of;

/// A deposit or a debt, never both: what comes in pays the debt first.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// What the venue owes the user.
    pub deposit: u64,
    /// What the user owes the venue.
    pub debt: u64,
}

impl Balance {
    /// Tokens come in.
    ///
    /// # Errors
    /// [`VenueError::ZeroAmount`], [`VenueError::BalanceOverflow`].
    pub fn deposit(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, VenueError::ZeroAmount);
        self.credit(amount)
    }

    /// A deposit is paid out.
    ///
    /// # Errors
    /// [`VenueError::ZeroAmount`], [`VenueError::AboveDeposit`].
    pub fn withdraw(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, VenueError::ZeroAmount);
        self.deposit = left_of(self.deposit, amount)?;
        Ok(())
    }

    /// A loan is paid out.
    ///
    /// # Errors
    /// [`VenueError::ZeroAmount`], [`VenueError::WithdrawFirst`], [`VenueError::BalanceOverflow`].
    pub fn borrow(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, VenueError::ZeroAmount);
        require!(self.deposit == 0, VenueError::WithdrawFirst);
        self.debit(amount)
    }

    /// A debt is paid.
    ///
    /// # Errors
    /// [`VenueError::ZeroAmount`], [`VenueError::AboveDebt`].
    pub fn repay(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, VenueError::ZeroAmount);
        self.debt = self.debt.checked_sub(amount).ok_or(error!(VenueError::AboveDebt))?;
        Ok(())
    }

    /// A liquidator takes what he is owed.
    ///
    /// # Errors
    /// [`VenueError::ZeroAmount`], [`VenueError::AboveDeposit`].
    pub fn seize(&mut self, amount: u64) -> Result<()> {
        require!(amount > 0, VenueError::ZeroAmount);
        self.deposit = self.deposit.checked_sub(amount).ok_or(error!(VenueError::AboveDeposit))?;
        Ok(())
    }

    /// Adds a gain: pays the debt first.
    ///
    /// # Errors
    /// [`VenueError::BalanceOverflow`].
    pub fn credit(&mut self, amount: u64) -> Result<()> {
        let paid = amount.min(self.debt);
        self.debt -= paid;
        self.deposit = self.deposit.checked_add(amount - paid).ok_or(error!(VenueError::BalanceOverflow))?;
        Ok(())
    }

    /// Takes a loss: out of the deposit first.
    ///
    /// # Errors
    /// [`VenueError::BalanceOverflow`].
    pub fn debit(&mut self, amount: u64) -> Result<()> {
        let paid = amount.min(self.deposit);
        self.deposit -= paid;
        self.debt = self.debt.checked_add(amount - paid).ok_or(error!(VenueError::BalanceOverflow))?;
        Ok(())
    }
}

/// What is left of a deposit after a withdrawal: nobody withdraws more than is his.
#[cfg(not(feature = "drainable"))]
fn left_of(deposit: u64, amount: u64) -> Result<u64> {
    deposit.checked_sub(amount).ok_or(error!(VenueError::AboveDeposit))
}
