//! `cargo xtask idl`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::host;
use crate::ids::Ids;
use crate::process::run;
use crate::progress::step;
use crate::workspace::Workspace;

/// The program that makes the interface descriptions.
pub(crate) const GENERATOR: &str = "firebreak-idl";

/// Where and for which addresses.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if a file in idl/ is not what the programs say
    #[arg(long)]
    check: bool,
    /// Describe the programs at an operator's own addresses
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    ids: Option<PathBuf>,
    /// Folder to write to [default: idl]
    #[arg(long, value_name = "FOLDER", conflicts_with = "check")]
    out: Option<PathBuf>,
}

/// Builds the generator and runs it.
pub(crate) fn command(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let ids = Ids::read(workspace, arguments.ids.as_deref())?;
    let mut command = generator(workspace, &ids)?;
    if arguments.check {
        command.arg("--check");
    }
    if let Some(out) = &arguments.out {
        command
            .arg("--out")
            .arg(std::path::absolute(out).with_context(|| format!("{} is no usable path", out.display()))?);
    }
    step("interface descriptions", || run(&mut command))
}

/// Fails if a description in the checkout is stale.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    run(generator(workspace, &Ids::default())?.arg("--check"))
}

/// The built generator, ready to run. It compiles the programs with warnings off and a feature of their
/// own: in a folder of its own, so that nothing else is compiled again because of it.
fn generator(workspace: &Workspace, ids: &Ids) -> Result<Command> {
    let binaries = step("IDL generator", || host::build_programs(workspace, &[GENERATOR], &[], ids))?;
    let generator = binaries.first().context("cargo built no generator")?;
    let mut command = Command::new(&generator.path);
    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", workspace.target.join("idl"))
        .env_remove("RUSTUP_TOOLCHAIN");
    ids.apply(&mut command);
    if let Some(path) = path_with_this_cargo_first() {
        command.env("PATH", path);
    }
    Ok(command)
}

/// The generator's library starts `cargo` by name, and takes a toolchain chosen by variable for another
/// thing than rustup does: so this cargo comes first on PATH and the variable is gone.
fn path_with_this_cargo_first() -> Option<std::ffi::OsString> {
    let cargo = env::var_os("CARGO")?;
    let folder = Path::new(&cargo).parent()?.to_path_buf();
    let path = env::var_os("PATH")?;
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&path))).ok()
}
