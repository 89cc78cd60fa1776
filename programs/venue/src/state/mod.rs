//! Accounts and the rules that live on them.
//!
//! Values are in micro-dollars (a millionth of a dollar), token amounts in the mint's smallest unit, prices in
//! micro-dollars a whole token, shares in basis points. Everything rounds against the user. Products are 128 bits wide
//! in the middle; what does not fit 64 bits at the end is an error of its own.

mod balance;
mod collateral;
mod oracle;
mod portfolio;
mod position;
mod venue;

#[cfg(test)]
mod tests;

pub use {
    balance::Balance,
    collateral::{Collateral, CollateralSettings},
    oracle::{Oracle, Prices},
    portfolio::{Portfolio, Requirement},
    position::Position,
    venue::Venue,
};

/// Most collaterals the venue lists: a portfolio is judged over all of them in one instruction.
pub const MAX_COLLATERALS: usize = 4;

/// One hundred percent.
pub const BASIS_POINTS: u64 = 10_000;
/// A collateral may count for at most 95 % of its value: with a liquidation bonus of 5 % each liquidation then
/// leaves the portfolio healthier than it was (0.95 x 1.05 < 1).
pub const FACTOR_MAX: u64 = 9_500;
/// What a liquidator gains on what he repays.
pub const LIQUIDATION_BONUS_BPS: u64 = 500;
/// Most decimals of a mint: one whole token fits 64 bits.
pub const DECIMALS_MAX: u8 = 18;
/// Oldest a price may ever be allowed to be: a day.
pub const PRICE_AGE_MAX: u32 = 86_400;
/// Margin that a new position needs: a tenth of its size.
pub const INITIAL_MARGIN_BPS: u64 = 1_000;
/// Margin below which a position is unwound: half of that.
pub const MAINTENANCE_MARGIN_BPS: u64 = 500;
/// Place of the collateral that positions are settled in.
pub const QUOTE: usize = 0;

/// Seeds of the venue's own addresses.
pub mod seeds {
    /// [`super::Venue`].
    pub const VENUE: &[u8] = b"venue";
    /// The owner of all vaults; signs what they pay, holds no data.
    pub const VAULT_AUTHORITY: &[u8] = b"vault_authority";
    /// A vault, then its mint.
    pub const VAULT: &[u8] = b"vault";
    /// [`super::Oracle`], then the mint.
    pub const ORACLE: &[u8] = b"oracle";
    /// [`super::Portfolio`], then its owner.
    pub const PORTFOLIO: &[u8] = b"portfolio";
}
