//! `cargo xtask test`: every check of this checkout, and one line that sums them up.

mod libtest;
mod reproduce;
mod session;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::bench;
use crate::build::{self, Options};
use crate::deploy;
use crate::host::{self, Binary};
use crate::idl;
use crate::process::{cargo, run};
use crate::registry;
use crate::validator;
use crate::workspace::Workspace;
use session::{Session, Which};

const SCENARIOS: &str = "tests/scenarios";
const DRILL: &str = "tests/drill";
/// The drill's tests on chains.
const DRILL_DEMO: &str = "demo/drill";
/// What makes a drill of whoever is built for it, and what is.
const DRILLS: &str = "firebreak-drill/drill,firebreak-demo-drill/drill";
const DRILL_PROGRAM: &str = "firebreak-demo-drill";
const DRILL_TESTS: [&str; 2] = ["drill", "migration_drill"];
const ON_CHAIN: [&str; 2] = ["tests/chain", "demo"];
const DIFFTEST: &str = "sbf-difftest-host";
const DIFFTEST_PROGRAM: &str = "sbf_difftest_program.so";
/// Inputs for each function where time does not matter; the program's own default is for every day.
const DIFFTEST_FULL: &str = "100000";

/// How much is tested.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Run the end-to-end tests on solana-test-validator too, installing it where it is missing
    #[arg(long)]
    validator: bool,
    /// Run the slow suites too: tests marked #[ignore], ten times the inputs for the compiler's test, and
    /// the programs built again in another folder; implies --validator
    #[arg(long)]
    full: bool,
}

