//! The flow limiter of one vault, in token units.
//!
//! A flow is judged in this order: time passes ([`Limiter::settle`]: the base follows its average, buffers refill,
//! the elastic buffer is cut, undeclared flow is measured), then the flow itself ([`Limiter::record`]).
//! Amounts round against whoever would gain: capacities and refills down, decay of what is remembered down.

mod moved;
mod resume;
mod settings;
mod settle;
mod vault;

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
    settings::{LimiterSettings, WindowSettings},
    vault::{TOKEN, TOKEN_2022, VaultState},
};

use super::{
    journal::{Act, JournalEntry},
    latch::Source,
    market::Market,
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    math::mul_div,
    severity::Severity,
    time::Instant,
    verdict::{Direction, Verdict},
};

/// Buckets of the gross ring: a full window and the bucket that is being filled.
const GROSS_RING: u64 = GROSS_BUCKETS + 1;

/// A vault's limiter. PDA of [`crate::pda::limiter`]; a vault has one for ever.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Limiter {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// 1 once armed; before that the limiter measures and counts, and refuses nothing.
    pub armed: u8,
    /// Trips measured in shadow.
    pub shadow_trips: u32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Market whose latches it raises.
    pub market: Pubkey,
    /// Token account it guards.
    pub vault: Pubkey,
    /// The vault's mint at registration.
    pub mint: Pubkey,
    /// The vault's owner at registration.
    pub vault_owner: Pubkey,
    /// Settings in force.
    pub settings: LimiterSettings,
    /// Until when the limiter's own latch holds at Minor, Major, Critical: at once, for its vault.
    pub held: [Instant; 3],
    /// Its running clock: moves only by the seconds that both clocks agree on.
    pub clock: Instant,
    /// When it was armed.
    pub armed_at: Instant,
    /// First observation of a Critical condition, waiting for the second.
    pub observed_at: Instant,
    /// Seconds on the running clock since registration.
    pub age: u64,
    /// Slot of the last touch.
    pub touched_slot: u64,
    /// Balance the vault should have if every flow was recorded.
    pub expected: u64,
    /// Smaller of expected and real balance at the last touch: what the average follows until the next.
    pub followed: u64,
    /// Average of `followed` over a day: yesterday's balance.
    pub average: u64,
    /// Remainder of the average's steps, in unit-seconds below a day.
    pub average_carry: u64,
    /// Main buffers, by window.
    pub net: [NetState; 2],
    /// Elastic buffer: inflow that may leave again.
    pub elastic: u64,
    /// Outflow by bucket of the gross window.
    pub gross: [u64; 13],
    /// Number of the bucket that is being filled.
    pub gross_bucket: u64,
    /// What left without a record, draining over its window.
    pub undeclared: u64,
    /// Remainder of its drain, in unit-seconds.
    pub undeclared_carry: u64,
    /// Trips that wait for a call that brings the journal.
    pub pending: PendingEntry,
    /// Flows allowed.
    pub allowed: u64,
    /// Flows refused.
    pub denied: u64,
    /// Until when it is unseasoned at the latest; never once it is seasoned.
    pub unseasoned_until: Instant,
    /// When the journal was told of trips in shadow last.
    pub shadow_told_at: Instant,
    /// Changes of the settings so far.
    pub epoch: u64,
    /// The last settings that came by a proposal, or those of registration.
    pub delayed: LimiterSettings,
    /// When it latched flow without a record last: what is lost was not known before.
    pub tripped_at: Instant,
    /// Changes of the settings after the first that tightened at once since the last delayed ones came; zero where none.
    pub tightened: u64,
    /// Its place among the limiters of its market, by which a latch remembers it.
    pub place: u64,
    /// What waits in a safe instead of being refused, as its route says: see [`super::RouteSettings::holds`].
    pub holds: u64,
    /// What was answered [`Verdict::Hold`] in the slot of `to_hold_slot` and is not in the safe yet.
    pub to_hold: u64,
    /// See `to_hold`.
    pub to_hold_slot: u64,
    /// Room for later versions.
    pub reserved: [u8; 16],
}

/// A main buffer.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NetState {
    /// What may still leave.
    pub available: u64,
    /// What left and was not refilled yet. Beside `available` because capacity can grow without anybody using it.
    pub used: u64,
    /// Remainder of the refill, in unit-seconds below the window.
    pub carry: u64,
}

