//! A protocol that leaves: when all is over, and for ever.

use firebreak_interface::{
    BreakerError::*,
    GateError, Operation, Severity,
    constants::*,
    state::{Limiter, Proposed},
};
use firebreak_scenarios::{Amending, Balanced, Banded, FUNDS, Governed, Setup, World};
use solana_pubkey::Pubkey;

use super::{at, registration::registrations};

/// Everything that a protocol that left answers with one error, and what is open then.
#[test]
pub(crate) fn a_protocol_leaves_when_all_is_over_and_stays_gone() {
    let mut governed = Governed::default();
    let second = {
        let world = &mut governed.world;
        let settings = Setup::default().market;
        let create = world.us.create_market(&world.vm, 1, &settings);
        let proposal = world.propose_act(&Proposed::CreateMarket { id: 1, settings }, &[]);
        let bound = [world.us.market, world.us.mint];
        let (safe, proposed) = (world.us.register_safe(&world.vm), Proposed::RegisterSafe);
        let making_safe = world.propose_act(&proposed, &bound);
        world.wait();
        world.register_by(proposal, &create).succeeds();
        world.register_by(making_safe, &safe).succeeds();
        world.us.program.addresses.market(1)
    };
    let neighbour = governed.world.neighbour();
    let world = &mut governed.world;
    let (first, limiter) = (world.us.market, world.us.limiter);
    let leave = world.detaching(&[first, second], &[limiter]);
    let proposal = world.propose(&leave);
    world.wait();
    world.execute(proposal, &leave).fails_with(ProposalNotRipe);
    let ripe = world.proposal(&proposal).ripe_at;
    assert_eq!(ripe, world.proposal(&proposal).proposed_at.plus(DETACH_DELAY.into()));
    at(world, ripe, 0, 1);
    world.execute(proposal, &leave).fails_with(ProposalNotRipe);
    at(world, ripe, 0, 0);

    let safe = world.safe_key();
    let shown = |rest: Vec<Pubkey>| Amending { rest: [rest, vec![safe]].concat(), ..leave.clone() };
    let [list, low, high] = [leave.rest[0], leave.rest[1], leave.rest[2]];
    let vault = world.us.vault;
    for rest in [
        vec![list],
        vec![list, low, limiter, vault],
        vec![list, low, high],
        vec![list, low, high, limiter],
        vec![list, low, low, limiter, vault],
        vec![list, high, low, limiter, vault],
        vec![list, low, high, limiter, vault, limiter, vault],
    ] {
        world.execute(proposal, &shown(rest)).fails_with(MarketMissing);
    }
    let foreign = neighbour.market;
    let pair = if foreign > low { [low, foreign] } else { [foreign, low] };
    let purse = world.purse;
    for (rest, error) in [
        (vec![list, pair[0], pair[1], limiter, vault], WrongProtocol),
        (vec![list, low, high, neighbour.limiter, vault], WrongProtocol),
        (vec![list, low, high, governed.band, vault], WrongSubject),
        // nothing is missing in another token account
        (vec![list, low, high, limiter, purse], WrongVault),
        (vec![low, high, limiter, vault], WrongCompany),
    ] {
        world.execute(proposal, &shown(rest)).fails_with(error);
    }

    // a pause of one market, of all, or a limiter's own latch that the market does not know of
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).succeeds();
    world.execute(proposal, &leave).fails_with(LatchLive);
    world.vm.advance(u64::from(MAJOR_MIN) + u64::from(DWELL_MIN));
    world.pause_all(0, &order).succeeds();
    world.execute(proposal, &leave).fails_with(LatchLive);
    world.vm.advance(u64::from(MAJOR_MIN) + u64::from(DWELL_MIN));
    world.withdraw(FUNDS / 2).succeeds();
    assert_eq!(world.severity(), Severity::Normal);
    world.execute(proposal, &leave).fails_with(LatchLive);
    world.vm.advance(u64::from(MAJOR_MIN));
    world.execute(proposal, &leave).succeeds();

    assert_eq!(world.protocol().detached, 1);
    world.gate(Operation::WITHDRAW).succeeds();
    let left = world.vault();
    world.withdraw(left).succeeds();
    assert_eq!(world.vault(), 0, "nothing is measured any more");
    world.poke().fails_with(Detached);
    let order = world.order(MAJOR_MIN);
    world.pause(0, &order).fails_with(Detached);
    world.pause_all(0, &order).fails_with(Detached);
    let tighter = world.limiter_scaled(2);
    world.amend(&tighter).fails_with(Detached);
    world.execute(proposal, &leave).fails_with(Detached);
    world.proposes(&tighter.proposed(), &[tighter.subject]).fails_with(Detached);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).fails_with(Detached);
    for (registration, ..) in registrations(&mut governed) {
        governed.world.vm.send(&[registration], &[&governed.world.us.authority]).fails_with(Detached);
    }
    let balanced = Balanced::around(governed.world, governed.invariant);
    let (pokes, arms) = (balanced.pokes(), balanced.arms());
    let mut banded = Banded::around(balanced.world, governed.band);
    let (pokes_band, arms_band) = (banded.pokes(), banded.arms());
    for poke in [pokes, pokes_band] {
        banded.world.send(&[poke]).fails_with(Detached);
    }
    for arm in [arms, arms_band] {
        banded.world.vm.send(&[arm], &[&banded.world.us.authority]).fails_with(Detached);
    }
    banded.world.verify_journal(&banded.world.told()).expect("sound");
}

