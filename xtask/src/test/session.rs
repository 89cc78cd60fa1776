//! The steps of a test run: each is announced, timed, counted, and none stops the others.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use super::libtest::{self, Tally};
use crate::host::Binary;
use crate::progress::{duration, heading};
use crate::validator;
use crate::workspace::Workspace;

/// Which tests of a test program are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All but those marked `#[ignore]`, which count as skipped.
    Usual,
    /// All but those marked `#[ignore]`, which another step runs.
    UsualOnly,
    /// Only those marked `#[ignore]`.
    Ignored,
    /// All.
    All,
}

impl Which {
    fn argument(self) -> Option<&'static str> {
        match self {
            Self::Usual | Self::UsualOnly => None,
            Self::Ignored => Some("--ignored"),
            Self::All => Some("--include-ignored"),
        }
    }

    fn count(self, mut tally: Tally) -> Tally {
        if self == Self::UsualOnly {
            tally.skipped = 0;
        }
        tally
    }
}

struct Done {
    name: String,
    tally: Tally,
    remark: String,
}

/// A test run.
pub(super) struct Session<'a> {
    pub(super) workspace: &'a Workspace,
    done: Vec<Done>,
}

impl<'a> Session<'a> {
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        Self { workspace, done: Vec::new() }
    }

    /// Runs a step that counts its own tests; an error is one failure.
    pub(super) fn tests(&mut self, name: &str, work: impl FnOnce() -> Result<Tally>) {
        heading(self.done.len() + 1, name);
        let start = Instant::now();
        let tally = work().unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            Tally::FAIL
        });
        self.note(name, tally, duration(start.elapsed()));
    }

    /// Runs a step that is one check, and returns what it made.
    pub(super) fn check<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut made = None;
        self.tests(name, || {
            made = Some(work()?);
            Ok(Tally::PASS)
        });
        made
    }

    /// Notes a step that cannot be run.
    pub(super) fn skip(&mut self, name: &str, why: &str) {
        heading(self.done.len() + 1, name);
        self.note(name, Tally::SKIP, why.to_owned());
    }

    /// Runs `suites` one after the other, with the validator's binary named if there is one.
    pub(super) fn suites<'b>(
        &mut self,
        name: &str,
        suites: impl Iterator<Item = &'b Binary>,
        which: Which,
        validator: Option<&Path>,
    ) {
        let workspace = self.workspace;
        self.tests(name, || {
            let mut tally = Tally::default();
            for suite in suites {
                println!("{} ({})", suite.name, suite.folder);
                let mut command = suite.command(workspace);
                command.args(which.argument());
                if let Some(binary) = validator {
                    command.env(validator::VARIABLE, binary);
                }
                tally += which.count(libtest::run(&mut command)?);
            }
            Ok(tally)
        });
    }

    /// A table of the steps, and their sum.
    pub(super) fn summary(&self) -> (String, Tally) {
        let width = self.done.iter().map(|step| step.name.len()).max().unwrap_or_default();
        let mut table = String::new();
        let mut total = Tally::default();
        for (number, step) in (1..).zip(&self.done) {
            let counts = step.tally.to_string();
            table += &format!("{number:>3}. {:width$}  {counts:<34}  {}\n", step.name, step.remark);
            total += step.tally;
        }
        (table, total)
    }

    fn note(&mut self, name: &str, tally: Tally, remark: String) {
        eprintln!("    {name}: {tally} ({remark})");
        self.done.push(Done { name: name.to_owned(), tally, remark });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::path::PathBuf;

    fn workspace() -> Workspace {
        Workspace {
            root: "/nonexistent".into(),
            target: "/nonexistent/target".into(),
            this: "/nonexistent/xtask".into(),
        }
    }

    #[test]
    fn a_step_that_fails_counts_and_the_next_is_run() {
        let workspace = workspace();
        let mut session = Session::new(&workspace);
        assert_eq!(session.check("one", || Ok(7)), Some(7));
        assert_eq!(session.check::<()>("two", || bail!("broken")), None);
        session.skip("three", "two failed");
        let missing = Binary {
            name: "suite".into(),
            folder: "tests".into(),
            path: PathBuf::from("/nonexistent/suite"),
            tests: true,
        };
        session.suites("four", [&missing].into_iter(), Which::Usual, None);
        let (table, total) = session.summary();
        assert_eq!(total.to_string(), "1 passed, 2 failed, 1 skipped");
        assert_eq!(table.lines().count(), 4);
        assert!(table.contains("two failed"), "{table}");
    }

    #[test]
    fn tests_left_to_another_step_are_not_counted_twice() {
        let tally = Tally { passed: 3, failed: 0, skipped: 2 };
        assert_eq!(Which::Usual.count(tally).skipped, 2);
        assert_eq!(Which::UsualOnly.count(tally).skipped, 0);
    }
}
