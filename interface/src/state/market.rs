//! A market: any part of a protocol that can be closed by itself.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::{
    latch::{LatchBoard, NewLatch, Source},
    limiter::Trip,
    response::{Limits, Response},
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    operation::{Operation, Operations},
    severity::Severity,
    time::Instant,
};

/// A market's responses and latches. Read-only on a protocol's happy path. PDA of [`crate::pda::market`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Market {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// 1 where the protocol said at registration that Critical may close exits.
    pub critical_closes_exits: u8,
    /// Length of each dwell on the way down, in seconds.
    pub dwell: u32,
    /// Protocol this market belongs to.
    pub protocol: Pubkey,
    /// Latches and the severity that follows.
    pub board: LatchBoard,
    /// Responses to Minor, Major, Critical.
    pub responses: [Response; 3],
    /// Number chosen by the protocol.
    pub id: u64,
    /// How long an automatic latch of Minor, Major, Critical holds, in seconds.
    pub durations: [u32; 3],
    /// Liquidation grace after a halt, in seconds.
    pub liquidation_grace: u32,
    /// Keeper whose raise came last.
    pub last_raise_keeper: Pubkey,
    /// When it came.
    pub last_raise_at: Instant,
    /// Changes of the settings so far.
    pub epoch: u64,
    /// The last responses that came by a proposal, or those of registration.
    pub delayed_responses: [Response; 3],
    /// As these, durations.
    pub delayed_durations: [u32; 3],
    /// As these, dwell.
    pub delayed_dwell: u32,
    /// As these, liquidation grace.
    pub delayed_grace: u32,
    /// Explicit padding.
    pub padding: u32,
    /// Changes of the settings after the first that tightened at once since the last delayed ones came; zero where none.
    pub tightened: u64,
    /// Limiters registered so far: the place of the next.
    pub limiters: u64,
    /// Until when announced maintenance quiets the keepers' raises.
    pub quiet_until: Instant,
    /// When the last three maintenances began, the oldest first.
    pub maintenances: [Instant; 3],
    /// Until when anyone moves what is in its vaults to safety, as guardians ordered.
    pub migrating_until: Instant,
    /// When a release began last: it ended what anyone could move in the halt of then.
    pub released_at: Instant,
    /// Room for later versions.
    pub reserved: [u8; 32],
}

/// What an authority chooses when it registers a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct MarketSettings {
    /// Responses to Minor, Major, Critical.
    pub responses: [Response; 3],
    /// How long an automatic latch of Minor, Major, Critical holds, in seconds.
    pub durations: [u32; 3],
    /// Length of each dwell on the way down, in seconds.
    pub dwell: u32,
    /// Liquidation grace after a halt, in seconds.
    pub liquidation_grace: u32,
    /// Whether Critical may close exits; can be said at registration only.
    pub critical_closes_exits: bool,
}

impl MarketSettings {
    /// Settings that close `minor`, `major` and `critical`, with the shortest times the bounds allow.
    pub const fn closing(minor: Operations, major: Operations, critical: Operations) -> Self {
        const fn closed(operations: Operations) -> Response {
            Response { closed: operations.0, limits: Limits::NONE }
        }
        Self {
            responses: [closed(minor), closed(major), closed(critical)],
            durations: [MINOR_MIN, MAJOR_MIN, CRITICAL_MIN],
            dwell: DWELL_MIN,
            liquidation_grace: LIQUIDATION_GRACE_MIN,
            critical_closes_exits: false,
        }
    }

    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// The error of the bound that is broken.
    pub fn check(&self) -> Checked<()> {
        Response::check_all(&self.responses, self.critical_closes_exits)?;
        for (seconds, severity) in self.durations.iter().zip(Severity::ABOVE_NORMAL) {
            check_duration(severity, *seconds)?;
        }
        if !(DWELL_MIN..=DWELL_MAX).contains(&self.dwell) {
            return Err(BreakerError::DwellOutOfBounds);
        }
        if !(LIQUIDATION_GRACE_MIN..=LIQUIDATION_GRACE_MAX).contains(&self.liquidation_grace) {
            return Err(BreakerError::GraceOutOfBounds);
        }
        Ok(())
    }
}

