//! A loss that is accepted: as it was seen, and no more.

use firebreak_interface::{
    BreakerError::*,
    Direction, Operation,
    constants::*,
    instruction::{self, Governance},
    state::Act,
};
use firebreak_probe::Guard;
use firebreak_scenarios::{Amending, FUNDS, Governed, World, balanced::LEDGER, token};
use solana_signer::Signer;

/// Two fifths left the vault and are not coming back.
fn robbed() -> World {
    let mut world = World::with(|setup| setup.limiter.undeclared_seconds = WINDOW_MAX);
    world.drain(FUNDS / 5 * 2).succeeds();
    world
}

#[test]
pub(crate) fn a_loss_is_accepted_as_it_was_seen() {
    let left = FUNDS / 5 * 3;
    let mut world = robbed();
    let accept = world.accepting_loss(left);
    let proposal = world.propose(&accept);
    world.wait();
    world.execute(proposal, &accept).fails_with(NotApproved);
    world.approve(proposal, &[0, 1]).succeeds();
    // nobody has proven anything yet: accepting would hide it
    world.execute(proposal, &accept).fails_with(PokeFirst);
    let tighter = world.limiter_scaled(2);
    world.amend(&tighter).fails_with(PokeFirst);
    world.poke().succeeds();
    assert!(world.limiter().undeclared > 0);
    // nor was it known when that was proposed
    world.execute(proposal, &accept).fails_with(LossUnseen);
    world.vm.advance(1);
    let proposal = world.propose(&accept);
    world.wait();
    world.approve(proposal, &[0, 1]).succeeds();
    world.execute(proposal, &accept).succeeds();
    assert_eq!(world.limiter().undeclared, 0);
    assert_eq!(world.limiter().expected, left);
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject, last.actor), (Act::LossAccepted, world.us.limiter, proposal));
    let again = world.propose(&accept);
    world.wait();
    world.approve(again, &[0, 1]).succeeds();
    world.execute(again, &accept).fails_with(NothingChanges);

    // the thief comes back while everybody waits
    let mut world = robbed();
    world.poke().succeeds();
    let accept = world.accepting_loss(left);
    let proposal = world.propose(&accept);
    world.wait();
    world.approve(proposal, &[0, 1]).succeeds();
    world.drain(1).succeeds();
    world.execute(proposal, &accept).fails_with(PokeFirst);
    // one unit latches nothing new: the next recorded flow sees it
    world.record(Direction::In, Operation::DEPOSIT, 1).succeeds();
    world.execute(proposal, &accept).fails_with(LossGrew);
}

/// A cheque with no sum on it is none.
#[test]
pub(crate) fn something_is_left_of_what_is_lost() {
    let mut governed = Governed::default();
    for blank in [governed.world.accepting_loss(0), governed.accepting_loss(0)] {
        governed.world.proposes(&blank.proposed(), &[blank.subject]).fails_with(LossOfEverything);
    }
}

#[test]
fn no_loss_is_accepted_half_way_through_a_flash_loan_or_in_another_vault() {
    let mut world = robbed();
    world.poke().succeeds();
    world.vm.advance(1);
    let accept = world.accepting_loss(1);
    let proposal = world.propose(&accept);
    world.wait();
    world.approve(proposal, &[0, 1]).succeeds();
    let execute = world.us.amend(&world.vm, Governance::Proposal(proposal), &accept);
    let repay = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
    world.send(&[execute.clone(), repay]).fails_with(WrongCompany);
    world.perform(&[(Guard::Always, execute)]).fails_with(NotTopLevel);
    for (rest, error) in [
        (vec![], WrongCompany),
        (vec![world.us.vault], WrongCompany),
        (vec![accept.rest[0]], WrongVault),
        (vec![accept.rest[0], world.purse], WrongVault),
    ] {
        let wrong = Amending { rest, ..accept.clone() };
        world.execute(proposal, &wrong).fails_with(error);
    }
    world.execute(proposal, &accept).succeeds();
}

#[test]
fn an_invariant_accepts_a_loss_down_to_what_there_is() {
    let mut governed = Governed::default();
    let accept = governed.accepting_loss(6_000);
    let early = governed.world.propose(&accept);
    governed.world.wait();
    governed.world.approve(early, &[0, 1]).succeeds();
    governed.world.execute(early, &accept).fails_with(NothingChanges);
    governed.world.drain(FUNDS / 5 * 2).succeeds();
    // one unit less than the proposal said there is
    governed.world.drain(1).succeeds();
    governed.world.execute(early, &accept).fails_with(LossGrew);
    let give =
        token::transfer(&governed.world.loot, &governed.world.us.vault, &governed.world.attacker.pubkey(), 1);
    governed.world.vm.send(&[give], &[&governed.world.attacker]).succeeds();
    let elsewhere = Amending { rest: vec![accept.rest[0], governed.world.purse, LEDGER], ..accept.clone() };
    governed.world.execute(early, &elsewhere).fails_with(WrongTermAccount);
    let fewer = Amending { rest: accept.rest[..2].to_vec(), ..accept.clone() };
    governed.world.execute(early, &fewer).fails_with(WrongTermAccount);
    governed.world.execute(early, &accept).fails_with(PokeFirst);
    let poke = |governed: &mut Governed| {
        let us = &governed.world.us;
        let segment = us.segment(&governed.world.vm);
        let poke =
            instruction::poke_invariant(us.protocol, us.market, governed.invariant, &governed.terms, segment);
        governed.world.send(&[poke])
    };
    poke(&mut governed).succeeds();
    // it was proposed before there was a loss
    governed.world.execute(early, &accept).fails_with(LossUnseen);
    governed.world.vm.advance(1);
    let known = governed.world.propose(&accept);
    governed.world.wait();
    governed.world.approve(known, &[0, 1]).succeeds();
    governed.world.execute(known, &accept).succeeds();
    let invariant: firebreak_interface::state::Invariant = governed.world.vm.read(&governed.invariant);
    // a caution below what there is, and the distances that there were: the next unit is no full halt
    assert_eq!(invariant.ratio_bps, [6_000, 5_940, 5_700]);
    assert_eq!(invariant.delayed_ratio_bps, invariant.ratio_bps);
    poke(&mut governed).fails_with(NothingToLatch);
    governed.world.drain(FUNDS / 10).succeeds();
    poke(&mut governed).succeeds();
}
