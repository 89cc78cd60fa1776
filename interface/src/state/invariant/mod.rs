//! An invariant: a comparison between integers that live in accounts, such as "what the vaults hold is at least what
//! users are owed".
//!
//! `left x 10,000 >= right x ratio`, each side the sum of its terms, in whole numbers wide enough for any of them: nothing
//! rounds and nothing overflows. A right side below zero counts as zero, so it never excuses what the left side lacks.

mod settings;
mod term;

#[cfg(test)]
mod tests;

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

pub use {
    settings::{InvariantSettings, Ratios},
    term::{Reading, Shown, Term, TermSettings, Value},
};

use super::{
    limiter::{Rule, Trip},
    market::check_place,
    rule::{Shadow, Standing},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    math::mul_div,
    severity::Severity,
    time::Instant,
    wide::Wide,
};

/// A market's invariant. PDA of [`crate::pda::invariant`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Invariant {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Which invariant of its market.
    pub index: u8,
    /// What the left side is of the right at least, in basis points, or it is Minor, Major, Critical.
    pub ratio_bps: [u32; 3],
    /// The last ratios that came by a proposal, or those of registration.
    pub delayed_ratio_bps: [u32; 3],
    /// Worst severity that was shown to it armed, latched or held already, since it was last seen to hold; a number.
    pub tripped: u32,
    /// Changes of the ratios so far.
    pub epoch: u64,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Market whose latches it raises.
    pub market: Pubkey,
    /// Terms of the left side and of the right.
    pub counts: [u32; 2],
    /// Shadow or armed, since when, and the first look at a Critical.
    pub standing: Standing,
    /// What it measured in shadow.
    pub shadow: Shadow,
    /// The terms: the left side's, then the right's.
    pub terms: [Term; 2 * INVARIANT_TERMS],
    /// When it was first shown to be as false as the worst since it was last seen to hold.
    pub tripped_at: Instant,
    /// Changes of the ratios after the first that tightened at once since the last delayed ones came; zero where none.
    pub tightened: u64,
    /// Room for later versions: what a rescue moved into safes will count on the left.
    pub reserved: [u8; 224],
}

/// What the accounts of an invariant hold, as far as they were shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measurement {
    /// For each side what counts for it and what counts against it.
    sides: [[Wide; 2]; 2],
    /// Accounts that were shown.
    shown: usize,
    /// The first term that cannot be read, by its place.
    unreadable: Option<usize>,
}

impl Invariant {
    /// A new invariant, in shadow, without its terms.
    ///
    /// # Errors
    /// Those of [`InvariantSettings::check`].
    pub fn initialize(
        &mut self,
        keys: [Pubkey; 2],
        (index, bump): (u8, u8),
        settings: &InvariantSettings,
    ) -> Checked<()> {
        settings.check()?;
        check_place(index)?;
        (self.version, self.min_reader, self.bump, self.index) = (LAYOUT_VERSION, 1, bump, index);
        [self.protocol, self.market] = keys;
        (self.ratio_bps, self.delayed_ratio_bps) = (settings.ratio_bps, settings.ratio_bps);
        Ok(())
    }

    /// Adds the next term of these settings, whose account is shown: the left side's first.
    ///
    /// # Errors
    /// [`BreakerError::WrongTermAccount`] where the settings have no more terms, [`BreakerError::SameTermTwice`], those
    /// of [`Term::register`].
    pub fn add_term(&mut self, settings: &InvariantSettings, shown: &Shown) -> Checked<()> {
        let place = self.len();
        let side = usize::from(place >= settings.left.len());
        let term =
            settings.left.iter().chain(&settings.right).nth(place).ok_or(BreakerError::WrongTermAccount)?;
        let term = Term::register(term, shown)?;
        if self.terms().iter().any(|other| other.reads_as(&term)) {
            return Err(BreakerError::SameTermTwice);
        }
        *self.terms.get_mut(place).ok_or(BreakerError::TermCount)? = term;
        self.counts[side] += 1;
        Ok(())
    }

    /// Takes the next account in: the terms' accounts are shown in their order.
    ///
    /// # Errors
    /// [`BreakerError::WrongTermAccount`].
    pub fn show(&self, measurement: &mut Measurement, shown: &Shown) -> Checked<()> {
        let place = measurement.shown;
        let term = self.terms().get(place).ok_or(BreakerError::WrongTermAccount)?;
        if *shown.key != term.account {
            return Err(BreakerError::WrongTermAccount);
        }
        measurement.shown += 1;
        let is_left = place < self.counts[0] as usize;
        match term.read(shown) {
            Some(value) => {
                let side = &mut measurement.sides[usize::from(!is_left)];
                side[usize::from(value.is_negative)].add_product(value.magnitude, term.coefficient);
            }
            // a vault that was closed, or is another's, holds nothing for us; that a debt cannot be found does not pay it
            None if is_left && term.is_balance() => {}
            None => measurement.unreadable = measurement.unreadable.or(Some(place)),
        }
        Ok(())
    }

    /// What the accounts prove, none where the comparison holds. What cannot be read proves nothing, and is not fine:
    /// it is Major, never Critical.
    ///
    /// # Errors
    /// [`BreakerError::WrongTermAccount`] where accounts are missing.
    pub fn measure(&self, measurement: &Measurement) -> Checked<Option<Trip>> {
        self.measure_by(&self.ratio_bps, measurement)
    }

