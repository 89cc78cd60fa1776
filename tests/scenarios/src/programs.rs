//! The compiled programs, where `cargo xtask build` put them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The breaker that everything here is compiled for.
pub const BREAKER: &str = if firebreak_interface::DRILL { "breaker_drill" } else { "breaker" };

/// Bytes of a compiled program.
///
/// # Panics
/// When it is not there: a test that went on without it would prove nothing.
pub fn load(name: &str) -> Vec<u8> {
    let path = deploy_folder().join(format!("{name}.so"));
    fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo xtask build --all` builds the programs", path.display())
    })
}

/// Which toolchain compiled a program: `registry` or `platform`.
///
/// # Errors
/// When nobody said so: the program was not built by `cargo xtask build`.
pub fn toolchain(name: &str) -> std::io::Result<String> {
    fs::read_to_string(deploy_folder().join(format!("{name}.toolchain")))
}

/// `FIREBREAK_PROGRAMS` as xtask sets it, else the folder `deploy` of the target folder this test runs from.
fn deploy_folder() -> PathBuf {
    if let Some(folder) = env::var_os("FIREBREAK_PROGRAMS") {
        return folder.into();
    }
    if let Some(target) = env::var_os("CARGO_TARGET_DIR") {
        return Path::new(&target).join("deploy");
    }
    let this = env::current_exe().unwrap_or_default();
    let above = this.ancestors().skip(1).map(|folder| folder.join("deploy"));
    above.into_iter().find(|folder| folder.is_dir()).unwrap_or_else(|| "target/deploy".into())
}
