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
    horizon::{Horizon, Teller},
    observation::{Forged, Observation, Role, State},
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
    /// The slot at which that was read: what comes next may not be far ahead of it.
    pub slot: u64,
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
    /// Who told it.
    socket: Teller,
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
    horizon: Horizon,
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
        let horizon = Horizon::new(source.slot, Instant::now());
        let (known, blind) = (HashMap::new(), HashMap::new());
        Self { source, observations, roles, known, horizon, blind, unsettled: None, refused: 0 }
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
                        // no read can be as new as a slot that is not believed
                        let min_slot = if self.is_near(Some(index), slot, None) { slot } else { 0 };
                        reads.spawn(self.read_all(min_slot, snapshots.clone()));
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
                if self.is_near(known.socket, known.slot, Some(notice.key))
                    && self.is_news(&notice.key, &known)
                {
                    self.learn(notice.key, known, &notice.owner, &notice.data).await?;
                }
                Ok(())
            }
            Event::Slot { slot, .. } => {
                if self.is_near(Some(index), slot, None) {
                    self.tell(Observation::Slot(slot)).await?;
                }
                Ok(())
            }
            Event::Gap(gap) => {
                self.record_gap(index, true, gap.to_string());
                self.tell(Observation::Gap).await
            }
        }
    }

    async fn take(&mut self, snapshot: Snapshot) -> Result<(), ConsumerGone> {
        let slot = snapshot.reads.first().map(|read| read.slot);
        let mut slots: Vec<u64> = snapshot.reads.iter().map(|read| read.slot).collect();
        slots.dedup();
        if !slots.into_iter().all(|slot| self.is_near(None, slot, None)) {
            return Ok(());
        }
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

    /// Whether a slot is one that the chain can have reached by now; it says so where not.
    fn is_near(&mut self, teller: Teller, slot: u64, key: Option<Pubkey>) -> bool {
        let now = Instant::now();
        let agreed = self.horizon.agreed(teller, now);
        let is_near = self.horizon.hear(teller, slot, now);
        if !is_near {
            let from = match teller.and_then(|index| self.source.ws_urls.get(index)) {
                Some(url) => format!("what {url} says"),
                None => "what a full read says".into(),
            };
            self.refuse(&from, key, agreed, &Forged::Slot { slot, agreed });
        }
        is_near
    }

    /// A later slot is. So is whatever the same socket says later, because a fork may take an account back. A full
    /// read of the same slot is, unless a notice came after it was asked for. What turned out to be from a slot that
    /// nobody else is near to makes nothing old.
    fn is_news(&self, key: &Pubkey, new: &Known) -> bool {
        self.known.get(key).is_none_or(|known| {
            new.slot > known.slot
                || !self.horizon.believes(known.socket, known.slot, Instant::now())
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
        let read = role.read(&self.source.guarded.protocol, owner, data);
        match read.and_then(|state| self.in_time(known.socket, state)) {
            Ok(state) => {
                self.known.insert(key, known);
                let first = self.unsettled.map_or(known.at, |(first, _)| first);
                self.unsettled = Some((first, Instant::now()));
                self.tell(Observation::Account { slot: known.slot, key, state }).await
            }
            Err(forged) => {
                self.refuse(&format!("what a node says of {key}"), Some(key), known.slot, &forged);
                Ok(())
            }
        }
    }

    /// The clock's account has a slot in its bytes as well.
    fn in_time(&self, teller: Teller, state: State) -> Result<State, Forged> {
        let now = Instant::now();
        match state {
            State::Clock(clock) if !self.horizon.believes(teller, clock.slot, now) => {
                Err(Forged::Slot { slot: clock.slot, agreed: self.horizon.agreed(teller, now) })
            }
            state => Ok(state),
        }
    }

    fn refuse(&mut self, what: &str, account: Option<Pubkey>, slot: u64, forged: &Forged) {
        self.refused = self.refused.saturating_add(1);
        let message = format!("refused {what}: {forged} ({} so far)", self.refused);
        let event = record::Event::Error { message, account, retried: true };
        self.source.record.write(Some(slot), &event);
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
    use crate::{record::Format, transport::socket::AccountNotice};

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
            slot: 1,
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

    /// What one hears of a slot by a socket.
    fn slot(slot: u64) -> Event {
        Event::Slot { slot, received: Instant::now() }
    }

    fn vault_notice(key: Pubkey, slot: u64) -> Event {
        Event::Account(AccountNotice {
            key,
            slot,
            lamports: 1,
            owner: Pubkey::default(),
            data: Vec::new(),
            received: Instant::now(),
            superseded: 0,
        })
    }

    #[tokio::test]
    async fn a_bogus_slot_is_refused_and_the_real_news_still_come_through() {
        let (mut watch, mut receiver, vault) = watch();
        watch.source.ws_urls.push("ws://127.0.0.1:2".into());
        assert!(watch.hear(1, slot(5)).await.is_ok());
        assert!(matches!(receiver.try_recv(), Ok(Observation::Slot(5))));
        for bogus in [slot(u64::MAX), vault_notice(vault, u64::MAX), slot(20_000)] {
            assert!(watch.hear(0, bogus).await.is_ok());
        }
        assert_eq!(watch.refused, 3);
        assert!(receiver.try_recv().is_err(), "nobody is told");
        assert!(watch.hear(1, vault_notice(vault, 6)).await.is_ok());
        assert!(matches!(receiver.try_recv(), Ok(Observation::Account { slot: 6, .. })));
        assert!(watch.hear(1, slot(7)).await.is_ok());
        assert!(matches!(receiver.try_recv(), Ok(Observation::Slot(7))));
    }

    #[tokio::test]
    async fn a_full_read_of_the_far_future_is_refused_and_sockets_go_on() {
        let (mut watch, mut receiver, vault) = watch();
        assert!(watch.hear(0, slot(5)).await.is_ok());
        assert!(receiver.try_recv().is_ok());
        let reads = vec![Read { key: vault, slot: u64::MAX - 1, account: None }];
        assert!(watch.take(Snapshot { asked: Instant::now(), reads }).await.is_ok());
        assert_eq!(watch.refused, 1);
        assert!(!watch.known.contains_key(&vault));
        assert!(watch.hear(0, vault_notice(vault, 6)).await.is_ok());
        assert!(matches!(receiver.try_recv(), Ok(Observation::Account { slot: 6, .. })));
    }

    #[tokio::test]
    async fn a_clock_whose_bytes_tell_of_the_far_future_is_refused() {
        let (mut watch, mut receiver, _) = watch();
        let owner = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");
        let mut data = [0; 40];
        data[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        let now = Instant::now();
        assert!(watch.learn(clock::ADDRESS, known(2, now, Some(0)), &owner, &data).await.is_ok());
        assert_eq!(watch.refused, 1);
        assert!(receiver.try_recv().is_err(), "nobody is told");
        data[..8].copy_from_slice(&2u64.to_le_bytes());
        assert!(watch.learn(clock::ADDRESS, known(2, now, Some(0)), &owner, &data).await.is_ok());
        assert!(matches!(receiver.try_recv(), Ok(Observation::Account { state: State::Clock(_), .. })));
    }

    #[test]
    fn what_a_liar_was_believed_first_makes_nothing_old() {
        let (mut watch, _receiver, vault) = watch();
        let now = Instant::now();
        watch.known.insert(vault, known(u64::MAX, now, Some(0)));
        assert!(watch.is_news(&vault, &known(9, now, Some(1))));
    }

    #[tokio::test]
    async fn a_closed_vault_is_told_as_holding_nothing() {
        let (mut watch, mut receiver, vault) = watch();
        let now = Instant::now();
        assert!(watch.learn(vault, known(5, now, Some(0)), &Pubkey::default(), &[]).await.is_ok());
        assert!(matches!(
            receiver.try_recv(),
            Ok(Observation::Account { slot: 5, state: State::Vault(_), .. })
        ));
        assert!(watch.unsettled.is_some());
    }
}
