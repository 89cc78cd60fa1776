//! What the rules promise to a quorum, in plain numbers and from what the accounts hold: no act of anybody else is in it.

use super::*;

/// Whether a moment is over, both clocks asked.
pub(super) fn is_over(end: Instant, now: Instant) -> bool {
    end.unix <= now.unix && end.slot <= now.slot
}

/// How long a latch may hold at most, in seconds.
pub(super) fn longest(severity: Severity) -> u64 {
    match severity {
        Severity::Normal => 0,
        Severity::Minor => 86_400,
        Severity::Major => 259_200,
        Severity::Critical => 604_800,
    }
}

/// How many of the guardians it takes.
pub(super) fn needed(thresholds: &Thresholds, act: &GuardianAct) -> usize {
    let votes = match act {
        GuardianAct::Confirm(_) => thresholds.confirm,
        GuardianAct::Resume(_) | GuardianAct::Maintenance { .. } => thresholds.resume,
        GuardianAct::FreezeAuthority { .. } => thresholds.freeze,
        GuardianAct::Migrate(_) => thresholds.migrate,
        GuardianAct::FlagHeld(_) => thresholds.confirm,
        GuardianAct::Release(_) | GuardianAct::OpenClaims(_) | GuardianAct::DecideHeld { .. } => {
            thresholds.release
        }
    };
    votes.into()
}

impl Town {
    fn promised_latch(&self, id: &LatchId, scope: Scope) -> Checked<&Latch> {
        let place = id.source as usize * 3 + id.severity as usize - 1;
        let latch = &self.board(scope).slots[place];
        if is_over(latch.until, self.now) {
            Err(BreakerError::NotHeld)
        } else if latch.since == id.since {
            Ok(latch)
        } else {
            Err(BreakerError::AnotherLatch)
        }
    }

    /// What comes before the guardians are counted: an automatic latch is cleared only where its condition is over.
    pub(super) fn promised_first(
        &self,
        act: &GuardianAct,
        scope: Scope,
        shows: Option<&Truth>,
    ) -> Checked<()> {
        let GuardianAct::Resume(order) = act else { return Ok(()) };
        self.promised_latch(&order.latch, scope)?;
        let Some(truth) = shows else { return Ok(()) };
        let measured = match order.latch.source {
            Source::Guardian | Source::Keeper => return Ok(()),
            Source::Limiter => self.limiter_measures()?,
            Source::PriceBand => self.band_measures(truth),
            Source::Invariant => self.invariant_measures(truth),
            Source::Program => {
                let is_known = truth.code == 5 || !self.protocol.pin.is_set();
                if is_known { Severity::Normal } else { Severity::Critical }
            }
        };
        if measured < order.latch.severity { Ok(()) } else { Err(BreakerError::ConditionHolds) }
    }

    /// What is left to hold of the act once enough of them stand behind it.
    pub(super) fn promised(&self, act: &GuardianAct, scope: Scope, is_shown: bool) -> Checked<()> {
        let now = self.now;
        match act {
            GuardianAct::Confirm(order) => {
                let latch = self.promised_latch(&order.latch, scope)?;
                let (asked, most) = (now.plus(order.seconds.into()), longest(order.latch.severity));
                let last = latch.since.plus(most);
                let until = Instant::new(asked.slot.min(last.slot), asked.unix.min(last.unix));
                if is_over(until, latch.until) { Err(BreakerError::AlreadyHeld) } else { Ok(()) }
            }
            GuardianAct::Resume(order) => {
                let latch = self.promised_latch(&order.latch, scope)?;
                let is_of_people = matches!(order.latch.source, Source::Guardian | Source::Keeper);
                if is_of_people && latch.count != order.count {
                    Err(BreakerError::AnotherLatch)
                } else if !is_of_people && !is_shown {
                    Err(BreakerError::RuleNotShown)
                } else {
                    Ok(())
                }
            }
            GuardianAct::FreezeAuthority { authority_epoch } => {
                if *authority_epoch != self.protocol.authority_epoch {
                    Err(BreakerError::StaleFreeze)
                } else if !is_over(self.protocol.frozen_until, now) {
                    Err(BreakerError::AlreadyFrozen)
                } else {
                    Ok(())
                }
            }
            GuardianAct::Migrate(_)
            | GuardianAct::Release(_)
            | GuardianAct::OpenClaims(_)
            | GuardianAct::FlagHeld(_)
            | GuardianAct::DecideHeld { .. } => unreachable!("nobody of the cast calls it: {act:?}"),
            GuardianAct::Maintenance { .. } => {
                let holds = |board: &LatchBoard| {
                    !is_over(board.held[0], now) || !is_over(board.liquidation_closed, now)
                };
                if Scope::ALL.iter().any(|scope| holds(self.board(*scope))) {
                    return Err(BreakerError::LatchLive);
                }
                let month = |began: &&Instant| began.is_set() && !is_over(began.plus(30 * DAY), now);
                if self.market.maintenances.iter().filter(month).count() == 3 {
                    return Err(BreakerError::MaintenanceSpent);
                }
                Ok(())
            }
        }
    }

