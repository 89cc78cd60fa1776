//! `resume`: a quorum comes back early: one latch, named; an automatic one while its rules measure less; by steps.

use firebreak_interface::{
    BreakerError::*,
    Direction, GateError, Operation, Severity,
    constants::{DWELL_MIN, LIQUIDATION_GRACE_MIN, MAJOR_MIN, WINDOW_MIN},
    instruction::{self, Behind},
    state::{Act, Amendment, ConfirmOrder, Ratios, ResumeOrder, Source, program_data},
};
use firebreak_scenarios::{
    Amending, Balanced, Banded, FUNDS, Flow, Outcome, Setup, World, balanced::LEDGER, banded::HUNDRED, token,
    world::PROGRAM,
};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Two of our guardians clear what holds in our market.
fn resume(world: &mut World, source: Source, severity: Severity, shown: &[AccountMeta]) -> Outcome {
    let market = Some(world.us.market);
    let order = world.resume_order(market, source, severity);
    world.resume(market, &order, shown, &[0, 1])
}

/// A flow that is refused: nothing leaves, and the limiter and its market are Major.
fn refused() -> World {
    let mut world = World::default();
    world.withdraw(FUNDS / 2).succeeds();
    assert_eq!(world.vault(), FUNDS);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Major);
    world
}

/// A drain around the breaker, seen twice: a full halt.
fn halted() -> World {
    halted_with(|_| {})
}

fn halted_with(change: impl FnOnce(&mut Setup)) -> World {
    let mut world = World::with(change);
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    world
}

#[test]
fn a_pause_is_cleared_by_a_quorum_and_comes_down_by_steps() {
    let mut world = World::default();
    let (signed_before, market) = (world.order(3_600), Some(world.us.market));
    world.pause(0, &signed_before).succeeds();
    let order = world.resume_order(market, Source::Guardian, Severity::Major);
    world.resume(market, &order, &[], &[1]).fails_with(NotApproved);
    world.resume(market, &order, &[], &[1, 1]).fails_with(NotApproved);
    world.resume(market, &order, &[], &[1, 2]).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject, last.value), (Act::Resumed, world.us.market, 0b110));
    assert_eq!((last.before, last.after), (Severity::Major, Severity::Minor));
    // what it closed by name is open, what a caution closes is not yet
    world.gate(Operation::WITHDRAW).succeeds();
    world.gate(Operation::LIST).fails_with(GateError::Closed);
    world.vm.advance(u64::from(DWELL_MIN) - 1);
    world.gate(Operation::LIST).fails_with(GateError::Closed);
    world.vm.advance(1);
    world.gate(Operation::LIST).succeeds();
    // the order is not replayed, nor is a pause that was signed before
    world.resume(market, &order, &[], &[1, 2]).fails_with(NotHeld);
    assert_eq!(world.protocol().pause_epoch, 1);
    world.pause(2, &signed_before).fails_with(StalePauseEpoch);
    world.step_down().succeeds();
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
pub(crate) fn a_refused_flow_is_cleared_at_once_for_nothing_left() {
    let mut world = refused();
    let market = Some(world.us.market);
    let order = world.resume_order(market, Source::Limiter, Severity::Major);
    world.resume(market, &order, &[], &[0, 1]).fails_with(RuleNotShown);
    let shown = world.show_limiter();
    world.resume(market, &order, &shown, &[0]).fails_with(NotApproved);
    world.resume(market, &order, &shown, &[0, 1]).succeeds();
    assert_eq!(world.limiter().severity(world.now()), Severity::Normal);
    assert_eq!(world.severity(), Severity::Minor);
    // nothing that is left of it raises the market again
    world.poke().fails_with(NothingToLatch);
    world.withdraw(FUNDS / 100).succeeds();
    assert_eq!(world.vault(), FUNDS - FUNDS / 100);
    world.vm.advance(DWELL_MIN.into());
    assert_eq!(world.severity(), Severity::Normal);
}

