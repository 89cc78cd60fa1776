//! Several RPC endpoints of one cluster, asked as if they were one: the quickest good answer counts.

use std::{future::pending, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use solana_client::{
    client_error::{ClientError, ClientErrorKind},
    nonblocking::rpc_client::RpcClient,
    rpc_config::RpcSendTransactionConfig,
    rpc_custom_error::JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY,
    rpc_request::RpcError,
};
use solana_commitment_config::CommitmentConfig;
use solana_hash::Hash;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::Transaction;
use solana_transaction_error::TransactionError;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

/// How much longer than a living endpoint another one may take.
const GRACE: Duration = Duration::from_millis(100);

/// What one endpoint answered instead of doing what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It could not be reached, or is not fit to answer.
    Down(String),
    /// It understood and declined.
    Declined(String),
}

impl Trouble {
    fn of(url: &str, error: &ClientError) -> Self {
        let text = format!("{url}: {error}");
        match error.kind() {
            ClientErrorKind::RpcError(RpcError::RpcResponseError { code, .. })
                if *code != JSON_RPC_SERVER_ERROR_NODE_UNHEALTHY =>
            {
                Self::Declined(text)
            }
            _ => Self::Down(text),
        }
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Down(text) | Self::Declined(text) => text,
        }
    }
}

/// A blockhash and the last block height at which it is accepted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blockhash {
    pub(super) hash: Hash,
    pub(super) last_valid_height: u64,
}

/// What a block says of one of our transactions.
#[derive(Clone, Debug)]
pub(super) struct Status {
    pub(super) signature: Signature,
    pub(super) slot: u64,
    pub(super) error: Option<TransactionError>,
}

/// The results of one or more rounds of sending, by endpoint.
pub(super) type Sends = JoinSet<(usize, Result<(), Trouble>)>;

pub(super) struct Endpoints {
    clients: Vec<Arc<RpcClient>>,
    /// What one call may take.
    call: Duration,
}

impl Endpoints {
    pub(super) fn new(urls: impl IntoIterator<Item = String>, call: Duration) -> Self {
        let client = |url| {
            let commitment = CommitmentConfig::processed();
            let client = RpcClient::new_with_timeout_and_commitment(url, call, commitment);
            Arc::new(client)
        };
        Self { clients: urls.into_iter().map(client).collect(), call }
    }

    pub(super) fn len(&self) -> usize {
        self.clients.len()
    }

    /// Sends to every endpoint at once. The calls go on whatever the caller does.
    pub(super) fn send(&self, transaction: &Transaction, sends: &mut Sends) {
        for (index, client) in self.clients.iter().enumerate() {
            let client = Arc::clone(client);
            let transaction = transaction.clone();
            sends.spawn(async move {
                // A preflight would cost a round trip and refuse what may well succeed a slot later; the
                // node's own retries would go on after ours have an answer.
                let config = RpcSendTransactionConfig {
                    skip_preflight: true,
                    max_retries: Some(0),
                    ..RpcSendTransactionConfig::default()
                };
                let sent = client.send_transaction_with_config(&transaction, config);
                let sent = sent.await.map_err(|error| Trouble::of(&client.url(), &error));
                (index, sent.map(drop))
            });
        }
    }

    /// Confirmed, so that it does not vanish with a fork.
    pub(super) async fn blockhash(&self) -> Result<Blockhash, Vec<Trouble>> {
        let confirmed = CommitmentConfig::confirmed();
        let answer = self.first(|client| async move {
            client.get_latest_blockhash_with_commitment(confirmed).await.map(Some)
        });
        answer.await.map(|(hash, last_valid_height)| Blockhash { hash, last_valid_height })
    }

    pub(super) async fn block_height(&self) -> Option<u64> {
        let confirmed = CommitmentConfig::confirmed();
        let answer =
            self.first(
                |client| async move { client.get_block_height_with_commitment(confirmed).await.map(Some) },
            );
        answer.await.ok()
    }

    pub(super) async fn balance(&self, key: &Pubkey) -> Option<u64> {
        let key = *key;
        self.first(|client| async move { client.get_balance(&key).await.map(Some) }).await.ok()
    }

    /// A success among the signatures if there is one, else a failure, else `None`.
    pub(super) async fn status(&self, signatures: &[Signature]) -> Option<Status> {
        let answer = self.first(|client| async move {
            let statuses = client.get_signature_statuses(signatures).await?.value;
            let seen = signatures.iter().zip(statuses).filter_map(|(signature, status)| {
                let status = status?;
                Some(Status { signature: *signature, slot: status.slot, error: status.err })
            });
            Ok(seen.min_by_key(|status| status.error.is_some()))
        });
        answer.await.ok()
    }

    /// The first endpoint that has an answer. One that answers `None` knows nothing, but lives: then those
    /// that hang are waited for a little only.
    async fn first<T, F>(&self, call: impl Fn(Arc<RpcClient>) -> F) -> Result<T, Vec<Trouble>>
    where
        F: Future<Output = Result<Option<T>, ClientError>>,
    {
        let mut asked: FuturesUnordered<_> =
            self.clients.iter().map(|client| self.ask(client, call(Arc::clone(client)))).collect();
        let mut troubles = Vec::new();
        let mut wait_until = None;
        loop {
            let enough = async {
                match wait_until {
                    Some(end) => sleep_until(end).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                answer = asked.next() => match answer {
                    Some(Ok(Some(answer))) => return Ok(answer),
                    Some(Ok(None)) => wait_until = wait_until.or(Some(Instant::now() + GRACE)),
                    Some(Err(trouble)) => troubles.push(trouble),
                    None => break,
                },
                () = enough => break,
            }
        }
        Err(troubles)
    }

    async fn ask<T>(
        &self,
        client: &RpcClient,
        call: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, Trouble> {
        match timeout(self.call, call).await {
            Ok(answer) => answer.map_err(|error| Trouble::of(&client.url(), &error)),
            Err(_) => {
                let waited = self.call.as_millis();
                Err(Trouble::Down(format!("{}: no answer within {waited} ms", client.url())))
            }
        }
    }
}
