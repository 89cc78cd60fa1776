//! The way back from a halt, while somebody waits for it.

use firebreak_interface::{
    BreakerError::*,
    Direction, GateError, Operation, Severity, Verdict,
    constants::{CRITICAL_MIN, DWELL_MIN, HOUR, LIQUIDATION_GRACE_MIN, MAJOR_MIN},
    state::MarketSettings,
};
use firebreak_scenarios::{Balanced, FUNDS, World};

/// From a halt to Normal: the shortest Critical and two dwells.
const HALT: u64 = CRITICAL_MIN as u64 + 2 * DWELL_MIN as u64;

/// A liquidation grace that is longer than the way from a halt to Normal.
const GRACE: u32 = 3 * LIQUIDATION_GRACE_MIN;

fn graceful() -> World {
    World::with(|setup| setup.market = MarketSettings { liquidation_grace: GRACE, ..setup.market })
}

/// The attacker drains around the breaker, and whoever looks twice halts the market.
fn halt(world: &mut World) {
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
}

/// Case 12: whoever waits to liquidate everybody in the slot in which a halt ends is refused, by the gate and by the vault,
/// until those who could do nothing had their time.
#[test]
fn nobody_is_liquidated_in_the_slot_in_which_a_halt_ends() {
    let mut world = graceful();
    halt(&mut world);
    let seized = 1_000;
    let liquidates = |world: &mut World| {
        let flow = world.us.flow(Direction::Out, Operation::LIQUIDATE, seized);
        world.pay(&flow)
    };
    let before = world.alice();
    // the halt's last moment, each step down, and the grace to its last second
    let steps = [
        u64::from(CRITICAL_MIN) - 1,
        1,
        DWELL_MIN.into(),
        DWELL_MIN.into(),
        u64::from(GRACE - 2 * DWELL_MIN) - 1,
    ];
    for seconds in steps {
        world.vm.advance(seconds);
        world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
        liquidates(&mut world).succeeds();
        assert_eq!(world.alice(), before, "refused, and nothing paid");
        // those who would be liquidated save themselves
        world.gate(Operation::ADD_COLLATERAL).succeeds();
        world.gate(Operation::REPAY).succeeds();
    }
    assert_eq!(world.severity(), Severity::Normal);
    world.vm.advance(1);
    world.gate(Operation::LIQUIDATE).succeeds();
    liquidates(&mut world).succeeds();
    assert_eq!(world.alice(), before + seized);
}

/// Case 12: the attacker knows when a halt ends and goes on there. Each time it is a halt again after a second look.
#[test]
fn an_attack_that_goes_on_after_the_halt_is_halted_again() {
    let mut world = World::default();
    for round in 1..=3 {
        halt(&mut world);
        world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
        let answer = world.record(Direction::Out, Operation::WITHDRAW, 1).succeeds();
        assert_eq!(answer.verdict(), Verdict::Deny);
        // a limiter is held as long as its market
        world.vm.advance(HALT);
        assert_eq!(world.severity(), Severity::Normal);
        assert_eq!(world.loot(), round * (FUNDS / 20));
    }
    world.verify_journal(&world.told()).expect("sound");
}

/// Case 12: what is still false when the halt would end holds on for as long as anybody looks, and latches again when nobody did.
#[test]
fn a_halt_outlives_its_end_while_its_condition_holds() {
    let mut balanced = Balanced::default();
    balanced.world.drain(FUNDS / 2).succeeds();
    balanced.poke().succeeds();
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    let ends = balanced.world.market().board.held;
    // before it expires, and an hour apart at most
    for _ in 0..2 * u64::from(CRITICAL_MIN) / HOUR {
        balanced.world.vm.advance(HOUR / 2);
        balanced.poke().succeeds();
        assert_eq!(balanced.world.severity(), Severity::Critical);
    }
    assert_ne!(balanced.world.market().board.held, ends);
    balanced.world.vm.advance(HALT);
    assert_eq!(balanced.world.severity(), Severity::Normal, "nobody looked");
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Major, "a first look again");
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
    // once what is compared is whole again the next look is a first one, nothing latches any more, and it ends
    balanced.give_back();
    balanced.world.vm.advance(1);
    let ends = balanced.world.market().board.held;
    balanced.poke().succeeds();
    assert_eq!(balanced.world.market().board.held, ends);
    balanced.poke().fails_with(NothingToLatch);
    balanced.world.vm.advance(HALT);
    assert_eq!(balanced.world.severity(), Severity::Normal);
    balanced.poke().fails_with(NothingToLatch);
}

/// Case 12: `step_down`, whoever calls it and whenever, clears nothing that holds: beside a world in which nobody ever does,
/// every answer is the same.
#[test]
fn stepping_down_clears_nothing_that_holds() {
    let build = || {
        // a grace that outlasts the way down
        let mut world = graceful();
        let order = world.order(2 * MAJOR_MIN);
        world.pause(0, &order).succeeds();
        world.pause_all(1, &order).succeeds();
        world.raise(0, 3_600).succeeds();
        halt(&mut world);
        world
    };
    let [mut stepped, mut left] = [build(), build()];
    let operations = [
        Operation::WITHDRAW,
        Operation::DEPOSIT,
        Operation::LIST,
        Operation::BORROW,
        Operation::LIQUIDATE,
        Operation::REPAY,
    ];
    let mut tidied = 0;
    for step in 0..50 {
        for world in [&mut stepped, &mut left] {
            world.vm.advance(600);
        }
        // ten times at once is as good as once
        for _ in 0..=step % 3 {
            tidied +=
                usize::from(stepped.step_down().0.is_ok()) + usize::from(stepped.step_down_all().0.is_ok());
        }
        assert_eq!(stepped.in_force(), left.in_force(), "after {step} steps");
        for operation in operations {
            let [a, b] = [&mut stepped, &mut left].map(|world| world.gate(operation).0.is_ok());
            assert_eq!(a, b, "{operation:?} after {step} steps");
        }
    }
    assert!(tidied > 0, "there was something to step down");
    assert_eq!(stepped.severity(), Severity::Normal);
    assert!(stepped.market().board.is_clear() && !left.market().board.is_clear());
}
