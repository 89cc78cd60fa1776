//! Heartbeats against a node: who beats, what a miss is told as, and that nothing waits for one.

use std::{
    future::pending,
    sync::{Arc, Mutex, atomic::AtomicU32},
};

use firebreak_interface::{
    BreakerError::{KeeperExpired, WrongProtocol},
    Instant,
};
use serde_json::{Value, json};
use solana_keypair::Keypair;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

use super::*;
use crate::{
    config::Fees,
    detector::{Alarm, Evidence, Finding},
    fixtures::{LIMITER, MARKET, PROTOCOL, VAULT},
    node::{Chain, FIRST_SLOT, Fate, Lines, events},
    responder::{self, Responder},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const TERM: u32 = 10_000;

fn pulse(url: &str, key: &Arc<Keypair>, lines: &Lines) -> Pulse {
    let urls = [url.to_owned()];
    Pulse {
        rpc: Arc::new(Rpc::new(&urls)),
        sender: Sender::new(urls, EFFORT).expect("an endpoint"),
        key: Arc::clone(key),
        protocol: PROTOCOL,
        fee: 1,
        record: lines.record(),
    }
}

/// What one heartbeat leaves in the record, and the chain after it.
async fn beaten(chain: Chain, key: Keypair) -> (Vec<Value>, Arc<Mutex<Chain>>) {
    let (chain, url) = chain.open().await;
    let lines = Lines::default();
    pulse(&url, &Arc::new(key), &lines).beat(0).await;
    (lines.written(), chain)
}

fn sent(chain: &Mutex<Chain>) -> usize {
    chain.lock().expect("sound").sent.len()
}

#[tokio::test]
async fn a_registered_keeper_says_that_it_is_there() {
    let key = Keypair::new();
    let heartbeat = instruction::heartbeat(key.pubkey(), &PROTOCOL);
    let seat = ProtocolAddresses::new(PROTOCOL).keeper(&key.pubkey());
    let mut chain = Chain::new().with_fates(move |_, bytes| {
        assert!(bytes.windows(32).any(|part| part == seat.as_ref()), "another's registration");
        assert!(bytes.ends_with(&heartbeat.data), "another instruction");
        Fate::Lands
    });
    chain.register(&key, TERM);
    let expires = chain.keeper.expect("registered").expires.unix;
    let (record, chain) = beaten(chain, key).await;
    assert_eq!(events(&record), ["heartbeat"], "{record:?}");
    assert_eq!((&record[0]["slot"], &record[0]["expires"]), (&json!(FIRST_SLOT), &json!(expires)));
    assert_eq!(record[0]["signature"], chain.lock().expect("sound").sent[0].0);
}

#[tokio::test]
async fn a_key_without_a_registration_is_silent() {
    let (record, chain) = beaten(Chain::new(), Keypair::new()).await;
    assert!(record.is_empty(), "{record:?}");
    assert_eq!(sent(&chain), 0);

    let mut of_another = Chain::new();
    of_another.register(&Keypair::new(), TERM);
    let (record, chain) = beaten(of_another, Keypair::new()).await;
    assert!(record.is_empty(), "{record:?}");
    assert_eq!(sent(&chain), 0);
}

#[tokio::test]
async fn a_registration_that_is_over_is_told_with_the_remedy_and_pays_no_fee() {
    let key = Keypair::new();
    let mut over = Chain::new();
    over.register(&key, TERM);
    over.world.advance(TERM.into());
    // and one that runs out between the look and the block
    let other = Keypair::new();
    let mut racing = Chain::new().with_fates(|_, _| Fate::Fails(KeeperExpired));
    racing.register(&other, TERM);
    for (chain, key, transactions) in [(over, key, 0), (racing, other, 1)] {
        let since = chain.keeper.expect("registered").expires.unix;
        let (record, chain) = beaten(chain, key).await;
        assert_eq!(events(&record), ["error"], "{record:?}");
        let message = record[0]["message"].as_str().expect("words");
        for words in ["registration", &since.to_string(), "another key", "pokes on"] {
            assert!(message.contains(words), "no `{words}` in: {message}");
        }
        assert_eq!(record[0]["retried"], false);
        assert_eq!(sent(&chain), transactions);
    }
}

#[tokio::test]
async fn the_lamports_that_an_alarm_needs_are_left_alone() {
    for (lamports, expected) in [(NEEDED_LAMPORTS - 1, "error"), (NEEDED_LAMPORTS, "heartbeat")] {
        let key = Keypair::new();
        let mut chain = Chain::new();
        chain.register(&key, TERM);
        chain.lamports = lamports;
        let (record, chain) = beaten(chain, key).await;
        assert_eq!(events(&record), [expected], "{record:?}");
        assert_eq!(sent(&chain), usize::from(expected == "heartbeat"));
    }
}

/// Waits until the record has so many events.
async fn has(lines: &Lines, count: usize) -> Vec<Value> {
    let waited = timeout(PATIENCE, async {
        while lines.written().len() < count {
            sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("they come");
    lines.written()
}

#[tokio::test]
async fn it_beats_at_once_and_in_every_period_and_a_miss_is_left_to_the_next() {
    let key = Arc::new(Keypair::new());
    let mut chain = Chain::new().with_fates(|chain, _| match chain.sent.len() {
        1 => Fate::Fails(WrongProtocol),
        _ => Fate::Lands,
    });
    chain.register(&key, TERM);
    let (chain, url) = chain.open().await;
    let lines = Lines::default();
    let beating = spawn(pulse(&url, &key, &lines), Duration::from_millis(1), pending());
    let record = has(&lines, 4).await;
    beating.abort();
    assert_eq!(events(&record[..4]), ["heartbeat", "error", "heartbeat", "heartbeat"], "{record:?}");
    assert_eq!(record[1]["retried"], true);
    assert!(sent(&chain) >= 4, "each is a transaction of its own");
}

#[tokio::test]
async fn a_dead_endpoint_is_told_and_tried_again() {
    let key = Arc::new(Keypair::new());
    let lines = Lines::default();
    let beating = spawn(pulse("http://127.0.0.1:9", &key, &lines), Duration::from_millis(1), pending());
    let record = has(&lines, 2).await;
    beating.abort();
    assert!(record.iter().all(|line| line["event"] == "error" && line["retried"] == true), "{record:?}");
}

/// A chain on which no heartbeat ever lands, and everything else does.
fn deaf_to_heartbeats(key: &Keypair) -> Chain {
    let heartbeat = instruction::heartbeat(key.pubkey(), &PROTOCOL);
    let mut chain = Chain::new().with_fates(move |_, bytes| match bytes.ends_with(&heartbeat.data) {
        true => Fate::IsLost,
        false => Fate::Lands,
    });
    chain.register(key, TERM);
    chain
}

#[tokio::test]
async fn an_alarm_does_not_wait_for_a_heartbeat_that_never_lands() {
    let key = Arc::new(Keypair::new());
    let mut chain = deaf_to_heartbeats(&key);
    chain.world.steal(50_000);
    let Instant { slot, .. } = chain.world.now;
    let (chain, url) = chain.open().await;
    let lines = Lines::default();
    let beating = spawn(pulse(&url, &key, &lines), Duration::from_secs(600), pending());
    let started = timeout(PATIENCE, async {
        while sent(&chain) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    });
    started.await.expect("a heartbeat is under way");

    let (findings, heard) = mpsc::channel(1);
    let responding = responder::spawn(
        heard,
        Responder {
            rpc: Arc::new(Rpc::new(std::slice::from_ref(&url))),
            sender: Arc::new(Sender::new([url], Effort::default()).expect("an endpoint")),
            key,
            protocol: PROTOCOL,
            raise_seconds: 600,
            fees: Fees { start: 1, ceiling: 1 },
            record: lines.record(),
            serial: AtomicU32::new(0),
        },
    );
    let evidence = Evidence::Shortfall { missing: 50_000, threshold: 30_000 };
    let alarm = Alarm { slot, market: MARKET, limiter: LIMITER, vault: VAULT, evidence, across_gap: false };
    findings.send(Finding::Alarm(alarm)).await.expect("it listens");
    drop(findings);
    responding.await.expect("it ends");
    assert_eq!(events(&lines.written()), ["saw", "decided", "sent", "landed"]);
    assert!(!beating.is_finished(), "the heartbeat is still under way");
    beating.abort();
}

#[tokio::test]
async fn a_heartbeat_under_way_holds_up_no_shutdown() {
    let key = Arc::new(Keypair::new());
    let (chain, url) = deaf_to_heartbeats(&key).open().await;
    let lines = Lines::default();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let beating = spawn(pulse(&url, &key, &lines), Duration::from_secs(600), async {
        let _ = stopped.await;
    });
    let under_way = timeout(PATIENCE, async {
        while sent(&chain) == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    });
    under_way.await.expect("a heartbeat is under way");
    stop.send(()).expect("it listens");
    // less than a heartbeat may take, so that it cannot have ended by itself
    timeout(EFFORT.give_up / 2, beating).await.expect("it ends").expect("in order");
    assert!(lines.written().is_empty(), "nothing is claimed of what was left");
}
