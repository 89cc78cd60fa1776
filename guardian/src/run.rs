//! What each command does.

use std::{path::Path, time::Duration};

use clap::CommandFactory;
use firebreak_interface::{
    ID,
    state::{Amendment, JournalEntry},
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use tokio::time::sleep;

use crate::{
    act::{
        Actor, Desk, Manner, Plan,
        amend::{self, Tighten},
        execute, forward, pause, perform,
        propose::{self, Wish},
        small,
    },
    chain::{Node, Snapshot},
    cli::{self, Cli, Command, Global, JournalCommand},
    config::{self, Config},
    console::{Console, Stop},
    error::Error,
    exit::Exit,
    explain, history, status,
};

/// Runs a command, tells how it ended, and gives the exit code.
pub async fn run(cli: Cli, mut console: Console, stop: Stop) -> Exit {
    let json = cli.global.json;
    match command(cli, &mut console, stop).await {
        Ok(exit) => exit,
        Err(error) => {
            let again = if error.retry_can_help() {
                "trying again can help"
            } else {
                "trying again as it is does not help"
            };
            // there is nowhere left to say that this cannot be written
            let _ = console.tell(&format!("firebreak-guardian: {error} [{again}]"));
            if json {
                let exit = error.exit() as u8;
                let failure =
                    Failure { error: error.to_string(), exit, retry_can_help: error.retry_can_help() };
                let _ = console.answer(&failure, "");
            }
            error.exit()
        }
    }
}

#[derive(Serialize)]
struct Failure {
    error: String,
    exit: u8,
    retry_can_help: bool,
}

/// Endpoint, protocol and key, as options and configuration say.
struct Setup {
    global: Global,
    config: Config,
}

impl Setup {
    fn node(&self) -> Result<Node, Error> {
        let url = self.global.url.as_ref().or(self.config.url.as_ref());
        let url = url.ok_or(Error::Option { what: "endpoint", option: "--url" })?;
        Ok(Node::new(config::endpoint(url)))
    }

    fn protocol(&self) -> Result<Pubkey, Error> {
        self.global.protocol.ok_or(Error::Option { what: "protocol", option: "--protocol" })
    }

    fn actor(&self) -> Result<Actor, Error> {
        let file = self.global.keypair.as_deref().or(self.config.keypair.as_deref());
        Actor::new(self.global.acting, file.map(Path::new))
    }

    fn manner(&self) -> Manner {
        let Global { dry_run, print, sign_only, yes, priority_fee, .. } = self.global;
        Manner { dry_run, print, sign_only, yes, priority_fee }
    }
}

async fn command(cli: Cli, console: &mut Console, stop: Stop) -> Result<Exit, Error> {
    let Cli { global, command } = cli;
    match command {
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "firebreak-guardian", &mut script);
            console.put(&String::from_utf8_lossy(&script))?;
            return Ok(Exit::Done);
        }
        Command::Man { folder } => {
            std::fs::create_dir_all(&folder)?;
            clap_mangen::generate_to(Cli::command(), &folder)?;
            return Ok(Exit::Done);
        }
        Command::Explain(ref asked) => {
            if let Some(explanation) = explain::error(&asked.what) {
                console.answer(&explanation, &explanation.text.join("\n"))?;
                return Ok(Exit::Done);
            }
            if asked.signature().is_none() {
                return Err(Error::usage(format!(
                    "`{}` is neither an error's number or name nor a signature",
                    asked.what
                )));
            }
        }
        _ => {}
    }
    let config = Config::read(global.config.as_deref())?;
    let setup = Setup { global, config };
    let node = setup.node()?;
    let mut asked = stop.clone();
    let genesis = tokio::select! {
        genesis = node.check_cluster(setup.global.genesis.as_deref()) => genesis?,
        () = asked.asked() => return Err(Error::Interrupted),
    };
    match command {
        Command::Explain(what) => {
            let signature: Signature = what.signature().unwrap_or_default();
            let explanation = explain::transaction(&node, signature).await?;
            console.answer(&explanation, &explanation.text.join("\n"))?;
            Ok(Exit::Done)
        }
        Command::Watch(watch) => {
            let every = Duration::from_secs(watch.every);
            tokio::select! {
                watched = watched(&node, setup.protocol()?, every, setup.global.json, console) => watched,
                // the way to end it
                () = asked.asked() => Ok(Exit::Done),
            }
        }
        Command::Status(_) | Command::Proposals | Command::Members => tokio::select! {
            read = read(command, &node, setup.protocol()?, console) => read,
            () = asked.asked() => Err(Error::Interrupted),
        },
        Command::Journal(JournalCommand::Verify(_) | JournalCommand::Show(_) | JournalCommand::Export(_)) => {
            tokio::select! {
                read = read(command, &node, setup.protocol()?, console) => read,
                () = asked.asked() => Err(Error::Interrupted),
            }
        }
        Command::Send { transaction } => {
            let protocol = setup.protocol()?;
            let snapshot = tokio::select! {
                snapshot = node.read(protocol) => snapshot?,
                () = asked.asked() => return Err(Error::Interrupted),
            };
            // nobody signs here
            let (actor, manner) = (Actor::Address(Pubkey::default()), setup.manner());
            let mut desk = Desk { node: &node, genesis: &genesis, actor: &actor, manner, console, stop };
            forward(&mut desk, &snapshot, &transaction).await?;
            Ok(Exit::Done)
        }
        act => {
            let actor = setup.actor()?;
            let protocol = setup.protocol()?;
            let (snapshot, plan) = tokio::select! {
                planned = planned(act, &node, protocol, &actor) => planned?,
                () = asked.asked() => return Err(Error::Interrupted),
            };
            let manner = setup.manner();
            let mut desk = Desk { node: &node, genesis: &genesis, actor: &actor, manner, console, stop };
            perform(&mut desk, &snapshot, plan).await?;
            Ok(Exit::Done)
        }
    }
}

