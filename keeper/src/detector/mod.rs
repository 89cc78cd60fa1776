//! From observations to findings: a state machine without clock, network or key.
//!
//! What the accounts prove becomes a poke: [`proof`] asks a copy of the limiter, with the program's own rules. What they
//! do not prove, a vault that drains faster than usual, becomes a raise: [`outflow`]. The states of one slot come one
//! by one, in any order, so nothing is judged before they have settled.

mod outflow;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use firebreak_client::{Limiter, Market, Protocol, VaultState};
use firebreak_interface::{Instant, Severity};
use solana_pubkey::Pubkey;
use tokio::sync::mpsc;

use self::outflow::Outflow;
use crate::{
    config::OutflowLimits,
    observation::{Observation, State},
    proof::{Prospect, prospect},
};

/// Slots after which an alarm that was not answered is given again.
const REMIND: u64 = 8;
/// Slots between two alarms whose only purpose is an entry in the journal: under attack one waits after every denied
/// withdrawal.
const JOURNAL_EVERY: u64 = 150;

/// What a detector concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Something calls for an act.
    Alarm(Alarm),
    /// A market rose.
    Rose(Rise),
}

/// Something calls for an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Slot of the newest state that it rests on.
    pub slot: u64,
    /// The market to act on.
    pub market: Pubkey,
    /// The limiter concerned.
    pub limiter: Pubkey,
    /// The vault concerned.
    pub vault: Pubkey,
    /// Why.
    pub evidence: Evidence,
    /// Whether states in between were not seen.
    pub across_gap: bool,
}

/// Why an act is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// More is missing from the vault than its limiter's rules allow: provable.
    Shortfall {
        /// What left without a record, old and new.
        missing: u64,
        /// What the rule allows.
        threshold: u64,
    },
    /// The limiter latched and its market does not hold it yet: provable.
    Latched {
        /// The limiter's severity.
        severity: Severity,
    },
    /// Trips wait to be written into the journal: provable, not urgent.
    Unwritten {
        /// How many.
        count: u32,
    },
    /// The vault drains faster than usual: not provable.
    Outflow {
        /// What left, less what came.
        left: u64,
        /// What would have been usual.
        threshold: u64,
        /// Length of the window, in slots or seconds.
        window: &'static str,
    },
}

impl Evidence {
    /// The rule's name.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Shortfall { .. } => "shortfall",
            Self::Latched { .. } => "latched",
            Self::Unwritten { .. } => "unwritten",
            Self::Outflow { window, .. } => window,
        }
    }

    /// Measured value and threshold, in the unit of the rule.
    pub fn measure(&self) -> (u64, u64) {
        match *self {
            Self::Shortfall { missing, threshold } => (missing, threshold),
            Self::Latched { severity } => (severity as u64, 0),
            Self::Unwritten { count } => (count.into(), 0),
            Self::Outflow { left, threshold, .. } => (left, threshold),
        }
    }
}

/// A market rose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rise {
    /// The market.
    pub market: Pubkey,
    /// Slot in which it rose, by its newest latch.
    pub slot: u64,
    /// Slot of the notice.
    pub seen_slot: u64,
    /// Severity in force.
    pub severity: Severity,
    /// Operations that are closed.
    pub closed: u64,
    /// Until when this severity holds at least.
    pub until: Instant,
}

/// Starts a detector on these observations. The findings end when they do.
pub fn spawn(
    mut observations: mpsc::Receiver<Observation>,
    limits: OutflowLimits,
) -> (mpsc::Receiver<Finding>, tokio::task::JoinHandle<()>) {
    let (findings, receiver) = mpsc::channel(256);
    let task = tokio::spawn(async move {
        let mut detector = Detector::new(limits);
        while let Some(observation) = observations.recv().await {
            for finding in detector.observe(observation) {
                if findings.send(finding).await.is_err() {
                    return;
                }
            }
        }
    });
    (receiver, task)
}

/// Everything that is known of a protocol.
pub struct Detector {
    limits: OutflowLimits,
    now: Instant,
    protocol: Option<Box<Protocol>>,
    markets: HashMap<Pubkey, WatchedMarket>,
    limiters: HashMap<Pubkey, WatchedLimiter>,
    vaults: HashMap<Pubkey, WatchedVault>,
}

struct WatchedMarket {
    state: Box<Market>,
    told: Severity,
}

struct WatchedLimiter {
    slot: u64,
    state: Box<Limiter>,
    changed: bool,
    told: Option<Told>,
    journal_told: Option<u64>,
}

struct WatchedVault {
    slot: u64,
    state: VaultState,
    changed: bool,
    across_gap: bool,
    outflow: Outflow,
}

/// The last alarm of a limiter: it is not given again while nothing changed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Told {
    slot: u64,
    missing: u64,
    severity: Severity,
}

impl Detector {
    /// A detector that has seen nothing yet.
    pub fn new(limits: OutflowLimits) -> Self {
        Self {
            limits,
            now: Instant::NEVER,
            protocol: None,
            markets: HashMap::new(),
            limiters: HashMap::new(),
            vaults: HashMap::new(),
        }
    }

