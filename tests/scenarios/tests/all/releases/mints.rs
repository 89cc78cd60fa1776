//! Mints of Token-2022 by which money comes back in another way: one that takes a fee, and one whose accounts are born frozen.

use firebreak_scenarios::{
    Extended, Setup,
    extended::open_world,
    holding::{GROSS, Withdrawing, limits},
    token_2022 as t22,
};
use solana_instruction::error::InstructionError;

use super::*;

/// The token program's: the account is frozen.
const ACCOUNT_FROZEN: InstructionError = InstructionError::Custom(17);

#[test]
fn a_fee_is_taken_on_the_way_back_too_and_everybody_sees_it() {
    let mut world = open_world();
    let vault = Extended::new(&mut world, 6, &[t22::Extension::transfer_fee(100)], FUNDS);
    vault.register(&mut world, &Setup::default().limiter).succeeds();
    vault.guard(&mut world, &RouteSettings::starting());
    world.rescue();
    let kept = FUNDS / 100 * 99;
    assert_eq!((world.in_safe(), world.safe().kept), (kept, kept));
    let moved = *world.told().last().expect("told");
    assert_eq!((moved.act, moved.subject), (Act::MovedToSafe, vault.vault));
    assert_eq!((moved.value, moved.threshold), (FUNDS, kept), "what left, and what arrived of it");
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    for _ in 0..RELEASE_STEPS {
        step_back(&mut world).succeeds();
        let last = *world.told().last().expect("told");
        assert_eq!(
            (last.act, last.value, last.threshold),
            (Act::Released, kept / RELEASE_STEPS, kept / RELEASE_STEPS / 100 * 99)
        );
        dwell(&mut world);
    }
    let came = kept / 100 * 99;
    assert_eq!(world.vault(), came);
    assert_eq!(world.limiter().expected, came, "what arrived, and nothing is missing");
    assert!(world.safe().is_empty(world.now()));
    world.poke().fails_with(NothingToLatch);
    world.verify_journal(&world.told()).expect("sound");
}

/// Whoever freezes accounts of the mint holds money where it is, and takes none: of the safe before it has a route, of the
/// safe in an incident, of a user.
#[test]
fn a_safe_that_is_born_frozen_is_thawed_before_its_route() {
    let mut world = open_world();
    let authority = world.us.authority.insecure_clone();
    let mint = t22::mint(&mut world.vm, &authority, 6, &[t22::Extension::born_frozen()]);
    let freeze = |world: &mut World, account: &Pubkey, on| {
        let freeze = t22::freeze(account, &mint, on, &authority.pubkey());
        world.vm.send(&[freeze], &[&authority]).succeeds();
    };
    let vault = Extended::empty(&mut world, 6, mint);
    let bob = world.vm.person();
    let purse_of_bob = t22::account(&mut world.vm, &bob, &mint, &bob.pubkey());
    for account in [vault.vault, vault.purse, purse_of_bob] {
        freeze(&mut world, &account, false);
    }
    for account in [&vault.vault, &vault.purse] {
        t22::issue(&mut world.vm, &authority, &mint, account, FUNDS);
    }
    vault.register(&mut world, &limits()).succeeds();
    vault.take_over(&mut world);
    world.register_safe().succeeds();
    let safe = world.safe_tokens();
    let is_frozen = |world: &World| world.vm.account(&safe).expect("it was made").data[108] == 2;
    assert!(is_frozen(&world));
    let settings = RouteSettings { holds: 1, ..RouteSettings::starting() };
    world.register_route(&settings).fails_with(SafeNotSound);
    freeze(&mut world, &safe, false);
    assert!(!is_frozen(&world));
    world.register_route(&settings).succeeds();
    vault.arm_and_season(&mut world);

    // Alice and Bob wait for what they withdrew, and nothing waits in a frozen safe
    let of_bob = Withdrawing { user: bob.pubkey(), to: purse_of_bob, ..world.withdrawing(GROSS, 1) };
    let (of_alice, of_bob) = (world.withdraws(&world.withdrawing(GROSS, 1)), world.withdraws(&of_bob));
    freeze(&mut world, &safe, true);
    world.send(std::slice::from_ref(&of_alice)).fails_with(SafeNotSound);
    freeze(&mut world, &safe, false);
    world.send(&[of_alice]).succeeds();
    world.vm.send(&[of_bob], &[&bob]).succeeds();
    world.vm.advance(HOLD_DEFAULT.into());
    let to_bob = world.payout(bob.pubkey(), purse_of_bob);
    let to_bob = instruction::claim_held(world.us.protocol, &to_bob, 1, world.us.segment(&world.vm));
    // hers alone is held up by her purse
    freeze(&mut world, &vault.purse, true);
    world.claim_held(1).fails_as(&ACCOUNT_FROZEN);
    world.send(&[to_bob]).succeeds();
    assert_eq!(token::balance(&world.vm, &purse_of_bob), GROSS);
    freeze(&mut world, &vault.purse, false);

    world.order_migration();
    world.migrate().succeeds();
    let moved = FUNDS - 2 * GROSS;
    assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (0, moved + GROSS, moved));
    // what comes late stays in the vault while the safe is frozen, and so does what the safe owes
    freeze(&mut world, &safe, true);
    vault.deposit(&mut world, 1_000_000, 1_000_000);
    world.migrate().fails_with(SafeNotSound);
    world.claim_held(1).fails_with(SafeNotSound);
    freeze(&mut world, &safe, false);
    world.migrate().succeeds();
    let moved = moved + 1_000_000;
    assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (0, moved + GROSS, moved));

    world.vm.advance(MIGRATION_WINDOW);
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    freeze(&mut world, &safe, true);
    step_back(&mut world).fails_with(SafeNotSound);
    freeze(&mut world, &safe, false);
    // a vault that is frozen takes nothing back, and a step that failed is no step
    freeze(&mut world, &vault.vault, true);
    step_back(&mut world).fails_with(WrongVault);
    freeze(&mut world, &vault.vault, false);
    walk_back(&mut world);
    assert_eq!((world.vault(), world.in_safe(), world.safe().kept), (moved, GROSS, 0));
    world.claim_held(1).succeeds();
    assert_eq!((world.alice(), world.in_safe()), (FUNDS - 1_000_000 + GROSS, 0));
    assert!(world.safe().is_empty(world.now()));
}