/// With everything ripe, a thief drains around the breaker and puts out of force what would latch it.
#[test]
fn a_drain_that_nobody_poked_keeps_everything_in_force() {
    let mut governed = Governed::default();
    let (limiter, market) = (governed.world.us.limiter, governed.world.us.market);
    let acts = [governed.world.disarming(limiter), governed.disarming()];
    let leave = governed.world.detaching(&[market], &[limiter]);
    let leaving = governed.world.propose(&leave);
    governed.world.vm.advance(DETACH_DELAY.into());
    let ripe = acts.each_ref().map(|act| governed.world.propose(act));
    governed.world.wait();
    governed.world.drain(FUNDS / 5 * 2).succeeds();
    governed.world.execute(leaving, &leave).fails_with(PokeFirst);
    for (proposal, act) in ripe.into_iter().zip(&acts) {
        governed.world.execute(proposal, act).fails_with(PokeFirst);
    }
    governed.world.poke().succeeds();
    assert_eq!(governed.world.severity(), Severity::Major);
    governed.world.execute(ripe[0], &acts[0]).succeeds();
    // the limiter's poke says nothing of the invariant
    governed.world.execute(ripe[1], &acts[1]).fails_with(PokeFirst);
    let balanced = Balanced::around(governed.world, governed.invariant);
    let poke = balanced.pokes();
    let mut world = balanced.world;
    world.send(&[poke]).succeeds();
    world.execute(ripe[1], &acts[1]).succeeds();
}

/// A limiter that was never armed says nothing, so it does not stand for one that was.
#[test]
fn no_limiter_in_shadow_is_shown_for_an_armed_one() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let settings = Setup::default().limiter;
    let (_, shadow) = world.us.guard_vault(&mut world.vm, world.us.market, FUNDS, &settings);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    let market = world.us.market;
    let leave = world.detaching(&[market], &[shadow]);
    let proposal = world.propose(&leave);
    world.vm.advance(DETACH_DELAY.into());
    assert!(!world.vm.read::<Limiter>(&shadow).armed_at.is_set());
    world.execute(proposal, &leave).fails_with(MarketMissing);
    let leave = world.detaching(&[market], &[world.us.limiter]);
    world.execute(proposal, &leave).succeeds();
    world.gate(Operation::WITHDRAW).succeeds();
    let ours = (world.us.protocol, world.us.market);
    world.gate_with((ours.1, ours.0), Operation::WITHDRAW).fails_with(GateError::WrongProtocol);
}
