//! Measures how long it takes to move vaults to safety, from the guardians' order to confirmed: `cargo xtask bench migrate`.
//!
//! The command line runs as a process of its own, as guardians start it, against the real validator and against a Surfnet. Each
//! run has a chain of its own, with one market for each number of vaults.

use std::{collections::BTreeSet, process::ExitCode, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use firebreak_chain::{
    Chain,
    custody::Custody,
    figures::{CommandLine, cells, load, machine, programs, version, write},
    find_validator, send, token,
};
use firebreak_client::{
    instruction as breaker,
    interface::{
        ID, Operation, Operations, pda,
        state::{MarketSettings, ProtocolSettings},
    },
    venue::Venue,
};
use serde_json::{Value, json};
use solana_client::rpc_request::RpcRequest;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::{task::block_in_place, time::sleep};

/// Vaults of each market, by its number.
const VAULTS: [usize; 2] = [1, 40];
/// What is in each.
const AMOUNT: u64 = 40_000;
/// Slots over which the length of one is measured.
const SLOTS: u64 = 20;
const SOL: u64 = 1_000_000_000;

/// Measures `firebreak-guardian migrate` from the order to empty vaults and writes the table of docs/latency.md.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench migrate")]
struct Arguments {
    /// Runs on each chain; an odd number has a median
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=25))]
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
    let (load, runs) = (load(), arguments.runs);
    let mut text = String::from(
        "| chain | vaults | what | unit | least | median | most |\n|---|---:|---|---|---:|---:|---:|\n",
    );
    if !arguments.surfnet {
        let mut measured = Measured::new(version(&find_validator()?)?);
        for number in 1..=runs {
            measured.run(Chain::validator(programs()?).await?, number).await?;
        }
        text += &measured.rows();
    }
    let mut measured = Measured::new("embedded Surfnet".to_owned());
    for number in 1..=runs {
        measured.run(Chain::surfnet(programs()?).await?, number).await?;
    }
    text += &measured.rows();
    text += &format!("\n{runs} runs on each chain, each on a new one. {}\n", machine(&load));
    print!("{text}");
    if arguments.surfnet { Ok(()) } else { write("migrate", &text) }
}

/// All vaults of a market, moved.
struct Moved {
    /// From the start of the order's command to the end of the one that moved, which is when it has seen all confirmed.
    whole: Duration,
    /// Of it, from the order's signature.
    signed: Duration,
    /// From the slot at the start to the slot at the end.
    slots: u64,
    /// From the order's block to the block of the last vault.
    blocks: u64,
    transactions: usize,
    /// Compute units of each `migrate`.
    units: Vec<u128>,
}

/// What all runs on a kind of chain measured.
struct Measured {
    chain: String,
    /// Of the last run.
    slot: Duration,
    /// By market.
    moved: [Vec<Moved>; VAULTS.len()],
}

impl Measured {
    fn new(chain: String) -> Self {
        Self { chain, slot: Duration::ZERO, moved: Default::default() }
    }

    async fn run(&mut self, chain: Chain, number: u64) -> Result<()> {
        let desk = Desk::open(chain).await?;
        for (market, count) in VAULTS.into_iter().enumerate() {
            eprintln!("{}, run {number}: vaults to safety: {count}", self.chain);
            let one = desk.migrate(market as u64, count).await;
            self.moved[market].push(one.with_context(|| format!("{count} vaults on {}", self.chain))?);
        }
        self.slot = desk.chain.measure_slot(SLOTS).await?;
        Ok(desk.chain.shutdown().await?)
    }

    fn rows(&self) -> String {
        let row = |market: usize, what: &str, unit: &str, figures: Vec<u128>| {
            let (name, slot, vaults) = (&self.chain, self.slot.as_millis(), VAULTS[market]);
            format!("| {name}, {slot} ms a slot | {vaults} | {what} | {unit} | {}", cells(figures))
        };
        let rows = |market: usize| {
            let moved = &self.moved[market];
            let each = |figure: fn(&Moved) -> u128| moved.iter().map(figure).collect();
            let units = moved.iter().flat_map(|one| one.units.clone()).collect();
            [
                row(market, "order to all empty, confirmed", "ms", each(|one| one.whole.as_millis())),
                row(market, "order to all empty, confirmed", "slots", each(|one| one.slots.into())),
                row(market, "of it, from the order's signature", "ms", each(|one| one.signed.as_millis())),
                row(market, "the order's block to the last vault's", "slots", each(|one| one.blocks.into())),
                row(market, "sent to move them", "transactions", each(|one| one.transactions as u128)),
                row(market, "each `migrate`", "compute units", units),
            ]
            .concat()
        };
        (0..VAULTS.len()).map(rows).collect()
    }
}

/// A guarded protocol on a chain, and what its guardians have at hand.
struct Desk {
    chain: Chain,
    protocol: Pubkey,
    commands: CommandLine,
}

