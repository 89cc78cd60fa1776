//! Mints of the real token programs: wrapped SOL, and one that takes a fee.

use firebreak_interface::instruction::Migrate;
use firebreak_scenarios::{Setup, token_2022 as t22};

use super::*;

/// A world that guards a vault of this mint in escort, which somebody has made and filled.
fn guarding(mut world: World, mint: Pubkey, vault: Pubkey, token_program: Pubkey) -> (World, Migrate) {
    let authority = world.us.authority.insecure_clone();
    (world.us.mint, world.us.vault) = (mint, vault);
    world.us.limiter = world.us.program.addresses.limiter(&vault);
    let us = &world.us;
    let limiter = us.register_limiter(&world.vm, us.market, vault, &Setup::default().limiter);
    world.vm.send(&[limiter], &[&authority]).succeeds();
    let (us, key) = (&world.us, authority.pubkey());
    let of = (us.protocol, us.market);
    let safe = instruction::register_safe(key, key, of, (mint, token_program), us.segment(&world.vm));
    let route = us.register_route(&world.vm, vault, &RouteSettings::starting());
    world.vm.send(&[safe, route], &[&authority]).succeeds();
    let arm = world.us.arm(&world.vm, vault);
    world.vm.send(&[arm], &[&authority]).succeeds();
    world.wait();
    let way =
        Migrate { market: world.us.market, vault, owner: Some(world.us.program.owner), mint, token_program };
    world.order_migration();
    let migrate = instruction::migrate(world.us.protocol, &way, world.us.segment(&world.vm));
    let migrate = world.us.program.calls(migrate);
    world.send(&[migrate]).succeeds();
    world.vm.advance(MIGRATION_WINDOW);
    (world, way)
}

fn unarmed() -> World {
    World::with(|setup| (setup.armed, setup.seasoned) = (false, false))
}

fn steps(world: &mut World, way: &Migrate) -> Outcome {
    let release = instruction::release(world.us.protocol, way, way.vault, world.us.segment(&world.vm));
    world.vm.send(&[release], &[&world.attacker])
}

#[test]
fn wrapped_sol_comes_back_and_a_gift_of_lamports_is_in_nobodys_way() {
    let mut world = unarmed();
    let authority = world.us.authority.insecure_clone();
    let mint = token::native_mint(&mut world.vm);
    let vault = token::account(&mut world.vm, &authority, &mint, &world.us.program.owner);
    let gives = |to: &Pubkey, lamports| {
        solana_system_interface::instruction::transfer(&authority.pubkey(), to, lamports)
    };
    world.vm.send(&[gives(&vault, FUNDS), token::sync_native(&vault)], &[&authority]).succeeds();
    let (mut world, way) = guarding(world, mint, vault, token::PROGRAM);
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    // nobody took notice of them yet
    let safe = world.safe_tokens();
    world.vm.send(&[gives(&safe, 1_000)], &[&authority]).succeeds();
    for _ in 0..RELEASE_STEPS {
        steps(&mut world, &way).succeeds();
        dwell(&mut world);
    }
    assert_eq!((world.vault(), world.in_safe()), (FUNDS, 1_000), "what was agreed on, to the lamport");
    assert!(world.safe().is_empty(world.now()));
    steps(&mut world, &way).fails_with(NothingToRelease);
}

#[test]
fn a_fee_is_taken_on_the_way_back_too_and_everybody_sees_it() {
    let mut world = unarmed();
    let authority = world.us.authority.insecure_clone();
    let mint = t22::mint(&mut world.vm, &authority, 6, &[t22::Extension::transfer_fee(100)]);
    let vault = t22::account(&mut world.vm, &authority, &mint, &world.us.program.owner);
    t22::issue(&mut world.vm, &authority, &mint, &vault, FUNDS);
    let (mut world, way) = guarding(world, mint, vault, t22::PROGRAM);
    let kept = FUNDS / 100 * 99;
    assert_eq!((t22::balance(&world.vm, &world.safe_tokens()), world.safe().kept), (kept, kept));
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    for _ in 0..RELEASE_STEPS {
        steps(&mut world, &way).succeeds();
        let last = *world.told().last().expect("told");
        assert_eq!((last.value, last.threshold), (kept / 4, kept / 400 * 99));
        dwell(&mut world);
    }
    let came = kept / 100 * 99;
    assert_eq!(t22::balance(&world.vm, &vault), came);
    assert_eq!(world.limiter().expected, came, "what arrived, and nothing is missing");
    assert!(world.safe().is_empty(world.now()));
    world.poke().fails_with(NothingToLatch);
}
