//! The demo: an attack on a guarded venue, with and without the breaker, on a real chain.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    Path, Report, Scenario,
    common::{Common, progress},
    page,
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
    #[command(flatten)]
    common: Common,
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
        let scenario = Scenario { path, ground: arguments.common.ground(), keeper: programs::keeper() };
        reports.push(runtime.block_on(run(&scenario))?);
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

fn print(arguments: &Arguments, reports: &[Report]) -> Result<()> {
    let mut out = io::stdout().lock();
    if arguments.common.json {
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
