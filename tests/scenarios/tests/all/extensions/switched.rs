//! What the owner of an account or the authority of a mint does when it is guarded: the token program asks again at each move.

use firebreak_interface::{
    Verdict,
    constants::MIGRATION_WINDOW,
    instruction::{self, Migrate},
    state::ReleaseOrder,
};
use firebreak_scenarios::{Outcome, holding};
use solana_account::Account;

use super::*;

/// All that the breaker has of our world, and the tokens.
fn everything(world: &World) -> Vec<Option<Account>> {
    let (us, addresses) = (&world.us, world.us.program.addresses);
    let alice = world.alice.pubkey();
    let keys = [
        us.protocol,
        us.market,
        us.limiter,
        us.vault,
        addresses.journal,
        addresses.segment(0),
        world.route_key(),
        world.safe_key(),
        world.safe_tokens(),
        world.held_key(&alice, 1),
        world.purse,
    ];
    keys.iter().map(|key| world.vm.account(key)).collect()
}

/// The token program fails it with this number, and nothing of it is counted.
fn fails_whole(world: &mut World, number: u32, act: impl FnOnce(&mut World) -> Outcome) {
    let before = everything(world);
    act(world).fails_as(&custom(number));
    assert_eq!(everything(world), before);
}

#[test]
pub(super) fn an_account_is_born_frozen() {
    let mut world = open_world();
    let mint = token_2022::mint(&mut world.vm, &world.us.authority, 6, &[Extension::born_frozen()]);
    assert_eq!(numbers(&world.vm, &mint), [6]);
    let vault = Extended::empty(&mut world, 6, mint);
    vault.register(&mut world, &settings()).fails_with(VaultNotGuardable);
    let thaw = |world: &mut World, account: &Pubkey| {
        let thaw = token_2022::freeze(account, &mint, false, &world.us.authority.pubkey());
        world.vm.send(&[thaw], &[&world.us.authority]).succeeds();
    };
    thaw(&mut world, &vault.vault);
    token_2022::issue(&mut world.vm, &world.us.authority, &mint, &vault.vault, FUNDS);
    vault.register(&mut world, &settings()).succeeds();
    assert_eq!(vault.warned(&world), [6]);
    vault.take_over(&mut world);
    world.register_safe().succeeds();
    world.register_route(&RouteSettings::starting()).fails_with(SafeNotSound);
    let safe = world.safe_tokens();
    thaw(&mut world, &safe);
    world.register_route(&RouteSettings::starting()).succeeds();
    vault.arm_and_season(&mut world);
    vault.pay(&mut world, &vault.purse, 1).fails_as(&custom(ACCOUNT_FROZEN));
    thaw(&mut world, &vault.purse);
    moved(&mut world, &vault, 0);
}

/// A memo, as SPL Memo takes it.
fn memo() -> Instruction {
    let program_id = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    Instruction { program_id, accounts: Vec::new(), data: b"back".to_vec() }
}

/// Our program requires memos of what comes into the vault, or no longer does.
fn memos(world: &mut World, vault: &Extended, on: bool) {
    let owner = world.us.program.owner;
    calls(world, [token_2022::require_memos(&vault.vault, on, &owner)]).succeeds();
}

/// A vault that has room for extensions that its owner switches.
fn with_room(extension: u16) -> (World, Extended) {
    let (mut world, vault, _) = world_with(|_| Vec::new());
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    calls(&mut world, [token_2022::make_room(&vault.vault, &[extension], &owner, &payer)]).succeeds();
    (world, vault)
}

#[test]
pub(super) fn who_wants_memos_is_guarded_and_no_end_of_a_route() {
    let (mut world, vault) = with_room(later::MEMO);
    memos(&mut world, &vault, true);
    assert_eq!(numbers(&world.vm, &vault.vault), [7, 8]);
    vault.register(&mut world, &settings()).succeeds();
    assert_eq!(vault.warned(&world), [8]);
    assert_eq!(vault.check_vault(&world, Use::Guarded), Ok(warnings(&[8])));
    vault.take_over(&mut world);
    world.register_safe().succeeds();
    world.register_route(&RouteSettings::starting()).fails_with(VaultNotGuardable);
    // a program brings something in only with a memo that it writes itself
    let back = vault.transfer(&vault.purse, &vault.vault, &world.alice.pubkey(), FUNDS / 4);
    let by_program = world.us.program.calls(back.clone());
    world.send(std::slice::from_ref(&back)).fails_as(&custom(NO_MEMO));
    world.send(&[memo(), by_program.clone()]).fails_as(&custom(NO_MEMO));
    world.send(&[memo(), back]).succeeds();
    // switched off it is as if it were not there
    memos(&mut world, &vault, false);
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(&world, usage), Ok(Warnings(0)));
    }
    world.send(&[by_program]).succeeds();
    world.register_route(&RouteSettings::starting()).succeeds();
}

