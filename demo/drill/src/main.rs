//! The drill of a migration: an attack, all vaults to safety, what waited for its users, and the way back or out.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use firebreak_demo::{
    common::{Common, Told, finish, progress},
    migration::{
        Ending, Figures,
        page::{LIMITS, render},
        run,
    },
    page::Style,
};

/// Attacks a guarded venue on a real chain, and brings its money to safety.
///
/// Guardians pause, order the migration and judge what waits in the safe; anybody moves the vaults and pays the users. Then the
/// money goes back in steps, or, on another chain, is shared out among the users. All of it in a drill's seconds, by a drill's
/// programs. Progress goes to standard error, the report to standard output. The exit code is 1 where a promise of the breaker was
/// not kept, and where the drill itself could not run.
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
    let arguments = Arguments::parse();
    finish(runs(&arguments), arguments.ending.is_some(), arguments.common.json, LIMITS)
}

fn runs(arguments: &Arguments) -> Result<Vec<Told<Figures>>> {
    progress("starting");
    let runtime = tokio::runtime::Runtime::new().context("starting the demo's threads")?;
    let endings = arguments.ending.map_or_else(|| Ending::ALL.to_vec(), |ending| vec![ending]);
    let run = |ending: Ending| {
        let report = runtime.block_on(run(&arguments.common.ground(), ending))?;
        Ok(Told {
            name: ending.name(),
            page: render(&report, Style::of_stdout()),
            broken: report.broken().iter().map(ToString::to_string).collect(),
            figures: report.figures,
        })
    };
    endings.into_iter().map(run).collect()
}
