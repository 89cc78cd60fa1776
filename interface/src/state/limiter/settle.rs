//! Time passes for a limiter: the base follows its average, undeclared flow is measured, buffers refill and shrink.

use super::{Capacities, GROSS_RING, Limiter, LimiterSettings, Rule, Trip};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    math::{mul_div, mul_div_rem},
    time::Instant,
};

impl Limiter {
    /// Time passes: measures undeclared flow, lets the base follow, refills and cuts the buffers. `balance` is what
    /// [`Limiter::balance`] says of the vault.
    pub(super) fn settle(
        &mut self,
        balance: u64,
        missing: u64,
        now: Instant,
    ) -> Checked<(Option<Trip>, Capacities)> {
        let seconds = self.clock.advance(now);
        self.age = self.age.saturating_add(seconds);
        if self.age >= BASE_WINDOW || self.unseasoned_until.reached(now) {
            self.unseasoned_until = Instant::NEVER;
        }
        self.follow(seconds)?;
        let trip = self.measure_undeclared(balance, missing, seconds)?;
        let capacities = self.capacities(balance)?;
        self.refill(&capacities, seconds)?;
        self.shrink_elastic(&capacities, seconds, now)?;
        self.turn_gross();
        self.touched_slot = self.touched_slot.max(now.slot);
        Ok((trip, capacities))
    }

    /// Settles at the settings in force, then takes the new ones: usage is carried, nothing refills. A shortfall that trips
    /// is for `poke` to latch; a smaller one counts as at any touch, or a unit that is missing would hold settings off
    /// where `poke` can prove nothing.
    ///
    /// # Errors
    /// [`BreakerError::PokeFirst`] and the overflow error of the rule concerned.
    pub(in crate::state) fn resettle(
        &mut self,
        new: &LimiterSettings,
        balance: u64,
        now: Instant,
    ) -> Checked<()> {
        let (trip, _) = self.settle(balance, 0, now)?;
        if let Some(trip) = trip {
            if self.armed != 0 {
                return Err(BreakerError::PokeFirst);
            }
            self.count_in_shadow(&trip, now);
        }
        let old = core::mem::replace(&mut self.settings, *new);
        (self.expected, self.followed) = (self.expected.max(balance), balance);
        let capacities = self.capacities(balance)?;
        for (i, (net, capacity)) in self.net.iter_mut().zip(capacities.main).enumerate() {
            net.used = net.used.min(capacity);
            net.available = net.available.min(capacity - net.used);
            if old.windows[i].seconds != new.windows[i].seconds {
                net.carry = 0;
            }
        }
        if old.gross_seconds != new.gross_seconds {
            // buckets of another length: all that is remembered counts as of now
            let total = self.gross_total();
            self.gross = [0; GROSS_RING as usize];
            self.gross_bucket = 0;
            self.turn_gross();
            self.gross[(self.gross_bucket % GROSS_RING) as usize] = total;
        }
        if old.undeclared_seconds != new.undeclared_seconds {
            self.undeclared_carry = 0;
        }
        Ok(())
    }

    /// Moves the average toward what was followed since the last touch, by the share of a day that passed.
    fn follow(&mut self, seconds: u64) -> Checked<()> {
        let overflow = BreakerError::BaseOverflow;
        if seconds >= BASE_WINDOW {
            (self.average, self.average_carry) = (self.followed, 0);
        } else if self.followed >= self.average {
            let (step, carry) =
                mul_div_rem(self.followed - self.average, seconds, BASE_WINDOW).ok_or(overflow)?;
            let carry = self.average_carry.checked_add(carry).ok_or(overflow)?;
            self.average =
                self.average.checked_add(step + carry / BASE_WINDOW).ok_or(overflow)?.min(self.followed);
            self.average_carry = carry % BASE_WINDOW;
        } else if seconds > 0 {
            let (step, carry) =
                mul_div_rem(self.average - self.followed, seconds, BASE_WINDOW).ok_or(overflow)?;
            self.average -= step + u64::from(carry > 0);
            self.average_carry = 0;
        }
        Ok(())
    }