/// Its owner wants memos when the route is registered: the rescue is not held up, and the way back is, until they are wanted
/// no longer.
#[test]
fn memos_that_are_wanted_in_an_incident_hold_up_the_way_back_alone() {
    let (mut world, vault) = with_room(later::MEMO);
    guarded(&mut world, &vault, &[]);
    world.order_migration();
    memos(&mut world, &vault, true);
    world.migrate().succeeds();
    assert_eq!((vault.held(&world), world.in_safe(), world.safe().kept), (0, FUNDS, FUNDS));
    world.vm.advance(MIGRATION_WINDOW);
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    fails_whole(&mut world, NO_MEMO, step_back);
    // nor does a memo help that somebody else writes: who takes a step is alone
    let (way, segment) = (world.way(), world.us.segment(&world.vm));
    let release = instruction::release(world.us.protocol, &way, vault.vault, segment);
    world.send(&[memo(), release]).fails_with(WrongCompany);
    memos(&mut world, &vault, false);
    step_back(&mut world).succeeds();
    dwell(&mut world);
    // between two steps it is the same
    memos(&mut world, &vault, true);
    fails_whole(&mut world, NO_MEMO, step_back);
    memos(&mut world, &vault, false);
    for _ in 1..RELEASE_STEPS {
        step_back(&mut world).succeeds();
        dwell(&mut world);
    }
    assert_eq!((vault.held(&world), world.in_safe(), world.safe().kept), (FUNDS, 0, 0));
    assert_eq!(world.route().returned, FUNDS);
}

#[test]
fn a_destination_that_wants_memos_is_refused_where_it_is_registered() {
    let (mut world, vault, _) = world_with(|_| Vec::new());
    let bob = world.vm.person();
    let (key, destination) =
        (bob.pubkey(), token_2022::account(&mut world.vm, &bob, &vault.mint, &bob.pubkey()));
    let memos = |world: &mut World, on| {
        let memos = token_2022::require_memos(&destination, on, &key);
        world.vm.send(&[memos], &[&bob]).succeeds();
    };
    let room = token_2022::make_room(&destination, &[later::MEMO], &key, &key);
    world.vm.send(&[room], &[&bob]).succeeds();
    memos(&mut world, true);
    vault.register(&mut world, &settings()).succeeds();
    vault.take_over(&mut world);
    world.register_safe().succeeds();
    let settings = RouteSettings { destination, ..RouteSettings::starting() };
    world.register_route(&settings).fails_with(WrongDestination);
    memos(&mut world, false);
    world.register_route(&settings).succeeds();
    // wanted afterwards, they are met at each step
    vault.arm_and_season(&mut world);
    world.rescue();
    let order = ReleaseOrder { destination, owner: key, ..back(&world, ALL) };
    begun(&mut world, 0, &order);
    memos(&mut world, true);
    fails_whole(&mut world, NO_MEMO, |world| step(world, destination));
    memos(&mut world, false);
    step(&mut world, destination).succeeds();
    assert_eq!(token_2022::balance(&world.vm, &destination), FUNDS / RELEASE_STEPS);
}