/// Runs the command; the last line of standard output is the sum.
pub(crate) fn command(workspace: &Workspace, arguments: &Arguments) -> ExitCode {
    let mut session = Session::new(workspace);
    everything(&mut session, arguments);
    let (table, total) = session.summary();
    print!("\n{table}");
    println!("{total}");
    if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn everything(session: &mut Session<'_>, arguments: &Arguments) {
    let workspace = session.workspace;
    session.check("what the checks need is installed", || {
        host::require_packages()?;
        host::require_components()
    });
    session
        .check("formatting", || run(cargo().current_dir(&workspace.root).args(["fmt", "--all", "--check"])));
    let programs =
        session.check("programs for the Solana VM", || build::build(workspace, &Options::everything()));
    let llvm = registry::find_llvm();
    let clippy = match llvm {
        Some(_) => "clippy",
        None => "clippy, without the SBF linker for want of LLVM 22",
    };
    session.check(clippy, || {
        let mut command = host::workspace_cargo(workspace, "clippy", llvm.as_deref());
        run(command.args(["--all-targets", "--", "-D", "warnings"]))
    });
    let binaries = session.check("host crates and tests, compiled", || {
        let mut command = host::workspace_cargo(workspace, "build", llvm.as_deref());
        host::build(workspace, command.args(["--bins", "--tests"]))
    });
    match &binaries {
        Some(binaries) => {
            host_tests(session, arguments, binaries, llvm.as_deref());
            match programs {
                Some(_) => {
                    let validator = Validator::find(session, arguments);
                    program_tests(session, arguments, binaries, &validator);
                    drill_tests(session, arguments, llvm.as_deref(), &validator);
                }
                None => session.skip("tests in the VM and on chains", "the programs do not build"),
            }
        }
        None => session.skip("all tests", "the host crates do not compile"),
    }
    session.check("idl/ is what the programs say", || idl::check(workspace));
    if arguments.full && programs.is_some() {
        session.check("same source, same bytes in another folder", || reproduce::check(workspace));
    }
}

/// Tests that need no compiled program.
fn host_tests(session: &mut Session<'_>, arguments: &Arguments, binaries: &[Binary], llvm: Option<&Path>) {
    let workspace = session.workspace;
    let suites = suites(binaries, |folder| folder != SCENARIOS && !ON_CHAIN.contains(&folder));
    session.suites("unit and property tests", suites, usual(arguments), None);
    session.tests("examples in the documentation", || {
        libtest::run(host::workspace_cargo(workspace, "test", llvm).arg("--doc"))
    });
}

/// Tests that load the compiled programs.
fn program_tests(
    session: &mut Session<'_>,
    arguments: &Arguments,
    binaries: &[Binary],
    validator: &Validator,
) {
    let workspace = session.workspace;
    session.check("compiler's output against native code", || {
        let mut command = program(binaries, DIFFTEST)?.command(workspace);
        command.arg("--program").arg(workspace.deploy().join(DIFFTEST_PROGRAM));
        if arguments.full {
            command.args(["--iterations", DIFFTEST_FULL]);
        }
        run(&mut command)
    });
    let merged = registry::merged(workspace);
    if merged.is_file() {
        session.check("a broken remedy of the linker is noticed", || {
            let linker = workspace.target.join("linker").join(registry::LINKER);
            let mut command = program(binaries, DIFFTEST)?.command(workspace);
            run(command.arg("--linker").arg(linker).arg("--merged").arg(&merged))
        });
    } else {
        session.skip("a broken remedy of the linker is noticed", "our linker did not build the programs");
    }
    let scenarios = suites(binaries, |folder| folder == SCENARIOS);
    session.suites("scenarios in LiteSVM", scenarios, usual(arguments), None);
    on_chains(session, validator, "end to end", || suites(binaries, |folder| ON_CHAIN.contains(&folder)));
    session.check("compute units are as documented", || {
        run(program(binaries, bench::CU)?.command(workspace).arg("--check"))
    });
}

/// Tests of the drill, whose rules are compiled once more for them: where they are, delays are seconds for everybody.
fn drill_tests(session: &mut Session<'_>, arguments: &Arguments, llvm: Option<&Path>, validator: &Validator) {
    let workspace = session.workspace;
    session.check("no program but a drill is one", || deploy::check_built(workspace));
    let of_drills = |subcommand| {
        let mut command = host::workspace_cargo(workspace, subcommand, llvm);
        command.args(["--features", DRILLS, "--bin", DRILL_PROGRAM]);
        command.args(DRILL_TESTS.map(|test| ["--test", test]).as_flattened());
        command
    };
    session.check("clippy of the drill", || run(of_drills("clippy").args(["--", "-D", "warnings"])));
    let binaries =
        session.check("tests of the drill, compiled", || host::build(workspace, &mut of_drills("build")));
    let Some(binaries) = binaries else {
        session.skip("the drill", "its tests do not compile");
        return;
    };
    let of = |folder| suites(&binaries, move |found| found == folder);
    session.suites("the drill in LiteSVM", of(DRILL), usual(arguments), None);
    on_chains(session, validator, "the drill of a migration", || of(DRILL_DEMO));
}

/// Tests on real chains: on a Surfnet, and on the validator where there is one. Where it was not asked for, what needs it is
/// counted as skipped.
fn on_chains<'b, S: Iterator<Item = &'b Binary>>(
    session: &mut Session<'_>,
    validator: &Validator,
    what: &str,
    suites: impl Fn() -> S,
) {
    let surfnet = match validator {
        Validator::NotWanted => Which::Usual,
        Validator::Missing | Validator::At(_) => Which::UsualOnly,
    };
    session.suites(&format!("{what} on Surfnet"), suites(), surfnet, None);
    let name = format!("{what} on solana-test-validator");
    match validator {
        Validator::NotWanted => {}
        Validator::Missing => session.skip(&name, "it could not be installed"),
        Validator::At(binary) => session.suites(&name, suites(), Which::Ignored, Some(binary)),
    }
}

/// `solana-test-validator`.
enum Validator {
    NotWanted,
    Missing,
    At(PathBuf),
}

impl Validator {
    fn find(session: &mut Session<'_>, arguments: &Arguments) -> Self {
        if !arguments.validator && !arguments.full {
            return Self::NotWanted;
        }
        let found = session.check("solana-test-validator is there", validator::require);
        found.map_or(Self::Missing, Self::At)
    }
}

fn usual(arguments: &Arguments) -> Which {
    if arguments.full { Which::All } else { Which::Usual }
}

fn suites<'a>(
    binaries: &'a [Binary],
    wanted: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = &'a Binary> {
    binaries.iter().filter(move |binary| binary.tests && wanted(&binary.folder))
}

fn program<'a>(binaries: &'a [Binary], name: &str) -> Result<&'a Binary> {
    binaries
        .iter()
        .find(|binary| binary.name == name && !binary.tests)
        .with_context(|| format!("the workspace has no program called {name}"))
}
