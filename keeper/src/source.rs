//! From the chain to observations: websockets first, a full read after every gap and from time to time.
//!
//! It knows which accounts to watch and what each is expected to be, and nothing of what their states mean.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use firebreak_client::clock;
use solana_pubkey::Pubkey;
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{MissedTickBehavior, interval, sleep_until},
};

use crate::{
    discover::{Guarded, discover},
    observation::{Observation, Role},
    record::{self, Record},
    rpc::Rpc,
    transport::{
        snapshot::Read,
        socket::{self, Event, Socket},
    },
};

/// Notices of one slot arrive within some milliseconds of each other: after so long a silence they are complete.
const QUIET: Duration = Duration::from_millis(3);
/// A steady stream of notices must not put off every decision.
const LONGEST_WAIT: Duration = Duration::from_millis(10);
/// Between two looks for markets and limiters that were registered since.
const REDISCOVER: Duration = Duration::from_secs(30);
/// How many observations may wait for the detectors. Beyond that the source waits, and the socket keeps only the newest
/// state of each account.
const ROOM: usize = 1_024;

/// What a source works with.
pub struct Source {
    /// For full reads.
    pub rpc: Arc<Rpc>,
    /// What to listen to.
    pub ws_urls: Vec<String>,
    /// What to watch.
    pub guarded: Guarded,
    /// Between two full reads.
    pub poll: Duration,
    /// Where to say what is not seen.
    pub record: Record,
    /// What to say once everything is read and watched.
    pub ready: Option<record::Event>,
}

