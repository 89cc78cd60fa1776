//! The guardians' process: reads the command line, prints the answer, maps results to exit codes.

use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use firebreak_guardian::{chain, status};
use solana_pubkey::Pubkey;

/// Shows what a protocol's breaker holds, and proves its journal.
///
/// Exit codes: 0 read and sound; 1 the journal contradicts itself; 2 wrong usage; 4 the endpoint does not answer, or
/// the protocol is not there.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Severity in force, latches with the time they have left, limiters, and whether the journal's chain of hashes holds.
    Status(Status),
}

#[derive(Debug, Args)]
struct Status {
    /// RPC endpoint.
    #[arg(long, env = "FIREBREAK_URL")]
    url: String,
    /// Address of the protocol's account in the breaker.
    #[arg(long, env = "FIREBREAK_PROTOCOL", value_parser = status::address)]
    protocol: Pubkey,
}

impl Status {
    fn run(&self) -> ExitCode {
        match chain::read(&self.url, self.protocol) {
            Ok(snapshot) => {
                let status = status::report(&snapshot);
                print!("{}", status.text);
                if status.broken.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS }
            }
            Err(error) => {
                eprintln!("firebreak-guardian: {error}");
                ExitCode::from(4)
            }
        }
    }
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Status(status) => status.run(),
    }
}
