//! `poke`: anyone latches what the accounts prove, and nothing else.

use firebreak_interface::{
    BreakerError::*, Operation, Severity, constants::LOOSENING_DELAY_DEFAULT, instruction, state::Act,
};
use firebreak_probe::Guard;
use firebreak_scenarios::{FUNDS, World, token};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::instruction::AuthorityType;

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

#[test]
fn an_undeclared_drain_is_latched_by_anyone_and_written_down() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
    let last = *world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.count), (Act::UndeclaredFlow, FUNDS / 20, 1));
    assert_eq!((last.actor, last.subject), (world.us.limiter, world.us.market));
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
    world.gate(Operation::WITHDRAW).fails_with(firebreak_interface::GateError::Closed);
    world.gate(Operation::REPAY).succeeds();
}

#[test]
fn a_small_undeclared_flow_cautions() {
    let mut world = World::default();
    world.drain(FUNDS / 100 - 1).succeeds();
    world.poke().fails_with(NothingToLatch);
    world.drain(2).succeeds();
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Minor);
}

#[test]
fn critical_needs_a_second_look_in_a_later_slot_a_second_on() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.poke().fails_with(NothingToLatch);
    world.vm.advance_slots(5);
    world.poke().fails_with(NothingToLatch);
    world.vm.advance_unix(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    world.poke().fails_with(NothingToLatch);
}

#[test]
fn a_second_in_the_same_slot_is_no_second_look() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance_unix(10);
    world.poke().fails_with(NothingToLatch);
    world.vm.advance_slots(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
}

#[test]
fn a_rule_armed_less_than_a_loosening_delay_ago_acts_at_most_as_major() {
    let mut world = World::with(|setup| setup.seasoned = false);
    world.vm.advance(u64::from(LOOSENING_DELAY_DEFAULT) - 10);
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    world.vm.advance(5);
    world.poke().fails_with(NothingToLatch);
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
pub(crate) fn where_nothing_is_proven_nothing_is_latched() {
    let mut world = World::default();
    world.poke().fails_with(NothingToLatch);
    // a donation is no evidence
    let gift = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
    world.send(&[gift]).succeeds();
    world.poke().fails_with(NothingToLatch);
}

#[test]
fn whoever_may_move_the_vault_now_counts_as_having_emptied_it() {
    let attacker = |world: &World| world.attacker.pubkey();
    type Change = Box<dyn Fn(&World) -> Instruction>;
    let changes: [Change; 3] = [
        Box::new(move |w| token::approve(&w.us.vault, &attacker(w), &w.us.program.owner, 1)),
        Box::new(move |w| {
            token::set_authority(&w.us.vault, &attacker(w), AuthorityType::AccountOwner, &w.us.program.owner)
        }),
        Box::new(move |w| {
            token::set_authority(&w.us.vault, &attacker(w), AuthorityType::CloseAccount, &w.us.program.owner)
        }),
    ];
    for change in changes {
        let mut world = World::default();
        let change = world.us.program.calls(change(&world));
        world.send(&[change]).succeeds();
        world.poke().succeeds();
        assert_eq!(world.severity(), Severity::Major);
        assert_eq!(world.told().last().map(|entry| entry.value), Some(FUNDS));
    }
}

#[test]
fn a_vault_that_is_gone_counts_as_emptied() {
    let mut world = World::default();
    world.vm.edit(&world.us.vault, |account| {
        account.data.clear();
        account.owner = Pubkey::default();
    });
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
pub(crate) fn poke_runs_at_top_level_only() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    let poke = world.us.poke(&world.vm);
    world.perform(&[(Guard::Always, poke)]).fails_with(NotTopLevel);
}

#[test]
pub(crate) fn poke_keeps_no_company_that_could_have_moved_money() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    let poke = world.us.poke(&world.vm);
    let (owner, purse, vault) = (world.alice.pubkey(), world.purse, world.us.vault);
    let transfer = token::transfer(&purse, &vault, &owner, 1);
    let lamports = system::transfer(&owner, &world.attacker.pubkey(), 1);
    let flow = world.us.flow(firebreak_interface::Direction::In, Operation::DEPOSIT, 1);
    let call = world.us.program.calls(world.us.program.flow(&flow));
    for other in [transfer, lamports, call] {
        world.send(&[poke.clone(), other.clone()]).fails_with(WrongCompany);
        world.send(&[other, poke.clone()]).fails_with(WrongCompany);
    }
    world.send(&[poke]).succeeds();
}

#[test]
fn poke_may_buy_its_place_and_come_with_another() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    let mut limit = vec![2];
    limit.extend(300_000u32.to_le_bytes());
    let limit = Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data: limit };
    let mut price = vec![3];
    price.extend(1_000u64.to_le_bytes());
    let price = Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data: price };
    let extend = instruction::extend_journal(world.alice.pubkey(), world.us.protocol, 1);
    let poke = world.us.poke(&world.vm);
    world.send(&[limit, price, extend, poke]).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
fn a_prepared_poke_advances_its_nonce() {
    let mut world = World::default();
    let (alice, nonce) = (world.alice.insecure_clone(), world.vm.key());
    let create = system::create_nonce_account(&alice.pubkey(), &nonce.pubkey(), &alice.pubkey(), 10_000_000);
    world.vm.send(&create, &[&alice, &nonce]).succeeds();
    world.drain(FUNDS / 20).succeeds();
    let advance = system::advance_nonce_account(&nonce.pubkey(), &alice.pubkey());
    let poke = world.us.poke(&world.vm);
    world.send(&[advance, poke]).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
fn a_forged_list_of_instructions_is_refused() {
    let mut world = World::default();
    world.drain(FUNDS / 20).succeeds();
    let mut poke = world.us.poke(&world.vm);
    let forged = world.vm.key().pubkey();
    let list = world.vm.account(&world.us.vault).expect("any account");
    world.vm.put(forged, list);
    poke.accounts[4] = AccountMeta::new_readonly(forged, false);
    world.send(&[poke]).fails_with(WrongCompany);
}
