//! What every demo takes on its command line.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    programs,
    scenario::{ChainKind, Ground},
};

/// Where to run, and what to print.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Common {
    /// Run on solana-test-validator instead of an embedded Surfnet.
    #[arg(long)]
    pub validator: bool,
    /// Print figures for machines instead of the page for people.
    #[arg(long)]
    pub json: bool,
    /// Length of a slot in milliseconds.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(50..=2_000))]
    pub slot_ms: Option<u64>,
    /// RPC port of the chain, with the websocket on the next one; free ones if not given.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1_024..=65_534))]
    pub rpc_port: Option<u16>,
}

impl Common {
    /// Where they say that a run takes place; it tells of itself on standard error.
    pub fn ground(&self) -> Ground {
        Ground {
            chain: if self.validator { ChainKind::Validator } else { ChainKind::Surfnet },
            slot_time: self.slot_ms.map(Duration::from_millis),
            rpc_port: self.rpc_port,
            programs: programs::folder(),
            progress,
        }
    }
}

/// What is going on, by the time since the first word.
pub fn progress(text: &str) {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    eprintln!("demo {:>5.1} s  {text}", START.elapsed().as_secs_f64());
}