/// Case 12: resume while the condition still holds.
#[test]
pub(crate) fn a_latch_stays_while_what_raised_it_is_so() {
    let mut world = halted();
    let (market, shown) = (Some(world.us.market), world.show_limiter());
    let order = world.resume_order(market, Source::Limiter, Severity::Critical);
    world.resume(market, &order, &shown, &[0, 1]).fails_with(ConditionHolds);
    // more is gone, which nobody has poked
    world.drain(FUNDS / 10).succeeds();
    world.resume(market, &order, &shown, &[0, 1]).fails_with(PokeFirst);
    world.poke().succeeds();
    world.resume(market, &order, &shown, &[0, 1, 2]).fails_with(ConditionHolds);
    assert_eq!(world.severity(), Severity::Critical);
    // a vault that is not the one that was registered stands for the worst
    let vault = world.us.vault;
    let thief = world.attacker.pubkey();
    world.vm.edit(&vault, |account| account.data[32..64].copy_from_slice(thief.as_ref()));
    world.poke().succeeds();
    world.resume(market, &order, &shown, &[0, 1, 2]).fails_with(ConditionHolds);
    assert_eq!(world.protocol().pause_epoch, 0);
}

/// Case 12: nobody is liquidated in the slot of the resume.
#[test]
fn a_halt_that_is_cleared_comes_down_by_steps_with_its_grace() {
    let mut world = Balanced::default();
    world.owe(2 * FUNDS);
    world.poke().succeeds();
    world.world.vm.advance(1);
    world.poke().succeeds();
    assert_eq!(world.world.severity(), Severity::Critical);
    let market = Some(world.world.us.market);
    let shown: Vec<_> = shows(&world);
    let order = world.world.resume_order(market, Source::Invariant, Severity::Critical);
    world.world.resume(market, &order, &shown, &[0, 1]).fails_with(ConditionHolds);
    // it is worse than a caution, and better than a halt
    world.owe(FUNDS + FUNDS / 50);
    world.world.resume(market, &order, &shown, &[0, 1]).succeeds();
    assert_eq!(world.world.severity(), Severity::Major);
    world.world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
    // the Major that the first look latched has a condition of its own
    resume(&mut world.world, Source::Invariant, Severity::Major, &shown).fails_with(ConditionHolds);
    world.owe(FUNDS);
    resume(&mut world.world, Source::Invariant, Severity::Major, &shown).succeeds();
    assert_eq!(world.world.severity(), Severity::Major, "the dwell of the halt");
    world.world.vm.advance(u64::from(LIQUIDATION_GRACE_MIN) - 1);
    world.world.gate(Operation::LIQUIDATE).fails_with(GateError::Closed);
    world.world.vm.advance(1);
    world.world.gate(Operation::LIQUIDATE).succeeds();
    world.world.vm.advance(DWELL_MIN.into());
    assert_eq!(world.world.severity(), Severity::Normal);
}

/// An invariant and its terms' accounts.
fn shows(balanced: &Balanced) -> Vec<AccountMeta> {
    let terms = balanced.terms.iter().map(|term| AccountMeta::new_readonly(*term, false));
    [AccountMeta::new(balanced.invariant, false)].into_iter().chain(terms).collect()
}

#[test]
fn a_band_is_cleared_by_its_prices() {
    let mut banded = Banded::default();
    banded.poke_at(HUNDRED * 2).succeeds();
    let feed = banded.settings.primary.account;
    let shown = [AccountMeta::new(banded.band, false), AccountMeta::new_readonly(feed, false)];
    resume(&mut banded.world, Source::PriceBand, Severity::Major, &shown).fails_with(ConditionHolds);
    banded.post(HUNDRED);
    // a price account of somebody's own says what he likes
    let other = [shown[0].clone(), AccountMeta::new_readonly(LEDGER, false)];
    resume(&mut banded.world, Source::PriceBand, Severity::Major, &other).fails_with(WrongPriceAccount);
    resume(&mut banded.world, Source::PriceBand, Severity::Major, &shown).succeeds();
    assert_eq!(banded.world.severity(), Severity::Minor);
}

