//! The keeper, as its own process: started with nothing but the node's addresses, its key and the protocol.

use std::{
    collections::VecDeque,
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use firebreak_chain::Chain;
use serde::Deserialize;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time::sleep,
};

use crate::error::DemoError;

/// What finding and reading a protocol takes at most.
const READY: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// Lines of its standard error that an error shows.
const TAIL: usize = 20;

/// A line of the keeper's record, by its own clock.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) slot: Option<u64>,
    pub(crate) event: Event,
}

/// What the timeline tells of the keeper.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// It has found everything and watches.
    Ready,
    /// A rule found something.
    Saw { rule: String },
    /// A transaction went out.
    Sent { act: String, signature: String },
    /// What the transaction was for is on chain, by whomever.
    Landed { act: String, signature: String },
    /// Something that the timeline leaves out.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct RawLine {
    unix_ms: u64,
    slot: Option<u64>,
    #[serde(flatten)]
    event: Event,
}

/// Reads a line; none where it is no line of a keeper's record.
pub(crate) fn parse(text: &str) -> Option<Line> {
    let RawLine { unix_ms, slot, event } = serde_json::from_str(text).ok()?;
    // Both processes read the same clock, so its line is as old as that says.
    let written = UNIX_EPOCH + Duration::from_millis(unix_ms);
    let age = SystemTime::now().duration_since(written).unwrap_or_default();
    Some(Line { at: Instant::now().checked_sub(age)?, slot, event })
}

/// A running keeper; it ends when dropped.
pub(crate) struct Keeper {
    process: Child,
    lines: Arc<Mutex<Vec<Line>>>,
    said: Arc<Mutex<VecDeque<String>>>,
    /// Holds its key; removed after it.
    _folder: TempDir,
}

impl Keeper {
    /// Starts it and waits until it says that it watches.
    pub(crate) async fn start(
        binary: &Path,
        chain: &Chain,
        protocol: &Pubkey,
        key: &Keypair,
    ) -> Result<Self, DemoError> {
        let failed = |what: &str| {
            let what = format!("{what} for the keeper");
            move |source| DemoError::Io { what, source }
        };
        let folder = tempfile::tempdir().map_err(failed("a folder"))?;
        let key_file = folder.path().join("keeper.json");
        write_key(&key_file, key).map_err(failed("a key file"))?;

        let mut process = Command::new(binary)
            .arg("--json")
            .args(["--url", chain.rpc_url(), "--ws-url", chain.ws_url()])
            .args(["--protocol", &protocol.to_string()])
            .arg("--keypair")
            .arg(&key_file)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| DemoError::Io { what: format!("starting {}", binary.display()), source })?;
        let (lines, said) = (Arc::default(), Arc::default());
        if let Some(stdout) = process.stdout.take() {
            tokio::spawn(collect(stdout, Arc::clone(&lines)));
        }
        if let Some(stderr) = process.stderr.take() {
            tokio::spawn(remember(stderr, Arc::clone(&said)));
        }
        let mut keeper = Self { process, lines, said, _folder: folder };
        keeper.wait_until_ready().await?;
        Ok(keeper)
    }

    async fn wait_until_ready(&mut self) -> Result<(), DemoError> {
        let start = Instant::now();
        while start.elapsed() < READY {
            self.require_alive("while starting").await?;
            if self.lines().iter().any(|line| matches!(line.event, Event::Ready)) {
                return Ok(());
            }
            sleep(POLL).await;
        }
        Err(DemoError::KeeperNotReady { seconds: READY.as_secs(), said: self.said() })
    }

    /// An error if it has ended.
    pub(crate) async fn require_alive(&mut self, when: &'static str) -> Result<(), DemoError> {
        let status = self.process.try_wait();
        match status
            .map_err(|source| DemoError::Io { what: "asking for the keeper's state".into(), source })?
        {
            None => Ok(()),
            Some(status) => {
                // Its last words are still on their way.
                sleep(POLL * 5).await;
                Err(DemoError::KeeperEnded { when, status: status.to_string(), said: self.said() })
            }
        }
    }

    /// What it wrote so far.
    pub(crate) fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn said(&self) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().cloned().collect::<Vec<_>>().join("\n")
    }
}

/// A new key file that its owner alone may read: keeper and command line refuse any other.
pub(crate) fn write_key(path: &Path, key: &Keypair) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(&key_json(key))
}

/// A key as the Solana tools keep it: a list of 64 numbers.
fn key_json(key: &Keypair) -> Vec<u8> {
    let numbers: Vec<_> = key.to_bytes().iter().map(u8::to_string).collect();
    format!("[{}]", numbers.join(",")).into_bytes()
}

async fn collect(stdout: impl AsyncRead + Unpin, lines: Arc<Mutex<Vec<Line>>>) {
    let mut reader = BufReader::new(stdout).lines();
    // A pipe that breaks has no more to tell.
    while let Ok(Some(text)) = reader.next_line().await {
        if let Some(line) = parse(&text) {
            lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    }
}

async fn remember(stderr: impl AsyncRead + Unpin, said: Arc<Mutex<VecDeque<String>>>) {
    let mut reader = BufReader::new(stderr).lines();
    while let Ok(Some(text)) = reader.next_line().await {
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == TAIL {
            said.pop_front();
        }
        said.push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_the_record_are_read_by_the_keepers_own_clock() {
        let then = SystemTime::now() - Duration::from_millis(500);
        let ms = then.duration_since(UNIX_EPOCH).expect("after 1970").as_millis();
        let text = format!(
            r#"{{"unix_ms":{ms},"slot":7,"event":"landed","act":"poke","signature":"5x","by":"us"}}"#
        );
        let line = parse(&text).expect("a line");
        assert_eq!(line.event, Event::Landed { act: "poke".into(), signature: "5x".into() });
        assert_eq!(line.slot, Some(7));
        let age = line.at.elapsed();
        assert!(age >= Duration::from_millis(500) && age < Duration::from_secs(5), "{age:?}");
    }

    #[test]
    fn events_of_no_interest_and_noise_are_told_apart() {
        let line = parse(r#"{"unix_ms":1000,"slot":null,"event":"gap","open":true}"#).expect("a line");
        assert_eq!(line.event, Event::Other);
        assert!(parse("thread 'main' panicked").is_none());
    }

    #[test]
    fn the_key_file_is_the_list_of_numbers_that_solanas_tools_write() {
        let key = Keypair::new();
        let numbers: Vec<u8> = serde_json::from_slice(&key_json(&key)).expect("a list");
        assert_eq!(numbers, key.to_bytes());
    }
}
