//! A price band: a price against a slow reference, and against a second price.
//!
//! Prices are in the band's own unit, chosen at registration so that the price then had thirteen digits: whatever is
//! lost by rounding is below a millionth of a basis point. Shares round down and are compared with "at least", which is exact.
//! A price that cannot be used tightens by itself, never to Critical, and is never taken for a fine one.

mod settings;

#[cfg(test)]
mod tests;

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
// not the one of a program, which has its own error
use core::result::Result;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

pub use settings::{BandSettings, Feed};

use super::{
    limiter::{Rule, Trip},
    market::check_place,
    rule::{Shadow, Standing},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    math::{mul_div, mul_div_up},
    oracle::PriceUpdate,
    severity::Severity,
    time::Instant,
};

/// A market's price band. PDA of [`crate::pda::band`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct PriceBand {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Which band of its market.
    pub index: u8,
    /// Power of ten of the band's unit.
    pub exponent: i32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Market whose latches it raises.
    pub market: Pubkey,
    /// Settings in force.
    pub settings: BandSettings,
    /// Shadow or armed, since when, and the first look at a Critical.
    pub standing: Standing,
    /// What it measured in shadow.
    pub shadow: Shadow,
    /// Slow reference.
    pub reference: u64,
    /// Price of the last `observe` that found a usable one: what the reference moves toward until the next.
    pub seen: u64,
    /// When that was.
    pub seen_at: Instant,
    /// Its running clock: moves only by the seconds that both clocks agree on.
    pub clock: Instant,
    /// Seconds on that clock since the reference began to learn, up to [`BAND_LEARNING`].
    pub learned: u64,
    /// Changes of the settings so far.
    pub epoch: u64,
    /// The last settings that came by a proposal, or those of registration.
    pub delayed: BandSettings,
    /// Changes of the settings after the first that tightened at once since the last delayed ones came; zero where none.
    pub tightened: u64,
    /// Room for later versions.
    pub reserved: [u8; 72],
}

/// What the accounts of the two feeds say, none where they are no price accounts.
pub type Prices = [Option<PriceUpdate>; 2];

/// A usable price, in the band's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    price: u64,
    /// What of a distance the confidence explains.
    margin: u64,
}

impl PriceBand {
    /// A new band, in shadow. Its reference begins at the price there is and learns.
    ///
    /// # Errors
    /// Those of [`BandSettings::check`]; [`BreakerError::PriceUnusable`] where a feed has no usable price now.
    pub fn initialize(
        &mut self,
        keys: [Pubkey; 2],
        (index, bump): (u8, u8),
        settings: &BandSettings,
        prices: &Prices,
        now: Instant,
    ) -> Checked<()> {
        settings.check()?;
        check_place(index)?;
        (self.version, self.min_reader, self.bump, self.index) = (LAYOUT_VERSION, 1, bump, index);
        [self.protocol, self.market] = keys;
        (self.settings, self.delayed) = (*settings, *settings);
        let primary = prices[0].ok_or(BreakerError::PriceUnusable)?;
        self.exponent = unit(&primary).ok_or(BreakerError::PriceUnusable)?;
        let usable = |feed, price| self.quote(feed, price, now).map_err(|_| BreakerError::PriceUnusable);
        let quote = usable(&settings.primary, &prices[0])?;
        if settings.second.is_set() {
            usable(&settings.second, &prices[1])?;
        }
        self.begin(quote.price, now);
        self.assert_invariant()
    }

    /// Takes the price in: the reference moves toward the one stored at the `observe` before, this one is stored. An
    /// unusable price changes nothing. Counts what a rule in shadow would have latched.
    ///
    /// # Errors
    /// [`BreakerError::BandInvariant`].
    pub fn observe(&mut self, prices: &Prices, now: Instant) -> Checked<()> {
        let measured = self.measure(prices, now);
        if measured.is_some() && self.standing.armed == 0 {
            self.shadow.count();
        }
        if let Ok(Quote { price, .. }) = self.quote(&self.settings.primary, &prices[0], now) {
            if measured.is_none_or(|trip| trip.severity < Severity::Critical) {
                // seen to be over: two crashes of a slot each, an hour apart, are no Critical
                self.standing.observed_at = Instant::NEVER;
            }
            if self.is_unobserved(now) {
                self.begin(price, now);
            } else {
                self.follow(now);
                (self.seen, self.seen_at) = (price, now);
            }
        }
        self.assert_invariant()
    }

