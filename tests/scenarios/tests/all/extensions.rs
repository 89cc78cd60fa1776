//! Each extension of Token-2022 against the real program: what is allowed is guarded, and the breaker moves it to safety and
//! back; what is refused does what its row says.

pub(crate) mod refused;
mod switched;

use firebreak_interface::{
    BreakerError::*,
    constants::{RELEASE_STEPS, SEASONED_AFTER},
    state::{Act, GuardianAct, LimiterSettings, RouteSettings, TABLE, Use, Warnings},
};
use firebreak_scenarios::{
    Extended, FUNDS, World,
    extended::open_world,
    token,
    token_2022::{self, Extension, later, numbers, own, to_2022},
};
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use spl_token_interface::instruction as spl;

use crate::releases::{ALL, agree, back, begin, begun, dwell, step, step_back, walk_back};
use {refused::*, switched::*};

/// The token program's errors.
const OWNER_MISMATCH: u32 = 4;
const ACCOUNT_FROZEN: u32 = 17;
const IMMUTABLE_OWNER: u32 = 34;
const NO_MEMO: u32 = 36;
const NON_TRANSFERABLE: u32 = 37;
const CPI_GUARD_LOCKED: u32 = 41;
const CPI_GUARD_BLOCKED: u32 = 42;
const ILLEGAL_MINT_BURN: u32 = 65;
const MINT_PAUSED: u32 = 67;

/// The scenario of each row.
const ROWS: &[(u16, fn())] = &[
    (1, a_fee_takes_its_part_of_each_move),
    (2, what_is_withheld_is_not_the_vaults),
    (3, a_closed_mint_comes_back_as_another),
    (4, what_is_hidden_leaves_the_balance),
    (5, what_is_hidden_leaves_the_balance),
    (6, an_account_is_born_frozen),
    (7, an_immutable_owner_stays),
    (8, who_wants_memos_is_guarded_and_no_end_of_a_route),
    (9, what_never_moves_is_neither_guarded_nor_rescued),
    (10, interest_is_shown_and_not_held),
    (11, who_wants_no_calls_is_moved_by_no_program),
    (12, who_may_move_everything_drains_every_vault),
    (13, what_never_moves_is_neither_guarded_nor_rescued),
    (14, a_hook_bars_whom_its_authority_likes),
    (15, a_hook_bars_whom_its_authority_likes),
    (16, a_hidden_fee_comes_with_hidden_balances),
    (17, a_hidden_fee_comes_with_hidden_balances),
    (18, a_name_changes_nothing),
    (19, a_name_changes_nothing),
    (20, a_group_and_its_members_change_nothing),
    (21, a_group_and_its_members_change_nothing),
    (22, a_group_and_its_members_change_nothing),
    (23, a_group_and_its_members_change_nothing),
    (24, a_hidden_supply_is_refused),
    (25, a_scale_changes_what_a_unit_stands_for),
    (26, a_paused_mint_stops_everything_and_takes_nothing),
    (27, a_paused_mint_stops_everything_and_takes_nothing),
    (28, who_may_forbid_burning_moves_nothing),
];

#[test]
fn every_row_has_its_scenario() {
    let (rows, told): (Vec<u16>, Vec<u16>) =
        (TABLE.iter().map(|row| row.number).collect(), ROWS.iter().map(|(number, _)| *number).collect());
    assert_eq!(rows, told);
}

fn custom(number: u32) -> InstructionError {
    InstructionError::Custom(number)
}

fn settings() -> LimiterSettings {
    LimiterSettings::starting(FUNDS, 1)
}

/// The warnings of these rows.
fn warnings(numbers: &[u16]) -> Warnings {
    Warnings(numbers.iter().map(|number| 1 << number).sum())
}

