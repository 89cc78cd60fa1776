//! Rescues beside which something else goes on: a vault that cannot be moved, withdrawals that wait.

use firebreak_interface::{
    BreakerError::NothingToLatch,
    constants::{MIGRATION_WINDOW, RELEASE_STEPS},
    state::RouteSettings,
};
use firebreak_scenarios::{FUNDS, Setup, World, holding::GROSS, token};
use solana_instruction::error::InstructionError;
use solana_signer::Signer;

use crate::releases::{self, ALL, begun, dwell, step_back};

/// The token program's error: the account is frozen.
const FROZEN: InstructionError = InstructionError::Custom(17);

#[test]
fn a_frozen_vault_fails_alone_and_is_moved_once_it_is_thawed() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let issuer = world.us.authority.insecure_clone();
    world.us.mint = token::freezable_mint(&mut world.vm, &issuer, 6);
    let (market, settings) = (world.us.market, Setup::default().limiter);
    let [frozen, other] = [(); 2].map(|()| world.us.guard_vault(&mut world.vm, market, FUNDS, &settings));
    let [first, second] = [frozen, other]
        .map(|(vault, _)| world.us.register_route(&world.vm, vault, &RouteSettings::starting()));
    let safe = world.us.register_safe(&world.vm);
    world.vm.send(&[safe, first, second], &[&issuer]).succeeds();
    let arms = [frozen, other].map(|(vault, _)| world.us.arm(&world.vm, vault));
    world.vm.send(&arms, &[&issuer]).succeeds();
    world.wait();

    (world.us.vault, world.us.limiter) = frozen;
    let mint = world.us.mint;
    world.vm.send(&[token::freeze(&frozen.0, &mint, &issuer.pubkey())], &[&issuer]).succeeds();
    world.order_migration();
    let of_frozen = world.migrating();
    let before = world.standing();
    world.migrate().fails_as(&FROZEN);
    assert_eq!(world.standing(), before);

    (world.us.vault, world.us.limiter) = other;
    // in one transaction it would hold the other one up
    let both = [of_frozen, world.migrating()];
    world.send(&both).fails_as(&FROZEN);
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));

    (world.us.vault, world.us.limiter) = frozen;
    world.vm.send(&[token::thaw(&frozen.0, &mint, &issuer.pubkey())], &[&issuer]).succeeds();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (0, 2 * FUNDS, 2 * FUNDS));
    assert_eq!(world.limiter().undeclared, 0, "nothing of it was ever missing");
}

/// Vault, safe and user together, and what the safe owes of its part.
#[track_caller]
fn is_all_there(world: &World) {
    assert_eq!(world.vault() + world.in_safe() + world.alice(), 2 * FUNDS);
    assert!(world.safe().debt() <= world.in_safe());
}

/// A withdrawal waits, everything else is rescued and goes back: it is neither released nor lost, whenever it is fetched.
#[test]
fn what_waits_for_a_user_is_his_through_a_rescue_and_a_return() {
    for custody in [false, true] {
        for fetched_after in 0..=RELEASE_STEPS {
            let mut world = World::holding(1, |setup| setup.custody = custody);
            world.withdraw_or_wait(GROSS, 7).succeeds();
            // a caution, and the last thing that anybody finds wrong here
            world.poke().succeeds();
            is_all_there(&world);
            world.order_migration();
            is_all_there(&world);
            world.migrate().succeeds();
            is_all_there(&world);
            assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
            assert_eq!((world.safe().kept, world.safe().owed), (FUNDS - GROSS, GROSS));
            world.vm.advance(MIGRATION_WINDOW);

            let order = releases::back(&world, ALL);
            begun(&mut world, 0, &order);
            is_all_there(&world);
            let step = (FUNDS - GROSS) / RELEASE_STEPS;
            for taken in 0..=RELEASE_STEPS {
                let fetched = if taken > fetched_after { GROSS } else { 0 };
                let back = step * taken;
                assert_eq!((world.vault(), world.alice()), (back, FUNDS + fetched));
                assert_eq!(world.in_safe(), FUNDS - back - fetched);
                if taken == fetched_after {
                    world.claim_held(7).succeeds();
                    is_all_there(&world);
                    assert_eq!((world.vault(), world.alice()), (back, FUNDS + GROSS));
                }
                if taken < RELEASE_STEPS {
                    step_back(&mut world).succeeds();
                    is_all_there(&world);
                    dwell(&mut world);
                }
            }
            assert_eq!((world.vault(), world.in_safe(), world.alice()), (FUNDS - GROSS, 0, FUNDS + GROSS));
            assert!(world.safe().is_empty(world.now()));
            world.poke().fails_with(NothingToLatch);
        }
    }
}
