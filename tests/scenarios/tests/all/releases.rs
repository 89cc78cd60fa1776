//! Money that goes back: as guardians approved it, when they have waited, and to where it was registered.

mod mints;
pub(crate) mod refused;

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::*,
    instruction::{self, INSTRUCTIONS},
    pda,
    state::{Act, Amendment, GuardianAct, Proposed, ReleaseOrder, RouteSettings, Source},
};
use firebreak_scenarios::{Amending, Balanced, FUNDS, Outcome, World, token};
use solana_instruction::AccountMeta;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// More than there can be: what the safe owes nobody.
pub(crate) const ALL: u64 = u64::MAX;

/// Our vault has a way to safety, and anyone may take it in a halt.
pub(crate) fn guarded(custody: bool) -> World {
    World::with(|setup| {
        setup.route = Some(RouteSettings { by_anyone: 1, ..RouteSettings::starting() });
        setup.custody = custody;
    })
}

/// All that our vault had is safe, by an order whose day is over.
pub(crate) fn rescued(custody: bool) -> World {
    let mut world = guarded(custody);
    world.rescue();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
    world
}

/// So much goes back to our vault.
pub(crate) fn back(world: &World, amount: u64) -> ReleaseOrder {
    let vault = world.us.vault;
    ReleaseOrder { vault, amount, destination: vault, owner: world.route().vault_owner }
}

/// A guardian proposes it, under this number; nobody else has approved it yet.
pub(crate) fn propose(world: &mut World, nonce: u64, act: &GuardianAct) -> Pubkey {
    let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), nonce, act);
    proposed.succeeds();
    world.vm.advance(1);
    proposal
}

/// A quorum has approved it, and it has waited.
pub(crate) fn agree(world: &mut World, nonce: u64, act: &GuardianAct) -> Pubkey {
    let proposal = propose(world, nonce, act);
    world.approve(proposal, &[1]).succeeds();
    world.wait();
    proposal
}

/// `begin_release` with the authority's signature, or without.
pub(crate) fn begin(world: &mut World, proposal: Pubkey, order: &ReleaseOrder, is_signed: bool) -> Outcome {
    let us = &world.us;
    let authority = is_signed.then(|| us.authority.pubkey());
    let of = (us.protocol, us.market, us.mint);
    let begin = instruction::begin_release(proposal, authority, of, order, us.segment(&world.vm));
    let by = if is_signed { &world.us.authority } else { &world.attacker };
    world.vm.send(&[begin], &[by])
}

/// Anyone takes a step.
pub(crate) fn step(world: &mut World, to: Pubkey) -> Outcome {
    let release = instruction::release(world.us.protocol, &world.way(), to, world.us.segment(&world.vm));
    world.vm.send(&[release], &[&world.attacker])
}

/// Anyone takes a step to our vault.
pub(crate) fn step_back(world: &mut World) -> Outcome {
    let vault = world.us.vault;
    step(world, vault)
}

/// Agreed on, begun with the authority's signature, and no step taken.
pub(crate) fn begun(world: &mut World, nonce: u64, order: &ReleaseOrder) {
    let proposal = agree(world, nonce, &GuardianAct::Release(*order));
    begin(world, proposal, order, true).succeeds();
}

/// All four steps back to our vault, a dwell apart.
pub(crate) fn walk_back(world: &mut World) {
    for _ in 0..RELEASE_STEPS {
        step_back(world).succeeds();
        dwell(world);
    }
}

/// A dwell of our market goes by.
pub(crate) fn dwell(world: &mut World) {
    let dwell = world.market().dwell;
    world.vm.advance(dwell.into());
}