/// Checks the place of a rule among those of its kind in the market: a latch remembers in 64 bits which it stands for.
pub(super) fn check_place(place: u8) -> Checked<()> {
    if place < RULES_PER_MARKET { Ok(()) } else { Err(BreakerError::RulePlace) }
}

/// How long a latch of this severity may hold at most, in seconds.
pub(super) const fn longest(severity: Severity) -> u32 {
    match severity {
        Severity::Normal => 0,
        Severity::Minor => MINOR_MAX,
        Severity::Major => MAJOR_MAX,
        Severity::Critical => CRITICAL_MAX,
    }
}

/// Whether a latch of this severity may hold for so long.
pub(super) fn check_duration(severity: Severity, seconds: u32) -> Checked<()> {
    let shortest = match severity {
        Severity::Normal => return Err(BreakerError::SeverityNotAllowed),
        Severity::Minor => MINOR_MIN,
        Severity::Major => MAJOR_MIN,
        Severity::Critical => CRITICAL_MIN,
    };
    let bounds = shortest..=longest(severity);
    if bounds.contains(&seconds) { Ok(()) } else { Err(BreakerError::DurationOutOfBounds) }
}

impl Market {
    /// A new market.
    ///
    /// # Errors
    /// Those of [`MarketSettings::check`].
    pub fn initialize(
        &mut self,
        protocol: Pubkey,
        id: u64,
        bump: u8,
        settings: &MarketSettings,
    ) -> Checked<()> {
        settings.check()?;
        self.version = LAYOUT_VERSION;
        self.min_reader = 1;
        self.bump = bump;
        self.critical_closes_exits = settings.critical_closes_exits.into();
        self.protocol = protocol;
        self.id = id;
        self.set(settings);
        self.set_delayed(settings);
        Ok(())
    }

    /// The settings in force.
    pub fn settings(&self) -> MarketSettings {
        MarketSettings {
            responses: self.responses,
            durations: self.durations,
            dwell: self.dwell,
            liquidation_grace: self.liquidation_grace,
            critical_closes_exits: self.critical_closes_exits != 0,
        }
    }

    /// The last settings that came by a proposal, or those of registration.
    pub fn delayed_settings(&self) -> MarketSettings {
        MarketSettings {
            responses: self.delayed_responses,
            durations: self.delayed_durations,
            dwell: self.delayed_dwell,
            liquidation_grace: self.delayed_grace,
            critical_closes_exits: self.critical_closes_exits != 0,
        }
    }

    pub(super) fn set(&mut self, settings: &MarketSettings) {
        (self.responses, self.durations) = (settings.responses, settings.durations);
        (self.dwell, self.liquidation_grace) = (settings.dwell, settings.liquidation_grace);
    }

    pub(super) fn set_delayed(&mut self, settings: &MarketSettings) {
        (self.delayed_responses, self.delayed_durations) = (settings.responses, settings.durations);
        (self.delayed_dwell, self.delayed_grace) = (settings.dwell, settings.liquidation_grace);
    }

    /// What is closed and limited now, given the latches of the whole protocol too.
    pub fn in_force(&self, protocol: &LatchBoard, now: Instant) -> (Severity, Operations, Limits) {
        let severity = self.board.severity(now).max(protocol.severity(now));
        let (mut closed, limits) = self.response(severity);
        closed.0 |= self.board.masks(now).0 | protocol.masks(now).0;
        for board in [&self.board, protocol] {
            if !board.liquidation_closed.reached(now) {
                closed.0 |= Operation::LIQUIDATE.mask();
            }
        }
        (severity, closed, limits)
    }

    /// What is in force now for one operation: severity and limits, none where it is closed. The same answer as
    /// [`Market::in_force`] gives, for less: a board without latches is not looked at, nor is a latch that names
    /// other operations.
    pub fn permits(
        &self,
        protocol: &LatchBoard,
        operation: Operation,
        now: Instant,
    ) -> Option<(Severity, Limits)> {
        let asked = Operations::of(&[operation]);
        let mut severity = Severity::Normal;
        for board in [&self.board, protocol] {
            if !board.is_clear() {
                severity = severity.max(board.severity_for(asked, now)?);
            }
        }
        let (closed, limits) = self.response(severity);
        if closed.0 & asked.0 != 0 { None } else { Some((severity, limits)) }
    }

