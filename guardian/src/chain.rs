//! Reading a protocol from one RPC endpoint.

use firebreak_client::{
    AccountError, ID, Limiter, Market, Protocol, ProtocolAddresses,
    account::{Kind, decode},
    clock,
    discovery::{self, OfProtocol},
};
use firebreak_interface::{
    Instant,
    state::{Journal, JournalSegment},
};
use solana_account::Account;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::{
    client_error::ClientError,
    rpc_client::RpcClient,
    rpc_config::{RpcAccountInfoConfig, RpcProgramAccountsConfig},
    rpc_filter::{Memcmp, RpcFilterType},
};
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;

/// What one call may ask for.
const CHUNK: usize = 100;

/// Why a protocol cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The endpoint does not answer as it should.
    #[error("{url}: {source}; check --url")]
    Rpc {
        /// The endpoint.
        url: String,
        /// What it said.
        source: Box<ClientError>,
    },
    /// An account that must be there is not.
    #[error("there is no {what} at {key}: check --protocol, and that --url is of the protocol's cluster")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
    },
    /// An account is something else.
    #[error("{key} is no {what} of the breaker: {source}")]
    Account {
        /// What was looked for.
        what: &'static str,
        /// Where.
        key: Pubkey,
        /// Which check failed.
        source: AccountError,
    },
    /// The clock cannot be read.
    #[error("the endpoint's clock account cannot be read")]
    Clock,
}

/// A protocol and all its parts.
pub struct Snapshot {
    /// Where everything is.
    pub addresses: ProtocolAddresses,
    /// The chain's clock.
    pub now: Instant,
    /// The protocol.
    pub protocol: Box<Protocol>,
    /// Its markets, by number.
    pub markets: Vec<(Pubkey, Box<Market>)>,
    /// Its limiters, by market.
    pub limiters: Vec<(Pubkey, Box<Limiter>)>,
    /// Its journal.
    pub journal: Box<Journal>,
    /// The journal's segments.
    pub segments: Vec<JournalSegment>,
}

/// Reads a protocol with everything that belongs to it, at `confirmed`.
///
/// # Errors
/// [`ReadError`].
pub fn read(url: &str, protocol: Pubkey) -> Result<Snapshot, ReadError> {
    let node =
        Node { url, client: RpcClient::new_with_commitment(url.to_owned(), CommitmentConfig::confirmed()) };
    let addresses = ProtocolAddresses::new(protocol);
    let state = node.one::<Protocol>("protocol", protocol)?;
    let journal = node.one::<Journal>("journal", addresses.journal)?;
    let [clock] = node.accounts(&[clock::ADDRESS])?.try_into().map_err(|_| ReadError::Clock)?;
    let clock = clock.ok_or(ReadError::Clock)?;
    let now = clock::read(&clock.owner, &clock.data).ok_or(ReadError::Clock)?;
    let mut markets = node.list::<Market>(&protocol)?;
    // whatever lies at another address the program did not derive for this protocol
    markets.retain(|(key, market)| addresses.market(market.id) == *key);
    markets.sort_by_key(|(_, market)| market.id);
    let mut limiters = node.list::<Limiter>(&protocol)?;
    limiters.retain(|(key, limiter)| addresses.limiter(&limiter.vault) == *key);
    limiters.sort_by_key(|(key, limiter)| (limiter.market, *key));
    let keys = addresses.segments(&journal);
    let mut segments = Vec::with_capacity(keys.len());
    for (key, account) in keys.iter().zip(node.accounts(&keys)?) {
        // a missing one is a finding of the verification, not an error of the reading
        if let Some(account) = account {
            segments.push(expect("journal segment", *key, &account)?);
        }
    }
    Ok(Snapshot { addresses, now, protocol: state, markets, limiters, journal, segments })
}

struct Node<'a> {
    url: &'a str,
    client: RpcClient,
}

impl Node<'_> {
    fn failed(&self, source: ClientError) -> ReadError {
        ReadError::Rpc { url: self.url.to_owned(), source: Box::new(source) }
    }

    fn one<T: Kind>(&self, what: &'static str, key: Pubkey) -> Result<Box<T>, ReadError> {
        let account = self.accounts(&[key])?.pop().flatten();
        let account = account.ok_or(ReadError::Missing { what, key })?;
        expect(what, key, &account).map(Box::new)
    }

    fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, ReadError> {
        let mut accounts = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(CHUNK) {
            accounts.extend(self.client.get_multiple_accounts(chunk).map_err(|error| self.failed(error))?);
        }
        Ok(accounts)
    }

    fn list<T: OfProtocol>(&self, protocol: &Pubkey) -> Result<Vec<(Pubkey, Box<T>)>, ReadError> {
        let filters = discovery::filters::<T>(protocol);
        let memcmp = filters
            .memcmp
            .iter()
            .map(|filter| RpcFilterType::Memcmp(Memcmp::new_raw_bytes(filter.offset, filter.bytes.clone())));
        let config = RpcProgramAccountsConfig {
            filters: Some(memcmp.chain([RpcFilterType::DataSize(filters.size as u64)]).collect()),
            account_config: RpcAccountInfoConfig {
                encoding: Some(UiAccountEncoding::Base64),
                ..RpcAccountInfoConfig::default()
            },
            ..RpcProgramAccountsConfig::default()
        };
        let listed = self.client.get_program_ui_accounts_with_config(&ID, config);
        let listed = listed.map_err(|error| self.failed(error))?;
        Ok(listed
            .into_iter()
            .filter_map(|(key, account)| Some((key, account.to_account()?)))
            // the node is not trusted to have applied the filters
            .filter(|(_, account)| filters.pass(&account.data))
            .filter_map(|(key, account)| Some((key, Box::new(decode(&account.owner, &account.data).ok()?))))
            .collect())
    }
}

fn expect<T: Kind>(what: &'static str, key: Pubkey, account: &Account) -> Result<T, ReadError> {
    decode(&account.owner, &account.data).map_err(|source| ReadError::Account { what, key, source })
}
