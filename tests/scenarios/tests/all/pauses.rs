//! `pause`: one guardian can harm liveness for a bounded time, and nothing else.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Operations, Severity,
    constants::{MAJOR_MAX, MAJOR_MIN, PAUSE_BUDGET_PERIOD, PAUSE_BUDGET_SECONDS, PAUSE_COOLDOWN},
    instruction,
    state::{Act, GuardianBudget, PauseOrder, Source},
};
use firebreak_scenarios::World;
use solana_signer::Signer;
use solana_transaction::Transaction;

#[test]
fn a_guardian_closes_what_it_names_for_as_long_as_it_says() {
    let mut world = World::with(|setup| setup.market.responses[1].closed = setup.market.responses[0].closed);
    let order = PauseOrder { closed: Operation::BORROW.mask(), ..world.order(1_800) };
    world.pause(1, &order).succeeds();
    world.gate(Operation::BORROW).fails_with(GateError::Closed);
    world.gate(Operation::WITHDRAW).succeeds();
    let last = *world.told().last().expect("an entry");
    assert_eq!((last.act, last.actor), (Act::Paused, world.us.guardians[1].pubkey()));
    assert_eq!((last.before, last.after, last.threshold), (Severity::Normal, Severity::Major, 1_800));
    world.vm.advance(1_800);
    world.gate(Operation::BORROW).succeeds();
}

#[test]
fn a_pause_of_everything_leaves_the_exits_open() {
    let mut world = World::default();
    let order = PauseOrder { closed: u64::MAX, ..world.order(1_800) };
    world.pause(0, &order).succeeds();
    for bit in 0..64 {
        let operation = Operation::from_bit(bit).expect("64 of them");
        let asked = world.gate(operation);
        if Operations::EXITS.contains(operation) {
            asked.succeeds();
        } else {
            asked.fails_with(GateError::Closed);
        }
    }
}

#[test]
fn a_pause_of_all_markets_holds_in_each() {
    let mut world = World::with(|setup| setup.armed = false);
    let settings = firebreak_scenarios::Setup::default().market;
    let second = world.us.register_market(&mut world.vm, 1, &settings);
    let order = world.order(1_800);
    world.pause_all(0, &order).succeeds();
    for market in [world.us.market, second] {
        let ours = (world.us.protocol, market);
        let ask = world.us.program.asks(ours, ours, Operation::WITHDRAW, firebreak_probe::Depth::Ask);
        world.send(&[ask]).fails_with(GateError::Closed);
    }
    // a flow is refused too, though its market has no latch of its own and its limiter runs in shadow
    let record = world.record(firebreak_interface::Direction::Out, Operation::WITHDRAW, 1).succeeds();
    assert_eq!(record.verdict(), firebreak_interface::Verdict::Deny);
}

#[test]
pub(crate) fn a_stranger_pauses_nothing() {
    let mut world = World::default();
    let order = world.order(1_800);
    for stranger in [&world.attacker, &world.us.authority, &world.us.keepers[0]] {
        let pause = world.us.pause(&world.vm, stranger, Some(world.us.market), &order);
        world.vm.send(&[pause], &[stranger]).fails_with(NotAGuardian);
    }
    let neighbour = world.neighbour();
    let theirs = &neighbour.guardians[0];
    let pause = world.us.pause(&world.vm, theirs, Some(world.us.market), &order);
    world.vm.send(&[pause], &[theirs]).fails_with(NotAGuardian);
}

#[test]
pub(crate) fn a_pause_signed_in_advance_waits_until_it_is_needed_or_expires() {
    for (seconds, in_time) in [(3_600, true), (3_601, false)] {
        let mut world = World::default();
        let guardian = world.us.guardians[0].insecure_clone();
        let order = world.order(1_800);
        let pause = world.us.pause(&world.vm, &guardian, Some(world.us.market), &order);
        world.vm.advance(seconds);
        let outcome = world.vm.send(&[pause], &[&guardian]);
        if in_time {
            outcome.succeeds();
        } else {
            outcome.fails_with(PauseExpired);
        }
    }
}

