//! What each command does.

use std::time::Duration;

use clap::CommandFactory;
use firebreak_interface::state::Amendment;
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::{
    act::{
        Actor, Desk, Manner, Plan,
        amend::{self, Tighten},
        claims, execute, forward, held, latch, migrate,
        named::{Found, Named},
        pause, perform,
        propose::{self, Wish},
        register, release, sign, small,
        together::{self, Way},
        vote,
    },
    chain::{Node, Snapshot},
    cli::{self, Cli, Command, Global, JournalCommand},
    config::{self, Config},
    console::{Console, Stop},
    error::Error,
    exit::Exit,
    explain,
    money::Tokens,
    read::{read, watched},
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

    fn actor(&self, with: &[Pubkey]) -> Result<Actor, Error> {
        let configured = self.config.keypair.as_slice();
        let files = if self.global.keypair.is_empty() { configured } else { &self.global.keypair };
        Actor::new(self.global.acting, files, with)
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
        Command::Status(_)
        | Command::Proposals
        | Command::Members
        | Command::Safes
        | Command::Held(cli::Held::List(_)) => tokio::select! {
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
            let (actor, manner) = (Actor::nobody(), setup.manner());
            let mut desk = Desk { node: &node, genesis: &genesis, actor: &actor, manner, console, stop };
            forward(&mut desk, &snapshot, &transaction).await?;
            Ok(Exit::Done)
        }
        Command::Sign { transaction } => {
            let (actor, protocol) = (setup.actor(&[])?, setup.protocol()?);
            let snapshot = tokio::select! {
                snapshot = node.read(protocol) => snapshot?,
                () = asked.asked() => return Err(Error::Interrupted),
            };
            let manner = setup.manner();
            let mut desk = Desk { node: &node, genesis: &genesis, actor: &actor, manner, console, stop };
            sign(&mut desk, &snapshot, &[transaction]).await?;
            Ok(Exit::Done)
        }
        many @ (Command::Migrate(cli::Migrate { moves: true, .. })
        | Command::Held(cli::Held::Claim { .. })
        | Command::Claims(cli::Claims::Pay { .. })) => {
            let (actor, protocol) = (setup.actor(&[])?, setup.protocol()?);
            let snapshot = tokio::select! {
                snapshot = node.read(protocol) => snapshot?,
                () = asked.asked() => return Err(Error::Interrupted),
            };
            let manner = setup.manner();
            let mut desk = Desk { node: &node, genesis: &genesis, actor: &actor, manner, console, stop };
            match many {
                Command::Migrate(cli::Migrate { market, vault, .. }) => {
                    migrate::all(&mut desk, &snapshot, market, &vault).await
                }
                Command::Held(cli::Held::Claim { which, of, to }) => {
                    held::claim(&mut desk, &snapshot, (of.market, of.mint), which, to).await
                }
                Command::Claims(cli::Claims::Pay { proofs, index, to }) => {
                    claims::pay(&mut desk, &snapshot, &proofs, index, to).await
                }
                _ => Err(Error::usage("this command is one step")),
            }
        }
        act => {
            let actor = setup.actor(act.with())?;
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
    let mut snapshot = node.read(protocol).await?;
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
            let cli::Propose { new, change } = *asked;
            match (new, change) {
                (Some(_), Some(change)) => {
                    let subject = change.subject;
                    return Err(Error::usage(format!(
                        "one at a time: a change of {subject}, or what is registered"
                    )));
                }
                (Some(new), None) => {
                    let (new, again) = new.asked();
                    let vetoed = found(again, node, &snapshot).await?;
                    register::plan(node, &mut snapshot, key, new, vetoed.as_ref()).await?
                }
                (None, Some(change)) => {
                    let vetoed = found(change.again, node, &snapshot).await?;
                    propose::plan(&snapshot, key, (change.subject, wish(change)), vetoed.as_ref())?
                }
                (None, None) => return Err(Error::usage("nothing is proposed")),
            }
        }
        Command::Confirm(cli::Confirm { latch: meant, seconds, together, advance }) => {
            let chosen = latch::choose(&snapshot, meant.scope.market, (meant.source, meant.severity))?;
            let asked = together::confirm(&snapshot, &chosen, seconds)?;
            let way = Way { propose: together.propose, nonce: advance.nonce };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Resume(cli::Resume { latch: meant, together }) => {
            let chosen = latch::choose(&snapshot, meant.scope.market, (meant.source, meant.severity))?;
            let asked = together::resume(&snapshot, &chosen);
            let way = Way { propose: together.propose, nonce: None };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Migrate(cli::Migrate { market, source, severity, together, advance, .. }) => {
            let asked = migrate::order(&snapshot, market, (source, severity))?;
            let way = Way { propose: together.propose, nonce: advance.nonce };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Held(cli::Held::Flag { range, of, together, advance }) => {
            let (_, safe) = held::safe_of(&snapshot, of.market, of.mint)?;
            let asked = held::flag(&snapshot, safe, range)?;
            let way = Way { propose: together.propose, nonce: advance.nonce };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Held(cli::Held::Decide { range, of, pay, together, .. }) => {
            let (_, safe) = held::safe_of(&snapshot, of.market, of.mint)?;
            let asked = held::decide(&snapshot, safe, range, pay)?;
            let way = Way { propose: together.propose, nonce: None };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Release(cli::Release::Propose { vault, amount, to_destination }) => {
            let tokens = Tokens::read(node, &snapshot).await?;
            let asked = release::order(&snapshot, &tokens, vault, &amount, to_destination)?;
            together::plan(node, &snapshot, actor, asked, Way { propose: true, nonce: None }).await?
        }
        Command::Release(cli::Release::Begin(which)) => {
            release::begin(&snapshot, actor, which.proposal.find(node, &snapshot).await?)?
        }
        Command::Release(cli::Release::Step { vault }) => {
            let tokens = Tokens::read(node, &snapshot).await?;
            release::step(&snapshot, &tokens, actor, vault)?
        }
        Command::Claims(cli::Claims::Propose { of, file, proofs }) => {
            let tokens = Tokens::read(node, &snapshot).await?;
            let asked = claims::order(&snapshot, &tokens, (of.market, of.mint), (&file, &proofs))?;
            together::plan(node, &snapshot, actor, asked, Way { propose: true, nonce: None }).await?
        }
        Command::Claims(cli::Claims::Open(which)) => {
            claims::open(&snapshot, actor, which.proposal.find(node, &snapshot).await?)?
        }
        Command::Freeze(cli::Freeze { together, advance }) => {
            let way = Way { propose: together.propose, nonce: advance.nonce };
            together::plan(node, &snapshot, actor, together::freeze(&snapshot)?, way).await?
        }
        Command::Maintenance(cli::Maintenance { market, seconds }) => {
            let asked = together::maintenance(&snapshot, market, seconds)?;
            let way = Way { propose: true, nonce: None };
            together::plan(node, &snapshot, actor, asked, way).await?
        }
        Command::Approve(cli::Approve { which, .. }) => {
            let found = which.proposal.find(node, &snapshot).await?;
            vote::approve(node, &snapshot, actor, found).await?
        }
        Command::Veto(cli::Veto { which, advance, .. }) => {
            let found = which.proposal.find(node, &snapshot).await?;
            vote::veto(&snapshot, actor, found, advance.nonce)?
        }
        Command::Cancel(which) => {
            execute::cancel(&snapshot, actor, which.proposal.find(node, &snapshot).await?)?
        }
        Command::Execute(cli::Execute { which, .. }) => {
            let found = which.proposal.find(node, &snapshot).await?;
            execute::plan(node, &snapshot, actor, found).await?
        }
        Command::StepDown(scope) => {
            actor.check_alone()?;
            small::step_down(&snapshot, scope.market)?
        }
        Command::OpenBudgets => {
            actor.check_alone()?;
            small::open_budgets(&snapshot, key)?
        }
        Command::Journal(JournalCommand::Extend) => {
            actor.check_alone()?;
            small::extend_journal(&snapshot, key)
        }
        Command::Status(_)
        | Command::Watch(_)
        | Command::Proposals
        | Command::Members
        | Command::Safes
        | Command::Held(cli::Held::List(_) | cli::Held::Claim { .. })
        | Command::Claims(cli::Claims::Pay { .. })
        | Command::Journal(_)
        | Command::Explain(_)
        | Command::Sign { .. }
        | Command::Send { .. }
        | Command::Completions { .. }
        | Command::Man { .. } => return Err(Error::usage("this command signs nothing")),
    };
    Ok((snapshot, plan))
}

/// The proposal that is meant, where one is.
async fn found(named: Option<Named>, node: &Node, snapshot: &Snapshot) -> Result<Option<Found>, Error> {
    match named {
        Some(named) => named.find(node, snapshot).await.map(Some),
        None => Ok(None),
    }
}

fn wish(asked: cli::Change) -> Wish {
    match asked {
        cli::Change { disarm: true, .. } => Wish::Amend(Amendment::Disarm),
        cli::Change { accept_loss: Some(least), .. } => Wish::Amend(Amendment::AcceptLoss { least }),
        cli::Change { revoke: true, .. } => Wish::Amend(Amendment::RevokeKeeper),
        cli::Change { delay: Some(delay), .. } => Wish::Amend(Amendment::LooseningDelay(delay)),
        cli::Change { authority: Some(key), .. } => Wish::Amend(Amendment::Authority(key)),
        cli::Change { approve_upgrade: Some(code), .. } => Wish::Amend(Amendment::ApproveUpgrade(code.0)),
        cli::Change { unpin: true, .. } => Wish::Amend(Amendment::Unpin),
        cli::Change { detach: true, .. } => Wish::Amend(Amendment::Detach),
        cli::Change { guardians, .. } if !guardians.is_empty() => Wish::Guardians(guardians),
        cli::Change { set, .. } => Wish::Set(set),
    }
}