/// A vault for a mint with these extensions, and who could abuse them.
fn world_with(extensions: impl FnOnce(&Pubkey) -> Vec<Extension>) -> (World, Extended, Keypair) {
    let mut world = open_world();
    let mallory = world.attacker.insecure_clone();
    let vault = Extended::new(&mut world, 6, &extensions(&mallory.pubkey()), FUNDS);
    (world, vault, mallory)
}

/// Calls of our program, which signs as the vault's owner; the authority pays.
fn calls(world: &mut World, calls: impl IntoIterator<Item = Instruction>) -> firebreak_scenarios::Outcome {
    let calls: Vec<_> = calls.into_iter().map(|call| world.us.program.calls(call)).collect();
    world.vm.send(&calls, &[&world.us.authority])
}

/// It is guarded, with these warnings and no others, and has a way to safety.
fn guarded(world: &mut World, vault: &Extended, warned: &[u16]) {
    vault.register(world, &settings()).succeeds();
    assert_eq!(vault.warned(world), warned);
    vault.guard(world, &RouteSettings::starting());
}

/// Its tokens flow; then the breaker takes all of them to safety and brings them back. Each move costs so many basis points.
fn moved(world: &mut World, vault: &Extended, fee_bps: u64) {
    let arrives = |sent: u64| sent - (sent * fee_bps).div_ceil(10_000);
    let alice = world.alice();
    assert_eq!(vault.withdraw(world, FUNDS / 100), FUNDS / 100);
    assert_eq!(world.alice(), alice + arrives(FUNDS / 100));

    let sent = vault.held(world);
    let kept = arrives(sent);
    world.rescue();
    assert_eq!((vault.held(world), world.in_safe(), world.safe().kept), (0, kept, kept));
    let told = *world.told().last().expect("told");
    assert_eq!((told.act, told.value, told.threshold), (Act::MovedToSafe, sent, kept));

    let order = back(world, ALL);
    begun(world, 0, &order);
    walk_back(world);
    let came = RELEASE_STEPS * arrives(kept / RELEASE_STEPS);
    assert_eq!((vault.held(world), world.in_safe(), world.safe().kept), (came, 0, 0));
    let route = world.route();
    assert_eq!((route.sent, route.received, route.returned), (sent, kept, kept));
    assert_eq!(world.limiter().expected, came, "nothing is missing");
    world.poke().fails_with(NothingToLatch);
}

/// It is guarded, with these warnings and no others, and the breaker moves it.
fn guarded_and_moved(world: &mut World, vault: &Extended, warned: &[u16]) {
    guarded(world, vault, warned);
    moved(world, vault, 0);
}

#[test]
fn a_fee_takes_its_part_of_each_move() {
    let (mut world, vault, _) = world_with(|_| vec![Extension::transfer_fee(100)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [1]);
    guarded(&mut world, &vault, &[1]);
    moved(&mut world, &vault, 100);
    // and it may be all: a rescue gives everything away
    let (mut world, vault, _) = world_with(|_| vec![Extension::transfer_fee(10_000)]);
    guarded(&mut world, &vault, &[1]);
    world.rescue();
    assert_eq!((vault.held(&world), world.in_safe(), world.safe().kept), (0, 0, 0));
    assert_eq!((world.route().sent, world.route().received), (FUNDS, 0));
    let order = back(&world, ALL);
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    begin(&mut world, proposal, &order, true).fails_with(NothingToRelease);
}

#[test]
fn what_is_withheld_is_not_the_vaults() {
    let (mut world, vault, mallory) = world_with(|_| vec![Extension::transfer_fee(100)]);
    guarded(&mut world, &vault, &[1]);
    let pay = vault.transfer(&vault.purse, &vault.vault, &world.alice.pubkey(), 1_000);
    world.send(std::slice::from_ref(&pay)).succeeds();
    assert_eq!(vault.held(&world), FUNDS + 990);
    assert!(numbers(&world.vm, &vault.vault).contains(&2));
    let harvest = own(vec![26, 4], &[(&vault.mint, true), (&vault.vault, true)], &[]);
    world.vm.send(&[harvest], &[&mallory]).succeeds();
    assert_eq!(vault.held(&world), FUNDS + 990, "anyone's harvest leaves the balance");
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(&world, usage), Ok(Warnings(0)));
    }
    // what is withheld of the next hinders no transfer, neither from the vault nor from the safe
    world.send(&[pay]).succeeds();
    moved(&mut world, &vault, 100);
}