/// A vault that has a way to safety, in escort, under an invariant that does not count what is in the safe, and that may call
/// a halt for days. The invariant and the limiter are armed and seasoned.
fn compared() -> Balanced {
    let world = World::with(|setup| {
        setup.route = Some(RouteSettings { by_anyone: 1, ..RouteSettings::starting() });
        setup.market.durations[2] = CRITICAL_MAX;
        (setup.armed, setup.seasoned) = (false, false);
    });
    let mut balanced = Balanced::over(world).seasoned();
    let arm = balanced.world.us.arm(&balanced.world.vm, balanced.world.us.vault);
    balanced.world.vm.send(&[arm], &[&balanced.world.us.authority]).succeeds();
    balanced.world.wait();
    balanced
}

/// The same, moved to safety by an order whose day is over.
fn compared_and_rescued() -> Balanced {
    let mut balanced = compared();
    balanced.world.rescue();
    balanced
}

/// Somebody looks twice.
fn halt(balanced: &mut Balanced) {
    balanced.poke().succeeds();
    balanced.world.vm.advance(1);
    balanced.poke().succeeds();
    assert_eq!(balanced.world.severity(), Severity::Critical);
}

/// Other settings of our route, by a proposal that has waited.
fn reroute(world: &mut World, change: impl FnOnce(&mut RouteSettings)) {
    let mut settings = world.route().settings;
    change(&mut settings);
    let (market, vault) = (world.us.market, world.us.vault);
    let act = Proposed::RegisterRoute(settings);
    let proposal = world.propose_act(&act, &[market, vault]);
    world.wait();
    let register = world.us.register_route(&world.vm, vault, &settings);
    world.register_by(proposal, &register).succeeds();
}

#[test]
pub(crate) fn money_goes_back_in_four_steps_a_dwell_apart() {
    for custody in [true, false] {
        let mut world = rescued(custody);
        step_back(&mut world).fails_with(NothingToRelease);
        let order = back(&world, ALL);
        let proposal = propose(&mut world, 0, &GuardianAct::Release(order));
        begin(&mut world, proposal, &order, true).fails_with(ProposalNotRipe);
        world.wait();
        begin(&mut world, proposal, &order, true).fails_with(NotApproved);
        world.approve(proposal, &[1]).succeeds();
        begin(&mut world, proposal, &ReleaseOrder { amount: 1, ..order }, true).fails_with(WrongProposal);
        begin(&mut world, proposal, &order, true).succeeds();
        let last = *world.told().last().expect("told");
        assert_eq!((last.act, last.actor, last.subject), (Act::ReleaseBegun, proposal, world.us.vault));
        assert_eq!((last.value, last.threshold), (FUNDS, 1), "what there is, and the authority signed");
        begin(&mut world, proposal, &order, true).fails_with(ProposalFinished);

        let elastic = world.limiter().elastic;
        for taken in 1..=RELEASE_STEPS {
            step_back(&mut world).succeeds();
            assert_eq!(world.vault(), FUNDS / RELEASE_STEPS * taken);
            if taken < RELEASE_STEPS {
                step_back(&mut world).fails_with(ReleaseNotDue);
                world.vm.advance(u64::from(DWELL_MIN) - 1);
                step_back(&mut world).fails_with(ReleaseNotDue);
                world.vm.advance(1);
            }
        }
        let last = *world.told().last().expect("told");
        assert_eq!((last.act, last.actor, last.subject), (Act::Released, world.route_key(), world.us.vault));
        assert_eq!((last.value, last.threshold), (FUNDS / RELEASE_STEPS, FUNDS / RELEASE_STEPS));
        dwell(&mut world);
        step_back(&mut world).fails_with(NothingToRelease);
        assert!(world.safe().is_empty(world.now()));
        // it came by no flow: there is no more room than before, and nothing is missing
        assert!(world.limiter().elastic <= elastic);
        assert_eq!(world.limiter().expected, FUNDS);
        world.poke().fails_with(NothingToLatch);
        world.verify_journal(&world.told()).expect("sound");
    }
}

