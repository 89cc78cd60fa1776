//! `cargo xtask build`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::artefacts::{self, Artefact};
use crate::ids::Ids;
use crate::platform;
use crate::progress::{note, step};
use crate::registry::{Places, Registry};
use crate::stamp::Stamp;
use crate::workspace::{Workspace, hex, shown};

/// Which compiler builds the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Toolchain {
    /// `cargo build-sbf` where it is on PATH, else the registry build
    #[default]
    Auto,
    /// `cargo build-sbf` of the Solana toolchain
    Platform,
    /// A distribution's Rust 1.96 and LLVM 22 with Firebreak's own linker
    Registry,
}

/// What to build, and with what.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Options {
    /// Programs to build [default: breaker venue]
    #[arg(value_name = "PROGRAM")]
    programs: Vec<String>,
    /// Build the variants for drills and the test program too
    #[arg(long, conflicts_with = "programs")]
    all: bool,
    /// Which compiler to use
    #[arg(long, value_enum, default_value_t)]
    toolchain: Toolchain,
    /// Build for the addresses in this file, of the form of interface/program-ids.json
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    #[command(flatten)]
    places: Places,
    /// Print a list of {name, path, bytes, sha256} to standard output
    #[arg(long)]
    json: bool,
}

impl Options {
    /// Builds these programs with whatever compiler there is.
    pub(crate) fn only(programs: &[&str]) -> Self {
        let programs = programs.iter().map(|program| (*program).to_owned()).collect();
        Self { programs, ..Self::default() }
    }

    /// Builds all programs with whatever compiler there is.
    pub(crate) fn everything() -> Self {
        Self { all: true, ..Self::default() }
    }
}

/// A program that stands in the deploy folder.
#[derive(Debug)]
pub(crate) struct Built {
    name: &'static str,
    path: PathBuf,
    bytes: u64,
    sha256: String,
}

/// Runs the command.
pub(crate) fn command(workspace: &Workspace, options: &Options) -> Result<()> {
    let built = build(workspace, options)?;
    if options.json {
        let list: Vec<_> = built
            .iter()
            .map(|program| {
                json!({
                    "name": program.name,
                    "path": program.path,
                    "bytes": program.bytes,
                    "sha256": program.sha256,
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&list)?);
    } else {
        print!("{}", table(workspace, &built));
    }
    Ok(())
}

/// Builds what `options` asks for.
pub(crate) fn build(workspace: &Workspace, options: &Options) -> Result<Vec<Built>> {
    let artefacts = artefacts::select(&options.programs, options.all)?;
    let ids = Ids::read(workspace, options.ids.as_deref())?;
    let deploy = workspace.deploy();
    fs::create_dir_all(&deploy).with_context(|| format!("cannot create {}", deploy.display()))?;
    let compiler = Compiler::choose(workspace, &ids, options)?;
    artefacts
        .iter()
        .map(|artefact| {
            let said = deploy.join(format!("{}.toolchain", artefact.name));
            fs::write(&said, compiler.name()).with_context(|| format!("cannot write {}", said.display()))?;
            let stamp = compiler.stamp(artefact)?;
            let there = deploy.join(format!("{}.so", artefact.name));
            if let Some(stamp) = &stamp
                && let Ok(built) = measure(artefact, there)
                && stamp.matches(&built.sha256)
            {
                note(format!("program {} is made of the same as before", artefact.name));
                return Ok(built);
            }
            let built = step(format!("program {}", artefact.name), || {
                deliver(workspace, artefact, compiler.build(artefact)?)
            })?;
            if let Some(stamp) = stamp {
                stamp.keep(&built.sha256)?;
            }
            Ok(built)
        })
        .collect()
}

/// The compiler that was chosen, ready to build one program after another.
enum Compiler<'a> {
    Platform(&'a Workspace, &'a Ids),
    Registry(Registry<'a>),
}

impl<'a> Compiler<'a> {
    fn choose(workspace: &'a Workspace, ids: &'a Ids, options: &Options) -> Result<Self> {
        let platform = match options.toolchain {
            Toolchain::Registry => false,
            Toolchain::Auto => platform::is_present(),
            Toolchain::Platform => {
                platform::require()?;
                true
            }
        };
        if platform {
            note("toolchain: platform (cargo build-sbf)");
            return Ok(Self::Platform(workspace, ids));
        }
        note("toolchain: registry (Rust, LLVM and a linker of our own, in place of cargo build-sbf)");
        Registry::prepare(workspace, ids, &options.places).map(Self::Registry)
    }

    /// What `cargo xtask bench cu` reads beside the program: its table is for one of them.
    fn name(&self) -> &'static str {
        match self {
            Self::Platform(..) => "platform",
            Self::Registry(_) => "registry",
        }
    }

    /// What the program is made of; none where the compiler's own tool decides whether it is fresh.
    fn stamp(&self, artefact: &Artefact) -> Result<Option<Stamp>> {
        match self {
            Self::Platform(..) => Ok(None),
            Self::Registry(registry) => registry.stamp(artefact).map(Some),
        }
    }

    fn build(&self, artefact: &Artefact) -> Result<PathBuf> {
        match self {
            Self::Platform(workspace, ids) => platform::build(workspace, ids, artefact),
            Self::Registry(registry) => registry.build(artefact),
        }
    }
}

/// Copies a program to the deploy folder, if it is not there already, and measures it.
fn deliver(workspace: &Workspace, artefact: &Artefact, from: PathBuf) -> Result<Built> {
    let program = fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
    let path = workspace.deploy().join(format!("{}.so", artefact.name));
    if fs::read(&path).ok().as_ref() != Some(&program) {
        fs::write(&path, &program).with_context(|| format!("cannot write {}", path.display()))?;
    }
    measure(artefact, path)
}

fn measure(artefact: &Artefact, path: PathBuf) -> Result<Built> {
    let program = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Built {
        name: artefact.name,
        path,
        bytes: program.len() as u64,
        sha256: hex(&Sha256::digest(&program)),
    })
}

fn table(workspace: &Workspace, built: &[Built]) -> String {
    let width = built.iter().map(|program| program.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for program in built {
        text += &format!(
            "{:width$}  {:>8} bytes  {}  {}\n",
            program.name,
            program.bytes,
            program.sha256,
            shown(&workspace.root, &program.path)
        );
    }
    text
}
