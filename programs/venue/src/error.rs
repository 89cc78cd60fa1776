//! Errors of the venue: one per rule, numbered for ever, the text naming the bound or the remedy. They begin at 7000
//! because a failed call passes its number on: the breaker's are 6000 and up, the gate's 6500 and up, and so a number
//! says whose it is.

use anchor_lang::prelude::*;

/// Why the venue refused.
#[error_code(offset = 7000)]
#[derive(PartialEq, Eq)]
pub enum VenueError {
    /// The program is upgradeable and somebody else signed.
    #[msg("the program's upgrade authority must sign: nobody else may say who the admin is")]
    NotTheUpgradeAuthority,
    /// The signer is not the admin.
    #[msg("the signer is not the venue's admin")]
    NotTheAdmin,
    /// The signer is not the user.
    #[msg("the portfolio belongs to another user")]
    NotTheOwner,
    /// The venue knows its protocol and market already.
    #[msg("the venue is connected already: the gate's accounts are fixed for ever")]
    AlreadyConnected,
    /// A listing needs the protocol's address.
    #[msg("the venue is not connected to the breaker: connect first")]
    NotConnected,
    /// All places are taken.
    #[msg("the venue lists at most 4 collaterals")]
    TooManyCollaterals,
    /// The same mint twice.
    #[msg("this mint is listed already")]
    AlreadyListed,
    /// One whole token must fit 64 bits.
    #[msg("a mint may have at most 18 decimals")]
    TooManyDecimals,
    /// A factor out of order or out of bounds.
    #[msg("factors must keep 0 <= collateral factor <= liquidation factor <= 9,500 basis points")]
    FactorOutOfBounds,
    /// A price age out of bounds.
    #[msg("the highest price age is 1 second to 1 day")]
    PriceAgeOutOfBounds,
    /// A price of zero.
    #[msg("a price must be above zero")]
    ZeroPrice,
    /// A price from the future.
    #[msg("a price cannot be published in the future")]
    PriceFromTheFuture,
    /// A price older than the one it would replace.
    #[msg("a newer price is published already")]
    PriceGoesBack,
    /// An oracle account too few or too many.
    #[msg("pass the oracle of every listed collateral, in the order of listing")]
    OracleCount,
    /// Another oracle account.
    #[msg("the oracle is not the listed collateral's")]
    WrongOracle,
    /// The price is too old to decide on.
    #[msg("a price that this needs is older than its collateral allows: publish a fresh one")]
    StalePrice,
    /// The vault is none of the venue's.
    #[msg("the vault is not that of a listed collateral")]
    NotAVault,
    /// The limiter is another vault's.
    #[msg("the limiter is not that of the vault")]
    WrongLimiter,
    /// The account that should sign for the vault is another.
    #[msg("the vault authority is not the vault's owner")]
    WrongVaultAuthority,
    /// The vault cannot pay.
    #[msg("the vault holds less than the amount: ask for at most its balance")]
    VaultShort,
    /// The vault is not measured yet.
    #[msg("the breaker does not guard this vault: register its limiter before tokens come in")]
    NotGuarded,
    /// A flow of nothing.
    #[msg("the amount must be above zero")]
    ZeroAmount,
    /// More than the portfolio's.
    #[msg("the amount is above what the portfolio has deposited")]
    AboveDeposit,
    /// More than is owed.
    #[msg("the amount is above what the portfolio owes")]
    AboveDebt,
    /// Deposit and debt in one token.
    #[msg("withdraw the deposit of this token before borrowing it")]
    WithdrawFirst,
    /// Nothing to protect.
    #[msg("collateral is added to a debt or a position: use deposit otherwise")]
    NothingAtRisk,
    /// No such listing.
    #[msg("no collateral is listed under this index")]
    UnknownCollateral,
    /// A position of no size.
    #[msg("the size must not be zero")]
    ZeroSize,
    /// The place is taken.
    #[msg("a position in this market is open already: close it first")]
    PositionOpen,
    /// Nothing to close.
    #[msg("no position is open in this market")]
    NoPosition,
    /// The price moved past the bound.
    #[msg("the price is worse than the caller's bound")]
    WorsePrice,
    /// An order above the limit in force.
    #[msg("the order is above the largest that the breaker's limits in force allow")]
    OrderAboveLimit,
    /// A position above the limit in force.
    #[msg("the position is above the largest that the breaker's limits in force allow")]
    PositionAboveLimit,
    /// The collateral does not carry the debts and positions.
    #[msg("the portfolio's collateral would not carry its debts and positions")]
    Unhealthy,
    /// Nothing to liquidate.
    #[msg("the portfolio is healthy: it cannot be liquidated")]
    Healthy,
    /// Positions come first.
    #[msg("unwind the portfolio's positions before its debts are liquidated")]
    PositionsFirst,
    /// A value does not fit.
    #[msg("a value in micro-dollars overflowed 64 bits")]
    ValueOverflow,
    /// A token amount does not fit.
    #[msg("a token amount overflowed 64 bits")]
    AmountOverflow,
    /// Deposits of one portfolio do not fit.
    #[msg("the portfolio's balance overflowed 64 bits")]
    BalanceOverflow,
    /// A margin requirement does not fit.
    #[msg("a margin requirement overflowed 64 bits")]
    MarginOverflow,
    /// Another market of the breaker.
    #[msg("the market is not the venue's: another one's safe would take the vault")]
    NotOurMarket,
    /// Accounts are missing.
    #[msg(
        "a withdrawal that may be held brings all the accounts of it: route, safe, its tokens, held, System, journal"
    )]
    HoldIncomplete,
    /// Not the user's own account.
    #[msg("a withdrawal that may be held goes to a token account of the user's own")]
    HoldElsewhere,
}