#[test]
fn an_immutable_owner_stays() {
    let (mut world, vault, mallory) = world_with(|_| Vec::new());
    assert_eq!(numbers(&world.vm, &vault.vault), [7]);
    let owner = world.us.program.owner;
    let kind = spl::AuthorityType::AccountOwner;
    let hand = to_2022(token::set_authority(&vault.vault, &mallory.pubkey(), kind, &owner));
    calls(&mut world, [hand]).fails_as(&custom(IMMUTABLE_OWNER));
    guarded_and_moved(&mut world, &vault, &[]);
}

#[test]
fn interest_is_shown_and_not_held() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::interest(mallory, 10_000)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [10]);
    let shown = |world: &mut World| token_2022::shown(&mut world.vm, &mallory, &vault.mint, FUNDS);
    let (before, held) = (shown(&mut world), vault.held(&world));
    world.vm.advance(365 * 86_400);
    assert_ne!(shown(&mut world), before);
    assert_eq!(vault.held(&world), held);
    guarded_and_moved(&mut world, &vault, &[]);
}

/// A mint at a key of its own, which its pointers can name.
fn mint_of_itself(world: &mut World, extensions: impl FnOnce(&Pubkey) -> Vec<Extension>) -> Extended {
    let key = world.vm.key();
    let extensions = extensions(&key.pubkey());
    let mint = token_2022::mint_at(&mut world.vm, &world.us.authority, &key, 6, &extensions);
    world.vm.fund(&mint);
    let vault = Extended::empty(world, 6, mint);
    for account in [&vault.vault, &vault.purse] {
        token_2022::issue(&mut world.vm, &world.us.authority, &mint, account, FUNDS);
    }
    vault
}

#[test]
fn a_name_changes_nothing() {
    let mut world = open_world();
    let vault = mint_of_itself(&mut world, |key| vec![Extension::metadata_pointer(key)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [18]);
    guarded(&mut world, &vault, &[]);
    let name = token_2022::name(&vault.mint, &world.us.authority.pubkey());
    world.vm.send(&[name], &[&world.us.authority]).succeeds();
    assert_eq!(numbers(&world.vm, &vault.mint), [18, 19], "it came when the vault was guarded");
    assert_eq!(vault.check_mint(&world), Ok(Warnings(0)));
    moved(&mut world, &vault, 0);
}

#[test]
fn a_group_and_its_members_change_nothing() {
    for place in [0, 1] {
        let mut world = open_world();
        let key = world.us.authority.pubkey();
        let group = mint_of_itself(&mut world, |key| vec![Extension::group_pointer(key)]);
        let member = mint_of_itself(&mut world, |key| vec![Extension::member_pointer(key)]);
        let vault = [group, member][place];
        guarded(&mut world, &vault, &[]);
        let join = [token_2022::group(&group.mint, &key), token_2022::join(&member.mint, &group.mint, &key)];
        world.vm.send(&join, &[&world.us.authority]).succeeds();
        assert_eq!(numbers(&world.vm, &group.mint), [20, 21]);
        assert_eq!(numbers(&world.vm, &member.mint), [22, 23]);
        assert_eq!(vault.check_mint(&world), Ok(Warnings(0)));
        moved(&mut world, &vault, 0);
    }
}

#[test]
fn a_scale_changes_what_a_unit_stands_for() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::scaled(mallory, 1.0)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [25]);
    guarded(&mut world, &vault, &[25]);
    let shown = |world: &mut World| token_2022::shown(&mut world.vm, &mallory, &vault.mint, 1_000_000);
    assert_eq!(shown(&mut world), "1");
    let scale = [&[43, 1], &1_000f64.to_le_bytes()[..], &0i64.to_le_bytes()].concat();
    let scale = own(scale, &[(&vault.mint, true)], &[&mallory.pubkey()]);
    let (held, limiter) = (vault.held(&world), world.us.limiter);
    let before = world.vm.account(&limiter);
    world.vm.send(&[scale], &[&mallory]).succeeds();
    assert_eq!(shown(&mut world), "1000", "from one moment to the next");
    assert_eq!((vault.held(&world), world.vm.account(&limiter)), (held, before));
    moved(&mut world, &vault, 0);
}

