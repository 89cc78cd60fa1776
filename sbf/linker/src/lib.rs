//! Links SBF programs with the LLVM 22 of a distribution
#![allow(
    unsafe_code,
    unsafe_op_in_unsafe_fn,
    clippy::all,
    clippy::unwrap_used,
    reason = "LLVM is reached through its C interface"
)]

mod legalize;

use bpf_linker::{Cpu, Linker, LinkerInput, LinkerOptions, OptLevel, OutputType};
use clap::{Parser, ValueEnum};
use sbpf_linker::{OptimizationConfig, ProgramOptions, SbpfArch, SbpfLinkerError, link_program};
use std::ffi::CString;
use std::path::PathBuf;

#[derive(Clone, Copy, ValueEnum)]
enum Opt {
    #[value(name = "2")]
    Two,
    #[value(name = "3")]
    Three,
    S,
    Z,
}

#[derive(Clone, Copy, ValueEnum)]
enum Arch {
    V0,
}

/// Links bitcode into a program for the Solana VM.
#[derive(Parser)]
struct Args {
    /// Bitcode, archives and `.rlib`s.
    inputs: Vec<PathBuf>,
    /// The program to write.
    #[arg(short)]
    output: PathBuf,
    /// Ignored: only `entrypoint` is exported.
    #[arg(long)]
    export_symbols: Option<PathBuf>,
    /// Ignored: every input is given by its path.
    #[arg(short = 'L')]
    search: Vec<PathBuf>,
    /// Ignored: the instruction set follows from `--arch`.
    #[arg(long)]
    cpu: Option<String>,
    /// rustc's own optimisation level; `--opt` decides instead.
    #[arg(short = 'O')]
    rustc_opt: Option<String>,
    /// Ignored: programs carry no BTF.
    #[arg(long)]
    btf: bool,
    /// rustc adds this when it keeps debug information.
    #[arg(long)]
    debug: bool,
    /// What to optimise for.
    #[arg(long, value_enum, default_value = "3")]
    opt: Opt,
    /// The SBPF version.
    #[arg(long, value_enum, default_value = "v0")]
    arch: Arch,
}

/// Runs the linker on the arguments of the process.
pub fn run() -> anyhow::Result<()> {
    let args = Args::parse();
    let exports = ["entrypoint"]
        .into_iter()
        .chain(legalize::BUILTINS.iter().copied());
    let Arch::V0 = args.arch;
    let linker = Linker::new(LinkerOptions {
        target: None,
        cpu: Cpu::V2,
        cpu_features: c"+allows-misaligned-mem-access".into(),
        optimize: match args.opt {
            Opt::Two => OptLevel::Default,
            Opt::Three => OptLevel::Aggressive,
            Opt::S => OptLevel::Size,
            Opt::Z => OptLevel::SizeMin,
        },
        unroll_loops: false,
        ignore_inline_never: false,
        llvm_args: vec![
            c"--bpf-stack-size=4096".into(),
            c"-expand-div-rem-bits=128".into(),
        ],
        disable_expand_memcpy_in_order: true,
        disable_memory_builtins: false,
        btf: false,
        allow_bpf_trap: true,
    });
    let bitcode = linker.link_to_buffer(
        args.inputs
            .iter()
            .map(|p| LinkerInput::new_from_file(p.as_ref())),
        OutputType::Bitcode,
        exports,
    )?;
    let object = legalize::run(bitcode.as_slice(), None)?;
    let options = ProgramOptions::new(OptimizationConfig::disabled(), SbpfArch::V0, 4096);
    let program = link_program(&object, options)
        .map_err(|e| anyhow::anyhow!("{}", SbpfLinkerError::format_errors(&e)))?;
    std::fs::write(&args.output, program)?;
    Ok(())
}
