//! All functions, on all processors.
use crate::compare::{Cost, Place, compare};
use crate::vm::Vm;
use anyhow::{Result, anyhow};
use sbf_difftest_program::{FAMILIES, Function};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

/// What to run.
pub(crate) struct Selection {
    /// Families; empty for all.
    pub(crate) only: Vec<String>,
    /// Inputs for each function.
    pub(crate) iterations: u64,
    /// Seed of the inputs.
    pub(crate) seed: u64,
    /// Print nothing.
    pub(crate) quiet: bool,
}

impl Selection {
    pub(crate) fn wants(&self, family: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|x| x == family)
    }
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) functions: usize,
    pub(crate) inputs: u64,
    /// Names of the functions that differ.
    pub(crate) wrong: Vec<String>,
}

/// One function to compare.
struct Job {
    family: &'static str,
    place: Place,
    function: &'static Function,
}

/// Compares every selected function.
pub(crate) fn functions(program: &Path, selection: &Selection) -> Result<Report> {
    let mut jobs = Vec::new();
    for (family, (name, members)) in FAMILIES.iter().enumerate().filter(|(_, x)| selection.wants(x.0)) {
        for (index, function) in members.iter().enumerate() {
            let place = Place { family: family as u8, function: index as u8 };
            jobs.push(Job { family: name, place, function });
        }
    }
    let total = jobs.len();
    // from the end: the slow families start first
    let (jobs, report) = (Mutex::new(jobs), Mutex::new(Report::default()));
    let next = || jobs.lock().ok()?.pop();
    let work = || -> Result<()> {
        let mut vm = Vm::load(program)?;
        while let Some(job) = next() {
            let clock = Instant::now();
            let outcome = compare(&mut vm, job.place, job.function, selection.seed, selection.iterations);
            let mut report = report.lock().map_err(|_| anyhow!("another thread panicked"))?;
            report.functions += 1;
            if !selection.quiet {
                let done = format!("[{}/{total}] {} {}", report.functions, job.family, job.function.name);
                match &outcome {
                    Ok(Cost { inputs, compute_units }) => println!(
                        "{done}: {inputs} inputs, {} CU each, {:.1} s",
                        compute_units / inputs.max(&1),
                        clock.elapsed().as_secs_f64()
                    ),
                    Err(text) => println!("{done}: DIFFERENT\n{text}"),
                }
            }
            match outcome {
                Ok(cost) => report.inputs += cost.inputs,
                Err(_) => report.wrong.push(job.function.name.to_owned()),
            }
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(total.max(1));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|x| x.join().map_err(|_| anyhow!("a thread panicked"))?)
    })?;
    let mut report = report.into_inner().map_err(|_| anyhow!("a thread panicked"))?;
    report.wrong.sort();
    Ok(report)
}
