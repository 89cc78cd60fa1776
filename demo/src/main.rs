//! The demo: an attack on a guarded venue, with and without the breaker, on a real chain.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    Figures, Path, Scenario,
    common::{Common, Told, finish, progress},
    page::{LIMITS, Style, render},
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
    let arguments = Arguments::parse();
    finish(runs(&arguments), arguments.path.is_some(), arguments.common.json, LIMITS)
}

fn runs(arguments: &Arguments) -> Result<Vec<Told<Figures>>> {
    progress("starting");
    let runtime = tokio::runtime::Runtime::new().context("starting the demo's threads")?;
    let paths = arguments.path.map_or_else(|| Path::ALL.to_vec(), |path| vec![path]);
    let run = |path: Path| {
        let scenario = Scenario { path, ground: arguments.common.ground(), keeper: programs::keeper() };
        let report = runtime.block_on(run(&scenario))?;
        Ok(Told {
            name: path.name(),
            page: render(&report, Style::of_stdout()),
            broken: report.broken().iter().map(ToString::to_string).collect(),
            figures: report.figures,
        })
    };
    paths.into_iter().map(run).collect()
}
