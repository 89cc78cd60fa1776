//! A listed collateral: its accounts, what it counts for, and its arithmetic.

use anchor_lang::prelude::*;
use firebreak_interface::math::{mul_div, mul_div_up};

use super::{BASIS_POINTS, DECIMALS_MAX, FACTOR_MAX, LIQUIDATION_BONUS_BPS, PRICE_AGE_MAX};
use crate::error::VenueError;

/// What the admin chooses for a collateral.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CollateralSettings {
    /// Share of its value that carries new debts and positions, in basis points.
    pub collateral_factor_bps: u16,
    /// Share of its value below which what it carries is liquidated, in basis points.
    pub liquidation_factor_bps: u16,
    /// Oldest usable price, in seconds.
    pub max_price_age: u32,
}

impl CollateralSettings {
    /// Checks the settings against the bounds.
    ///
    /// # Errors
    /// [`VenueError::FactorOutOfBounds`], [`VenueError::PriceAgeOutOfBounds`].
    pub fn check(&self) -> Result<()> {
        let factors = self.collateral_factor_bps <= self.liquidation_factor_bps
            && u64::from(self.liquidation_factor_bps) <= FACTOR_MAX;
        require!(factors, VenueError::FactorOutOfBounds);
        require!((1..=PRICE_AGE_MAX).contains(&self.max_price_age), VenueError::PriceAgeOutOfBounds);
        Ok(())
    }
}

/// One listing. Its addresses are fixed at listing and compared ever after, which costs less than deriving them.
#[derive(AnchorSerialize, AnchorDeserialize, InitSpace, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collateral {
    /// Its mint.
    pub mint: Pubkey,
    /// The venue's token account that holds it.
    pub vault: Pubkey,
    /// The vault's limiter at the breaker.
    pub limiter: Pubkey,
    /// Its oracle.
    pub oracle: Pubkey,
    /// Smallest units of one whole token: ten to the power of its decimals.
    pub unit: u64,
    /// What the admin chose.
    pub settings: CollateralSettings,
}

impl Collateral {
    /// Smallest units of one whole token of a mint.
    ///
    /// # Errors
    /// [`VenueError::TooManyDecimals`].
    pub fn unit_of(decimals: u8) -> Result<u64> {
        require!(decimals <= DECIMALS_MAX, VenueError::TooManyDecimals);
        Ok(10u64.pow(decimals.into()))
    }

    /// Value of an amount that the user has: rounded down.
    pub fn value_down(&self, amount: u64, price: u64) -> Result<u64> {
        mul_div(amount, price, self.unit).ok_or(error!(VenueError::ValueOverflow))
    }

    /// Value of an amount that the user owes: rounded up.
    pub fn value_up(&self, amount: u64, price: u64) -> Result<u64> {
        mul_div_up(amount, price, self.unit).ok_or(error!(VenueError::ValueOverflow))
    }

    /// Amount of a value that the user gets: rounded down.
    pub fn amount_down(&self, value: u64, price: u64) -> Result<u64> {
        mul_div(value, self.unit, price).ok_or(error!(VenueError::AmountOverflow))
    }

    /// Amount of a value that the user pays: rounded up.
    pub fn amount_up(&self, value: u64, price: u64) -> Result<u64> {
        mul_div_up(value, self.unit, price).ok_or(error!(VenueError::AmountOverflow))
    }

    /// What a liquidator who repays `amount` of `debt` gets of this collateral: its value and the bonus, rounded down.
    ///
    /// # Errors
    /// [`VenueError::ValueOverflow`], [`VenueError::AmountOverflow`].
    pub fn seized_for(&self, price: u64, debt: &Collateral, debt_price: u64, amount: u64) -> Result<u64> {
        let repaid = debt.value_down(amount, debt_price)?;
        let value = mul_div(repaid, BASIS_POINTS + LIQUIDATION_BONUS_BPS, BASIS_POINTS)
            .ok_or(error!(VenueError::ValueOverflow))?;
        self.amount_down(value, price)
    }
}
