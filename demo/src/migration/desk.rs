//! The command line, as guardians, the authority and anybody type it: the real one, with a key file for each.

use std::{
    fs,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use clap::Parser;
use firebreak_chain::Chain;
use firebreak_guardian::{
    cli::Cli,
    console::{Console, Stop},
    exit::Exit,
    run,
};
use tempfile::TempDir;

use crate::{
    error::{DemoError, Trying},
    keeper::write_key,
    stage::Stage,
};

/// Whose key signs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Guardian(usize),
    Authority,
    /// Anybody: somebody who has nothing to do with the protocol.
    Bystander,
}

/// Two of the three guardians: a quorum.
pub(super) const QUORUM: [Who; 2] = [Who::Guardian(0), Who::Guardian(1)];

impl Who {
    /// The key file.
    fn file(self) -> String {
        match self {
            Self::Guardian(number) => format!("guardian-{number}.json"),
            Self::Authority => "authority.json".to_owned(),
            Self::Bystander => "bystander.json".to_owned(),
        }
    }
}

/// A machine with everybody's key files on it.
pub(super) struct Desk {
    /// Endpoint, protocol and cluster, which everybody has in the environment.
    surroundings: Vec<String>,
    folder: TempDir,
    tell: fn(&str),
    /// What was typed so far.
    pub(super) typed: Vec<String>,
}

impl Desk {
    pub(super) async fn set_up(chain: &Chain, stage: &Stage, tell: fn(&str)) -> Result<Self, DemoError> {
        let folder = tempfile::tempdir().map_err(failed("a folder for keys"))?;
        let genesis = chain.rpc().get_genesis_hash().await.trying("asking which chain it is")?;
        // an empty configuration: the machine's own must not answer for what a command leaves out
        let config = folder.path().join("config.yml");
        fs::write(&config, "").map_err(failed("an empty configuration"))?;
        let guardians = stage.guardians.iter().enumerate().map(|(number, key)| (Who::Guardian(number), key));
        let others = [(Who::Authority, chain.payer()), (Who::Bystander, &stage.bystander)];
        for (who, key) in guardians.chain(others) {
            write_key(&folder.path().join(who.file()), key).map_err(failed("a key file"))?;
        }
        let surroundings = [
            ("--url", chain.rpc_url().to_owned()),
            ("--protocol", stage.venue.protocol.to_string()),
            ("--genesis", genesis.to_string()),
            ("--config", config.display().to_string()),
        ];
        let surroundings = surroundings.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        Ok(Self { surroundings: surroundings.collect(), folder, tell, typed: Vec::new() })
    }

    /// Writes a file beside the keys.
    pub(super) fn writes(&self, name: &str, text: &str) -> Result<(), DemoError> {
        fs::write(self.folder.path().join(name), text).map_err(failed("writing a list of claims"))
    }

    /// Reads one that a command wrote there.
    pub(super) fn reads(&self, name: &str) -> Result<String, DemoError> {
        fs::read_to_string(self.folder.path().join(name)).map_err(failed("reading the proofs of claims"))
    }

    /// Types a command. Those whose keys sign it say yes; without them it only reads, and what it answers is told.
    pub(super) async fn types(&mut self, command: &str, by: &[Who]) -> Result<(), DemoError> {
        let keys: String = by.iter().map(|who| format!(" --keypair {}", who.file())).collect();
        let yes = if by.is_empty() { "" } else { " --yes" };
        let typed = format!("firebreak-guardian {command}{keys}{yes}");
        (self.tell)(&format!("$ {typed}"));
        let folder = self.folder.path();
        let arguments =
            typed.split(' ').map(|word| match word.ends_with(".json") || word.ends_with(".csv") {
                true => folder.join(word).display().to_string(),
                false => word.to_owned(),
            });
        let arguments = arguments.chain(self.surroundings.iter().cloned());
        let failed = |said: String| DemoError::Command { command: typed.clone(), said };
        let cli = Cli::try_parse_from(arguments).map_err(|error| failed(error.to_string()))?;
        let (out, err) = (Page::default(), Page::default());
        let console = Console::of(Box::new(out.clone()), Box::new(err.clone()), false);
        let (_asks, stop) = Stop::new();
        match run(cli, console, stop).await {
            Exit::Done => {
                if by.is_empty() {
                    out.text().lines().for_each(self.tell);
                }
                self.typed.push(typed);
                Ok(())
            }
            exit => Err(failed(format!("{}\n{}{}", exit.meaning(), out.text(), err.text()))),
        }
    }
}

fn failed(what: &'static str) -> impl Fn(io::Error) -> DemoError {
    move |source| DemoError::Io { what: what.to_owned(), source }
}

/// What was written, in memory.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
