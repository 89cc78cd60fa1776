//! The SBF linker: compiled when its sources have changed, and kept at a path that changes with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use super::toolchain::{Places, Toolchain};
use crate::process::{cargo, run};
use crate::progress::step;
use crate::workspace::Workspace;

/// Package and program.
pub(crate) const LINKER: &str = "firebreak-sbf-linker";
/// What it is made of, beside crates that `Cargo.lock` names.
const SOURCES: [&str; 3] = ["Cargo.lock", "Cargo.toml", "sbf/linker"];

/// The linker that the user names, else ours.
pub(super) fn prepare(workspace: &Workspace, toolchain: &Toolchain, places: &Places) -> Result<PathBuf> {
    let linker = match places.linker() {
        Some(named) => named,
        None => build(workspace, toolchain)?,
    };
    keep(workspace, &linker)
}

/// Compiles the linker with the host's compiler. Asking cargo whether there is anything to do takes longer than
/// all else in a build without changes, so the answer is remembered until a source is newer than it.
fn build(workspace: &Workspace, toolchain: &Toolchain) -> Result<PathBuf> {
    let linker = workspace.target.join("linker").join(LINKER);
    let mark = workspace.sbf().join("linker-is-built");
    let llvm = toolchain.llvm.to_string_lossy();
    let fresh = linker.is_file()
        && fs::read_to_string(&mark).is_ok_and(|built_for| built_for == llvm)
        && modified(&mark).is_ok_and(|built| {
            SOURCES
                .iter()
                .all(|source| newest(&workspace.root.join(source)).is_ok_and(|changed| changed < built))
        });
    if fresh {
        return Ok(linker);
    }
    let start = SystemTime::now();
    step("SBF linker", || {
        run(cargo()
            .current_dir(&workspace.root)
            .env("CARGO_TARGET_DIR", &workspace.target)
            .env("LLVM_SYS_221_PREFIX", &toolchain.llvm)
            .args(["build", "--profile", "linker", "--package", LINKER]))
    })?;
    fs::write(&mark, &*llvm).with_context(|| format!("cannot write {}", mark.display()))?;
    // A source that was changed while cargo was at work is newer than its answer.
    File::options()
        .write(true)
        .open(&mark)
        .and_then(|file| file.set_modified(start))
        .with_context(|| format!("cannot set the time of {}", mark.display()))?;
    Ok(linker)
}

/// Copies the linker to a path of this very build of it: cargo, which sees the path, then links anew when the
/// linker has changed.
fn keep(workspace: &Workspace, linker: &Path) -> Result<PathBuf> {
    let metadata = fs::metadata(linker).with_context(|| format!("cannot read {}", linker.display()))?;
    let time = modified(linker)?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let folder = workspace.sbf().join("linker");
    let kept = folder.join(format!("{LINKER}-{time}-{}", metadata.len()));
    if !kept.is_file() {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::copy(linker, &kept).with_context(|| format!("cannot write {}", kept.display()))?;
    }
    Ok(kept)
}

/// When a file, or anything in a folder, was changed last.
fn newest(path: &Path) -> Result<SystemTime> {
    let mut time = modified(path)?;
    if path.is_dir() {
        for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
            time = time.max(newest(&entry.path())?);
        }
    }
    Ok(time)
}

fn modified(path: &Path) -> Result<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .with_context(|| format!("cannot read the time of {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_change_deep_inside_a_folder_is_seen() {
        let place = std::env::temp_dir().join(format!("firebreak-linker-{}", std::process::id()));
        let deep = place.join("src/remedies");
        fs::create_dir_all(&deep).expect("writable");
        let file = deep.join("shift.rs");
        fs::write(&file, "").expect("writable");
        let later = SystemTime::now() + Duration::from_secs(60);
        assert!(newest(&place).expect("readable") < later);
        let open = File::options().write(true).open(&file).expect("it is there");
        open.set_modified(later + Duration::from_secs(60)).expect("it is ours");
        let seen = newest(&place).expect("readable");
        fs::remove_dir_all(&place).expect("it is ours");
        assert!(seen > later);
    }
}