/// The first and worst of the trips that are not in the journal yet.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PendingEntry {
    /// When the first came.
    pub first: Instant,
    /// Worst value, in token units.
    pub value: u64,
    /// Its threshold, in token units.
    pub threshold: u64,
    /// How many; zero where nothing waits.
    pub count: u32,
    /// The worst one's [`Act`], as a number.
    pub act: u8,
    /// Severity of the limiter before the first.
    pub before: u8,
    /// Severity of the limiter after the worst.
    pub after: u8,
    /// Severity of the worst one itself.
    pub worst: u8,
}

impl PendingEntry {
    /// Whether the limiter's own severity is higher after what waits than before it.
    pub const fn is_rise(&self) -> bool {
        self.count > 0 && self.after > self.before
    }
}

/// A flow to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Into or out of the vault.
    pub direction: Direction,
    /// Amount, in token units.
    pub amount: u64,
    /// Whether the operation is closed by what is in force already.
    pub closed: bool,
}

/// What can trip: the limiter's own rules, and the others by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Net outflow reached its soft share of a main buffer.
    Soft,
    /// Net outflow would exceed a main buffer.
    Hard,
    /// Outflow exceeded the gross limit.
    Gross,
    /// Tokens left without a record.
    Undeclared,
    /// A price left its band.
    PriceBand,
    /// A price could not be used.
    PriceUnusable,
    /// A registered comparison is false.
    Invariant,
    /// A term of a registered comparison could not be read.
    InvariantUnreadable,
    /// The protected program was upgraded without approval.
    Program,
}

impl Rule {
    /// How the journal names a breach of the rule.
    pub const fn act(self) -> Act {
        match self {
            Self::Soft => Act::SoftBreach,
            Self::Hard => Act::HardBreach,
            Self::Gross => Act::GrossBreach,
            Self::Undeclared => Act::UndeclaredFlow,
            Self::PriceBand => Act::PriceBreach,
            Self::PriceUnusable => Act::PriceUnusable,
            Self::Invariant => Act::InvariantBroken,
            Self::InvariantUnreadable => Act::InvariantUnreadable,
            Self::Program => Act::ProgramChanged,
        }
    }
}

/// A rule that tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// Which rule.
    pub rule: Rule,
    /// What it latches.
    pub severity: Severity,
    /// Measured value, in the unit of its rule: a limiter's are token units.
    pub value: u64,
    /// Threshold, in the same unit.
    pub threshold: u64,
}

/// The answer to a flow, and what tripped on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The answer.
    pub verdict: Verdict,
    /// The worst trip.
    pub trip: Option<Trip>,
}

/// What the base allows now.
#[derive(Clone, Copy, Debug)]
struct Capacities {
    main: [u64; NET_WINDOWS],
    elastic: u64,
    gross: u64,
}

impl Limiter {
    /// A new limiter, in shadow. Its average starts at nothing and its main buffers full.
    ///
    /// # Errors
    /// Those of [`LimiterSettings::check`] and [`BreakerError::VaultNotGuardable`].
    pub fn initialize(
        &mut self,
        keys: [Pubkey; 3],
        (bump, place): (u8, u8),
        settings: &LimiterSettings,
        vault: &VaultState,
        now: Instant,
    ) -> Checked<()> {
        settings.check()?;
        if !vault.sound {
            return Err(BreakerError::VaultNotGuardable);
        }
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        self.place = place.into();
        [self.protocol, self.market, self.vault] = keys;
        (self.mint, self.vault_owner) = (vault.mint, vault.owner);
        (self.settings, self.delayed) = (*settings, *settings);
        (self.clock, self.touched_slot) = (now, now.slot);
        self.unseasoned_until = now.plus(SEASONED_AFTER);
        (self.expected, self.followed) = (vault.amount, vault.amount);
        self.fill_main(vault.amount)
    }

