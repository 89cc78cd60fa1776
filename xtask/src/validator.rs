//! The real validator: finding it, or installing it with cargo.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::packages;
use crate::process::{cargo, output, run};
use crate::progress::{note, step};

/// The release that Firebreak is tested on.
const VERSION: &str = "4.2.2";
const BINARY: &str = "solana-test-validator";
/// Names the binary for the tests and the demo.
pub(crate) const VARIABLE: &str = "FIREBREAK_VALIDATOR";
const PACKAGES: [&str; 8] =
    ["g++", "clang", "cmake", "libclang-dev", "libssl-dev", "libudev-dev", "pkg-config", "protobuf-compiler"];

/// Returns the validator's binary, after installing it if need be: 25 minutes on two cores.
pub(crate) fn require() -> Result<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE).map(PathBuf::from) {
        ensure!(named.is_file(), "{VARIABLE} names {}, and there is no such file", named.display());
        return Ok(named);
    }
    let root = cache()?.join(format!("agave-validator-{VERSION}"));
    let cached = root.join("bin").join(BINARY);
    if cached.is_file() {
        return Ok(cached);
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    packages::require(
        &PACKAGES,
        &format!("{BINARY} {VERSION}"),
        "Or install Agave's release and put it on PATH.",
    )?;
    note(format!(
        "{BINARY} {VERSION} is neither in {} nor on PATH; compiling it takes about 25 minutes on two cores",
        root.display()
    ));
    step(format!("install {BINARY} {VERSION}"), || install(&root))?;
    ensure!(cached.is_file(), "cargo installed no {}", cached.display());
    Ok(cached)
}

fn install(root: &Path) -> Result<()> {
    // Kept until it has worked, so that an interrupted installation goes on where it was.
    let work = root.with_extension("build");
    fs::create_dir_all(root).with_context(|| format!("cannot create {}", root.display()))?;
    run(cargo()
        .current_dir(root)
        .env("CARGO_TARGET_DIR", &work)
        .arg("install")
        .arg(format!("agave-validator@{VERSION}"))
        .args(["--bin", BINARY, "--locked", "--root"])
        .arg(root))?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

/// The one on PATH, if it is this very release.
fn on_path() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(BINARY)).find(|binary| {
        binary.is_file()
            && output(Command::new(binary).arg("--version")).is_ok_and(|text| is_version(&text, VERSION))
    })
}

/// Reads `solana-test-validator 4.2.2 (src:...; feat:..., client:Agave)`.
fn is_version(text: &str, version: &str) -> bool {
    text.split_whitespace().nth(1) == Some(version)
}

/// Where things are kept that are worth keeping beyond one checkout.
fn cache() -> Result<PathBuf> {
    choose_cache(
        env::var_os("FIREBREAK_CACHE").map(PathBuf::from),
        env::var_os("XDG_CACHE_HOME").map(PathBuf::from),
        env::home_dir(),
    )
}

fn choose_cache(own: Option<PathBuf>, xdg: Option<PathBuf>, home: Option<PathBuf>) -> Result<PathBuf> {
    let folder = own
        .or_else(|| xdg.map(|folder| folder.join("firebreak")))
        .or_else(|| home.map(|folder| folder.join(".cache/firebreak")))
        .context("there is no home folder; name a folder in FIREBREAK_CACHE")?;
    std::path::absolute(folder).context("the cache folder is no usable path")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_the_named_one_or_the_users() {
        let path = |text: &str| Some(PathBuf::from(text));
        let chosen = |own, xdg, home| choose_cache(own, xdg, home).expect("one is given");
        assert_eq!(chosen(path("/a"), path("/b"), path("/c")), Path::new("/a"));
        assert_eq!(chosen(None, path("/b"), path("/c")), Path::new("/b/firebreak"));
        assert_eq!(chosen(None, None, path("/c")), Path::new("/c/.cache/firebreak"));
        assert!(choose_cache(None, None, None).is_err());
    }

    #[test]
    fn only_the_very_release_counts() {
        let text = "solana-test-validator 4.2.2 (src:00000000; feat:1, client:Agave)";
        assert!(is_version(text, "4.2.2"));
        assert!(!is_version(text, "4.2"));
        assert!(!is_version("", "4.2.2"));
    }
}
