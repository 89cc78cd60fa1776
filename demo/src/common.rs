//! What every demo takes on its command line, and how it ends.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::{
    programs,
    scenario::{ChainKind, Ground},
};

/// Where to run, and what to print.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Common {
    /// Run on solana-test-validator instead of an embedded Surfnet.
    #[arg(long)]
    pub validator: bool,
    /// Print figures for machines instead of the page for people.
    #[arg(long)]
    pub json: bool,
    /// Length of a slot in milliseconds.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(50..=2_000))]
    pub slot_ms: Option<u64>,
    /// RPC port of the chain, with the websocket on the next one; free ones if not given.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1_024..=65_534))]
    pub rpc_port: Option<u16>,
}

impl Common {
    /// Where they say that a run takes place; it tells of itself on standard error.
    pub fn ground(&self) -> Ground {
        Ground {
            chain: if self.validator { ChainKind::Validator } else { ChainKind::Surfnet },
            slot_time: self.slot_ms.map(Duration::from_millis),
            rpc_port: self.rpc_port,
            programs: programs::folder(),
            progress,
        }
    }
}

/// A run, told for people and for machines.
#[derive(Clone, Debug)]
pub struct Told<F> {
    /// Its name on the command line.
    pub name: &'static str,
    /// For machines.
    pub figures: F,
    /// For people.
    pub page: String,
    /// The promises that it did not see kept.
    pub broken: Vec<String>,
}

/// Prints the runs, or why there are none, and gives the exit code: success where every promise was kept. `is_alone` says that
/// one run was asked for: its figures are then printed without its name. `limits` ends the page.
pub fn finish<F: Serialize>(
    runs: Result<Vec<Told<F>>>,
    is_alone: bool,
    json: bool,
    limits: &str,
) -> ExitCode {
    let told = runs.and_then(|runs| {
        print(&runs, is_alone, json, limits).context("writing the report")?;
        Ok(runs)
    });
    let runs = match told {
        Ok(runs) => runs,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let mut exit = ExitCode::SUCCESS;
    for run in &runs {
        for broken in &run.broken {
            eprintln!("error: {}: {broken}", run.name);
            exit = ExitCode::FAILURE;
        }
    }
    progress("done");
    exit
}

fn print<F: Serialize>(runs: &[Told<F>], is_alone: bool, json: bool, limits: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match runs {
        [run] if json && is_alone => writeln!(out, "{}", serde_json::to_string(&run.figures)?)?,
        _ if json => {
            let by_name: BTreeMap<_, _> = runs.iter().map(|run| (run.name, &run.figures)).collect();
            writeln!(out, "{}", serde_json::to_string(&by_name)?)?;
        }
        _ => {
            for run in runs {
                writeln!(out, "{}", run.page)?;
            }
            writeln!(out, "{limits}")?;
        }
    }
    Ok(out.flush()?)
}

/// What is going on, by the time since the first word.
pub fn progress(text: &str) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("demo {:>5.1} s  {text}", START.elapsed().as_secs_f64());
}