#[test]
pub(crate) fn without_the_authority_it_takes_14_days_and_goes_back_to_the_vault() {
    let mut world = rescued(true);
    let order = back(&world, ALL);
    let proposal = propose(&mut world, 0, &GuardianAct::Release(order));
    world.vm.advance(DAY);
    world.approve(proposal, &[1]).succeeds();
    let agreed = world.now();
    world.wait();
    begin(&mut world, proposal, &order, false).fails_with(AuthorityMustSign);
    // one who approves last does not make the others wait once more
    world.vm.advance(RELEASE_ALONE_AFTER - DAY - u64::from(LOOSENING_DELAY_DEFAULT));
    world.approve(proposal, &[2]).succeeds();
    let due = agreed.plus(RELEASE_ALONE_AFTER);
    world.vm.set_clock(due.slot, due.unix - 1);
    begin(&mut world, proposal, &order, false).fails_with(AuthorityMustSign);
    world.vm.set_clock(due.slot - 1, due.unix);
    begin(&mut world, proposal, &order, false).fails_with(AuthorityMustSign);
    world.vm.set_clock(due.slot, due.unix);
    begin(&mut world, proposal, &order, false).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.threshold), (Act::ReleaseBegun, 0));
    step_back(&mut world).succeeds();
    assert_eq!(world.vault(), FUNDS / RELEASE_STEPS);
}

/// The authority's key is stolen, and frozen: the thief agrees to nothing, and holds nobody off.
#[test]
fn a_frozen_authority_agrees_to_nothing_and_the_release_does_without() {
    let mut world = rescued(true);
    let order = back(&world, ALL);
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    world.freeze(0, &[0, 1]).succeeds();
    begin(&mut world, proposal, &order, true).fails_with(AuthorityFrozen);
    world.vm.advance(RELEASE_ALONE_AFTER);
    begin(&mut world, proposal, &order, true).fails_with(AuthorityFrozen);
    begin(&mut world, proposal, &order, false).succeeds();
    step_back(&mut world).succeeds();
}

/// Case 17: with the authority's key every limit is at its floor, and a comparison is false and halts the market whenever a
/// halt ends. The guardians' release needs no signature of that key, and nothing that it can measure holds it off.
#[test]
fn a_ransom_by_tightening_does_not_hold_the_release_off() {
    let mut balanced = compared_and_rescued();
    let order = back(&balanced.world, ALL);
    let proposal = agree(&mut balanced.world, 0, &GuardianAct::Release(order));
    // the order's pause is over
    balanced.world.step_down().succeeds();
    let world = &balanced.world;
    for tighter in [
        world.limiter_scaled(1),
        world.market_with(|settings| {
            settings.durations = [MINOR_MAX, MAJOR_MAX, CRITICAL_MAX];
            settings.dwell *= 2;
        }),
    ] {
        balanced.world.amend(&tighter).succeeds();
    }
    halt(&mut balanced);
    balanced.world.vm.advance(1);
    begin(&mut balanced.world, proposal, &order, true).fails_with(MigrationUnderWay);
    balanced.world.vm.advance(RELEASE_ALONE_AFTER);
    halt(&mut balanced);
    balanced.world.vm.advance(1);
    let mut world = balanced.world;
    begin(&mut world, proposal, &order, false).succeeds();
    for _ in 0..RELEASE_STEPS {
        // nobody moves it to safety again: the release ended that for this halt
        world.migrate().fails_with(NoMigration);
        step_back(&mut world).succeeds();
        dwell(&mut world);
    }
    assert_eq!(world.vault(), FUNDS);
}