#[test]
fn an_upgrade_is_cleared_once_the_code_is_as_agreed() {
    let mut world = World::default();
    let data = program_data(&PROGRAM);
    let pin = world.amending(world.us.protocol, Amendment::Pin);
    world.amend(&Amending { rest: vec![data], ..pin }).succeeds();
    let change = |account: &mut solana_account::Account| {
        account.data[4] ^= 1;
        account.data[45] ^= 1;
    };
    world.vm.edit(&data, change);
    let poke = instruction::poke_program(world.us.protocol, &PROGRAM, world.us.segment(&world.vm));
    world.send(&[poke]).succeeds();
    let order = world.resume_order(None, Source::Program, Severity::Major);
    let shown = [AccountMeta::new_readonly(data, false)];
    world.resume(None, &order, &[], &[0, 1]).fails_with(RuleNotShown);
    world.resume(None, &order, &shown, &[0, 1]).fails_with(ConditionHolds);
    world.vm.edit(&data, change);
    world.resume(None, &order, &shown, &[0, 1]).succeeds();
    assert_eq!(world.severity(), Severity::Minor);
}

/// Our market with a second vault, of which this is the limiter, both armed.
fn two_vaults() -> (World, [Pubkey; 2]) {
    let mut world = World::with(|setup| {
        (setup.armed, setup.seasoned) = (false, false);
        // people are liquidated while withdrawals are closed
        setup.market.responses[1].closed &= !Operation::LIQUIDATE.mask();
    });
    let (vault, limiter) =
        world.us.guard_vault(&mut world.vm, world.us.market, FUNDS, &Setup::default().limiter);
    for vault in [world.us.vault, vault] {
        let arm = world.us.arm(&world.vm, vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    }
    world.wait();
    (world, [limiter, vault])
}

/// A flow out of this vault that is refused, and a poke of it.
fn refuse(world: &mut World, vault: Pubkey, operation: Operation) {
    let flow = world.us.flow(Direction::Out, operation, FUNDS / 2);
    world.pay(&Flow { vault, ..flow }).succeeds();
    let poke = instruction::poke(world.us.protocol, world.us.market, vault, world.us.segment(&world.vm));
    world.send(&[poke]).succeeds();
}

/// Case 12: what was approved for one vault's incident clears no other's, also where nothing left that one.
#[test]
fn an_approval_is_of_the_rules_that_were_seen() {
    let (mut world, [limiter, vault]) = two_vaults();
    let ours = world.us.vault;
    refuse(&mut world, ours, Operation::WITHDRAW);
    let market = Some(world.us.market);
    let order = world.resume_order(market, Source::Limiter, Severity::Major);
    // the thief tries the other vault before they have sent it, by what is open yet
    refuse(&mut world, vault, Operation::LIQUIDATE);
    let theirs = [AccountMeta::new(limiter, false), AccountMeta::new_readonly(vault, false)];
    let both = [&theirs[..], &world.show_limiter()].concat();
    world.resume(market, &order, &both, &[0, 1]).fails_with(AnotherLatch);
    assert_eq!(world.severity(), Severity::Major);
    resume(&mut world, Source::Limiter, Severity::Major, &both).succeeds();
}

/// A latch of a program of before, which remembered no rules: nothing could be shown to be over.
#[test]
fn a_latch_of_no_rule_that_is_known_ends_by_itself() {
    let mut world = refused();
    let market = world.us.market;
    let mut before: firebreak_client::Market = world.vm.read(&market);
    before.board.slots[1].rules = 0;
    world.vm.edit(&market, |account| account.data[8..].copy_from_slice(bytemuck::bytes_of(&before)));
    let shown = world.show_limiter();
    resume(&mut world, Source::Limiter, Severity::Major, &[]).fails_with(RuleNotShown);
    resume(&mut world, Source::Limiter, Severity::Major, &shown).fails_with(NotAGuardian);
    world.vm.advance(u64::from(MAJOR_MIN));
    assert_eq!(world.severity(), Severity::Minor);
}

/// Case 12: resume one incident and clear another. Two vaults of a market, each with its own reason in one latch.
#[test]
fn every_rule_that_a_latch_stands_for_is_shown() {
    let (mut world, [other, other_vault]) = two_vaults();
    let market = Some(world.us.market);
    // theirs is refused, ours is drained
    refuse(&mut world, other_vault, Operation::WITHDRAW);
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    let latch = *world.market().board.slot(Source::Limiter, Severity::Major).expect("a slot");
    assert_eq!((latch.rules, latch.count), (0b11, 2));
    let order = world.resume_order(market, Source::Limiter, Severity::Major);
    let ours = world.show_limiter();
    let theirs = [AccountMeta::new(other, false), AccountMeta::new_readonly(other_vault, false)];
    world.resume(market, &order, &theirs, &[0, 1]).fails_with(RuleNotShown);
    let twice = [&theirs[..], &theirs].concat();
    world.resume(market, &order, &twice, &[0, 1]).fails_with(RuleNotShown);
    let both = [&theirs[..], &ours].concat();
    world.resume(market, &order, &both, &[0, 1]).fails_with(ConditionHolds);
    // another's vault, in which nothing is missing
    let crossed = [ours[0].clone(), theirs[1].clone(), theirs[0].clone(), ours[1].clone()];
    world.resume(market, &order, &crossed, &[0, 1]).fails_with(WrongVault);
    assert_eq!(world.severity(), Severity::Major);
}

/// A rule of another market of the same protocol measures nothing of this one.
#[test]
fn a_rule_of_another_market_says_nothing_of_this_one() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let second = world.us.register_market(&mut world.vm, 1, &Setup::default().market);
    let (vault, limiter) = world.us.guard_vault(&mut world.vm, second, FUNDS, &Setup::default().limiter);
    for vault in [world.us.vault, vault] {
        let arm = world.us.arm(&world.vm, vault);
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    }
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    let theirs = [AccountMeta::new(limiter, false), AccountMeta::new_readonly(vault, false)];
    resume(&mut world, Source::Limiter, Severity::Major, &theirs).fails_with(WrongMarket);
}

