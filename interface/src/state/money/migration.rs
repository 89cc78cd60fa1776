//! When money moves to safety: an order of the guardians, or a halt that measurements proved.

#[cfg(feature = "idl-build")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    state::{LatchBoard, LatchId, Market, Release, Source},
    time::Instant,
};

/// Who proves a halt, by two looks and by settings that nobody touched for a loosening delay.
const PROVED: [Source; 2] = [Source::Limiter, Source::Invariant];

/// Whose halt is news to a release: anybody's who proves one, until it can do without the authority, and then a limiter's alone.
/// Who holds the authority's key can make an invariant false as often as he likes, and take nothing out of a vault by it.
fn news(alone_from: Instant, now: Instant) -> &'static [Source] {
    if alone_from.is_set() && alone_from.reached(now) { &[Source::Limiter] } else { &PROVED }
}

/// A market's vaults are to be emptied into their safes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct MigrateOrder {
    /// The latch because of which, of the market or of all: Major at least.
    pub latch: LatchId,
}

impl Market {
    /// A quorum orders the migration: for a day anyone moves what is in the market's vaults, also what comes in later.
    ///
    /// # Errors
    /// [`BreakerError::SeverityNotAllowed`], [`BreakerError::NotHeld`], [`BreakerError::AnotherLatch`].
    pub fn order_migration(&mut self, order: &MigrateOrder, whole: &LatchBoard, now: Instant) -> Checked<()> {
        if order.latch.severity < Severity::Major {
            return Err(BreakerError::SeverityNotAllowed);
        }
        if let Err(of_market) = self.board.named(&order.latch, now) {
            whole.named(&order.latch, now).map_err(|_| of_market)?;
        }
        self.migrating_until = now.plus(MIGRATION_WINDOW);
        Ok(())
    }

    /// Whether guardians ordered the migration, and it lasts.
    pub fn is_ordered(&self, now: Instant) -> bool {
        !self.migrating_until.reached(now)
    }

    /// Checks that money may move now: guardians ordered it, or the route says that anyone may and a limiter or an invariant
    /// holds Critical, which takes two looks and a rule that nobody touched for a loosening delay. A release ends that for
    /// the halt that it was agreed on in.
    ///
    /// # Errors
    /// [`BreakerError::NoMigration`].
    pub fn check_migration(&self, by_anyone: bool, now: Instant) -> Checked<()> {
        let is_proved = by_anyone && self.is_halted_since(&PROVED, self.released_at, now);
        if is_proved || self.is_ordered(now) { Ok(()) } else { Err(BreakerError::NoMigration) }
    }

    /// Whether one of these holds Critical in a halt that began later than that: by slots alone, which never stand still. One
    /// of the same slot counts: who holds one key and sees a halt come must not end its rescue just before it.
    fn is_halted_since(&self, by: &[Source], then: Instant, now: Instant) -> bool {
        by.iter().any(|source| {
            let live = self.board.live(*source, Severity::Critical, now);
            live.is_some_and(|(latch, _)| latch.since.slot >= then.slot)
        })
    }

    /// Whether guardians ordered a migration then or later.
    fn is_ordered_since(&self, then: Instant) -> bool {
        self.migrating_until.slot >= then.plus(MIGRATION_WINDOW).slot
    }

    /// A release begins that guardians approved then, and that can do without the authority from that moment on; it ends what
    /// anyone could move in the halt of now. What guardians ordered goes first, and what they ordered since is another rescue than
    /// the one that they knew. A halt that began since is one that they have not seen, and one stolen key must not end the
    /// rescue in it.
    ///
    /// # Errors
    /// [`BreakerError::MigrationUnderWay`], [`BreakerError::NothingToRelease`].
    pub fn begin_release(&mut self, approved_at: Instant, alone_from: Instant, now: Instant) -> Checked<()> {
        if self.is_ordered(now) || self.is_halted_since(news(alone_from, now), approved_at, now) {
            return Err(BreakerError::MigrationUnderWay);
        }
        if self.is_ordered_since(approved_at) {
            return Err(BreakerError::NothingToRelease);
        }
        self.released_at = now;
        Ok(())
    }

    /// Checks that a step may be taken of a release: nothing is on its way to safety, nobody measured a new reason why it should
    /// be since it began, and guardians ordered nothing since, which ends a release for good.
    ///
    /// # Errors
    /// [`BreakerError::MigrationUnderWay`], [`BreakerError::NothingToRelease`].
    pub fn check_release(&self, release: &Release, now: Instant) -> Checked<()> {
        let began_at = release.began_at;
        if self.is_ordered(now) || self.is_halted_since(news(release.alone_from, now), began_at, now) {
            return Err(BreakerError::MigrationUnderWay);
        }
        // one of the same slot came later: a release does not begin while there is an order
        if self.is_ordered_since(began_at) { Err(BreakerError::NothingToRelease) } else { Ok(()) }
    }

    /// Checks that the market is in no incident: a safe or a route that is made in one may be the thief's.
    ///
    /// # Errors
    /// [`BreakerError::RouteInIncident`].
    pub fn check_routable(&self, whole: &LatchBoard, now: Instant) -> Checked<()> {
        let severity = self.board.severity(now).max(whole.severity(now));
        if severity > Severity::Minor { Err(BreakerError::RouteInIncident) } else { Ok(()) }
    }
}
