//! Build, test, demo, deploy, bench, idl: the commands of this checkout. `cargo xtask help` lists them.

mod artefacts;
mod bench;
mod build;
mod demo;
mod deploy;
mod host;
mod idl;
mod ids;
mod packages;
mod platform;
mod process;
mod progress;
mod registry;
mod stamp;
mod test;
mod validator;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::Workspace;

const EXAMPLES: &str = "\
Examples:
  cargo xtask build                    breaker.so and venue.so in target/deploy
  cargo xtask build venue_drainable    one program; `--all` for all of them
  cargo xtask build --ids mine.json    for your own program addresses
  cargo xtask deploy --check breaker.so --program-id KEYPAIR --ids mine.json
                                       whether it may be deployed under that address
  cargo xtask test                     all checks that need no validator
  cargo xtask test --validator         what CI runs
  cargo xtask demo --path recorded     an attack, with and without the breaker
  cargo xtask demo --migrate           the drill: an attack, all vaults to safety, and back
  cargo xtask bench cu --json          compute units per instruction
  cargo xtask bench pause              a guardian's pause, from key press to confirmed
  cargo xtask bench migrate            1 and 40 vaults to safety, from the order to empty

Environment:
  CARGO_TARGET_DIR       where everything is built [default: target]
  FIREBREAK_CACHE        where the validator is kept [default: firebreak in your cache folder]
  FIREBREAK_VALIDATOR    a solana-test-validator to use
  FIREBREAK_SBF_RUSTC    the compiler of the registry build
  FIREBREAK_LLVM_CONFIG  llvm-config of LLVM 22
  FIREBREAK_SBF_LINKER   a compiled SBF linker";

#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "The commands of the Firebreak checkout. Each does its own set-up.",
    after_help = EXAMPLES
)]
struct Arguments {
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the on-chain programs to target/deploy
    Build(build::Options),
    /// Run every check: formatting, clippy, unit tests, programs in the VM and on real chains
    Test(test::Arguments),
    /// Show an attack on the example venue, with the breaker and without
    Demo(demo::Arguments),
    /// Deploy a program with the Solana command line, unless it is a drill or another than it is deployed as
    Deploy(deploy::Arguments),
    /// Write idl/*.json, the interface descriptions of the programs
    Idl(idl::Arguments),
    /// Measure
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    if let Some(code) = registry::wrapper::if_wrapper() {
        return code;
    }
    run(Arguments::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(arguments: Arguments) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    match arguments.command {
        Task::Build(options) => build::command(&workspace, &options)?,
        Task::Test(arguments) => return Ok(test::command(&workspace, &arguments)),
        Task::Demo(arguments) => demo::command(&workspace, &arguments)?,
        Task::Deploy(arguments) => deploy::command(&workspace, &arguments)?,
        Task::Idl(arguments) => idl::command(&workspace, &arguments)?,
        Task::Bench(bench) => bench::command(&workspace, &bench)?,
    }
    Ok(ExitCode::SUCCESS)
}