#[test]
pub(crate) fn an_order_is_of_one_latch_and_of_what_was_in_it() {
    let mut world = World::default();
    let market = Some(world.us.market);
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).succeeds();
    let first = world.resume_order(market, Source::Guardian, Severity::Major);
    // another guardian has another reason, which nobody agreed to clear
    let longer = world.order(MAJOR_MIN + 600);
    world.pause(1, &longer).succeeds();
    world.resume(market, &first, &[], &[0, 2]).fails_with(AnotherLatch);
    // it is over, and another incident takes the slot
    world.vm.advance(u64::from(MAJOR_MIN) + 600);
    world.resume(market, &first, &[], &[0, 2]).fails_with(NotHeld);
    let again = world.order(MAJOR_MIN);
    world.pause(2, &again).succeeds();
    world.resume(market, &first, &[], &[0, 2]).fails_with(AnotherLatch);
    let now = world.resume_order(market, Source::Guardian, Severity::Major);
    let other = ResumeOrder { count: now.count + 1, ..now };
    world.resume(market, &other, &[], &[0, 2]).fails_with(AnotherLatch);
    world.resume(market, &now, &[], &[0, 2]).succeeds();
}

/// A keeper's raise has no condition that could be shown: people look.
#[test]
fn a_raise_is_cleared_as_a_pause_is() {
    let mut world = World::default();
    world.raise(0, 600).succeeds();
    resume(&mut world, Source::Keeper, Severity::Minor, &[]).succeeds();
    assert_eq!(world.severity(), Severity::Normal);
    world.raise(0, 600).succeeds();
}

