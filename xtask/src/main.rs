//! Build, test, demo, bench, idl: the commands of this checkout. `cargo xtask help` lists them.

mod artefacts;
mod build;
mod platform;
mod process;
mod progress;
mod registry;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "The commands of the Firebreak checkout")]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the on-chain programs to target/deploy
    Build(build::Options),
}

fn main() -> ExitCode {
    if let Some(code) = registry::wrapper::if_wrapper() {
        return code;
    }
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let workspace = Workspace::find()?;
    match arguments.command {
        Task::Build(options) => build::command(&workspace, &options),
    }
}
