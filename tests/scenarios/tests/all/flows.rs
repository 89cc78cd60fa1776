//! `record_flow`: what may leave a vault, and what a refusal leaves behind.

use std::mem::offset_of;

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Severity, Verdict,
    constants::DETACH_DELAY,
    pda,
    state::{Act, DISCRIMINATOR, Protocol},
};
use firebreak_scenarios::{FUNDS, Flow, Vm, World};

/// What the short window lets out at once: a tenth of the funds.
const CAPACITY: u64 = FUNDS / 10;

#[test]
fn what_the_limit_allows_is_paid_and_counted() {
    let mut world = World::default();
    world.withdraw(CAPACITY / 2).succeeds();
    assert_eq!(world.alice(), FUNDS + CAPACITY / 2);
    let limiter = world.limiter();
    assert_eq!((limiter.allowed, limiter.denied, limiter.expected), (1, 0, FUNDS - CAPACITY / 2));
    assert_eq!(limiter.net[0].available, CAPACITY / 2);
    assert_eq!(world.severity(), Severity::Normal);
}

#[test]
fn a_deposit_may_leave_again() {
    let mut world = World::default();
    let plain = world.limiter().net[0].available;
    world.deposit(FUNDS / 20).succeeds();
    world.withdraw(FUNDS / 20).succeeds();
    assert_eq!(world.alice(), FUNDS);
    assert_eq!(world.limiter().net[0].available, plain, "the main buffer was not touched");
}

#[test]
fn a_soft_breach_latches_the_vault_at_once_and_refuses_nothing() {
    let mut world = World::default();
    world.withdraw(CAPACITY / 10 * 7).succeeds();
    assert_eq!(world.alice(), FUNDS + CAPACITY / 10 * 7);
    assert_eq!(world.limiter().severity(world.now()), Severity::Minor);
    // the market came read-only: it rises by the next poke
    assert_eq!(world.severity(), Severity::Normal);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Minor);
    world.poke().fails_with(NothingToLatch);
}

#[test]
fn a_writable_market_rises_in_the_same_transaction() {
    let mut world = World::default();
    let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, CAPACITY / 10 * 7);
    world.pay(&Flow { market_may_rise: true, ..flow }).succeeds();
    assert_eq!(world.severity(), Severity::Minor);
    let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, CAPACITY);
    world.pay(&Flow { market_may_rise: true, ..flow }).succeeds();
    assert_eq!(world.severity(), Severity::Major);
    assert_eq!(world.alice(), FUNDS + CAPACITY / 10 * 7, "the second was not paid");
}

#[test]
fn a_hard_breach_pays_nothing_and_leaves_its_evidence() {
    let mut world = World::default();
    world.withdraw(CAPACITY + 1).succeeds();
    assert_eq!((world.vault(), world.alice()), (FUNDS, FUNDS));
    let limiter = world.limiter();
    assert_eq!((limiter.denied, limiter.net[0].available), (1, CAPACITY), "a denied flow is not counted");
    assert_eq!(limiter.severity(world.now()), Severity::Major);
    // the limiter's own latch holds at once for its vault, read-only market or not
    assert_eq!(world.record(Direction::Out, Operation::WITHDRAW, 1).succeeds().verdict(), Verdict::Deny);
    let deposit = world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
    assert_eq!(deposit.verdict(), Verdict::Allow);
}

#[test]
fn the_limit_is_met_exactly() {
    for (amount, paid) in [(CAPACITY, CAPACITY), (CAPACITY + 1, 0)] {
        let mut world = World::default();
        world.withdraw(amount).succeeds();
        assert_eq!(world.alice() - FUNDS, paid, "{amount}");
    }
}

#[test]
fn in_shadow_everything_is_measured_and_nothing_refused() {
    let mut world = World::with(|setup| setup.armed = false);
    world.withdraw(FUNDS).succeeds();
    assert_eq!(world.alice(), 2 * FUNDS);
    let limiter = world.limiter();
    assert_eq!((limiter.shadow_trips, limiter.severity(world.now())), (1, Severity::Normal));
}

#[test]
fn the_journal_hears_of_trips_in_shadow_at_most_hourly() {
    let mut world = World::with(|setup| setup.armed = false);
    let told = |world: &World| -> Vec<u32> {
        let told = world.told().into_iter().filter(|entry| entry.act == Act::ShadowTrip);
        told.map(|entry| entry.count).collect()
    };
    world.poke().fails_with(NothingToLatch);
    world.withdraw(FUNDS / 2).succeeds();
    world.poke().succeeds();
    assert_eq!(told(&world), [1]);
    assert_eq!(world.severity(), Severity::Normal, "nothing is latched");
    for _ in 0..3 {
        world.withdraw(FUNDS / 8).succeeds();
        world.vm.advance(60);
    }
    world.vm.advance(3_600 - 181);
    world.poke().fails_with(NothingToLatch);
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(told(&world), [1, 3]);
    world.vm.advance(3_600);
    world.poke().fails_with(NothingToLatch);
}

#[test]
pub(crate) fn a_flow_of_nothing_is_refused() {
    let mut world = World::default();
    for direction in [Direction::In, Direction::Out] {
        world.record(direction, Operation::SWAP, 0).fails_with(ZeroFlow);
    }
}

#[test]
pub(crate) fn more_than_the_vault_holds_is_an_error_and_no_breach() {
    let mut world = World::default();
    for amount in [FUNDS + 1, u64::MAX] {
        world.withdraw(amount).fails_with(AmountAboveBalance);
    }
    assert_eq!(world.limiter().severity(world.now()), Severity::Normal, "nobody closes a market by a typo");
}

