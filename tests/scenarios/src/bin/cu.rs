//! Measures compute units in the VM: `cargo xtask bench cu [--json] [--check]`.

use std::{collections::BTreeMap, fs, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use clap::Parser;
use firebreak_scenarios::{
    cost::{self, Cost},
    programs,
};
use serde_json::json;

const BEGIN: &str = "<!-- begin: cargo xtask bench cu -->\n";
const END: &str = "<!-- end: cargo xtask bench cu -->\n";
/// The toolchain whose programs the table is about.
const DOCUMENTED: &str = "registry";
/// Bytes of the breaker at most: they are rent, and an upgrade takes as many again.
const LARGEST: usize = 600 * 1024;
/// A rise of one part in this many is refused by `--check`.
const TOLERATED: u64 = 50;

/// Measures the compute units of each instruction in the VM and writes the table of docs/compute-units.md.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench cu")]
struct Arguments {
    /// Print a list of {instruction, case, cu} to standard output and write nothing
    #[arg(long)]
    json: bool,
    /// Change nothing; fail where a case costs over 2 % more than docs/compute-units.md says, or misses its target, or
    /// the breaker is too long. Programs of the platform toolchain are measured and not judged
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let costs = cost::measure();
    let bytes = programs::load("breaker").len();
    if arguments.json {
        let list: Vec<_> = costs
            .iter()
            .map(|cost| json!({ "instruction": cost.instruction, "case": cost.case, "cu": cost.units }))
            .collect();
        println!("{}", serde_json::to_string_pretty(&list)?);
    } else {
        print!("{}", table(&costs));
    }
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/compute-units.md");
    let page = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (before, rest) =
        page.split_once(BEGIN).with_context(|| format!("{} has no line {BEGIN:?}", path.display()))?;
    let (old, after) =
        rest.split_once(END).with_context(|| format!("{} has no line {END:?}", path.display()))?;
    let toolchain =
        programs::toolchain("breaker").context("build the programs with `cargo xtask build --all`")?;
    if toolchain != DOCUMENTED {
        eprintln!(
            "note: these programs are the {toolchain} toolchain's; the table is for the {DOCUMENTED} one's, so it is left as it is"
        );
        return Ok(());
    }
    if arguments.check {
        return check(&costs, bytes, &read(old));
    }
    if arguments.json {
        return Ok(());
    }
    let size = format!("\nThe breaker is {bytes} bytes long, of {LARGEST} that it may have.\n");
    let page = [before, BEGIN, &table(&costs), &size, END, after].concat();
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

fn table(costs: &[Cost]) -> String {
    let mut text = String::from("| instruction | case | compute units | target |\n|---|---|---:|---:|\n");
    for Cost { instruction, case, units, target } in costs {
        let target = target.map_or_else(String::new, |target| target.to_string());
        text += &format!("| `{instruction}` | {case} | {units} | {target} |\n");
    }
    text
}

/// The table's units by instruction and case.
fn read(table: &str) -> BTreeMap<(String, String), u64> {
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        match cells[..] {
            ["", instruction, case, units, ..] => {
                Some(((instruction.to_owned(), case.to_owned()), units.parse().ok()?))
            }
            _ => None,
        }
    };
    table.lines().filter_map(row).collect()
}

fn check(costs: &[Cost], bytes: usize, documented: &BTreeMap<(String, String), u64>) -> Result<()> {
    let mut problems = Vec::new();
    if bytes > LARGEST {
        problems.push(format!("the breaker is {bytes} bytes long, above its limit of {LARGEST}"));
    }
    for Cost { instruction, case, units, target } in costs {
        let key = (instruction.to_string(), case.to_string());
        match documented.get(&key) {
            None => problems.push(format!("{instruction}, {case}: {units}, not in the table")),
            Some(known) if *units > known + known / TOLERATED => {
                problems.push(format!("{instruction}, {case}: {units}, {known} in the table"));
            }
            Some(_) => {}
        }
        if let Some(target) = target.filter(|target| units > target) {
            problems.push(format!("{instruction}, {case}: {units}, above its target of {target}"));
        }
    }
    let measured = |(instruction, case): &&(String, String)| {
        costs.iter().any(|cost| cost.instruction == instruction && cost.case == case)
    };
    for (instruction, case) in documented.keys().filter(|key| !measured(key)) {
        problems.push(format!("{instruction}, {case}: in the table, no longer measured"));
    }
    if problems.is_empty() {
        return Ok(());
    }
    bail!(
        "the programs have changed:\n  {}\n`cargo xtask bench cu` writes docs/compute-units.md anew; say in the \
         commit why a rise is worth it",
        problems.join("\n  ")
    )
}
