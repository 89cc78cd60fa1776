//! `cargo xtask bench`.

use std::ffi::OsString;

use anyhow::{Context, Result};

use crate::build::{self, Options};
use crate::host;
use crate::ids::Ids;
use crate::process::run;
use crate::progress::step;
use crate::workspace::Workspace;

/// The program that measures compute units.
pub(crate) const CU: &str = "cu";

/// What is measured.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Bench {
    /// Compute units of each instruction, in the real VM
    Cu {
        /// Passed on: --json prints a list, --check compares with docs/compute-units.md
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
        arguments: Vec<OsString>,
    },
}

/// Builds the programs and the bench and runs it.
pub(crate) fn command(workspace: &Workspace, bench: &Bench) -> Result<()> {
    let Bench::Cu { arguments } = bench;
    host::require_packages()?;
    build::build(workspace, &Options::everything())?;
    let binaries = step("compute-unit bench", || host::build_programs(workspace, &[CU], &Ids::default()))?;
    let cu = binaries.first().context("cargo built no bench")?;
    run(cu.command(workspace).args(arguments))
}
