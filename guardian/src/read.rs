//! What each command shows that only reads.

use std::time::Duration;

use firebreak_interface::{
    ID,
    state::{JournalEntry, Safe},
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use tokio::time::sleep;

use crate::{
    chain::{Node, Snapshot},
    cli::{Command, Held, JournalCommand, OfSafe},
    console::Console,
    error::Error,
    exit::Exit,
    explain, history, money, status,
};

/// What only reads.
pub(crate) async fn read(
    command: Command,
    node: &Node,
    protocol: Pubkey,
    console: &mut Console,
) -> Result<Exit, Error> {
    let snapshot = node.read(protocol).await?;
    match command {
        Command::Status(asked) => {
            let history = proven(node, &snapshot, asked.transactions, console).await?;
            let status = status::glance(&snapshot, &history);
            let text = status.text(console.colour);
            console.answer(&status, &text)?;
            Ok(if history.is_err() { Exit::Contradiction } else { Exit::Done })
        }
        Command::Proposals => {
            let all: Vec<_> =
                snapshot.proposals.iter().map(|(key, one)| status::pending(&snapshot, key, one)).collect();
            let text: String = all.iter().map(|one| one.lines().join("\n") + "\n").collect();
            console.answer(&all, if all.is_empty() { "nothing waits" } else { &text })?;
            Ok(Exit::Done)
        }
        Command::Members => {
            let members = Members::new(&snapshot);
            console.answer(&members, &members.text())?;
            Ok(Exit::Done)
        }
        Command::Safes => {
            let tokens = money::Tokens::read(node, &snapshot).await?;
            let safes = money::safes(&snapshot, &tokens);
            console.answer(&safes, &money::text(&safes))?;
            Ok(Exit::Done)
        }
        Command::Held(Held::List(OfSafe { market, mint })) => {
            let tokens = money::Tokens::read(node, &snapshot).await?;
            let key = snapshot.market(market)?.0;
            let is_meant = |safe: &Safe| safe.market == key && mint.is_none_or(|mint| safe.mint == mint);
            let mut all = Vec::new();
            for (key, safe) in snapshot.safes.iter().filter(|(_, safe)| is_meant(safe)) {
                let held = node.held(key).await?;
                all.extend(held.iter().map(|(_, one)| money::HeldView::new(&snapshot, &tokens, safe, one)));
            }
            let lines: Vec<_> = all.iter().map(money::HeldView::line).collect();
            let text = if lines.is_empty() { "nothing is held".to_owned() } else { lines.join("\n") };
            console.answer(&all, &text)?;
            Ok(Exit::Done)
        }
        Command::Journal(JournalCommand::Verify(asked)) => {
            let history = history::prove(node, &snapshot, asked.transactions, console).await?;
            history.check_whole()?;
            let verified = Verified {
                entries: history.verified.count,
                proven: history.verified.proven,
                in_events_only: snapshot.journal.in_events_only,
                transactions_read: history.looked,
                endpoint: node.url.clone(),
                breaker: ID.to_string(),
            };
            console.answer(&verified, &verified.text())?;
            Ok(Exit::Done)
        }
        Command::Journal(JournalCommand::Show(asked)) => {
            let history = history::prove(node, &snapshot, asked.deep.transactions, console).await?;
            let entries = &history.verified.entries;
            let last = &entries[entries.len().saturating_sub(asked.last)..];
            let lines: Vec<_> = last.iter().map(explain::entry).collect();
            let written: Vec<_> = last.iter().map(Entry::from).collect();
            console.answer(&written, &lines.join("\n"))?;
            history.check_whole()?;
            Ok(Exit::Done)
        }
        Command::Journal(JournalCommand::Export(asked)) => {
            let history = history::prove(node, &snapshot, asked.transactions, console).await?;
            // an export with holes would be taken for the whole
            history.check_whole()?;
            let lines = history.verified.entries.iter().map(|one| serde_json::to_string(&Entry::from(one)));
            let lines: Result<Vec<_>, _> = lines.collect();
            console.put(&lines.map_err(std::io::Error::from)?.join("\n"))?;
            Ok(Exit::Done)
        }
        _ => Err(Error::usage("this command does not only read")),
    }
}

/// The journal's walk, where a contradiction is a finding; an endpoint that fails is not.
async fn proven(
    node: &Node,
    snapshot: &Snapshot,
    transactions: usize,
    console: &mut Console,
) -> Result<Result<history::History, Error>, Error> {
    match history::prove(node, snapshot, transactions, console).await {
        Err(error) if error.exit() != Exit::Contradiction => Err(error),
        found => Ok(found),
    }
}

/// Shows the status until somebody ends it. On a terminal in place, else again whenever it changed.
pub(crate) async fn watched(
    node: &Node,
    protocol: Pubkey,
    every: Duration,
    json: bool,
    console: &mut Console,
) -> Result<Exit, Error> {
    /// From the top, and what was below is cleared.
    const HOME: &str = "\x1b[H\x1b[J";
    /// The screen as it was is scrolled away once.
    const CLEAR: &str = "\x1b[2J";
    let mut last = String::new();
    if console.live && !json {
        console.put(CLEAR)?;
    }
    loop {
        let shown = async {
            let snapshot = node.read(protocol).await?;
            // the segments alone: an endless look is no way to read a history
            let history = proven(node, &snapshot, 0, console).await?;
            Ok::<_, Error>(status::glance(&snapshot, &history))
        };
        match shown.await {
            Ok(status) if json => console.answer(&status, "")?,
            Ok(status) if console.live => {
                let text = status.text(console.colour);
                console.put(&format!("{HOME}{}", crate::screen::fit(&text)))?;
            }
            Ok(status) => {
                let text = status.text(false);
                if text != last {
                    console.put(&text)?;
                    last = text;
                }
            }
            // it may come back
            Err(error) if error.retry_can_help() => console.tell(&format!("{error}"))?,
            Err(error) => return Err(error),
        }
        sleep(every).await;
    }
}

#[derive(Serialize)]
struct Verified {
    entries: u64,
    proven: u64,
    in_events_only: u64,
    transactions_read: usize,
    endpoint: String,
    breaker: String,
}

impl Verified {
    fn text(&self) -> String {
        format!(
            "{} entries, all proven to the head; {} of them live in events only, found in {} transactions\n\
             The head is worth what {} is worth: ask another endpoint too.",
            self.entries, self.in_events_only, self.transactions_read, self.endpoint
        )
    }
}

#[derive(Serialize)]
struct Members {
    authority: String,
    /// Unix time until which it proposes nothing; none where it may.
    frozen_until: Option<i64>,
    guardians: Vec<status::Guardian>,
    thresholds: Vec<status::Threshold>,
    keepers: Vec<status::Keeper>,
}

impl Members {
    fn new(snapshot: &Snapshot) -> Self {
        let guardians = snapshot.protocol.guardians().iter();
        Self {
            authority: snapshot.protocol.authority.to_string(),
            frozen_until: status::frozen_until(snapshot),
            guardians: guardians.map(|key| status::guardian(snapshot, key)).collect(),
            thresholds: status::thresholds(snapshot),
            keepers: snapshot.keepers.iter().map(|(_, one)| status::keeper(one, snapshot.now)).collect(),
        }
    }

    fn text(&self) -> String {
        let does = match self.frozen_until {
            None => "tightens at once, proposes what loosens".to_owned(),
            Some(until) => format!("tightens at once; FROZEN until {}", crate::words::moment(until)),
        };
        let mut lines = vec![format!("authority {}: {does}", self.authority)];
        lines.extend(self.guardians.iter().map(status::Guardian::line));
        lines.extend(status::unopened_line(&self.guardians));
        lines.push(status::thresholds_line(&self.thresholds, self.guardians.len()));
        let keepers = self.keepers.iter();
        lines.extend(keepers.map(|one| format!("{}; raises alone to Minor", one.line())));
        lines.join("\n")
    }
}

/// An entry of the journal, for other programs.
#[derive(Serialize)]
struct Entry {
    number: u64,
    slot: u64,
    unix: i64,
    actor: String,
    subject: String,
    act: String,
    before: String,
    after: String,
    value: u64,
    threshold: u64,
    count: u32,
    /// Its bytes in hex: head' = sha256(head, bytes).
    bytes: String,
}

impl From<&JournalEntry> for Entry {
    fn from(entry: &JournalEntry) -> Self {
        Self {
            number: entry.number,
            slot: entry.at.slot,
            unix: entry.at.unix,
            actor: entry.actor.to_string(),
            subject: entry.subject.to_string(),
            act: format!("{:?}", entry.act),
            before: format!("{:?}", entry.before),
            after: format!("{:?}", entry.after),
            value: entry.value,
            threshold: entry.threshold,
            count: entry.count,
            bytes: entry.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}
