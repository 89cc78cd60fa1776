//! Finding a compiler, its std source and the LLVM that reads its bitcode.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{output, without_outer_cargo};

/// The LLVM that the linker is built on. The compiler must have the same: bitcode has no stable form.
const LLVM_MAJOR: &str = "22";
/// The first release whose cargo takes a described target the way it is used here.
const OLDEST_RUSTC: (u32, u32) = (1, 96);
/// Where Debian keeps a versioned LLVM that is not on PATH.
const DEBIAN_LLVM: &str = "/usr/lib/llvm-22/bin/llvm-config";
/// Names the compiler when the option does not.
const RUSTC_VARIABLE: &str = "FIREBREAK_SBF_RUSTC";
/// Names a compiled linker when the option does not.
pub(crate) const LINKER_VARIABLE: &str = "FIREBREAK_SBF_LINKER";
/// Names `llvm-config` when the option does not.
const LLVM_VARIABLE: &str = "FIREBREAK_LLVM_CONFIG";

/// Tools that the user named instead of letting them be found.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Places {
    /// Compiler of the registry build: rustc 1.96 with LLVM 22, its std source, and cargo beside it
    /// [default: FIREBREAK_SBF_RUSTC, else the first on PATH that is not rustup's]
    #[arg(long = "sbf-rustc", value_name = "FILE")]
    pub(crate) rustc: Option<PathBuf>,
    /// llvm-config of LLVM 22 [default: FIREBREAK_LLVM_CONFIG, else llvm-config-22 on PATH]
    #[arg(long, value_name = "FILE")]
    pub(crate) llvm_config: Option<PathBuf>,
    /// A compiled SBF linker [default: FIREBREAK_SBF_LINKER, else compiled from sbf/linker]
    #[arg(long = "sbf-linker", value_name = "FILE")]
    pub(crate) linker: Option<PathBuf>,
}

impl Places {
    /// The linker that the user brings.
    pub(super) fn linker(&self) -> Option<PathBuf> {
        named(self.linker.as_ref(), LINKER_VARIABLE)
    }

    /// Whether compiler and LLVM are the user's own choice, so that packages would not help.
    pub(super) fn are_named(&self) -> bool {
        named(self.rustc.as_ref(), RUSTC_VARIABLE).is_some()
            && named(self.llvm_config.as_ref(), LLVM_VARIABLE).is_some()
    }
}

/// Everything that the registry build takes from the system.
#[derive(Debug, Clone)]
pub(crate) struct Toolchain {
    pub(crate) rustc: PathBuf,
    pub(crate) cargo: PathBuf,
    /// What `rustc -vV` prints.
    pub(crate) version: String,
    /// Source of the standard library.
    pub(crate) library: PathBuf,
    /// Installation folder of LLVM.
    pub(crate) llvm: PathBuf,
}

impl Toolchain {
    pub(crate) fn find(places: &Places) -> Result<Self> {
        let (rustc, cargo, version, library) = find_rustc(places)?;
        Ok(Self { rustc, cargo, version, library, llvm: find_llvm(places)? })
    }

    /// `rustc 1.96.0 (...)`.
    pub(crate) fn name(&self) -> &str {
        self.version.lines().next().unwrap_or_default()
    }
}

type Compiler = (PathBuf, PathBuf, String, PathBuf);

fn find_rustc(places: &Places) -> Result<Compiler> {
    if let Some(rustc) = named(places.rustc.as_ref(), RUSTC_VARIABLE) {
        return check_rustc(&rustc).with_context(|| format!("{} cannot build programs", rustc.display()));
    }
    let mut refused = String::new();
    for rustc in on_path("rustc").filter(|rustc| !is_rustup(rustc)) {
        match check_rustc(&rustc) {
            Ok(found) => return Ok(found),
            Err(error) => refused += &format!("\n  {}: {error:#}", rustc.display()),
        }
    }
    if refused.is_empty() {
        refused = "\n  none but rustup's on PATH".to_owned();
    }
    bail!("no compiler for the registry build:{refused}")
}

