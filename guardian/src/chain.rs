//! Reading a protocol from one RPC endpoint.

use std::{collections::HashMap, time::Duration};

use firebreak_client::{
    Limiter, Market, Protocol, ProtocolAddresses,
    account::{Kind, decode},
    clock,
    discovery::{self, Filters, OfProtocol},
    stamp,
};
use firebreak_interface::{
    ID, Instant,
    instruction::Stamp,
    pda,
    state::{
        GuardianBudget, Held, Invariant, Journal, JournalSegment, Keeper, MintCap, PriceBand, Proposal,
        Proposed, Route, Safe, VaultState, check_mint,
    },
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

use crate::{config, error::Error};

/// What one call may ask for.
const CHUNK: usize = 100;
/// What one call may take.
const CALL: Duration = Duration::from_secs(15);

/// An endpoint, read at `confirmed`.
pub struct Node {
    pub(crate) url: String,
    pub(crate) client: RpcClient,
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
    /// What is known of its limiters' mints.
    pub mints: Vec<Box<MintCap>>,
    /// Its price bands, by market and number.
    pub bands: Vec<(Pubkey, Box<PriceBand>)>,
    /// Its invariants, by market and number.
    pub invariants: Vec<(Pubkey, Box<Invariant>)>,
    /// Its keepers.
    pub keepers: Vec<(Pubkey, Box<Keeper>)>,
    /// Its safes, by market.
    pub safes: Vec<(Pubkey, Box<Safe>)>,
    /// The ways of its vaults to them, by market and vault.
    pub routes: Vec<(Pubkey, Box<Route>)>,
    /// What waits: the authority's, then the guardians', the oldest first.
    pub proposals: Vec<(Pubkey, Box<Proposal>)>,
    /// The guardians' budgets that are open.
    pub budgets: Vec<Box<GuardianBudget>>,
    /// Its journal.
    pub journal: Box<Journal>,
    /// The journal's segments.
    pub segments: Vec<JournalSegment>,
    /// What is in the vaults for which a limiter is proposed.
    pub tokens: HashMap<Pubkey, Token>,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its mint.
    pub mint: Pubkey,
    /// Digits behind the point.
    pub decimals: u8,
}

impl Snapshot {
    /// A market by its number.
    ///
    /// # Errors
    /// [`Error::NotFound`], with those that there are.
    pub fn market(&self, id: u64) -> Result<&(Pubkey, Box<Market>), Error> {
        self.markets.iter().find(|(_, market)| market.id == id).ok_or_else(|| {
            let ids: Vec<_> = self.markets.iter().map(|(_, market)| market.id.to_string()).collect();
            Error::not_found(format!("there is no market {id}; there are: {}", ids.join(", ")))
        })
    }

    /// A market's number by its address, for people.
    pub fn market_name(&self, key: &Pubkey) -> String {
        let known = self.markets.iter().find(|(market, _)| market == key).map(|(_, market)| market.id);
        // one that waits to be created is named by what waits for it too
        let waits = || {
            self.proposals.iter().find_map(|(_, proposal)| match proposal.read_content() {
                Some((_, Proposed::CreateMarket { id, .. })) if self.addresses.market(id) == *key => Some(id),
                _ => None,
            })
        };
        known.or_else(waits).map_or_else(|| format!("market {key}"), |id| format!("market {id}"))
    }

    /// A guardian's budget for a market, or for all where the scope is the protocol; none where it is not open.
    pub fn budget(&self, scope: &Pubkey, guardian: &Pubkey) -> Option<&GuardianBudget> {
        let mut budgets = self.budgets.iter();
        budgets.find(|budget| budget.check(scope, guardian).is_ok()).map(|budget| &**budget)
    }

    /// Each guardian's budgets that are not open: those for all markets first.
    pub fn unopened(&self) -> Vec<(Option<Pubkey>, Pubkey)> {
        let scopes = std::iter::once(None).chain(self.markets.iter().map(|(market, _)| Some(*market)));
        let guardians = self.protocol.guardians();
        let seats = scopes.flat_map(|market| guardians.iter().map(move |guardian| (market, *guardian)));
        let is_open = |(market, guardian): &(Option<Pubkey>, Pubkey)| {
            self.budget(&market.unwrap_or(self.addresses.protocol), guardian).is_some()
        };
        seats.filter(|seat| !is_open(seat)).collect()
    }

    /// Whether a market, a rule, a safe or a keeper has this account.
    pub fn is_registered(&self, key: &Pubkey) -> bool {
        let (markets, limiters) = (self.markets.iter(), self.limiters.iter());
        let known = markets.map(|(key, _)| key).chain(limiters.map(|(key, _)| key));
        let known = known.chain(self.bands.iter().map(|(key, _)| key));
        let known = known.chain(self.invariants.iter().map(|(key, _)| key));
        let known = known.chain(self.safes.iter().map(|(key, _)| key));
        known.chain(self.keepers.iter().map(|(key, _)| key)).any(|one| one == key)
    }

    /// Number of the segment that builders ask for.
    pub fn segment(&self) -> Option<u32> {
        firebreak_client::addresses::current_segment(&self.journal)
    }
}

impl Node {
    /// An endpoint; nothing is asked yet.
    pub fn new(url: String) -> Self {
        let confirmed = CommitmentConfig::confirmed();
        let client = RpcClient::new_with_timeout_and_commitment(url.clone(), CALL, confirmed);
        Self { url, client }
    }

    /// Checks that the endpoint is of this cluster, where one was named, and gives its genesis hash.
    ///
    /// # Errors
    /// [`Error::WrongCluster`], [`Error::Rpc`].
    pub async fn check_cluster(&self, expected: Option<&str>) -> Result<String, Error> {
        let found = self.client.get_genesis_hash().await.map_err(|error| self.failed(error))?.to_string();
        match expected.map(config::genesis) {
            Some(expected) if expected != found => {
                Err(Error::WrongCluster { url: self.url.clone(), found, expected })
            }
            _ => Ok(found),
        }
    }

    /// Reads a protocol with everything that belongs to it.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn read(&self, protocol: Pubkey) -> Result<Snapshot, Error> {
        let addresses = ProtocolAddresses::new(protocol);
        // at once: in an incident each round trip is a moment longer until the act
        let (
            state,
            now,
            mut markets,
            mut limiters,
            mints,
            mut bands,
            mut invariants,
            mut keepers,
            mut safes,
            mut routes,
            mut proposals,
            journal,
        ) = tokio::try_join!(
            self.one::<Protocol>("protocol", protocol),
            self.now(),
            self.list::<Market>(&protocol),
            self.list::<Limiter>(&protocol),
            self.list::<MintCap>(&protocol),
            self.list::<PriceBand>(&protocol),
            self.list::<Invariant>(&protocol),
            self.list::<Keeper>(&protocol),
            self.list::<Safe>(&protocol),
            self.list::<Route>(&protocol),
            self.filtered::<Proposal>(discovery::waiting(&protocol)),
            self.one::<Journal>("journal", addresses.journal),
        )?;
        // whatever lies at another address the program did not derive for this protocol
        markets.retain(|(key, market)| addresses.market(market.id) == *key);
        markets.sort_by_key(|(_, market)| market.id);
        limiters.retain(|(key, limiter)| addresses.limiter(&limiter.vault) == *key);
        limiters.sort_by_key(|(key, limiter)| (limiter.market, *key));
        let mints = mints.into_iter().filter(|(key, one)| pda::mint_cap(&protocol, &one.mint).0 == *key);
        let mints = mints.map(|(_, one)| one).collect();
        let is_market = |key: &Pubkey| markets.iter().any(|(market, _)| market == key);
        bands.retain(|(key, band)| is_market(&band.market) && pda::band(&band.market, band.index).0 == *key);
        bands.sort_by_key(|(_, band)| (band.market, band.index));
        invariants
            .retain(|(key, one)| is_market(&one.market) && pda::invariant(&one.market, one.index).0 == *key);
        invariants.sort_by_key(|(_, one)| (one.market, one.index));
        keepers.retain(|(key, keeper)| addresses.keeper(&keeper.key) == *key);
        keepers.sort_by_key(|(key, _)| *key);
        safes.retain(|(key, safe)| is_market(&safe.market) && pda::safe(&safe.market, &safe.mint).0 == *key);
        safes.sort_by_key(|(key, safe)| (safe.market, *key));
        routes.retain(|(key, route)| {
            is_market(&route.market) && pda::route(&route.market, &route.vault).0 == *key
        });
        routes.sort_by_key(|(_, route)| (route.market, route.vault));
        proposals.retain(|(key, proposal)| addresses.of_proposal(proposal) == *key);
        // the authority's first
        proposals.sort_by_key(|(_, one)| (one.by_guardian, one.proposed_at.slot, one.nonce));
        let scopes = std::iter::once(None).chain(markets.iter().map(|(key, _)| Some(key)));
        let seats: Vec<_> = scopes
            .flat_map(|scope| {
                let guardians = state.guardians().iter();
                guardians.map(move |guardian| addresses.budget(scope, guardian))
            })
            .collect();
        let vaults = vaults(&proposals);
        let (budgets, (journal, segments), tokens) =
            tokio::try_join!(self.accounts(&seats), self.journal(&addresses, journal), self.tokens(&vaults))?;
        let budgets = budgets.into_iter().flatten();
        let budgets = budgets.filter_map(|account| decode(&account.owner, &account.data).ok().map(Box::new));
        let budgets = budgets.collect();
        Ok(Snapshot {
            addresses,
            now,
            protocol: state,
            markets,
            limiters,
            mints,
            bands,
            invariants,
            keepers,
            safes,
            routes,
            proposals,
            budgets,
            journal,
            segments,
            tokens,
        })
    }

    /// The tokens in these vaults, as far as they and their mints can be read.
    async fn tokens(&self, vaults: &[Pubkey]) -> Result<HashMap<Pubkey, Token>, Error> {
        let accounts = self.accounts(vaults).await?;
        let states = vaults.iter().zip(accounts).filter_map(|(vault, account)| {
            let account = account?;
            Some((*vault, VaultState::read(&account.owner, &account.data).mint))
        });
        let (vaults, mints): (Vec<_>, Vec<_>) = states.unzip();
        let accounts = self.accounts(&mints).await?;
        let known = vaults.into_iter().zip(mints).zip(accounts);
        let token = |((vault, mint), account): (_, Option<Account>)| {
            Some((vault, Token { mint, decimals: decimals(&account?)? }))
        };
        Ok(known.filter_map(token).collect())
    }

    /// The journal, of which an older reading is known, and its segments. The head and the segments that may still be written come in one answer: of two
    /// moments they would contradict each other.
    async fn journal(
        &self,
        addresses: &ProtocolAddresses,
        mut journal: Box<Journal>,
    ) -> Result<(Box<Journal>, Vec<JournalSegment>), Error> {
        loop {
            let keys = addresses.segments(&journal);
            let (full, last) = keys.split_at(keys.len().saturating_sub(CHUNK - 1));
            let mut accounts = self.accounts(full).await?;
            let together = [&[addresses.journal], last].concat();
            let mut together = self.accounts(&together).await?.into_iter();
            let (what, key) = ("journal", addresses.journal);
            let head = together.next().flatten().ok_or(Error::Missing { what, key })?;
            accounts.extend(together);
            let known = journal.segments;
            journal = Box::new(expect(what, key, &head)?);
            if journal.segments != known {
                continue;
            }
            // a missing one is a finding of the verification, not an error of the reading
            let there = keys.iter().zip(accounts).filter_map(|(key, account)| Some((key, account?)));
            let segments = there.map(|(key, account)| expect("journal segment", *key, &account));
            return Ok((journal, segments.collect::<Result<_, _>>()?));
        }
    }

    /// The chain's clock.
    ///
    /// # Errors
    /// [`Error::Clock`], [`Error::Rpc`].
    pub async fn now(&self) -> Result<Instant, Error> {
        let account = self.accounts(&[clock::ADDRESS]).await?.pop().flatten().ok_or(Error::Clock)?;
        clock::read(&account.owner, &account.data).ok_or(Error::Clock)
    }

    /// A stamp of now, of a slot after this one: what was proposed in that slot is read by then.
    ///
    /// # Errors
    /// [`Error::Stamp`], [`Error::Rpc`].
    pub async fn stamp(&self, after: u64) -> Result<Stamp, Error> {
        const LOOKS: u32 = 20;
        const BETWEEN: Duration = Duration::from_millis(200);
        for _ in 0..LOOKS {
            let account = self.accounts(&[stamp::ADDRESS]).await?.pop().flatten().ok_or(Error::Stamp)?;
            let newest = stamp::newest(&account.owner, &account.data).ok_or(Error::Stamp)?;
            if newest.slot > after {
                return Ok(newest);
            }
            tokio::time::sleep(BETWEEN).await;
        }
        Err(Error::Stamp)
    }

    /// An account that must be there and be of this kind.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Account`], [`Error::Rpc`].
    pub async fn one<T: Kind>(&self, what: &'static str, key: Pubkey) -> Result<Box<T>, Error> {
        let account = self.accounts(&[key]).await?.pop().flatten();
        expect(what, key, &account.ok_or(Error::Missing { what, key })?).map(Box::new)
    }

    /// Accounts as they are, none where there is none.
    ///
    /// # Errors
    /// [`Error::Rpc`].
    pub async fn accounts(&self, keys: &[Pubkey]) -> Result<Vec<Option<Account>>, Error> {
        let mut accounts = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(CHUNK) {
            let some = self.client.get_multiple_accounts(chunk).await;
            accounts.extend(some.map_err(|error| self.failed(error))?);
        }
        Ok(accounts)
    }

    /// What waits in a safe, by number.
    ///
    /// # Errors
    /// [`Error::Rpc`].
    pub async fn held(&self, safe: &Pubkey) -> Result<Vec<(Pubkey, Box<Held>)>, Error> {
        let mut held = self.filtered::<Held>(discovery::held(safe)).await?;
        held.retain(|(key, one)| pda::held(safe, &one.owner, one.nonce).0 == *key);
        held.sort_by_key(|(_, one)| one.number);
        Ok(held)
    }

    async fn list<T: OfProtocol>(&self, protocol: &Pubkey) -> Result<Vec<(Pubkey, Box<T>)>, Error> {
        self.filtered(discovery::filters::<T>(protocol)).await
    }

    async fn filtered<T: Kind>(&self, filters: Filters) -> Result<Vec<(Pubkey, Box<T>)>, Error> {
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
        let listed = self.client.get_program_ui_accounts_with_config(&ID, config).await;
        Ok(listed
            .map_err(|error| self.failed(error))?
            .into_iter()
            .filter_map(|(key, account)| Some((key, account.to_account()?)))
            // the node is not trusted to have applied the filters
            .filter(|(_, account)| filters.pass(&account.data))
            .filter_map(|(key, account)| Some((key, Box::new(decode(&account.owner, &account.data).ok()?))))
            .collect())
    }

    pub(crate) fn failed(&self, source: ClientError) -> Error {
        Error::Rpc { url: self.url.clone(), source: Box::new(source) }
    }
}

/// The vaults for which a limiter is proposed.
fn vaults(proposals: &[(Pubkey, Box<Proposal>)]) -> Vec<Pubkey> {
    let vault = |(_, proposal): &(Pubkey, Box<Proposal>)| match proposal.read_content() {
        Some((accounts, Proposed::RegisterLimiter { .. })) => accounts.get(1).copied(),
        _ => None,
    };
    proposals.iter().filter_map(vault).collect()
}

/// Decimals of a mint; none where these bytes are no mint that a limiter can be of.
pub fn decimals(mint: &Account) -> Option<u8> {
    /// Where both token programs have them.
    const DECIMALS: usize = 44;
    check_mint(&mint.owner, &mint.data).ok()?;
    mint.data.get(DECIMALS).copied()
}

fn expect<T: Kind>(what: &'static str, key: Pubkey, account: &Account) -> Result<T, Error> {
    decode(&account.owner, &account.data).map_err(|source| Error::Account { what, key, source })
}
