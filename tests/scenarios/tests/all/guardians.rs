//! Guardians: approvals that cannot be signed in advance, vetoes that hold nobody off for ever, and who they are.

use firebreak_interface::{
    BreakerError::*,
    constants::*,
    instruction::{self, Stamp},
    state::{Act, Amendment, Proposed, Status, Thresholds},
};
use firebreak_scenarios::{Amending, World};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// Our guardians, but for the third, in whose place is this key; and the seat that shows that it is no keeper's.
fn replacing(world: &World, newcomer: Pubkey, thresholds: Thresholds) -> Amending {
    let old = &world.us.guardians;
    let members = vec![old[0].pubkey(), old[1].pubkey(), newcomer];
    let rest = vec![world.us.program.addresses.keeper(&newcomer)];
    Amending { rest, ..world.amending(world.us.protocol, Amendment::Guardians { members, thresholds }) }
}

/// A change of guardians that has waited, and its proposal.
fn ripe() -> (World, Amending, Pubkey) {
    let mut world = World::default();
    let newcomer = world.vm.person().pubkey();
    let change = replacing(&world, newcomer, Thresholds::majority(3));
    let proposal = world.propose(&change);
    world.wait();
    (world, change, proposal)
}

#[test]
pub(crate) fn members_change_with_the_members_own_approval() {
    let (mut world, change, proposal) = ripe();
    world.amend(&change).fails_with(LooseningWaits);
    world.execute(proposal, &change).fails_with(NotApproved);
    world.approve(proposal, &[0]).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject, last.value, last.threshold), (Act::Approved, proposal, 0b001, 1));
    world.execute(proposal, &change).fails_with(NotApproved);
    world.approve(proposal, &[0]).fails_with(AlreadyVoted);
    world.approve(proposal, &[2]).succeeds();
    world.execute(proposal, &change).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.value), (Act::GuardiansChanged, 1));
    // who left speaks no more
    let other = world.limiter_scaled(5);
    let loosening = world.propose(&other);
    world.veto(loosening, &[2]).fails_with(NotAGuardian);
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
pub(crate) fn thresholds_have_bounds_and_a_majority_where_they_loosen() {
    let mut world = World::default();
    let newcomer = world.vm.person().pubkey();
    let few = Thresholds { resume: 1, ..Thresholds::majority(3) };
    let none = Thresholds { veto: 0, ..Thresholds::majority(3) };
    let more = Thresholds { confirm: 4, ..Thresholds::majority(3) };
    for thresholds in [few, none, more] {
        let change = replacing(&world, newcomer, thresholds);
        world.proposes(&change.proposed(), &[change.subject]).fails_with(ThresholdOutOfBounds);
    }
}

#[test]
fn a_newcomer_is_no_keeper_and_no_authority() {
    for is_keeper in [true, false] {
        let mut world = World::default();
        let key = if is_keeper { world.us.keepers[0].pubkey() } else { world.us.authority.pubkey() };
        let change = replacing(&world, key, Thresholds::majority(3));
        let proposal = world.propose(&change);
        world.wait();
        world.approve(proposal, &[0, 1]).succeeds();
        world.execute(proposal, &change).fails_with(GuardianRoleConflict);
        let another_seat = Amending {
            rest: vec![world.us.program.addresses.keeper(&world.alice.pubkey())],
            ..change.clone()
        };
        world.execute(proposal, &another_seat).fails_with(WrongSubject);
        let no_seat = Amending { rest: Vec::new(), ..change };
        world.execute(proposal, &no_seat).fails_with(WrongSubject);
    }
}

