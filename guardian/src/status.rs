//! What a protocol's breaker holds now, at a glance.

use std::fmt::Write;

use firebreak_client::Limiter;
use firebreak_interface::{
    Instant, Severity,
    constants::PAUSE_BUDGET_PERIOD,
    state::{GuardianBudget, LatchBoard, Proposal},
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    chain::Snapshot, console::paint, content, describe::SOURCES, error::Error, history::History, words,
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
    /// Latches that hold in all markets.
    pub latches: Vec<Latch>,
    /// Its markets.
    pub markets: Vec<Market>,
    /// What waits.
    pub proposals: Vec<Pending>,
    /// Its guardians.
    pub guardians: Vec<Guardian>,
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
}

/// What waits.
#[derive(Debug, Serialize)]
pub struct Pending {
    /// Its number.
    pub number: u64,
    /// Its account.
    pub address: String,
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
    /// The key.
    pub key: String,
    /// What is left to pause, by market and for all.
    pub budgets: Vec<Budget>,
}

/// What a guardian may still pause.
#[derive(Debug, Serialize)]
pub struct Budget {
    /// A market, or all of them.
    pub scope: String,
    /// Seconds.
    pub seconds_left: u32,
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
        latches: latches(&protocol.board, *now),
        markets: markets.iter().map(|(key, market)| of_market(snapshot, key, market)).collect(),
        proposals: snapshot.proposals.iter().map(|(key, one)| pending(snapshot, key, one)).collect(),
        guardians: protocol.guardians().iter().map(|key| guardian(snapshot, key)).collect(),
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
        latches: latches(&market.board, now),
        limiters: snapshot
            .limiters
            .iter()
            .filter(|(_, limiter)| limiter.market == *key)
            .map(|(_, limiter)| guarded(limiter, now))
            .collect(),
    }
}

fn guarded(limiter: &Limiter, now: Instant) -> Guarded {
    let main = limiter.net.iter().map(|net| net.available).min().unwrap_or(0);
    Guarded {
        vault: limiter.vault.to_string(),
        armed: limiter.armed != 0,
        severity: format!("{:?}", limiter.severity(now)),
        expects: limiter.expected,
        may_pay: main.saturating_add(limiter.elastic),
        undeclared: limiter.undeclared,
        allowed: limiter.allowed,
        denied: limiter.denied,
    }
}

fn latches(board: &LatchBoard, now: Instant) -> Vec<Latch> {
    let live = board.slots.iter().enumerate().filter(|(_, latch)| latch.is_live(now));
    live.map(|(i, latch)| Latch {
        source: SOURCES.get(i / Severity::RAISED).copied().unwrap_or("another source"),
        severity: format!("{:?}", Severity::ABOVE_NORMAL[i % Severity::RAISED]),
        closes: words::operations(latch.closed),
        since_slot: latch.since.slot,
        until: latch.until.unix,
        seconds_left: seconds_left(latch.until, now),
        measured: latch.value,
        threshold: latch.threshold,
        count: latch.count,
    })
    .collect()
}

/// A proposal that waits.
pub fn pending(snapshot: &Snapshot, key: &Pubkey, proposal: &Proposal) -> Pending {
    Pending {
        number: proposal.nonce,
        address: key.to_string(),
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
        let mut of = snapshot.budgets.iter().filter(|one| one.scope == scope && one.guardian == *key);
        let whole = snapshot.protocol.pause_budget();
        let seconds_left = budget_left(of.next().map(|budget| &**budget), whole, snapshot.now);
        Budget { scope: name, seconds_left }
    };
    Guardian { key: key.to_string(), budgets: all.chain(each).map(budget).collect() }
}

/// Seconds that a guardian may still pause; who never paused has the whole of it.
pub fn budget_left(budget: Option<&GuardianBudget>, whole: u32, now: Instant) -> u32 {
    let running = budget.filter(|one| !one.period_start.plus(PAUSE_BUDGET_PERIOD).reached(now));
    whole.saturating_sub(running.map_or(0, |one| one.spent))
}

