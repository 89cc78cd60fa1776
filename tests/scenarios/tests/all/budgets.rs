//! `open_budget`: what a guardian pauses by is opened ahead, by anyone, for guardians alone, and once.

use firebreak_interface::{
    BreakerError::*,
    Operation, Severity,
    constants::{MAJOR_MIN, PAUSE_BUDGET_SECONDS},
    instruction,
    state::{Amendment, GuardianBudget, PauseOrder, Thresholds},
};
use firebreak_scenarios::{Amending, World};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use solana_transaction::Transaction;

/// A world in which nobody has opened a budget.
fn unopened() -> World {
    World::with(|setup| setup.budgets = false)
}

/// `open_budget` of our market, or of all, which the attacker pays for.
fn opening(world: &World, is_market: bool, guardian: Pubkey) -> Instruction {
    let market = is_market.then_some(world.us.market);
    instruction::open_budget(world.attacker.pubkey(), world.us.protocol, market, guardian)
}

fn address(world: &World, is_market: bool, guardian: usize) -> Pubkey {
    let market = is_market.then_some(&world.us.market);
    world.us.program.addresses.budget(market, &world.us.guardians[guardian].pubkey())
}

#[test]
pub(crate) fn no_pause_without_a_budget_that_is_open() {
    let mut world = unopened();
    let (order, guardian) = (world.order(1_800), world.us.guardians[0].pubkey());
    // lamports that somebody sends there are no budget
    let send = system::transfer(&world.attacker.pubkey(), &address(&world, true, 0), 10_000_000);
    world.vm.send(&[send], &[&world.attacker]).succeeds();
    world.pause(0, &order).fails_with(BudgetNotOpen);
    world.pause_all(0, &order).fails_with(BudgetNotOpen);
    assert!(BudgetNotOpen.text().contains("open_budget"), "it names what to do");

    let open = opening(&world, true, guardian);
    world.vm.send(&[open], &[&world.attacker]).succeeds();
    world.pause(0, &order).succeeds();
    // it is one guardian's, and of one market
    world.pause_all(0, &order).fails_with(BudgetNotOpen);
    let longer = world.order(3_600);
    world.pause(1, &longer).fails_with(BudgetNotOpen);
    let open = opening(&world, false, guardian);
    world.vm.send(&[open], &[&world.attacker]).succeeds();
    world.pause_all(0, &order).succeeds();
}