/// What an act will do, by what the chain holds now.
async fn planned(
    command: Command,
    node: &Node,
    protocol: Pubkey,
    actor: &Actor,
) -> Result<(Snapshot, Plan), Error> {
    let snapshot = node.read(protocol).await?;
    let key = actor.address();
    let plan = match command {
        Command::Pause(cli::Pause { scope, operations, seconds, valid, nonce }) => {
            actor.check_guardian(&snapshot)?;
            let plan = pause::plan(&snapshot, key, scope.market, operations, seconds, valid)?;
            Plan { nonce, ..plan }
        }
        Command::Tighten(asked) => {
            actor.check_authority(&snapshot)?;
            let wish = match asked {
                cli::Tighten { arm: true, .. } => Tighten::Arm,
                cli::Tighten { pin: true, .. } => Tighten::Pin,
                cli::Tighten { take_back_upgrade: true, .. } => Tighten::TakeBackUpgrade,
                cli::Tighten { set, .. } => Tighten::Set(set),
            };
            amend::tighten(&snapshot, key, asked.subject, &wish)?
        }
        Command::Propose(asked) => {
            actor.check_authority(&snapshot)?;
            let subject = asked.subject;
            propose::plan(&snapshot, key, subject, wish(asked))?
        }
        Command::Cancel(cli::Number { number }) => execute::cancel(node, &snapshot, key, number).await?,
        Command::Execute(cli::Number { number }) => execute::plan(node, &snapshot, key, number).await?,
        Command::StepDown(scope) => small::step_down(&snapshot, scope.market)?,
        Command::Journal(JournalCommand::Extend) => small::extend_journal(&snapshot, key),
        Command::Status(_)
        | Command::Watch(_)
        | Command::Proposals
        | Command::Members
        | Command::Journal(_)
        | Command::Explain(_)
        | Command::Send { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => return Err(Error::usage("this command signs nothing")),
    };
    Ok((snapshot, plan))
}

fn wish(asked: cli::Propose) -> Wish {
    match asked {
        cli::Propose { disarm: true, .. } => Wish::Amend(Amendment::Disarm),
        cli::Propose { accept_loss: Some(least), .. } => Wish::Amend(Amendment::AcceptLoss { least }),
        cli::Propose { revoke: true, .. } => Wish::Amend(Amendment::RevokeKeeper),
        cli::Propose { delay: Some(delay), .. } => Wish::Amend(Amendment::LooseningDelay(delay)),
        cli::Propose { authority: Some(key), .. } => Wish::Amend(Amendment::Authority(key)),
        cli::Propose { approve_upgrade: Some(code), .. } => Wish::Amend(Amendment::ApproveUpgrade(code.0)),
        cli::Propose { unpin: true, .. } => Wish::Amend(Amendment::Unpin),
        cli::Propose { detach: true, .. } => Wish::Amend(Amendment::Detach),
        cli::Propose { set, .. } => Wish::Set(set),
    }
}

/// What only reads.
async fn read(command: Command, node: &Node, protocol: Pubkey, console: &mut Console) -> Result<Exit, Error> {
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
            let mut text = String::new();
            let all: Vec<_> =
                snapshot.proposals.iter().map(|(key, one)| status::pending(&snapshot, key, one)).collect();
            for one in &all {
                text += &format!(
                    "proposal {}: {}\n    {}\n",
                    one.number,
                    one.standing,
                    one.content.join("\n    ")
                );
            }
            console.answer(&all, if all.is_empty() { "nothing waits" } else { &text })?;
            Ok(Exit::Done)
        }
        Command::Members => {
            let members = Members::new(&snapshot);
            console.answer(&members, &members.text())?;
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
async fn watched(
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
    guardians: Vec<status::Guardian>,
    keepers: Vec<String>,
}

impl Members {
    fn new(snapshot: &Snapshot) -> Self {
        let guardians = snapshot.protocol.guardians().iter();
        Self {
            authority: snapshot.protocol.authority.to_string(),
            guardians: guardians.map(|key| status::guardian(snapshot, key)).collect(),
            keepers: snapshot.keepers.iter().map(|(_, keeper)| keeper.key.to_string()).collect(),
        }
    }

    fn text(&self) -> String {
        let mut lines =
            vec![format!("authority {}: tightens at once, proposes what loosens", self.authority)];
        for one in &self.guardians {
            let budgets = one.budgets.iter();
            let budgets = budgets.map(|budget| {
                format!("{} {}", crate::words::duration(budget.seconds_left.into()), budget.scope)
            });
            let budgets: Vec<_> = budgets.collect();
            lines.push(format!("guardian {}: may pause {}", one.key, budgets.join(", ")));
        }
        lines.extend(self.keepers.iter().map(|key| format!("keeper {key}: raises alone to Minor")));
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
