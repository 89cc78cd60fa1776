//! Building this workspace for the machine it is on.
//!
//! Every command selects the whole workspace and then names what it wants of it: cargo unifies features over
//! the selected packages, so a selection by package would compile the heavy dependencies once more.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::ids::Ids;
use crate::packages;
use crate::process::{cargo, output, run};
use crate::registry::LINKER;
use crate::workspace::Workspace;

const PACKAGES: [&str; 2] = ["libssl-dev", "pkg-config"];
/// Parts of the Rust installation that checks need: the cargo command and rustup's name of it.
const COMPONENTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

/// A compiled program or a compiled set of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binary {
    /// Name of cargo's target.
    pub(crate) name: String,
    /// Folder of the package, relative to the checkout.
    pub(crate) folder: String,
    pub(crate) path: PathBuf,
    /// Whether it is a set of tests.
    pub(crate) tests: bool,
}

impl Binary {
    /// A command that runs it as cargo would: in its package's folder, with our folders named.
    pub(crate) fn command(&self, workspace: &Workspace) -> Command {
        let folder = workspace.root.join(&self.folder);
        let mut command = Command::new(&self.path);
        command.env("CARGO_MANIFEST_DIR", &folder).current_dir(folder);
        describe(workspace, &mut command);
        command
    }
}

/// Tells a program where the build has put things.
pub(crate) fn describe(workspace: &Workspace, command: &mut Command) {
    command
        .env("CARGO_TARGET_DIR", &workspace.target)
        .env("FIREBREAK_PROGRAMS", workspace.deploy())
        .env("FIREBREAK_KEEPER", workspace.target.join("debug/firebreak-keeper"));
}

/// System packages that host crates link or run.
pub(crate) fn require_packages() -> Result<()> {
    packages::require(
        &PACKAGES,
        "the build of the host crates",
        "Elsewhere: a C compiler, OpenSSL's headers and pkg-config.",
    )
}

/// Formatter and linter, which a minimal installation of Rust does not have.
pub(crate) fn require_components() -> Result<()> {
    for (command, component) in COMPONENTS {
        if output(cargo().args([command, "--version"])).is_err() {
            run(Command::new("rustup").args(["component", "add", component]))
                .with_context(|| format!("cargo {command} is not installed and rustup cannot add it"))?;
        }
    }
    Ok(())
}

/// `cargo <subcommand> --workspace`, without the SBF linker where LLVM is `None`.
pub(crate) fn workspace_cargo(workspace: &Workspace, subcommand: &str, llvm: Option<&Path>) -> Command {
    let mut command = cargo();
    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .args([subcommand, "--workspace"]);
    Ids::default().apply(&mut command);
    match llvm {
        Some(prefix) => command.env("LLVM_SYS_221_PREFIX", prefix),
        None => command.args(["--exclude", LINKER]),
    };
    command
}

/// Builds the programs called `names`, with these features, and returns their files in that order.
pub(crate) fn build_programs(
    workspace: &Workspace,
    names: &[&str],
    features: &[&str],
    ids: &Ids,
) -> Result<Vec<Binary>> {
    let mut command = cargo();
    command
        .current_dir(&workspace.root)
        .env("CARGO_TARGET_DIR", &workspace.target)
        .args(["build", "--workspace"]);
    ids.apply(&mut command);
    for name in names {
        command.args(["--bin", name]);
    }
    for feature in features {
        command.args(["--features", feature]);
    }
    let built = build(workspace, &mut command)?;
    names
        .iter()
        .map(|name| {
            built
                .iter()
                .find(|binary| binary.name == **name && !binary.tests)
                .cloned()
                .with_context(|| format!("cargo built no program called {name}"))
        })
        .collect()
}

/// Runs a `cargo build` and returns what it made.
pub(crate) fn build(workspace: &Workspace, command: &mut Command) -> Result<Vec<Binary>> {
    let output = command
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    if !output.status.success() {
        bail!("the build failed: {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| binary(&workspace.root, line))
        .collect())
}

/// Reads one of cargo's messages, if it is about an executable of this checkout.
fn binary(root: &Path, line: &str) -> Option<Binary> {
    let message: Value = serde_json::from_str(line).ok()?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    Some(Binary {
        name: message["target"]["name"].as_str()?.to_owned(),
        folder: folder.strip_prefix(root).ok()?.to_str()?.to_owned(),
        path: message["executable"].as_str()?.into(),
        tests: message["profile"]["test"].as_bool()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_messages_are_read() {
        let message = |executable: &str, manifest: &str| {
            format!(
                "{{\"reason\":\"compiler-artifact\",\"manifest_path\":\"{manifest}\",\
                 \"target\":{{\"name\":\"cu\"}},\"profile\":{{\"test\":true}},\"executable\":{executable}}}"
            )
        };
        let root = Path::new("/checkout");
        let manifest = "/checkout/tests/scenarios/Cargo.toml";
        assert_eq!(
            binary(root, &message("\"/target/cu\"", manifest)),
            Some(Binary {
                name: "cu".into(),
                folder: "tests/scenarios".into(),
                path: "/target/cu".into(),
                tests: true,
            })
        );
        assert_eq!(binary(root, &message("null", manifest)), None);
        assert_eq!(binary(root, &message("\"/x\"", "/elsewhere/Cargo.toml")), None);
        assert_eq!(binary(root, "Compiling cu"), None);
    }
}
