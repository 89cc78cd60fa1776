//! Which files a run needs, and where they are.

use std::{
    env,
    path::{Path, PathBuf},
};

use firebreak_chain::Program;
use firebreak_client::interface::ids;

use crate::error::DemoError;

const BREAKER: &str = "breaker.so";
const DRAINABLE: &str = "venue_drainable.so";
const UNGUARDED: &str = "venue_unguarded.so";
const KEEPER: &str = "firebreak-keeper";

/// Whether the breaker is integrated in the venue that is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    On,
    Off,
}

/// The folder of compiled programs: `FIREBREAK_PROGRAMS`, else `deploy` in the target folder that this executable or
/// test was built in.
pub fn folder() -> PathBuf {
    env::var_os("FIREBREAK_PROGRAMS").map_or_else(|| nearest("deploy", Path::is_dir), PathBuf::from)
}

/// The keeper's binary: `FIREBREAK_KEEPER`, else the one beside this executable, or above where this is a test.
pub fn keeper() -> PathBuf {
    env::var_os("FIREBREAK_KEEPER").map_or_else(|| nearest(KEEPER, Path::is_file), PathBuf::from)
}

/// The name in the nearest folder above this executable that has it, else beside this executable.
fn nearest(name: &str, is_it: fn(&Path) -> bool) -> PathBuf {
    /// Tests lie one folder deeper than programs, and programs one deeper than what they share.
    const FOLDERS: usize = 3;
    let this = env::current_exe().unwrap_or_default();
    let mut candidates = this.ancestors().skip(1).take(FOLDERS).map(|folder| folder.join(name));
    candidates.find(|candidate| is_it(candidate)).unwrap_or_else(|| this.with_file_name(name))
}

/// Says which files are missing, before anything starts.
pub(crate) fn require(programs: &Path, keeper: &Path) -> Result<(), DemoError> {
    let names: Vec<_> = [BREAKER, DRAINABLE, UNGUARDED]
        .into_iter()
        .filter(|name| !programs.join(name).is_file())
        .map(str::to_owned)
        .collect();
    if !names.is_empty() {
        return Err(DemoError::MissingPrograms { names, folder: programs.to_path_buf() });
    }
    match keeper.is_file() {
        true => Ok(()),
        false => Err(DemoError::MissingKeeper(keeper.to_path_buf())),
    }
}

/// The programs of a chain, at the addresses that everything was built for.
pub(crate) fn of(guard: Guard, folder: &Path) -> Vec<Program> {
    let breaker = Program::new(ids::BREAKER, folder.join(BREAKER));
    match guard {
        Guard::On => vec![breaker, Program::new(ids::VENUE, folder.join(DRAINABLE))],
        Guard::Off => vec![breaker, Program::new(ids::VENUE, folder.join(UNGUARDED))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_named_with_the_command_that_makes_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeper = folder.path().join(KEEPER);
        std::fs::write(folder.path().join(BREAKER), b"").expect("written");
        let error = require(folder.path(), &keeper).expect_err("two programs are missing").to_string();
        assert!(error.contains("venue_drainable.so, venue_unguarded.so"), "{error}");
        assert!(error.contains("cargo xtask build --all") && !error.contains(BREAKER), "{error}");

        for name in [DRAINABLE, UNGUARDED] {
            std::fs::write(folder.path().join(name), b"").expect("written");
        }
        let error = require(folder.path(), &keeper).expect_err("no keeper").to_string();
        assert!(error.contains(KEEPER) && error.contains("FIREBREAK_KEEPER"), "{error}");
        std::fs::write(&keeper, b"").expect("written");
        assert!(require(folder.path(), &keeper).is_ok());
    }
}
