//! The demo: an attack on a guarded venue, with and without the breaker, on a real chain.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
    sync::LazyLock,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    ChainKind, Path, Report, Scenario, page,
    page::{LIMITS, Style},
    programs, run,
};

/// Attacks a guarded venue on a real chain, then the same venue without the breaker, and tells both.
///
/// Progress goes to standard error, the report to standard output. The exit code is 1 where a promise of the breaker
/// was not kept, and where the demo itself could not run.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How the attacker comes in; both ways, one after the other, if not given.
    #[arg(long, value_enum)]
    path: Option<Path>,
    /// Run on solana-test-validator instead of an embedded Surfnet.
    #[arg(long)]
    validator: bool,
    /// Print figures for machines instead of the page for people.
    #[arg(long)]
    json: bool,
    /// Length of a slot in milliseconds.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(50..=2_000))]
    slot_ms: Option<u64>,
    /// RPC port of the chain, with the websocket on the next one; free ones if not given.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1_024..=65_534))]
    rpc_port: Option<u16>,
}

fn main() -> ExitCode {
    match command(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept.
fn command(arguments: &Arguments) -> Result<bool> {
    progress("starting");
    let runtime = tokio::runtime::Runtime::new().context("starting the demo's threads")?;
    let paths = arguments.path.map_or_else(|| Path::ALL.to_vec(), |path| vec![path]);
    let mut reports = Vec::new();
    for path in paths {
        reports.push(runtime.block_on(run(&scenario(arguments, path)))?);
    }
    print(arguments, &reports).context("writing the report")?;
    let mut kept = true;
    for report in &reports {
        for broken in report.broken() {
            eprintln!("error: the {} path: {broken}", report.path.name());
            kept = false;
        }
    }
    progress("done");
    Ok(kept)
}

fn scenario(arguments: &Arguments, path: Path) -> Scenario {
    Scenario {
        path,
        chain: if arguments.validator { ChainKind::Validator } else { ChainKind::Surfnet },
        slot_time: arguments.slot_ms.map(Duration::from_millis),
        rpc_port: arguments.rpc_port,
        programs: programs::folder(),
        keeper: programs::keeper(),
        progress,
    }
}

/// What is going on, by the time since the start.
fn progress(text: &str) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("demo {:>5.1} s  {text}", START.elapsed().as_secs_f64());
}

fn print(arguments: &Arguments, reports: &[Report]) -> Result<()> {
    let mut out = io::stdout().lock();
    if arguments.json {
        // With one path its figures, else both by name.
        match (arguments.path, reports) {
            (Some(_), [report]) => serde_json::to_writer(&mut out, &report.figures)?,
            _ => {
                let by_name: BTreeMap<_, _> =
                    reports.iter().map(|report| (report.path.name(), &report.figures)).collect();
                serde_json::to_writer(&mut out, &by_name)?;
            }
        }
        writeln!(out)?;
    } else {
        let style = Style::of_stdout();
        for report in reports {
            writeln!(out, "{}", page::render(report, style))?;
        }
        writeln!(out, "{LIMITS}")?;
    }
    Ok(out.flush()?)
}