    /// Arms the limiter: from here on it refuses and latches. What was missed in shadow is the integration learning to
    /// record; it must not trip the first real touch. What was proposed of it in shadow is void: nobody looked at it as
    /// at a loosening.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyArmed`], [`BreakerError::VaultNotGuardable`] and the overflow error of the rule concerned.
    pub fn arm(&mut self, vault: &VaultState, now: Instant) -> Checked<()> {
        if self.armed != 0 {
            return Err(BreakerError::AlreadyArmed);
        }
        if !self.is_intact(vault) {
            return Err(BreakerError::VaultNotGuardable);
        }
        self.settle(vault.amount, 0, now)?;
        (self.expected, self.followed) = (vault.amount, vault.amount);
        (self.undeclared, self.undeclared_carry) = (0, 0);
        self.tripped_at = Instant::NEVER;
        if self.waits_in_shadow() {
            // the first that is real begins an entry of its own; these are counted
            self.pending = PendingEntry::default();
        }
        (self.armed, self.armed_at) = (1, now);
        self.epoch += 1;
        self.assert_invariant()
    }

    /// Checks that this is the limiter of that protocol, market and vault.
    ///
    /// # Errors
    /// [`BreakerError::WrongProtocol`], [`BreakerError::WrongMarket`], [`BreakerError::WrongVault`].
    pub fn check_guards(&self, protocol: &Pubkey, market: &Pubkey, vault: &Pubkey) -> Checked<()> {
        if self.protocol != *protocol {
            return Err(BreakerError::WrongProtocol);
        }
        if self.market != *market {
            return Err(BreakerError::WrongMarket);
        }
        if self.vault != *vault {
            return Err(BreakerError::WrongVault);
        }
        Ok(())
    }

    /// Judges a flow. An outflow is asked before its transfer and counted at once if allowed; an inflow is recorded
    /// after it and credited at most the measured rise.
    ///
    /// # Errors
    /// [`BreakerError::ZeroFlow`], [`BreakerError::AmountAboveBalance`] and the overflow error of the rule concerned.
    pub fn record(&mut self, flow: Flow, vault: &VaultState, now: Instant) -> Checked<Outcome> {
        if flow.amount == 0 {
            return Err(BreakerError::ZeroFlow);
        }
        let new_slot = now.slot > self.touched_slot;
        let is_intact = self.is_intact(vault);
        let balance = if is_intact { vault.amount } else { 0 };
        // what was said to have come in and is not there left without a record: a drain may not hide behind a deposit
        let missing = match flow.direction {
            Direction::In => flow.amount - flow.amount.min(balance.saturating_sub(self.expected)),
            Direction::Out | Direction::OutOrHold => 0,
        };
        let (undeclared, capacities) = self.settle(balance, missing, now)?;
        let (verdict, trip) = match flow.direction {
            Direction::In => (Verdict::Allow, self.credit(flow.amount, balance)?),
            Direction::Out | Direction::OutOrHold => {
                if flow.amount > balance && is_intact {
                    return Err(BreakerError::AmountAboveBalance);
                }
                if new_slot {
                    // nothing recorded in an earlier slot can still be on its way: what is more is a donation
                    self.expected = self.expected.max(balance);
                }
                self.debit(flow, &capacities, is_intact)?
            }
        };
        self.followed = self.expected.min(balance);
        // who cannot hold it must not pay it
        let cannot_hold = verdict == Verdict::Hold && flow.direction == Direction::Out;
        let verdict = if cannot_hold { Verdict::Deny } else { verdict };
        if verdict == Verdict::Hold {
            self.answer_hold(flow.amount, now);
        }
        let outcome = Outcome { verdict, trip: worst(undeclared, trip) };
        self.assert_invariant()?;
        Ok(self.in_shadow_or(outcome, now))
    }

    /// Looks at the vault without a flow: what `poke` does. Twice, at least a second apart, for a Critical.
    ///
    /// # Errors
    /// The overflow error of the rule concerned.
    pub fn observe(
        &mut self,
        vault: &VaultState,
        may_be_critical: bool,
        now: Instant,
    ) -> Checked<Option<Trip>> {
        let balance = self.balance(vault);
        let (first, _) = self.settle(balance, 0, now)?;
        self.expected = self.expected.max(balance);
        self.followed = balance.min(self.expected);
        let second = self.confirm(first, may_be_critical, now)?;
        if second.is_some() && first.is_some() {
            // it hides behind the second look at what was lost before, and is no part of that
            self.tripped_at = now;
        }
        let trip = worst(first, second);
        self.assert_invariant()?;
        Ok(self.in_shadow_or(Outcome { verdict: Verdict::Allow, trip }, now).trip)
    }