#[test]
fn a_signed_pause_goes_out_under_a_durable_nonce() {
    let mut world = World::default();
    let guardian = world.us.guardians[0].insecure_clone();
    let order = world.order(1_800);
    let pause =
        instruction::pause(guardian.pubkey(), world.us.protocol, Some(world.us.market), &order, Some(0));
    let (key, nonce) = (guardian.pubkey(), world.vm.key());
    let create =
        solana_system_interface::instruction::create_nonce_account(&key, &nonce.pubkey(), &key, 10_000_000);
    world.vm.send(&create, &[&guardian, &nonce]).succeeds();
    let stored = world.vm.durable_nonce(&nonce.pubkey());
    let advance = solana_system_interface::instruction::advance_nonce_account(&nonce.pubkey(), &key);
    let mut signed = Transaction::new_with_payer(&[advance, pause], Some(&key));
    signed.sign(&[&guardian], stored);
    world.vm.advance(600);
    world.vm.submit(signed).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
pub(crate) fn a_pause_of_another_epoch_is_void() {
    let mut world = World::default();
    for pause_epoch in [1, u64::MAX] {
        let order = PauseOrder { pause_epoch, ..world.order(1_800) };
        world.pause(0, &order).fails_with(StalePauseEpoch);
    }
    // what a resume will do: the order signed before it is void after it
    let order = world.order(1_800);
    let epoch = std::mem::offset_of!(firebreak_client::Protocol, pause_epoch);
    world.vm.edit(&world.us.protocol, |account| account.data[8 + epoch] = 1);
    world.pause(0, &order).fails_with(StalePauseEpoch);
}

#[test]
pub(crate) fn a_pause_of_nothing_is_refused() {
    let mut world = World::default();
    for closed in [0, Operation::REPAY.mask(), Operations::EXITS.0] {
        let order = PauseOrder { closed, ..world.order(1_800) };
        world.pause(0, &order).fails_with(NothingToClose);
    }
}

#[test]
pub(crate) fn a_pauses_length_has_bounds() {
    let mut world = World::default();
    for seconds in [0, MAJOR_MIN - 1, MAJOR_MAX + 1, u32::MAX] {
        let order = world.order(seconds);
        world.pause(0, &order).fails_with(DurationOutOfBounds);
    }
}

#[test]
pub(crate) fn the_budget_is_what_one_guardian_can_pause_in_a_period() {
    let mut world = World::default();
    let order = world.order(PAUSE_BUDGET_SECONDS + 1);
    world.pause(0, &order).fails_with(PauseBudgetSpent);
    let order = world.order(PAUSE_BUDGET_SECONDS);
    world.pause(0, &order).succeeds();
    world.vm.advance(PAUSE_BUDGET_SECONDS.into());
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).fails_with(PauseBudgetSpent);
    // a colleague has a budget of its own; the whole protocol is another
    world.pause(1, &order).succeeds();
    world.pause_all(0, &order).succeeds();
    // one second before the period is over, and exactly then
    world.vm.advance(PAUSE_BUDGET_PERIOD - u64::from(PAUSE_BUDGET_SECONDS) - 1);
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).fails_with(PauseBudgetSpent);
    world.vm.advance(1);
    world.pause(0, &order).succeeds();
}

#[test]
pub(crate) fn overlapping_pauses_count_once() {
    let mut world = World::default();
    let order = world.order(3_600);
    world.pause(0, &order).succeeds();
    world.pause(0, &order).fails_with(AlreadyHeld);
    world.vm.advance(1_800);
    let order = world.order(3_600);
    world.pause(0, &order).succeeds();
    let budget = world.us.program.addresses.budget(Some(&world.us.market), &world.us.guardians[0].pubkey());
    let spent = world.vm.read::<GuardianBudget>(&budget).spent;
    assert!((5_390..=5_410).contains(&spent), "{spent} s for 90 minutes");
}

/// What closes again in the slot in which it opens was never open.
#[test]
pub(crate) fn who_paused_rests_for_an_hour_after_it() {
    let mut world = World::default();
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).succeeds();
    world.vm.advance(60);
    // while it holds it may be made longer
    let longer = world.order(MAJOR_MIN);
    world.pause(0, &longer).succeeds();
    world.vm.advance(u64::from(MAJOR_MIN) + PAUSE_COOLDOWN - 1);
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).fails_with(GuardianRests);
    world.vm.advance(1);
    world.pause(0, &order).succeeds();
    // a quorum ends it: who paused does not begin it again, another may
    let market = Some(world.us.market);
    let resume = world.resume_order(market, Source::Guardian, Severity::Major);
    world.resume(market, &resume, &[], &[1, 2]).succeeds();
    let again = PauseOrder { pause_epoch: 1, ..world.order(MAJOR_MIN) };
    world.pause(0, &again).fails_with(GuardianRests);
    world.pause(1, &again).succeeds();
}

#[test]
fn one_guardian_for_thirty_days_stays_within_its_budget() {
    let mut world = World::default();
    let (start, mut paused) = (world.now().unix, 0);
    while world.now().unix < start + PAUSE_BUDGET_PERIOD.cast_signed() {
        let order = world.order(MAJOR_MIN);
        // refused once the budget is spent, which is what the loop measures
        let _ = world.pause(0, &order);
        world.gate(Operation::REPAY).succeeds();
        let is_paused = world.severity() >= Severity::Major;
        // again as soon as it has expired; where it was refused, once more six hours later
        let step = if is_paused { u64::from(MAJOR_MIN) } else { 6 * 3_600 };
        paused += if is_paused { step } else { 0 };
        world.vm.advance(step);
    }
    assert!(paused <= u64::from(PAUSE_BUDGET_SECONDS), "{paused} s in 30 days");
    assert!(paused > 0);
}
