//! Writes the interface descriptions (IDL) of the programs, or checks those that are there.
//!
//! `cargo xtask idl` runs it with the environment that Anchor's builder needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anchor_lang_idl::build::IdlBuilder;
use anchor_lang_idl::types::{Idl, IdlErrorCode};
use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use firebreak_interface::BreakerError;

/// Programs, by folder in `programs/` and file in `idl/`.
const PROGRAMS: [&str; 2] = ["breaker", "venue"];
/// The program whose errors are those of the interface, where Anchor does not see them.
const ERRORS_IN_INTERFACE: &str = "breaker";
/// Longest part of two differing lines that is shown.
const SHOWN: usize = 100;

#[derive(Parser)]
#[command(about = "Writes the interface descriptions of the programs")]
struct Arguments {
    /// Write nothing; fail if a description is stale
    #[arg(long)]
    check: bool,
    /// The checkout
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Folder of the descriptions [default: idl, in the checkout]
    #[arg(long)]
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let out = arguments.out.unwrap_or_else(|| arguments.root.join("idl"));
    let mut stale = Vec::new();
    for program in PROGRAMS {
        let errors = if program == ERRORS_IN_INTERFACE { breaker_errors() } else { Vec::new() };
        let folder = arguments.root.join("programs").join(program);
        let text = describe(&folder, errors).with_context(|| format!("no description of {program}"))?;
        let file = out.join(format!("{program}.json"));
        if arguments.check {
            let old = fs::read_to_string(&file).unwrap_or_default();
            if let Some(difference) = difference(&old, &text) {
                stale.push(format!("{}: {difference}", file.display()));
            }
        } else {
            fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            println!("{}", file.display());
        }
    }
    ensure!(
        stale.is_empty(),
        "the descriptions are stale; run `cargo xtask idl` and commit idl/\n{}",
        stale.join("\n")
    );
    Ok(())
}

fn describe(program: &Path, errors: Vec<IdlErrorCode>) -> Result<String> {
    let folder = program.canonicalize().with_context(|| format!("there is no {}", program.display()))?;
    let mut idl = IdlBuilder::new().program_path(folder).build()?;
    add_errors(&mut idl, errors)?;
    Ok(serde_json::to_string_pretty(&idl)? + "\n")
}

fn add_errors(idl: &mut Idl, errors: Vec<IdlErrorCode>) -> Result<()> {
    for error in errors {
        if let Some(other) = idl.errors.iter().find(|other| other.code == error.code) {
            bail!("{} and {} have the same code {}", other.name, error.name, error.code);
        }
        idl.errors.push(error);
    }
    idl.errors.sort_by_key(|error| error.code);
    Ok(())
}

fn breaker_errors() -> Vec<IdlErrorCode> {
    let describe = |error: &BreakerError| IdlErrorCode {
        code: error.code(),
        name: error.name().to_owned(),
        msg: Some(error.to_string()),
    };
    BreakerError::ALL.iter().map(describe).collect()
}

/// Where two texts first differ, for a reader.
fn difference(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    if old.is_empty() {
        return Some("missing".to_owned());
    }
    let lines = old.lines().map(Some).chain(std::iter::repeat(None));
    let shown = |line: Option<&str>| line.unwrap_or("(end)").trim().chars().take(SHOWN).collect::<String>();
    let new = new.lines().map(Some).chain(std::iter::once(None));
    let differing = (1..).zip(lines.zip(new)).find(|(_, (old, new))| old != new);
    Some(differing.map_or_else(
        || "its line ends".to_owned(),
        |(number, (old, new))| format!("line {number} is `{}`, and should be `{}`", shown(old), shown(new)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_shown_where_it_begins() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("", "a\n"), Some("missing".into()));
        assert_eq!(difference("a", "a\n"), Some("its line ends".into()));
        assert_eq!(difference("a\nb\n", "a\nc\n"), Some("line 2 is `b`, and should be `c`".into()));
        assert_eq!(difference("a\nb\n", "a\n"), Some("line 2 is `b`, and should be `(end)`".into()));
        assert_eq!(difference("a\n", "a\nb\n"), Some("line 2 is `(end)`, and should be `b`".into()));
    }

    #[test]
    fn every_error_of_the_interface_is_described_once() {
        let errors = breaker_errors();
        assert_eq!(errors.len(), BreakerError::ALL.len());
        assert!(errors.iter().all(|error| error.msg.as_ref().is_some_and(|text| !text.is_empty())));
    }
}
