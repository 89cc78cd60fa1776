//! The keeper, in this process: the drill's rules are compiled into it, as into everything that talks to a drill.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use clap::Parser;
use firebreak_chain::Chain;
use firebreak_keeper::{KeeperError, config::Typed, record::Record, run};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle, time::sleep};

use crate::{
    error::DemoError,
    keeper::{Event, Line, key_json, parse},
    stage::Stage,
};

/// What finding and reading a protocol takes at most.
const READY: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// What it raises on its own word is over before the market is to be back.
const RAISES_FOR: &str = "10";

/// A keeper at work.
pub(super) struct Keeper {
    lines: Arc<Mutex<Vec<Line>>>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), KeeperError>>,
    /// Holds its key; removed after it.
    _folder: TempDir,
}

impl Keeper {
    /// Starts it with the arguments that an operator would type, and waits until it says that it watches.
    pub(super) async fn start(chain: &Chain, stage: &Stage) -> Result<Self, DemoError> {
        let failed = |source| DemoError::Io { what: "a key file for the keeper".to_owned(), source };
        let folder = tempfile::tempdir().map_err(failed)?;
        let key = folder.path().join("keeper.json");
        let mut file =
            fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key).map_err(failed)?;
        file.write_all(&key_json(&stage.keeper)).map_err(failed)?;

        let (protocol, key) = (stage.venue.protocol.to_string(), key.display().to_string());
        let typed = ["firebreak-keeper", "--json", "--url", chain.rpc_url(), "--ws-url", chain.ws_url()];
        let typed = typed.into_iter().chain(["--protocol", &protocol, "--keypair", &key]);
        let typed = typed.chain(["--raise-seconds", RAISES_FOR]);
        let refused = |said: String| DemoError::Command { command: "firebreak-keeper".to_owned(), said };
        let typed = Typed::try_parse_from(typed).map_err(|error| refused(error.to_string()))?;
        let (_, config) = typed.resolve().map_err(|error| refused(error.to_string()))?;

        let lines = Arc::default();
        let record = Record::new(config.format, Box::new(Lines(Arc::clone(&lines))));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(run(config, record, async {
            // whoever would have asked went away
            let _ = stopped.await;
        }));
        let mut keeper = Self { lines, stop, task, _folder: folder };
        for _ in 0..READY.as_millis() / POLL.as_millis() {
            if keeper.lines().iter().any(|line| matches!(line.event, Event::Ready)) {
                return Ok(keeper);
            }
            keeper.require_alive().await?;
            sleep(POLL).await;
        }
        Err(DemoError::KeeperNotReady { seconds: READY.as_secs(), said: String::new() })
    }

    /// An error if it has ended.
    pub(super) async fn require_alive(&mut self) -> Result<(), DemoError> {
        if self.task.is_finished() {
            (&mut self.task).await??;
        }
        Ok(())
    }

    /// What it wrote so far.
    fn lines(&self) -> Vec<Line> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it; what it wrote.
    pub(super) async fn stop(self) -> Result<Vec<Line>, DemoError> {
        let lines = Arc::clone(&self.lines);
        // one that has ended by itself says why
        let _ = self.stop.send(());
        self.task.await??;
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(lines)
    }
}

/// Takes its record, a line at a time, as it writes it.
struct Lines(Arc<Mutex<Vec<Line>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(line) = parse(&String::from_utf8_lossy(bytes)) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
