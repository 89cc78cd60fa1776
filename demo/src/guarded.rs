//! The run with the breaker: honest traffic all the way, the attack in its middle, then what is left to tell.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use firebreak_chain::{
    account,
    send::{self, Landed},
};
use firebreak_client::{
    Limiter, ProtocolAddresses,
    account::Kind,
    interface::{
        Operation, Operations, Severity,
        state::{Act, Journal, JournalEntry, JournalSegment, Latch, Market, Source},
    },
    journal,
};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_pubkey::Pubkey;
use tokio::{task::JoinHandle, time::sleep};

use crate::{
    attacker::{self, Attack},
    error::{DemoError, Trying},
    honest::{self, Attempt, Tally},
    keeper::{Event, Keeper, Line},
    programs::Guard,
    report::{self, Amount},
    scenario::{Path, Scenario},
    stage::{COLLATERALS, DOLLAR, Stage},
    timeline::Timeline,
    watch::{Change, Seen, View, Watch, decode},
};

/// Slots of honest traffic before the attack, over which the length of a slot is measured.
pub(crate) const QUIET_SLOTS: u64 = 6;
/// What honest users get to do after the attack before the run ends.
const AFTERMATH: Duration = Duration::from_millis(800);

/// What the run with the breaker found.
pub(crate) struct Guarded {
    pub(crate) slot: Duration,
    pub(crate) attack: Attack,
    pub(crate) bound: Option<u64>,
    pub(crate) latched_slot: Option<u64>,
    pub(crate) landed_slot: Option<u64>,
    pub(crate) closed_slot: Option<u64>,
    pub(crate) latch_stands: bool,
    pub(crate) opens_in: Option<u64>,
    pub(crate) honest: Tally,
    pub(crate) attempts: Vec<Attempt>,
    pub(crate) journal: report::Journal,
    pub(crate) timeline: Timeline,
}

/// The operation that the attacker misuses.
pub(crate) const fn misused(path: Path) -> Operation {
    match path {
        Path::Recorded => Operation::WITHDRAW,
        Path::Undeclared => Operation::CLAIM,
    }
}

/// Runs a path with the breaker.
pub(crate) async fn run(scenario: &Scenario) -> Result<Guarded, DemoError> {
    let (path, tell) = (scenario.path, scenario.ground.progress);
    tell(&format!("the {} path with the breaker: starting the chain", path.name()));
    let chain = crate::start(&scenario.ground, Guard::On).await?;
    tell("creating the venue, connecting it to the breaker, funding its vaults");
    let stage = Arc::new(Stage::set_up(&chain, Guard::On).await?);
    let mut honest = honest::move_in(&stage).await?;

    tell("starting the keeper with the protocol's address alone");
    let mut keeper = Keeper::start(&scenario.keeper, &chain, &stage.venue.protocol, &stage.keeper).await?;

    tell("honest users trade");
    let traffic = Traffic::start(Arc::clone(&stage));
    let slot = chain.measure_slot(QUIET_SLOTS).await.trying("measuring a slot")?;
    keeper.require_alive("before the attack").await?;

    let (rpc, watched) = (stage.rpc(), stage.watched());
    let before = View::read(&rpc, &watched).await?;
    // What it never sees it cannot bound.
    let bound = match path {
        Path::Recorded => Some(before.limiter.bound(before.vault.amount)?),
        Path::Undeclared => None,
    };
    let watch = Watch::start(stage.rpc(), watched, misused(path), before.clone());
    tell("the attacker comes, and takes what he can until nothing passes any more");
    let attack = attacker::attack(&stage, path, Guard::On, slot).await?;
    keeper.require_alive("during the attack").await?;

    tell("honest users try what they can still do");
    let attempts = honest::get_out(&stage, false).await?;
    sleep(AFTERMATH).await;
    honest = honest.and(traffic.stop().await?);
    attempts.iter().for_each(|attempt| honest.count(attempt.operation, &attempt.result));

    let seen = watch.stop().await?;
    let after = View::read(&rpc, &watched).await?;
    let (entries, journal) = verified_journal(&rpc, &stage).await?;
    let lines: Vec<_> = keeper.lines().into_iter().filter(|line| line.at >= attack.began).collect();
    let acts = own_acts(&rpc, &lines).await?;
    drop(keeper);
    chain.shutdown().await.trying("ending the chain")?;

    let closed_slot = closing_slot(&after.market, misused(path));
    let latched_slot = latching_slot(&entries, &after.limiter, attack.slot);
    Ok(Guarded {
        timeline: timeline(&attack, &seen, &lines, &acts, &after),
        slot,
        bound,
        latched_slot,
        landed_slot: acts.values().min().copied(),
        closed_slot,
        latch_stands: after.limiter.severity(after.now) >= Severity::Major && !after.is_open(misused(path)),
        opens_in: after.opens_in(misused(path)),
        honest,
        attempts,
        journal,
        attack,
    })
}

/// Honest traffic beside everything else.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Tally, DemoError>>,
}

impl Traffic {
    pub(crate) fn start(stage: Arc<Stage>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        Self { stop, task: tokio::spawn(async move { honest::trade(&stage, &stopped).await }) }
    }

