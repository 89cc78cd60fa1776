//! Price accounts, read by hand from their bytes: what Pyth's receiver program writes, nothing else.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

/// Pyth's receiver program: it checks the signatures under a price and owns the accounts that hold one.
pub const PYTH_RECEIVER: Pubkey = Pubkey::from_str_const("rec5EKMGg6MxZYaMdyBfgwp4d5rB9T1VQH5pJv5LtFJ");
/// Pyth's push oracle: it keeps one account a feed and shard, and replaces a price there only by a newer one.
pub const PYTH_PUSH_ORACLE: Pubkey = Pubkey::from_str_const("pythWSnswVUd12oZpeFP8e9CVaEqJg25g1Vtc2biRsT");
/// The programs that post prices: they move no tokens, and what they post was signed by the oracle.
pub const POSTERS: [Pubkey; 2] = [PYTH_RECEIVER, PYTH_PUSH_ORACLE];

/// First eight bytes of a price account: of sha256("account:PriceUpdateV2").
const PRICE_UPDATE: [u8; 8] = [34, 241, 35, 99, 157, 126, 244, 205];
/// Length of the account: it has room for the longer of the two verification levels.
const LENGTH: usize = 134;
/// Where the verification level is: after discriminator and write authority.
const LEVEL: usize = 40;

/// What a price account says. Prices are in units of ten to the power of `exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceUpdate {
    /// Signatures checked: none where all that are needed were, else how many.
    pub partial: Option<u8>,
    /// Which price.
    pub feed_id: [u8; 32],
    /// Price; may be zero or negative.
    pub price: i64,
    /// One standard deviation of it, in the same unit.
    pub conf: u64,
    /// Power of ten of both.
    pub exponent: i32,
    /// When it was published, unix seconds.
    pub publish_time: i64,
    /// Slot in which it was posted.
    pub posted_slot: u64,
}

impl PriceUpdate {
    /// The price in these bytes, none when owner, length, discriminator or verification level are not a price
    /// account's.
    pub fn read(owner: &Pubkey, data: &[u8]) -> Option<Self> {
        if *owner != PYTH_RECEIVER || data.len() != LENGTH || data[..8] != PRICE_UPDATE {
            return None;
        }
        // an enum of one or two bytes: all that follows lies one byte further behind the longer one
        let (partial, rest) = match data[LEVEL] {
            0 => (Some(data[LEVEL + 1]), &data[LEVEL + 2..]),
            1 => (None, &data[LEVEL + 1..]),
            _ => return None,
        };
        let (feed_id, rest) = rest.split_first_chunk::<32>()?;
        let (price, rest) = rest.split_first_chunk::<8>()?;
        let (conf, rest) = rest.split_first_chunk::<8>()?;
        let (exponent, rest) = rest.split_first_chunk::<4>()?;
        let (publish_time, rest) = rest.split_first_chunk::<8>()?;
        // time of the publication before, then the oracle's own average and its confidence: not used
        let posted_slot = rest.get(24..)?.first_chunk::<8>()?;
        Some(Self {
            partial,
            feed_id: *feed_id,
            price: i64::from_le_bytes(*price),
            conf: u64::from_le_bytes(*conf),
            exponent: i32::from_le_bytes(*exponent),
            publish_time: i64::from_le_bytes(*publish_time),
            posted_slot: u64::from_le_bytes(*posted_slot),
        })
    }

    /// Whether this is a price of that feed under which all signatures were checked.
    pub fn is_of(&self, feed_id: &[u8; 32]) -> bool {
        self.partial.is_none() && self.feed_id == *feed_id
    }

    /// Price and confidence in units of ten to the power of `exponent`: the price rounded down, the confidence up;
    /// none where the price is not positive there or either needs more than 64 bits.
    pub fn scaled(&self, exponent: i32) -> Option<(u64, u64)> {
        let price = u64::try_from(self.price).ok().filter(|price| *price > 0)?;
        let power = self.exponent.checked_sub(exponent)?;
        let factor = 10u64.checked_pow(power.unsigned_abs())?;
        let (price, conf) = if power >= 0 {
            (price.checked_mul(factor)?, self.conf.checked_mul(factor)?)
        } else {
            (price / factor, self.conf.div_ceil(factor))
        };
        (price > 0).then_some((price, conf))
    }
}

/// The bytes of a price account, as the receiver writes them: for tests of whatever reads one.
pub fn encode(update: &PriceUpdate) -> Vec<u8> {
    let mut data = PRICE_UPDATE.to_vec();
    data.extend([7; 32]);
    match update.partial {
        Some(signatures) => data.extend([0, signatures]),
        None => data.push(1),
    }
    data.extend(update.feed_id);
    data.extend(update.price.to_le_bytes());
    data.extend(update.conf.to_le_bytes());
    data.extend(update.exponent.to_le_bytes());
    data.extend(update.publish_time.to_le_bytes());
    data.extend([0; 24]);
    data.extend(update.posted_slot.to_le_bytes());
    data.resize(LENGTH, 0);
    data
}

#[cfg(test)]
mod tests;
