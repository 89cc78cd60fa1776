//! Reading many accounts at once, no older than a given slot.

use std::time::Duration;

use solana_account::Account;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    client_error::{ClientError, ClientErrorKind},
    nonblocking::rpc_client::RpcClient,
    rpc_config::RpcAccountInfoConfig,
    rpc_custom_error::JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED,
    rpc_request::RpcError,
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use tokio::time::{Instant, sleep};

/// What one `getMultipleAccounts` may ask for.
const CHUNK: usize = 100;
/// A node announces a slot while it is still filling it.
const CATCH_UP: Duration = Duration::from_secs(3);
const RETRY: Duration = Duration::from_millis(50);

/// One account of a snapshot.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which account.
    pub key: Pubkey,
    /// The slot that the state belongs to.
    pub slot: u64,
    /// `None` if there is no such account.
    pub account: Option<Account>,
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The node is behind its own announcement.
    #[error("the node did not reach slot {slot} within {} s", CATCH_UP.as_secs())]
    Behind {
        /// The slot that was asked for.
        slot: u64,
    },
    /// The call failed.
    #[error("rpc: {0}")]
    Rpc(Box<ClientError>),
    /// The node answered for another number of accounts than it was asked for.
    #[error("asked for {asked} accounts, answered {answered}")]
    Incomplete {
        /// How many were asked for.
        asked: usize,
        /// How many came.
        answered: usize,
    },
}

/// Reads `keys` at `processed`, no account older than `min_slot`.
pub async fn read(rpc: &RpcClient, keys: &[Pubkey], min_slot: u64) -> Result<Vec<Read>, SnapshotError> {
    let mut all = Vec::with_capacity(keys.len());
    let deadline = Instant::now() + CATCH_UP;
    for chunk in keys.chunks(CHUNK) {
        all.extend(read_chunk(rpc, chunk, min_slot, deadline).await?);
    }
    Ok(all)
}

async fn read_chunk(
    rpc: &RpcClient,
    keys: &[Pubkey],
    min_slot: u64,
    deadline: Instant,
) -> Result<Vec<Read>, SnapshotError> {
    let config = RpcAccountInfoConfig {
        encoding: Some(UiAccountEncoding::Base64),
        commitment: Some(CommitmentConfig::processed()),
        data_slice: None,
        min_context_slot: Some(min_slot),
    };
    let answer = loop {
        let asked = rpc.get_multiple_ui_accounts_with_config(keys, config.clone());
        match asked.await {
            Ok(answer) => break answer,
            Err(error) if !is_behind(&error) => return Err(SnapshotError::Rpc(Box::new(error))),
            Err(_) if Instant::now() >= deadline => {
                return Err(SnapshotError::Behind { slot: min_slot });
            }
            Err(_) => sleep(RETRY).await,
        }
    };
    if answer.value.len() != keys.len() {
        return Err(SnapshotError::Incomplete { asked: keys.len(), answered: answer.value.len() });
    }
    let slot = answer.context.slot;
    let read = |(key, account): (&Pubkey, Option<solana_account_decoder_client_types::UiAccount>)| Read {
        key: *key,
        slot,
        account: account.and_then(|account| account.to_account()),
    };
    Ok(keys.iter().zip(answer.value).map(read).collect())
}

fn is_behind(error: &ClientError) -> bool {
    matches!(
        error.kind(),
        ClientErrorKind::RpcError(RpcError::RpcResponseError { code, .. })
            if *code == JSON_RPC_SERVER_ERROR_MIN_CONTEXT_SLOT_NOT_REACHED
    )
}