    /// What the prices prove of an armed band, and whether this was the first look at a Critical: that look is kept
    /// even where the market holds a Major already.
    ///
    /// # Errors
    /// [`BreakerError::NothingToLatch`].
    pub fn prove(&mut self, prices: &Prices, loosening_delay: u32, now: Instant) -> Checked<(Trip, bool)> {
        let measured = self.measure(prices, now).filter(|_| self.standing.armed != 0);
        let trip = measured.ok_or(BreakerError::NothingToLatch)?;
        let first = self.standing.observed_at;
        let severity = self.standing.confirm(trip.severity, loosening_delay, now);
        let is_first_look = self.standing.observed_at.is_set() && self.standing.observed_at != first;
        Ok((Trip { severity, ..trip }, is_first_look))
    }

    /// What the prices prove now, none where they are fine: the worst of what is measured, the first of two that are
    /// as bad.
    pub fn measure(&self, prices: &Prices, now: Instant) -> Option<Trip> {
        let quote = self.quote(&self.settings.primary, &prices[0], now);
        let second = &self.settings.second;
        let second = second.is_set().then(|| self.quote(second, &prices[1], now));
        let deviation = quote.as_ref().ok().and_then(|quote| self.deviation(quote, now));
        let divergence = match (&quote, &second) {
            (Ok(quote), Some(Ok(second))) => self.divergence(quote, second),
            _ => None,
        };
        let unobserved = self.is_unobserved(now).then(|| {
            let seconds = now.unix.saturating_sub(self.seen_at.unix).unsigned_abs();
            unusable(Severity::Minor, seconds, self.settings.observe_within)
        });
        let found = [deviation, divergence, quote.err(), second.and_then(Result::err), unobserved];
        found.into_iter().flatten().reduce(
            |worst, trip| {
                if trip.severity > worst.severity { trip } else { worst }
            },
        )
    }

    /// A feed's price in the band's unit, or what it latches that there is none to be used.
    fn quote(&self, feed: &Feed, update: &Option<PriceUpdate>, now: Instant) -> Result<Quote, Trip> {
        let settings = &self.settings;
        let stale = severity(settings.stale_severity);
        let no_price = unusable(stale, u64::MAX, 0);
        let update = update.filter(|update| update.is_of(&feed.id)).ok_or(no_price)?;
        let published = Instant::new(update.posted_slot, update.publish_time);
        if published.older_than(settings.max_age.into(), now) {
            let age = now.unix.saturating_sub(update.publish_time).max(0).unsigned_abs();
            return Err(unusable(stale, age, settings.max_age));
        }
        if update.publish_time > now.unix.saturating_add(PRICE_LEAD_MAX as i64) {
            return Err(no_price);
        }
        let (price, conf) = update.scaled(self.exponent).ok_or(no_price)?;
        let width = mul_div_up(conf, BASIS_POINTS, price).unwrap_or(u64::MAX);
        if width > settings.max_conf_bps.into() {
            return Err(unusable(severity(settings.wide_severity), width, settings.max_conf_bps));
        }
        let margin = mul_div(conf, CONFIDENCE_PERCENT, 100).unwrap_or(u64::MAX);
        Ok(Quote { price, margin })
    }

    /// Distance from the reference beyond what the confidence explains.
    fn deviation(&self, quote: &Quote, now: Instant) -> Option<Trip> {
        let distance = quote.price.abs_diff(self.reference).saturating_sub(quote.margin);
        let trip = beyond(distance, self.reference, &self.settings.deviation_bps)?;
        // a reference that does not know the market yet, or no longer, cautions
        let most = if self.knows(now) { Severity::Critical } else { Severity::Minor };
        Some(Trip { severity: trip.severity.min(most), ..trip })
    }