#[test]
fn a_guardian_opens_its_own_in_the_transaction_of_its_pause() {
    let mut world = unopened();
    let (guardian, order) = (world.us.guardians[0].insecure_clone(), world.order(1_800));
    let market = Some(world.us.market);
    let open = instruction::open_budget(guardian.pubkey(), world.us.protocol, market, guardian.pubkey());
    let pause = world.us.pause(&world.vm, &guardian, market, &order);
    world.vm.send(&[open, pause], &[&guardian]).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

/// It was not open when the pause was signed, and is when it is sent.
#[test]
fn whoever_opens_it_first_does_not_stop_a_pause_that_was_signed_in_advance() {
    for is_first in [false, true] {
        let mut world = unopened();
        let guardian = world.us.guardians[0].insecure_clone();
        let (key, nonce, market) = (guardian.pubkey(), world.vm.key(), Some(world.us.market));
        let create = system::create_nonce_account(&key, &nonce.pubkey(), &key, 10_000_000);
        world.vm.send(&create, &[&guardian, &nonce]).succeeds();
        let instructions = [
            system::advance_nonce_account(&nonce.pubkey(), &key),
            instruction::open_budget(key, world.us.protocol, market, key),
            world.us.pause(&world.vm, &guardian, market, &world.order(1_800)),
        ];
        let mut signed = Transaction::new_with_payer(&instructions, Some(&key));
        signed.sign(&[&guardian], world.vm.durable_nonce(&nonce.pubkey()));
        world.vm.advance(600);
        if is_first {
            let open = opening(&world, true, key);
            world.vm.send(&[open], &[&world.attacker]).succeeds();
        }
        world.vm.submit(signed).succeeds();
        assert_eq!(world.severity(), Severity::Major);
    }
}

#[test]
fn only_a_guardians_budget_is_opened() {
    let mut world = unopened();
    let neighbour = world.neighbour();
    let strangers: Vec<Pubkey> =
        [&world.attacker, &world.us.authority, &world.us.keepers[0], &neighbour.guardians[0]]
            .map(Keypair::pubkey)
            .to_vec();
    for stranger in strangers.into_iter().chain([Pubkey::default(), world.us.market]) {
        for is_market in [true, false] {
            let open = opening(&world, is_market, stranger);
            world.vm.send(&[open], &[&world.attacker]).fails_with(NotAGuardian);
        }
    }
    // a guardian of ours, in their market: whoever is named as the protocol
    let (guardian, payer) = (world.us.guardians[0].pubkey(), world.attacker.pubkey());
    for (protocol, error) in [(world.us.protocol, WrongProtocol), (neighbour.protocol, NotAGuardian)] {
        let open = instruction::open_budget(payer, protocol, Some(neighbour.market), guardian);
        world.vm.send(&[open], &[&world.attacker]).fails_with(error);
    }
}

/// Somebody opens again what a guardian has spent: it gets nothing back, and nobody's lamports move.
#[test]
fn what_is_open_stays_as_it_is() {
    let mut world = World::default();
    let order = world.order(PAUSE_BUDGET_SECONDS);
    world.pause(0, &order).succeeds();
    let (guardian, budget) = (world.us.guardians[0].pubkey(), address(&world, true, 0));
    let (before, entries) = (world.vm.account(&budget), world.told().len());
    // who pays the fee is another: the attacker pays what it costs to open it again
    let purse = world.vm.account(&world.attacker.pubkey());
    let open = opening(&world, true, guardian);
    world.vm.send(&[open.clone(), open], &[&world.alice, &world.attacker]).succeeds();
    assert_eq!(world.vm.account(&budget), before);
    assert_eq!(world.vm.account(&world.attacker.pubkey()), purse);
    assert_eq!(world.told().len(), entries, "it is no act");
    assert_eq!(world.vm.read::<GuardianBudget>(&budget).spent, PAUSE_BUDGET_SECONDS);
    let more = PauseOrder { closed: Operation::BORROW.mask(), ..world.order(MAJOR_MIN) };
    world.pause(0, &more).fails_with(PauseBudgetSpent);
}

/// The third guardian is replaced: its successor pauses once its budget is open, and for who left none is opened.
#[test]
fn a_new_guardian_has_no_budget_yet() {
    let mut world = unopened();
    let newcomer = world.vm.person();
    let [first, second, third] = [0, 1, 2].map(|place| world.us.guardians[place].pubkey());
    let members = vec![first, second, newcomer.pubkey()];
    let change = Amendment::Guardians { members, thresholds: Thresholds::majority(3) };
    let rest = vec![world.us.program.addresses.keeper(&newcomer.pubkey())];
    let change = Amending { rest, ..world.amending(world.us.protocol, change) };
    let early = opening(&world, true, newcomer.pubkey());
    world.vm.send(&[early], &[&world.attacker]).fails_with(NotAGuardian);
    let proposal = world.propose(&change);
    world.wait();
    world.approve(proposal, &[0, 1]).succeeds();
    world.execute(proposal, &change).succeeds();

    let order = world.order(1_800);
    let pause = world.us.pause(&world.vm, &newcomer, Some(world.us.market), &order);
    world.vm.send(std::slice::from_ref(&pause), &[&newcomer]).fails_with(BudgetNotOpen);
    let [late, open] = [third, newcomer.pubkey()].map(|key| opening(&world, true, key));
    world.vm.send(&[late], &[&world.attacker]).fails_with(NotAGuardian);
    world.vm.send(&[open], &[&world.attacker]).succeeds();
    world.vm.send(&[pause], &[&newcomer]).succeeds();
}