#[test]
fn who_may_forbid_burning_moves_nothing() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::permissioned_burn(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [28]);
    guarded_and_moved(&mut world, &vault, &[]);
    // his signature alone burns nothing of the vault's
    let key = mallory.pubkey();
    let burn = |owner: &Pubkey| {
        let accounts = [(&vault.vault, true), (&vault.mint, true)];
        let mut burn = own([&[46, 1][..], &1u64.to_le_bytes()].concat(), &accounts, &[&key]);
        burn.accounts.push(AccountMeta::new_readonly(*owner, true));
        burn
    };
    world.vm.send(&[burn(&key)], &[&mallory]).fails_as(&custom(OWNER_MISMATCH));
    let loot = token_2022::account(&mut world.vm, &mallory, &vault.mint, &key);
    vault.take(&mut world, &mallory, &loot, 1).fails_as(&custom(OWNER_MISMATCH));
    // together with the owner's it does
    let held = vault.held(&world);
    let both = world.us.program.calls(burn(&world.us.program.owner));
    world.vm.send(&[both], &[&mallory]).succeeds();
    assert_eq!(vault.held(&world), held - 1);
}

/// A later version of the token program will have more of them.
#[test]
fn what_is_in_no_row_is_refused() {
    const FIRST: usize = 166;
    let unknown = TABLE.last().expect("there are rows").number + 1;
    let (mut world, vault, _) = world_with(|mallory| vec![Extension::metadata_pointer(mallory)]);
    let set = |world: &mut World, account: &Pubkey, number: u16| {
        let bytes = number.to_le_bytes();
        world.vm.edit(account, |account| account.data[FIRST..FIRST + 2].copy_from_slice(&bytes));
    };
    for number in [unknown, 63, 64, u16::MAX] {
        set(&mut world, &vault.mint, number);
        refused_mint(&mut world, &vault);
        set(&mut world, &vault.mint, 18);
        set(&mut world, &vault.vault, number);
        vault.register(&mut world, &settings()).fails_with(VaultNotGuardable);
        set(&mut world, &vault.vault, 7);
    }
    vault.register(&mut world, &settings()).succeeds();
    world.register_safe().succeeds();
    for number in [unknown, 63, 64, u16::MAX] {
        set(&mut world, &vault.vault, number);
        world.register_route(&RouteSettings::starting()).fails_with(VaultNotGuardable);
    }
    set(&mut world, &vault.vault, 7);
    world.register_route(&RouteSettings::starting()).succeeds();
}

#[test]
fn the_warnings_of_all_vaults_of_a_mint_stay() {
    let (mut world, first, _) = world_with(|mallory| vec![Extension::pausable(mallory)]);
    let second = Extended::empty(&mut world, 6, first.mint);
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    let room = token_2022::make_room(&first.vault, &[later::MEMO], &owner, &payer);
    calls(&mut world, [room, token_2022::require_memos(&first.vault, true, &owner)]).succeeds();
    first.register(&mut world, &settings()).succeeds();
    assert_eq!(first.warned(&world), [8, 26]);
    world.vm.advance(SEASONED_AFTER);
    second.register(&mut world, &settings()).succeeds();
    assert_eq!(first.warned(&world), [8, 26]);
}
