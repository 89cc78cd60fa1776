//! Severity is a function of two clocks and needs no transaction to fall.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::{CRITICAL_MIN, DWELL_MIN, LIQUIDATION_GRACE_MIN, MAJOR_MIN},
    state::Act,
};
use firebreak_scenarios::{FUNDS, World};

fn halted() -> World {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    world
}

#[test]
fn the_way_down_is_staged_and_needs_nobody() {
    let mut world = halted();
    let (critical, dwell) = (u64::from(CRITICAL_MIN), u64::from(DWELL_MIN));
    for (seconds, before, after) in [
        (critical, Severity::Critical, Severity::Major),
        (dwell, Severity::Major, Severity::Minor),
        (dwell, Severity::Minor, Severity::Normal),
    ] {
        world.vm.advance(seconds - 1);
        assert_eq!(world.severity(), before);
        world.vm.advance(1);
        assert_eq!(world.severity(), after);
    }
    world.gate(Operation::WITHDRAW).succeeds();
}

#[test]
fn nobody_is_liquidated_in_the_grace_after_a_halt() {
    let mut world = World::with(|setup| {
        setup.market.liquidation_grace = 3 * LIQUIDATION_GRACE_MIN;
    });
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    world.vm.advance(u64::from(CRITICAL_MIN) + 2 * u64::from(DWELL_MIN));
    assert_eq!(world.severity(), Severity::Normal);
    world.gate(Operation::WITHDRAW).succeeds();
    world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
    world.vm.advance(u64::from(LIQUIDATION_GRACE_MIN) - 1);
    world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
    world.vm.advance(1);
    world.gate(Operation::LIQUIDATE).succeeds();
}

#[test]
fn neither_clock_alone_ends_a_latch() {
    let mut world = World::default();
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).succeeds();
    let (slot, unix) = world.vm.clock();
    for (slots, seconds) in [(0, 365 * 86_400), (1_000_000_000, 0), (3_000, 1_799), (2_999, 1_800)] {
        world.vm.set_clock(slot + slots, unix + seconds);
        world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
    }
    // shorter slots vouch for no time: 1,800 s need 3,000 slots of 600 ms, however long they took
    world.vm.set_clock(slot + 3_000, unix + 1_800);
    assert_eq!(world.severity(), Severity::Minor, "then the dwell");
}

#[test]
fn a_clock_that_goes_back_gives_nothing() {
    let mut world = World::default();
    world.withdraw(FUNDS / 10).succeeds();
    let left = world.limiter().net[0].available;
    let (slot, unix) = world.vm.clock();
    world.vm.set_clock(slot - 100_000, unix - 100_000);
    world.withdraw(1).succeeds();
    assert!(world.limiter().net[0].available <= left);
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).succeeds();
    world.vm.advance_unix(-3_600);
    assert_eq!(world.severity(), Severity::Major);
    world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
}

#[test]
fn a_limit_refills_with_time_and_with_neither_clock_alone() {
    let mut world = World::default();
    world.withdraw(FUNDS / 20).succeeds();
    let available = |world: &mut World| {
        world.withdraw(1).succeeds();
        world.limiter().net[0].available
    };
    let spent = available(&mut world);
    world.vm.advance_slots(9_000);
    assert!(available(&mut world) <= spent);
    let mut world = World::default();
    world.withdraw(FUNDS / 20).succeeds();
    world.vm.advance_unix(3_600);
    assert!(available(&mut world) <= spent);
    let mut world = World::default();
    world.withdraw(FUNDS / 20).succeeds();
    world.vm.advance(3_600);
    assert!(available(&mut world) > spent);
}

#[test]
pub(crate) fn a_fall_is_told_to_the_journal_once() {
    let mut world = halted();
    world.step_down().fails_with(NothingToStepDown);
    world.vm.advance(u64::from(CRITICAL_MIN));
    world.step_down().succeeds();
    world.step_down().fails_with(NothingToStepDown);
    world.step_down_all().fails_with(NothingToStepDown);
    world.vm.advance(2 * u64::from(DWELL_MIN));
    world.step_down().succeeds();
    let falls: Vec<_> = world.told().into_iter().filter(|entry| entry.act == Act::SteppedDown).collect();
    let steps: Vec<_> = falls.iter().map(|entry| (entry.before, entry.after)).collect();
    assert_eq!(steps, [(Severity::Critical, Severity::Major), (Severity::Major, Severity::Normal)]);
    assert!(falls.iter().all(|entry| entry.subject == world.us.market));
    assert!(world.market().board.is_clear(), "the gate needs no clock again");
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
fn an_attacker_who_steps_down_gains_nothing() {
    let mut world = halted();
    let (critical, dwell) = (u64::from(CRITICAL_MIN), u64::from(DWELL_MIN));
    let before = world.in_force();
    world.step_down().fails_with(NothingToStepDown);
    assert_eq!(world.in_force(), before);
    world.vm.advance(critical);
    world.step_down().succeeds();
    assert_eq!(world.severity(), Severity::Major, "a dwell at each step");
    world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
    world.vm.advance(dwell - 1);
    assert_eq!(world.severity(), Severity::Major);
    // what goes on is latched again, on the way down too
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
}

#[test]
fn a_pause_of_all_markets_is_tidied_when_it_is_over() {
    let mut world = World::default();
    let order = world.order(MAJOR_MIN);
    world.pause_all(0, &order).succeeds();
    world.step_down_all().fails_with(NothingToStepDown);
    world.vm.advance(u64::from(MAJOR_MIN) + u64::from(DWELL_MIN));
    world.step_down().fails_with(NothingToStepDown);
    world.step_down_all().succeeds();
    assert!(world.protocol().board.is_clear());
    let fall = *world.told().last().expect("told");
    assert_eq!((fall.act, fall.subject), (Act::SteppedDown, world.us.protocol));
    assert_eq!((fall.before, fall.after), (Severity::Major, Severity::Normal));
}

#[test]
fn a_neighbours_market_is_not_stepped_down_into_our_journal() {
    let mut world = halted();
    let neighbour = world.neighbour();
    world.vm.advance(u64::from(CRITICAL_MIN));
    let step = neighbour.step_down(&world.vm, Some(world.us.market));
    world.send(&[step]).fails_with(WrongProtocol);
}