fn check_rustc(rustc: &Path) -> Result<Compiler> {
    let ask = |args: &[&str]| output(without_outer_cargo(&mut Command::new(rustc)).args(args));
    let version = ask(&["-vV"])?;
    check_version(&version)?;
    let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
    let library = sysroot.join("lib/rustlib/src/rust/library");
    ensure!(
        library.join("std/Cargo.toml").is_file(),
        "the source of its standard library is not installed ({})",
        library.display()
    );
    let cargo = rustc.with_file_name("cargo");
    ensure!(cargo.is_file(), "there is no cargo beside it");
    Ok((rustc.to_path_buf(), cargo, version, library))
}

fn check_version(version: &str) -> Result<()> {
    let field = |name: &str| version.lines().find_map(|line| line.strip_prefix(name));
    let release = field("release: ").context("it does not say its release")?;
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
        bail!("release {release:?} is no version");
    };
    ensure!(
        (major, minor) >= OLDEST_RUSTC,
        "rustc {release} is older than {}.{}",
        OLDEST_RUSTC.0,
        OLDEST_RUSTC.1
    );
    let llvm = field("LLVM version: ").context("it does not say its LLVM")?;
    ensure!(
        llvm.split('.').next() == Some(LLVM_MAJOR),
        "its LLVM is {llvm}, and the linker reads the bitcode of LLVM {LLVM_MAJOR}"
    );
    Ok(())
}

pub(super) fn find_llvm(places: &Places) -> Result<PathBuf> {
    if let Some(config) = named(places.llvm_config.as_ref(), LLVM_VARIABLE) {
        return check_llvm(&config).with_context(|| format!("{} is of no use", config.display()));
    }
    on_path(&format!("llvm-config-{LLVM_MAJOR}"))
        .chain(Some(PathBuf::from(DEBIAN_LLVM)))
        .chain(on_path("llvm-config"))
        .find_map(|config| check_llvm(&config).ok())
        .with_context(|| format!("no llvm-config of LLVM {LLVM_MAJOR} on PATH"))
}

fn check_llvm(config: &Path) -> Result<PathBuf> {
    let version = output(Command::new(config).arg("--version"))?;
    ensure!(version.split('.').next() == Some(LLVM_MAJOR), "it belongs to LLVM {}", version.trim());
    let prefix = output(Command::new(config).arg("--prefix"))?;
    Ok(PathBuf::from(prefix.trim()))
}

fn named(option: Option<&PathBuf>, variable: &str) -> Option<PathBuf> {
    option.cloned().or_else(|| env::var_os(variable).map(PathBuf::from))
}

/// Every file called `name` in a folder of PATH.
fn on_path(name: &str) -> impl Iterator<Item = PathBuf> {
    let folders: Vec<_> =
        env::var_os("PATH").map(|path| env::split_paths(&path).collect()).unwrap_or_default();
    let name = name.to_owned();
    folders.into_iter().map(move |folder| folder.join(&name)).filter(|file| file.is_file())
}

/// rustup's proxies run what the folder and the environment ask for, and its toolchains put their own
/// folder on PATH: the bytes of a program must depend on neither.
fn is_rustup(rustc: &Path) -> bool {
    rustc.with_file_name("rustup").exists()
        || rustc.components().any(|part| part.as_os_str() == "toolchains" || part.as_os_str() == ".rustup")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(release: &str, llvm: &str) -> String {
        format!("rustc {release}\nbinary: rustc\nrelease: {release}\nLLVM version: {llvm}\n")
    }

    #[test]
    fn a_compiler_that_cannot_do_it_is_refused_with_the_reason() {
        check_version(&version("1.96.0", "22.1.8")).expect("the one in Debian");
        check_version(&version("1.97.0-nightly", "22.1.2")).expect("newer");
        for (release, llvm, reason) in [
            ("1.95.0", "22.1.0", "older than 1.96"),
            ("1.98.0", "23.0.1", "LLVM is 23.0.1"),
            ("x", "22.1.0", "no version"),
        ] {
            let error = check_version(&version(release, llvm)).expect_err(reason);
            assert!(error.to_string().contains(reason), "{error}");
        }
        assert!(check_version("").is_err());
    }

    #[test]
    fn rustups_compilers_are_recognised() {
        assert!(is_rustup(Path::new("/home/me/.rustup/toolchains/1.95.0-x86_64/bin/rustc")));
        assert!(!is_rustup(Path::new("/usr/bin/rustc")));
    }
}