#[test]
fn an_inflow_is_credited_at_most_what_arrived() {
    let mut world = World::default();
    for amount in [1, FUNDS, u64::MAX] {
        let lie = world.record(Direction::In, Operation::DEPOSIT, amount).succeeds();
        assert_eq!(lie.verdict(), Verdict::Allow);
    }
    let limiter = world.limiter();
    assert_eq!((limiter.expected, limiter.elastic), (FUNDS, 0));
    world.withdraw(CAPACITY + 1).succeeds();
    assert_eq!(world.alice(), FUNDS);
}

#[test]
pub(crate) fn an_exit_never_pays_out() {
    let mut world = World::default();
    for exit in [Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE] {
        world.record(Direction::Out, exit, 1).fails_with(ExitPaysOut);
        assert_eq!(world.record(Direction::In, exit, 1).succeeds().verdict(), Verdict::Allow);
    }
}

#[test]
pub(crate) fn an_unknown_operation_is_refused() {
    let mut world = World::default();
    let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, 1);
    for bit in [64, 65, u8::MAX] {
        let mut record = world.us.program.flow(&flow);
        record.data[9] = bit;
        let record = world.us.program.calls(record);
        world.send(&[record]).fails_with(UnknownOperation);
    }
    let mut record = world.us.program.flow(&flow);
    record.data[9] = 63;
    let record = world.us.program.calls(record);
    assert_eq!(world.send(&[record]).succeeds().verdict(), Verdict::Allow);
}

#[test]
pub(crate) fn only_the_recorder_records() {
    let mut world = World::default();
    let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, 1);
    let mut record = world.us.program.flow(&flow);
    record.accounts[0].pubkey = world.attacker.pubkey();
    world.vm.send(&[record], &[&world.attacker]).fails_with(NotTheRecorder);
    // another program's recorder, with its own signature
    let neighbour = world.neighbour();
    let mut record = world.us.program.flow(&flow);
    record.accounts[0].pubkey = neighbour.program.recorder;
    let record = neighbour.program.calls(record);
    world.send(&[record]).fails_with(NotTheRecorder);
    // our own name without our signature
    let mut record = world.us.program.flow(&flow);
    record.accounts[0].is_signer = false;
    world.send(&[record]).fails_with(firebreak_client::Refusal::Anchor(3010));
}

#[test]
pub(crate) fn a_protocol_that_left_is_open_and_takes_no_more_acts() {
    let mut world = World::default();
    let leave = world.detaching(&[world.us.market], &[world.us.limiter]);
    let proposal = world.propose(&leave);
    world.vm.advance(DETACH_DELAY.into());
    world.execute(proposal, &leave).succeeds();
    // neither measured nor held up, in or out: an error here would close its exits
    for (direction, operation) in [(Direction::Out, Operation::WITHDRAW), (Direction::In, Operation::REPAY)] {
        let flow = world.record(direction, operation, FUNDS).succeeds();
        assert_eq!(flow.returned(), [Verdict::Allow as u8]);
    }
    world.poke().fails_with(Detached);
    let order = world.order(1_800);
    world.pause(0, &order).fails_with(Detached);
    let open = world.us.open_budget(None, world.us.guardians[0].pubkey());
    world.vm.send(&[open], &[&world.us.authority]).fails_with(Detached);
    world.raise(0, 600).fails_with(Detached);
    assert_eq!(world.gate(Operation::WITHDRAW).succeeds().returned()[0], Severity::Normal as u8);
}

#[test]
fn a_vault_without_a_limiter_pays_nothing_until_the_protocol_left() {
    let mut world = World::default();
    let neighbour = world.neighbour();
    let us = &world.us;
    let vault =
        firebreak_scenarios::token::account(&mut world.vm, &us.authority, &us.mint, &us.program.owner);
    assert!(world.vm.account(&pda::limiter(&us.protocol, &vault).0).is_none());
    let flow = Flow { vault, ..us.flow(Direction::Out, Operation::WITHDRAW, 1) };
    let record = us.program.records(&flow, firebreak_probe::Depth::Tell);
    let answer = world.send(std::slice::from_ref(&record)).succeeds();
    assert_eq!(answer.returned(), [Verdict::Deny as u8]);

    // that another protocol left says nothing of this one, whose vault a stranger would have emptied
    leave(&mut world.vm, &neighbour.protocol);
    let answer = world.send(std::slice::from_ref(&record)).succeeds();
    assert_eq!(answer.returned(), [Verdict::Deny as u8]);
    let swap = |places: &[(Pubkey, Pubkey)]| {
        let mut framed = record.clone();
        for account in &mut framed.accounts {
            if let Some((_, theirs)) = places.iter().find(|(ours, _)| *ours == account.pubkey) {
                account.pubkey = *theirs;
            }
        }
        framed
    };
    let protocol = (world.us.protocol, neighbour.protocol);
    let market = (world.us.market, neighbour.market);
    let recorder = (world.us.program.recorder, neighbour.program.recorder);
    world.send(&[swap(&[protocol, market])]).fails_with(NotTheRecorder);
    // nor does the stranger sign as its recorder from here
    world.send(&[swap(&[protocol, market, recorder])]).fails_as(&InstructionError::PrivilegeEscalation);

    leave(&mut world.vm, &world.us.protocol);
    let answer = world.send(&[record]).succeeds();
    assert_eq!(answer.returned(), [Verdict::Allow as u8]);
}

/// This protocol left.
fn leave(vm: &mut Vm, protocol: &Pubkey) {
    vm.edit(protocol, |account| {
        account.data[DISCRIMINATOR + offset_of!(Protocol, detached)] = 1;
    });
}

use solana_instruction::error::InstructionError;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
