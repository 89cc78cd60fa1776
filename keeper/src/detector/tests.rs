//! Lists of observations in, lists of findings out.

use firebreak_interface::Severity;

use super::*;
use crate::fixtures::{LIMITER, MARKET, PROTOCOL, VAULT, World};

const LIMITS: OutflowLimits = OutflowLimits { three_slots_bps: 1_000, minute_bps: 2_000 };

fn account(slot: u64, key: Pubkey, state: State) -> Observation {
    Observation::Account { slot, key, state }
}

impl World {
    fn vault(&self) -> Observation {
        account(self.now.slot, VAULT, State::Vault(self.vault))
    }

    fn limiter(&self) -> Observation {
        account(self.now.slot, LIMITER, State::Limiter(Box::new(self.limiter)))
    }

    fn market(&self) -> Observation {
        account(self.now.slot, MARKET, State::Market(Box::new(self.market)))
    }

    fn clock(&self) -> Observation {
        account(self.now.slot, Pubkey::default(), State::Clock(self.now))
    }

    fn snapshot(&self) -> Vec<Observation> {
        let protocol = account(self.now.slot, PROTOCOL, State::Protocol(Box::new(self.protocol)));
        vec![self.clock(), protocol, self.market(), self.limiter(), self.vault(), Observation::Settled]
    }

    /// A detector that has seen this world, with nothing to tell of it.
    fn watched(&self) -> Detector {
        let mut detector = Detector::new(LIMITS);
        assert_eq!(detector.take(self.snapshot()), []);
        detector
    }
}

impl Detector {
    fn take(&mut self, observations: impl IntoIterator<Item = Observation>) -> Vec<Finding> {
        observations.into_iter().flat_map(|observation| self.observe(observation)).collect()
    }
}

fn evidence(findings: &[Finding]) -> Vec<Evidence> {
    let alarm = |finding: &Finding| match finding {
        Finding::Alarm(alarm) => Some(alarm.evidence),
        Finding::Rose(_) => None,
    };
    findings.iter().filter_map(alarm).collect()
}

#[test]
fn a_theft_is_found_with_the_notice_of_the_vault_alone() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.steal(50_000);
    let findings = detector.take([world.clock(), world.vault(), Observation::Settled]);
    assert_eq!(evidence(&findings), [Evidence::Shortfall { missing: 50_000, threshold: 30_000 }]);
    let Finding::Alarm(alarm) = findings[0] else { panic!("an alarm") };
    assert_eq!((alarm.market, alarm.limiter, alarm.vault), (MARKET, LIMITER, VAULT));
    assert_eq!(alarm.slot, world.now.slot);
}

#[test]
fn a_recorded_withdrawal_is_none_whichever_notice_comes_first() {
    for vault_first in [true, false] {
        let mut world = World::with_vault(1_000_000);
        let mut detector = world.watched();
        world.advance(1);
        world.withdraw(50_000);
        let mut notices = vec![world.vault(), world.limiter()];
        if !vault_first {
            notices.reverse();
        }
        notices.push(Observation::Settled);
        assert_eq!(detector.take(notices), [], "vault first: {vault_first}");
    }
}

#[test]
fn nothing_is_judged_before_it_has_settled() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.steal(50_000);
    assert_eq!(detector.take([world.vault()]), []);
    assert_eq!(detector.take([Observation::Settled]).len(), 1);
}

#[test]
fn a_theft_below_the_threshold_is_none_and_small_ones_add_up() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    let mut found = Vec::new();
    for _ in 0..3 {
        world.advance(1);
        world.steal(4_000);
        found.push(evidence(&detector.take([world.clock(), world.vault(), Observation::Settled])));
    }
    assert_eq!(found, [vec![], vec![], vec![Evidence::Shortfall { missing: 12_000, threshold: 10_000 }]]);
}

#[test]
fn a_vault_that_changed_hands_holds_nothing() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.vault.owner = Pubkey::new_from_array([66; 32]);
    let found = evidence(&detector.take([world.vault(), Observation::Settled]));
    assert_eq!(found[0], Evidence::Shortfall { missing: 1_000_000, threshold: 30_000 });
}

#[test]
fn a_latched_limiter_whose_market_does_not_hold_it_is_found() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.withdraw(900_000); // refused: the limiter latches, the market was read-only
    let findings = detector.take([world.limiter(), Observation::Settled]);
    assert_eq!(evidence(&findings), [Evidence::Latched { severity: Severity::Major }]);
}

#[test]
fn the_same_alarm_is_given_once_and_again_when_nobody_answers() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.steal(50_000);
    let slot = world.now.slot;
    let mut alarms = 0;
    alarms += detector.take([world.vault(), Observation::Settled]).len();
    assert_eq!(alarms, 1);
    for later in 1..REMIND {
        assert_eq!(detector.take([Observation::Slot(slot + later)]), [], "slot {later}");
    }
    assert_eq!(detector.take([Observation::Slot(slot + REMIND)]).len(), 1);
}

#[test]
fn a_theft_that_goes_on_is_told_again_at_once() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    let mut found = Vec::new();
    for _ in 0..2 {
        world.advance(1);
        world.steal(40_000);
        found.extend(evidence(&detector.take([world.clock(), world.vault(), Observation::Settled])));
    }
    assert_eq!(found.len(), 2);
}

#[test]
fn after_the_poke_all_is_quiet_and_the_rise_is_told_once() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.steal(50_000);
    detector.take([world.clock(), world.vault(), Observation::Settled]);
    world.advance(1);
    world.poke();
    let findings = detector.take([world.clock(), world.market(), world.limiter(), Observation::Settled]);
    let [Finding::Rose(rise)] = findings[..] else { panic!("{findings:?}") };
    assert_eq!((rise.market, rise.severity, rise.slot), (MARKET, Severity::Major, world.now.slot));
    assert_eq!(rise.closed, world.market.responses[1].closed);
    assert_eq!(detector.take([world.market(), world.limiter(), Observation::Settled]), []);
    assert_eq!(detector.take((1..20).map(|n| Observation::Slot(world.now.slot + n))), []);
}

