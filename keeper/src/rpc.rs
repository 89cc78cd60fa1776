//! Reading from several RPC endpoints of one cluster: the one that answered last is asked first.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use solana_account::Account;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    client_error::ClientError,
    nonblocking::rpc_client::RpcClient,
    rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    rpc_filter::{Memcmp, RpcFilterType},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

use crate::transport::snapshot::{self, Read, SnapshotError};
use firebreak_client::discovery::Filters;

/// What one call of one endpoint may take.
const CALL: Duration = Duration::from_secs(3);

/// No endpoint gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no RPC endpoint answers; {}", .0.join("; "))]
pub struct Unreachable(pub Vec<String>);

/// The endpoints.
pub struct Rpc {
    clients: Vec<Arc<RpcClient>>,
    /// Which one answered last.
    first: AtomicUsize,
}

impl Rpc {
    /// Endpoints of one cluster.
    pub fn new(urls: &[String]) -> Self {
        let client = |url: &String| {
            let client =
                RpcClient::new_with_timeout_and_commitment(url.clone(), CALL, CommitmentConfig::processed());
            Arc::new(client)
        };
        Self { clients: urls.iter().map(client).collect(), first: AtomicUsize::new(0) }
    }

    /// Accounts at one moment, none older than `min_slot`. Up to a hundred of them are of the same slot.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub async fn read(&self, keys: &[Pubkey], min_slot: u64) -> Result<Vec<Read>, Unreachable> {
        let keys: Arc<[Pubkey]> = keys.into();
        self.ask(|client| {
            let keys = Arc::clone(&keys);
            async move { snapshot::read(&client, &keys, min_slot).await }
        })
        .await
    }

    /// A program's accounts that pass the filters. What comes back is checked against them: a node may lie.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub async fn list(
        &self,
        program: &Pubkey,
        filters: &Filters,
    ) -> Result<Vec<(Pubkey, Account)>, Unreachable> {
        let memcmp = filters
            .memcmp
            .iter()
            .map(|filter| RpcFilterType::Memcmp(Memcmp::new_raw_bytes(filter.offset, filter.bytes.clone())));
        let size = RpcFilterType::DataSize(filters.size as u64);
        let config = RpcProgramAccountsConfig {
            filters: Some(std::iter::once(size).chain(memcmp).collect()),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let program = *program;
        let listed = self.ask(|client| {
            let config = config.clone();
            async move { client.get_program_ui_accounts_with_config(&program, config).await }
        });
        let decoded = listed.await?.into_iter().filter_map(|(key, account)| {
            let account: Account = account.to_account()?;
            Some((key, account))
        });
        Ok(decoded.filter(|(_, account)| account.owner == program && filters.pass(&account.data)).collect())
    }

    /// What a key has for fees.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub async fn balance(&self, key: &Pubkey) -> Result<u64, Unreachable> {
        let key = *key;
        self.ask(|client| async move { client.get_balance(&key).await }).await
    }

    /// The slot in which a transaction succeeded; none while no block has it, or if it failed.
    pub async fn success(&self, signature: &Signature) -> Option<u64> {
        let signature = *signature;
        let statuses = self.ask(|client| async move { client.get_signature_statuses(&[signature]).await });
        let status = statuses.await.ok()?.value.pop().flatten()?;
        status.err.is_none().then_some(status.slot)
    }

    /// The genesis of every endpoint that tells it.
    pub async fn geneses(&self) -> Vec<(String, String)> {
        let mut geneses = Vec::new();
        for client in &self.clients {
            if let Ok(genesis) = client.get_genesis_hash().await {
                geneses.push((client.url(), genesis.to_string()));
            }
        }
        geneses
    }

    /// Asks one endpoint after the other, the last good one first.
    async fn ask<T, E, F>(&self, call: impl Fn(Arc<RpcClient>) -> F) -> Result<T, Unreachable>
    where
        F: Future<Output = Result<T, E>>,
        E: Into<CallError>,
    {
        let first = self.first.load(Ordering::Relaxed);
        let mut troubles = Vec::new();
        for turn in 0..self.clients.len() {
            let index = (first + turn) % self.clients.len();
            let client = &self.clients[index];
            match call(Arc::clone(client)).await {
                Ok(answer) => {
                    self.first.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => troubles.push(format!("{}: {}", client.url(), error.into().0)),
            }
        }
        Err(Unreachable(troubles))
    }
}

/// Any call's error, as text.
struct CallError(String);

impl From<ClientError> for CallError {
    fn from(error: ClientError) -> Self {
        Self(error.to_string())
    }
}

impl From<SnapshotError> for CallError {
    fn from(error: SnapshotError) -> Self {
        Self(error.to_string())
    }
}
