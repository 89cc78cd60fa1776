//! What guardians propose themselves, and what it leads to: a latch that holds longer, planned work, a freeze. And the
//! keepers' heartbeat.

use firebreak_interface::{
    BreakerError::*,
    Severity,
    constants::*,
    instruction::{self, Behind},
    state::{
        Act, ConfirmOrder, GuardianAct, Keeper, LatchId, Proposal, ResumeOrder, Source, Status, Thresholds,
    },
};
use firebreak_scenarios::{Amending, FUNDS, Outcome, World};
use solana_instruction::{AccountMeta, error::InstructionError};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Our market is paused for this long, and two guardians may make it longer.
fn paused(seconds: u32) -> (World, LatchId) {
    let mut world = World::default();
    let order = world.order(seconds);
    world.pause(0, &order).succeeds();
    let latch = world.latch(Some(world.us.market), Source::Guardian, Severity::Major);
    (world, latch)
}

#[test]
pub(crate) fn a_quorum_makes_a_pause_hold_longer_than_a_guardian_may() {
    let (mut world, latch) = paused(MAJOR_MIN);
    let market = Some(world.us.market);
    let order = ConfirmOrder { latch, seconds: MAJOR_MAX };
    world.confirm(market, &order, &[0]).fails_with(NotApproved);
    let longer = ConfirmOrder { seconds: MAJOR_MAX + 1, ..order };
    world.confirm(market, &longer, &[0, 2]).fails_with(DurationOutOfBounds);
    // until they have signed, a minute has gone: it ends where it would have ended
    world.vm.advance(60);
    world.confirm(market, &order, &[0, 2]).succeeds();
    let board = world.market().board;
    let until = board.slot(Source::Guardian, Severity::Major).expect("a slot").until;
    assert_eq!(until.unix - latch.since.unix, i64::from(MAJOR_MAX));
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.value, last.threshold), (Act::Confirmed, 0b101, MAJOR_MAX.into()));
    world.confirm(market, &order, &[0, 2]).fails_with(AlreadyHeld);
    world.vm.advance(u64::from(MAJOR_MAX) - 120);
    assert_eq!(world.severity(), Severity::Major);
    // no longer than a pause may last from its beginning, however often it is confirmed
    let again = ConfirmOrder { seconds: MAJOR_MIN, ..order };
    world.confirm(market, &again, &[0, 2]).fails_with(AlreadyHeld);
    world.vm.advance(60);
    assert_eq!(world.severity(), Severity::Minor);
    world.confirm(market, &again, &[0, 2]).fails_with(NotHeld);
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
fn what_a_rule_latched_and_what_holds_in_all_markets_is_confirmed_too() {
    let mut world = World::default();
    world.withdraw(FUNDS / 2).succeeds();
    world.poke().succeeds();
    let market = Some(world.us.market);
    let latch = world.latch(market, Source::Limiter, Severity::Major);
    let order = ConfirmOrder { latch, seconds: 86_400 };
    world.confirm(None, &order, &[0, 1]).fails_with(NotHeld);
    world.confirm(market, &order, &[0, 1]).succeeds();
    let all = world.order(MAJOR_MIN);
    world.pause_all(1, &all).succeeds();
    let latch = world.latch(None, Source::Guardian, Severity::Major);
    let another = ConfirmOrder { latch: LatchId { since: Default::default(), ..latch }, ..order };
    world.confirm(None, &another, &[0, 1]).fails_with(AnotherLatch);
    world.confirm(None, &ConfirmOrder { latch, ..order }, &[0, 1]).succeeds();
    world.vm.advance(86_400 - 60);
    assert_eq!(world.severity(), Severity::Major);
}