#[test]
pub(super) fn who_wants_no_calls_is_moved_by_no_program() {
    let (mut world, vault) = with_room(later::CPI_GUARD);
    // a program signs nowhere but in calls, and nobody wants no calls in a call
    let on = token_2022::guard_calls(&vault.vault, true, &world.us.program.owner);
    calls(&mut world, [on]).fails_as(&custom(CPI_GUARD_LOCKED));
    assert_eq!(vault.check_vault(&world, Use::Routed), Ok(Warnings(0)));
    guarded_and_moved(&mut world, &vault, &[]);
    // a vault of a key
    let mut world = open_world();
    let bob = world.vm.person();
    let (key, mint) = (bob.pubkey(), token_2022::mint(&mut world.vm, &world.us.authority, 6, &[]));
    let of_bob = Extended {
        vault: token_2022::account(&mut world.vm, &bob, &mint, &key),
        ..Extended::empty(&mut world, 6, mint)
    };
    token_2022::issue(&mut world.vm, &world.us.authority, &mint, &of_bob.vault, FUNDS);
    let switch = |world: &mut World, on| {
        let switch = token_2022::guard_calls(&of_bob.vault, on, &key);
        world.vm.send(&[switch], &[&bob]).succeeds();
    };
    let room = token_2022::make_room(&of_bob.vault, &[later::CPI_GUARD], &key, &key);
    world.vm.send(&[room], &[&bob]).succeeds();
    switch(&mut world, true);
    assert_eq!(numbers(&world.vm, &of_bob.vault), [7, 11]);
    of_bob.register(&mut world, &settings()).succeeds();
    assert_eq!(of_bob.warned(&world), [11]);
    of_bob.take_over(&mut world);
    world.register_safe().succeeds();
    world.register_route(&RouteSettings::starting()).fails_with(VaultNotGuardable);
    switch(&mut world, false);
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(of_bob.check_vault(&world, usage), Ok(Warnings(0)), "switched off");
    }
    world.register_route(&RouteSettings::starting()).succeeds();
    // on again in an incident, no rescue takes it, whoever signs, and its owner does, around every program that would ask
    world.order_migration();
    switch(&mut world, true);
    let way = Migrate { owner: Some(key), ..world.way() };
    let migrate = instruction::migrate(world.us.protocol, &way, world.us.segment(&world.vm));
    let migrate = |world: &mut World| world.vm.send(std::slice::from_ref(&migrate), &[&bob]);
    fails_whole(&mut world, CPI_GUARD_BLOCKED, migrate);
    of_bob.take(&mut world, &bob, &of_bob.purse, FUNDS / 2).succeeds();
    switch(&mut world, false);
    migrate(&mut world).succeeds();
    assert_eq!((of_bob.held(&world), world.in_safe()), (0, FUNDS / 2));
}

#[test]
pub(super) fn a_paused_mint_stops_everything_and_takes_nothing() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::pausable(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [26]);
    assert!(numbers(&world.vm, &vault.vault).contains(&27));
    guarded_and_moved(&mut world, &vault, &[26]);

    // at each step of an incident its authority pauses the mint, and nothing is different for it afterwards
    let (mut world, vault, _) = world_with(|mallory| vec![Extension::pausable(mallory)]);
    vault.register(&mut world, &holding::limits()).succeeds();
    vault.guard(&mut world, &RouteSettings { holds: 1, ..RouteSettings::starting() });
    let pause = |world: &mut World, on| {
        let pause = token_2022::pause(&vault.mint, on, &mallory.pubkey());
        world.vm.send(&[pause], &[&mallory]).succeeds();
    };
    let stopped = |world: &mut World, act: &dyn Fn(&mut World) -> Outcome| {
        pause(world, true);
        fails_whole(world, MINT_PAUSED, act);
        pause(world, false);
    };
    let (held, left) = (holding::GROSS, FUNDS - 1_000 - holding::GROSS);
    let pay = |world: &mut World| vault.pay(world, &vault.purse, 1_000);
    stopped(&mut world, &pay);
    pay(&mut world).succeeds();
    let hold = |world: &mut World| world.withdraw_or_wait(held, 1);
    stopped(&mut world, &hold);
    assert_eq!(hold(&mut world).succeeds().returned(), [Verdict::Hold as u8]);
    world.order_migration();
    stopped(&mut world, &World::migrate);
    world.migrate().succeeds();
    assert_eq!((vault.held(&world), world.in_safe(), world.safe().kept), (0, left + held, left));
    world.vm.advance(MIGRATION_WINDOW);
    let claim = |world: &mut World| world.claim_held(1);
    stopped(&mut world, &claim);
    claim(&mut world).succeeds();
    assert_eq!((world.alice(), world.in_safe()), (FUNDS + 1_000 + held, left));
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    for _ in 0..RELEASE_STEPS {
        stopped(&mut world, &step_back);
        step_back(&mut world).succeeds();
        dwell(&mut world);
    }
    assert_eq!((vault.held(&world), world.in_safe(), world.safe().kept), (left, 0, 0));
}
