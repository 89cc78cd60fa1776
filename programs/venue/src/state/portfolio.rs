//! A user's portfolio: one cross-margined account over all tokens and positions.

use anchor_lang::prelude::*;
use firebreak_interface::{
    math::{mul_div, mul_div_up},
    state::Limits,
};

use super::{
    BASIS_POINTS, Balance, Collateral, INITIAL_MARGIN_BPS, MAINTENANCE_MARGIN_BPS, MAX_COLLATERALS, Position,
    Prices, QUOTE,
};
use crate::error::VenueError;

/// What a portfolio has to carry.
#[derive(Clone, Copy, Debug)]
pub enum Requirement<'a> {
    /// To take anything out or on: collateral factors, no unrealised profit, and the breaker's limits in force.
    Initial(&'a Limits),
    /// Not to be liquidated: liquidation factors. The breaker's limits are left out: a tightened margin must not
    /// liquidate those who were healthy.
    Maintenance,
}

impl Requirement<'_> {
    /// Share of a collateral's value that counts.
    fn factor(&self, collateral: &Collateral) -> u64 {
        match self {
            Self::Initial(_) => collateral.settings.collateral_factor_bps.into(),
            Self::Maintenance => collateral.settings.liquidation_factor_bps.into(),
        }
    }

    /// Share of a position's size that must be covered.
    fn margin(&self) -> u64 {
        match self {
            Self::Initial(limits) => {
                let multiplied =
                    (INITIAL_MARGIN_BPS * u64::from(limits.margin_multiplier_bps)).div_ceil(BASIS_POINTS);
                let by_leverage =
                    (BASIS_POINTS * BASIS_POINTS).div_ceil(u64::from(limits.max_leverage_bps.max(1)));
                multiplied.max(by_leverage)
            }
            Self::Maintenance => MAINTENANCE_MARGIN_BPS,
        }
    }

    /// How much of a profit or loss counts.
    fn counted(&self, pnl: i128) -> i128 {
        match self {
            Self::Initial(_) => pnl.min(0),
            Self::Maintenance => pnl,
        }
    }
}

/// A user's balances and positions, by the places of the venue's listings.
#[account]
#[derive(Copy, Debug, Default, InitSpace, PartialEq, Eq)]
pub struct Portfolio {
    /// The user.
    pub owner: Pubkey,
    /// PDA bump.
    pub bump: u8,
    /// Deposits and debts.
    pub balances: [Balance; MAX_COLLATERALS],
    /// Positions.
    pub positions: [Position; MAX_COLLATERALS],
}

impl Portfolio {
    /// The balance of a place.
    ///
    /// # Errors
    /// [`VenueError::UnknownCollateral`].
    pub fn balance(&mut self, index: usize) -> Result<&mut Balance> {
        self.balances.get_mut(index).ok_or(error!(VenueError::UnknownCollateral))
    }

    /// Whether it owes anything or has a position open.
    pub fn is_at_risk(&self) -> bool {
        self.has_positions() || self.balances.iter().any(|balance| balance.debt > 0)
    }

    /// Whether a position is open.
    pub fn has_positions(&self) -> bool {
        self.positions.iter().any(Position::is_open)
    }

    /// Opens a position, within the limits that the breaker has in force.
    ///
    /// # Errors
    /// [`VenueError::OrderAboveLimit`], [`VenueError::PositionAboveLimit`] and those of [`Position::open`].
    pub fn open_position(
        &mut self,
        listed: &[Collateral],
        index: usize,
        size: i64,
        price: u64,
        limits: &Limits,
    ) -> Result<()> {
        let market = listed.get(index).ok_or(error!(VenueError::UnknownCollateral))?;
        let position = self.positions.get_mut(index).ok_or(error!(VenueError::UnknownCollateral))?;
        position.open(size, price)?;
        let notional = position.notional(market, price)?;
        require!(notional <= limits.max_order, VenueError::OrderAboveLimit);
        require!(notional <= limits.max_position, VenueError::PositionAboveLimit);
        Ok(())
    }