/// One signature a transaction: each when its guardian wakes up.
#[test]
pub(crate) fn an_act_gathers_its_approvals_one_by_one() {
    let (mut world, latch) = paused(3 * 3_600);
    let market = Some(world.us.market);
    let order = ResumeOrder { latch, count: 1, rules: 0 };
    let act = GuardianAct::Resume(order);
    let (proposal, proposed) = world.guardian_proposes(0, market, 7, &act);
    proposed.succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.actor, last.value), (Act::ProposalMade, world.us.guardians[0].pubkey(), 7));
    assert_eq!(world.proposal(&proposal).read_act(), Some((world.us.market, act)));
    assert_eq!(world.protocol().pending_proposals, 0, "it takes no place of the authority's");
    // its number is its guardian's for ever
    let (_, again) = world.guardian_proposes(0, market, 7, &act);
    // the System program has given it away already
    again.fails_as(&InstructionError::Custom(0));
    world.vm.advance(60);
    execute(&mut world, proposal, &order).fails_with(NotApproved);
    world.approve(proposal, &[0]).fails_with(AlreadyVoted);
    // the authority's key, or a few, do not take it away
    let authority = world.us.authority.insecure_clone();
    let cancel = world.us.cancel(&world.vm, &authority.pubkey(), proposal);
    world.vm.send(&[cancel], &[&authority]).fails_with(CannotCancel);
    let guardian = world.us.guardians[0].insecure_clone();
    let cancel = world.us.cancel(&world.vm, &guardian.pubkey(), proposal);
    world.vm.send(&[cancel], &[&guardian]).fails_with(CannotCancel);
    world.veto(proposal, &[1, 2]).fails_with(WrongProposal);
    world.approve(proposal, &[2]).succeeds();
    let other = ResumeOrder { count: 2, ..order };
    execute(&mut world, proposal, &other).fails_with(WrongProposal);
    execute(&mut world, proposal, &order).succeeds();
    assert_eq!(world.severity(), Severity::Minor);
    assert_eq!(world.proposal(&proposal).status(), Some(Status::Executed));
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.actor, last.value), (Act::Resumed, proposal, 0b101));
    // neither twice nor for another incident
    execute(&mut world, proposal, &order).fails_with(NotHeld);
    let pause = firebreak_interface::state::PauseOrder { pause_epoch: 1, ..world.order(3_600) };
    world.pause(1, &pause).succeeds();
    execute(&mut world, proposal, &order).fails_with(AnotherLatch);
    world.verify_journal(&world.told()).expect("sound");
}

/// Anybody sends what enough of them have approved.
fn execute(world: &mut World, proposal: Pubkey, order: &ResumeOrder) -> Outcome {
    let (scope, segment) = ((world.us.protocol, Some(world.us.market)), world.us.segment(&world.vm));
    let behind = Behind::proposal(proposal);
    let resume = instruction::resume(behind, scope, (order, None), &[], segment);
    world.vm.send(&[resume], &[&world.attacker])
}

#[test]
fn who_signs_adds_to_who_has_approved() {
    let (mut world, latch) = paused(3_600);
    let market = Some(world.us.market);
    let order = ConfirmOrder { latch, seconds: 7_200 };
    let (proposal, proposed) = world.guardian_proposes(1, market, 0, &GuardianAct::Confirm(order));
    proposed.succeeds();
    let (scope, segment) = ((world.us.protocol, market), world.us.segment(&world.vm));
    for (place, succeeds) in [(1, false), (2, true)] {
        let keys = world.guardian_keys(&[place]);
        let signer = [keys[0].pubkey()];
        let behind = Behind { signers: &signer, proposal: Some(proposal) };
        let confirm = instruction::confirm(behind, scope, &order, segment);
        let outcome = world.vm.send(&[confirm], &[&keys[0]]);
        if succeeds {
            outcome.succeeds();
        } else {
            outcome.fails_with(NotApproved);
        }
    }
    // a proposal that was executed stands for nobody any more
    let keys = world.guardian_keys(&[0]);
    let signer = [keys[0].pubkey()];
    let behind = Behind { signers: &signer, proposal: Some(proposal) };
    let confirm = instruction::confirm(behind, scope, &order, segment);
    world.vm.send(&[confirm], &[&keys[0]]).fails_with(ProposalFinished);
}

