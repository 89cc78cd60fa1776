//! Which files a run needs, and where they are.

use std::{
    collections::BTreeSet,
    env,
    path::{Path, PathBuf},
};

use firebreak_chain::Program;
use firebreak_client::interface::ids;

use crate::error::DemoError;

const KEEPER: &str = "firebreak-keeper";

/// Whether the breaker is integrated in the venue that is attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guard {
    On,
    Off,
    /// It is the drill's, whose delays are seconds, and the vaults have a way to safety.
    Drill,
}

impl Guard {
    pub(crate) const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }

    /// The files of the breaker and the venue.
    const fn files(self) -> [&'static str; 2] {
        match self {
            Self::On => ["breaker.so", "venue_drainable.so"],
            Self::Off => ["breaker.so", "venue_unguarded.so"],
            Self::Drill => ["breaker_drill.so", "venue_drill.so"],
        }
    }
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

/// Says which programs are missing, before anything starts.
pub(crate) fn require(folder: &Path, guards: &[Guard]) -> Result<(), DemoError> {
    let files: BTreeSet<_> = guards.iter().flat_map(|guard| guard.files()).collect();
    let names: Vec<_> =
        files.into_iter().filter(|name| !folder.join(name).is_file()).map(str::to_owned).collect();
    match names.is_empty() {
        true => Ok(()),
        false => Err(DemoError::MissingPrograms { names, folder: folder.to_path_buf() }),
    }
}

/// Says that there is no keeper to run, before anything starts.
pub(crate) fn require_keeper(keeper: &Path) -> Result<(), DemoError> {
    match keeper.is_file() {
        true => Ok(()),
        false => Err(DemoError::MissingKeeper(keeper.to_path_buf())),
    }
}

/// The programs of a chain, at the addresses that everything was built for.
pub(crate) fn of(guard: Guard, folder: &Path) -> Vec<Program> {
    let [breaker, venue] = guard.files().map(|file| folder.join(file));
    vec![Program::new(ids::BREAKER, breaker), Program::new(ids::VENUE, venue)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_files_are_named_with_the_command_that_makes_them() {
        const BOTH: [Guard; 2] = [Guard::On, Guard::Off];
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("breaker.so"), b"").expect("written");
        let error = require(folder.path(), &BOTH).expect_err("two programs are missing").to_string();
        assert!(error.contains("venue_drainable.so, venue_unguarded.so"), "{error}");
        assert!(error.contains("cargo xtask build --all") && !error.contains("breaker.so"), "{error}");
        for name in ["venue_drainable.so", "venue_unguarded.so"] {
            std::fs::write(folder.path().join(name), b"").expect("written");
        }
        assert!(require(folder.path(), &BOTH).is_ok());
        assert!(require(folder.path(), &[Guard::Drill]).is_err(), "a drill has programs of its own");

        let keeper = folder.path().join(KEEPER);
        let error = require_keeper(&keeper).expect_err("no keeper").to_string();
        assert!(error.contains(KEEPER) && error.contains("FIREBREAK_KEEPER"), "{error}");
        std::fs::write(&keeper, b"").expect("written");
        assert!(require_keeper(&keeper).is_ok());
    }
}
