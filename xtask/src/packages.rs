//! System packages: which are missing, and installing them where that is ours to do.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process::{output, run};
use crate::progress::{note, step};

/// On Debian bookworm, whose packages these are, makes sure that they are installed: by itself as root, else the
/// error says how. `purpose` completes "... needs"; `otherwise` is another way. On other systems it does nothing:
/// what is missing there shows when it is used.
pub(crate) fn require(packages: &[&str], purpose: &str, otherwise: &str) -> Result<()> {
    if !is_bookworm(&fs::read_to_string("/etc/os-release").unwrap_or_default()) {
        return Ok(());
    }
    let missing = missing(packages)?;
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        bail!("{purpose} needs system packages that are not installed. {}", advice(&missing, otherwise));
    }
    note(format!("{purpose} needs {}", missing.join(" ")));
    step("system packages", || {
        run(apt_get().arg("update")).context("cannot read the package lists")?;
        run(apt_get().args(["install", "--yes", "--no-install-recommends"]).args(&missing))
            .with_context(|| format!("cannot install {}", missing.join(" ")))
    })
}

/// What a user can do who has to install `packages`.
pub(crate) fn advice(packages: &[&str], otherwise: &str) -> String {
    format!(
        "On Debian bookworm:\n  sudo apt-get install --no-install-recommends {}\n{otherwise}",
        packages.join(" ")
    )
}

fn is_bookworm(release: &str) -> bool {
    let has = |line: &str| release.lines().any(|found| found.trim() == line);
    has("ID=debian") && has("VERSION_CODENAME=bookworm")
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

fn missing<'a>(packages: &[&'a str]) -> Result<Vec<&'a str>> {
    // A package that dpkg has never heard of makes it fail although it prints the others.
    let known = Command::new("dpkg-query")
        .args(["--show", "--showformat=${Package} ${db:Status-Status}\n"])
        .args(packages)
        .output()
        .context("cannot start dpkg-query")?;
    Ok(not_installed(packages, &String::from_utf8_lossy(&known.stdout)))
}

fn not_installed<'a>(packages: &[&'a str], dpkg: &str) -> Vec<&'a str> {
    let is_installed =
        |package: &str| dpkg.lines().any(|line| line.split_once(' ') == Some((package, "installed")));
    packages.iter().copied().filter(|package| !is_installed(package)).collect()
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
    fn bookworm_is_recognised() {
        assert!(is_bookworm("PRETTY_NAME=\"Debian\"\nVERSION_CODENAME=bookworm\nID=debian\n"));
        assert!(!is_bookworm("VERSION_CODENAME=trixie\nID=debian\n"));
        assert!(!is_bookworm("VERSION_CODENAME=bookworm\nID=derivative\nID_LIKE=debian\n"));
        assert!(!is_bookworm(""));
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
        let text = advice(&["a", "b"], "Or use the other way.");
        assert!(text.contains("apt-get install --no-install-recommends a b\n"), "{text}");
        assert!(text.ends_with("Or use the other way."), "{text}");
    }
}
