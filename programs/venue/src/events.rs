//! Events, past tense: each change emits exactly one, with enough to need no second read.

use anchor_lang::prelude::*;

/// The venue was created.
#[event]
pub struct VenueInitialized {
    /// Who lists, connects and publishes prices.
    pub admin: Pubkey,
}

/// The venue became a protocol of the breaker.
#[event]
pub struct BreakerConnected {
    /// The protocol's account.
    pub protocol: Pubkey,
    /// The account of its one market.
    pub market: Pubkey,
}

/// A collateral was listed.
#[event]
pub struct CollateralListed {
    /// Its place.
    pub index: u8,
    /// Its mint.
    pub mint: Pubkey,
    /// Its vault.
    pub vault: Pubkey,
    /// Its oracle.
    pub oracle: Pubkey,
}

/// A price was published.
#[event]
pub struct PriceSet {
    /// Whose price.
    pub mint: Pubkey,
    /// Price before, in micro-dollars a whole token; zero for the first.
    pub before: u64,
    /// Price after.
    pub after: u64,
    /// When it was measured, in unix seconds.
    pub published_at: i64,
}

/// A user joined.
#[event]
pub struct PortfolioCreated {
    /// The user.
    pub owner: Pubkey,
}

/// Tokens came in.
#[event]
pub struct Deposited {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Deposit of this token now.
    pub deposit: u64,
    /// Debt in this token now.
    pub debt: u64,
}

/// Tokens came in under a debt or a position.
#[event]
pub struct CollateralAdded {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Deposit of this token now.
    pub deposit: u64,
    /// Debt in this token now.
    pub debt: u64,
}

/// A deposit was paid out.
#[event]
pub struct Withdrawn {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Deposit of this token now.
    pub deposit: u64,
}

/// A deposit went to the safe instead of its user, who is paid later.
#[event]
pub struct WithdrawalHeld {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Deposit of this token now.
    pub deposit: u64,
    /// The breaker's account of what waits.
    pub held: Pubkey,
}

/// A loan was paid out.
#[event]
pub struct Borrowed {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Debt in this token now.
    pub debt: u64,
}

/// A debt was paid.
#[event]
pub struct Repaid {
    /// The user.
    pub owner: Pubkey,
    /// Which token.
    pub mint: Pubkey,
    /// How much.
    pub amount: u64,
    /// Debt in this token now.
    pub debt: u64,
}

/// A position was opened.
#[event]
pub struct PositionOpened {
    /// The user.
    pub owner: Pubkey,
    /// Whose price it follows.
    pub index: u8,
    /// Size in the token's smallest unit, below zero for a short.
    pub size: i64,
    /// Price it was opened at.
    pub price: u64,
}

/// A position was closed and netted inside the portfolio.
#[event]
pub struct PositionClosed {
    /// The user.
    pub owner: Pubkey,
    /// Whose price it followed.
    pub index: u8,
    /// Size it had.
    pub size: i64,
    /// Price it was closed at.
    pub price: u64,
    /// Profit or loss, in micro-dollars.
    pub pnl: i128,
}

/// An unhealthy portfolio's positions were closed by somebody else.
#[event]
pub struct Unwound {
    /// The portfolio's user.
    pub owner: Pubkey,
    /// Who did it.
    pub by: Pubkey,
    /// Profit or loss of all its positions, in micro-dollars.
    pub pnl: i128,
}

/// An unhealthy portfolio's debt was paid against its collateral.
#[event]
pub struct Liquidated {
    /// The portfolio's user.
    pub owner: Pubkey,
    /// Who paid and was paid.
    pub by: Pubkey,
    /// Token repaid.
    pub debt_mint: Pubkey,
    /// How much was repaid.
    pub repaid: u64,
    /// Collateral paid out.
    pub collateral_mint: Pubkey,
    /// How much was paid out.
    pub seized: u64,
}

/// The breaker did not allow an outflow: nothing was paid and nothing changed.
#[event]
pub struct Refused {
    /// The vault that did not pay.
    pub vault: Pubkey,
    /// The operation's bit.
    pub operation: u8,
    /// The amount asked for.
    pub amount: u64,
    /// The verdict, as a number: 2 hold, 3 deny.
    pub verdict: u8,
}