    /// Whether nothing holds here, dwells and the grace after a halt included, nor in the whole protocol.
    pub fn is_calm(&self, whole: &LatchBoard, now: Instant) -> bool {
        [&self.board, whole].iter().all(|board| board.check_over(now).is_ok())
    }

    /// What one severity closes and limits.
    pub fn response(&self, severity: Severity) -> (Operations, Limits) {
        match severity.index() {
            None => (Operations::default(), Limits::NONE),
            Some(i) => (Operations(self.responses[i].closed), self.responses[i].limits),
        }
    }

    /// When an automatic latch of this severity ends that comes now.
    pub fn automatic_until(&self, severity: Severity, now: Instant) -> Instant {
        severity.index().map_or(Instant::NEVER, |i| now.plus(self.durations[i].into()))
    }

    /// Latches what the rule of a source and place measured; false where the market holds it for that rule already, but
    /// for less than [`EXTENSION_MIN_SECONDS`].
    pub fn latch_trip(&mut self, rule: (Source, u8), trip: &Trip, until: Instant, now: Instant) -> bool {
        let steps = (self.dwell, self.liquidation_grace);
        self.board.latch_trip(rule, trip, until, steps, now)
    }

    /// Latches a keeper's raise: alone Minor, closing what the market's own response closes; Major, with the
    /// operations it names, when another keeper raised within 25 slots and 30 seconds.
    ///
    /// # Errors
    /// [`BreakerError::UnderMaintenance`]; [`BreakerError::AlreadyHeld`] where the market holds as much for as long.
    pub fn raise(
        &mut self,
        keeper: Pubkey,
        closed: Operations,
        seconds: u32,
        reason: u64,
        now: Instant,
    ) -> Checked<Severity> {
        if !self.quiet_until.reached(now) {
            return Err(BreakerError::UnderMaintenance);
        }
        let last = self.last_raise_at;
        let paired = last.is_set()
            && self.last_raise_keeper != keeper
            && now.slot.abs_diff(last.slot) <= KEEPER_PAIR_SLOTS
            && now.unix.abs_diff(last.unix) <= KEEPER_PAIR_SECONDS;
        let (severity, seconds) =
            if paired { (Severity::Major, seconds.max(MAJOR_MIN)) } else { (Severity::Minor, seconds) };
        let until = now.plus(seconds.into());
        // one stolen bot key must not keep withdrawals closed for as long as its registration lasts
        let closed =
            if paired { Operations(closed.0 & Operations::NON_EXITS.0) } else { Operations::default() };
        let covers = |latch: &super::latch::Latch| closed.0 & !latch.closed == 0;
        if self.board.holds(Source::Keeper, severity, until)
            && self.board.slot(Source::Keeper, severity).is_some_and(covers)
        {
            return Err(BreakerError::AlreadyHeld);
        }
        let new = NewLatch {
            source: Source::Keeper,
            severity,
            closed,
            until,
            value: reason,
            threshold: 0,
            rules: 0,
        };
        self.board.latch(new, self.dwell, self.liquidation_grace, now);
        (self.last_raise_keeper, self.last_raise_at) = (keeper, now);
        Ok(severity)
    }

    /// The place of a new limiter.
    ///
    /// # Errors
    /// [`BreakerError::RulePlace`].
    pub fn count_limiter(&mut self) -> Checked<u8> {
        let place = u8::try_from(self.limiters).unwrap_or(u8::MAX);
        check_place(place)?;
        self.limiters += 1;
        Ok(place)
    }

    /// Checks what must hold after every change.
    ///
    /// # Errors
    /// [`BreakerError::MarketInvariant`].
    pub fn assert_invariant(&self) -> Checked<()> {
        let sound = self.board.is_consistent(self.dwell, self.liquidation_grace)
            && Response::check_all(&self.responses, self.critical_closes_exits != 0).is_ok();
        if sound { Ok(()) } else { Err(BreakerError::MarketInvariant) }
    }
}
