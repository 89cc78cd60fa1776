//! `raise`: a bot's key can caution, and with another bot pause in part.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::{DAY, KEEPER_PAIR_SECONDS, KEEPER_PAIR_SLOTS, MINOR_MIN},
    instruction::RaiseOrder,
    state::{Act, KeeperSettings},
};
use firebreak_scenarios::World;
use solana_signer::Signer;

#[test]
fn a_keeper_alone_cautions() {
    let mut world = World::default();
    world.raise(0, 600).succeeds();
    assert_eq!(world.severity(), Severity::Minor);
    world.gate(Operation::LIST).fails_with(GateError::Closed);
    // it named borrowing, but one stolen bot key closes nothing of its own choice
    world.gate(Operation::BORROW).succeeds();
    let last = *world.told().last().expect("an entry");
    assert_eq!((last.act, last.actor), (Act::Raised, world.us.keepers[0].pubkey()));
    assert_eq!((last.before, last.after, last.value), (Severity::Normal, Severity::Minor, 42));
}

#[test]
fn a_second_keeper_within_slots_and_seconds_makes_it_major() {
    for (slots, seconds, expected) in [
        (KEEPER_PAIR_SLOTS, KEEPER_PAIR_SECONDS, Severity::Major),
        (KEEPER_PAIR_SLOTS + 1, KEEPER_PAIR_SECONDS, Severity::Minor),
        (KEEPER_PAIR_SLOTS, KEEPER_PAIR_SECONDS + 1, Severity::Minor),
    ] {
        let mut world = World::default();
        world.raise(0, 600).succeeds();
        world.vm.advance_slots(slots);
        world.vm.advance_unix(seconds.cast_signed());
        world.raise(1, 1_200).succeeds();
        assert_eq!(world.severity(), expected, "{slots} slots and {seconds} s later");
    }
}

#[test]
fn the_same_keeper_twice_is_one_keeper() {
    let mut world = World::default();
    world.raise(0, 600).succeeds();
    world.raise(0, 1_200).succeeds();
    assert_eq!(world.severity(), Severity::Minor);
}

#[test]
fn two_keepers_close_what_they_name_but_no_exit() {
    let mut world = World::default();
    for keeper in 0..2 {
        let order = RaiseOrder { closed: u64::MAX, seconds: 600, reason: 1 };
        let key = &world.us.keepers[keeper];
        let raise = world.us.raise(&world.vm, key, &order);
        world.vm.send(&[raise], &[key]).succeeds();
    }
    world.gate(Operation::DEPOSIT).fails_with(GateError::Closed);
    for exit in [Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE] {
        world.gate(exit).succeeds();
    }
}

#[test]
pub(crate) fn only_a_registered_key_raises_its_own_protocol() {
    let mut world = World::default();
    let neighbour = world.neighbour();
    let order = RaiseOrder { closed: 0, seconds: 600, reason: 0 };
    let theirs = &neighbour.keepers[0];
    // their bot on our market, with their registration
    let mut raise = neighbour.raise(&world.vm, theirs, &order);
    let ours = world.us.raise(&world.vm, theirs, &order);
    for i in 2..raise.accounts.len() {
        raise.accounts[i] = ours.accounts[i].clone();
    }
    world.vm.send(&[raise], &[theirs]).fails_with(NotTheKeeper);
    // the attacker with our bot's registration
    let attacker = world.attacker.insecure_clone();
    let mut raise = world.us.raise(&world.vm, &world.us.keepers[0], &order);
    raise.accounts[0].pubkey = attacker.pubkey();
    world.vm.send(&[raise], &[&attacker]).fails_with(NotTheKeeper);
}

#[test]
pub(crate) fn a_raises_length_has_bounds() {
    let mut world = World::default();
    for seconds in [0, MINOR_MIN - 1, 3_601, u32::MAX] {
        world.raise(0, seconds).fails_with(RaiseDurationOutOfBounds);
    }
    world.raise(0, 3_600).succeeds();
}

#[test]
pub(crate) fn a_keeper_has_so_many_raises_a_day() {
    let mut world = World::default();
    for _ in 0..4 {
        world.raise(0, 600).succeeds();
        world.vm.advance(1_200);
    }
    world.raise(0, 600).fails_with(RaisesSpent);
    world.raise(1, 600).succeeds();
    // the day began with the registration; the loosening delay ended on the edge of a day
    world.vm.advance(DAY - 4 * 1_200 - 1);
    world.raise(0, 600).fails_with(RaisesSpent);
    world.vm.advance(1);
    world.raise(0, 600).succeeds();
}

#[test]
pub(crate) fn a_registration_ends() {
    let term = 3 * 86_400;
    let mut world = World::with(|setup| {
        setup.keepers = setup.keepers.iter().map(|k| KeeperSettings { term, ..*k }).collect();
    });
    world.vm.advance(DAY - 1);
    world.raise(0, 600).succeeds();
    world.vm.advance(1);
    world.raise(0, 1_200).fails_with(KeeperExpired);
}

#[test]
pub(crate) fn what_is_held_already_is_not_raised_again() {
    let mut world = World::default();
    world.raise(0, 1_200).succeeds();
    world.raise(0, 1_200).fails_with(AlreadyHeld);
    world.raise(0, 600).fails_with(AlreadyHeld);
}
