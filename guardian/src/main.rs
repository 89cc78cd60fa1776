//! The guardians' process: reads the command line, and maps how it ended to an exit code.

use std::process::ExitCode;

use clap::Parser;
use firebreak_guardian::{
    cli::Cli,
    console::{Console, Stop},
    run,
};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("firebreak-guardian: {error}");
            return ExitCode::FAILURE;
        }
    };
    let console = Console::of_process(cli.is_json());
    let exit = runtime.block_on(async {
        let (asks, stop) = Stop::new();
        tokio::spawn(async move {
            // without the signal there is only the default: the process ends at once
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = asks.send(true);
                std::future::pending::<()>().await;
            }
        });
        run(cli, console, stop).await
    });
    // a question that nobody answers must not hold the process
    runtime.shutdown_background();
    ExitCode::from(exit as u8)
}
