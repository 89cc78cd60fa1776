//! Same source, same bytes: the programs once more, from a copy of the checkout in another folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::artefacts::ARTEFACTS;
use crate::process::{output, run};
use crate::progress::step;
use crate::registry;
use crate::workspace::Workspace;

/// Copies the checkout and the target folder's place elsewhere, builds there, and compares.
pub(super) fn check(workspace: &Workspace) -> Result<()> {
    let place = workspace.target.join("reproduce");
    if place.exists() {
        fs::remove_dir_all(&place).with_context(|| format!("cannot clear {}", place.display()))?;
    }
    // A longer path than the checkout's, in another folder: what depends on either shows.
    let root = place.join("a-checkout-at-another-path");
    copy_sources(&workspace.root, &root)?;
    let target = place.join("target-of-another-name");
    step("programs, from nothing", || {
        run(Command::new(&workspace.this)
            .args(["build", "--all"])
            .current_dir(&root)
            .env("CARGO_MANIFEST_DIR", root.join("xtask"))
            .env("CARGO_TARGET_DIR", &target)
            // Its own bytes do not show in what it links.
            .env(registry::LINKER_VARIABLE, workspace.target.join("linker").join(registry::LINKER)))
    })?;
    for artefact in &ARTEFACTS {
        let file = format!("{}.so", artefact.name);
        let here = read(workspace.deploy().join(&file))?;
        let there = read(target.join("deploy").join(&file))?;
        ensure!(
            here == there,
            "{file} has other bytes when it is built from {}; both are kept",
            root.display()
        );
    }
    fs::remove_dir_all(&place).with_context(|| format!("cannot remove {}", place.display()))
}

/// Every file that git knows or would add, as it is now.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    let files = output(Command::new("git").current_dir(from).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    for file in files.split_terminator('\0') {
        let (source, copy) = (from.join(file), to.join(file));
        if !source.is_file() {
            continue;
        }
        let folder = copy.parent().context("a file lies in a folder")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::copy(&source, &copy).with_context(|| format!("cannot copy {}", source.display()))?;
    }
    Ok(())
}

fn read(file: PathBuf) -> Result<Vec<u8>> {
    fs::read(&file).with_context(|| format!("cannot read {}", file.display()))
}
