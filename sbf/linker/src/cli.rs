//! The command line that `rustc` calls a linker of the flavour `bpf` with, and a few options of ours.
use crate::Remedy;
use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// What to optimise for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Optimize {
    /// As `-O2`.
    #[value(name = "2")]
    Two,
    /// As `-O3`.
    #[value(name = "3")]
    Three,
    /// As `-Os`.
    S,
    /// As `-Oz`.
    Z,
}

/// The version of the VM's instruction set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Arch {
    /// The one that every cluster runs.
    V0,
}

/// Links LLVM bitcode into a program for the Solana VM.
#[derive(Parser, Debug)]
#[command(name = "firebreak-sbf-linker", version)]
pub struct Options {
    /// Bitcode, and archives of it.
    #[arg(required_unless_present = "print_remedies")]
    pub inputs: Vec<PathBuf>,
    /// The program to write.
    #[arg(short, long, required_unless_present = "print_remedies")]
    pub output: Option<PathBuf>,
    /// The version of the instruction set.
    #[arg(long, value_enum, default_value = "v0")]
    pub arch: Arch,
    /// What to optimise for.
    #[arg(long, value_enum, default_value = "3")]
    pub opt: Optimize,
    /// From rustc; a program exports its entrypoint alone.
    #[arg(long, hide = true)]
    pub export_symbols: Option<PathBuf>,
    /// From rustc; every input comes with its path.
    #[arg(short = 'L', hide = true)]
    pub search: Vec<PathBuf>,
    /// From rustc; `--arch` decides.
    #[arg(long, hide = true)]
    pub cpu: Option<String>,
    /// From rustc; the linker names the features itself.
    #[arg(long, hide = true)]
    pub cpu_features: Option<String>,
    /// From rustc; `--opt` decides.
    #[arg(short = 'O', hide = true)]
    pub rustc_opt: Option<String>,
    /// From rustc; a program carries no debug information.
    #[arg(long, hide = true)]
    pub debug: bool,
    /// From rustc, with debug information.
    #[arg(long, hide = true)]
    pub btf: bool,
    /// Breaks one remedy, to show that the differential test notices.
    #[arg(long, hide = true, value_enum)]
    pub break_remedy: Option<Remedy>,
    /// Prints the names of the remedies.
    #[arg(long, hide = true, exclusive = true)]
    pub print_remedies: bool,
    /// Writes the merged and optimised bitcode too, before any remedy.
    #[arg(long, hide = true)]
    pub save_merged: Option<PathBuf>,
    /// The only input is bitcode from `--save-merged`.
    #[arg(long, hide = true)]
    pub merged: bool,
}
