//! The price accounts of a band, as a transaction brings them.

use anchor::prelude::*;
use firebreak_interface::{
    BreakerError,
    oracle::PriceUpdate,
    state::{BandSettings, Feed, Prices},
};

use crate::instructions::ensure;

/// What the price accounts say. The band names both: a price of the same feed in another account, older or posted for
/// the occasion, is stopped here.
pub(crate) fn read(
    settings: &BandSettings,
    primary: &AccountInfo,
    second: Option<&AccountInfo>,
) -> Result<Prices> {
    let second = match second {
        Some(second) if settings.second.is_set() => read_one(&settings.second, second)?,
        None if !settings.second.is_set() => None,
        _ => return Err(BreakerError::WrongPriceAccount.into()),
    };
    Ok([read_one(&settings.primary, primary)?, second])
}

fn read_one(feed: &Feed, account: &AccountInfo) -> Result<Option<PriceUpdate>> {
    ensure(account.key == &feed.account, BreakerError::WrongPriceAccount)?;
    Ok(PriceUpdate::read(account.owner, &account.try_borrow_data()?))
}

/// Refuses accounts that hold no price of their feed under which all signatures were checked.
pub(crate) fn check_readable(settings: &BandSettings, prices: &Prices) -> Result<()> {
    let is_readable = |feed: &Feed, price: &Option<PriceUpdate>| {
        !feed.is_set() || price.is_some_and(|price| price.is_of(&feed.id))
    };
    let all = is_readable(&settings.primary, &prices[0]) && is_readable(&settings.second, &prices[1]);
    ensure(all, BreakerError::PriceUnreadable)?;
    Ok(())
}