fn keeper(keeper: &firebreak_interface::state::Keeper, now: Instant) -> Keeper {
    Keeper {
        key: keeper.key.to_string(),
        seconds_left: seconds_left(keeper.expires, now),
        raises_today: keeper.raises_today,
        raises_per_day: keeper.raises_per_day,
        raises: keeper.raises,
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

impl Status {
    /// For people, the worst first to be read.
    pub fn text(&self, colour: bool) -> String {
        let mut out = String::new();
        // writing to a string cannot fail
        let _ = self.write(&mut out, colour);
        out
    }

    fn write(&self, out: &mut String, colour: bool) -> std::fmt::Result {
        let severity = painted(&self.severity, colour);
        // the keys come last: on a narrow terminal what matters is what is left
        writeln!(out, "protocol: {severity}, {}", self.protocol)?;
        if self.detached {
            writeln!(out, "  DETACHED: its gates read as open, nothing guards it")?;
        }
        writeln!(out, "  {}, slot {}, authority {}", words::moment(self.unix), self.slot, self.authority)?;
        self.latches.iter().try_for_each(|latch| latch.write(out))?;
        for market in &self.markets {
            market.write(out, colour)?;
        }
        for one in &self.proposals {
            writeln!(out, "proposal {}: {}", one.number, one.standing)?;
            for line in &one.content {
                writeln!(out, "    {line}")?;
            }
        }
        for one in &self.guardians {
            let budgets = one
                .budgets
                .iter()
                .map(|budget| format!("{} {}", words::duration(budget.seconds_left.into()), budget.scope));
            let budgets: Vec<_> = budgets.collect();
            writeln!(out, "guardian {}: may pause {}", one.key, budgets.join(", "))?;
        }
        for one in &self.keepers {
            let registered = match one.seconds_left {
                0 => "registration OVER".to_owned(),
                left => format!("registered for {} more", words::duration(left.unsigned_abs())),
            };
            let raises =
                format!("{} of {} raises today, {} ever", one.raises_today, one.raises_per_day, one.raises);
            writeln!(out, "keeper {}: {registered}, {raises}", one.key)?;
        }
        writeln!(out, "{}", self.journal.text())
    }
}

impl Latch {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let closes =
            if self.closes == "nothing" { String::new() } else { format!(", closes {}", self.closes) };
        writeln!(
            out,
            "  latch by {}: {} since slot {}, {} left{closes}; measured {}, threshold {}, {} times",
            self.source,
            self.severity,
            self.since_slot,
            words::duration(self.seconds_left.unsigned_abs()),
            self.measured,
            self.threshold,
            self.count,
        )
    }
}

impl Market {
    fn write(&self, out: &mut String, colour: bool) -> std::fmt::Result {
        let severity = painted(&self.severity, colour);
        writeln!(out, "market {}: {severity}, closed: {}, {}", self.id, self.closed, self.address)?;
        self.latches.iter().try_for_each(|latch| latch.write(out))?;
        if !self.way_down.is_empty() {
            let steps = self.way_down.iter();
            let steps: Vec<_> = steps
                .map(|step| {
                    format!("below {} in {}", step.below, words::duration(step.seconds.unsigned_abs()))
                })
                .collect();
            writeln!(out, "  way down: {}", steps.join(", "))?;
        }
        for one in &self.limiters {
            writeln!(
                out,
                "  vault: {}, {}, expects {}, may still pay {}; {} allowed, {} denied, {} undeclared, {}",
                if one.armed { "armed" } else { "in shadow" },
                painted(&one.severity, colour),
                one.expects,
                one.may_pay,
                one.allowed,
                one.denied,
                one.undeclared,
                one.vault,
            )?;
        }
        Ok(())
    }
}

impl Journal {
    /// In a line.
    pub fn text(&self) -> String {
        match (&self.broken, self.missing) {
            (Some(broken), _) => broken.clone(),
            (None, 0) if self.proven == self.entries => {
                format!("journal: {} entries, all proven to the head", self.entries)
            }
            (None, missing) => format!(
                "journal: {} entries, {} proven to the head, {missing} not found: `journal verify` looks further",
                self.entries, self.proven
            ),
        }
    }
}

/// The name of a severity, in its colour.
fn painted(name: &str, colour: bool) -> String {
    let all = [Severity::Normal].into_iter().chain(Severity::ABOVE_NORMAL);
    let severity = all.into_iter().find(|severity| format!("{severity:?}") == name);
    severity.map_or_else(|| name.to_owned(), |severity| paint(severity, colour))
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