    /// The second look at a hard undeclared flow: Critical, where the settings say so, in a later slot at least a
    /// second after the first. One drain gives one Major and one Critical, not a new one at every poke.
    fn confirm(&mut self, first: Option<Trip>, may_be_critical: bool, now: Instant) -> Checked<Option<Trip>> {
        if self.settings.hard_severity != Severity::Critical as u32 || !may_be_critical {
            return Ok(None);
        }
        let (_, hard) = self.undeclared_thresholds()?;
        if self.observed_at.plus(SECOND_OBSERVATION_WITHIN).reached(now) {
            self.observed_at = Instant::NEVER;
        }
        let seen = self.observed_at;
        // a dust deposit between the drain and the poke must not spend the only look at it
        let recorded =
            self.pending.act == Act::UndeclaredFlow as u8 && self.pending.worst >= Severity::Major as u8;
        if self.undeclared < hard {
            // a soft flow may be Major too, and is no look at a hard one
            self.observed_at = Instant::NEVER;
        } else if (recorded || first.is_some_and(|trip| trip.severity == Severity::Major)) && !seen.is_set() {
            self.observed_at = now;
        } else if seen.is_set()
            && now.slot > seen.slot
            && now.unix >= seen.unix.saturating_add(SECOND_OBSERVATION_SECONDS as i64)
        {
            self.observed_at = Instant::NEVER;
            let (severity, value) = (Severity::Critical, self.undeclared);
            return Ok(Some(Trip { rule: Rule::Undeclared, severity, value, threshold: hard }));
        }
        Ok(None)
    }

    /// By which a latch of its market remembers it.
    pub fn rule(&self) -> (Source, u8) {
        (Source::Limiter, u8::try_from(self.place).unwrap_or(u8::MAX))
    }

    /// Severity of the limiter's own latch.
    pub fn severity(&self, now: Instant) -> Severity {
        let live = |severity: &Severity| severity.index().is_some_and(|i| !self.held[i].reached(now));
        Severity::ABOVE_NORMAL.into_iter().rev().find(live).unwrap_or(Severity::Normal)
    }

    /// Latches a trip at once for this vault, and keeps it for the journal: the first and worst, with a count.
    pub fn latch(&mut self, trip: &Trip, market: &Market, now: Instant) {
        let before = self.severity(now);
        if let Some(i) = trip.severity.index() {
            self.held[i] = self.held[i].max(market.automatic_until(trip.severity, now));
        }
        // one that is Critical is the second look at what was latched before
        if trip.rule == Rule::Undeclared && trip.severity < Severity::Critical {
            self.tripped_at = now;
        }
        let after = self.severity(now);
        let pending = &mut self.pending;
        if pending.count == 0 {
            *pending = PendingEntry { first: now, before: before as u8, ..PendingEntry::default() };
        }
        // a caution while the limiter holds more is no fall
        pending.after = pending.after.max(after as u8);
        if (trip.severity as u8, trip.value) > (pending.worst, pending.value) {
            (pending.value, pending.threshold) = (trip.value, trip.threshold);
            (pending.act, pending.worst) = (trip.rule.act() as u8, trip.severity as u8);
        }
        pending.count = pending.count.saturating_add(1);
    }

    /// The trips that waited for the journal, as one entry.
    ///
    /// # Errors
    /// [`BreakerError::UnknownSeverity`], [`BreakerError::LimiterInvariant`] where the stored bytes are none.
    pub fn take_pending(&mut self, actor: Pubkey, subject: Pubkey) -> Checked<Option<JournalEntry>> {
        let pending = core::mem::take(&mut self.pending);
        if pending.count == 0 {
            return Ok(None);
        }
        Ok(Some(JournalEntry {
            number: 0,
            at: pending.first,
            actor,
            subject,
            act: Act::from_byte(pending.act).ok_or(BreakerError::LimiterInvariant)?,
            before: Severity::from_byte(pending.before)?,
            after: Severity::from_byte(pending.after)?,
            value: pending.value,
            threshold: pending.threshold,
            count: pending.count,
        }))
    }

    /// The most that outflow can exceed inflow by in any interval of the short window: twice the main buffer and
    /// the elastic cap (the theorem of the design).
    ///
    /// # Errors
    /// [`BreakerError::CapacityOverflow`].
    pub fn bound(&self, balance: u64) -> Checked<u64> {
        let capacities = self.capacities(balance)?;
        capacities.main[0]
            .checked_mul(2)
            .and_then(|main| main.checked_add(capacities.elastic))
            .ok_or(BreakerError::CapacityOverflow)
    }