#[test]
fn an_act_is_of_today_and_of_todays_guardians() {
    let (mut world, latch) = paused(10 * 3_600);
    let market = Some(world.us.market);
    let order = ConfirmOrder { latch, seconds: 2 * 86_400 };
    world.confirm(market, &order, &[0, 1]).succeeds();
    let order = world.resume_order(market, Source::Guardian, Severity::Major);
    let act = GuardianAct::Resume(order);
    // a guardian of another protocol, and a stranger
    let neighbour = world.neighbour();
    for stranger in [&neighbour.guardians[0], &world.us.authority, &world.us.keepers[0]] {
        world.vm.remember_slots();
        let slot = world.now().slot - 1;
        let stamp = instruction::Stamp { slot, hash: firebreak_scenarios::vm::hash_of(slot) };
        let scope = (world.us.protocol, market);
        let propose = instruction::propose_as_guardian(
            stranger.pubkey(),
            scope,
            0,
            &act,
            &stamp,
            world.us.segment(&world.vm),
        );
        world.vm.send(&[propose], &[stranger]).fails_with(NotAGuardian);
    }
    let (proposal, proposed) = world.guardian_proposes(0, market, 0, &act);
    proposed.succeeds();
    world.vm.advance(60);
    world.approve(proposal, &[1]).succeeds();
    world.vm.advance(GUARDIAN_PROPOSAL_LIFE - 60);
    execute(&mut world, proposal, &order).fails_with(ProposalExpired);
    // anybody clears it away, and it stays as a tombstone
    let cancel = world.us.cancel(&world.vm, &world.attacker.pubkey(), proposal);
    world.vm.send(&[cancel], &[&world.attacker]).succeeds();
    assert_eq!(world.proposal(&proposal).status(), Some(Status::Cancelled));
    // another membership begins with nobody
    let (proposal, proposed) = world.guardian_proposes(0, market, 1, &act);
    proposed.succeeds();
    world.vm.advance(60);
    world.approve(proposal, &[1]).succeeds();
    let epoch = std::mem::offset_of!(firebreak_client::Protocol, membership_epoch);
    world.vm.edit(&world.us.protocol, |account| account.data[8 + epoch] += 1);
    execute(&mut world, proposal, &order).fails_with(NotApproved);
}

/// What the authority proposes stands for no guardian, and the other way round.
#[test]
fn neither_kind_of_proposal_stands_for_the_other() {
    let (mut world, latch) = paused(3 * 3_600);
    let market = Some(world.us.market);
    let change = world.limiter_scaled(5);
    let authoritys = world.propose(&change);
    world.wait();
    let order = ResumeOrder { latch, count: 1, rules: 0 };
    let pause = world.order(3_600);
    world.pause(1, &pause).succeeds();
    let order = ResumeOrder { latch: world.latch(market, Source::Guardian, Severity::Major), ..order };
    execute(&mut world, authoritys, &order).fails_with(WrongProposal);
    let (guardians, proposed) = world.guardian_proposes(0, market, 0, &GuardianAct::Resume(order));
    proposed.succeeds();
    world.execute(guardians, &change).fails_with(WrongProposal);
    // a proposal of another protocol's guardians
    let theirs = world.neighbour();
    let mut foreign: Proposal = world.vm.read(&guardians);
    foreign.protocol = theirs.protocol;
    world.vm.edit(&guardians, |account| account.data[8..].copy_from_slice(bytemuck::bytes_of(&foreign)));
    execute(&mut world, guardians, &order).fails_with(WrongProtocol);
}

#[test]
fn the_authority_is_frozen_by_those_who_approved_one_by_one() {
    let mut world = World::default();
    let act = GuardianAct::FreezeAuthority { authority_epoch: 0 };
    let (proposal, proposed) = world.guardian_proposes(2, None, 0, &act);
    proposed.succeeds();
    world.vm.advance(60);
    world.approve(proposal, &[0]).succeeds();
    let behind = Behind::proposal(proposal);
    let freeze = instruction::freeze_authority(behind, world.us.protocol, 0, world.us.segment(&world.vm));
    world.vm.send(&[freeze], &[&world.attacker]).succeeds();
    let change = world.limiter_scaled(5);
    world.proposes(&change.proposed(), &[change.subject]).fails_with(AuthorityFrozen);
}