    /// Closes a position and nets its profit or loss in the quote balance: nothing is ever paid out here.
    ///
    /// # Errors
    /// [`VenueError::NoPosition`], [`VenueError::StalePrice`] and the overflow error of the rule concerned.
    pub fn close_position(
        &mut self,
        listed: &[Collateral],
        index: usize,
        prices: &Prices,
    ) -> Result<(Position, i128)> {
        let market = listed.get(index).ok_or(error!(VenueError::UnknownCollateral))?;
        let place = self.positions.get_mut(index).ok_or(error!(VenueError::UnknownCollateral))?;
        let position = place.close()?;
        let pnl = position.pnl(market, prices.of(index)?)?;
        let quote = listed.get(QUOTE).ok_or(error!(VenueError::UnknownCollateral))?;
        let value = u64::try_from(pnl.unsigned_abs()).map_err(|_| error!(VenueError::ValueOverflow))?;
        let balance = self.balance(QUOTE)?;
        if pnl > 0 {
            balance.credit(quote.amount_down(value, prices.of(QUOTE)?)?)?;
        } else if pnl < 0 {
            balance.debit(quote.amount_up(value, prices.of(QUOTE)?)?)?;
        }
        Ok((position, pnl))
    }

    /// Closes all positions and gives the sum of their profits and losses.
    ///
    /// # Errors
    /// Those of [`Portfolio::close`].
    pub fn close_all(&mut self, listed: &[Collateral], prices: &Prices) -> Result<i128> {
        let mut sum = 0;
        for index in 0..listed.len() {
            if self.positions.get(index).is_some_and(Position::is_open) {
                sum += self.close_position(listed, index, prices)?.1;
            }
        }
        Ok(sum)
    }

    /// Checks that collateral carries debts and positions, over everything the portfolio holds.
    ///
    /// # Errors
    /// [`VenueError::Unhealthy`] and those of [`Portfolio::is_healthy`].
    pub fn check(&self, listed: &[Collateral], prices: &Prices, requirement: Requirement) -> Result<()> {
        require!(self.is_healthy(listed, prices, requirement)?, VenueError::Unhealthy);
        Ok(())
    }

    /// Whether collateral carries debts and positions: deposits at their factor, rounded down, and what counts of
    /// the profits must be at least debts and margins, rounded up. One that owes and risks nothing needs no price.
    ///
    /// # Errors
    /// [`VenueError::StalePrice`] and the overflow error of the rule concerned.
    pub fn is_healthy(
        &self,
        listed: &[Collateral],
        prices: &Prices,
        requirement: Requirement,
    ) -> Result<bool> {
        if !self.is_at_risk() {
            return Ok(true);
        }
        // twelve values of 64 bits at most: 128 bits cannot overflow
        let mut net: i128 = 0;
        for (index, collateral) in listed.iter().enumerate() {
            let (balance, position) = (&self.balances[index], &self.positions[index]);
            if balance.deposit > 0 {
                let value = collateral.value_down(balance.deposit, prices.of(index)?)?;
                let counted = mul_div(value, requirement.factor(collateral), BASIS_POINTS)
                    .ok_or(error!(VenueError::ValueOverflow))?;
                net += i128::from(counted);
            }
            if balance.debt > 0 {
                net -= i128::from(collateral.value_up(balance.debt, prices.of(index)?)?);
            }
            if position.is_open() {
                let price = prices.of(index)?;
                let margin =
                    mul_div_up(position.notional(collateral, price)?, requirement.margin(), BASIS_POINTS)
                        .ok_or(error!(VenueError::MarginOverflow))?;
                net += requirement.counted(position.pnl(collateral, price)?) - i128::from(margin);
            }
        }
        Ok(net >= 0)
    }
}