    /// How much has left without a record, were the vault touched now: what `poke` would measure on top of what is
    /// remembered.
    pub fn shortfall(&self, vault: &VaultState) -> u64 {
        self.expected.saturating_sub(self.balance(vault))
    }

    /// Whether the vault is still the token account that was registered.
    pub fn is_intact(&self, vault: &VaultState) -> bool {
        vault.sound && vault.mint == self.mint && vault.owner == self.vault_owner
    }

    /// Whether the average has seen a day, or has had two to see one: it lags, so it is the safe side then too.
    pub const fn is_seasoned(&self) -> bool {
        !self.unseasoned_until.is_set()
    }

    /// A vault that changed owner, mint, delegate, close authority or existence holds nothing for its protocol.
    pub(super) fn balance(&self, vault: &VaultState) -> u64 {
        if self.is_intact(vault) { vault.amount } else { 0 }
    }

    /// What the base allows now: the smaller of expected balance and average; before the average has seen a day,
    /// the balance itself under an absolute cap.
    fn capacities(&self, balance: u64) -> Checked<Capacities> {
        let overflow = BreakerError::CapacityOverflow;
        let settings = &self.settings;
        let (base, cap) = if self.is_seasoned() {
            (self.expected.min(self.average), u64::MAX)
        } else {
            (self.expected.min(balance), settings.bootstrap_cap)
        };
        let share = |bps: u32| mul_div(base, bps.into(), BASIS_POINTS).ok_or(overflow);
        // a wind-down finishes: the last few units can always leave
        let floor = settings.floor.min(balance);
        let mut main = [0; NET_WINDOWS];
        for (main, window) in main.iter_mut().zip(&settings.windows) {
            *main = share(window.rate_bps)?.min(cap).max(floor);
        }
        Ok(Capacities {
            main,
            elastic: share(settings.elastic_bps)?.min(cap),
            gross: mul_div(base, settings.gross_bps.into(), BASIS_POINTS).unwrap_or(u64::MAX),
        })
    }

    fn fill_main(&mut self, balance: u64) -> Checked<()> {
        let capacities = self.capacities(balance)?;
        self.net = capacities.main.map(|available| NetState { available, ..NetState::default() });
        Ok(())
    }

    fn credit(&mut self, amount: u64, balance: u64) -> Checked<Option<Trip>> {
        let credited = amount.min(balance.saturating_sub(self.expected));
        self.expected = self.expected.checked_add(credited).ok_or(BreakerError::BalanceOverflow)?;
        self.elastic = self.elastic.checked_add(credited).ok_or(BreakerError::BalanceOverflow)?;
        if !self.is_seasoned() {
            // credit that is outstanding, not all there ever was: or a day's worth of deposits would use it up
            self.elastic = self.elastic.min(self.settings.bootstrap_cap);
        }
        self.allowed = self.allowed.saturating_add(1);
        Ok(None)
    }

    fn debit(
        &mut self,
        flow: Flow,
        capacities: &Capacities,
        is_intact: bool,
    ) -> Checked<(Verdict, Option<Trip>)> {
        if flow.closed || (self.armed != 0 && !is_intact) {
            self.denied = self.denied.saturating_add(1);
            return Ok((Verdict::Deny, None));
        }
        let from_elastic = flow.amount.min(self.elastic);
        let from_main = flow.amount - from_elastic;

        let short = self.net.iter().zip(capacities.main).find(|(net, _)| net.available < from_main);
        let mut trip = short.map(|(net, capacity)| {
            // after a rise of capacity less than it may be available: the limit is what could leave by now
            let limit = net.used.saturating_add(net.available).min(capacity);
            let value = net.used.saturating_add(from_main);
            Trip { rule: Rule::Hard, severity: self.hard_severity(), value, threshold: limit }
        });
        // in shadow the caller pays all the same: uncounted, its payment would read as undeclared at the next touch
        if trip.is_some() && self.armed != 0 {
            self.denied = self.denied.saturating_add(1);
            return Ok((if self.holds > 1 { Verdict::Hold } else { Verdict::Deny }, trip));
        }
        let gross = self.gross_trip(flow.amount, capacities.gross);
        if gross.is_some() && self.armed != 0 && self.holds > 0 {
            self.denied = self.denied.saturating_add(1);
            return Ok((Verdict::Hold, gross));
        }

        self.elastic -= from_elastic;
        for (net, capacity) in self.net.iter_mut().zip(capacities.main) {
            net.available = net.available.saturating_sub(from_main);
            net.used = net.used.saturating_add(from_main);
            let soft = mul_div(capacity, self.settings.soft_bps.into(), BASIS_POINTS)
                .ok_or(BreakerError::CapacityOverflow)?;
            if from_main > 0 && net.used >= soft {
                let severity = settings::severity(self.settings.soft_severity);
                trip =
                    worst(trip, Some(Trip { rule: Rule::Soft, severity, value: net.used, threshold: soft }));
            }
        }
        self.expected = self.expected.saturating_sub(flow.amount);
        self.allowed = self.allowed.saturating_add(1);
        let bucket = &mut self.gross[(self.gross_bucket % GROSS_RING) as usize];
        *bucket = bucket.saturating_add(flow.amount);
        Ok((Verdict::Allow, worst(trip, gross)))
    }

