//! The bot that watches guarded accounts and pulls the breaker.
//!
//! Three stages joined by bounded channels, each knowing nothing of the others' work: the [`source`] turns the chain
//! into observations, the [`detector`] observations into findings, the [`responder`] findings into transactions.

pub mod config;
pub mod detector;
pub mod discover;
mod error;
#[cfg(test)]
mod fixtures;
mod heartbeat;
mod horizon;
#[cfg(test)]
mod node;
pub mod observation;
pub mod proof;
pub mod record;
pub mod responder;
pub mod rpc;
pub mod source;
pub mod transport;

use std::sync::{Arc, atomic::AtomicU32};

use firebreak_client::{ProtocolAddresses, clock, decode, key};
use firebreak_interface::state::Keeper;
use solana_keypair::Keypair;
use solana_signer::Signer;
use tokio::{pin, sync::watch, task::JoinHandle, time::sleep};

pub use crate::error::KeeperError;
use crate::{
    config::{Config, HEARTBEAT},
    discover::{DiscoverError, Guarded, discover},
    heartbeat::Pulse,
    record::{Event, Record},
    responder::Responder,
    rpc::Rpc,
    source::Source,
    transport::{
        backoff,
        sender::{Effort, Sender},
    },
};

/// What a key must have to act at all: the rent of its own account and the fees of some transactions.
pub const NEEDED_LAMPORTS: u64 = 2_000_000;

/// Guards a protocol until `shutdown` resolves.
///
/// # Errors
/// [`KeeperError`] for what no waiting mends: a wrong configuration, key or protocol. A dead RPC is tried again for ever.
pub async fn run(
    config: Config,
    record: Record,
    shutdown: impl Future<Output = ()>,
) -> Result<(), KeeperError> {
    let key = Arc::new(key::read(&config.keypair)?);
    let rpc = Arc::new(Rpc::new(&config.urls));
    let sender = Arc::new(Sender::new(config.urls.clone(), Effort::default())?);
    let slow = Sender::new(config.urls.clone(), heartbeat::EFFORT)?;
    pin!(shutdown);
    let ready = tokio::select! {
        () = &mut shutdown => return Ok(()),
        prepared = prepare(&config, &rpc, &key, &record) => prepared?,
    };

    let (stop, stopped) = watch::channel(false);
    let (observations, mut source) = source::spawn(
        Source {
            rpc: Arc::clone(&rpc),
            ws_urls: config.ws_urls,
            guarded: ready.guarded,
            slot: ready.slot,
            poll: config.poll,
            record: record.clone(),
            ready: Some(ready.event),
        },
        until(stopped.clone()),
    );
    let (findings, mut detector) = detector::spawn(observations, config.outflow);
    let mut blockhashes = keep_fresh(Arc::clone(&sender), until(stopped.clone()));
    let mut heartbeat = heartbeat::spawn(
        Pulse {
            rpc: Arc::clone(&rpc),
            sender: slow,
            key: Arc::clone(&key),
            protocol: config.protocol,
            fee: config.fees.start,
            record: record.clone(),
        },
        HEARTBEAT,
        until(stopped),
    );
    let mut responder = responder::spawn(
        findings,
        Responder {
            rpc,
            sender,
            key,
            protocol: config.protocol,
            raise_seconds: config.raise_seconds,
            fees: config.fees,
            record,
            serial: AtomicU32::new(0),
        },
    );

    let failed = tokio::select! {
        () = &mut shutdown => None,
        _ = &mut source => Some("source"),
        _ = &mut detector => Some("detector"),
        _ = &mut responder => Some("responder"),
        _ = &mut blockhashes => Some("blockhash refresher"),
        _ = &mut heartbeat => Some("heartbeat"),
    };
    if let Some(stage) = failed {
        return Err(KeeperError::Stage(stage));
    }
    // nobody listening means that everything has stopped already
    let _ = stop.send(true);
    responder.await.map_err(|_| KeeperError::Stage("responder"))
}

