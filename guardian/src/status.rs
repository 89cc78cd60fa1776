//! What a protocol's breaker holds now, at a glance.

mod text;

use firebreak_client::Limiter;
use firebreak_interface::{
    Instant, Severity,
    constants::PAUSE_BUDGET_PERIOD,
    state::{GuardianBudget, Proposal},
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    act::latch, chain::Snapshot, content, describe, error::Error, history::History, rules, votes::Votes,
    words,
};

/// A protocol at a glance.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Its account.
    pub protocol: String,
    /// Slot of the chain's clock.
    pub slot: u64,
    /// Unix time of the chain's clock.
    pub unix: i64,
    /// The worst severity in force anywhere.
    pub severity: String,
    /// Whether its gates read as open.
    pub detached: bool,
    /// Who governs.
    pub authority: String,
    /// Unix time until which the authority proposes nothing; none where it may.
    pub frozen_until: Option<i64>,
    /// Latches that hold in all markets.
    pub latches: Vec<Latch>,
    /// Its markets.
    pub markets: Vec<Market>,
    /// What waits.
    pub proposals: Vec<Pending>,
    /// Its guardians.
    pub guardians: Vec<Guardian>,
    /// How many of them each act takes.
    pub thresholds: Vec<Threshold>,
    /// Its keepers.
    pub keepers: Vec<Keeper>,
    /// Its journal.
    pub journal: Journal,
}

/// A reason that holds.
#[derive(Debug, Serialize)]
pub struct Latch {
    /// What raised it.
    pub source: &'static str,
    /// How bad.
    pub severity: String,
    /// Operations it names itself.
    pub closes: String,
    /// Slot of the first of those merged.
    pub since_slot: u64,
    /// Unix time of its end.
    pub until: i64,
    /// Seconds until then.
    pub seconds_left: i64,
    /// Worst measured value.
    pub measured: u64,
    /// What that broke.
    pub threshold: u64,
    /// How many were merged.
    pub count: u64,
    /// The rules that it stands for.
    pub rules: Vec<String>,
}

/// A market.
#[derive(Debug, Serialize)]
pub struct Market {
    /// Its number.
    pub id: u64,
    /// Its account.
    pub address: String,
    /// Severity in force, that of all markets included.
    pub severity: String,
    /// What is closed.
    pub closed: String,
    /// When each severity ends, the highest first.
    pub way_down: Vec<Step>,
    /// Seconds for which its vaults are still moved to safety, by guardians' order.
    pub migrating_seconds: i64,
    /// Seconds for which announced maintenance still quiets keepers' raises.
    pub quiet_seconds: i64,
    /// Its latches.
    pub latches: Vec<Latch>,
    /// Its limiters.
    pub limiters: Vec<Guarded>,
}

/// A step on the way down.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What is over then.
    pub below: String,
    /// In how many seconds.
    pub seconds: i64,
}

/// A guarded vault.
#[derive(Debug, Serialize)]
pub struct Guarded {
    /// The vault.
    pub vault: String,
    /// Whether its limiter refuses.
    pub armed: bool,
    /// Severity that its limiter latched.
    pub severity: String,
    /// What it should hold.
    pub expects: u64,
    /// What may still leave.
    pub may_pay: u64,
    /// What left without a record.
    pub undeclared: u64,
    /// Flows allowed.
    pub allowed: u64,
    /// Flows refused.
    pub denied: u64,
    /// What its mint, or a vault of that, could do when it was registered.
    pub warnings: Vec<Warning>,
}

/// What an extension of Token-2022 can do.
#[derive(Debug, Serialize)]
pub struct Warning {
    /// The extension.
    pub extension: &'static str,
    /// What it can do.
    pub why: &'static str,
}

/// What waits.
#[derive(Debug, Serialize)]
pub struct Pending {
    /// What it is called: the authority's by its number, a guardian's as GUARDIAN/NUMBER.
    pub name: String,
    /// Its number, of the authority or of that guardian.
    pub number: u64,
    /// The guardian who made it; none where the authority did.
    pub guardian: Option<String>,
    /// Its account.
    pub address: String,
    /// Who has spoken.
    pub votes: Votes,
    /// Where it stands.
    pub standing: String,
    /// Unix time from which anyone may execute it.
    pub ripe_at: i64,
    /// Unix time of its end.
    pub expires_at: i64,
    /// What it does.
    pub content: Vec<String>,
}

/// A guardian.
#[derive(Debug, Serialize)]
pub struct Guardian {
    /// Where the key stands in the list.
    pub place: usize,
    /// The key.
    pub key: String,
    /// What is left to pause, by market and for all.
    pub budgets: Vec<Budget>,
}

/// How many guardians an act takes.
#[derive(Debug, Serialize)]
pub struct Threshold {
    /// The act.
    pub act: &'static str,
    /// How many.
    pub members: u8,
}

