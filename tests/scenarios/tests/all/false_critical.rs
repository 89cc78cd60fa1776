//! Case 16: whatever an attacker can make look like an emergency lets nobody migrate, where a real halt lets anyone.

use firebreak_interface::{
    BreakerError::*,
    Severity,
    constants::LOOSENING_DELAY_DEFAULT,
    state::{Feed, RouteSettings, program_data},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{Banded, FUNDS, World, banded::HUNDRED, token, world::PROGRAM};
use solana_signer::Signer;

use crate::{
    migration::{by_anyone, halted, nothing_moves},
    pins,
};

/// Nobody moves it now.
#[track_caller]
fn refused(world: &mut World) {
    let migrate = [world.migrating()];
    nothing_moves(world, &migrate, NoMigration);
}

/// A limiter that saw a loss twice: then anybody does. So nothing else was in the way before.
fn a_real_halt_is_another_thing(world: &mut World) {
    halted(world);
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS / 2));
}

/// A price band beside a limiter whose vault anyone may move in a halt; both are armed and seasoned.
fn banded() -> Banded {
    let world = World::with(|setup| {
        setup.route = Some(RouteSettings { by_anyone: 1, ..RouteSettings::starting() });
        (setup.armed, setup.seasoned) = (false, false);
    });
    let mut banded = Banded::over(world, Feed::default());
    banded.register().succeeds();
    let arm = banded.world.us.arm(&banded.world.vm, banded.world.us.vault);
    banded.world.vm.send(&[arm], &[&banded.world.us.authority]).succeeds();
    banded.season();
    banded
}

#[test]
fn a_price_band_at_critical_lets_nobody_migrate() {
    let mut banded = banded();
    banded.poke_at(HUNDRED / 2).succeeds();
    banded.world.vm.advance(1);
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Critical);
    refused(&mut banded.world);
    a_real_halt_is_another_thing(&mut banded.world);
}

#[test]
fn a_price_crashed_for_one_slot_lets_nobody_migrate() {
    let mut banded = banded();
    for _ in 0..2 {
        banded.poke_at(HUNDRED / 2).succeeds();
        assert_eq!(banded.world.severity(), Severity::Major);
        refused(&mut banded.world);
        banded.world.vm.advance(1);
        banded.post(HUNDRED);
        banded.poke().fails_with(NothingToLatch);
        banded.observe().succeeds();
        refused(&mut banded.world);
        // once it was seen to be over it is no first look at the next
        banded.world.vm.advance(400);
    }
    a_real_halt_is_another_thing(&mut banded.world);
}

/// Another program than was pinned closes all markets, and is no measurement of what a vault lost.
#[test]
fn a_program_that_nobody_approved_lets_nobody_migrate() {
    let mut world = by_anyone();
    let pin = pins::pins(&world, program_data(&PROGRAM));
    world.amend(&pin).succeeds();
    world.wait();
    let evil = pins::patched(&world);
    pins::upgrade(&mut world, &evil);
    pins::poke(&mut world).succeeds();
    world.vm.advance(1);
    pins::poke(&mut world).succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    refused(&mut world);
    a_real_halt_is_another_thing(&mut world);
}

#[test]
fn a_flash_loan_moves_nothing_to_safety() {
    let mut world = by_anyone();
    let (vault, loot, key) = (world.us.vault, world.loot, world.attacker.pubkey());
    let us = world.us.program;
    let borrow = us.drains(&vault, &loot, FUNDS / 2);
    let repay = token::transfer(&loot, &vault, &key, FUNDS / 2);
    let (poke, migrate) = (world.us.poke(&world.vm), world.migrating());
    let shown = [borrow.clone(), poke.clone(), repay.clone(), migrate.clone()];
    nothing_moves(&mut world, &shown, WrongCompany);
    let shown = [borrow.clone(), poke.clone(), migrate.clone(), repay.clone()];
    nothing_moves(&mut world, &shown, WrongCompany);
    // our own program is welcome beside a rescue: it looks for itself, and nothing was proved
    let unseen = [borrow.clone(), migrate.clone(), repay.clone()];
    nothing_moves(&mut world, &unseen, NoMigration);
    let lend = token::transfer(&vault, &loot, &us.owner, FUNDS / 2);
    let calls = [(Guard::Always, lend), (Guard::Always, poke), (Guard::Always, repay.clone())];
    let wrapped = [us.performs(&calls), migrate];
    nothing_moves(&mut world, &wrapped, NotTopLevel);

    let attacker = world.attacker.insecure_clone();
    world.vm.send(&[borrow, repay], &[&attacker]).succeeds();
    world.poke().fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Normal);
    refused(&mut world);
    a_real_halt_is_another_thing(&mut world);
}

/// However often somebody looks: until it has been armed for a loosening delay a limiter acts at most as Major.
#[test]
fn a_limiter_that_is_new_lets_nobody_migrate() {
    let mut world = World::with(|setup| {
        setup.route = Some(RouteSettings { by_anyone: 1, ..RouteSettings::starting() });
        setup.seasoned = false;
    });
    world.vm.advance(u64::from(LOOSENING_DELAY_DEFAULT) - 10);
    world.drain(FUNDS / 2).succeeds();
    world.poke().succeeds();
    for _ in 0..3 {
        world.vm.advance(3);
        world.poke().fails_with(NothingToLatch);
        assert_eq!(world.severity(), Severity::Major);
        refused(&mut world);
    }
    // another loss, seen twice by a rule that has stood for long enough
    world.vm.advance(1);
    world.drain(FUNDS / 4).succeeds();
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
    refused(&mut world);
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS / 4));
}
