//! Building programs with the Solana toolchain (`cargo build-sbf`).

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Result, ensure};

use crate::artefacts::Artefact;
use crate::ids::Ids;
use crate::process::{cargo, run};
use crate::workspace::Workspace;

/// Whether `cargo build-sbf` can be run.
pub(crate) fn is_present() -> bool {
    cargo()
        .args(["build-sbf", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Fails with the remedy where `cargo build-sbf` is missing.
pub(crate) fn require() -> Result<()> {
    ensure!(
        is_present(),
        "`cargo build-sbf` is not on PATH. Install the Solana toolchain (Agave 4.2 or newer), or build with \
         --toolchain registry"
    );
    Ok(())
}

/// Builds one program and returns where `cargo build-sbf` put it.
pub(crate) fn build(workspace: &Workspace, ids: &Ids, artefact: &Artefact) -> Result<PathBuf> {
    let folder = workspace.sbf().join("platform").join(artefact.name);
    let mut command = cargo();
    ids.of(artefact).apply(&mut command);
    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", workspace.sbf())
        .args(["build-sbf", "--arch", "v0"])
        .arg("--manifest-path")
        .arg(workspace.root.join(artefact.folder).join("Cargo.toml"))
        .arg("--sbf-out-dir")
        .arg(&folder);
    if !artefact.features.is_empty() {
        command.args(["--features", &artefact.features.join(",")]);
    }
    run(&mut command)?;
    Ok(folder.join(format!("{}.so", artefact.library)))
}