#[test]
fn nothing_half_way_through_a_loan_is_shown() {
    let mut world = Balanced::default();
    world.owe(FUNDS + FUNDS / 50);
    world.poke().succeeds();
    let mut world_terms = shows(&world);
    let order = world.world.resume_order(Some(world.world.us.market), Source::Invariant, Severity::Major);
    let direct = signed(&mut world.world, &order, &world_terms);
    let lent =
        token::transfer(&world.world.purse, &world.world.us.vault, &world.world.alice.pubkey(), FUNDS / 10);
    let keys = world.world.guardian_keys(&[0, 1]);
    let alice = world.world.alice.insecure_clone();
    let signers = [&alice, &keys[0], &keys[1]];
    world.world.vm.send(&[lent, direct.clone()], &signers).fails_with(WrongCompany);
    let wrapped = world.world.us.program.calls(direct);
    world.world.vm.send(&[wrapped], &signers).fails_with(NotTopLevel);
    world_terms.truncate(2);
    resume(&mut world.world, Source::Invariant, Severity::Major, &world_terms).fails_with(WrongTermAccount);
}

/// `resume` of our market by guardians 0 and 1, with a stamp of now.
fn signed(world: &mut World, order: &ResumeOrder, shown: &[AccountMeta]) -> Instruction {
    let stamp = world.stamp();
    let keys: Vec<Pubkey> = world.guardian_keys(&[0, 1]).iter().map(Signer::pubkey).collect();
    let (scope, segment) = ((world.us.protocol, Some(world.us.market)), world.us.segment(&world.vm));
    instruction::resume(Behind::signers(&keys), scope, (order, Some(&stamp)), shown, segment)
}

/// What clears a latch is of now: no signature of an hour ago, under whatever disguise.
#[test]
fn who_signs_a_resume_signs_now() {
    let mut world = World::default();
    let order = world.order(3 * 3_600);
    world.pause(0, &order).succeeds();
    let market = Some(world.us.market);
    let order = world.resume_order(market, Source::Guardian, Severity::Major);
    let keys = world.guardian_keys(&[0, 1]);
    let signers = [&keys[0], &keys[1]];
    let (key, nonce) = (keys[0].pubkey(), world.vm.key());
    let create =
        solana_system_interface::instruction::create_nonce_account(&key, &nonce.pubkey(), &key, 10_000_000);
    world.vm.send(&create, &[&keys[0], &nonce]).succeeds();
    let advance = solana_system_interface::instruction::advance_nonce_account(&nonce.pubkey(), &key);
    let early = signed(&mut world, &order, &[]);
    let both: Vec<Pubkey> = keys.iter().map(Signer::pubkey).collect();
    let (scope, segment) = ((world.us.protocol, market), world.us.segment(&world.vm));
    let unstamped = instruction::resume(Behind::signers(&both), scope, (&order, None), &[], segment);
    world.vm.send(&[unstamped], &signers).fails_with(StaleStamp);
    let stored = world.vm.durable_nonce(&nonce.pubkey());
    let mut under_nonce =
        solana_transaction::Transaction::new_with_payer(&[advance.clone(), early.clone()], Some(&key));
    under_nonce.sign(&signers, stored);
    world.vm.submit(under_nonce).fails_with(DurableNonce);
    world.vm.advance(3_600);
    world.vm.remember_slots();
    world.vm.send(std::slice::from_ref(&early), &signers).fails_with(StaleStamp);
    world.vm.send(&[early, advance], &signers).fails_with(StaleStamp);
    resume(&mut world, Source::Guardian, Severity::Major, &[]).succeeds();
}

