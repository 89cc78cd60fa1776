//! What the benches on chains have in common: the guardians' command line as a process, and the table in docs/latency.md.

use std::{
    env, fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread::available_parallelism,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use firebreak_client::interface::ids;
use serde_json::Value;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use tempfile::TempDir;

use crate::{Options, Program};

/// The programs that a bench guards and is guarded by.
pub fn programs() -> Result<Options> {
    let folder =
        env::var_os("FIREBREAK_PROGRAMS").context("`cargo xtask bench` says where the programs are")?;
    let folder = PathBuf::from(folder);
    let program = |address, file| Program::new(address, folder.join(file));
    Ok(Options::with_programs([program(ids::BREAKER, "breaker.so"), program(ids::VENUE, "venue.so")]))
}

/// `solana-test-validator` and its release.
pub fn version(validator: &Path) -> Result<String> {
    let said = Command::new(validator).arg("--version").output().context("the validator does not start")?;
    let said = String::from_utf8_lossy(&said.stdout);
    Ok(said.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

/// How busy the machine is.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().filter(|load| !load.is_empty()).unwrap_or("unknown").to_owned()
}

/// What the figures depend on.
pub fn machine(load: &str) -> String {
    let cores = available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let system = env::consts::OS;
    format!("The machine: {cores} cores of {model}, {system}, with a load of {load} before the first run.")
}

/// Least, median and most, as the last cells of a row; the figures are at least one.
pub fn cells(mut figures: Vec<u128>) -> String {
    figures.sort_unstable();
    let [least, median, most] = [0, figures.len() / 2, figures.len() - 1].map(|place| figures[place]);
    format!("{least} | {median} | {most} |\n")
}

/// Writes what this bench measured between its lines in docs/latency.md.
pub fn write(bench: &str, text: &str) -> Result<()> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/latency.md");
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let [begin, end] = ["begin", "end"].map(|what| format!("<!-- {what}: cargo xtask bench {bench} -->\n"));
    let (before, rest) =
        page.split_once(&begin).with_context(|| format!("{} has no line {begin:?}", path.display()))?;
    let (_, after) =
        rest.split_once(&end).with_context(|| format!("{} has no line {end:?}", path.display()))?;
    let page = [before, &begin, text, &end, after].concat();
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

/// The guardians' command line, as a process of its own, with their keys.
#[derive(Debug)]
pub struct CommandLine {
    binary: PathBuf,
    folder: TempDir,
    url: String,
    protocol: Pubkey,
}

impl CommandLine {
    /// For these guardians of a protocol.
    pub fn new(url: &str, protocol: Pubkey, guardians: &[Keypair]) -> Result<Self> {
        let binary = env::var_os("FIREBREAK_GUARDIAN").context("`cargo xtask bench` says where it is")?;
        let folder = tempfile::tempdir()?;
        // the machine's own configuration must not answer for what the command leaves out
        fs::write(folder.path().join("config.yml"), "")?;
        for (number, guardian) in guardians.iter().enumerate() {
            let path = folder.path().join(format!("{number}.json"));
            let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(serde_json::to_string(&guardian.to_bytes().to_vec())?.as_bytes())?;
        }
        Ok(Self { binary: binary.into(), folder, url: url.to_owned(), protocol })
    }

    /// Runs a command that the guardians of these numbers sign; gives its answer, and what it took from start to end.
    pub fn run(&self, command: &str, guardians: &[usize]) -> Result<(Value, Duration)> {
        let mut process = Command::new(&self.binary);
        process
            .args(command.split_whitespace())
            .args(["--yes", "--json", "--url", &self.url, "--protocol", &self.protocol.to_string()])
            .arg("--config")
            .arg(self.folder.path().join("config.yml"))
            .stdin(Stdio::null());
        for number in guardians {
            process.arg("--keypair").arg(self.folder.path().join(format!("{number}.json")));
        }
        let start = Instant::now();
        let output = process.output().context("the command line does not start")?;
        let took = start.elapsed();
        ensure!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr).trim_end());
        let answer = serde_json::from_slice(&output.stdout).with_context(|| format!("{command}: no JSON"))?;
        Ok((answer, took))
    }
}
