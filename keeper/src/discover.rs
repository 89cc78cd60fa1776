//! Finding what there is to guard, from the protocol's address alone.

use std::collections::BTreeSet;

use firebreak_client::{
    AccountError, ID, Limiter, Market, Protocol, ProtocolAddresses, account::Kind, decode, discovery,
};
use solana_pubkey::Pubkey;

use crate::rpc::{Rpc, Unreachable};

/// A protocol's accounts that are watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guarded {
    /// The protocol.
    pub protocol: Pubkey,
    /// Its markets.
    pub markets: BTreeSet<Pubkey>,
    /// Its limiters.
    pub limiters: BTreeSet<Pubkey>,
    /// The vaults that they guard.
    pub vaults: BTreeSet<Pubkey>,
}

impl Guarded {
    /// Every account to watch.
    pub fn accounts(&self) -> Vec<Pubkey> {
        let parts = [&self.markets, &self.limiters, &self.vaults];
        std::iter::once(self.protocol).chain(parts.into_iter().flatten().copied()).collect()
    }
}

/// Why nothing can be guarded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoverError {
    /// Nobody answered.
    #[error(transparent)]
    Unreachable(#[from] Unreachable),
    /// There is no such account.
    #[error(
        "there is no account {protocol} on this cluster (genesis {genesis}): check --protocol, and that --url is of \
         the cluster where the protocol lives"
    )]
    Missing {
        /// The address given.
        protocol: Pubkey,
        /// The cluster's genesis.
        genesis: String,
    },
    /// Something else lives there.
    #[error("{protocol} is not a protocol of the breaker {ID}: {source}")]
    NotAProtocol {
        /// The address given.
        protocol: Pubkey,
        /// Which check failed.
        source: AccountError,
    },
}

/// Reads the protocol and lists its markets, limiters and vaults.
///
/// # Errors
/// [`DiscoverError`].
pub async fn discover(rpc: &Rpc, protocol: &Pubkey) -> Result<Guarded, DiscoverError> {
    let read = rpc.read(&[*protocol], 0).await?.pop().and_then(|read| read.account);
    let Some(account) = read else {
        let genesis = rpc.geneses().await.pop().map_or_else(|| "unknown".to_owned(), |(_, genesis)| genesis);
        return Err(DiscoverError::Missing { protocol: *protocol, genesis });
    };
    decode::<Protocol>(&account.owner, &account.data)
        .map_err(|source| DiscoverError::NotAProtocol { protocol: *protocol, source })?;

    let addresses = ProtocolAddresses::new(*protocol);
    let markets = list::<Market>(rpc, protocol).await?;
    let limiters = list::<Limiter>(rpc, protocol).await?;
    let markets =
        markets.into_iter().filter(|(key, market)| addresses.market(market.id) == *key).map(|(key, _)| key);
    let limiters: Vec<_> =
        limiters.into_iter().filter(|(key, limiter)| addresses.limiter(&limiter.vault) == *key).collect();
    Ok(Guarded {
        protocol: *protocol,
        markets: markets.collect(),
        limiters: limiters.iter().map(|(key, _)| *key).collect(),
        vaults: limiters.iter().map(|(_, limiter)| limiter.vault).collect(),
    })
}

/// The protocol's accounts of one kind. What does not read as one is no account of ours, whatever the node says.
async fn list<T: discovery::OfProtocol + Kind>(
    rpc: &Rpc,
    protocol: &Pubkey,
) -> Result<Vec<(Pubkey, T)>, Unreachable> {
    let listed = rpc.list(&ID, &discovery::filters::<T>(protocol)).await?;
    let decoded = |(key, account): (Pubkey, solana_account::Account)| {
        Some((key, decode::<T>(&account.owner, &account.data).ok()?))
    };
    Ok(listed.into_iter().filter_map(decoded).collect())
}