/// What a guardian may still pause.
#[derive(Debug, Serialize)]
pub struct Budget {
    /// A market, or all of them.
    pub scope: String,
    /// Seconds.
    pub seconds_left: u32,
    /// Whether its account is there: a first pause has to create it otherwise.
    pub open: bool,
}

/// A keeper.
#[derive(Debug, Serialize)]
pub struct Keeper {
    /// The key.
    pub key: String,
    /// Seconds until its registration ends; 0 when it is over.
    pub seconds_left: i64,
    /// Raises in the running day.
    pub raises_today: u16,
    /// Raises a day.
    pub raises_per_day: u16,
    /// Raises ever.
    pub raises: u64,
    /// Seconds since it was heard of last, by a heartbeat or a raise; none where it never was.
    pub silent_seconds: Option<i64>,
}

/// The journal.
#[derive(Debug, Serialize)]
pub struct Journal {
    /// Entries there are.
    pub entries: u64,
    /// Entries that the chain of hashes proves.
    pub proven: u64,
    /// Entries that no segment holds and no transaction was found for.
    pub missing: u64,
    /// How it contradicts itself, if it does.
    pub broken: Option<String>,
}

/// A glance at a protocol, with what the walk over its journal found.
pub fn glance(snapshot: &Snapshot, history: &Result<History, Error>) -> Status {
    let Snapshot { addresses, now, protocol, markets, .. } = snapshot;
    Status {
        protocol: addresses.protocol.to_string(),
        slot: now.slot,
        unix: now.unix,
        severity: format!("{:?}", worst(snapshot)),
        detached: protocol.detached != 0,
        authority: protocol.authority.to_string(),
        frozen_until: frozen_until(snapshot),
        latches: latches(snapshot, &addresses.protocol),
        markets: markets.iter().map(|(key, market)| of_market(snapshot, key, market)).collect(),
        proposals: snapshot.proposals.iter().map(|(key, one)| pending(snapshot, key, one)).collect(),
        guardians: protocol.guardians().iter().map(|key| guardian(snapshot, key)).collect(),
        thresholds: thresholds(snapshot),
        keepers: snapshot.keepers.iter().map(|(_, one)| keeper(one, *now)).collect(),
        journal: journal(snapshot, history),
    }
}

/// The worst severity in force in any market, or declared of all of them.
fn worst(snapshot: &Snapshot) -> Severity {
    let board = &snapshot.protocol.board;
    let each = snapshot.markets.iter().map(|(_, market)| market.in_force(board, snapshot.now).0);
    each.fold(board.severity(snapshot.now), Severity::max)
}

fn of_market(snapshot: &Snapshot, key: &Pubkey, market: &firebreak_client::Market) -> Market {
    let now = snapshot.now;
    let (severity, closed, _) = market.in_force(&snapshot.protocol.board, now);
    let live = Severity::ABOVE_NORMAL.into_iter().zip(market.board.held).rev();
    let way_down = live
        .filter(|(_, until)| !until.reached(now))
        .map(|(severity, until)| Step { below: format!("{severity:?}"), seconds: seconds_left(until, now) });
    Market {
        id: market.id,
        address: key.to_string(),
        severity: format!("{severity:?}"),
        closed: words::operations(closed.0),
        way_down: way_down.collect(),
        migrating_seconds: seconds_left(market.migrating_until, now),
        quiet_seconds: seconds_left(market.quiet_until, now),
        latches: latches(snapshot, key),
        limiters: snapshot
            .limiters
            .iter()
            .filter(|(_, limiter)| limiter.market == *key)
            .map(|(_, limiter)| guarded(snapshot, limiter))
            .collect(),
    }
}

fn guarded(snapshot: &Snapshot, limiter: &Limiter) -> Guarded {
    let of_mint = snapshot.mints.iter().filter(|one| one.mint == limiter.mint);
    let warnings = of_mint.flat_map(|one| one.warnings().rows());
    let main = limiter.net.iter().map(|net| net.available).min().unwrap_or(0);
    Guarded {
        vault: limiter.vault.to_string(),
        armed: limiter.armed != 0,
        severity: format!("{:?}", limiter.severity(snapshot.now)),
        expects: limiter.expected,
        may_pay: main.saturating_add(limiter.elastic),
        undeclared: limiter.undeclared,
        allowed: limiter.allowed,
        denied: limiter.denied,
        warnings: warnings.map(|row| Warning { extension: row.name, why: row.why }).collect(),
    }
}

