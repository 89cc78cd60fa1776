//! `cargo xtask demo`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result};

use crate::build::{self, Options};
use crate::host;
use crate::ids::Ids;
use crate::process::run;
use crate::progress::step;
use crate::validator;
use crate::workspace::Workspace;

/// The programs that it deploys: the breaker, and the venue's drill with it and without.
const PROGRAMS: [&str; 3] = ["breaker", "venue_drainable", "venue_unguarded"];

/// What the demo is asked for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to the demo: --path recorded|undeclared, --validator, --json; `-- --help` lists all
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

/// Makes everything that the demo needs and runs it.
pub(crate) fn command(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    host::require_packages()?;
    build::build(workspace, &Options::only(&PROGRAMS))?;
    let binaries = step("demo and keeper", || {
        host::build_programs(workspace, &["firebreak-demo", "firebreak-keeper"], &Ids::default())
    })?;
    let demo = binaries.first().context("cargo built no demo")?;
    let mut command = Command::new(&demo.path);
    command.args(&arguments.arguments);
    host::describe(workspace, &mut command);
    if arguments.arguments.iter().any(|argument| argument == "--validator") {
        command.env(validator::VARIABLE, validator::require()?);
    }
    run(&mut command)
}
