//! Each extension of Token-2022 against the real program: what is allowed is guarded and moved, what is refused does what its
//! row says.

use firebreak_interface::{
    BreakerError::*,
    constants::SEASONED_AFTER,
    state::{LimiterSettings, TABLE, Use, Warnings},
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

/// It is guarded, with these warnings and no others, and its tokens flow and are rescued.
fn guarded_and_moved(world: &mut World, vault: &Extended, warned: &[u16]) {
    vault.register(world, &settings()).succeeds();
    assert_eq!(vault.warned(world), warned);
    vault.arm_and_season(world);
    assert_eq!(vault.withdraw(world, FUNDS / 100), FUNDS / 100);
    assert_eq!(vault.check_vault(world, Use::Routed), Ok(Warnings(0)));
    vault.rescue(world, &vault.purse, FUNDS / 2).succeeds();
    let back = vault.transfer(&vault.purse, &vault.vault, &world.alice.pubkey(), FUNDS / 2);
    world.send(&[back]).succeeds();
}

#[test]
fn a_fee_takes_its_part_of_each_move() {
    let (mut world, vault, _) = world_with(|_| vec![Extension::transfer_fee(100)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [1]);
    guarded_and_moved(&mut world, &vault, &[1]);
    // a hundredth of each: of the withdrawal, of the rescue, of the return
    assert_eq!(vault.held(&world), FUNDS - FUNDS / 100 - FUNDS / 200);
    // and it may be all
    let (mut world, vault, _) = world_with(|_| vec![Extension::transfer_fee(10_000)]);
    vault.register(&mut world, &settings()).succeeds();
    vault.rescue(&mut world, &vault.purse, FUNDS).succeeds();
    assert_eq!((vault.held(&world), token_2022::balance(&world.vm, &vault.purse)), (0, FUNDS));
}

#[test]
fn what_is_withheld_is_not_the_vaults() {
    let (mut world, vault, mallory) = world_with(|_| vec![Extension::transfer_fee(100)]);
    vault.register(&mut world, &settings()).succeeds();
    let pay = vault.transfer(&vault.purse, &vault.vault, &world.alice.pubkey(), 1_000);
    world.send(&[pay]).succeeds();
    assert_eq!(vault.held(&world), FUNDS + 990);
    assert!(numbers(&world.vm, &vault.vault).contains(&2));
    let harvest = own(vec![26, 4], &[(&vault.mint, true), (&vault.vault, true)], &[]);
    world.vm.send(&[harvest], &[&mallory]).succeeds();
    assert_eq!(vault.held(&world), FUNDS + 990, "anyone's harvest leaves the balance");
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(&world, usage), Ok(Warnings(0)));
    }
}

#[test]
fn a_closed_mint_comes_back_as_another() {
    let mut world = open_world();
    let mallory = world.attacker.insecure_clone();
    let (key, authority) = (world.vm.key(), &world.us.authority);
    let closable = [Extension::close_authority(&mallory.pubkey())];
    let mint = token_2022::mint_at(&mut world.vm, authority, &key, 6, &closable);
    assert_eq!(numbers(&world.vm, &mint), [3]);
    let vault = Extended::empty(&mut world, 6, mint);
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    // harmless as it was, it is closed before anybody holds any, and is there again
    let close = to_2022(token::close(&mint, &mallory.pubkey(), &mallory.pubkey()));
    world.vm.send(&[close], &[&mallory]).succeeds();
    let delegated = [Extension::permanent_delegate(&mallory.pubkey())];
    token_2022::mint_at(&mut world.vm, &mallory, &key, 6, &delegated);
    token_2022::issue(&mut world.vm, &mallory, &mint, &vault.vault, FUNDS);
    let loot = token_2022::account(&mut world.vm, &mallory, &mint, &mallory.pubkey());
    vault.take(&mut world, &mallory, &loot, FUNDS).succeeds();
    assert_eq!(vault.held(&world), 0, "the old vault is under the new delegate");
}