/// Starts to watch until `shutdown` resolves. The observations end when it has stopped.
pub fn spawn(
    source: Source,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> (mpsc::Receiver<Observation>, tokio::task::JoinHandle<()>) {
    let (observations, receiver) = mpsc::channel(ROOM);
    let watch = Watch::new(source, observations);
    let task = tokio::spawn(async move {
        tokio::select! {
            () = shutdown => {}
            result = watch.run() => match result {
                Err(ConsumerGone) => {}
            }
        }
    });
    (receiver, task)
}

/// Nobody takes observations any more.
struct ConsumerGone;

/// The newest that is known of an account.
#[derive(Clone, Copy)]
struct Known {
    slot: u64,
    at: Instant,
    /// Which socket told it; none for a full read.
    socket: Option<usize>,
}

/// What a full read brought, and when it was asked for.
struct Snapshot {
    asked: Instant,
    reads: Vec<Read>,
}

struct Watch {
    source: Source,
    observations: mpsc::Sender<Observation>,
    roles: HashMap<Pubkey, Role>,
    known: HashMap<Pubkey, Known>,
    /// Whether a socket is blind, once it has tried to connect.
    blind: HashMap<usize, bool>,
    /// First and last notice since the last [`Observation::Settled`].
    unsettled: Option<(Instant, Instant)>,
    refused: u64,
}

type SocketEvents = mpsc::Receiver<(usize, Event)>;

impl Watch {
    fn new(source: Source, observations: mpsc::Sender<Observation>) -> Self {
        let roles = roles(&source.guarded);
        let (known, blind) = (HashMap::new(), HashMap::new());
        Self { source, observations, roles, known, blind, unsettled: None, refused: 0 }
    }

    async fn run(mut self) -> Result<std::convert::Infallible, ConsumerGone> {
        let (mut sockets, mut events) = self.listen();
        let (snapshots, mut arrived) = mpsc::channel::<Snapshot>(4);
        let (found, mut guarded) = mpsc::channel::<Guarded>(1);
        let mut reads = JoinSet::new();
        let mut poll = interval(self.source.poll);
        let mut rediscover = interval(REDISCOVER);
        for ticks in [&mut poll, &mut rediscover] {
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        }
        loop {
            while reads.try_join_next().is_some() {}
            tokio::select! {
                Some((index, event)) = events.recv() => {
                    if let Event::Connected { slot } = event {
                        self.record_gap(index, false, format!("connected in slot {slot}"));
                        reads.spawn(self.read_all(slot, snapshots.clone()));
                    } else {
                        self.hear(index, event).await?;
                    }
                }
                Some(snapshot) = arrived.recv() => self.take(snapshot).await?,
                () = self.settled() => {
                    self.unsettled = None;
                    self.tell(Observation::Settled).await?;
                }
                _ = poll.tick() => if reads.len() < 2 {
                    reads.spawn(self.read_all(0, snapshots.clone()));
                },
                _ = rediscover.tick() => {
                    let (rpc, protocol, found) =
                        (Arc::clone(&self.source.rpc), self.source.guarded.protocol, found.clone());
                    reads.spawn(async move {
                        if let Ok(guarded) = discover(&rpc, &protocol).await {
                            // a receiver that is gone has no use for it
                            let _ = found.send(guarded).await;
                        }
                    });
                }
                Some(now) = guarded.recv() => if now != self.source.guarded {
                    self.roles = roles(&now);
                    self.source.guarded = now;
                    (sockets, events) = self.listen();
                },
            }
            debug_assert!(!sockets.is_empty(), "sockets reconnect by themselves");
        }
    }

    /// Starts one task for each socket; they end when the set is dropped.
    fn listen(&self) -> (JoinSet<()>, SocketEvents) {
        let accounts = || self.source.guarded.accounts().into_iter().chain([clock::ADDRESS]);
        let mut tasks = JoinSet::new();
        let (all, events) = mpsc::channel(64);
        for (index, url) in self.source.ws_urls.iter().enumerate() {
            let (sender, mut receiver) = mpsc::channel(64);
            let socket = Socket::new(url.clone(), accounts());
            tasks.spawn(socket::run(socket, sender, std::future::pending()));
            let all = all.clone();
            tasks.spawn(async move {
                while let Some(event) = receiver.recv().await {
                    if all.send((index, event)).await.is_err() {
                        break;
                    }
                }
            });
        }
        (tasks, events)
    }

    /// A full read in the background.
    fn read_all(
        &self,
        min_slot: u64,
        snapshots: mpsc::Sender<Snapshot>,
    ) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let keys: Vec<Pubkey> = self.source.guarded.accounts().into_iter().chain([clock::ADDRESS]).collect();
        let (rpc, record) = (Arc::clone(&self.source.rpc), self.source.record.clone());
        Box::pin(async move {
            let asked = Instant::now();
            match rpc.read(&keys, min_slot).await {
                // a receiver that is gone has no use for it
                Ok(reads) => drop(snapshots.send(Snapshot { asked, reads }).await),
                Err(error) => record.write(None, &record::Event::retried(error)),
            }
        })
    }

    async fn hear(&mut self, index: usize, event: Event) -> Result<(), ConsumerGone> {
        match event {
            Event::Connected { .. } => Ok(()),
            Event::Canary(canary) => {
                let url = self.source.ws_urls.get(index);
                tracing::info!(url, %canary, "liveness rests on");
                Ok(())
            }
            Event::Account(notice) => {
                let known = Known { slot: notice.slot, at: notice.received, socket: Some(index) };
                if self.is_news(&notice.key, &known) {
                    self.learn(notice.key, known, &notice.owner, &notice.data).await?;
                }
                Ok(())
            }
            Event::Slot { slot, .. } => self.tell(Observation::Slot(slot)).await,
            Event::Gap(gap) => {
                self.record_gap(index, true, gap.to_string());
                self.tell(Observation::Gap).await
            }
        }
    }

    async fn take(&mut self, snapshot: Snapshot) -> Result<(), ConsumerGone> {
        let slot = snapshot.reads.first().map(|read| read.slot);
        for read in snapshot.reads {
            let known = Known { slot: read.slot, at: snapshot.asked, socket: None };
            if !self.is_news(&read.key, &known) {
                continue;
            }
            // what does not exist is an empty account of nobody
            let account = read.account.unwrap_or_default();
            self.learn(read.key, known, &account.owner, &account.data).await?;
        }
        if self.unsettled.take().is_some() {
            self.tell(Observation::Settled).await?;
        }
        if self.blind.values().any(|blind| !blind)
            && let Some(ready) = self.source.ready.take()
        {
            self.source.record.write(slot, &ready);
        }
        Ok(())
    }

    /// A later slot is. So is whatever the same socket says later, because a fork may take an account back. A full
    /// read of the same slot is, unless a notice came after it was asked for.
    fn is_news(&self, key: &Pubkey, new: &Known) -> bool {
        self.known.get(key).is_none_or(|known| {
            new.slot > known.slot
                || (new.socket.is_some() && new.socket == known.socket)
                || (new.slot == known.slot && new.at >= known.at)
        })
    }

    async fn learn(
        &mut self,
        key: Pubkey,
        known: Known,
        owner: &Pubkey,
        data: &[u8],
    ) -> Result<(), ConsumerGone> {
        let Some(role) = self.roles.get(&key) else {
            return Ok(());
        };
        match role.read(&self.source.guarded.protocol, owner, data) {
            Ok(state) => {
                self.known.insert(key, known);
                let first = self.unsettled.map_or(known.at, |(first, _)| first);
                self.unsettled = Some((first, Instant::now()));
                self.tell(Observation::Account { slot: known.slot, key, state }).await
            }
            Err(forged) => {
                self.refused += 1;
                let message =
                    format!("refused what a node says of {key}: {forged} ({} so far)", self.refused);
                let event = record::Event::Error { message, account: Some(key), retried: true };
                self.source.record.write(Some(known.slot), &event);
                Ok(())
            }
        }
    }

    /// Resolves when the notices that belong together have come; never while none are waiting.
    async fn settled(&self) {
        match self.unsettled {
            Some((first, last)) => sleep_until((last + QUIET).min(first + LONGEST_WAIT).into()).await,
            None => std::future::pending().await,
        }
    }

    fn record_gap(&mut self, index: usize, open: bool, why: String) {
        let before = self.blind.insert(index, open);
        // a reconnect that fails again is the same gap
        if before == Some(open) {
            return;
        }
        let url = self.source.ws_urls.get(index).cloned().unwrap_or_default();
        self.source.record.write(None, &record::Event::Gap { url, open, why });
    }

    async fn tell(&self, observation: Observation) -> Result<(), ConsumerGone> {
        self.observations.send(observation).await.map_err(|_| ConsumerGone)
    }
}

