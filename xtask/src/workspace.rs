//! Where things are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout that this binary was built from, and the folders it writes to.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    /// Root of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, `CARGO_TARGET_DIR` if that is set.
    pub(crate) target: PathBuf,
    /// This program's own file.
    pub(crate) this: PathBuf,
}

impl Workspace {
    /// Finds the checkout from the environment that `cargo run` gives, else from the place of compilation.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest
            .parent()
            .with_context(|| format!("{} has no parent folder", manifest.display()))?
            .to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => {
                std::path::absolute(PathBuf::from(dir)).context("CARGO_TARGET_DIR is not a usable path")?
            }
            None => root.join("target"),
        };
        let this = env::current_exe().context("this program's own file is gone")?;
        Ok(Self { root, target, this })
    }

    /// Where finished programs are put.
    pub(crate) fn deploy(&self) -> PathBuf {
        self.target.join("deploy")
    }

    /// Everything that is compiled for the Solana VM.
    pub(crate) fn sbf(&self) -> PathBuf {
        self.target.join("sbf")
    }
}

/// `path` as a user reads it: relative to the checkout where it lies inside.
pub(crate) fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Bytes as people compare them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