impl Desk {
    /// A protocol with three guardians.
    async fn open(chain: Chain) -> Result<Self> {
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
        for guardian in &guardians {
            chain.airdrop(&guardian.pubkey(), SOL).await?;
        }
        let commands = CommandLine::new(chain.rpc_url(), protocol, &guardians)?;
        Ok(Self { chain, protocol, commands })
    }

    /// A new market with so many vaults: a guardian pauses, two order, the third moves.
    async fn migrate(&self, market: u64, count: usize) -> Result<Moved> {
        let (custody, vaults) = self.prepare(market, count).await?;
        let command = |text: &str, guardians: &[usize]| {
            block_in_place(|| self.commands.run(&format!("{text} --market {market}"), guardians))
        };
        command("pause --for 1h", &[0])?;

        let rpc = self.chain.rpc();
        let before = rpc.get_slot().await?;
        let (order, ordering) = command("migrate", &[0, 1])?;
        let (answer, moving) = command("migrate --move", &[2])?;
        let slots = rpc.get_slot().await?.saturating_sub(before);

        self.check(&custody, &vaults).await?;
        let landed = order["slot"].as_u64().zip(order["milliseconds"].as_u64());
        let (ordered_in, signed) = landed.with_context(|| format!("no order: {order}"))?;
        let items = answer["items"].as_array().with_context(|| format!("no vaults: {answer}"))?;
        let last = items.iter().filter_map(|item| item["slot"].as_u64()).max();
        let last = last.with_context(|| format!("nothing moved: {answer}"))?;
        let signatures: BTreeSet<_> = items.iter().filter_map(|item| item["signature"].as_str()).collect();
        let mut units = Vec::new();
        for signature in &signatures {
            units.extend(self.units(signature).await?);
        }
        ensure!(units.len() == count, "{} of {count} moves are in the logs", units.len());
        Ok(Moved {
            whole: ordering + moving,
            signed: Duration::from_millis(signed) + moving,
            slots,
            blocks: last.saturating_sub(ordered_in),
            transactions: signatures.len(),
            units,
        })
    }

    async fn prepare(&self, market: u64, count: usize) -> Result<(Custody, Vec<Pubkey>)> {
        let (rpc, admin, protocol) = (self.chain.rpc(), self.chain.payer(), self.protocol);
        let key = admin.pubkey();
        let closing = MarketSettings::closing(
            Operations::of(&[Operation::LIST]),
            Operations::of(&[Operation::LIST, Operation::BORROW]),
            Operations::NON_EXITS,
        );
        let mint = token::create_mint(&rpc, admin, 6).await?;
        let custody = Custody { protocol, market: pda::market(&protocol, market).0, mint };
        let segment = custody.segment(&self.chain).await?;
        let create = [breaker::create_market(key, key, protocol, market, &closing, segment)];
        send::send(&rpc, admin, &[], &create).await?.ok()?;
        let vaults = custody.open(&self.chain, &vec![AMOUNT; count]).await?;
        // guardians read what is confirmed
        let done = rpc.get_slot().await?;
        while rpc.get_slot_with_commitment(CommitmentConfig::confirmed()).await? < done {
            sleep(Duration::from_millis(50)).await;
        }
        Ok((custody, vaults))
    }

    /// Everything is in the safe, confirmed.
    async fn check(&self, custody: &Custody, vaults: &[Pubkey]) -> Result<()> {
        let rpc = self.chain.rpc();
        let balance = async |address: Pubkey| {
            let confirmed = CommitmentConfig::confirmed();
            let found = rpc.get_token_account_balance_with_commitment(&address, confirmed).await?;
            anyhow::Ok(found.value.amount.parse::<u64>()?)
        };
        for vault in vaults {
            ensure!(balance(*vault).await? == 0, "vault {vault} is not empty");
        }
        let all = AMOUNT * vaults.len() as u64;
        ensure!(balance(custody.safe_tokens()).await? == all, "not all is in the safe");
        Ok(())
    }

    /// Compute units of each of the breaker's instructions in a transaction, as its log says.
    async fn units(&self, signature: &str) -> Result<Vec<u128>> {
        let options =
            json!({ "commitment": "confirmed", "encoding": "json", "maxSupportedTransactionVersion": 0 });
        let params = json!([signature, options]);
        let found: Value = self.chain.rpc().send(RpcRequest::GetTransaction, params).await?;
        let lines = found["meta"]["logMessages"].as_array().context("a transaction without a log")?;
        let (mut depth, mut units) = (0, Vec::new());
        for words in lines.iter().filter_map(Value::as_str).map(|line| line.split(' ').collect::<Vec<_>>()) {
            match *words.as_slice() {
                ["Program", _, "invoke", _] => depth += 1,
                ["Program", _, "success"] => depth -= 1,
                ["Program", id, "consumed", used, ..] if depth == 1 && id == ID.to_string() => {
                    units.push(used.parse().context("units that are no number")?);
                }
                _ => {}
            }
        }
        Ok(units)
    }
}
