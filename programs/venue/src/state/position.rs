//! A position against the venue: it follows the price of one listed collateral, and nets inside the portfolio.

use anchor_lang::prelude::*;

use super::Collateral;
use crate::error::VenueError;

/// A perpetual position. Margin comes out of the portfolio's collateral; there is no funding.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Size in the token's smallest unit, below zero for a short; zero where none is open.
    pub size: i64,
    /// Price it was opened at, in micro-dollars a whole token.
    pub entry_price: u64,
}

impl Position {
    /// Opens a position.
    ///
    /// # Errors
    /// [`VenueError::ZeroSize`], [`VenueError::PositionOpen`].
    pub fn open(&mut self, size: i64, price: u64) -> Result<()> {
        require!(size != 0, VenueError::ZeroSize);
        require!(!self.is_open(), VenueError::PositionOpen);
        *self = Self { size, entry_price: price };
        Ok(())
    }

    /// Closes the position whole and gives what it was.
    ///
    /// # Errors
    /// [`VenueError::NoPosition`].
    pub fn close(&mut self) -> Result<Self> {
        require!(self.is_open(), VenueError::NoPosition);
        Ok(core::mem::take(self))
    }

    /// Whether there is one.
    pub const fn is_open(&self) -> bool {
        self.size != 0
    }

    /// What it is worth, whichever way it points: rounded up, as margin is asked of it.
    ///
    /// # Errors
    /// [`VenueError::ValueOverflow`].
    pub fn notional(&self, market: &Collateral, price: u64) -> Result<u64> {
        market.value_up(self.size.unsigned_abs(), price)
    }

    /// Profit or loss at a price, in micro-dollars: profit rounded down, loss up.
    ///
    /// # Errors
    /// [`VenueError::ValueOverflow`].
    pub fn pnl(&self, market: &Collateral, price: u64) -> Result<i128> {
        let (size, move_) = (self.size.unsigned_abs(), price.abs_diff(self.entry_price));
        let is_profit = (self.size > 0) == (price > self.entry_price);
        Ok(if is_profit {
            i128::from(market.value_down(size, move_)?)
        } else {
            -i128::from(market.value_up(size, move_)?)
        })
    }
}