    /// What an outflow would be of the gross limit. Without a safe to hold it, a breach only cautions. Sums saturate: as an
    /// error, the wash of a mint with a supply near 64 bits would refuse everybody's outflow for a window.
    fn gross_trip(&self, amount: u64, limit: u64) -> Option<Trip> {
        let total = self.gross_total().saturating_add(amount);
        let trip = Trip { rule: Rule::Gross, severity: Severity::Minor, value: total, threshold: limit };
        (total > limit).then_some(trip)
    }

    /// What left in the gross window.
    fn gross_total(&self) -> u64 {
        self.gross.iter().fold(0, |sum, bucket| sum.saturating_add(*bucket))
    }

    fn soft_severity(&self) -> Severity {
        settings::severity(self.settings.soft_severity)
    }

    /// One observation latches at most Major.
    fn hard_severity(&self) -> Severity {
        settings::severity(self.settings.hard_severity).min(Severity::Major)
    }

    /// In shadow everything is measured and nothing latches; what is refused was closed by somebody else.
    fn in_shadow_or(&mut self, outcome: Outcome, now: Instant) -> Outcome {
        if self.armed != 0 {
            return outcome;
        }
        if let Some(trip) = outcome.trip {
            self.count_in_shadow(&trip, now);
        }
        Outcome { trip: None, ..outcome }
    }

    /// Counts a trip in shadow, and keeps it for the journal where none that was real waits.
    fn count_in_shadow(&mut self, trip: &Trip, now: Instant) {
        self.shadow_trips = self.shadow_trips.saturating_add(1);
        if self.pending.count == 0 || self.waits_in_shadow() {
            let pending = &mut self.pending;
            if pending.count == 0 {
                *pending = PendingEntry { first: now, act: Act::ShadowTrip as u8, ..PendingEntry::default() };
            }
            if trip.value >= pending.value {
                (pending.value, pending.threshold) = (trip.value, trip.threshold);
            }
            pending.count = pending.count.saturating_add(1);
        }
    }

    /// Whether trips in shadow wait for the journal.
    fn waits_in_shadow(&self) -> bool {
        self.pending.count > 0 && self.pending.act == Act::ShadowTrip as u8
    }

    /// Whether trips in shadow wait for the journal and the last it was told of are an hour old; then they count as told.
    pub fn tell_shadow(&mut self, now: Instant) -> bool {
        let is_due = self.waits_in_shadow() && self.shadow_told_at.plus(SHADOW_ENTRY_EVERY).reached(now);
        if is_due {
            self.shadow_told_at = now;
        }
        is_due
    }

    /// Checks what must hold after every change.
    ///
    /// # Errors
    /// [`BreakerError::LimiterInvariant`].
    pub fn assert_invariant(&self) -> Checked<()> {
        let carries =
            self.net.iter().zip(&self.settings.windows).all(|(net, w)| net.carry < w.seconds.into());
        let sound = carries
            && self.average_carry < BASE_WINDOW
            && self.undeclared_carry < self.settings.undeclared_seconds.into()
            && self.elastic <= self.expected
            && self.followed <= self.expected;
        if sound { Ok(()) } else { Err(BreakerError::LimiterInvariant) }
    }
}

/// The trip of the higher severity; the first of two that are as high.
fn worst(a: Option<Trip>, b: Option<Trip>) -> Option<Trip> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b.severity > a.severity { b } else { a }),
        (a, b) => a.or(b),
    }
}