    pub(crate) async fn stop(self) -> Result<Tally, DemoError> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

/// The entries that are in the journal's segments, once its chain of hashes has proven every one of them.
pub(crate) async fn verified_journal(
    rpc: &RpcClient,
    stage: &Stage,
) -> Result<(Vec<JournalEntry>, report::Journal), DemoError> {
    let addresses = ProtocolAddresses::new(stage.venue.protocol);
    let head: Journal = read(rpc, addresses.journal, "journal").await?;
    let mut segments: Vec<JournalSegment> = Vec::new();
    for address in addresses.segments(&head) {
        segments.push(read(rpc, address, "journal's segment").await?);
    }
    let verified = journal::verify(&head, &segments, &[])?;
    let in_segments = verified.entries.len() as u64;
    if verified.proven != in_segments {
        return Err(DemoError::Unproven { in_segments, proven: verified.proven });
    }
    let in_events_only = head.in_events_only;
    Ok((verified.entries, report::Journal { in_segments, in_events_only }))
}

async fn read<T: Kind>(rpc: &RpcClient, address: Pubkey, what: &'static str) -> Result<T, DemoError> {
    let found = account(rpc, &address).await.trying("reading the journal")?;
    decode(&found.ok_or(DemoError::NoAccount { what, address })?, what)
}

/// The keeper's transactions that succeeded, with their slots: by what the chain says of them, not the keeper.
async fn own_acts(rpc: &RpcClient, lines: &[Line]) -> Result<HashMap<String, u64>, DemoError> {
    let mut acts = HashMap::new();
    for line in lines {
        let Event::Sent { signature, .. } = &line.event else { continue };
        let Ok(parsed) = signature.parse() else { continue };
        let landed = send::landed(rpc, &parsed).await.trying("asking what became of the keeper's acts")?;
        if let Some(Landed { slot, error: None, .. }) = landed {
            acts.insert(signature.clone(), slot);
        }
    }
    Ok(acts)
}

/// The slot of the limiter's first trip since the attack began: from the journal, or, as long as nobody has brought the
/// journal, from where the limiter keeps it until then.
fn latching_slot(entries: &[JournalEntry], limiter: &Limiter, attack_slot: u64) -> Option<u64> {
    const TRIPS: [Act; 4] = [Act::SoftBreach, Act::HardBreach, Act::GrossBreach, Act::UndeclaredFlow];
    let journaled = entries.iter().filter(|entry| TRIPS.contains(&entry.act)).map(|entry| entry.at.slot);
    let waiting = (limiter.pending.count > 0).then_some(limiter.pending.first.slot);
    journaled.chain(waiting).filter(|slot| *slot >= attack_slot).min()
}

/// The slot since which a latch of the market closes the operation.
fn closing_slot(market: &Market, operation: Operation) -> Option<u64> {
    latches(market)
        .filter(|(severity, latch)| {
            let closed = market.response(*severity).0.0 | latch.closed;
            Operations(closed).contains(operation)
        })
        .map(|(_, latch)| latch.since.slot)
        .min()
}

/// The latches that a market has ever had, by their severity.
fn latches(market: &Market) -> impl Iterator<Item = (Severity, &Latch)> {
    const SOURCES: [Source; Source::COUNT] = [
        Source::Limiter,
        Source::PriceBand,
        Source::Invariant,
        Source::Guardian,
        Source::Keeper,
        Source::Program,
    ];
    SOURCES
        .into_iter()
        .flat_map(|source| Severity::ABOVE_NORMAL.map(|severity| (source, severity)))
        .filter_map(|(source, severity)| Some((severity, market.board.slot(source, severity)?)))
        .filter(|(_, latch)| latch.since.is_set())
}

/// Puts what the chain showed and what the keeper wrote in one order. Where the chain itself keeps the slot of an
/// event, that slot is told, not the one at which it was noticed.
fn timeline(
    attack: &Attack,
    seen: &[Seen],
    lines: &[Line],
    acts: &HashMap<String, u64>,
    after: &View,
) -> Timeline {
    let mut timeline = Timeline::default();
    let start = attack.began;
    timeline.add(start, start, Some(attack.slot), "first malicious transaction");
    for Seen { change, at, slot } in seen.iter().copied() {
        let since = |wanted: Severity| {
            let found = latches(&after.market).filter(|(severity, _)| *severity == wanted);
            found.map(|(_, latch)| latch.since.slot).min().unwrap_or(slot)
        };
        let (slot, what) = match change {
            Change::Loot(loot) => {
                let amount = Amount { units: loot, decimals: COLLATERALS[DOLLAR].decimals };
                (slot, format!("the attacker has {amount} {}", COLLATERALS[DOLLAR].name))
            }
            Change::Limiter(severity) => (slot, format!("limiter latched: {severity:?}")),
            Change::Market(severity) => (since(severity), format!("market is {severity:?}")),
            Change::Closed(operation) => {
                let slot = closing_slot(&after.market, operation).unwrap_or(slot);
                (slot, format!("market closed: the gate refuses {operation}"))
            }
        };
        timeline.add(start, at, Some(slot), what);
    }
    // A transaction that is sent again is still the same, and lands once.
    let mut told = HashSet::new();
    for line in lines {
        let (slot, what) = match &line.event {
            Event::Saw { rule } => (line.slot, format!("keeper saw it: {rule}")),
            Event::Sent { act, signature } if told.insert(("sent", signature)) => {
                (None, format!("keeper sent its {act}"))
            }
            Event::Landed { act, signature } if told.insert(("landed", signature)) => {
                match acts.get(signature) {
                    Some(slot) => (Some(*slot), format!("keeper's {act} landed")),
                    None => (line.slot, format!("another was quicker than the keeper's {act}")),
                }
            }
            _ => continue,
        };
        timeline.add(start, line.at, slot, what);
    }
    timeline
}
