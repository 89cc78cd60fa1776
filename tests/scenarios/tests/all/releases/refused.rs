//! A release early, elsewhere, twice, by others, or of others' money.

use firebreak_interface::{
    instruction::Governance,
    state::{ClaimsOrder, Safe, Thresholds},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{Protected, Setup, world::OTHER_PROGRAM};
use spl_token_interface::instruction::AuthorityType;

use super::*;

/// A token account of our mint that somebody new owns, and its owner.
fn treasury(world: &mut World) -> (Pubkey, solana_keypair::Keypair) {
    let owner = world.vm.person();
    let account = token::account(&mut world.vm, &owner, &world.us.mint, &owner.pubkey());
    (account, owner)
}

/// A rescued vault whose route has another destination, the order to release there, and who owns it.
fn with_treasury() -> (World, ReleaseOrder, solana_keypair::Keypair) {
    let mut world = rescued(true);
    let (destination, owner) = treasury(&mut world);
    reroute(&mut world, |settings| settings.destination = destination);
    let order = ReleaseOrder { vault: world.us.vault, amount: ALL, destination, owner: owner.pubkey() };
    (world, order, owner)
}

#[test]
pub(crate) fn it_goes_where_it_was_registered_and_agreed_on() {
    let (mut world, order, _) = with_treasury();
    // the attacker's account, and the treasury as if it were his
    let (loot, attacker) = (world.loot, world.attacker.pubkey());
    for (nonce, wrong) in [
        ReleaseOrder { destination: loot, owner: attacker, ..order },
        ReleaseOrder { owner: attacker, ..order },
        ReleaseOrder { destination: loot, ..order },
        ReleaseOrder { destination: Pubkey::default(), owner: Pubkey::default(), ..order },
        ReleaseOrder { destination: order.vault, ..order },
    ]
    .into_iter()
    .enumerate()
    {
        let proposal = agree(&mut world, nonce as u64, &GuardianAct::Release(wrong));
        begin(&mut world, proposal, &wrong, true).fails_with(WrongDestination);
    }
    let proposal = agree(&mut world, 9, &GuardianAct::Release(order));
    world.vm.advance(RELEASE_ALONE_AFTER);
    begin(&mut world, proposal, &order, false).fails_with(AuthorityMustSign);
    begin(&mut world, proposal, &order, true).succeeds();
    for other in [loot, order.vault, world.safe_tokens()] {
        step(&mut world, other).fails_with(WrongDestination);
    }
    let expected = world.limiter().expected;
    step(&mut world, order.destination).succeeds();
    assert_eq!(token::balance(&world.vm, &order.destination), FUNDS / RELEASE_STEPS);
    assert_eq!(world.limiter().expected, expected, "the vault got nothing");
}

/// Guardians agreed on one destination; the authority's key changes the route before, and between the steps.
#[test]
fn another_route_is_not_what_was_agreed_on() {
    let (mut world, order, _) = with_treasury();
    let [first, second] = [0, 1].map(|nonce| {
        let proposal = propose(&mut world, nonce, &GuardianAct::Release(order));
        world.approve(proposal, &[1]).succeeds();
        proposal
    });
    world.wait();
    begin(&mut world, first, &order, true).succeeds();
    step(&mut world, order.destination).succeeds();
    let loot = world.loot;
    reroute(&mut world, |settings| settings.destination = loot);
    begin(&mut world, second, &order, true).fails_with(WrongDestination);
    step(&mut world, order.destination).fails_with(WrongDestination);
    step(&mut world, loot).fails_with(WrongDestination);
    assert_eq!(world.in_safe(), FUNDS - FUNDS / RELEASE_STEPS);
    // to the vault it goes whatever the route says
    let order = back(&world, ALL);
    begun(&mut world, 2, &order);
    step_back(&mut world).succeeds();
}

/// The same address, given to somebody else and registered once more.
#[test]
fn another_owner_is_not_who_was_agreed_on() {
    let (mut world, order, owner) = with_treasury();
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    let attacker = world.attacker.pubkey();
    let give =
        token::set_authority(&order.destination, &attacker, AuthorityType::AccountOwner, &owner.pubkey());
    world.vm.send(&[give], &[&owner]).succeeds();
    begin(&mut world, proposal, &order, true).succeeds();
    step(&mut world, order.destination).fails_with(WrongDestination);
    // registered again it is another's
    reroute(&mut world, |settings| settings.by_anyone = 0);
    assert_eq!(world.route().destination_owner, attacker);
    step(&mut world, order.destination).fails_with(WrongDestination);
    let again = agree(&mut world, 1, &GuardianAct::Release(order));
    begin(&mut world, again, &order, true).fails_with(WrongDestination);
}

#[test]
fn a_destination_that_others_can_spend_gets_nothing() {
    let (mut world, order, owner) = with_treasury();
    begun(&mut world, 0, &order);
    let attacker = world.attacker.pubkey();
    let approve = token::approve(&order.destination, &attacker, &owner.pubkey(), 1);
    world.vm.send(&[approve], &[&owner]).succeeds();
    step(&mut world, order.destination).fails_with(WrongDestination);

    let mut world = rescued(true);
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    let good = world.vm.account(&world.us.vault).expect("there");
    // its mint, its owner, a delegate, a close authority, frozen
    for (at, value) in [(0, 9), (32, 9), (72, 1), (129, 1), (108, 2)] {
        world.vm.edit(&order.vault, |account| account.data[at] = value);
        step_back(&mut world).fails_with(WrongVault);
        world.vm.put(order.vault, good.clone());
    }
    // nor does anything leave a safe that others could spend
    let tokens = world.safe_tokens();
    world.vm.edit(&tokens, |account| account.data[72] = 1);
    step_back(&mut world).fails_with(SafeNotSound);
    world.vm.edit(&tokens, |account| account.data[72] = 0);
    step_back(&mut world).succeeds();
}

/// What is owed to held withdrawals and to claims is not the vault's.
#[test]
fn it_takes_nothing_that_the_safe_owes() {
    let mut world = rescued(true);
    let safe = world.safe_key();
    let held = FUNDS / 10;
    world.vm.edit(&safe, |account| {
        let safe: &mut Safe =
            firebreak_interface::state::Layout::read_mut(&mut account.data).expect("a safe");
        (safe.owed, safe.open, safe.kept) = (held, 1, FUNDS - held);
    });
    let mint = world.us.mint;
    let claims = ClaimsOrder { mint, epoch: 1, root: [1; 32], total: FUNDS / 2 };
    let opened = agree(&mut world, 0, &GuardianAct::OpenClaims(claims));
    let us = &world.us;
    let (key, of) = (us.authority.pubkey(), (us.protocol, us.market));
    let order = back(&world, ALL);
    let all = agree(&mut world, 1, &GuardianAct::Release(order));
    begin(&mut world, all, &order, true).succeeds();
    step_back(&mut world).succeeds();
    assert_eq!(world.vault(), (FUNDS - held).div_ceil(RELEASE_STEPS));
    let open = instruction::open_claims(opened, key, of, &claims, world.us.segment(&world.vm));
    world.vm.send(&[open], &[&world.us.authority]).succeeds();
    for _ in 0..2 {
        dwell(&mut world);
        let _ = step_back(&mut world);
    }
    assert_eq!(world.in_safe(), held + FUNDS / 2, "what it owes, to the unit");
    dwell(&mut world);
    step_back(&mut world).fails_with(NothingToRelease);
    let none = back(&world, ALL);
    let proposal = agree(&mut world, 2, &GuardianAct::Release(none));
    begin(&mut world, proposal, &none, true).fails_with(NothingToRelease);
    let (_, zero) = world.guardian_proposes(
        0,
        Some(world.us.market),
        3,
        &GuardianAct::Release(ReleaseOrder { amount: 0, ..none }),
    );
    zero.fails_with(NothingToRelease);
}

/// A rescued vault, and another market beside its own.
fn with_another() -> (World, Pubkey) {
    let mut world = World::with(|setup| {
        setup.route = Some(RouteSettings::starting());
        (setup.custody, setup.armed, setup.seasoned) = (true, false, false);
    });
    let (setup, us) = (Setup::default(), &world.us);
    let market = us.register_market(&mut world.vm, 1, &setup.market);
    let arm = us.arm(&world.vm, us.vault);
    world.vm.send(&[arm], &[&us.authority]).succeeds();
    world.wait();
    world.order_migration();
    world.migrate().succeeds();
    world.vm.advance(MIGRATION_WINDOW);
    (world, market)
}

/// Others' guardians, the authority of others, and a proposal of another market.
#[test]
fn nobody_elses_approval_releases_our_money() {
    let (mut world, other) = with_another();
    let them = Protected::join(&mut world.vm, OTHER_PROGRAM, &Setup { segment: true, ..Setup::default() });
    let order = back(&world, ALL);
    let act = GuardianAct::Release(order);
    // they agree on it under their own protocol
    let stamp = world.stamp();
    let (protocol, segment) = (them.protocol, them.segment(&world.vm));
    let propose = instruction::propose_as_guardian(
        them.guardians[0].pubkey(),
        (protocol, Some(them.market)),
        0,
        &act,
        &stamp,
        segment,
    );
    world.vm.send(&[propose], &[&them.guardians[0]]).succeeds();
    let theirs = pda::guardian_proposal(&protocol, &them.guardians[0].pubkey(), 0).0;
    world.wait();
    begin(&mut world, theirs, &order, true).fails_with(WrongProtocol);

    let elsewhere = {
        let (proposal, proposed) = world.guardian_proposes(0, Some(other), 7, &act);
        proposed.succeeds();
        world.vm.advance(1);
        world.approve(proposal, &[1]).succeeds();
        world.wait();
        proposal
    };
    begin(&mut world, elsewhere, &order, true).fails_with(WrongProposal);

    let proposal = agree(&mut world, 0, &act);
    for key in [them.authority.insecure_clone(), world.attacker.insecure_clone()] {
        let us = &world.us;
        let of = (us.protocol, us.market, us.mint);
        let begin =
            instruction::begin_release(proposal, Some(key.pubkey()), of, &order, us.segment(&world.vm));
        world.vm.send(&[begin], &[&key]).fails_with(NotTheAuthority);
    }
    // the authority's own proposal stands for no act of the guardians
    let change = world.limiter_scaled(5);
    let own = world.propose(&change);
    world.wait();
    begin(&mut world, own, &order, true).fails_with(WrongProposal);
    let us = &world.us;
    let of = (us.protocol, us.market, us.mint);
    let mut none =
        instruction::begin_release(proposal, Some(us.authority.pubkey()), of, &order, us.segment(&world.vm));
    none.accounts[0] = AccountMeta::new_readonly(firebreak_interface::ID, false);
    world.vm.send(&[none], &[&world.us.authority]).fails_with(LooseningWaits);
    begin(&mut world, proposal, &order, true).succeeds();
}

#[test]
fn a_step_keeps_the_company_of_a_poke() {
    let mut world = rescued(true);
    let order = back(&world, ALL);
    begun(&mut world, 0, &order);
    let us = &world.us;
    let release = instruction::release(us.protocol, &world.way(), us.vault, us.segment(&world.vm));
    // it measures the vault, so nothing half-way through a flash loan is shown to it
    let transfer = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
    world.send(&[release.clone(), transfer]).fails_with(WrongCompany);
    world.perform(&[(Guard::Always, release.clone())]).fails_with(NotTopLevel);
    let twice = release.clone();
    world.send(&[release.clone(), twice]).fails_with(ReleaseNotDue);
    world.send(&[release]).succeeds();
}

/// Approvals are of a membership: with one guardian replaced, nobody has agreed yet, and the wait begins anew.
#[test]
fn a_change_of_members_voids_what_was_approved() {
    let mut world = rescued(true);
    let order = back(&world, ALL);
    let proposal = agree(&mut world, 0, &GuardianAct::Release(order));
    let newcomer = world.vm.person().pubkey();
    let old = &world.us.guardians;
    let members = vec![old[0].pubkey(), old[1].pubkey(), newcomer];
    let thresholds = Thresholds::majority(3);
    let rest = vec![world.us.program.addresses.keeper(&newcomer)];
    let change =
        Amending { rest, ..world.amending(world.us.protocol, Amendment::Guardians { members, thresholds }) };
    let changing = world.propose(&change);
    world.wait();
    world.approve(changing, &[0, 1]).succeeds();
    let execute = world.us.amend(&world.vm, Governance::Proposal(changing), &change);
    world.vm.send(&[execute], &[&world.attacker]).succeeds();
    begin(&mut world, proposal, &order, true).fails_with(NotApproved);
    world.vm.advance(RELEASE_ALONE_AFTER - 2 * DAY);
    world.approve(proposal, &[0]).succeeds();
    begin(&mut world, proposal, &order, true).fails_with(NotApproved);
    world.approve(proposal, &[1]).succeeds();
    // approved before by as many, long ago; by these a moment ago
    world.vm.advance(3 * DAY);
    begin(&mut world, proposal, &order, false).fails_with(AuthorityMustSign);
    begin(&mut world, proposal, &order, true).succeeds();
}

/// Who leaves shows every safe, and there is nobody's money in any.
#[test]
pub(crate) fn a_protocol_leaves_with_empty_safes() {
    let mut world = rescued(true);
    let (market, limiter, safe) = (world.us.market, world.us.limiter, world.safe_key());
    let leave = world.detaching(&[market], &[limiter]);
    assert_eq!(leave.rest.last(), Some(&safe));
    let order = back(&world, ALL);
    let leaving = world.propose(&leave);
    world.vm.advance(DETACH_DELAY.into());
    world.execute(leaving, &leave).fails_with(SafeNotEmpty);
    for rest in [
        vec![INSTRUCTIONS, market, limiter, world.us.vault],
        vec![INSTRUCTIONS, market, limiter, world.us.vault, safe, safe],
    ] {
        let hidden = Amending { rest, ..leave.clone() };
        world.execute(leaving, &hidden).fails_with(MarketMissing);
    }
    let instead = Amending {
        rest: vec![INSTRUCTIONS, market, limiter, world.us.vault, world.route_key()],
        ..leave.clone()
    };
    world.execute(leaving, &instead).fails_with(WrongSubject);
    begun(&mut world, 0, &order);
    for _ in 0..RELEASE_STEPS {
        world.execute(leaving, &leave).fails_with(SafeNotEmpty);
        step_back(&mut world).succeeds();
        dwell(&mut world);
    }
    // what somebody sends unasked holds nobody off
    let gift = token::transfer(&world.purse, &world.safe_tokens(), &world.alice.pubkey(), 1);
    world.send(&[gift]).succeeds();
    world.execute(leaving, &leave).succeeds();
    assert_eq!(world.protocol().detached, 1);
    step_back(&mut world).fails_with(Detached);
}
