//! Sending one signed transaction until it is confirmed, or until it is certain that it cannot land any more.
//!
//! Nothing is ever signed anew: a proposal signed twice would be two. The same bytes go out again each moment; the chain
//! takes them once.

use std::time::{Duration, Instant};

use solana_client::{
    client_error::{ClientError, ClientErrorKind},
    rpc_config::RpcSendTransactionConfig,
    rpc_request::RpcError,
};
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_signature::Signature;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::time::{sleep, timeout};

use crate::{
    chain::Node,
    console::{Console, Stop},
    error::Error,
    explain,
};

/// Between two looks at what became of it.
const LOOK: Duration = Duration::from_millis(150);
/// Looks between two sends: a lost packet costs about a slot.
const LOOKS_A_SEND: u32 = 3;
/// For a last look after somebody asked to stop.
const LAST_LOOK: Duration = Duration::from_secs(3);
/// An endpoint that says nothing for so long is given up.
const PATIENCE: Duration = Duration::from_secs(120);

/// A blockhash, and until when a transaction with it can land.
#[derive(Clone, Copy, Debug)]
pub struct Until {
    /// The blockhash.
    pub blockhash: Hash,
    /// The last block height.
    pub height: u64,
    /// Slot in which it was read.
    pub slot: u64,
}

impl Until {
    /// The newest there is.
    ///
    /// # Errors
    /// [`Error::Rpc`].
    pub async fn ask(node: &Node) -> Result<Self, Error> {
        let confirmed = CommitmentConfig::confirmed();
        let newest = node.client.get_latest_blockhash_with_commitment(confirmed);
        let (newest, slot) = tokio::join!(newest, node.client.get_slot());
        let (blockhash, height) = newest.map_err(|error| node.failed(error))?;
        let slot = slot.map_err(|error| node.failed(error))?;
        Ok(Self { blockhash, height, slot })
    }
}

/// A transaction that is confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Landed {
    /// Its signature.
    pub signature: Signature,
    /// Its slot.
    pub slot: u64,
    /// Slot in which its blockhash was read.
    pub asked_at: u64,
    /// From the first send until it was seen confirmed.
    pub took: Duration,
}

/// Sends until the end is known.
///
/// # Errors
/// [`Error::NotTaken`] and [`Error::NotLanded`] where nothing was changed, [`Error::Failed`] where the chain refused,
/// [`Error::Unknown`] where nobody can tell.
pub async fn send(
    node: &Node,
    transaction: &Transaction,
    until: Until,
    stop: &mut Stop,
    console: &mut Console,
) -> Result<Landed, Error> {
    let signature = transaction.signatures.first().copied().unwrap_or_default();
    let mut sending = Sending { node, transaction, signature, until, started: Instant::now(), taken: false };
    // said before it is true: whoever is killed in between knows what to look for
    console.tell(&format!("sending {signature}"))?;
    let ended = tokio::select! {
        ended = sending.pursue() => Some(ended),
        () = stop.asked() => None,
    };
    match ended {
        Some(ended) => ended,
        None => match timeout(LAST_LOOK, sending.look(true)).await {
            Ok(Ok(Some(landed))) => Ok(landed),
            Ok(Err(error @ Error::Failed { .. })) => Err(error),
            _ => Err(sending.unknown("interrupted")),
        },
    }
}

struct Sending<'a> {
    node: &'a Node,
    transaction: &'a Transaction,
    signature: Signature,
    until: Until,
    started: Instant,
    /// Whether the endpoint ever took it.
    taken: bool,
}

impl Sending<'_> {
    async fn pursue(&mut self) -> Result<Landed, Error> {
        let mut heard = Instant::now();
        loop {
            if let Err(declined) = self.send().await {
                // one that has it already declines as well
                return match self.look(true).await {
                    Ok(Some(landed)) => Ok(landed),
                    Err(error @ Error::Failed { .. }) => Err(error),
                    _ => Err(declined),
                };
            }
            for _ in 0..LOOKS_A_SEND {
                match self.look(false).await {
                    Ok(Some(landed)) => return Ok(landed),
                    Ok(None) => heard = Instant::now(),
                    Err(error @ Error::Failed { .. }) => return Err(error),
                    // it may come back
                    Err(_) if heard.elapsed() < PATIENCE => {}
                    Err(_) => return Err(self.unknown("the endpoint went away")),
                }
                sleep(LOOK).await;
            }
            let height = self.node.client.get_block_height().await;
            if height.is_ok_and(|height| height > self.until.height) {
                // it may have landed in the last block that took it
                return match self.look(true).await {
                    Ok(Some(landed)) => Ok(landed),
                    Ok(None) => Err(Error::NotLanded { signature: self.signature }),
                    Err(error @ Error::Failed { .. }) => Err(error),
                    Err(_) => Err(self.unknown("the endpoint went away")),
                };
            }
        }
    }

    /// Without a preflight: it was simulated, and what fails is to be seen on chain.
    async fn send(&mut self) -> Result<(), Error> {
        let config = RpcSendTransactionConfig {
            skip_preflight: true,
            max_retries: Some(0),
            ..RpcSendTransactionConfig::default()
        };
        match self.node.client.send_transaction_with_config(self.transaction, config).await {
            Ok(_) => self.taken = true,
            // an endpoint that answers so has not passed it on
            Err(error) if !self.taken && is_answer(&error) => {
                return Err(Error::NotTaken { url: self.node.url.clone(), reason: error.to_string() });
            }
            // one that did not answer may have
            Err(_) => self.taken = true,
        }
        Ok(())
    }

    /// What became of it, none while no confirmed block has it.
    async fn look(&self, in_history: bool) -> Result<Option<Landed>, Error> {
        let signatures = [self.signature];
        let statuses = match in_history {
            true => self.node.client.get_signature_statuses_with_history(&signatures).await,
            false => self.node.client.get_signature_statuses(&signatures).await,
        };
        let status = statuses.map_err(|error| self.node.failed(error))?.value.pop().flatten();
        let confirmed = CommitmentConfig::confirmed();
        let Some(status) = status.filter(|status| status.satisfies_commitment(confirmed)) else {
            return Ok(None);
        };
        let (signature, slot) = (self.signature, status.slot);
        match status.err {
            None => {
                let (asked_at, took) = (self.until.slot, self.started.elapsed());
                Ok(Some(Landed { signature, slot, asked_at, took }))
            }
            Some(error) => Err(self.failed(slot, &error)),
        }
    }

    fn failed(&self, slot: u64, error: &TransactionError) -> Error {
        let keys = &self.transaction.message.account_keys;
        Error::Failed { signature: self.signature, slot, refused: explain::refused(error, keys, &None) }
    }

    fn unknown(&self, why: &'static str) -> Error {
        let until = match self.until.height {
            u64::MAX => "its nonce is advanced".to_owned(),
            height => format!("block height {height}"),
        };
        Error::Unknown { signature: self.signature, until, why }
    }
}

fn is_answer(error: &ClientError) -> bool {
    matches!(error.kind(), ClientErrorKind::RpcError(RpcError::RpcResponseError { .. }))
}
