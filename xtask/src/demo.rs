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

/// Asks for the drill of a migration.
const MIGRATE: &str = "--migrate";

/// A demo: a program of this checkout, and what it deploys.
struct Demo {
    programs: &'static [&'static str],
    /// The demo itself comes first.
    binaries: &'static [&'static str],
    features: &'static [&'static str],
}

/// The breaker, and the venue with a bug, with the breaker and without.
const ATTACK: Demo = Demo {
    programs: &["breaker", "venue_drainable", "venue_unguarded"],
    binaries: &["firebreak-demo", "firebreak-keeper"],
    features: &[],
};

/// The same with delays of seconds; whatever talks to a drill is compiled for it.
const MIGRATION: Demo = Demo {
    programs: &["breaker_drill", "venue_drill"],
    binaries: &["firebreak-demo-drill"],
    features: &["firebreak-demo-drill/drill"],
};

/// What the demo is asked for.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Passed on to the demo: --path recorded|undeclared, --validator, --json; `-- --help` lists all. With --migrate it is
    /// the drill of a migration: money to safety and back
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENT")]
    arguments: Vec<OsString>,
}

impl Arguments {
    /// Which demo, and what is passed on to it.
    fn resolve(&self) -> (Demo, Vec<&OsString>) {
        let rest: Vec<_> = self.arguments.iter().filter(|argument| *argument != MIGRATE).collect();
        let demo = if rest.len() == self.arguments.len() { ATTACK } else { MIGRATION };
        (demo, rest)
    }
}

/// Makes everything that the demo needs and runs it.
pub(crate) fn command(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let (demo, arguments) = arguments.resolve();
    host::require_packages()?;
    build::build(workspace, &Options::only(demo.programs))?;
    let binaries =
        step("demo", || host::build_programs(workspace, demo.binaries, demo.features, &Ids::default()))?;
    let mut command = Command::new(&binaries.first().context("cargo built no demo")?.path);
    command.args(&arguments);
    host::describe(workspace, &mut command);
    if arguments.iter().any(|argument| *argument == "--validator") {
        command.env(validator::VARIABLE, validator::require()?);
    }
    run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drill_is_asked_for_anywhere_among_the_arguments() {
        let resolve = |typed: &[&str]| {
            let arguments = Arguments { arguments: typed.iter().map(OsString::from).collect() };
            let (demo, rest) = arguments.resolve();
            let rest: Vec<_> = rest.into_iter().map(|one| one.to_string_lossy().into_owned()).collect();
            (demo.binaries[0], rest)
        };
        assert_eq!(resolve(&["--json"]), ("firebreak-demo", vec!["--json".to_owned()]));
        for typed in [["--migrate", "--json"], ["--json", "--migrate"]] {
            assert_eq!(resolve(&typed), ("firebreak-demo-drill", vec!["--json".to_owned()]));
        }
    }
}