    /// A limiter's memory as of now; a drain that nobody has shown yet is to be shown first.
    fn limiter_measures(&self) -> Checked<Severity> {
        let (mut limiter, vault) = (self.limiter, &self.vault);
        if limiter.pending.is_rise() {
            return Err(BreakerError::PokeFirst);
        }
        let (settings, balance) = (limiter.settings, if limiter.is_intact(vault) { vault.amount } else { 0 });
        limiter.resettle(&settings, balance, self.now)?;
        if limiter.armed == 0 {
            return Ok(Severity::Normal);
        }
        // what a key alone has tightened holds nobody off
        let settings = limiter.delayed;
        let share = |whole: u64, bps: u32| (u128::from(whole) * u128::from(bps) / 10_000) as u64;
        let of = |number: u32| Severity::from_byte(number as u8).expect("a severity");
        let is_seasoned = !limiter.unseasoned_until.is_set();
        let lagged = if is_seasoned { limiter.average } else { limiter.delayed.bootstrap_cap };
        let leaks = limiter.expected.min(lagged);
        let base = limiter.expected.min(if is_seasoned { limiter.average } else { balance });
        let cap = if is_seasoned { u64::MAX } else { settings.bootstrap_cap };
        if !limiter.is_intact(vault)
            || limiter.undeclared >= share(leaks, settings.undeclared_hard_bps).max(1)
        {
            return Ok(of(settings.hard_severity));
        }
        let is_used = limiter.net.iter().zip(&settings.windows).any(|(net, window)| {
            let capacity = share(base, window.rate_bps).min(cap).max(settings.floor.min(balance));
            net.used > 0 && net.used >= share(capacity, settings.soft_bps)
        });
        if is_used || limiter.undeclared >= share(leaks, settings.undeclared_soft_bps).max(1) {
            return Ok(of(settings.soft_severity));
        }
        let is_busy = limiter.gross.iter().sum::<u64>() > share(base, settings.gross_bps);
        Ok(if is_busy { Severity::Minor } else { Severity::Normal })
    }

    /// A fresh price, its distance from the reference, and whether that is known.
    fn band_measures(&self, truth: &Truth) -> Severity {
        let (band, price) = (&self.band, truth.price.unsigned_abs() * 100);
        let silent = self.now.unix - band.seen_at.unix > i64::from(band.delayed.observe_within)
            || self.now.slot - band.seen_at.slot > 5 * u64::from(band.delayed.observe_within);
        let distance = u128::from(price.abs_diff(band.reference)) * 10_000 / u128::from(band.reference);
        let reached = band.delayed.deviation_bps.iter().filter(|bps| distance >= u128::from(**bps)).count();
        let severity = Severity::from_byte(reached as u8).expect("three thresholds");
        let knows = band.learned >= 3_600 && !silent;
        match band.standing.armed {
            0 => Severity::Normal,
            // a reference that knows nothing clears nothing
            _ if !knows => Severity::Critical,
            _ => severity,
        }
    }

    fn invariant_measures(&self, truth: &Truth) -> Severity {
        let ratio = truth.assets * 10_000 / DEBTS;
        let broken =
            self.invariant.delayed_ratio_bps.iter().filter(|least| ratio < u64::from(**least)).count();
        let is_armed = self.invariant.standing.armed != 0;
        if is_armed { Severity::from_byte(broken as u8).expect("three ratios") } else { Severity::Normal }
    }
}