/// He signs the release himself, so that none is left that could begin without him, and holds its steps up.
#[test]
fn a_thief_who_begins_it_himself_holds_it_off_for_no_longer() {
    let mut balanced = compared_and_rescued();
    let order = back(&balanced.world, ALL);
    let proposal = agree(&mut balanced.world, 0, &GuardianAct::Release(order));
    balanced.world.step_down().succeeds();
    begin(&mut balanced.world, proposal, &order, true).succeeds();
    balanced.world.vm.advance(1);
    halt(&mut balanced);
    step_back(&mut balanced.world).fails_with(MigrationUnderWay);
    begin(&mut balanced.world, proposal, &order, false).fails_with(ProposalFinished);
    balanced.world.vm.advance(RELEASE_ALONE_AFTER);
    halt(&mut balanced);
    let mut world = balanced.world;
    for _ in 0..RELEASE_STEPS {
        step_back(&mut world).succeeds();
        dwell(&mut world);
    }
    assert_eq!((world.vault(), world.in_safe()), (FUNDS, 0));
}

/// Case 18: two fifths are lost and the rest is moved to safety; it comes back, the loss is accepted, and the market opens
/// step by step.
#[test]
fn after_a_loss_of_two_fifths_the_protocol_comes_back() {
    let mut balanced = compared();
    let (lost, left) = (FUNDS / 5 * 2, FUNDS / 5 * 3);
    balanced.world.drain(lost).succeeds();
    halt(&mut balanced);
    balanced.world.migrate().succeeds();
    assert_eq!((balanced.world.vault(), balanced.world.in_safe()), (0, left));
    // who deposits late is moved too, and once more is nothing
    let late = FUNDS / 1_000;
    balanced.world.deposit(late).succeeds();
    balanced.world.migrate().succeeds();
    balanced.world.migrate().succeeds();
    assert_eq!((balanced.world.vault(), balanced.world.in_safe()), (0, left + late));

    balanced.world.vm.advance(1);
    let order = back(&balanced.world, ALL);
    let release = propose(&mut balanced.world, 0, &GuardianAct::Release(order));
    balanced.world.approve(release, &[1]).succeeds();
    let accept = Amending {
        subject: balanced.invariant,
        amendment: Amendment::AcceptLoss { least: 6_000 },
        rest: [&[INSTRUCTIONS], &balanced.terms[..]].concat(),
    };
    let accepting = balanced.world.propose(&accept);
    balanced.world.vm.advance(1);
    balanced.world.approve(accepting, &[0, 1]).succeeds();
    balanced.world.wait();
    // while the vault is empty nobody can tell what is left
    balanced.world.execute(accepting, &accept).fails_with(LossGrew);
    begin(&mut balanced.world, release, &order, true).succeeds();
    walk_back(&mut balanced.world);
    assert_eq!(balanced.world.vault(), left + late);
    // until it is accepted it halts the market whenever somebody looks
    balanced.world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
    balanced.world.execute(accepting, &accept).succeeds();
    balanced.poke().fails_with(NothingToLatch);
    let mut world = balanced.world;
    let resume = world.resume_order(Some(world.us.market), Source::Invariant, Severity::Critical);
    let terms = balanced.terms.iter().map(|term| AccountMeta::new_readonly(*term, false));
    let shown: Vec<_> = [AccountMeta::new(balanced.invariant, false)].into_iter().chain(terms).collect();
    world.resume(Some(world.us.market), &resume, &shown, &[0, 1]).succeeds();
    for severity in [Severity::Major, Severity::Minor, Severity::Normal] {
        assert_eq!(world.severity(), severity, "down in steps");
        dwell(&mut world);
    }
    // what may leave follows yesterday's balance, which was none: at first next to nothing, a day later as before
    world.gate(Operation::WITHDRAW).succeeds();
    let before = world.alice();
    world.withdraw(left / 100).succeeds();
    assert_eq!(world.alice(), before);
    world.vm.advance(DAY);
    world.withdraw(left / 100).succeeds();
    assert_eq!(world.alice(), before + left / 100);
    world.verify_journal(&world.told()).expect("sound");
}