/// Guardian 0 signed an approval an hour ago, and 1 is with the thief.
#[test]
pub(crate) fn an_approval_signed_an_hour_ago_fails_in_every_disguise() {
    let (mut world, _, proposal) = ripe();
    let guardian = world.us.guardians[0].insecure_clone();
    let (key, nonce) = (guardian.pubkey(), world.vm.key());
    let create =
        solana_system_interface::instruction::create_nonce_account(&key, &nonce.pubkey(), &key, 10_000_000);
    world.vm.send(&create, &[&guardian, &nonce]).succeeds();
    let stored = world.vm.durable_nonce(&nonce.pubkey());
    let advance = solana_system_interface::instruction::advance_nonce_account(&nonce.pubkey(), &key);
    let approve = world.approving(proposal, &[0]);
    let wrapped = world.us.program.calls(approve.clone());
    let signed = |instructions: &[Instruction]| {
        let mut transaction = Transaction::new_with_payer(instructions, Some(&key));
        transaction.sign(&[&guardian], stored);
        transaction
    };
    let first = signed(&[advance.clone(), approve.clone()]);
    let wrapping = signed(&[advance.clone(), wrapped.clone()]);

    // a stamp that is still known does not help, under a nonce
    world.vm.submit(first.clone()).fails_with(DurableNonce);
    let stored = world.vm.durable_nonce(&nonce.pubkey());
    let again = |instructions: &[Instruction]| {
        let mut transaction = Transaction::new_with_payer(instructions, Some(&key));
        transaction.sign(&[&guardian], stored);
        transaction
    };
    let (first, wrapping_now) =
        (again(&[advance.clone(), approve.clone()]), again(&[advance.clone(), wrapped.clone()]));
    drop(wrapping);
    world.vm.advance(3_600);
    world.vm.remember_slots();
    // the nonce comes first
    world.vm.submit(first).fails_with(DurableNonce);
    // a program of somebody's wraps it, or a vault that signs for its members
    world.vm.submit(wrapping_now).fails_with(NotTopLevel);
    world.vm.send(&[wrapped], &[&guardian]).fails_with(NotTopLevel);
    // the nonce does not come first: the runtime wants a recent blockhash then, and the stamp is of an hour ago
    let last = [approve.clone(), advance];
    world.vm.send(&last, &[&guardian]).fails_with(StaleStamp);
    world.vm.send(&[approve], &[&guardian]).fails_with(StaleStamp);
    assert_eq!(world.proposal(&proposal).ballot.approved, 0);
    world.approve(proposal, &[0]).succeeds();
}

#[test]
pub(crate) fn a_stamp_is_of_the_last_512_slots() {
    let (mut world, _, proposal) = ripe();
    let now = world.stamp();
    let oldest = Stamp { slot: now.slot - 511, hash: firebreak_scenarios::vm::hash_of(now.slot - 511) };
    for stale in [
        Stamp { slot: now.slot - 512, hash: firebreak_scenarios::vm::hash_of(now.slot - 512) },
        Stamp { slot: now.slot + 1, hash: firebreak_scenarios::vm::hash_of(now.slot + 1) },
        Stamp { slot: now.slot - 1, ..now },
        Stamp { hash: [0; 32], ..now },
    ] {
        let approve = world.approving_with(proposal, &[0], &stale);
        world.vm.send(&[approve], &[&world.us.guardians[0]]).fails_with(StaleStamp);
    }
    for (stamp, place) in [(now, 0), (oldest, 1)] {
        let approve = world.approving_with(proposal, &[place], &stamp);
        world.vm.send(&[approve], &[&world.us.guardians[place]]).succeeds();
    }
}

#[test]
fn only_guardians_who_sign_speak() {
    let (mut world, _, proposal) = ripe();
    let approve = world.approving(proposal, &[0, 1]);
    let mut unsigned = approve.clone();
    let last = unsigned.accounts.len() - 1;
    unsigned.accounts[last].is_signer = false;
    world.vm.send(&[unsigned], &[&world.us.guardians[0]]).fails_with(NotAGuardian);
    let mut nobody = approve.clone();
    nobody.accounts.truncate(last - 1);
    world.send(&[nobody]).fails_with(NotAGuardian);
    let mut stranger = approve;
    stranger.accounts[last].pubkey = world.attacker.pubkey();
    world.vm.send(&[stranger], &[&world.us.guardians[0], &world.attacker]).fails_with(NotAGuardian);

    // those of another protocol speak for theirs
    let neighbour = world.neighbour();
    let segment = neighbour.segment(&world.vm);
    let theirs = instruction::veto(&[neighbour.guardians[0].pubkey()], neighbour.protocol, proposal, segment);
    world.vm.send(&[theirs], &[&neighbour.guardians[0]]).fails_with(WrongProtocol);
    let stamp = world.stamp();
    let theirs = instruction::approve(
        &[neighbour.guardians[0].pubkey()],
        neighbour.protocol,
        proposal,
        &stamp,
        segment,
    );
    world.vm.send(&[theirs], &[&neighbour.guardians[0]]).fails_with(WrongProtocol);
}

