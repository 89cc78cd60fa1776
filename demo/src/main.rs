//! The demo: an attack on a guarded venue, with and without the breaker, on a real chain.

use std::{
    io::{self, Write},
    process::ExitCode,
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
    let start = Instant::now();
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
    eprintln!("demo: {:.1} s", start.elapsed().as_secs_f64());
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
        progress: |text| eprintln!("demo: {text}"),
    }
}

fn print(arguments: &Arguments, reports: &[Report]) -> Result<()> {
    let mut out = io::stdout().lock();
    if arguments.json {
        // With one path its figures, else both by name.
        match (arguments.path, reports) {
            (Some(_), [report]) => serde_json::to_writer(&mut out, &report.figures)?,
            _ => {
                let by_name: serde_json::Map<_, _> = reports
                    .iter()
                    .map(|report| Ok((report.path.name().to_owned(), serde_json::to_value(&report.figures)?)))
                    .collect::<Result<_>>()?;
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