    /// Whether its reference knows the market.
    fn knows(&self, now: Instant) -> bool {
        self.learned >= BAND_LEARNING && !self.is_unobserved(now)
    }

    /// Whether each feed has a usable price, and the reference knows what it is compared with.
    pub(super) fn sees(&self, prices: &Prices, now: Instant) -> bool {
        let Self { settings: BandSettings { primary, second, .. }, .. } = self;
        let is_usable = |feed: &Feed, price| !feed.is_set() || self.quote(feed, price, now).is_ok();
        self.knows(now) && is_usable(primary, &prices[0]) && is_usable(second, &prices[1])
    }

    /// Distance between the feeds beyond what both confidences explain.
    fn divergence(&self, a: &Quote, b: &Quote) -> Option<Trip> {
        let distance = a.price.abs_diff(b.price).saturating_sub(a.margin).saturating_sub(b.margin);
        beyond(distance, a.price.min(b.price), &self.settings.divergence_bps)
    }

    /// Whether nobody observed a usable price for so long that the reference says nothing of today.
    fn is_unobserved(&self, now: Instant) -> bool {
        self.seen_at.older_than(self.settings.observe_within.into(), now)
    }

    /// Learns anew from this price.
    fn begin(&mut self, price: u64, now: Instant) {
        (self.reference, self.seen, self.learned) = (price, price, 0);
        (self.seen_at, self.clock) = (now, now);
    }

    /// Moves the reference toward the price stored at the last observation, for the time it was the last. While it
    /// learns it is the average of what was seen over that time, afterwards it walks by bounded steps.
    fn follow(&mut self, now: Instant) {
        let seconds = self.clock.advance(now);
        let distance = self.seen.abs_diff(self.reference);
        let step = if self.learned < BAND_LEARNING {
            self.learned = self.learned.saturating_add(seconds).min(BAND_LEARNING);
            mul_div(distance, seconds, self.learned.max(1))
        } else {
            let share = seconds.saturating_mul(self.settings.step_bps.into());
            mul_div(self.reference, share, BASIS_POINTS * HOUR)
        };
        let step = step.unwrap_or(u64::MAX).min(distance);
        self.reference =
            if self.seen > self.reference { self.reference + step } else { self.reference - step };
    }

    /// Checks what must hold after every change.
    ///
    /// # Errors
    /// [`BreakerError::BandInvariant`].
    pub fn assert_invariant(&self) -> Checked<()> {
        let sound = self.reference > 0 && self.seen > 0 && self.learned <= BAND_LEARNING;
        if sound { Ok(()) } else { Err(BreakerError::BandInvariant) }
    }
}

/// The power of ten in whose unit this price has thirteen digits; none where it is not positive.
fn unit(update: &PriceUpdate) -> Option<i32> {
    let price = u64::try_from(update.price).ok()?;
    let digits = i32::try_from(price.checked_ilog10()?).ok()?;
    update.exponent.checked_add(digits - 12)
}

/// The severity whose threshold a share reaches, none where it is below all.
fn beyond(distance: u64, whole: u64, thresholds: &[u32; 3]) -> Option<Trip> {
    let value = mul_div(distance, BASIS_POINTS, whole).unwrap_or(u64::MAX);
    let reached = |(_, threshold): &(Severity, &u32)| value >= u64::from(**threshold);
    let (severity, threshold) = Severity::ABOVE_NORMAL.into_iter().zip(thresholds).rev().find(reached)?;
    Some(Trip { rule: Rule::PriceBand, severity, value, threshold: (*threshold).into() })
}

/// What an unusable price latches.
fn unusable(severity: Severity, value: u64, threshold: u32) -> Trip {
    Trip { rule: Rule::PriceUnusable, severity, value, threshold: threshold.into() }
}

/// A stored severity of what is unusable: checked at registration, never Critical.
fn severity(stored: u32) -> Severity {
    if stored == Severity::Major as u32 { Severity::Major } else { Severity::Minor }
}