#[test]
fn time_alone_completes_the_proof_of_a_critical_breach() {
    let mut world = World::with_vault(1_000_000);
    world.limiter.settings.hard_severity = Severity::Critical as u32;
    world.advance(200_000); // beyond the loosening delay
    world.limiter.observe(&world.vault, false, world.now).expect("sound");
    let mut detector = world.watched();
    world.advance(1);
    world.steal(500_000);
    let first = detector.take([world.clock(), world.vault(), Observation::Settled]);
    assert_eq!(evidence(&first).len(), 2, "{first:?}");
    let trip = world.limiter.observe(&world.vault, true, world.now).expect("sound").expect("a trip");
    world.limiter.latch(&trip, &world.market, world.now);
    let held = world.limiter.held;
    for (severity, until) in Severity::ABOVE_NORMAL.into_iter().zip(held) {
        let trip = firebreak_interface::state::Trip { severity, ..trip };
        if !until.reached(world.now) {
            world.market.latch_trip(
                (firebreak_interface::state::Source::Limiter, 0),
                &trip,
                until,
                world.now,
            );
        }
    }
    world.limiter.take_pending(LIMITER, MARKET).expect("sound");
    detector.take([world.market(), world.limiter(), Observation::Settled]);
    world.advance(2);
    let second = detector.take([world.clock(), Observation::Slot(world.now.slot)]);
    assert!(matches!(evidence(&second)[..], [Evidence::Shortfall { .. }]), "{second:?}");
}

#[test]
fn trips_that_only_wait_for_the_journal_are_not_told_in_every_slot() {
    let mut world = World::with_vault(1_000_000);
    world.latched_beside_another_vault();
    let mut detector = Detector::new(LIMITS);
    let findings = detector.take(world.snapshot());
    assert_eq!(evidence(&findings), [Evidence::Unwritten { count: 1 }]);
    for _ in 0..5 {
        world.advance(1);
        world.withdraw(900_000);
        assert_eq!(evidence(&detector.take([world.limiter(), Observation::Settled])), []);
    }
}

#[test]
fn a_repeat_of_what_holds_already_is_not_told() {
    let mut world = World::with_vault(1_000_000);
    world.withdraw(900_000);
    world.poke();
    let mut detector = Detector::new(LIMITS);
    detector.take(world.snapshot());
    for _ in 0..5 {
        world.advance(1);
        world.withdraw(900_000);
        assert_eq!(evidence(&detector.take([world.limiter(), Observation::Settled])), []);
    }
}

#[test]
fn the_last_slots_there_are_break_nothing() {
    for end in [u64::MAX - 1, u64::MAX] {
        let mut world = World::with_vault(1_000_000);
        let mut detector = world.watched();
        world.advance(1);
        world.steal(500_000);
        world.now.slot = end;
        let observations = [world.clock(), world.limiter(), world.vault(), Observation::Settled];
        assert!(!detector.take(observations.clone()).is_empty());
        detector.take(observations);
        detector.take([Observation::Slot(u64::MAX)]);
    }
    let mut world = World::with_vault(1_000_000);
    world.latched_beside_another_vault();
    let mut detector = Detector::new(LIMITS);
    detector.take(world.snapshot());
    detector.take([Observation::Slot(u64::MAX), world.limiter(), Observation::Settled]);
    detector.take([world.limiter(), Observation::Settled]);
}

#[test]
fn a_drain_that_the_limiter_allows_calls_for_a_raise() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    world.advance(1);
    world.limiter.settings.soft_bps = 9_999;
    world.withdraw(99_000);
    assert_eq!(detector.take([world.limiter(), world.vault(), Observation::Settled]), []);
    world.limiter.expected -= 1_000;
    world.vault.amount -= 1_000;
    let findings = detector.take([world.limiter(), world.vault(), Observation::Settled]);
    let expected = Evidence::Outflow { left: 100_000, threshold: 100_000, window: "outflow_3_slots" };
    assert_eq!(evidence(&findings), [expected]);
}

#[test]
fn what_happened_across_a_gap_is_flagged() {
    let mut world = World::with_vault(1_000_000);
    let mut detector = world.watched();
    detector.take([Observation::Gap]);
    world.advance(60);
    world.steal(500_000);
    let findings = detector.take(world.snapshot());
    assert!(findings.iter().all(|finding| matches!(finding, Finding::Alarm(alarm) if alarm.across_gap)));
    assert_eq!(findings.len(), 2);
    world.advance(60);
    world.steal(200_000);
    let findings = detector.take([world.clock(), world.vault(), Observation::Settled]);
    assert!(findings.iter().all(|finding| matches!(finding, Finding::Alarm(alarm) if !alarm.across_gap)));
}

#[test]
fn a_limiter_in_shadow_proves_nothing() {
    let mut world = World::with_vault(1_000_000);
    world.limiter.armed = 0;
    let mut detector = world.watched();
    world.steal(50_000);
    assert_eq!(detector.take([world.vault(), Observation::Settled]), []);
}

#[test]
fn nothing_is_concluded_from_half_of_the_picture() {
    let mut world = World::with_vault(1_000_000);
    world.steal(500_000);
    let all = world.snapshot();
    for missing in 1..5 {
        let partial = all.iter().enumerate().filter(|(i, _)| *i != missing).map(|(_, o)| o.clone());
        assert_eq!(Detector::new(LIMITS).take(partial), [], "without {:?}", all[missing]);
    }
}
