//! A responder against a chain that goes on between its look and the block: another segment of the journal, or planned work
//! that somebody announced.

use std::sync::{Arc, atomic::AtomicU32};

use firebreak_client::ProtocolAddresses;
use firebreak_interface::BreakerError;
use serde_json::{Value, json};

use super::*;
use crate::{
    fixtures::{LIMITER, MARKET, PROTOCOL, VAULT},
    node::{Chain, FIRST_SLOT, Fate, Lines, events},
    transport::sender::Effort,
};

const SHORTFALL: Evidence = Evidence::Shortfall { missing: 50_000, threshold: 30_000 };
const OUTFLOW: Evidence = Evidence::Outflow { left: 150_000, threshold: 100_000, window: "outflow_3_slots" };

/// The record of a responder with this key to an alarm of the chain's vault.
async fn record_of(chain: Chain, key: Keypair, evidence: Evidence) -> Vec<Value> {
    let slot = chain.world.now.slot;
    let (_chain, url) = chain.open().await;
    let lines = Lines::default();
    let responder = Responder {
        rpc: Arc::new(Rpc::new(std::slice::from_ref(&url))),
        sender: Arc::new(Sender::new([url], Effort::default()).expect("an endpoint")),
        key: Arc::new(key),
        protocol: PROTOCOL,
        raise_seconds: 600,
        fees: Fees { start: 1, ceiling: 1 },
        record: lines.record(),
        serial: AtomicU32::new(0),
    };
    let alarm = Alarm { slot, market: MARKET, limiter: LIMITER, vault: VAULT, evidence, across_gap: false };
    assert!(
        responder.respond(&alarm, SystemTime::now()).await.is_none(),
        "no effect is seen: it landed or failed"
    );
    lines.written()
}

/// A theft, on a chain whose journal goes on so many times.
async fn record_of_a_theft(rollovers: usize) -> Vec<Value> {
    let mut chain = Chain::new().with_fates(move |chain, bytes| {
        if chain.sent.len() < rollovers {
            chain.segments += 1;
        }
        let current = ProtocolAddresses::new(PROTOCOL).segment(chain.segments - 1);
        match bytes.windows(32).any(|key| key == current.as_ref()) {
            true => Fate::Lands,
            false => Fate::Fails(BreakerError::WrongSegment),
        }
    });
    chain.world.steal(50_000);
    record_of(chain, Keypair::new(), SHORTFALL).await
}

#[tokio::test]
async fn an_act_whose_segment_is_full_is_planned_anew_at_once() {
    let record = record_of_a_theft(1).await;
    assert_eq!(
        events(&record),
        ["saw", "decided", "sent", "error", "decided", "sent", "landed"],
        "{record:?}"
    );
    assert_eq!(record[3]["retried"], true);
    assert!(record[3]["message"].as_str().is_some_and(|why| why.contains("segment")), "{}", record[3]);
    assert_ne!(record[2]["signature"], record[5]["signature"]);
    assert_eq!((&record[6]["slot"], &record[6]["by"]), (&json!(FIRST_SLOT + 1), &json!("us")));
}

#[tokio::test]
async fn a_journal_that_never_stands_still_ends_the_act_and_not_the_keeper() {
    let record = record_of_a_theft(usize::MAX).await;
    assert_eq!(events(&record).iter().filter(|event| **event == "sent").count(), 3, "{record:?}");
    assert!(record.iter().filter(|line| line["event"] == "error").all(|line| line["retried"] == true));
}

/// A drain that is no theft, and a chain on which planned work is announced as soon as anything is sent.
fn about_to_be_quiet(key: &Keypair, fate: Fate) -> Chain {
    let mut chain = Chain::new().with_fates(move |chain, _| {
        chain.world.market.quiet_until = chain.world.now.plus(600);
        fate
    });
    chain.register(key, 10_000);
    chain
}

#[tokio::test]
async fn a_raise_that_planned_work_overtakes_is_not_needed_and_no_failure() {
    // whether it is refused in a block, or seen to be needless before it is in one
    for (fate, slot) in
        [(Fate::Fails(BreakerError::UnderMaintenance), json!(FIRST_SLOT)), (Fate::IsLost, Value::Null)]
    {
        let key = Keypair::new();
        let chain = about_to_be_quiet(&key, fate);
        let record = record_of(chain, key, OUTFLOW).await;
        assert_eq!(events(&record), ["saw", "decided", "sent", "decided"], "{record:?}");
        assert_eq!(record[1]["act"], "raise");
        assert_eq!((&record[3]["act"], &record[3]["slot"]), (&Value::Null, &slot), "{}", record[3]);
        assert!(record[3]["why"].as_str().is_some_and(|why| why.contains("planned work")), "{}", record[3]);
    }
}

#[tokio::test]
async fn a_quiet_market_is_sent_no_raise_and_every_poke() {
    for (evidence, expected) in
        [(OUTFLOW, vec!["saw", "decided"]), (SHORTFALL, vec!["saw", "decided", "sent", "landed"])]
    {
        let key = Keypair::new();
        let mut chain = Chain::new();
        chain.register(&key, 10_000);
        chain.world.market.quiet_until = chain.world.now.plus(600);
        chain.world.steal(50_000);
        let record = record_of(chain, key, evidence).await;
        assert_eq!(events(&record), expected, "{record:?}");
    }
}
