//! The venue's own oracle: one account a collateral, its price typed in by the admin. An example's stand-in for a
//! real feed, which would come with publishers, a confidence interval and a second opinion.

use anchor_lang::prelude::*;

use super::{MAX_COLLATERALS, Venue};
use crate::error::VenueError;

/// A price.
#[account]
#[derive(Debug, Default, InitSpace)]
pub struct Oracle {
    /// Whose price.
    pub mint: Pubkey,
    /// Micro-dollars a whole token; zero until the first is published.
    pub price: u64,
    /// When it was measured, in unix seconds.
    pub published_at: i64,
    /// PDA bump.
    pub bump: u8,
}

impl Oracle {
    /// Publishes a price that is newer than the last.
    ///
    /// # Errors
    /// [`VenueError::ZeroPrice`], [`VenueError::PriceFromTheFuture`], [`VenueError::PriceGoesBack`].
    pub fn publish(&mut self, price: u64, published_at: i64, now: i64) -> Result<()> {
        require!(price > 0, VenueError::ZeroPrice);
        require!(published_at <= now, VenueError::PriceFromTheFuture);
        // an old price brought again would undo a newer one
        require!(published_at >= self.published_at, VenueError::PriceGoesBack);
        (self.price, self.published_at) = (price, published_at);
        Ok(())
    }

    /// The price, while it is fresh.
    pub fn fresh(&self, max_age: u32, now: i64) -> Option<u64> {
        let age = now.saturating_sub(self.published_at);
        (self.price > 0 && (0..=i64::from(max_age)).contains(&age)).then_some(self.price)
    }
}

/// The fresh prices of all listed collaterals, by place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prices([Option<u64>; MAX_COLLATERALS]);

impl Prices {
    /// Reads the oracle of every listed collateral, in order: nobody can leave out an asset that he would rather
    /// not count.
    ///
    /// # Errors
    /// [`VenueError::OracleCount`], [`VenueError::WrongOracle`].
    pub fn read<'info>(venue: &Venue, oracles: &'info [AccountInfo<'info>], now: i64) -> Result<Self> {
        require!(oracles.len() == venue.listed().len(), VenueError::OracleCount);
        let mut prices = Self::default();
        for ((collateral, info), price) in venue.listed().iter().zip(oracles).zip(&mut prices.0) {
            // another collateral's oracle, or an account of the caller's own, would price assets as he likes
            require_keys_eq!(*info.key, collateral.oracle, VenueError::WrongOracle);
            let oracle = Account::<Oracle>::try_from(info)?;
            *price = oracle.fresh(collateral.settings.max_price_age, now);
        }
        Ok(prices)
    }

    /// The price of a place. Only what a portfolio holds is asked for, so a stale price holds up nobody else.
    ///
    /// # Errors
    /// [`VenueError::StalePrice`].
    pub fn of(&self, index: usize) -> Result<u64> {
        self.0.get(index).copied().flatten().ok_or(error!(VenueError::StalePrice))
    }
}

#[cfg(test)]
impl From<[u64; MAX_COLLATERALS]> for Prices {
    fn from(prices: [u64; MAX_COLLATERALS]) -> Self {
        Self(prices.map(Some))
    }
}