fn roles(guarded: &Guarded) -> HashMap<Pubkey, Role> {
    let parts = [
        (&guarded.markets, Role::Market),
        (&guarded.limiters, Role::Limiter),
        (&guarded.vaults, Role::Vault),
    ];
    let parts = parts.into_iter().flat_map(|(keys, role)| keys.iter().map(move |key| (*key, role)));
    parts.chain([(guarded.protocol, Role::Protocol), (clock::ADDRESS, Role::Clock)]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::record::Format;

    fn watch() -> (Watch, mpsc::Receiver<Observation>, Pubkey) {
        let vault = Pubkey::new_from_array([4; 32]);
        let guarded = Guarded {
            protocol: Pubkey::new_from_array([1; 32]),
            markets: BTreeSet::from([Pubkey::new_from_array([2; 32])]),
            limiters: BTreeSet::from([Pubkey::new_from_array([3; 32])]),
            vaults: BTreeSet::from([vault]),
        };
        let source = Source {
            rpc: Arc::new(Rpc::new(&[])),
            ws_urls: vec!["ws://127.0.0.1:1".into()],
            guarded,
            poll: Duration::from_secs(1),
            record: Record::new(Format::Json, Box::new(std::io::sink())),
            ready: None,
        };
        let (sender, receiver) = mpsc::channel(16);
        (Watch::new(source, sender), receiver, vault)
    }

    fn known(slot: u64, at: Instant, socket: Option<usize>) -> Known {
        Known { slot, at, socket }
    }

    #[test]
    fn the_newest_state_counts_whatever_told_it() {
        let (mut watch, _receiver, vault) = watch();
        let now = Instant::now();
        let before = now - Duration::from_millis(5);
        assert!(watch.is_news(&vault, &known(10, now, Some(0))));
        watch.known.insert(vault, known(10, now, Some(0)));
        assert!(watch.is_news(&vault, &known(11, now, Some(1))), "a later slot");
        assert!(watch.is_news(&vault, &known(9, now, Some(0))), "a fork undone");
        assert!(!watch.is_news(&vault, &known(9, now, Some(1))), "a socket that is behind");
        assert!(!watch.is_news(&vault, &known(9, now, None)), "a node that is behind");
        assert!(!watch.is_news(&vault, &known(10, before, None)), "read before the notice came");
        assert!(watch.is_news(&vault, &known(10, now, None)));
    }

    #[tokio::test]
    async fn forged_data_is_refused_counted_and_not_remembered() {
        let (mut watch, mut receiver, vault) = watch();
        let limiter = Pubkey::new_from_array([3; 32]);
        let now = Instant::now();
        assert!(watch.learn(limiter, known(5, now, Some(0)), &vault, &[0; 736]).await.is_ok());
        assert_eq!(watch.refused, 1);
        assert!(!watch.known.contains_key(&limiter));
        assert!(receiver.try_recv().is_err(), "nobody is told");
    }

    #[tokio::test]
    async fn a_closed_vault_is_told_as_holding_nothing() {
        let (mut watch, mut receiver, vault) = watch();
        let now = Instant::now();
        assert!(watch.learn(vault, known(5, now, Some(0)), &Pubkey::default(), &[]).await.is_ok());
        assert!(matches!(
            receiver.try_recv(),
            Ok(Observation::Account { slot: 5, state: crate::observation::State::Vault(_), .. })
        ));
        assert!(watch.unsettled.is_some());
    }
}
