//! The drill of a migration: an attack, all vaults to safety, what waited for its users, and the staged return.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    common::{Common, progress},
    migration::{
        Report,
        page::{self, LIMITS},
        run,
    },
    page::Style,
};

/// Attacks a guarded venue on a real chain, and brings its money to safety and back.
///
/// Guardians pause, order the migration and judge what waits in the safe; anybody moves the vaults and pays the users; the
/// authority begins the release. All of it in a drill's seconds, by a drill's programs. Progress goes to standard error, the report
/// to standard output. The exit code is 1 where a promise of the breaker was not kept, and where the drill itself could not run.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo --migrate", version)]
struct Arguments {
    #[command(flatten)]
    common: Common,
}

fn main() -> ExitCode {
    match command(Arguments::parse().common) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every promise was kept.
fn command(arguments: Common) -> Result<bool> {
    progress("starting");
    let runtime = tokio::runtime::Runtime::new().context("starting the demo's threads")?;
    let report = runtime.block_on(run(&arguments.ground()))?;
    print(&report, arguments.json).context("writing the report")?;
    let broken = report.broken();
    for broken in &broken {
        eprintln!("error: {broken}");
    }
    progress("done");
    Ok(broken.is_empty())
}

fn print(report: &Report, json: bool) -> Result<()> {
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, &report.figures)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}\n{LIMITS}", page::render(report, Style::of_stdout()))?;
    }
    Ok(out.flush()?)
}
