//! `firebreak-sbf-linker`: the linker that `rustc` calls for SBF programs.
use clap::{Parser, ValueEnum as _};
use firebreak_sbf_linker::{Options, Remedy, run};
use std::process::ExitCode;

fn main() -> ExitCode {
    let options = Options::parse();
    let Some(output) = &options.output else {
        for remedy in Remedy::value_variants() {
            println!("{}", remedy.name());
        }
        return ExitCode::SUCCESS;
    };
    // the crates below assert what they expect of an object; that is an error here, not a crash
    match std::panic::catch_unwind(|| run(&options, output)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
        Err(_) => {
            eprintln!("error: the linker met something it did not expect; the message above says where");
            ExitCode::FAILURE
        }
    }
}
