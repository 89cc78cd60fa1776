//! `sbf-difftest-host`: runs the functions of the difftest program natively and in the VM and compares.
mod compare;
mod failures;
mod prove;
mod run;
mod vm;

use anyhow::{Result, bail};
use clap::Parser;
use prove::Prover;
use run::Selection;
use sbf_difftest_program::FAMILIES;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Runs every function natively and in the VM on the same inputs; ends with 1 on any difference.
#[derive(Parser)]
struct Args {
    /// The difftest program, compiled for the VM.
    #[arg(long, required_unless_present = "linker")]
    program: Option<PathBuf>,
    /// Inputs for each function.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// Only this family; `failures` is one of them. May be given more than once.
    #[arg(long)]
    only: Vec<String>,
    /// Seed of the inputs.
    #[arg(long, default_value_t = 0x5EED)]
    seed: u64,
    /// Instead: break each remedy of this linker in turn, and end with 1 if one is not noticed.
    #[arg(long, requires = "merged", conflicts_with_all = ["program", "only"])]
    linker: Option<PathBuf>,
    /// What to link then: the difftest program as the linker's `--save-merged` wrote it.
    #[arg(long, requires = "linker")]
    merged: Option<PathBuf>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let known: Vec<&str> = FAMILIES.iter().map(|x| x.0).chain(["failures"]).collect();
    if let Some(unknown) = args.only.iter().find(|x| !known.contains(&x.as_str())) {
        bail!("there is no family {unknown}; there are {}", known.join(", "));
    }
    let started = Instant::now();
    if let (Some(linker), Some(merged)) = (&args.linker, &args.merged) {
        let (unnoticed, all) = Prover { linker, merged, seed: args.seed }.run()?;
        println!(
            "{all} remedies broken, {} unnoticed, {:.1} s",
            unnoticed.len(),
            started.elapsed().as_secs_f64()
        );
        if unnoticed.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        println!("UNNOTICED: {}", unnoticed.join(", "));
        return Ok(ExitCode::FAILURE);
    }
    let Some(program) = &args.program else { bail!("--program or --linker is needed") };
    let selection = Selection { only: args.only, iterations: args.iterations, seed: args.seed, quiet: false };
    let mut report = run::functions(program, &selection)?;
    if selection.wants("failures") {
        println!("failures:");
        let mut vm = vm::Vm::load(program)?;
        let wrong = failures::check(&mut vm)?;
        report.wrong.extend(wrong.into_iter().inspect(|x| println!("  WRONG {x}")));
    }
    println!(
        "{} functions, {} inputs, {} differences, {:.1} s",
        report.functions,
        report.inputs,
        report.wrong.len(),
        started.elapsed().as_secs_f64()
    );
    if report.wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("DIFFERENT: {}", report.wrong.join(", "));
    Ok(ExitCode::FAILURE)
}
