//! When money moves to safety: an order of the guardians, or a halt that measurements proved.

#[cfg(feature = "idl-build")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    state::{LatchBoard, LatchId, Market, Source},
    time::Instant,
};

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
        let began_since = |since: Instant| {
            let released = self.released_at;
            !released.is_set() || since.unix > released.unix && since.slot > released.slot
        };
        let proves = |source| {
            let live = self.board.live(source, Severity::Critical, now);
            live.is_some_and(|(latch, _)| began_since(latch.since))
        };
        let is_proved = || by_anyone && [Source::Limiter, Source::Invariant].into_iter().any(proves);
        if self.is_ordered(now) || is_proved() { Ok(()) } else { Err(BreakerError::NoMigration) }
    }

    /// A release begins: what guardians ordered is over, and so is what anyone could do in the halt of now.
    pub fn begin_release(&mut self, now: Instant) {
        (self.migrating_until, self.released_at) = (Instant::NEVER, now);
    }

    /// Checks that the market is in no incident: a route that is made in one may be the thief's.
    ///
    /// # Errors
    /// [`BreakerError::RouteInIncident`].
    pub fn check_routable(&self, whole: &LatchBoard, now: Instant) -> Checked<()> {
        let severity = self.board.severity(now).max(whole.severity(now));
        if severity > Severity::Minor { Err(BreakerError::RouteInIncident) } else { Ok(()) }
    }
}
