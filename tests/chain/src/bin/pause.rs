//! Measures how long a guardian's pause takes, from the key press to confirmed: `cargo xtask bench pause`.
//!
//! The command line runs as a process of its own, as a guardian starts it, against the real validator and against a Surfnet. A
//! guardian pauses a market once, so every run has a market of its own.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Parser;
use firebreak_chain::{
    Chain,
    figures::{CommandLine, cells, load, machine, programs, version, write},
    find_validator, send,
};
use firebreak_client::{
    instruction as breaker,
    interface::{
        Operation, Operations, pda,
        state::{MarketSettings, ProtocolSettings},
    },
    venue::Venue,
};
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_signer::Signer;
use tokio::{task::block_in_place, time::sleep};

/// Runs that count for nothing: the first ones read the program from disk.
const WARM_UP: u64 = 3;
/// Each run makes two entries of the journal, and the one segment there is holds 64.
const MOST_RUNS: u64 = 25;
/// Slots over which the length of one is measured.
const SLOTS: u64 = 20;
const SOL: u64 = 1_000_000_000;

/// Measures `firebreak-guardian pause` from its start to confirmed and writes the table of docs/latency.md.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench pause")]
struct Arguments {
    /// Runs on each chain, after some to warm up; an odd number has a median
    #[arg(long, default_value_t = 21, value_parser = clap::value_parser!(u64).range(10..=MOST_RUNS))]
    runs: u64,
    /// Run on a Surfnet alone, print the table and write nothing
    #[arg(long)]
    surfnet: bool,
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

#[tokio::main]
async fn run(arguments: &Arguments) -> Result<()> {
    let load = load();
    let mut text = String::from(
        "| chain | from the start of the command | unit | least | median | most |\n|---|---|---|---:|---:|---:|\n",
    );
    if !arguments.surfnet {
        let version = version(&find_validator()?)?;
        let chain = Chain::validator(programs()?).await?;
        text += &measure(chain, &version, arguments.runs).await?;
    }
    let chain = Chain::surfnet(programs()?).await?;
    text += &measure(chain, "embedded Surfnet", arguments.runs).await?;
    text += &format!("\n{}\n", circumstances(arguments.runs, &load));
    print!("{text}");
    if arguments.surfnet {
        return Ok(());
    }
    write("pause", &text)
}

/// What the figures depend on.
fn circumstances(runs: u64, load: &str) -> String {
    format!("{runs} runs on each chain, after {WARM_UP} to warm up. {}", machine(load))
}

/// One pause.
struct Paused {
    /// From the start of the process to its end, which is when it has seen the pause confirmed.
    whole: Duration,
    /// From the signature to confirmed, as the command itself says.
    signed: Duration,
    /// From the slot at the start to the slot of the block.
    to_block: u64,
    /// From the slot at the start to the slot at the end.
    to_confirmed: u64,
}

/// The rows of one chain.
async fn measure(chain: Chain, name: &str, runs: u64) -> Result<String> {
    eprintln!("pauses on {name}");
    let desk = Desk::open(chain, WARM_UP + runs).await?;
    let mut paused = Vec::new();
    for market in 0..WARM_UP + runs {
        // so that the starts do not keep to one part of a slot
        sleep(Duration::from_millis(market * 67 % 400)).await;
        let one = desk.pause(market).await.with_context(|| format!("market {market} on {name}"))?;
        if market >= WARM_UP {
            paused.push(one);
        }
    }
    let slot = desk.chain.measure_slot(SLOTS).await?.as_millis();
    desk.chain.shutdown().await?;
    let row = |what: &str, unit: &str, figure: &dyn Fn(&Paused) -> u128| {
        let cells = cells(paused.iter().map(figure).collect());
        format!("| {name}, {slot} ms a slot | {what} | {unit} | {cells}")
    };
    Ok([
        row("to confirmed", "ms", &|one| one.whole.as_millis()),
        row("to confirmed", "slots", &|one| one.to_confirmed.into()),
        row("to the block that has it", "slots", &|one| one.to_block.into()),
        row("of it, from the signature to confirmed", "ms", &|one| one.signed.as_millis()),
    ]
    .concat())
}

/// A guarded protocol on a chain, and what its guardian has at hand.
struct Desk {
    chain: Chain,
    commands: CommandLine,
}

impl Desk {
    /// A protocol with so many markets and three guardians.
    async fn open(chain: Chain, markets: u64) -> Result<Self> {
        let (rpc, admin) = (chain.rpc(), chain.payer());
        let key = admin.pubkey();
        let guardians: Vec<Keypair> = (0..3).map(|_| Keypair::new()).collect();
        let venue = Venue::new(Vec::new());
        let protocol = venue.protocol;
        let settings = ProtocolSettings::starting(key, guardians.iter().map(Signer::pubkey).collect());
        let create = [
            venue.initialize(key, key),
            venue.connect(key, &settings),
            breaker::extend_journal(key, protocol, 0),
        ];
        send::send(&rpc, admin, &[], &create).await?.ok()?;
        let closing = MarketSettings::closing(
            Operations::of(&[Operation::LIST]),
            Operations::of(&[Operation::LIST, Operation::BORROW]),
            Operations::NON_EXITS,
        );
        let guardian = guardians[0].pubkey();
        for market in 0..markets {
            let create = [
                breaker::create_market(key, key, protocol, market, &closing, Some(0)),
                breaker::open_budget(key, protocol, Some(pda::market(&protocol, market).0), guardian),
            ];
            send::send(&rpc, admin, &[], &create).await?.ok()?;
        }
        chain.airdrop(&guardian, SOL).await?;
        // the guardian reads what is confirmed
        let done = rpc.get_slot().await?;
        while rpc.get_slot_with_commitment(CommitmentConfig::confirmed()).await? < done {
            sleep(Duration::from_millis(50)).await;
        }

        let commands = CommandLine::new(chain.rpc_url(), protocol, &guardians)?;
        Ok(Self { chain, commands })
    }

    /// The guardian pauses this market.
    async fn pause(&self, market: u64) -> Result<Paused> {
        let rpc = self.chain.rpc();
        let command = format!("pause --market {market}");
        let before = rpc.get_slot().await?;
        let (report, whole) = block_in_place(|| self.commands.run(&command, &[0]))?;
        let after = rpc.get_slot().await?;
        let (Some("landed"), Some(slot), Some(milliseconds)) =
            (report["outcome"].as_str(), report["slot"].as_u64(), report["milliseconds"].as_u64())
        else {
            bail!("it does not say that it landed: {report}");
        };
        Ok(Paused {
            whole,
            signed: Duration::from_millis(milliseconds),
            to_block: slot.saturating_sub(before),
            to_confirmed: after.saturating_sub(before),
        })
    }
}
