//! Building programs from package registries alone: a distribution's compiler, its std source and the
//! same LLVM, with a linker of our own. `docs/sbf-build.md` explains how and why.

mod linker;
mod std_source;
mod toolchain;
pub(crate) mod wrapper;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};

pub(crate) use linker::LINKER;
pub(crate) use toolchain::{LINKER_VARIABLE, Places, Toolchain};

use crate::artefacts::{self, Artefact, Goal};
use crate::ids::Ids;
use crate::packages;
use crate::process::{self, run};
use crate::progress::note;
use crate::stamp::Stamp;
use crate::workspace::Workspace;

const TARGET: &str = "sbf-solana";
const TARGET_SPEC: &str = include_str!("sbf-solana.json");
const PACKAGES: [&str; 7] =
    ["rustc-web", "cargo-web", "rust-web-src", "llvm-22-dev", "libpolly-22-dev", "zlib1g-dev", "libzstd-dev"];
const PLATFORM_INSTEAD: &str = "Or install the Solana toolchain (Agave's installer brings `cargo build-sbf`) and \
     build with --toolchain platform.";

/// Where LLVM is, for whoever compiles the linker.
pub(crate) fn find_llvm() -> Option<PathBuf> {
    toolchain::find_llvm(&Places::default()).ok()
}

/// What the registry build of a program needs, made ready once for all of them.
#[derive(Debug)]
pub(crate) struct Registry<'a> {
    workspace: &'a Workspace,
    ids: &'a Ids,
    toolchain: Toolchain,
    std_source: PathBuf,
    target_spec: PathBuf,
    linker: PathBuf,
}

/// Finds the compiler, installing it where that is possible.
pub(crate) fn find_toolchain(places: &Places) -> Result<Toolchain> {
    if !places.are_named() {
        packages::require(&PACKAGES, "the registry build of programs", PLATFORM_INSTEAD)?;
    }
    Toolchain::find(places)
        .map_err(|error| anyhow!("{error:#}\n{}", packages::advice(&PACKAGES, PLATFORM_INSTEAD)))
}

impl<'a> Registry<'a> {
    pub(crate) fn prepare(workspace: &'a Workspace, ids: &'a Ids, places: &Places) -> Result<Self> {
        let toolchain = find_toolchain(places)?;
        note(format!("compiler: {} ({})", toolchain.name(), toolchain.rustc.display()));
        let folder = workspace.sbf();
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let target_spec = folder.join(format!("{TARGET}.json"));
        write_if_changed(&target_spec, TARGET_SPEC)?;
        let recipe = format!("{}\n{TARGET_SPEC}", wrapper::REVISION);
        let std_source = std_source::prepare(&toolchain.library, &toolchain.version, &recipe, &folder)?;
        let linker = linker::prepare(workspace, &toolchain, places)?;
        Ok(Self { workspace, ids, toolchain, std_source, target_spec, linker })
    }

    /// What a program is made of now.
    pub(crate) fn stamp(&self, artefact: &Artefact) -> Result<Stamp> {
        let recipe = format!(
            "{artefact:?}\n{}\n{}\n{}\n{}\n{}",
            self.toolchain.version,
            wrapper::REVISION,
            self.std_source.display(),
            self.linker.display(),
            self.ids.of(artefact).text(self.workspace)?,
        );
        Stamp::new(self.workspace, artefact.name, &recipe)
    }

    /// Builds one program and returns where cargo put it.
    pub(crate) fn build(&self, artefact: &Artefact) -> Result<PathBuf> {
        let mut command = self.cargo(&self.ids.of(artefact));
        command
            .args(["rustc", "--release", "--lib", "--package", artefact.package])
            .args(["-Zjson-target-spec", "-Zbuild-std=core,alloc,std,panic_abort"])
            .args(["-Zbuild-std-features=optimize_for_size", "--target"])
            .arg(&self.target_spec)
            // as in a toolchain's own standard library: overflow is for the programs' arithmetic to check
            .args(
                ["core", "alloc", "std"]
                    .map(|part| format!("--config=profile.release.package.{part}.overflow-checks=false")),
            );
        if !artefact.features.is_empty() {
            command.args(["--features", &artefact.features.join(",")]);
        }
        command
            .arg("--")
            .arg(joined("-Clinker=", &self.linker))
            .args(["-Clink-arg=--arch=v0", link_goal(artefact.goal)]);
        if artefact.name == artefacts::DIFFTEST {
            command.arg(joined("-Clink-arg=--save-merged=", &merged(self.workspace)));
        }
        run(&mut command)?;
        Ok(self.workspace.sbf().join(TARGET).join("release").join(format!("lib{}.so", artefact.library)))
    }

    fn cargo(&self, ids: &Ids) -> Command {
        let mut command = Command::new(&self.toolchain.cargo);
        ids.apply(&mut command);
        process::without_outer_cargo(&mut command)
            .current_dir(&self.workspace.root)
            .env("CARGO_TARGET_DIR", self.workspace.sbf())
            .env("RUSTC", &self.toolchain.rustc)
            .env("RUSTC_WRAPPER", &self.workspace.this)
            .env(wrapper::STD_SOURCE, &self.std_source)
            .env(wrapper::TARGET_SPEC, &self.target_spec)
            // Unstable options, on a compiler that is otherwise stable.
            .env("RUSTC_BOOTSTRAP", "1")
            // std compiles for a target that it does not list.
            .env("RUSTC_BOOTSTRAP_SYNTHETIC_TARGET", "1")
            .env("__CARGO_TESTS_ONLY_SRC_ROOT", &self.std_source)
            // Variants of one program get files of their own, so that cargo keeps all of them fresh.
            .env("__CARGO_DEFAULT_LIB_METADATA", "firebreak")
            // What is compiled for size takes the generic code of others as it is, and no longer inlines it: a key that is
            // compared would be a call.
            .env(
                "CARGO_ENCODED_RUSTFLAGS",
                "-Zunstable-options\x1f-Zshare-generics=no\x1f-Cpanic=immediate-abort\x1f-Ctarget-cpu=v2",
            );
        command
    }
}

/// The difftest program as the linker merged it, before any remedy.
pub(crate) fn merged(workspace: &Workspace) -> PathBuf {
    workspace.sbf().join("difftest-merged.bc")
}

fn link_goal(goal: Goal) -> &'static str {
    match goal {
        Goal::Speed => "-Clink-arg=--opt=3",
        Goal::Size => "-Clink-arg=--opt=z",
    }
}

fn write_if_changed(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn joined(prefix: &str, path: &Path) -> OsString {
    let mut result = OsString::from(prefix);
    result.push(path);
    result
}
