//! The keeper, in this process: the drill's rules are compiled into it, as into everything that talks to a drill.

use std::{
    io::{self, Write},
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
    keeper::{Event, Line, parse, write_key},
    stage::Stage,
};

/// What finding and reading a protocol takes at most.
const READY: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(20);
/// What it raises on its own word is over before the market is to be back.
const RAISES_FOR: &str = "10";
/// Lines of its record that an error shows.
const TAIL: usize = 20;

/// A keeper at work.
pub(super) struct Keeper {
    record: Lines,
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
        write_key(&key, &stage.keeper).map_err(failed)?;

        let (protocol, key) = (stage.venue.protocol.to_string(), key.display().to_string());
        let typed = ["firebreak-keeper", "--json", "--url", chain.rpc_url(), "--ws-url", chain.ws_url()];
        let typed = typed.into_iter().chain(["--protocol", &protocol, "--keypair", &key]);
        let typed = typed.chain(["--raise-seconds", RAISES_FOR]);
        let refused = |said: String| DemoError::Command { command: "firebreak-keeper".to_owned(), said };
        let typed = Typed::try_parse_from(typed).map_err(|error| refused(error.to_string()))?;
        let (_, config) = typed.resolve().map_err(|error| refused(error.to_string()))?;

        let lines = Lines::default();
        let record = Record::new(config.format, Box::new(lines.clone()));
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(run(config, record, async {
            // whoever would have asked went away
            let _ = stopped.await;
        }));
        let mut keeper = Self { record: lines, stop, task, _folder: folder };
        for _ in 0..READY.as_millis() / POLL.as_millis() {
            if keeper.record.read().iter().any(|line| matches!(line.event, Event::Ready)) {
                return Ok(keeper);
            }
            keeper.require_alive("while starting").await?;
            sleep(POLL).await;
        }
        Err(DemoError::KeeperNotReady { seconds: READY.as_secs(), said: keeper.record.tail() })
    }

    /// An error if it has ended: nobody told it to.
    pub(super) async fn require_alive(&mut self, when: &'static str) -> Result<(), DemoError> {
        if !self.task.is_finished() {
            return Ok(());
        }
        (&mut self.task).await??;
        Err(DemoError::KeeperEnded { when, status: "by itself".to_owned(), said: self.record.tail() })
    }

    /// Ends it; what it wrote.
    pub(super) async fn stop(self) -> Result<Vec<Line>, DemoError> {
        // one that has ended by itself says why
        let _ = self.stop.send(());
        self.task.await??;
        Ok(self.record.read())
    }
}

/// Its record, a line at a time, as it writes it.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    fn read(&self) -> Vec<Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().filter_map(|line| parse(line)).collect()
    }

    /// Its last lines.
    fn tail(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines[lines.len().saturating_sub(TAIL)..].concat()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let line = String::from_utf8_lossy(bytes).into_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
