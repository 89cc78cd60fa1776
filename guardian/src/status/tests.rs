use std::collections::HashMap;

use bytemuck::Zeroable;
use firebreak_client::{Market as MarketState, Protocol, ProtocolAddresses, journal};
use firebreak_interface::{
    Operation, Operations,
    state::{
        Act, Amendment, Journal as JournalState, JournalEntry, JournalSegment, LimiterSettings,
        MarketSettings, MintCap, Proposed, ProtocolSettings, Rule, Source, Trip,
    },
};

use super::*;

pub(crate) const NOW: Instant = Instant::new(1_000, 100_000);

pub(crate) fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

pub(crate) fn snapshot() -> Snapshot {
    let addresses = ProtocolAddresses::new(key(1));
    let mut protocol = Protocol::zeroed();
    let guardians = vec![key(11), key(12), key(13)];
    let settings = ProtocolSettings::starting(key(10), guardians);
    protocol.initialize(key(2), key(3), 254, &settings).expect("within bounds");
    let mut market = MarketState::zeroed();
    let closed = Operations::of(&[Operation::WITHDRAW, Operation::BORROW]);
    let settings = MarketSettings::closing(Operations::default(), closed, closed);
    market.initialize(addresses.protocol, 0, 254, &settings).expect("within bounds");
    let market_key = addresses.market(0);
    let settings = LimiterSettings::starting(1_000, 10);
    let limiter = Limiter { market: market_key, expected: 77, settings, ..Limiter::zeroed() };
    Snapshot {
        addresses,
        now: NOW,
        protocol: Box::new(protocol),
        markets: vec![(market_key, Box::new(market))],
        limiters: vec![(addresses.limiter(&limiter.vault), Box::new(limiter))],
        mints: Vec::new(),
        bands: Vec::new(),
        invariants: Vec::new(),
        keepers: Vec::new(),
        safes: Vec::new(),
        routes: Vec::new(),
        proposals: Vec::new(),
        budgets: Vec::new(),
        journal: Box::new(JournalState::zeroed()),
        segments: Vec::new(),
        tokens: HashMap::new(),
    }
}

fn seen(snapshot: &Snapshot) -> Status {
    let walked = journal::verify(&snapshot.journal, &snapshot.segments, &[]);
    let history = walked.map(|verified| History { verified, looked: 0, is_cut: false });
    glance(snapshot, &history.map_err(Error::Broken))
}

pub(crate) fn trip() -> Trip {
    let (severity, rule) = (Severity::Major, Rule::Undeclared);
    Trip { rule, severity, value: 5, threshold: 4 }
}