fn latches(snapshot: &Snapshot, scope: &Pubkey) -> Vec<Latch> {
    let live = latch::live(snapshot, scope).into_iter();
    live.map(|(id, latch)| Latch {
        source: latch::source_name(id.source),
        severity: format!("{:?}", id.severity),
        closes: words::operations(latch.closed),
        since_slot: latch.since.slot,
        until: latch.until.unix,
        seconds_left: seconds_left(latch.until, snapshot.now),
        measured: latch.value,
        threshold: latch.threshold,
        count: latch.count,
        rules: rules::of(snapshot, scope, id.source, latch.rules).into_iter().map(|rule| rule.name).collect(),
    })
    .collect()
}

/// Until when the authority proposes nothing, where it is frozen.
pub fn frozen_until(snapshot: &Snapshot) -> Option<i64> {
    let until = snapshot.protocol.frozen_until;
    (!until.reached(snapshot.now)).then_some(until.unix)
}

/// How many guardians each act takes; none where the account is of a version without that.
pub fn thresholds(snapshot: &Snapshot) -> Vec<Threshold> {
    let Ok(thresholds) = snapshot.protocol.thresholds() else {
        return Vec::new();
    };
    describe::thresholds(&thresholds).map(|(act, members)| Threshold { act, members }).into()
}

/// The thresholds in a line.
pub fn thresholds_line(thresholds: &[Threshold], members: usize) -> String {
    if thresholds.is_empty() {
        return "thresholds: none yet: send migrate_protocol first".to_owned();
    }
    let each: Vec<_> = thresholds.iter().map(|one| format!("{} {}", one.act, one.members)).collect();
    format!("of {members} guardians it takes: pause 1, {}", each.join(", "))
}

/// How many of the guardians' budgets are not open, and what opens them; none where all are.
pub fn unopened_line(guardians: &[Guardian]) -> Option<String> {
    let budgets = || guardians.iter().flat_map(|guardian| &guardian.budgets);
    let unopened = budgets().filter(|budget| !budget.open).count();
    (unopened > 0).then(|| {
        format!("{unopened} of {} budgets are not open: `open-budgets` opens them", budgets().count())
    })
}

/// A proposal that waits.
pub fn pending(snapshot: &Snapshot, key: &Pubkey, proposal: &Proposal) -> Pending {
    Pending {
        name: content::proposal_name(proposal, snapshot),
        number: proposal.nonce,
        guardian: (proposal.by_guardian != 0).then(|| proposal.authority.to_string()),
        address: key.to_string(),
        votes: Votes::of(proposal, snapshot),
        standing: content::standing(proposal, snapshot),
        ripe_at: proposal.ripe_at.unix,
        expires_at: proposal.expires_at.unix,
        content: content::lines(proposal, snapshot),
    }
}

/// A guardian and its budgets.
pub fn guardian(snapshot: &Snapshot, key: &Pubkey) -> Guardian {
    let all = std::iter::once((snapshot.addresses.protocol, "all markets".to_owned()));
    let each = snapshot.markets.iter().map(|(market, one)| (*market, format!("market {}", one.id)));
    let budget = |(scope, name): (Pubkey, String)| {
        let (budget, whole) = (snapshot.budget(&scope, key), snapshot.protocol.pause_budget());
        Budget { scope: name, seconds_left: budget_left(budget, whole, snapshot.now), open: budget.is_some() }
    };
    let place = snapshot.protocol.guardians().iter().position(|one| one == key).unwrap_or_default();
    Guardian { place, key: key.to_string(), budgets: all.chain(each).map(budget).collect() }
}

/// Seconds that a guardian may still pause; who never paused has the whole of it.
pub fn budget_left(budget: Option<&GuardianBudget>, whole: u32, now: Instant) -> u32 {
    let running = budget.filter(|one| !one.period_start.plus(PAUSE_BUDGET_PERIOD).reached(now));
    whole.saturating_sub(running.map_or(0, |one| one.spent))
}

/// A keeper.
pub fn keeper(keeper: &firebreak_interface::state::Keeper, now: Instant) -> Keeper {
    Keeper {
        key: keeper.key.to_string(),
        seconds_left: seconds_left(keeper.expires, now),
        raises_today: keeper.raises_today,
        raises_per_day: keeper.raises_per_day,
        raises: keeper.raises,
        silent_seconds: keeper.seen_at.is_set().then(|| now.unix.saturating_sub(keeper.seen_at.unix).max(0)),
    }
}

fn journal(snapshot: &Snapshot, history: &Result<History, Error>) -> Journal {
    let entries = snapshot.journal.count;
    match history {
        Ok(History { verified, .. }) => Journal {
            entries,
            proven: verified.proven,
            missing: entries.saturating_sub(verified.entries.len() as u64),
            broken: None,
        },
        Err(error) => Journal { entries, proven: 0, missing: 0, broken: Some(error.to_string()) },
    }
}

fn seconds_left(until: Instant, now: Instant) -> i64 {
    until.unix.saturating_sub(now.unix).max(0)
}

#[cfg(test)]
pub(crate) mod tests;