/// A release may not be the last word: guardians order money back to safety, and what was left of it is over.
#[test]
pub(crate) fn an_order_comes_before_a_release_and_ends_it() {
    let mut world = rescued(true);
    let order = back(&world, ALL);
    let first = agree(&mut world, 0, &GuardianAct::Release(order));
    let second = agree(&mut world, 1, &GuardianAct::Release(order));
    begin(&mut world, first, &order, true).succeeds();
    step_back(&mut world).succeeds();
    world.order_migration();
    begin(&mut world, second, &order, true).fails_with(MigrationUnderWay);
    dwell(&mut world);
    step_back(&mut world).fails_with(MigrationUnderWay);
    // also where nothing was moved
    world.vm.advance(MIGRATION_WINDOW);
    step_back(&mut world).fails_with(NothingToRelease);
    // approved before the order, it is of what was there then: neither a stolen key nor time begins it
    begin(&mut world, second, &order, true).fails_with(NothingToRelease);
    let second = agree(&mut world, 2, &GuardianAct::Release(order));
    begin(&mut world, second, &order, true).succeeds();
    step_back(&mut world).succeeds();
    world.order_migration();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
    world.vm.advance(MIGRATION_WINDOW);
    step_back(&mut world).fails_with(NothingToRelease);
    let third = agree(&mut world, 3, &GuardianAct::Release(order));
    begin(&mut world, third, &order, true).succeeds();
    step_back(&mut world).succeeds();
    assert_eq!(world.vault(), FUNDS / RELEASE_STEPS);
}

/// In a halt that guardians had not seen when they approved, the authority's key is not enough to end the rescue; and what
/// was moved in it is not taken out by what is left of a release.
#[test]
fn a_new_halt_stops_a_release_and_no_stolen_key_ends_the_rescue_in_it() {
    let mut balanced = compared_and_rescued();
    let order = back(&balanced.world, FUNDS / 2);
    let [first, second] = [0, 1].map(|nonce| {
        let proposal = propose(&mut balanced.world, nonce, &GuardianAct::Release(order));
        balanced.world.approve(proposal, &[1]).succeeds();
        proposal
    });
    balanced.world.wait();
    begin(&mut balanced.world, first, &order, true).succeeds();
    step_back(&mut balanced.world).succeeds();
    halt(&mut balanced);
    let mut world = balanced.world;
    dwell(&mut world);
    step_back(&mut world).fails_with(MigrationUnderWay);
    begin(&mut world, second, &order, true).fails_with(MigrationUnderWay);
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS));
    world.vm.advance(CRITICAL_MAX.into());
    assert_eq!(world.severity(), Severity::Minor);
    step_back(&mut world).fails_with(NothingToRelease);
    begin(&mut world, second, &order, true).succeeds();
    step_back(&mut world).succeeds();
    assert_eq!(world.vault(), FUNDS / 2 / RELEASE_STEPS);
}

/// Who approves in a halt has seen it: the release ends what anyone may move in it, and goes on while it lasts.
#[test]
fn a_release_ends_the_rescue_of_the_halt_that_guardians_knew() {
    let mut balanced = compared();
    balanced.world.drain(FUNDS / 10).succeeds();
    halt(&mut balanced);
    let mut world = balanced.world;
    world.migrate().succeeds();
    world.vm.advance(1);
    let order = back(&world, ALL);
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    world.migrate().succeeds();
    begin(&mut world, proposal, &order, true).succeeds();
    assert_eq!(world.severity(), Severity::Critical);
    step_back(&mut world).succeeds();
    world.migrate().fails_with(NoMigration);
    dwell(&mut world);
    step_back(&mut world).succeeds();
    // guardians alone move it again
    let again = world.ordering_migration(Source::Invariant, Severity::Critical, &[0, 1]);
    let keys = world.guardian_keys(&[0, 1]);
    world.vm.send(&[again], &[&keys[0], &keys[1]]).succeeds();
    world.migrate().succeeds();
    assert_eq!((world.vault(), world.in_safe()), (0, FUNDS / 10 * 9));
}
