//! The venue's own errors.

/// Number of the first.
const FIRST: u32 = 7_000;

/// Their names, in order.
const NAMES: [&str; 43] = [
    "NotTheUpgradeAuthority",
    "NotTheAdmin",
    "NotTheOwner",
    "AlreadyConnected",
    "NotConnected",
    "TooManyCollaterals",
    "AlreadyListed",
    "TooManyDecimals",
    "FactorOutOfBounds",
    "PriceAgeOutOfBounds",
    "ZeroPrice",
    "PriceFromTheFuture",
    "PriceGoesBack",
    "OracleCount",
    "WrongOracle",
    "StalePrice",
    "NotAVault",
    "WrongLimiter",
    "WrongVaultAuthority",
    "VaultShort",
    "NotGuarded",
    "ZeroAmount",
    "AboveDeposit",
    "AboveDebt",
    "WithdrawFirst",
    "NothingAtRisk",
    "UnknownCollateral",
    "ZeroSize",
    "PositionOpen",
    "NoPosition",
    "WorsePrice",
    "OrderAboveLimit",
    "PositionAboveLimit",
    "Unhealthy",
    "Healthy",
    "PositionsFirst",
    "ValueOverflow",
    "AmountOverflow",
    "BalanceOverflow",
    "MarginOverflow",
    "NotOurMarket",
    "HoldIncomplete",
    "HoldElsewhere",
];

/// Name of the venue's error with this number, none when it is not the venue's.
pub fn error_name(code: u32) -> Option<&'static str> {
    NAMES.get(usize::try_from(code.checked_sub(FIRST)?).ok()?).copied()
}
