//! What Rust's test harness prints, and what it counts.

use std::io::{BufRead, BufReader};
use std::ops::AddAssign;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// How many tests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Tally {
    pub(crate) const PASS: Self = Self { passed: 1, failed: 0, skipped: 0 };
    pub(crate) const FAIL: Self = Self { passed: 0, failed: 1, skipped: 0 };
    pub(crate) const SKIP: Self = Self { passed: 0, failed: 0, skipped: 1 };
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Runs a test program (or several of them behind `cargo test`), shows its output and counts. A program
/// that ends badly without saying that a test failed has crashed, which is a failure too.
pub(crate) fn run(command: &mut Command) -> Result<Tally> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let output = child.stdout.take().with_context(|| format!("{name} has no output to read"))?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.with_context(|| format!("cannot read what {name} prints"))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        if let Some(result) = result_line(&line) {
            tally += result;
        }
    }
    let status = child.wait().with_context(|| format!("cannot wait for {name}"))?;
    if !status.success() && tally.failed == 0 {
        println!("{name} ended with {status} before its tests were done");
        tally += Tally::FAIL;
    }
    Ok(tally)
}

/// Reads `test result: ok. 21 passed; 0 failed; 1 ignored; ...`.
fn result_line(line: &str) -> Option<Tally> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| {
        counts.split("; ").find_map(|part| part.trim().strip_suffix(what)?.trim_end().parse::<u64>().ok())
    };
    Some(Tally { passed: count("passed")?, failed: count("failed")?, skipped: count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read() {
        let line = "test result: FAILED. 21 passed; 2 failed; 3 ignored; 0 measured; 9 filtered out; \
                    finished in 0.08s";
        let read = result_line(line).expect("it is a result");
        assert_eq!(read.to_string(), "21 passed, 2 failed, 3 skipped");
        assert_eq!(result_line("test result: is this"), None);
        assert_eq!(result_line("test vault::full ... ok"), None);
    }

    fn sh(script: &str) -> Tally {
        run(Command::new("sh").args(["-c", script])).expect("sh runs")
    }

    #[test]
    fn several_programs_are_summed_up() {
        let line = "echo 'test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out'";
        assert_eq!(sh(&format!("{line}; {line}")).to_string(), "4 passed, 0 failed, 2 skipped");
    }

    #[test]
    fn a_crash_is_a_failure_and_a_reported_failure_counts_once() {
        assert_eq!(sh("kill -9 $$"), Tally::FAIL);
        let line = "echo 'test result: FAILED. 2 passed; 1 failed; 0 ignored'; exit 101";
        assert_eq!(sh(line).to_string(), "2 passed, 1 failed, 0 skipped");
    }
}