/// Work that is announced by this guardian, approved by another, and has waited.
fn announced(world: &mut World, nonce: u64, seconds: u32) -> Pubkey {
    let act = GuardianAct::Maintenance { seconds };
    let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), nonce, &act);
    proposed.succeeds();
    world.vm.advance(60);
    world.approve(proposal, &[1]).succeeds();
    world.wait();
    proposal
}

fn begin(world: &mut World, proposal: Pubkey, seconds: u32) -> Outcome {
    let (protocol, market, segment) = (world.us.protocol, world.us.market, world.us.segment(&world.vm));
    let begin = instruction::announce_maintenance(proposal, protocol, market, seconds, segment);
    world.vm.send(&[begin], &[&world.attacker])
}

#[test]
pub(crate) fn planned_work_quiets_keepers_and_nobody_else() {
    let mut world = World::default();
    // what can never be done is not proposed
    let work = GuardianAct::Maintenance { seconds: MAINTENANCE_MAX };
    world.guardian_proposes(0, None, 0, &work).1.fails_with(WrongMarket);
    let freeze = GuardianAct::FreezeAuthority { authority_epoch: 0 };
    world.guardian_proposes(0, Some(world.us.market), 0, &freeze).1.fails_with(WrongMarket);
    for seconds in [0, MAINTENANCE_MIN - 1, MAINTENANCE_MAX + 1] {
        let act = GuardianAct::Maintenance { seconds };
        world.guardian_proposes(0, Some(world.us.market), 0, &act).1.fails_with(MaintenanceOutOfBounds);
    }
    let act = GuardianAct::Maintenance { seconds: MAINTENANCE_MAX };
    let (proposal, proposed) = world.guardian_proposes(0, Some(world.us.market), 0, &act);
    proposed.succeeds();
    begin(&mut world, proposal, MAINTENANCE_MAX).fails_with(ProposalNotRipe);
    world.wait();
    begin(&mut world, proposal, MAINTENANCE_MAX).fails_with(NotApproved);
    // a signature here, of whatever day, is no approval
    let keys = world.guardian_keys(&[2]);
    let (protocol, market, segment) = (world.us.protocol, world.us.market, world.us.segment(&world.vm));
    let mut signed = instruction::announce_maintenance(proposal, protocol, market, MAINTENANCE_MAX, segment);
    signed.accounts.push(AccountMeta::new_readonly(keys[0].pubkey(), true));
    world.vm.send(&[signed], &[&keys[0]]).fails_with(NotApproved);
    world.approve(proposal, &[2]).succeeds();
    begin(&mut world, proposal, MAINTENANCE_MAX - 1).fails_with(WrongProposal);
    begin(&mut world, proposal, MAINTENANCE_MAX).succeeds();
    let last = *world.told().last().expect("told");
    assert_eq!(
        (last.act, last.value, last.threshold),
        (Act::MaintenanceAnnounced, 0b101, MAINTENANCE_MAX.into())
    );
    world.raise(0, 600).fails_with(UnderMaintenance);
    let pause = world.order(MAJOR_MIN);
    world.pause(0, &pause).succeeds();
    world.drain(FUNDS / 10).succeeds();
    world.poke().succeeds();
    world.vm.advance(u64::from(MAINTENANCE_MAX) - 1);
    world.raise(0, 600).fails_with(UnderMaintenance);
    world.vm.advance(1);
    world.raise(0, 600).succeeds();
}

#[test]
fn planned_work_is_proposed_and_can_be_vetoed() {
    let mut world = World::default();
    let keys = world.guardian_keys(&[0, 1]);
    let both: Vec<Pubkey> = keys.iter().map(Signer::pubkey).collect();
    // without a proposal: by a quorum that signs
    let (protocol, market, segment) = (world.us.protocol, world.us.market, world.us.segment(&world.vm));
    let mut direct =
        instruction::announce_maintenance(firebreak_interface::ID, protocol, market, 600, segment);
    direct.accounts[0].is_writable = false;
    direct.accounts.extend(both.iter().map(|key| AccountMeta::new_readonly(*key, true)));
    world.vm.send(&[direct], &[&keys[0], &keys[1]]).fails_with(LooseningWaits);
    let act = GuardianAct::Maintenance { seconds: 600 };
    let (proposal, proposed) = world.guardian_proposes(0, Some(market), 0, &act);
    proposed.succeeds();
    world.veto(proposal, &[1, 2]).succeeds();
    world.wait();
    begin(&mut world, proposal, 600).fails_with(ProposalFinished);
    assert_eq!(world.protocol().pending_proposals, 0);
}

