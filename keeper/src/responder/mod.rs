//! From findings to transactions: looks again, acts only if still needed, and keeps at it until the chain shows it.
//!
//! Acts for several vaults run side by side, one at a time for each. What the act would do is decided by [`decide`] on
//! accounts read at one moment, so states that do not belong together never send anything.

mod act;
mod decide;
#[cfg(test)]
mod races;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicU32},
    time::{Duration, SystemTime},
};

use firebreak_interface::{Operation, Severity};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use self::act::Landing;
pub use self::decide::{Decision, Facts, Idle, decide};
use crate::{
    config::Fees,
    detector::{Alarm, Evidence, Finding, Rise},
    record::{Event, Record},
    rpc::Rpc,
    transport::sender::Sender,
};

/// How long acts under way may take to end when the keeper is told to stop.
const LAST_ACTS: Duration = Duration::from_secs(5);

/// What a responder works with.
pub struct Responder {
    /// For looking again.
    pub rpc: Arc<Rpc>,
    /// For acting.
    pub sender: Arc<Sender>,
    /// Signs and pays.
    pub key: Arc<Keypair>,
    /// The protocol.
    pub protocol: Pubkey,
    /// How long a raise holds, in seconds.
    pub raise_seconds: u32,
    /// What a compute unit may cost.
    pub fees: Fees,
    /// Where to say what is done.
    pub record: Record,
    /// Counts transactions: two acts that look the same must not have the same signature, or the chain takes the
    /// second for the first.
    pub serial: AtomicU32,
}

/// What may be under way once at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Target {
    Poke(Pubkey),
    /// A raise concerns the market, whichever vault called for it.
    Raise(Pubkey),
}

impl Target {
    fn of(alarm: &Alarm) -> Self {
        match alarm.evidence {
            Evidence::Outflow { .. } => Self::Raise(alarm.market),
            Evidence::Shortfall { .. } | Evidence::Latched { .. } | Evidence::Unwritten { .. } => {
                Self::Poke(alarm.vault)
            }
        }
    }
}

/// Starts a responder on these findings. It ends after they do, and after its last acts.
pub fn spawn(mut findings: mpsc::Receiver<Finding>, responder: Responder) -> tokio::task::JoinHandle<()> {
    let responder = Arc::new(responder);
    tokio::spawn(async move {
        let mut desk = Desk { responder, acts: JoinSet::new(), busy: HashMap::new() };
        loop {
            tokio::select! {
                finding = findings.recv() => match finding {
                    Some(Finding::Alarm(alarm)) => desk.alarm(alarm, SystemTime::now()),
                    Some(Finding::Rose(rise)) => desk.responder.rose(&rise),
                    None => break,
                },
                Some(ended) = desk.acts.join_next() => desk.ended(ended),
            }
        }
        let last = async {
            while let Some(ended) = desk.acts.join_next().await {
                desk.ended(ended);
            }
        };
        if timeout(LAST_ACTS, last).await.is_err() {
            tracing::warn!("stopped with acts under way; the chain may still take them");
        }
    })
}

/// Acts under way, and the newest alarm that waits behind each.
struct Desk {
    responder: Arc<Responder>,
    acts: JoinSet<Ended>,
    busy: HashMap<Target, Option<(Alarm, SystemTime)>>,
}

/// What a task of the desk leaves behind.
enum Ended {
    /// An act; whose transaction brought its effect about may still have to be found out.
    Act(Target, Option<Landing>),
    /// Finding that out.
    Landing,
}

impl Desk {
    fn alarm(&mut self, alarm: Alarm, since: SystemTime) {
        let target = Target::of(&alarm);
        match self.busy.get_mut(&target) {
            Some(waiting) => *waiting = Some((alarm, since)),
            None => self.start(target, alarm, since),
        }
    }

    fn start(&mut self, target: Target, alarm: Alarm, since: SystemTime) {
        self.busy.insert(target, None);
        let responder = Arc::clone(&self.responder);
        self.acts.spawn(async move { Ended::Act(target, responder.respond(&alarm, since).await) });
    }

    fn ended(&mut self, ended: Result<Ended, tokio::task::JoinError>) {
        match ended {
            Ok(Ended::Landing) => {}
            Ok(Ended::Act(target, landing)) => {
                if let Some(landing) = landing {
                    let responder = Arc::clone(&self.responder);
                    self.acts.spawn(async move {
                        responder.attribute(landing).await;
                        Ended::Landing
                    });
                }
                if let Some(Some((alarm, since))) = self.busy.remove(&target) {
                    self.start(target, alarm, since);
                }
            }
            Err(error) => {
                // whose act it was is lost with it: nothing may stay blocked behind it
                self.responder.record.write(None, &Event::failed(format!("an act failed inside: {error}")));
                self.busy.clear();
            }
        }
    }
}

impl Responder {
    fn saw(&self, alarm: &Alarm, since: SystemTime) {
        let (value, threshold) = alarm.evidence.measure();
        let event = Event::Saw {
            rule: alarm.evidence.rule(),
            market: alarm.market,
            vault: alarm.vault,
            value,
            threshold,
            across_gap: alarm.across_gap,
        };
        self.record.write_about(since, Some(alarm.slot), &event);
    }

    fn rose(&self, rise: &Rise) {
        let event = Event::MarketClosed {
            market: rise.market,
            severity: name(rise.severity),
            closed: operations(rise.closed),
            seen_slot: rise.seen_slot,
            until: rise.until.unix,
        };
        self.record.write(Some(rise.slot), &event);
    }
}

/// A severity as the record names it.
fn name(severity: Severity) -> &'static str {
    match severity {
        Severity::Normal => "normal",
        Severity::Minor => "minor",
        Severity::Major => "major",
        Severity::Critical => "critical",
    }
}

/// The operations of a mask, by name.
fn operations(mask: u64) -> Vec<String> {
    let closed = (0..64).filter_map(Operation::from_bit).filter(|operation| mask & operation.mask() != 0);
    closed.map(|operation| operation.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_names() {
        let mask = Operation::WITHDRAW.mask() | Operation::LIQUIDATE.mask() | Operation::own(63).mask();
        assert_eq!(operations(mask), ["withdraw", "liquidate", "own(63)"]);
        assert!(operations(0).is_empty());
    }

    #[test]
    fn pokes_run_by_vault_and_raises_by_market() {
        let [market, limiter, one, other] = [1, 2, 3, 4].map(|n| Pubkey::new_from_array([n; 32]));
        let alarm = |vault, evidence| Alarm { slot: 1, market, limiter, vault, evidence, across_gap: false };
        let poke = Evidence::Shortfall { missing: 2, threshold: 1 };
        let raise = Evidence::Outflow { left: 2, threshold: 1, window: "outflow_3_slots" };
        assert_ne!(Target::of(&alarm(one, poke)), Target::of(&alarm(other, poke)));
        assert_eq!(Target::of(&alarm(one, raise)), Target::of(&alarm(other, raise)));
    }
}
