//! `solana-test-validator` as a child process with a ledger of its own.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_signer::Signer;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{ChainError, Options, ports};

/// The release that Firebreak is tested on, and so the name of its folder in the cache.
const VERSION: &str = "4.2.2";
const BINARY: &str = "solana-test-validator";
/// Two cores under load take some 20 s.
const START: Duration = Duration::from_secs(120);
/// Programs of the genesis can be called from the slot after it; one more for the first vote.
const FIRST_USEFUL_SLOT: u64 = 2;
const LOG_TAIL_LINES: usize = 20;
/// RPC, websocket, faucet, gossip, then at least 26 ports that the validator takes as it likes.
const PORTS: u16 = 40;
/// What `--ticks-per-slot` counts.
const TICK_MICROS: u128 = 6_250;

/// The binary to start: `FIREBREAK_VALIDATOR`, else the one in the cache (`FIREBREAK_CACHE`, or `firebreak`
/// in the user's cache directory), else the one on `PATH`.
pub fn find() -> Result<PathBuf, ChainError> {
    if let Some(named) = env::var_os("FIREBREAK_VALIDATOR") {
        let named = PathBuf::from(named);
        return match named.is_file() {
            true => Ok(named),
            false => Err(ChainError::NoValidator(named)),
        };
    }
    let cached = cache_dir().join(format!("agave-validator-{VERSION}/bin")).join(BINARY);
    if cached.is_file() {
        return Ok(cached);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .map(|dir| dir.join(BINARY))
        .find(|binary| binary.is_file())
        .ok_or(ChainError::NoValidator(cached))
}

fn cache_dir() -> PathBuf {
    if let Some(dir) = env::var_os("FIREBREAK_CACHE") {
        return PathBuf::from(dir);
    }
    env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .unwrap_or_default()
        .join("firebreak")
}

pub(crate) struct Validator {
    process: Child,
    /// Removed after the process that writes there has ended.
    folder: TempDir,
}

impl Validator {
    /// Also gives the addresses of RPC and websocket.
    pub(crate) async fn start(
        options: &Options,
        payer: &Keypair,
    ) -> Result<(Self, String, String), ChainError> {
        let binary = find()?;
        let mut first = ports::free_run(PORTS)?;
        // The validator would take a wanted port in that run for something else. Runs do not come twice.
        if options.rpc_port.is_some_and(|rpc| (first..first + PORTS).contains(&rpc)) {
            first = ports::free_run(PORTS)?;
        }
        let rpc = options.rpc_port.unwrap_or(first);
        let websocket = ports::require_pair(rpc)?;

        let folder = tempfile::Builder::new().prefix("firebreak-").tempdir();
        let folder = folder.map_err(|source| ChainError::File { path: env::temp_dir(), source })?;
        let output = folder.path().join("output");
        let file = |source| ChainError::File { path: output.clone(), source };
        let stdout = File::create(&output).map_err(file)?;
        let stderr = stdout.try_clone().map_err(file)?;

        let process = Command::new(&binary)
            .args(arguments(options, payer, folder.path(), rpc, first))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .map_err(|source| ChainError::File { path: binary, source })?;
        let mut validator = Self { process, folder };
        let address = format!("http://127.0.0.1:{rpc}");
        validator.wait_until_ready(&address).await?;
        Ok((validator, address, format!("ws://127.0.0.1:{websocket}")))
    }

    async fn wait_until_ready(&mut self, address: &str) -> Result<(), ChainError> {
        let rpc = RpcClient::new_with_commitment(address.to_owned(), CommitmentConfig::processed());
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(ChainError::ValidatorEnded { status: status.to_string(), log: self.log_tail() });
            }
            let healthy = rpc.get_health().await.is_ok();
            if healthy && rpc.get_slot().await.is_ok_and(|slot| slot >= FIRST_USEFUL_SLOT) {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(ChainError::NotReady { node: "validator", after: START, log: self.log_tail() })
    }

    /// What it printed, then what it logged.
    fn log_tail(&self) -> String {
        ["output", "ledger/validator.log"]
            .iter()
            .flat_map(|name| tail(&self.folder.path().join(name)))
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(crate) async fn stop(self) -> Result<(), ChainError> {
        // Dropping kills the process and waits for its end.
        let stopped = tokio::task::spawn_blocking(move || drop(self));
        stopped
            .await
            .map_err(|error| ChainError::ValidatorEnded { status: error.to_string(), log: String::new() })
    }
}

impl Drop for Validator {
    fn drop(&mut self) {
        // It may have ended already; there is nothing else to do about either.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn arguments(options: &Options, payer: &Keypair, folder: &Path, rpc: u16, first: u16) -> Vec<String> {
    let ledger = folder.join("ledger").display().to_string();
    let payer = payer.pubkey().to_string();
    let mut arguments: Vec<String> = [
        "--quiet",
        "--reset",
        "--ledger",
        &ledger,
        "--mint",
        &payer,
        "--bind-address",
        "127.0.0.1",
        "--rpc-port",
        &rpc.to_string(),
        "--faucet-port",
        &(first + 2).to_string(),
        "--gossip-port",
        &(first + 3).to_string(),
        "--dynamic-port-range",
        &format!("{}-{}", first + 4, first + PORTS),
    ]
    .map(str::to_owned)
    .into();
    for program in &options.programs {
        let authority = program.upgrade_authority.map(|key| key.to_string());
        arguments.extend([
            "--upgradeable-program".to_owned(),
            program.address.to_string(),
            program.file.display().to_string(),
            authority.unwrap_or_else(|| payer.clone()),
        ]);
    }
    if let Some(slot) = options.slot_time {
        let ticks = (slot.as_micros() / TICK_MICROS).max(2);
        arguments.extend(["--ticks-per-slot".to_owned(), ticks.to_string()]);
    }
    arguments.extend(options.validator_args.iter().cloned());
    arguments
}

fn tail(file: &Path) -> Vec<String> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LOG_TAIL_LINES);
    lines[skipped..].iter().map(|line| (*line).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use solana_pubkey::Pubkey;

    use super::*;
    use crate::Program;

    #[test]
    fn arguments_carry_programs_ports_and_slot_time() {
        let payer = Keypair::new();
        let address = Pubkey::new_unique();
        let options = Options {
            slot_time: Some(Duration::from_millis(200)),
            ..Options::with_programs([Program::new(address, "/a/b.so")])
        };
        let arguments = arguments(&options, &payer, Path::new("/tmp/x"), 20_000, 18_000).join(" ");
        let program = format!("--upgradeable-program {address} /a/b.so {}", payer.pubkey());
        for wanted in [
            program.as_str(),
            "--rpc-port 20000",
            "--dynamic-port-range 18004-18040",
            "--ticks-per-slot 32",
            "--ledger /tmp/x/ledger",
        ] {
            assert!(arguments.contains(wanted), "{wanted} not in {arguments}");
        }
    }

    #[test]
    fn a_log_is_told_by_its_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("log");
        let lines: Vec<_> = (0..100).map(|n| format!("line {n}")).collect();
        fs::write(&file, lines.join("\n")).expect("written");
        let tail = tail(&file);
        assert_eq!(tail.len(), LOG_TAIL_LINES);
        assert_eq!(tail.last().map(String::as_str), Some("line 99"));
    }

    #[test]
    fn no_log_is_no_error() {
        assert!(tail(Path::new("/nowhere/log")).is_empty());
    }
}
