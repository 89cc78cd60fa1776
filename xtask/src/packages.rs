//! System packages: which are missing, and installing them where that is ours to do.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{output, run};
use crate::progress::{note, step};

/// Makes sure that Debian packages are installed. `purpose` completes "... needs"; `otherwise` is the way
/// for systems where they cannot be had.
pub(crate) fn require(packages: &[&str], purpose: &str, otherwise: &str) -> Result<()> {
    let system = System::current();
    let missing = match system {
        System::Bookworm { .. } | System::OtherDebian => missing(packages)?,
        System::Other => return Ok(()),
    };
    if missing.is_empty() {
        return Ok(());
    }
    if system != (System::Bookworm { root: true }) {
        bail!(advice(system, &missing, purpose, otherwise));
    }
    note(format!("{purpose} needs {}", missing.join(" ")));
    step("installing system packages", || {
        run(apt_get().arg("update")).context("cannot read the package lists")?;
        run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(&missing))
            .with_context(|| format!("cannot install {}", missing.join(" ")))
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    /// Debian 12, where the packages are known to exist.
    Bookworm { root: bool },
    /// Another release or a derivative: it may have them.
    OtherDebian,
    /// No dpkg: nothing can be said about packages.
    Other,
}

impl System {
    fn current() -> Self {
        let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
        let has_dpkg =
            Command::new("dpkg-query").arg("--version").output().is_ok_and(|output| output.status.success());
        let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
        Self::from(&release, has_dpkg, root)
    }

    fn from(release: &str, has_dpkg: bool, root: bool) -> Self {
        let has = |line: &str| release.lines().any(|found| found.trim() == line);
        if !has_dpkg {
            Self::Other
        } else if has("ID=debian") && has("VERSION_CODENAME=bookworm") {
            Self::Bookworm { root }
        } else {
            Self::OtherDebian
        }
    }
}

fn missing(packages: &[&str]) -> Result<Vec<String>> {
    // A package that dpkg has never heard of makes it fail although it prints the others.
    let known = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(packages)
        .output()
        .context("cannot start dpkg-query")?;
    Ok(not_installed(packages, &String::from_utf8_lossy(&known.stdout)))
}

fn not_installed(packages: &[&str], dpkg: &str) -> Vec<String> {
    packages
        .iter()
        .filter(|package| !dpkg.lines().any(|line| line.split_once(' ') == Some((**package, "installed"))))
        .map(|package| (*package).to_owned())
        .collect()
}

fn advice(system: System, missing: &[String], purpose: &str, otherwise: &str) -> String {
    let list = missing.join(" ");
    let sure = match system {
        System::Bookworm { .. } => "",
        System::OtherDebian | System::Other => {
            " (names of Debian bookworm; this system may not carry all of them)"
        }
    };
    format!(
        "{purpose} needs system packages that are not installed. Install them with\n  \
         sudo apt-get install --no-install-recommends {list}{sure}\n{otherwise}"
    )
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").arg("--quiet=1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_recognised() {
        let bookworm = "PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n";
        assert_eq!(System::from(bookworm, true, true), System::Bookworm { root: true });
        let trixie = "VERSION_CODENAME=trixie\nID=debian\n";
        assert_eq!(System::from(trixie, true, true), System::OtherDebian);
        assert_eq!(System::from("ID=fedora\n", false, true), System::Other);
    }

    #[test]
    fn only_what_is_installed_counts_as_installed() {
        let dpkg = "cargo-web installed\nllvm-22-dev config-files\nllvm-22-dev-doc installed\n";
        assert_eq!(
            not_installed(&["cargo-web", "llvm-22-dev", "rustc-web"], dpkg),
            ["llvm-22-dev", "rustc-web"]
        );
    }

    #[test]
    fn the_advice_is_one_command_and_another_way() {
        let text = advice(
            System::Bookworm { root: false },
            &["a".into(), "b".into()],
            "the registry build",
            "Or use the other way.",
        );
        assert!(text.contains("apt-get install --no-install-recommends a b\n"), "{text}");
        assert!(text.ends_with("Or use the other way."), "{text}");
    }
}
