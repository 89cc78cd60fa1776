//! Real chains for tests and demo: an embedded Surfnet, or `solana-test-validator`.
//!
//! [`Chain`] is what callers hold: RPC and websocket addresses and a funded payer, with the programs they
//! asked for at the addresses they asked for. Which node stands behind it changes nothing for them, so one
//! test body runs on both. [`send`] and [`token`] are what nearly every test then does first.

pub mod custody;
mod error;
pub mod figures;
mod ports;
pub mod send;
mod surfnet;
pub mod token;
mod validator;

use std::{path::PathBuf, time::Duration};

use solana_account::Account;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_commitment_config::CommitmentConfig;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::time::{Instant, sleep};

pub use error::ChainError;
pub use validator::find as find_validator;

/// A compiled program and the address that it is to be found at.
#[derive(Clone, Debug)]
pub struct Program {
    /// Where the chain shows the program; no key for it is needed.
    pub address: Pubkey,
    /// The `.so` file.
    pub file: PathBuf,
    /// Who may upgrade it; the chain's payer if `None`.
    pub upgrade_authority: Option<Pubkey>,
}

impl Program {
    /// A program whose upgrade authority is the chain's payer.
    pub fn new(address: Pubkey, file: impl Into<PathBuf>) -> Self {
        Self { address, file: file.into(), upgrade_authority: None }
    }
}

/// How a chain starts.
#[derive(Debug, Default)]
pub struct Options {
    /// Programs on the chain from the start.
    pub programs: Vec<Program>,
    /// Length of a slot; the node's usual 400 ms if `None`. The validator rounds to ticks of 6.25 ms.
    pub slot_time: Option<Duration>,
    /// RPC port, with the websocket on the next one; free ports if `None`.
    pub rpc_port: Option<u16>,
    /// The funded account; a new key if `None`.
    pub payer: Option<Keypair>,
    /// Further arguments of `solana-test-validator`; a Surfnet has none.
    pub validator_args: Vec<String>,
}

impl Options {
    /// Default options with these programs.
    pub fn with_programs(programs: impl IntoIterator<Item = Program>) -> Self {
        Self { programs: programs.into_iter().collect(), ..Self::default() }
    }

    /// Says which program is not there, before anything starts.
    fn require_programs(&self) -> Result<(), ChainError> {
        match self.programs.iter().find(|p| !p.file.is_file()) {
            Some(missing) => Err(ChainError::MissingProgram(missing.file.clone())),
            None => Ok(()),
        }
    }
}

enum Node {
    Surfnet(Box<surfnet::Surfnet>),
    Validator(validator::Validator),
}

/// A running chain; it ends when dropped.
pub struct Chain {
    node: Node,
    payer: Keypair,
    rpc_url: String,
    ws_url: String,
}

impl Chain {
    /// Starts an embedded, offline Surfnet whose slots tick with the clock: well under a second.
    pub async fn surfnet(options: Options) -> Result<Self, ChainError> {
        options.require_programs()?;
        let payer = payer_of(&options);
        let (node, rpc_url, ws_url) = surfnet::Surfnet::start(&options, &payer).await?;
        let node = Node::Surfnet(Box::new(node));
        Ok(Self { node, payer, rpc_url, ws_url })
    }

    /// Starts `solana-test-validator` with a ledger of its own: some seconds.
    ///
    /// The binary is the one that [`find_validator`] names.
    pub async fn validator(options: Options) -> Result<Self, ChainError> {
        options.require_programs()?;
        let payer = payer_of(&options);
        let (node, rpc_url, ws_url) = validator::Validator::start(&options, &payer).await?;
        let node = Node::Validator(node);
        Ok(Self { node, payer, rpc_url, ws_url })
    }

    /// `surfnet` or `validator`.
    pub fn name(&self) -> &'static str {
        match self.node {
            Node::Surfnet(_) => "surfnet",
            Node::Validator(_) => "validator",
        }
    }

    /// HTTP address of the RPC.
    pub fn rpc_url(&self) -> &str {
        &self.rpc_url
    }

    /// Address of the websocket.
    pub fn ws_url(&self) -> &str {
        &self.ws_url
    }

    /// A client that reads at `processed`: what happened, as soon as it happened.
    pub fn rpc(&self) -> RpcClient {
        RpcClient::new_with_commitment(self.rpc_url.clone(), CommitmentConfig::processed())
    }

    /// The account that was funded when the chain started.
    pub fn payer(&self) -> &Keypair {
        &self.payer
    }

    /// Gives `lamports` of the payer to `to`.
    pub async fn airdrop(&self, to: &Pubkey, lamports: u64) -> Result<(), ChainError> {
        let transfer = solana_system_interface::instruction::transfer(&self.payer.pubkey(), to, lamports);
        send::send(&self.rpc(), &self.payer, &[], &[transfer]).await?.ok().map(drop)
    }

    /// How long a slot lasts, by watching `slots` of them go by.
    ///
    /// Nodes promise 400 ms and keep to it more or less; a figure in a report is the measured one.
    pub async fn measure_slot(&self, slots: u64) -> Result<Duration, ChainError> {
        let rpc = self.rpc();
        let (first, start) = next_slot(&rpc, rpc.get_slot().await?).await?;
        let (last, end) = next_slot(&rpc, first + slots.max(1) - 1).await?;
        // The window is a handful of slots: it fits 32 bits.
        Ok(end.duration_since(start) / u32::try_from(last - first).unwrap_or(u32::MAX))
    }

    /// Ends the chain and waits until its ports are free again.
    pub async fn shutdown(self) -> Result<(), ChainError> {
        match self.node {
            Node::Surfnet(node) => node.stop().await,
            Node::Validator(node) => node.stop().await,
        }
    }
}

/// The account as it is right now, `None` if there is none.
pub async fn account(rpc: &RpcClient, address: &Pubkey) -> Result<Option<Account>, ChainError> {
    let answer = rpc.get_account_with_commitment(address, CommitmentConfig::processed()).await?;
    Ok(answer.value)
}

fn payer_of(options: &Options) -> Keypair {
    let given = options.payer.as_ref();
    given.map_or_else(Keypair::new, Keypair::insecure_clone)
}

/// The first slot after `slot`, and when it was seen.
async fn next_slot(rpc: &RpcClient, slot: u64) -> Result<(u64, Instant), ChainError> {
    loop {
        let now = rpc.get_slot().await?;
        if now > slot {
            return Ok((now, Instant::now()));
        }
        sleep(Duration::from_millis(5)).await;
    }
}
