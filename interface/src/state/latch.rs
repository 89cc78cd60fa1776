//! Latches: the reasons why something is not Normal, and the severity they add up to.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use bytemuck::Pod;
use bytemuck::Zeroable;

use core::ops::Range;

use super::limiter::Trip;
use crate::{
    constants::EXTENSION_MIN_SECONDS,
    error::{BreakerError, Checked},
    operation::{Operation, Operations},
    severity::Severity,
    time::Instant,
};

/// What raised a latch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
#[borsh(use_discriminant = false)]
#[repr(u8)]
pub enum Source {
    /// The flow limiter of a vault.
    Limiter,
    /// A price band.
    PriceBand,
    /// An invariant between accounts.
    Invariant,
    /// A guardian's pause.
    Guardian,
    /// A keeper's raise.
    Keeper,
    /// An unapproved upgrade of the protected program.
    Program,
}

impl Source {
    /// Number of sources.
    pub const COUNT: usize = 6;

    /// Slots of the sources whose latches name their own closed operations: guardians and keepers. The others close
    /// what the response says.
    const WITH_MASK: Range<usize> =
        Self::Guardian as usize * Severity::RAISED..(Self::Keeper as usize + 1) * Severity::RAISED;
}

/// One reason, merged from all newcomers of the same source and severity.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Latch {
    /// Operations closed beyond the response's, united over the newcomers.
    pub closed: u64,
    /// When the first of the merged newcomers came.
    pub since: Instant,
    /// When the last of them ends.
    pub until: Instant,
    /// Worst measured value, in the unit of its rule.
    pub value: u64,
    /// Threshold that the worst value broke, in the same unit.
    pub threshold: u64,
    /// Newcomers merged.
    pub count: u64,
    /// Which rules of its source it stands for, by their places in the market: bit `i` is the rule of place `i`. None
    /// where a person raised it.
    pub rules: u64,
}

impl Latch {
    /// Whether the latch still holds.
    pub const fn is_live(&self, now: Instant) -> bool {
        !self.until.reached(now)
    }
}

/// Latch slots, one a source and severity, and what follows from them: until when each severity holds.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct LatchBoard {
    /// Until when at least Minor, Major, Critical holds, dwells of higher severities included. Where the first is
    /// `NEVER` nothing holds and no clock is needed.
    pub held: [Instant; 3],
    /// Until when liquidations stay closed after a halt.
    pub liquidation_closed: Instant,
    /// Slots, by source, then severity.
    pub slots: [Latch; 18],
    /// Severity that the journal knows of, as a number: each latch raises it, [`LatchBoard::step_down`] lowers it.
    pub told: u64,
}

/// A newcomer: what a rule or a person wants latched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewLatch {
    pub(crate) source: Source,
    pub(crate) severity: Severity,
    pub(crate) closed: Operations,
    pub(crate) until: Instant,
    pub(crate) value: u64,
    pub(crate) threshold: u64,
    pub(crate) rules: u64,
}

impl LatchBoard {
    /// Severity in force: a pure function of the clock, without any transaction.
    pub fn severity(&self, now: Instant) -> Severity {
        // a higher severity never holds for longer than a lower one
        if self.held[0].reached(now) {
            Severity::Normal
        } else if self.held[1].reached(now) {
            Severity::Minor
        } else if self.held[2].reached(now) {
            Severity::Major
        } else {
            Severity::Critical
        }
    }

    /// Whether nothing was latched since the board was last tidied: then no clock is needed.
    #[inline(always)]
    pub const fn is_clear(&self) -> bool {
        !self.held[0].is_set()
    }

    /// Operations closed by live latches that name their own.
    pub fn masks(&self, now: Instant) -> Operations {
        let live = self.with_mask().iter().filter(|latch| latch.is_live(now));
        Operations(live.fold(0, |closed, latch| closed | latch.closed))
    }

    /// Severity in force, none where this board closes one of the operations beyond what the response to it does.
    /// Never inlined: the gate asks it of two boards and has few registers.
    #[inline(never)]
    pub(crate) fn severity_for(&self, asked: Operations, now: Instant) -> Option<Severity> {
        if asked.0 & Operation::LIQUIDATE.mask() != 0 && !self.liquidation_closed.reached(now) {
            return None;
        }
        let severity = self.severity(now);
        if severity == Severity::Normal {
            return Some(severity);
        }
        // most latches name other operations: one look at all of them
        let named = self.with_mask().iter().fold(0, |closed, latch| closed | latch.closed);
        let closes = named & asked.0 != 0 && self.masks(now).0 & asked.0 != 0;
        if closes { None } else { Some(severity) }
    }

    fn with_mask(&self) -> &[Latch] {
        &self.slots[Source::WITH_MASK]
    }

    /// The slot of a source and a severity, none for Normal.
    pub fn slot(&self, source: Source, severity: Severity) -> Option<&Latch> {
        severity.index().map(|i| &self.slots[source as usize * Severity::RAISED + i])
    }