    /// Takes one observation and gives what follows from it.
    pub fn observe(&mut self, observation: Observation) -> Vec<Finding> {
        match observation {
            Observation::Account { slot, key, state } => {
                self.now.slot = self.now.slot.max(slot);
                self.learn(slot, key, state)
            }
            Observation::Slot(slot) => {
                self.now.slot = self.now.slot.max(slot);
                // time alone may complete a proof: the second look at a hard breach
                self.judge(|limiter| limiter.state.observed_at.is_set() || limiter.told.is_some())
            }
            Observation::Settled => self.judge(|_| false),
            Observation::Gap => {
                self.vaults.values_mut().for_each(|vault| vault.across_gap = true);
                Vec::new()
            }
        }
    }

    fn learn(&mut self, slot: u64, key: Pubkey, state: State) -> Vec<Finding> {
        match state {
            State::Protocol(protocol) => self.protocol = Some(protocol),
            State::Clock(now) => {
                self.now = Instant::new(self.now.slot.max(now.slot), self.now.unix.max(now.unix));
            }
            State::Market(market) => return self.market(slot, key, market).into_iter().collect(),
            State::Limiter(state) => {
                let (told, journal_told) =
                    self.limiters.get(&key).map_or((None, None), |known| (known.told, known.journal_told));
                self.limiters.insert(key, WatchedLimiter { slot, state, changed: true, told, journal_told });
            }
            State::Vault(state) => match self.vaults.get_mut(&key) {
                Some(vault) => (vault.slot, vault.state, vault.changed) = (slot, state, true),
                None => {
                    let outflow = Outflow::default();
                    let new = WatchedVault { slot, state, changed: true, across_gap: false, outflow };
                    self.vaults.insert(key, new);
                }
            },
        }
        Vec::new()
    }

    /// Tells a rise once. A market that was never seen before tells what it holds already.
    fn market(&mut self, seen_slot: u64, key: Pubkey, market: Box<Market>) -> Option<Finding> {
        let severity = market.board.severity(self.now);
        let told = self.markets.get(&key).map_or(Severity::Normal, |known| known.told);
        let rise = severity.index().filter(|_| severity > told).map(|i| {
            let closed = market.response(severity).0.0 | market.board.masks(self.now).0;
            let until = market.board.held[i];
            let newest = market.board.slots.iter().filter(|latch| latch.is_live(self.now));
            let slot = newest.map(|latch| latch.since.slot).max().unwrap_or(seen_slot);
            Finding::Rose(Rise { market: key, slot, seen_slot, severity, closed, until })
        });
        self.markets.insert(key, WatchedMarket { state: market, told: severity });
        rise
    }

    /// Judges the limiters that changed, by themselves or in their vault, and those that `also` picks.
    fn judge(&mut self, also: impl Fn(&WatchedLimiter) -> bool) -> Vec<Finding> {
        let Some(protocol) = &self.protocol else {
            return Vec::new();
        };
        let mut findings = Vec::new();
        for (key, limiter) in &mut self.limiters {
            let Some(vault) = self.vaults.get_mut(&limiter.state.vault) else {
                continue;
            };
            let Some(market) = self.markets.get(&limiter.state.market) else {
                continue;
            };
            if !(limiter.changed || vault.changed || also(limiter)) {
                continue;
            }
            let alarm = Alarm {
                slot: limiter.slot.max(vault.slot),
                market: limiter.state.market,
                limiter: *key,
                vault: limiter.state.vault,
                evidence: Evidence::Unwritten { count: 0 },
                across_gap: vault.across_gap,
            };
            let proven = prospect(protocol, &market.state, &limiter.state, &vault.state, self.now);
            let evidence = limiter.worth_telling(proven, self.now);
            findings.extend(evidence.map(|evidence| Finding::Alarm(Alarm { evidence, ..alarm })));
            if vault.changed {
                let balance = if limiter.state.is_intact(&vault.state) { vault.state.amount } else { 0 };
                let evidence =
                    vault.outflow.note(self.now, balance, limiter.state.settings.floor, &self.limits);
                findings.extend(evidence.map(|evidence| Finding::Alarm(Alarm { evidence, ..alarm })));
                vault.across_gap = false;
            }
            (limiter.changed, vault.changed) = (false, false);
        }
        findings
    }
}

impl WatchedLimiter {
    /// The evidence of a poke, unless it was told and nothing is new.
    fn worth_telling(&mut self, prospect: Prospect, now: Instant) -> Option<Evidence> {
        if prospect.is_urgent() {
            let missing = prospect.trip.map_or(0, |trip| trip.value);
            let told = Told { slot: now.slot, missing, severity: prospect.rises_to };
            let is_old = self.told.is_some_and(|old| {
                old.severity >= told.severity
                    && old.missing >= told.missing
                    && now.slot < old.slot.saturating_add(REMIND)
            });
            if is_old {
                return None;
            }
            self.told = Some(told);
            return Some(match prospect.trip {
                Some(trip) => Evidence::Shortfall { missing: trip.value, threshold: trip.threshold },
                None => Evidence::Latched { severity: prospect.rises_to },
            });
        }
        self.told = None;
        let due = self.journal_told.is_none_or(|told| now.slot >= told.saturating_add(JOURNAL_EVERY));
        if !prospect.is_any() || !due {
            return None;
        }
        self.journal_told = Some(now.slot);
        Some(Evidence::Unwritten { count: prospect.journalled })
    }
}
