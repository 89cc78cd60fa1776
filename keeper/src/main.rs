//! The keeper's process: reads the command line, runs until it is told to stop, maps results to exit codes.

use std::process::ExitCode;

use clap::Parser;
use firebreak_keeper::{
    KeeperError, check,
    config::{Mode, Typed},
    record::Record,
    run,
};
use tokio::signal;

#[tokio::main]
async fn main() -> ExitCode {
    let typed = Typed::parse();
    // standard output is for the record alone
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(tracing::Level::WARN).init();
    match start(typed).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("firebreak-keeper: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

async fn start(typed: Typed) -> Result<(), KeeperError> {
    let (mode, config) = typed.resolve()?;
    match mode {
        Mode::Check => {
            println!("{}", check(&config).await?);
            Ok(())
        }
        Mode::Guard => {
            let record = Record::stdout(config.format);
            run(config, record, asked_to_stop()?).await
        }
    }
}

/// Resolves on SIGINT or SIGTERM.
#[cfg(unix)]
fn asked_to_stop() -> Result<impl Future<Output = ()>, KeeperError> {
    use signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt()).map_err(KeeperError::Signals)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(KeeperError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves on Ctrl-C.
#[cfg(not(unix))]
fn asked_to_stop() -> Result<impl Future<Output = ()>, KeeperError> {
    Ok(async {
        if let Err(error) = signal::ctrl_c().await {
            tracing::error!(%error, "cannot listen to Ctrl-C");
            std::future::pending::<()>().await;
        }
    })
}
