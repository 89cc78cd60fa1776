use super::*;
use crate::operation::{Operation, Operations};
use proptest::prelude::*;

fn limiter(edit: impl FnOnce(&mut LimiterSettings)) -> Change {
    let old = LimiterSettings::starting(1_000, 100);
    let mut new = old;
    edit(&mut new);
    // there and back: no step is a tightening both ways
    let back = new.change(&old);
    assert!(old.change(&new) != Change::Tightens || back == Change::Loosens);
    old.change(&new)
}

fn market(edit: impl FnOnce(&mut MarketSettings)) -> Change {
    let withdraw = Operations::of(&[Operation::WITHDRAW]);
    let old = MarketSettings::closing(withdraw, withdraw, withdraw);
    let mut new = old;
    edit(&mut new);
    old.change(&new)
}

#[test]
fn every_field_of_a_limiter_has_its_direction() {
    assert_eq!(limiter(|_| ()), Change::Same);
    assert_eq!(limiter(|s| s.windows[0].rate_bps = 0), Change::Tightens);
    assert_eq!(limiter(|s| s.windows[1].rate_bps += 1), Change::Loosens);
    assert_eq!(limiter(|s| s.windows[0].seconds += 60), Change::Loosens);
    assert_eq!(limiter(|s| s.windows[1].seconds -= 60), Change::Loosens);
    assert_eq!(limiter(|s| s.elastic_bps -= 1), Change::Tightens);
    assert_eq!(limiter(|s| s.elastic_seconds += 1), Change::Loosens);
    assert_eq!(limiter(|s| s.gross_bps += 1), Change::Loosens);
    assert_eq!(limiter(|s| s.gross_seconds -= 12), Change::Loosens);
    assert_eq!(limiter(|s| s.undeclared_soft_bps -= 1), Change::Tightens);
    assert_eq!(limiter(|s| s.undeclared_hard_bps += 1), Change::Loosens);
    assert_eq!(limiter(|s| s.undeclared_seconds += 60), Change::Loosens);
    assert_eq!(limiter(|s| s.soft_bps -= 1), Change::Tightens);
    assert_eq!(limiter(|s| s.soft_severity = 2), Change::Tightens);
    assert_eq!(limiter(|s| s.hard_severity = 3), Change::Tightens);
    assert_eq!(limiter(|s| s.floor += 1), Change::Loosens);
    assert_eq!(limiter(|s| s.bootstrap_cap -= 1), Change::Tightens);
}

#[test]
fn every_field_of_a_market_has_its_direction() {
    assert_eq!(market(|s| s.responses[2].closed |= Operations::NON_EXITS.0), Change::Tightens);
    assert_eq!(market(|s| s.responses[0].closed = 0), Change::Loosens);
    // another operation for the one that was closed is no tightening
    let borrow = Operations::of(&[Operation::BORROW]).0;
    assert_eq!(market(|s| s.responses[1].closed = borrow), Change::Loosens);
    assert_eq!(market(|s| s.responses[1].limits.max_position = 5), Change::Tightens);
    assert_eq!(market(|s| s.responses[1].limits.max_order = 5), Change::Tightens);
    assert_eq!(market(|s| s.responses[1].limits.max_leverage_bps = 5), Change::Tightens);
    assert_eq!(market(|s| s.responses[1].limits.margin_multiplier_bps -= 1), Change::Loosens);
    assert_eq!(market(|s| s.durations[1] += 1), Change::Tightens);
    assert_eq!(market(|s| s.dwell -= 1), Change::Loosens);
    assert_eq!(market(|s| s.liquidation_grace += 1), Change::Loosens);
    assert_eq!(market(|s| s.critical_closes_exits = true), Change::Forbidden);
}

#[test]
fn every_field_of_a_keeper_and_a_protocol_has_its_direction() {
    let key = |byte| [byte; 32].into();
    let old = KeeperSettings { key: key(1), max_seconds: 3_600, raises_per_day: 5, term: 1_000 };
    assert_eq!(old.change(&KeeperSettings { key: key(2), ..old }), Change::Forbidden);
    assert_eq!(old.change(&KeeperSettings { max_seconds: 3_599, ..old }), Change::Tightens);
    assert_eq!(old.change(&KeeperSettings { raises_per_day: 6, ..old }), Change::Loosens);
    assert_eq!(old.change(&KeeperSettings { term: 1_001, ..old }), Change::Loosens);

    let guardians = vec![key(3), key(4), key(5)];
    let old = ProtocolSettings { authority: key(2), guardians, loosening_delay: 100 };
    assert_eq!(old.change(&ProtocolSettings { authority: key(9), ..old.clone() }), Change::Loosens);
    assert_eq!(old.change(&ProtocolSettings { guardians: vec![], ..old.clone() }), Change::Forbidden);
    assert_eq!(old.change(&ProtocolSettings { loosening_delay: 101, ..old.clone() }), Change::Tightens);
    assert_eq!(old.change(&ProtocolSettings { loosening_delay: 99, ..old.clone() }), Change::Loosens);
}

#[test]
fn one_loosened_field_makes_the_whole_change_wait() {
    let hidden = limiter(|s| {
        (s.windows[0].rate_bps, s.gross_bps, s.floor) = (0, 0, 0);
        s.bootstrap_cap += 1;
    });
    assert_eq!(hidden, Change::Loosens);
}

proptest! {
    /// Steps that each pass as tightening never sum up to anything looser.
    #[test]
    fn tightenings_add_up_to_a_tightening(steps in prop::collection::vec(
        (0u32..3_000, 0u32..3_000, 0u64..300, 1u32..4), 1..40))
    {
        let first = LimiterSettings::starting(1_000, 100);
        let mut held = first;
        for (rate, gross, floor, severity) in steps {
            let mut new = held;
            (new.windows[0].rate_bps, new.gross_bps) = (rate, gross);
            (new.floor, new.hard_severity) = (floor, severity);
            if held.change(&new) == Change::Tightens {
                held = new;
            }
        }
        prop_assert!(first.change(&held) <= Change::Tightens);
    }
}