    /// Whether the source's latch of this severity holds at least until then.
    pub(crate) fn holds(&self, source: Source, severity: Severity, until: Instant) -> bool {
        self.slot(source, severity).is_none_or(|latch| until.reached(latch.until))
    }

    /// Latches a newcomer: merges with a live latch of its source and severity, else takes the slot over.
    pub(crate) fn latch(&mut self, new: NewLatch, dwell: u32, grace: u32, now: Instant) {
        let Some(i) = new.severity.index() else {
            return;
        };
        let slot = &mut self.slots[new.source as usize * Severity::RAISED + i];
        if !slot.is_live(now) {
            *slot = Latch { since: now, ..Latch::default() };
        }
        slot.closed |= new.closed.0;
        slot.until = slot.until.max(new.until);
        if new.value >= slot.value {
            (slot.value, slot.threshold) = (new.value, new.threshold);
        }
        slot.count = slot.count.saturating_add(1);
        slot.rules |= new.rules;
        self.told = self.told.max(new.severity as u64);
        self.refresh(dwell, grace);
    }

    /// Whether a source holds this severity now. Where it does not, what it latches is news to the journal, also under
    /// something of another source that is as high.
    pub fn is_held(&self, source: Source, severity: Severity, now: Instant) -> bool {
        self.slot(source, severity).is_some_and(|latch| latch.is_live(now))
    }

    /// Latches what the rule of this place measured; false where it holds for that rule already, but for less than
    /// [`EXTENSION_MIN_SECONDS`].
    pub(super) fn latch_trip(
        &mut self,
        (source, place): (Source, u8),
        trip: &Trip,
        until: Instant,
        (dwell, grace): (u32, u32),
        now: Instant,
    ) -> bool {
        let rules = 1u64.checked_shl(place.into()).unwrap_or(0);
        let held = self.slot(source, trip.severity).is_none_or(|latch| {
            latch.is_live(now)
                && latch.rules & rules == rules
                && !latch.until.plus(EXTENSION_MIN_SECONDS.into()).reached(until)
        });
        if held {
            return false;
        }
        let Trip { severity, value, threshold, .. } = *trip;
        let closed = Operations::default();
        self.latch(NewLatch { source, severity, closed, until, value, threshold, rules }, dwell, grace, now);
        true
    }

    /// Tidies what is over, and gives the fall that the journal does not know of yet, if there is one. Changes no
    /// answer: the severity is a function of the clock before and after. What is over counts until everything is, for
    /// the dwells and the grace after it still follow from it.
    ///
    /// # Errors
    /// [`BreakerError::NothingToStepDown`], [`BreakerError::UnknownSeverity`] where the stored number is none.
    pub fn step_down(&mut self, now: Instant) -> Checked<Option<(Severity, Severity)>> {
        let after = self.severity(now);
        let before = Severity::from_byte(self.told.try_into().unwrap_or(u8::MAX))?;
        let is_over = after == Severity::Normal && self.liquidation_closed.reached(now);
        let fell = after < before;
        if !fell && (!is_over || self.is_clear()) {
            return Err(BreakerError::NothingToStepDown);
        }
        if is_over {
            *self = Zeroable::zeroed();
        } else {
            self.told = after as u64;
        }
        Ok(fell.then_some((before, after)))
    }

    /// What the slots say about each severity: the latest end, then one dwell a step on the way down.
    fn expected(&self, dwell: u32, grace: u32) -> ([Instant; 3], Instant) {
        let mut held = [Instant::NEVER; 3];
        for (i, latch) in self.slots.iter().enumerate() {
            let severity = i % Severity::RAISED;
            held[severity] = held[severity].max(latch.until);
        }
        for higher in [2, 1] {
            if held[higher].is_set() {
                held[higher - 1] = held[higher - 1].max(held[higher].plus(dwell.into()));
            }
        }
        let grace = if held[2].is_set() { held[2].plus(grace.into()) } else { Instant::NEVER };
        (held, grace)
    }

    /// Checks that nothing holds, not even the grace after a halt.
    ///
    /// # Errors
    /// [`BreakerError::LatchLive`].
    pub fn check_over(&self, now: Instant) -> Checked<()> {
        let is_over = self.severity(now) == Severity::Normal && self.liquidation_closed.reached(now);
        if is_over { Ok(()) } else { Err(BreakerError::LatchLive) }
    }

    /// The ends that follow from the slots, with this dwell and grace.
    pub(super) fn refresh(&mut self, dwell: u32, grace: u32) {
        (self.held, self.liquidation_closed) = self.expected(dwell, grace);
    }

    /// Whether the cached ends are those that follow from the slots.
    pub(crate) fn is_consistent(&self, dwell: u32, grace: u32) -> bool {
        (self.held, self.liquidation_closed) == self.expected(dwell, grace)
    }
}
