//! Both sides of one function, and the search for the input on which they differ.
use crate::vm::Vm;
use sbf_difftest_program::{Function, Input, Output, Request, batch};
use std::fmt::Write as _;

/// Where a function stands in the table.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) family: u8,
    pub(crate) function: u8,
}

/// What comparing a function cost.
#[derive(Default)]
pub(crate) struct Cost {
    pub(crate) inputs: u64,
    pub(crate) compute_units: u64,
}

/// Runs `iterations` inputs on both sides; an error describes the first difference.
pub(crate) fn compare(
    vm: &mut Vm,
    place: Place,
    function: &Function,
    seed: u64,
    iterations: u64,
) -> Result<Cost, String> {
    let mut cost = Cost::default();
    while cost.inputs < iterations {
        let count = u64::from(function.batch).min(iterations - cost.inputs) as u32;
        let first = cost.inputs;
        let native = batch(function, seed, first, count);
        match in_vm(vm, place, seed, first, count) {
            Ok((hash, units)) if hash == native => cost.compute_units += units,
            outcome => {
                return Err(narrow(vm, place, function, seed, first, count)
                    .unwrap_or_else(|| alone(function, first, count, native, &outcome)));
            }
        }
        cost.inputs += u64::from(count);
    }
    Ok(cost)
}

fn in_vm(vm: &mut Vm, place: Place, seed: u64, first: u64, count: u32) -> Result<(u64, u64), String> {
    let Place { family, function } = place;
    match vm.send(Request::Batch { family, function, seed, first, count }, None) {
        Ok(meta) => match <[u8; 8]>::try_from(meta.return_data.data.as_slice()) {
            Ok(bytes) => Ok((u64::from_le_bytes(bytes), meta.compute_units_consumed)),
            // the runtime cuts trailing zeros from no one: anything else is the program's fault
            Err(_) => Err(format!("returned {} bytes instead of 8", meta.return_data.data.len())),
        },
        Err(failed) => Err(format!("{:?}; log: {}", failed.err, failed.meta.logs.join(" | "))),
    }
}

/// The first single input of a batch on which the sides differ, described.
fn narrow(
    vm: &mut Vm,
    place: Place,
    function: &Function,
    seed: u64,
    first: u64,
    count: u32,
) -> Option<String> {
    for index in first..first + u64::from(count) {
        let native = batch(function, seed, index, 1);
        let got = in_vm(vm, place, seed, index, 1);
        if matches!(&got, Ok((hash, _)) if *hash == native) {
            continue;
        }
        let (mut input, mut output) = (Input::new(seed, index), Output::default());
        (function.run)(&mut input, &mut output);
        let mut text = format!("{} differs on input {index} of seed {seed}\n", function.name);
        let drawn: Vec<String> = input.drawn.iter().map(|x| format!("{x:#x}")).collect();
        let _ = writeln!(text, "  inputs: {}", drawn.join(", "));
        match values(vm, place, seed, index) {
            Ok(values) => {
                for (k, expected) in output.values().iter().enumerate() {
                    match values.get(k) {
                        Some(got) if got == expected => {}
                        Some(got) => {
                            let _ = writeln!(text, "  value {k}: expected {expected:#x}, got {got:#x}");
                        }
                        None => {
                            let _ = writeln!(text, "  value {k}: expected {expected:#x}, got nothing");
                        }
                    }
                }
                if values.len() > output.values().len() {
                    let _ = writeln!(text, "  {} values too many", values.len() - output.values().len());
                }
            }
            Err(error) => {
                let _ = writeln!(text, "  expected {:#x?}, got an error: {error}", output.values());
            }
        }
        return Some(text);
    }
    None
}

fn values(vm: &mut Vm, place: Place, seed: u64, index: u64) -> Result<Vec<u128>, String> {
    let Place { family, function } = place;
    match vm.send(Request::One { family, function, seed, index }, None) {
        Ok(meta) => {
            let (words, _) = meta.return_data.data.as_chunks::<16>();
            Ok(words.iter().map(|x| u128::from_le_bytes(*x)).collect())
        }
        Err(failed) => Err(format!("{:?}; log: {}", failed.err, failed.meta.logs.join(" | "))),
    }
}

/// A batch that differs although each of its inputs agrees when it runs alone.
fn alone(
    function: &Function,
    first: u64,
    count: u32,
    native: u64,
    outcome: &Result<(u64, u64), String>,
) -> String {
    let got = match outcome {
        Ok((hash, _)) => format!("hash {hash:#x}"),
        Err(error) => error.clone(),
    };
    format!(
        "{} differs on inputs {first} to {} together, on none alone: expected hash {native:#x}, got {got}",
        function.name,
        first + u64::from(count) - 1
    )
}
