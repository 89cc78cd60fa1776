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

/// The folder of compiled programs: `FIREBREAK_PROGRAMS`, else `deploy` beside the folder of this executable.
pub fn folder() -> PathBuf {
    env::var_os("FIREBREAK_PROGRAMS").map(PathBuf::from).unwrap_or_else(|| beside("../deploy"))
}

/// The keeper's binary: `FIREBREAK_KEEPER`, else beside this executable.
pub fn keeper() -> PathBuf {
    env::var_os("FIREBREAK_KEEPER").map(PathBuf::from).unwrap_or_else(|| beside(KEEPER))
}

fn beside(name: &str) -> PathBuf {
    let folder = env::current_exe().ok().and_then(|this| this.parent().map(Path::to_path_buf));
    folder.unwrap_or_default().join(name)
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
        assert!(error.contains("venue_drainable.so and venue_unguarded.so"), "{error}");
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
