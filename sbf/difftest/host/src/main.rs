//! `sbf-difftest-host`: runs the functions of the difftest program natively and in the VM and compares.
mod compare;
mod failures;
mod vm;

use anyhow::{Result, bail};
use clap::Parser;
use compare::{Place, compare};
use sbf_difftest_program::FAMILIES;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Runs every function natively and in the VM on the same inputs; ends with 1 on any difference.
#[derive(Parser)]
struct Args {
    /// The difftest program, compiled for the VM.
    #[arg(long)]
    program: PathBuf,
    /// Inputs for each function.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    iterations: u64,
    /// Only this family; `failures` is one of them. May be given more than once.
    #[arg(long)]
    only: Vec<String>,
    /// Seed of the inputs.
    #[arg(long, default_value_t = 0x5EED)]
    seed: u64,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let known: Vec<&str> = FAMILIES.iter().map(|x| x.0).chain(["failures"]).collect();
    if let Some(unknown) = args.only.iter().find(|x| !known.contains(&x.as_str())) {
        bail!("there is no family {unknown}; there are {}", known.join(", "));
    }
    let wanted = |name: &str| args.only.is_empty() || args.only.iter().any(|x| x == name);
    let mut vm = vm::Vm::load(&args.program)?;
    let started = Instant::now();
    let (mut inputs, mut functions, mut wrong) = (0, 0, Vec::new());
    for (family, (name, members)) in FAMILIES.iter().enumerate().filter(|(_, x)| wanted(x.0)) {
        let clock = Instant::now();
        let mut units = 0;
        for (index, function) in members.iter().enumerate() {
            let place = Place { family: family as u8, function: index as u8 };
            match compare(&mut vm, place, function, args.seed, args.iterations) {
                Ok(cost) => {
                    inputs += cost.inputs;
                    units += cost.compute_units;
                }
                Err(text) => {
                    println!("{text}");
                    wrong.push(function.name.to_owned());
                }
            }
            functions += 1;
        }
        println!(
            "{name}: {} functions, {} inputs each, {} CU, {:.1} s",
            members.len(),
            args.iterations,
            units,
            clock.elapsed().as_secs_f64()
        );
    }
    if wanted("failures") {
        println!("failures:");
        wrong.extend(failures::check(&mut vm)?.into_iter().inspect(|x| println!("  WRONG {x}")));
    }
    println!(
        "{functions} functions, {inputs} inputs, {} differences, {:.1} s",
        wrong.len(),
        started.elapsed().as_secs_f64()
    );
    if wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("DIFFERENT: {}", wrong.join(", "));
    Ok(ExitCode::FAILURE)
}