    /// As [`Invariant::measure`], by other ratios.
    pub(super) fn measure_by(&self, ratios: &[u32; 3], measurement: &Measurement) -> Checked<Option<Trip>> {
        if measurement.shown != self.len() {
            return Err(BreakerError::WrongTermAccount);
        }
        if let Some(place) = measurement.unreadable {
            let (severity, value) = (Severity::Major, place as u64);
            return Ok(Some(Trip { rule: Rule::InvariantUnreadable, severity, value, threshold: 0 }));
        }
        let ratio = measurement.ratio_below(ratios[0]);
        let broken = |(_, least): &(Severity, &u32)| ratio < **least;
        let worst = Severity::ABOVE_NORMAL.into_iter().zip(ratios).rev().find(broken);
        let missing = |ratio: u32| u64::from(ratios[0].saturating_sub(ratio));
        Ok(worst.map(|(severity, least)| Trip {
            rule: Rule::Invariant,
            severity,
            value: missing(ratio),
            threshold: missing(*least),
        }))
    }

    /// What the left side is of the right, in basis points, up to the Minor ratio.
    ///
    /// # Errors
    /// [`BreakerError::WrongTermAccount`] where accounts are missing, [`BreakerError::TermUnreadable`].
    pub fn ratio(&self, measurement: &Measurement) -> Checked<u32> {
        if measurement.shown != self.len() {
            return Err(BreakerError::WrongTermAccount);
        }
        match measurement.unreadable {
            Some(_) => Err(BreakerError::TermUnreadable),
            None => Ok(measurement.ratio_below(self.ratio_bps[0])),
        }
    }

    /// What an armed invariant latches of what was measured, none where nothing, and whether it remembers something else
    /// than before: its first look at a Critical, and what was shown to it. Both are kept even where the market holds as
    /// much already, and given up where the comparison was seen to hold.
    pub fn confirm(
        &mut self,
        measured: Option<Trip>,
        loosening_delay: u32,
        now: Instant,
    ) -> (Option<Trip>, bool) {
        let remembered =
            |invariant: &Self| (invariant.standing.observed_at, invariant.tripped, invariant.tripped_at);
        let before = remembered(self);
        self.remember(measured, now);
        let severity = measured.map_or(Severity::Normal, |trip| trip.severity);
        let severity = self.standing.confirm(severity, loosening_delay, now);
        let trip = measured.map(|trip| Trip { severity, ..trip });
        (trip, remembered(self) != before)
    }

    /// What was shown, and since when it is as bad: until then no loss that is accepted was known. What could not be read is
    /// no loss.
    pub(super) fn remember(&mut self, measured: Option<Trip>, now: Instant) {
        let Some(trip) = measured else {
            (self.tripped, self.tripped_at) = (0, Instant::NEVER);
            return;
        };
        let is_worse = trip.severity as u32 > self.tripped;
        if trip.rule == Rule::Invariant && (is_worse || !self.tripped_at.is_set()) {
            self.tripped_at = now;
        }
        self.tripped = self.tripped.max(trip.severity as u32);
    }

    /// The terms: the left side's, then the right's.
    pub fn terms(&self) -> &[Term] {
        &self.terms[..self.len()]
    }

    /// Number of terms of both sides.
    fn len(&self) -> usize {
        let count = self.counts[0].saturating_add(self.counts[1]) as usize;
        count.min(self.terms.len())
    }

    /// Checks what must hold after every change.
    ///
    /// # Errors
    /// [`BreakerError::InvariantDamaged`].
    pub fn assert_invariant(&self) -> Checked<()> {
        let has_sides = self.counts.iter().all(|count| (1..=INVARIANT_TERMS).contains(&(*count as usize)));
        let sound = has_sides
            && settings::are_ratios(&self.ratio_bps)
            && self.terms().iter().all(|term| term.coefficient > 0);
        if sound { Ok(()) } else { Err(BreakerError::InvariantDamaged) }
    }
}

impl Measurement {
    /// What the left side is of the right, in basis points, rounded down and at most `top`: a right side of nothing is
    /// covered by any left side that is not below zero, and nothing covers it that is.
    fn ratio_below(&self, top: u32) -> u32 {
        let [[left, against_left], [right, against_right]] = self.sides;
        let Some(left) = left.minus(against_left) else {
            return 0;
        };
        let right = right.minus(against_right).unwrap_or_default();
        if let (Some(left), Some(right)) = (left.short(), right.short()) {
            let ratio = mul_div(left, BASIS_POINTS, right).unwrap_or(u64::MAX);
            return u32::try_from(ratio).map_or(top, |ratio| ratio.min(top));
        }
        let left = left.times(BASIS_POINTS);
        let covers = |ratio: u32| left >= right.times(ratio.into());
        // the greatest ratio that is covered, between one that is and one that is not
        let (mut covered, mut beyond) = (0, top.saturating_add(1));
        while beyond - covered > 1 {
            let middle = covered + (beyond - covered) / 2;
            if covers(middle) {
                covered = middle;
            } else {
                beyond = middle;
            }
        }
        covered
    }
}
