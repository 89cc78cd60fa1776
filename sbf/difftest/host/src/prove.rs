//! Shows that the comparison notices a wrong compiler: with any one remedy of the linker broken, it fails.
use crate::run::{self, Selection};
use crate::vm::Vm;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Enough for every remedy; a broken one shows within a few inputs.
const ITERATIONS: u64 = 100;

/// What rustc does not emit: a program of its own, in LLVM's assembly, which fails where it finds a wrong result.
const WIDE_RETURNS: &str = include_str!("../fixtures/wide_returns.ll");

/// The linker, and what it links.
pub(crate) struct Prover<'a> {
    pub(crate) linker: &'a Path,
    pub(crate) merged: &'a Path,
    pub(crate) seed: u64,
}

impl Prover<'_> {
    /// The names of the remedies for which nothing failed, of all there are.
    pub(crate) fn run(&self) -> Result<(Vec<String>, usize)> {
        let folder = std::env::temp_dir().join(format!("sbf-difftest-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let result = self.run_in(&folder);
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        result
    }

    fn run_in(&self, folder: &Path) -> Result<(Vec<String>, usize)> {
        let whole = self.failing(folder, None)?;
        ensure!(whole.is_empty(), "with every remedy whole there are differences: {}", whole.join(", "));
        println!("  whole: no difference");
        let listed = self.call(&["--print-remedies".into()])?;
        let remedies: Vec<&str> = listed.split_whitespace().collect();
        ensure!(!remedies.is_empty(), "the linker lists no remedies");
        let mut unnoticed = Vec::new();
        for remedy in &remedies {
            let failing = self.failing(folder, Some(remedy))?;
            println!("  {remedy} broken: {} functions differ", failing.len());
            if failing.is_empty() {
                unnoticed.push((*remedy).to_owned());
            }
        }
        Ok((unnoticed, remedies.len()))
    }

    /// What differs with this remedy broken.
    fn failing(&self, folder: &Path, broken: Option<&str>) -> Result<Vec<String>> {
        let fixture = folder.join("wide_returns.ll");
        std::fs::write(&fixture, WIDE_RETURNS).context("cannot write the fixture")?;
        let small = self.link(folder, &fixture, false, broken)?;
        let mut vm = Vm::load(&small)?;
        let mut wrong = Vec::new();
        if vm.send_raw(&[]).is_err() {
            wrong.push("wide_returns.ll".to_owned());
        }
        let program = self.link(folder, self.merged, true, broken)?;
        let selection = Selection { only: Vec::new(), iterations: ITERATIONS, seed: self.seed, quiet: true };
        wrong.extend(run::functions(&program, &selection)?.wrong);
        Ok(wrong)
    }

    fn link(&self, folder: &Path, input: &Path, merged: bool, broken: Option<&str>) -> Result<PathBuf> {
        let output = folder.join("program.so");
        let mut arguments = vec![input.into(), "-o".into(), output.clone().into_os_string()];
        if merged {
            arguments.push("--merged".into());
        }
        if let Some(remedy) = broken {
            arguments.extend(["--break-remedy".into(), remedy.into()]);
        }
        self.call(&arguments)?;
        Ok(output)
    }

    fn call(&self, arguments: &[std::ffi::OsString]) -> Result<String> {
        let output = Command::new(self.linker)
            .args(arguments)
            .output()
            .with_context(|| format!("cannot start {}", self.linker.display()))?;
        if !output.status.success() {
            bail!("the linker failed: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