/// The vault's owner has it hold what nobody sees.
fn hide(world: &mut World, vault: &Extended, extensions: &[u16], amount: u64) {
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    let proof = token_2022::proof_of_key(&mut world.vm);
    let hiding = [
        token_2022::make_room(&vault.vault, extensions, &owner, &payer),
        token_2022::configure_confidential(&vault.vault, &vault.mint, &proof, &owner),
        token_2022::hide(&vault.vault, &vault.mint, &owner, amount, vault.decimals),
    ];
    calls(world, hiding).succeeds();
}

/// An account like this is refused also where its mint would not be.
fn refused_with_any_mint(world: &mut World, vault: &Extended) {
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(world, usage), Err(VaultNotGuardable));
    }
    let plain = Extended::new(world, 6, &[], FUNDS);
    world.vm.edit(&vault.vault, |account| account.data[..32].copy_from_slice(plain.mint.as_ref()));
    let posing = Extended { mint: plain.mint, ..*vault };
    posing.register(world, &settings()).fails_with(VaultNotGuardable);
}

#[test]
fn what_is_hidden_leaves_the_balance() {
    let (mut world, vault, _) = world_with(|mallory| vec![Extension::confidential(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [4]);
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    hide(&mut world, &vault, &[later::CONFIDENTIAL], FUNDS / 4);
    assert!(numbers(&world.vm, &vault.vault).contains(&5));
    assert_eq!(vault.held(&world), FUNDS / 4 * 3, "no transfer, and less is to be seen");
    refused_with_any_mint(&mut world, &vault);
}

#[test]
fn a_hidden_fee_comes_with_hidden_balances() {
    let extensions = |mallory: &Pubkey| {
        vec![
            Extension::transfer_fee(100),
            Extension::confidential(mallory),
            Extension::confidential_fee(mallory),
        ]
    };
    let (mut world, vault, _) = world_with(extensions);
    assert_eq!(numbers(&world.vm, &vault.mint), [1, 4, 16]);
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    hide(&mut world, &vault, &[later::CONFIDENTIAL, later::CONFIDENTIAL_FEE], 1);
    assert!(numbers(&world.vm, &vault.vault).contains(&17));
    refused_with_any_mint(&mut world, &vault);
}

#[test]
fn a_hidden_supply_is_refused() {
    let mut world = open_world();
    let hidden = [Extension::confidential(&world.attacker.pubkey()), Extension::confidential_mint_burn()];
    let mint = token_2022::mint(&mut world.vm, &world.us.authority, 6, &hidden);
    assert_eq!(numbers(&world.vm, &mint), [4, 24]);
    let vault = Extended::empty(&mut world, 6, mint);
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    let key = world.us.authority.pubkey();
    let issue = spl::mint_to(&token::PROGRAM, &mint, &vault.vault, &key, &[], 1).expect("its id is right");
    let issue = world.vm.send(&[to_2022(issue)], &[&world.us.authority]);
    issue.fails_as(&custom(ILLEGAL_MINT_BURN));
}

#[test]
fn an_account_is_born_frozen() {
    let mut world = open_world();
    let mint = token_2022::mint(&mut world.vm, &world.us.authority, 6, &[Extension::born_frozen()]);
    assert_eq!(numbers(&world.vm, &mint), [6]);
    let vault = Extended::empty(&mut world, 6, mint);
    vault.register(&mut world, &settings()).fails_with(VaultNotGuardable);
    let thaw = |world: &mut World, account: &Pubkey| {
        let key = world.us.authority.pubkey();
        let thaw = spl::thaw_account(&token::PROGRAM, account, &mint, &key, &[]).expect("its id is right");
        world.vm.send(&[to_2022(thaw)], &[&world.us.authority]).succeeds();
    };
    thaw(&mut world, &vault.vault);
    token_2022::issue(&mut world.vm, &world.us.authority, &mint, &vault.vault, FUNDS);
    vault.register(&mut world, &settings()).succeeds();
    assert_eq!(vault.warned(&world), [6]);
    vault.rescue(&mut world, &vault.purse, 1).fails_as(&custom(ACCOUNT_FROZEN));
    thaw(&mut world, &vault.purse);
    vault.rescue(&mut world, &vault.purse, FUNDS).succeeds();
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

/// A memo, as SPL Memo takes it.
fn memo() -> Instruction {
    let program_id = Pubkey::from_str_const("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
    Instruction { program_id, accounts: Vec::new(), data: b"back".to_vec() }
}

#[test]
fn who_wants_memos_is_guarded_and_no_end_of_a_route() {
    let (mut world, vault, _) = world_with(|_| Vec::new());
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    let room = token_2022::make_room(&vault.vault, &[later::MEMO], &owner, &payer);
    calls(&mut world, [room, token_2022::require_memos(&vault.vault, true, &owner)]).succeeds();
    assert_eq!(numbers(&world.vm, &vault.vault), [7, 8]);
    vault.register(&mut world, &settings()).succeeds();
    assert_eq!(vault.warned(&world), [8]);
    assert_eq!(vault.check_vault(&world, Use::Guarded), Ok(warnings(&[8])));
    assert_eq!(vault.check_vault(&world, Use::Routed), Err(VaultNotGuardable));
    // it goes out, and a program brings it back only with a memo that it writes itself
    vault.rescue(&mut world, &vault.purse, FUNDS / 2).succeeds();
    let back = vault.transfer(&vault.purse, &vault.vault, &world.alice.pubkey(), FUNDS / 4);
    let by_program = world.us.program.calls(back.clone());
    world.send(std::slice::from_ref(&back)).fails_as(&custom(NO_MEMO));
    world.send(&[memo(), by_program.clone()]).fails_as(&custom(NO_MEMO));
    world.send(&[memo(), back]).succeeds();
    // switched off it is as if it were not there
    calls(&mut world, [token_2022::require_memos(&vault.vault, false, &owner)]).succeeds();
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(vault.check_vault(&world, usage), Ok(Warnings(0)));
    }
    world.send(&[by_program]).succeeds();
    assert_eq!(vault.held(&world), FUNDS);
}

#[test]
fn who_wants_no_calls_is_moved_by_no_program() {
    let (mut world, vault, _) = world_with(|_| Vec::new());
    let (owner, payer) = (world.us.program.owner, world.us.authority.pubkey());
    // a program signs nowhere but in calls, and nobody wants no calls in a call
    calls(&mut world, [token_2022::make_room(&vault.vault, &[later::CPI_GUARD], &owner, &payer)]).succeeds();
    let on = token_2022::guard_calls(&vault.vault, true, &owner);
    calls(&mut world, [on]).fails_as(&custom(CPI_GUARD_LOCKED));
    assert_eq!(vault.check_vault(&world, Use::Routed), Ok(Warnings(0)));
    // a vault of a key
    let bob = world.vm.person();
    let (key, mint) = (bob.pubkey(), token_2022::mint(&mut world.vm, &world.us.authority, 6, &[]));
    let of_bob = Extended {
        vault: token_2022::account(&mut world.vm, &bob, &mint, &key),
        ..Extended::empty(&mut world, 6, mint)
    };
    token_2022::issue(&mut world.vm, &world.us.authority, &mint, &of_bob.vault, FUNDS);
    let room = token_2022::make_room(&of_bob.vault, &[later::CPI_GUARD], &key, &key);
    let on = token_2022::guard_calls(&of_bob.vault, true, &key);
    world.vm.send(&[room, on], &[&bob]).succeeds();
    assert_eq!(numbers(&world.vm, &of_bob.vault), [7, 11]);
    of_bob.register(&mut world, &settings()).succeeds();
    assert_eq!(of_bob.warned(&world), [11]);
    assert_eq!(of_bob.check_vault(&world, Use::Routed), Err(VaultNotGuardable));
    let take = of_bob.transfer(&of_bob.vault, &of_bob.purse, &key, FUNDS);
    let by_program = world.us.program.calls(take.clone());
    world.vm.send(&[by_program], &[&bob]).fails_as(&custom(CPI_GUARD_BLOCKED));
    world.vm.send(&[take], &[&bob]).succeeds();
    assert_eq!(of_bob.held(&world), 0, "around every program that would have asked");
    world.vm.send(&[token_2022::guard_calls(&of_bob.vault, false, &key)], &[&bob]).succeeds();
    for usage in [Use::Guarded, Use::Routed] {
        assert_eq!(of_bob.check_vault(&world, usage), Ok(Warnings(0)), "switched off");
    }
}

#[test]
fn what_never_moves_is_neither_guarded_nor_rescued() {
    let (mut world, vault, _) = world_with(|_| vec![Extension::non_transferable()]);
    assert_eq!(numbers(&world.vm, &vault.mint), [9]);
    assert!(numbers(&world.vm, &vault.vault).contains(&13));
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    vault.rescue(&mut world, &vault.purse, 1).fails_as(&custom(NON_TRANSFERABLE));
    refused_with_any_mint(&mut world, &vault);
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

#[test]
pub(crate) fn who_may_move_everything_drains_every_vault() {
    let (mut world, plain, mallory) = world_with(|_| Vec::new());
    let loot = token_2022::account(&mut world.vm, &mallory, &plain.mint, &mallory.pubkey());
    plain.take(&mut world, &mallory, &loot, FUNDS).fails_as(&custom(OWNER_MISMATCH));
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::permanent_delegate(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [12]);
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    let loot = token_2022::account(&mut world.vm, &mallory, &vault.mint, &mallory.pubkey());
    vault.take(&mut world, &mallory, &loot, FUNDS).succeeds();
    assert_eq!(vault.held(&world), 0);
    // harmless neighbours do not hide it, and it is refused also where nobody holds it today
    let key = mallory.pubkey();
    let behind = [Extension::metadata_pointer(&key), Extension::permanent_delegate(&key)];
    let behind = Extended::new(&mut world, 6, &behind, FUNDS);
    behind.register(&mut world, &settings()).fails_with(MintNotGuardable);
    const PERMANENT_DELEGATE: u8 = 8;
    let give_up = own(vec![6, PERMANENT_DELEGATE, 0], &[(&behind.mint, true)], &[&key]);
    world.vm.send(&[give_up], &[&mallory]).succeeds();
    behind.register(&mut world, &settings()).fails_with(MintNotGuardable);
}

#[test]
fn a_hook_bars_whom_its_authority_likes() {
    let (mut world, vault, mallory) =
        world_with(|mallory| vec![Extension::hook(mallory, &Pubkey::default())]);
    assert_eq!(numbers(&world.vm, &vault.mint), [14]);
    assert!(numbers(&world.vm, &vault.vault).contains(&15));
    vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
    vault.rescue(&mut world, &vault.purse, FUNDS / 2).succeeds();
    let program = Pubkey::new_from_array([66; 32]);
    let hook = own([&[36, 1], program.as_ref()].concat(), &[(&vault.mint, true)], &[&mallory.pubkey()]);
    world.vm.send(&[hook], &[&mallory]).succeeds();
    vault.rescue(&mut world, &vault.purse, 1).fails_as(&InstructionError::MissingAccount);
    refused_with_any_mint(&mut world, &vault);
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
    guarded_and_moved(&mut world, &vault, &[]);
    let name = token_2022::name(&vault.mint, &world.us.authority.pubkey());
    world.vm.send(&[name], &[&world.us.authority]).succeeds();
    assert_eq!(numbers(&world.vm, &vault.mint), [18, 19], "it came when the vault was guarded");
    assert_eq!(vault.check_mint(&world), Ok(Warnings(0)));
}

#[test]
fn a_group_and_its_members_change_nothing() {
    let mut world = open_world();
    let key = world.us.authority.pubkey();
    let group = mint_of_itself(&mut world, |key| vec![Extension::group_pointer(key)]);
    let member = mint_of_itself(&mut world, |key| vec![Extension::member_pointer(key)]);
    guarded_and_moved(&mut world, &group, &[]);
    let join = [token_2022::group(&group.mint, &key), token_2022::join(&member.mint, &group.mint, &key)];
    world.vm.send(&join, &[&world.us.authority]).succeeds();
    assert_eq!(numbers(&world.vm, &group.mint), [20, 21]);
    assert_eq!(numbers(&world.vm, &member.mint), [22, 23]);
    assert_eq!(group.check_mint(&world), Ok(Warnings(0)));
    assert_eq!(member.check_mint(&world), Ok(Warnings(0)));
}

#[test]
fn a_scale_changes_what_a_unit_stands_for() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::scaled(mallory, 1.0)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [25]);
    guarded_and_moved(&mut world, &vault, &[25]);
    let shown = |world: &mut World| token_2022::shown(&mut world.vm, &mallory, &vault.mint, 1_000_000);
    assert_eq!(shown(&mut world), "1");
    let scale = [&[43, 1], &1_000f64.to_le_bytes()[..], &0i64.to_le_bytes()].concat();
    let scale = own(scale, &[(&vault.mint, true)], &[&mallory.pubkey()]);
    let (held, limiter) = (vault.held(&world), world.us.program.addresses.limiter(&vault.vault));
    let before = world.vm.account(&limiter);
    world.vm.send(&[scale], &[&mallory]).succeeds();
    assert_eq!(shown(&mut world), "1000", "from one moment to the next");
    assert_eq!((vault.held(&world), world.vm.account(&limiter)), (held, before));
}

#[test]
fn a_paused_mint_stops_everything_and_takes_nothing() {
    let (mut world, vault, mallory) = world_with(|mallory| vec![Extension::pausable(mallory)]);
    assert_eq!(numbers(&world.vm, &vault.mint), [26]);
    assert!(numbers(&world.vm, &vault.vault).contains(&27));
    guarded_and_moved(&mut world, &vault, &[26]);
    let limiter = world.us.program.addresses.limiter(&vault.vault);
    let (held, before) = (vault.held(&world), world.vm.account(&limiter));
    let pause = |on| token_2022::pause(&vault.mint, on, &mallory.pubkey());
    world.vm.send(&[pause(true)], &[&mallory]).succeeds();
    vault.pay(&mut world, &vault.purse, 1_000).fails_as(&custom(MINT_PAUSED));
    vault.rescue(&mut world, &vault.purse, 1).fails_as(&custom(MINT_PAUSED));
    assert_eq!((vault.held(&world), world.vm.account(&limiter)), (held, before), "nothing counted");
    world.vm.send(&[pause(false)], &[&mallory]).succeeds();
    vault.rescue(&mut world, &vault.purse, held).succeeds();
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
    for number in [unknown, 63, 64, u16::MAX] {
        let set = |world: &mut World, account: &Pubkey, number: u16| {
            let bytes = number.to_le_bytes();
            world.vm.edit(account, |account| account.data[FIRST..FIRST + 2].copy_from_slice(&bytes));
        };
        set(&mut world, &vault.mint, number);
        vault.register(&mut world, &settings()).fails_with(MintNotGuardable);
        set(&mut world, &vault.mint, 18);
        set(&mut world, &vault.vault, number);
        vault.register(&mut world, &settings()).fails_with(VaultNotGuardable);
        set(&mut world, &vault.vault, 7);
    }
    vault.register(&mut world, &settings()).succeeds();
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