#[test]
fn a_veto_ends_it_and_the_same_again_waits_longer_and_is_harder_to_veto() {
    let mut world = World::default();
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    world.veto(proposal, &[1]).succeeds();
    assert_eq!(world.proposal(&proposal).status(), Some(Status::Pending));
    world.veto(proposal, &[0]).succeeds();
    assert_eq!(world.proposal(&proposal).status(), Some(Status::Vetoed));
    assert_eq!(world.protocol().pending_proposals, 0);
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject, last.value, last.threshold), (Act::Vetoed, proposal, 0b001, 2));
    world.wait();
    world.execute(proposal, &change).fails_with(ProposalFinished);

    let again = |world: &World, proposed: &Proposed, bound: &[Pubkey], vetoed: Pubkey| {
        let (key, nonce) = (world.us.authority.pubkey(), world.protocol().next_proposal);
        let segment = world.us.segment(&world.vm);
        instruction::propose_again(key, key, world.us.protocol, nonce, (proposed, bound), vetoed, segment)
    };
    let other = world.limiter_scaled(6);
    let not_the_same = again(&world, &other.proposed(), &[other.subject], proposal);
    world.vm.send(&[not_the_same], &[&world.us.authority]).fails_with(WrongProposal);
    let address = world.us.program.addresses.proposal(world.protocol().next_proposal);
    let the_same = again(&world, &change.proposed(), &[change.subject], proposal);
    world.vm.send(&[the_same], &[&world.us.authority]).succeeds();
    world.wait();
    world.execute(address, &change).fails_with(ProposalNotRipe);
    // of three, two of whom veto, two could let it pass
    world.veto(address, &[0]).succeeds();
    world.wait();
    world.execute(address, &change).succeeds();
}

#[test]
pub(crate) fn a_frozen_authority_proposes_nothing_and_executes_nothing() {
    let mut world = World::default();
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    world.freeze(0, &[0]).fails_with(NotApproved);
    world.freeze(1, &[0, 2]).fails_with(StaleFreeze);
    world.freeze(0, &[0, 2]).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!(
        (last.act, last.subject, last.value),
        (Act::AuthorityFrozen, world.us.authority.pubkey(), 0b101)
    );
    world.freeze(1, &[0, 2]).fails_with(AlreadyFrozen);
    world.wait();
    world.execute(proposal, &change).fails_with(ProposalVoid);
    world.proposes(&change.proposed(), &[change.subject]).fails_with(AuthorityFrozen);
    // to tighten is no danger, and may be its owner
    let tighter = world.limiter_scaled(3);
    world.amend(&tighter).succeeds();
    world.vm.advance(AUTHORITY_FREEZE - u64::from(LOOSENING_DELAY_DEFAULT));
    world.propose(&change);
}

#[test]
pub(crate) fn a_protocol_of_the_first_version_is_migrated_by_anyone_and_twice_is_once() {
    use firebreak_interface::state::{DISCRIMINATOR, Protocol};
    let mut world = World::default();
    let (protocol, change) = (world.us.protocol, world.limiter_scaled(5));
    let proposal = world.propose(&change);
    // as a program without thresholds wrote it
    world.vm.edit(&protocol, |account| {
        let place = DISCRIMINATOR + std::mem::offset_of!(Protocol, thresholds);
        account.data[DISCRIMINATOR] = 1;
        account.data[place..place + 8].fill(0);
    });
    let order = world.order(1_800);
    world.pause(0, &order).succeeds();
    world.veto(proposal, &[0]).fails_with(MigrateFirst);
    world.freeze(0, &[0]).fails_with(MigrateFirst);
    let migrate = |world: &World| instruction::migrate_protocol(protocol, world.us.segment(&world.vm));
    for _ in 0..2 {
        let migrate = migrate(&world);
        world.send(&[migrate]).succeeds();
        assert_eq!(world.protocol().version, PROTOCOL_VERSION);
        assert_eq!(world.protocol().thresholds, Thresholds::majority(3));
    }
    let migrated = world.told().iter().filter(|entry| entry.act == Act::Migrated).count();
    assert_eq!(migrated, 1, "what changes nothing is no entry");
    world.veto(proposal, &[0]).succeeds();
    world.verify_journal(&world.told()).expect("sound");
}