#[test]
pub(crate) fn a_market_has_three_maintenances_in_thirty_days_and_none_in_an_incident() {
    let mut world = World::default();
    let first = announced(&mut world, 0, 600);
    let start = world.now();
    begin(&mut world, first, 600).succeeds();
    for nonce in 1..3 {
        let proposal = announced(&mut world, nonce, 600);
        begin(&mut world, proposal, 600).succeeds();
    }
    let fourth = announced(&mut world, 3, 600);
    begin(&mut world, fourth, 600).fails_with(MaintenanceSpent);
    // a period after the first, it is free again; but not while something holds
    let gone = (world.now().unix - start.unix).unsigned_abs();
    world.vm.advance(MAINTENANCE_PERIOD - gone);
    let fifth = announced(&mut world, 4, 600);
    let pause = world.order(MAJOR_MIN);
    world.pause(0, &pause).succeeds();
    begin(&mut world, fifth, 600).fails_with(LatchLive);
    world.vm.advance(u64::from(MAJOR_MIN + DWELL_MIN));
    begin(&mut world, fifth, 600).succeeds();
}

#[test]
fn a_keeper_that_is_there_says_so() {
    let mut world = World::default();
    let seat = |world: &World| {
        let address = world.us.program.addresses.keeper(&world.us.keepers[0].pubkey());
        world.vm.read::<Keeper>(&address)
    };
    assert!(!seat(&world).seen_at.is_set());
    let beat = |world: &mut World, by: usize, of: usize| {
        let (key, seat) = (world.us.keepers[by].insecure_clone(), world.us.keepers[of].pubkey());
        let mut beat = instruction::heartbeat(seat, &world.us.protocol);
        beat.accounts[0].pubkey = key.pubkey();
        world.vm.send(&[beat], &[&key])
    };
    beat(&mut world, 1, 0).fails_with(NotTheKeeper);
    beat(&mut world, 0, 0).succeeds();
    assert_eq!(seat(&world).seen_at, world.now());
    let entries = world.told().len();
    world.vm.advance(600);
    world.raise(0, 600).succeeds();
    assert_eq!(seat(&world).seen_at, world.now());
    assert_eq!(world.told().len(), entries + 1, "a heartbeat is no act");
    world.vm.advance(31 * DAY);
    beat(&mut world, 0, 0).fails_with(KeeperExpired);
}

/// Thresholds decide: each is what it says and no more.
#[test]
fn each_act_has_a_threshold_of_its_own() {
    let mut world = World::default();
    let members = world.us.guardians.iter().map(Signer::pubkey).collect();
    let thresholds = Thresholds { confirm: 3, resume: 2, freeze: 3, ..Thresholds::majority(3) };
    let change = Amending {
        rest: Vec::new(),
        ..world.amending(
            world.us.protocol,
            firebreak_interface::state::Amendment::Guardians { members, thresholds },
        )
    };
    let proposal = world.propose(&change);
    world.wait();
    world.approve(proposal, &[0, 1]).succeeds();
    world.execute(proposal, &change).succeeds();
    let order = world.order(3_600);
    world.pause(0, &order).succeeds();
    let market = Some(world.us.market);
    let latch = world.latch(market, Source::Guardian, Severity::Major);
    let order = ConfirmOrder { latch, seconds: 7_200 };
    world.confirm(market, &order, &[0, 1]).fails_with(NotApproved);
    world.confirm(market, &order, &[0, 1, 2]).succeeds();
    world.freeze(0, &[0, 1]).fails_with(NotApproved);
    let order = world.resume_order(market, Source::Guardian, Severity::Major);
    world.resume(market, &order, &[], &[0, 1]).succeeds();
    world.freeze(0, &[0, 1, 2]).succeeds();
}