/// A rule that went back to shadow stands for nothing; its latch is cleared by showing that.
#[test]
fn a_rule_in_shadow_stands_for_nothing() {
    let mut world = World::default();
    let disarm = Amending {
        rest: vec![instruction::INSTRUCTIONS, world.us.vault],
        ..world.amending(world.us.limiter, Amendment::Disarm)
    };
    let proposal = world.propose(&disarm);
    world.wait();
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    world.execute(proposal, &disarm).succeeds();
    let shown = world.show_limiter();
    resume(&mut world, Source::Limiter, Severity::Major, &shown).succeeds();
}

#[test]
fn a_minor_and_a_major_of_one_rule_are_two_latches() {
    let mut world = halted_with(|setup| setup.limiter.undeclared_seconds = WINDOW_MIN);
    let order = world.resume_order(Some(world.us.market), Source::Limiter, Severity::Major);
    // the halt outlasts what is below it, and what was lost is forgotten by then
    world.vm.advance(MAJOR_MIN.into());
    let shown = world.show_limiter();
    let halt = world.resume_order(Some(world.us.market), Source::Limiter, Severity::Critical);
    world.resume(Some(world.us.market), &order, &shown, &[0, 1]).fails_with(NotHeld);
    world.resume(Some(world.us.market), &halt, &shown, &[0, 1]).succeeds();
    assert_eq!(world.severity(), Severity::Major, "a step at a time");
}

/// Case 17: whoever holds the authority's key makes a comparison false by tightening it. Who comes back is held by what
/// waited, and not by that.
#[test]
fn what_a_key_tightened_until_it_trips_holds_nobody_off() {
    let mut world = Balanced::default();
    let tightened = Ratios { bps: [12_000, 11_000, 9_500] };
    let change = world.world.amending(world.invariant, Amendment::Invariant(tightened));
    world.world.amend(&change).succeeds();
    world.poke().succeeds();
    assert_eq!(world.world.severity(), Severity::Major);
    let shown = shows(&world);
    resume(&mut world.world, Source::Invariant, Severity::Major, &shown).succeeds();
    assert_eq!(world.world.severity(), Severity::Minor);
    // a real loss holds, by the ratios that waited
    world.owe(FUNDS + FUNDS / 50);
    world.poke().succeeds();
    resume(&mut world.world, Source::Invariant, Severity::Major, &shown).fails_with(ConditionHolds);
}

/// What cannot be measured is taken to be as bad as it was.
#[test]
fn nothing_is_cleared_blindly() {
    let mut world = Balanced::default();
    world.owe(2 * FUNDS);
    world.poke().succeeds();
    world.world.vm.advance(1);
    world.poke().succeeds();
    let shown = shows(&world);
    let thief = world.world.attacker.pubkey();
    world.world.vm.edit(&LEDGER, |account| account.owner = thief);
    resume(&mut world.world, Source::Invariant, Severity::Critical, &shown).fails_with(ConditionHolds);
    world.owe(FUNDS);
    resume(&mut world.world, Source::Invariant, Severity::Critical, &shown).succeeds();

    let mut banded = Banded::default();
    banded.poke_at(HUNDRED * 2).succeeds();
    let feed = banded.settings.primary.account;
    let shown = [AccountMeta::new(banded.band, false), AccountMeta::new_readonly(feed, false)];
    // the price is what it was, and stale
    banded.post(HUNDRED);
    banded.world.vm.advance(u64::from(banded.settings.max_age) + 1);
    resume(&mut banded.world, Source::PriceBand, Severity::Major, &shown).fails_with(ConditionHolds);
    // it is fresh, and nobody has observed for so long that the reference says nothing
    let hold = ConfirmOrder {
        latch: banded.world.latch(Some(banded.world.us.market), Source::PriceBand, Severity::Major),
        seconds: 86_400,
    };
    banded.world.confirm(Some(banded.world.us.market), &hold, &[0, 1]).succeeds();
    banded.world.vm.advance(u64::from(banded.settings.observe_within));
    banded.post(HUNDRED);
    resume(&mut banded.world, Source::PriceBand, Severity::Major, &shown).fails_with(ConditionHolds);
}
