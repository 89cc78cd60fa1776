//! What the chain itself shows while the attack runs: read again and again, with the moment of each change.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use firebreak_client::{
    Limiter, Market, Protocol, VaultState, account,
    interface::{self, Operation, Severity, gate},
};
use solana_account::Account;
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_pubkey::Pubkey;
use tokio::{task::JoinHandle, time::sleep};

use crate::error::{DemoError, Trying};

/// A fraction of a slot, and little work for the node.
const EVERY: Duration = Duration::from_millis(20);

/// The accounts that tell how a vault is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watched {
    pub(crate) protocol: Pubkey,
    pub(crate) market: Pubkey,
    pub(crate) limiter: Pubkey,
    pub(crate) vault: Pubkey,
    /// Where the loot goes.
    pub(crate) purse: Pubkey,
}

/// Those accounts at one moment of the chain.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) now: interface::Instant,
    pub(crate) protocol: Protocol,
    pub(crate) market: Market,
    pub(crate) limiter: Limiter,
    pub(crate) vault: VaultState,
    pub(crate) loot: u64,
}

impl View {
    /// Reads them all in one answer of the node.
    pub(crate) async fn read(rpc: &RpcClient, watched: &Watched) -> Result<Self, DemoError> {
        let addresses = [
            firebreak_client::clock::ADDRESS,
            watched.protocol,
            watched.market,
            watched.limiter,
            watched.vault,
            watched.purse,
        ];
        let accounts = rpc.get_multiple_accounts(&addresses).await.trying("watching the venue")?;
        let get = |place: usize, what| match accounts.get(place) {
            Some(Some(account)) => Ok(account),
            _ => Err(DemoError::NoAccount { what, address: addresses[place] }),
        };
        let clock = get(0, "clock")?;
        let now = firebreak_client::clock::read(&clock.owner, &clock.data)
            .ok_or(DemoError::NoAccount { what: "clock", address: addresses[0] })?;
        Ok(Self {
            now,
            protocol: decode(get(1, "protocol")?, "protocol")?,
            market: decode(get(2, "market")?, "market")?,
            limiter: decode(get(3, "limiter")?, "limiter")?,
            vault: token(get(4, "vault")?),
            loot: token(get(5, "attacker's purse")?).amount,
        })
    }

    /// Whether the market lets the operation pass.
    pub(crate) fn is_open(&self, operation: Operation) -> bool {
        gate::decide_at(&self.protocol, &self.market, operation, self.now).is_ok()
    }

    /// In how many seconds the gate lets the operation pass again if nothing else happens; none where it never would.
    pub(crate) fn opens_in(&self, operation: Operation) -> Option<u64> {
        let boards = [&self.market.board, &self.protocol.board];
        let ends = boards.iter().flat_map(|board| board.held).chain([self.now]);
        let opens = ends.filter(|end| {
            let then = end.max(self.now);
            gate::decide_at(&self.protocol, &self.market, operation, then).is_ok()
        });
        opens.map(|end| u64::try_from(end.unix - self.now.unix).unwrap_or(0)).min()
    }

    /// Severity in force in the market.
    pub(crate) fn severity(&self) -> Severity {
        self.market.in_force(&self.protocol.board, self.now).0
    }
}

pub(crate) fn decode<T: account::Kind>(account: &Account, what: &'static str) -> Result<T, DemoError> {
    account::decode(&account.owner, &account.data).map_err(|source| DemoError::Account { what, source })
}

fn token(account: &Account) -> VaultState {
    VaultState::read(&account.owner, &account.data)
}

/// Something that changed between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The attacker has this much now.
    Loot(u64),
    /// The limiter's own latch rose.
    Limiter(Severity),
    /// The market rose.
    Market(Severity),
    /// The market closed the operation under attack.
    Closed(Operation),
}

/// A change, when it was seen, and the chain's slot at that look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) change: Change,
    pub(crate) at: Instant,
    pub(crate) slot: u64,
}

/// What changed from one look to the next.
fn changes(before: &View, after: &View, operation: Operation) -> Vec<Change> {
    let mut changes = Vec::new();
    if after.loot > before.loot {
        changes.push(Change::Loot(after.loot));
    }
    let (was, is) = (before.limiter.severity(before.now), after.limiter.severity(after.now));
    if is > was {
        changes.push(Change::Limiter(is));
    }
    if after.severity() > before.severity() {
        changes.push(Change::Market(after.severity()));
    }
    if before.is_open(operation) && !after.is_open(operation) {
        changes.push(Change::Closed(operation));
    }
    changes
}

/// A watch that runs beside the attack.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Vec<Seen>, DemoError>>,
}

impl Watch {
    /// Starts from `first`.
    pub(crate) fn start(rpc: RpcClient, watched: Watched, operation: Operation, first: View) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let (mut seen, mut before) = (Vec::new(), first);
            while !stopped.load(Ordering::Relaxed) {
                let after = View::read(&rpc, &watched).await?;
                let (at, slot) = (Instant::now(), after.now.slot);
                seen.extend(changes(&before, &after, operation).into_iter().map(|change| Seen {
                    change,
                    at,
                    slot,
                }));
                before = after;
                sleep(EVERY).await;
            }
            Ok(seen)
        });
        Self { stop, task }
    }

    /// Ends the watch and tells what it saw.
    pub(crate) async fn stop(self) -> Result<Vec<Seen>, DemoError> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?
    }
}