#[test]
fn a_quiet_protocol_is_told_in_a_line_each() {
    let status = seen(&snapshot());
    let text = status.text(false);
    assert_eq!(text.lines().count(), 10, "{text}");
    for line in [
        "protocol: Normal, ",
        "Normal, closed: nothing",
        "vault: in shadow, Normal, expects 77",
        "may pause 10 h all markets (not open), 10 h market 0 (not open)",
        "6 of 6 budgets are not open: `open-budgets` opens them",
        "of 3 guardians it takes: pause 1, confirm 2, resume 2, veto 2, freeze 2",
        "journal: 0 entries, all proven to the head",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
    assert!(!text.contains('\x1b'), "no colour where none was asked for");
    assert!(status.text(true).contains("\x1b[1;32mNormal\x1b[0m"));
}

#[test]
fn what_a_mint_can_do_is_told_beside_its_vaults() {
    let mut snapshot = snapshot();
    let cap = |mint: u8, warnings| Box::new(MintCap { mint: key(mint), warnings, ..Zeroable::zeroed() });
    snapshot.limiters[0].1.mint = key(20);
    snapshot.mints = vec![cap(20, 1 << 1), cap(21, 1 << 26)];
    let text = seen(&snapshot).text(false);
    assert!(
        text.contains("\n    transfer fee: each transfer costs what the mint's authority sets"),
        "{text}"
    );
    assert!(!text.contains("pausable"), "another mint's: {text}");
}

#[test]
fn what_holds_is_told_with_its_reason_and_the_time_left() {
    let mut snapshot = snapshot();
    let until = NOW.plus(3_661);
    assert!(snapshot.markets[0].1.latch_trip((Source::Limiter, 0), &trip(), until, NOW));
    snapshot.markets[0].1.migrating_until = NOW.plus(60);
    let text = seen(&snapshot).text(false);
    assert!(text.contains("  MIGRATING for 1 min more: `migrate --move`"), "{text}");
    assert!(text.starts_with("protocol: Major, "), "the worst of its markets first: {text}");
    assert!(text.contains("market 0: Major, closed: withdraw, borrow"), "{text}");
    assert!(text.contains("latch by limiter: Major since slot 1000, 1 h 1 min left"), "{text}");
    assert!(text.contains("way down: below Major in 1 h 1 min, below Minor in 1 h 11 min"), "{text}");
    snapshot.now = NOW.plus(3_661);
    let text = seen(&snapshot).text(false);
    assert!(text.contains("Minor, closed: nothing") && !text.contains("latch by"), "{text}");
    assert!(!text.contains("MIGRATING"), "{text}");
}

#[test]
fn what_waits_is_told_in_words_with_the_time_left() {
    let mut snapshot = snapshot();
    let settings = LimiterSettings { soft_bps: 9_000, ..snapshot.limiters[0].1.settings };
    let proposed = Proposed::Amend(Amendment::Limiter(settings));
    let (subject, protocol_key) = (snapshot.limiters[0].0, snapshot.addresses.protocol);
    let mut proposal = Proposal::zeroed();
    let act = (&proposed, &[subject][..], 0);
    proposal.initialize(&mut snapshot.protocol, protocol_key, 254, act, None, NOW).expect("within bounds");
    snapshot.proposals = vec![(snapshot.addresses.proposal(0), Box::new(proposal))];

    let text = seen(&snapshot).text(false);
    assert!(text.contains("proposal 0: waits 2 d more"), "{text}");
    assert!(text.contains("soft_bps: 6000 bps -> 9000 bps, loosens"), "{text}");
    snapshot.now = proposal.ripe_at;
    let text = seen(&snapshot).text(false);
    assert!(text.contains("RIPE: anyone may execute it, for 7 d more"), "{text}");
    snapshot.protocol.authority_epoch += 1;
    assert!(seen(&snapshot).text(false).contains("void: the authority moved"));
    snapshot.protocol.authority_epoch -= 1;
    // the limiter was tightened since: the proposal would go back beyond what had waited
    let limiter = &mut snapshot.limiters[0].1;
    (limiter.epoch, limiter.delayed) = (1, limiter.settings);
    assert!(seen(&snapshot).text(false).contains("void: what it changes was changed since"));
    // an undoing is not held off by a tightening; but one of before there was something to undo is void
    snapshot.limiters[0].1.delayed = settings;
    assert!(seen(&snapshot).text(false).contains("void: what it changes was changed since"));
    let limiter = &mut snapshot.limiters[0].1;
    (limiter.epoch, limiter.tightened) = (2, 1);
    snapshot.proposals[0].1.epoch = 1;
    assert!(seen(&snapshot).text(false).contains("RIPE"));
    snapshot.now = proposal.expires_at;
    assert!(seen(&snapshot).text(false).contains("expired"));
}

#[test]
fn a_budget_is_the_whole_again_when_its_period_is_over() {
    let mut snapshot = snapshot();
    let mut budget = opened(snapshot.addresses.protocol, key(11));
    budget.spend(3_600, 36_000, NOW).expect("within the budget");
    snapshot.budgets = vec![budget];
    let text = seen(&snapshot).text(false);
    assert!(text.contains("may pause 9 h all markets, 10 h market 0 (not open)"), "{text}");
    assert!(text.contains("5 of 6 budgets are not open"), "{text}");
    snapshot.now = NOW.plus(PAUSE_BUDGET_PERIOD);
    assert!(!seen(&snapshot).text(false).contains("9 h all markets"));
}

/// The budget of this guardian, open, in this scope.
pub(crate) fn opened(scope: Pubkey, guardian: Pubkey) -> Box<GuardianBudget> {
    let mut budget = GuardianBudget::zeroed();
    budget.initialize_once(scope, guardian, 254);
    Box::new(budget)
}

#[test]
fn budgets_that_are_open_need_no_word() {
    let mut snapshot = snapshot();
    assert_eq!(snapshot.unopened().len(), 6);
    let scopes = [snapshot.addresses.protocol, snapshot.markets[0].0];
    let seats = scopes.iter().flat_map(|scope| [11, 12, 13].map(|guardian| (*scope, key(guardian))));
    snapshot.budgets = seats.map(|(scope, guardian)| opened(scope, guardian)).collect();
    assert!(!seen(&snapshot).text(false).contains("open"));
    // one of a former guardian's stands for nobody else's
    snapshot.budgets[4] = opened(scopes[1], key(14));
    assert_eq!(snapshot.unopened(), [(Some(scopes[1]), key(12))]);
}

#[test]
fn a_journal_that_contradicts_itself_is_told_and_so_is_what_is_missing() {
    let mut snapshot = snapshot();
    let mut segment = JournalSegment::zeroed();
    let mut journal = JournalState::zeroed();
    segment.initialize(&mut journal, 254).expect("the first one");
    let entry = JournalEntry::new(Act::Raised, key(1), key(2), NOW);
    journal.append(entry, Some(&mut segment), false).expect("it has room");
    *snapshot.journal = journal;
    snapshot.segments = vec![segment];
    assert!(seen(&snapshot).text(false).contains("journal: 1 entries, all proven"));

    snapshot.journal.head[0] ^= 1;
    let status = seen(&snapshot);
    assert!(status.journal.broken.is_some());
    assert!(status.text(false).contains("BROKEN"), "{}", status.text(false));

    let mut events_only = JournalState::zeroed();
    events_only.append(entry, None, false).expect("it lives in its event");
    *snapshot.journal = events_only;
    snapshot.segments = Vec::new();
    let text = seen(&snapshot).text(false);
    assert!(text.contains("1 entries, 0 proven to the head, 1 not found"), "{text}");
}