    /// Adds a shortfall to what left without a record. The sum drains by the hard threshold a window and is kept up to
    /// twice that: whatever was lost, it is forgotten in two windows. Only a new shortfall trips: the memory of an old
    /// one would latch again at every touch.
    fn measure_undeclared(&mut self, balance: u64, missing: u64, seconds: u64) -> Checked<Option<Trip>> {
        let overflow = BreakerError::UndeclaredOverflow;
        let (soft, hard) = self.undeclared_thresholds()?;
        let most = hard.saturating_mul(2);
        self.undeclared = self.undeclared.min(most);
        let window = u64::from(self.settings.undeclared_seconds);
        if self.undeclared > 0 && seconds > 0 {
            // two windows empty it, also in one touch
            let (drained, carry) =
                mul_div_rem(hard, seconds.min(2 * window), window).unwrap_or((u64::MAX, 0));
            let carry = self.undeclared_carry.checked_add(carry).ok_or(overflow)?;
            self.undeclared = self.undeclared.saturating_sub(drained.saturating_add(carry / window));
            self.undeclared_carry = carry % window;
        }
        let shortfall = self.expected.saturating_sub(balance);
        let lost = shortfall.saturating_add(missing);
        if lost == 0 {
            return Ok(None);
        }
        let value = self.undeclared.saturating_add(lost);
        self.undeclared = value.min(most);
        self.expected -= shortfall;
        // it left: what it took of an inflow cannot leave once more
        self.elastic = self.elastic.saturating_sub(shortfall);

        let (severity, threshold) = if value >= hard {
            (self.hard_severity(), hard)
        } else if value >= soft {
            (self.soft_severity(), soft)
        } else {
            return Ok(None);
        };
        Ok(Some(Trip { rule: Rule::Undeclared, severity, value, threshold }))
    }

    /// Soft and hard threshold of undeclared flow, from the base before any shortfall of this touch.
    pub(super) fn undeclared_thresholds(&self) -> Checked<(u64, u64)> {
        // before the average has seen a day a flash deposit could raise the base above what it hides. The cap that waited:
        // these thresholds decide a Critical, and one tightened at once must not
        let lagged = if self.is_seasoned() { self.average } else { self.delayed.bootstrap_cap };
        let base = self.expected.min(lagged);
        let share = |bps: u32| mul_div(base, bps.into(), BASIS_POINTS).map(|share| share.max(1));
        share(self.settings.undeclared_soft_bps)
            .zip(share(self.settings.undeclared_hard_bps))
            .ok_or(BreakerError::UndeclaredOverflow)
    }

    /// Refills the main buffers at capacity a window, rounding down; what is rounded off is carried, not lost.
    fn refill(&mut self, capacities: &Capacities, seconds: u64) -> Checked<()> {
        let overflow = BreakerError::CapacityOverflow;
        for ((net, window), capacity) in self.net.iter_mut().zip(&self.settings.windows).zip(capacities.main)
        {
            let window = u64::from(window.seconds);
            if seconds > 0 {
                let (refill, carry) = mul_div_rem(capacity, seconds.min(window), window).ok_or(overflow)?;
                let carry = net.carry.checked_add(carry).ok_or(overflow)?;
                let refill = refill.saturating_add(carry / window);
                net.available = net.available.saturating_add(refill);
                net.used = net.used.saturating_sub(refill);
                net.carry = carry % window;
            }
            if net.available >= capacity {
                (net.available, net.carry) = (capacity, 0);
            }
            net.used = net.used.min(capacity);
        }
        Ok(())
    }

    /// When its slot has ended, the elastic buffer is cut to its cap; after that it decays over its own window. What it
    /// loses goes back to the main buffers, up to their capacity: inflow is credited once, there or here, so that money
    /// going in and out again starves nobody.
    fn shrink_elastic(&mut self, capacities: &Capacities, seconds: u64, now: Instant) -> Checked<()> {
        let before = self.elastic;
        if now.slot > self.touched_slot {
            self.elastic = self.elastic.min(capacities.elastic);
        }
        if self.elastic > 0 && seconds > 0 {
            let window = u64::from(self.settings.elastic_seconds);
            let (decay, rest) = mul_div_rem(capacities.elastic, seconds.min(window), window)
                .ok_or(BreakerError::CapacityOverflow)?;
            self.elastic = self.elastic.saturating_sub(decay.saturating_add(u64::from(rest > 0)));
        }
        let lost = before - self.elastic;
        if lost > 0 {
            for (net, capacity) in self.net.iter_mut().zip(capacities.main) {
                net.available = net.available.saturating_add(lost).min(capacity);
                net.used = net.used.saturating_sub(lost);
            }
        }
        Ok(())
    }

    /// Turns the gross ring to the bucket of the running clock.
    fn turn_gross(&mut self) {
        let bucket = self.age / (u64::from(self.settings.gross_seconds) / GROSS_BUCKETS).max(1);
        let turned = bucket.saturating_sub(self.gross_bucket).min(GROSS_RING);
        for i in 0..turned {
            self.gross[((bucket - i) % GROSS_RING) as usize] = 0;
        }
        self.gross_bucket = bucket;
    }
}
