//! The drill of a migration: an attack, all vaults to safety, what waited for its users, and the staged return.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    common::{Common, progress},
    migration::{
        Ending, Report,
        page::{self, LIMITS},
        run,
    },
    page::Style,
};

/// Attacks a guarded venue on a real chain, and brings its money to safety and back.
///
/// Guardians pause, order the migration and judge what waits in the safe; anybody moves the vaults and pays the users. Then the
/// money goes back in steps, or, on another chain, is shared out among the users. All of it in a drill's seconds, by a drill's programs. Progress goes to standard error, the report
/// to standard output. The exit code is 1 where a promise of the breaker was not kept, and where the drill itself could not run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo --migrate", version)]
struct Arguments {
    /// How it ends; both ways, one after the other, if not given.
    #[arg(long, value_enum)]
    ending: Option<Ending>,
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
    let endings = arguments.ending.map_or_else(|| Ending::ALL.to_vec(), |ending| vec![ending]);
    let mut reports = Vec::new();
    for ending in endings {
        reports.push((ending, runtime.block_on(run(&arguments.common.ground(), ending))?));
    }
    print(arguments, &reports).context("writing the report")?;
    let mut kept = true;
    for (ending, report) in &reports {
        for broken in report.broken() {
            eprintln!("error: the drill that ends with {}: {broken}", ending.name());
            kept = false;
        }
    }
    progress("done");
    Ok(kept)
}

fn print(arguments: &Arguments, reports: &[(Ending, Report)]) -> Result<()> {
    let mut out = io::stdout().lock();
    if arguments.common.json {
        // with one ending its figures, else both by name
        match (arguments.ending, reports) {
            (Some(_), [(_, report)]) => serde_json::to_writer(&mut out, &report.figures)?,
            _ => {
                let by_name: BTreeMap<_, _> =
                    reports.iter().map(|(ending, report)| (ending.name(), &report.figures)).collect();
                serde_json::to_writer(&mut out, &by_name)?;
            }
        }
        writeln!(out)?;
    } else {
        let style = Style::of_stdout();
        for (_, report) in reports {
            writeln!(out, "{}", page::render(report, style))?;
        }
        writeln!(out, "{LIMITS}")?;
    }
    Ok(out.flush()?)
}
