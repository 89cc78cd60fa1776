//! `cargo xtask bench`.

use std::ffi::OsString;

use anyhow::{Context, Result, bail};

use crate::build::{self, Options};
use crate::host;
use crate::ids::Ids;
use crate::process::run;
use crate::progress::step;
use crate::validator;
use crate::workspace::Workspace;

/// The program that measures compute units.
pub(crate) const CU: &str = "cu";
/// The program that measures a guardian's pause.
const PAUSE: &str = "pause";
/// The program that measures a migration.
const MIGRATE: &str = "migrate";
/// What these two measure.
const GUARDIAN: &str = "firebreak-guardian";
/// The programs on its chains.
const PROGRAMS: [&str; 2] = ["breaker", "venue"];
/// Says to the bench that there is no validator.
const SURFNET: &str = "--surfnet";

/// What is measured.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Bench {
    /// Compute units of each instruction, in the real VM
    Cu {
        /// Passed on: --json prints a list, --check compares with docs/compute-units.md
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// A guardian's pause from key press to confirmed, on the real validator and on a Surfnet
    Pause {
        /// Passed on: --runs N, --surfnet prints the figures of a Surfnet alone
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
    /// A migration of 1 and of 40 vaults, from the order to empty, on the real validator and on a Surfnet
    Migrate {
        /// Passed on: --runs N, --surfnet prints the figures of a Surfnet alone
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
}

/// Builds the programs and a bench and runs it.
pub(crate) fn command(workspace: &Workspace, bench: &Bench) -> Result<()> {
    host::require_packages()?;
    match bench {
        Bench::Cu { arguments } => cu(workspace, arguments),
        Bench::Pause { arguments } => on_chains(workspace, PAUSE, arguments),
        Bench::Migrate { arguments } => on_chains(workspace, MIGRATE, arguments),
    }
}

fn cu(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    build::build(workspace, &Options::everything())?;
    let binaries =
        step("compute-unit bench", || host::build_programs(workspace, &[CU], &[], &Ids::default()))?;
    let cu = binaries.first().context("cargo built no bench")?;
    run(cu.command(workspace).args(arguments))
}

/// A bench that runs the command line on chains.
fn on_chains(workspace: &Workspace, bench: &str, arguments: &[OsString]) -> Result<()> {
    build::build(workspace, &Options::only(&PROGRAMS))?;
    let binaries = step("bench and command line", || {
        host::build_programs(workspace, &[bench, GUARDIAN], &[], &Ids::default())
    })?;
    let [bench, guardian] = binaries.as_slice() else { bail!("cargo built no bench") };
    let mut command = bench.command(workspace);
    command.args(arguments).env("FIREBREAK_GUARDIAN", &guardian.path);
    if !arguments.iter().any(|argument| argument == SURFNET) {
        command.env(validator::VARIABLE, validator::require()?);
    }
    run(&mut command)
}