/// Validates what a running keeper would find out, and says what it would guard.
///
/// # Errors
/// [`KeeperError`], also for a dead RPC and an unfunded key.
pub async fn check(config: &Config) -> Result<String, KeeperError> {
    let key = key::read(&config.keypair)?;
    let rpc = Rpc::new(&config.urls);
    let guarded = discover(&rpc, &config.protocol).await?;
    same_cluster(&rpc).await?;
    let Standing { registered, lamports, .. } = standing(&config.protocol, &rpc, &key).await?;
    if lamports < NEEDED_LAMPORTS {
        return Err(KeeperError::Unfunded { key: key.pubkey(), lamports, needed: NEEDED_LAMPORTS });
    }
    let rights = if registered {
        "it may poke and raise"
    } else {
        "it may poke; it is not registered to raise, or no longer"
    };
    Ok(format!(
        "protocol {}: {} markets, {} limiters, {} vaults\nkey {}: {lamports} lamports; {rights}",
        config.protocol,
        guarded.markets.len(),
        guarded.limiters.len(),
        guarded.vaults.len(),
        key.pubkey(),
    ))
}

/// What has to be known before the stages start.
struct Prepared {
    guarded: Guarded,
    /// Slot of the reading.
    slot: u64,
    event: Event,
}

/// Finds what to guard. Waits for an RPC for as long as it takes.
async fn prepare(
    config: &Config,
    rpc: &Rpc,
    key: &Keypair,
    record: &Record,
) -> Result<Prepared, KeeperError> {
    let mut attempt = 0;
    loop {
        let prepared = try_prepare(config, rpc, key).await;
        match prepared {
            Err(KeeperError::Discover(DiscoverError::Unreachable(error))) => {
                record.write(None, &Event::retried(error));
                sleep(backoff::delay(attempt, backoff::random())).await;
                attempt += 1;
            }
            Ok((prepared, lamports)) => {
                if lamports < NEEDED_LAMPORTS {
                    // it can be funded while it watches; until then it can only tell
                    let (key, needed) = (key.pubkey(), NEEDED_LAMPORTS);
                    record.write(None, &Event::failed(KeeperError::Unfunded { key, lamports, needed }));
                }
                return Ok(prepared);
            }
            Err(error) => return Err(error),
        }
    }
}

async fn try_prepare(config: &Config, rpc: &Rpc, key: &Keypair) -> Result<(Prepared, u64), KeeperError> {
    let guarded = discover(rpc, &config.protocol).await?;
    same_cluster(rpc).await?;
    let Standing { registered, lamports, slot } = standing(&config.protocol, rpc, key).await?;
    let event = Event::Ready {
        protocol: config.protocol,
        key: key.pubkey(),
        markets: guarded.markets.iter().copied().collect(),
        vaults: guarded.vaults.iter().copied().collect(),
        registered,
        lamports,
        url: config.ws_urls.join(","),
    };
    Ok((Prepared { guarded, slot, event }, lamports))
}

/// Sending to another cluster would look like an act and be none.
async fn same_cluster(rpc: &Rpc) -> Result<(), KeeperError> {
    let mut geneses = rpc.geneses().await.into_iter();
    let Some((first, first_genesis)) = geneses.next() else {
        return Ok(());
    };
    match geneses.find(|(_, genesis)| *genesis != first_genesis) {
        None => Ok(()),
        Some((other, other_genesis)) => {
            Err(KeeperError::Clusters { first, first_genesis, other, other_genesis })
        }
    }
}

/// Whether the key is a registered keeper whose term runs, and what it has for fees.
struct Standing {
    registered: bool,
    lamports: u64,
    /// Slot of the reading.
    slot: u64,
}

async fn standing(
    protocol: &solana_pubkey::Pubkey,
    rpc: &Rpc,
    key: &Keypair,
) -> Result<Standing, DiscoverError> {
    let registration = ProtocolAddresses::new(*protocol).keeper(&key.pubkey());
    let reads = rpc.read(&[registration, clock::ADDRESS], 0).await?;
    let slot = reads.first().map_or(0, |read| read.slot);
    let [seat, clock] = [0, 1].map(|place| reads.get(place).and_then(|read| read.account.as_ref()));
    let seat = seat.and_then(|seat| decode::<Keeper>(&seat.owner, &seat.data).ok());
    let now = clock.and_then(|clock| clock::read(&clock.owner, &clock.data));
    let registered = seat.zip(now).is_some_and(|(mut keeper, now)| keeper.beat(now).is_ok());
    Ok(Standing { registered, lamports: rpc.balance(&key.pubkey()).await?, slot })
}

fn keep_fresh(sender: Arc<Sender>, stopped: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move { sender.keep_fresh(stopped).await })
}

/// Resolves when the flag is set, or nobody can set it any more.
async fn until(mut flag: watch::Receiver<bool>) {
    // an error means that the keeper itself is gone
    let _ = flag.wait_for(|stop| *stop).await;
}
