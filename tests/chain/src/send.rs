//! Sending a transaction and seeing what became of it.
//!
//! Preflight is always skipped: a transaction that fails has to land too, so that an attack that is refused
//! can be observed.

use std::time::Duration;

use solana_client::{nonblocking::rpc_client::RpcClient, rpc_config::RpcSendTransactionConfig};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_signature::Signature;
use solana_signer::Signer;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::time::{Instant, sleep};

use crate::ChainError;

/// A blockhash lives a minute at most; what has not landed by half of that is lost.
const LANDS_WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);
/// A lost packet costs a slot, not the whole wait.
const SEND_AGAIN: Duration = Duration::from_secs(2);

/// A transaction that is in a block, whatever it answered.
#[derive(Clone, Debug)]
pub struct Landed {
    /// Its signature.
    pub signature: Signature,
    /// The slot of its block.
    pub slot: u64,
    /// `None` if it succeeded.
    pub error: Option<TransactionError>,
}

impl Landed {
    /// An error if the transaction failed.
    pub fn ok(self) -> Result<Self, ChainError> {
        match self.error {
            None => Ok(self),
            Some(error) => Err(ChainError::Failed { signature: self.signature, slot: self.slot, error }),
        }
    }
}

/// Signs `instructions` with `payer` and `signers`, sends them and waits until they are in a block.
pub async fn send(
    rpc: &RpcClient,
    payer: &Keypair,
    signers: &[&Keypair],
    instructions: &[Instruction],
) -> Result<Landed, ChainError> {
    let transaction = sign(rpc, payer, signers, instructions).await?;
    let deadline = Instant::now() + LANDS_WITHIN;
    while Instant::now() < deadline {
        let signature = submit(rpc, &transaction).await?;
        let again = Instant::now() + SEND_AGAIN;
        while Instant::now() < again {
            if let Some(landed) = landed(rpc, &signature).await? {
                return Ok(landed);
            }
            sleep(POLL).await;
        }
    }
    Err(ChainError::NotLanded { signature: transaction.signatures[0], after: LANDS_WITHIN })
}

/// Signs with the newest blockhash, `payer` first.
pub async fn sign(
    rpc: &RpcClient,
    payer: &Keypair,
    signers: &[&Keypair],
    instructions: &[Instruction],
) -> Result<Transaction, ChainError> {
    let (blockhash, _) = rpc.get_latest_blockhash_with_commitment(CommitmentConfig::processed()).await?;
    let mut transaction = Transaction::new_with_payer(instructions, Some(&payer.pubkey()));
    let mut keys = vec![payer];
    keys.extend(signers.iter().filter(|key| key.pubkey() != payer.pubkey()));
    transaction.try_sign(&keys, blockhash).map_err(|error| ChainError::Sign(error.to_string()))?;
    Ok(transaction)
}

/// Hands a signed transaction to the node and does not wait.
pub async fn submit(rpc: &RpcClient, transaction: &Transaction) -> Result<Signature, ChainError> {
    let config = RpcSendTransactionConfig { skip_preflight: true, ..RpcSendTransactionConfig::default() };
    Ok(rpc.send_transaction_with_config(transaction, config).await?)
}

/// What became of a transaction, `None` while it is in no block.
pub async fn landed(rpc: &RpcClient, signature: &Signature) -> Result<Option<Landed>, ChainError> {
    let mut statuses = rpc.get_signature_statuses(&[*signature]).await?.value;
    let status = statuses.pop().flatten();
    Ok(status.map(|status| Landed { signature: *signature, slot: status.slot, error: status.err }))
}
