//! The ratchet: tightening comes at once, loosening waits, and nobody goes around it.

pub(crate) mod leaving;
pub(crate) mod loss;
mod registration;

use firebreak_interface::{
    BreakerError::*,
    Instant, Severity,
    constants::*,
    instruction::{self, Governance},
    pda,
    state::{Act, Amendment, CoverageRow, Keeper, LimiterSettings, Proposed, Status},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{Amending, FUNDS, Governed, Setup, World, token};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// One tightening of each kind of setting.
fn tightenings(governed: &Governed) -> [Amending; 5] {
    let world = &governed.world;
    [
        world.limiter_scaled(2),
        world.market_with(|settings| settings.dwell += 60),
        governed.band_with(|settings| settings.deviation_bps[0] -= 100),
        governed.ratios([10_100, 9_900, 9_500]),
        world.delay_of(LOOSENING_DELAY_DEFAULT + 1),
    ]
}

/// One loosening of each kind of setting.
fn loosenings(governed: &Governed) -> [Amending; 5] {
    let world = &governed.world;
    [
        world.limiter_scaled(5),
        world.market_with(|settings| settings.responses[0].closed = 0),
        governed.band_with(|settings| settings.deviation_bps[0] += 100),
        governed.ratios([9_950, 9_900, 9_500]),
        world.delay_of(LOOSENING_DELAY_MIN),
    ]
}

fn at(world: &mut World, moment: Instant, slots: u64, seconds: i64) {
    world.vm.set_clock(moment.slot - slots, moment.unix - seconds);
}

#[test]
fn the_authority_tightens_everything_at_once() {
    let mut governed = Governed::default();
    for change in tightenings(&governed) {
        governed.world.amend(&change).succeeds();
        let last = *governed.world.told().last().expect("told");
        assert_eq!((last.act, last.subject), (Act::Tightened, change.subject));
        assert_eq!(last.actor, governed.world.us.authority.pubkey());
    }
    let rates = governed.world.limiter().settings.windows.map(|window| window.rate_bps);
    assert_eq!(rates, [500, 1_250]);
    governed.world.verify_journal(&governed.world.told()).expect("sound");
}

#[test]
pub(crate) fn nothing_is_loosened_by_a_signature_alone() {
    let mut governed = Governed::default();
    let band = governed.band;
    let world = &governed.world;
    let keeper = world.us.program.addresses.keeper(&world.us.keepers[0].pubkey());
    let acts = [
        world.disarming(world.us.limiter),
        world.amending(band, Amendment::Disarm),
        governed.disarming(),
        world.accepting_loss(1),
        governed.accepting_loss(1),
        world.amending(keeper, Amendment::RevokeKeeper),
        world.moving_to(world.attacker.pubkey()),
        world.detaching(&[world.us.market], &[world.us.limiter]),
    ];
    for change in loosenings(&governed).iter().chain(&acts) {
        governed.world.amend(change).fails_with(LooseningWaits);
    }
    // a tightening does not carry a loosening with it
    let both = governed.world.limiter_with(|settings| {
        (settings.soft_bps, settings.elastic_bps) = (settings.soft_bps - 1, settings.elastic_bps + 1);
    });
    governed.world.amend(&both).fails_with(LooseningWaits);
    // nor does what nobody can call tighter or looser
    let longer = governed.world.limiter_with(|settings| settings.windows[1].seconds *= 2);
    governed.world.amend(&longer).fails_with(LooseningWaits);
}

#[test]
fn a_loosening_that_has_waited_is_executed_by_anyone() {
    let mut governed = Governed::default();
    for change in loosenings(&governed) {
        let proposal = governed.world.propose(&change);
        governed.world.wait();
        governed.world.execute(proposal, &change).succeeds();
        let last = *governed.world.told().last().expect("told");
        assert_eq!((last.act, last.subject, last.actor), (Act::Loosened, change.subject, proposal));
    }
    assert_eq!(governed.world.protocol().loosening_delay, LOOSENING_DELAY_MIN);
    assert_eq!(governed.world.protocol().pending_proposals, 0);
    governed.world.verify_journal(&governed.world.told()).expect("sound");
}

/// Between a transfer and its record, what arrived would be taken for a donation, and its record for a leak.
#[test]
fn no_stranger_changes_a_limiter_half_way_through_anothers_transaction() {
    let mut world = World::default();
    let change = world.limiter_scaled(5);
    let arm = Amending { amendment: Amendment::Arm, ..change.clone() };
    let proposals = [(&change, world.propose(&change)), (&arm, world.propose(&arm))];
    world.wait();
    for (change, proposal) in proposals {
        let execute = world.us.amend(&world.vm, Governance::Proposal(proposal), change);
        let pay = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
        world.send(&[pay, execute.clone()]).fails_with(WrongCompany);
        world.perform(&[(Guard::Always, execute)]).fails_with(NotTopLevel);
        for rest in [vec![], vec![world.us.vault], vec![world.us.vault, world.us.vault]] {
            let alone = Amending { rest, ..change.clone() };
            world.execute(proposal, &alone).fails_with(WrongCompany);
        }
    }
    // the authority chooses its own moment
    let tighter = world.limiter_scaled(3);
    let at_once = world.us.amend(&world.vm, world.us.authority.pubkey(), &tighter);
    let pay = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
    let signers = [&world.alice, &world.us.authority].map(|key| key.insecure_clone());
    world.vm.send(&[pay, at_once], &signers.each_ref()).succeeds();
}

/// A stranger keeps what is ripe until it opens what an incident closed.
#[test]
fn a_ripe_loosening_is_not_executed_in_an_incident() {
    let mut governed = Governed::default();
    let [limiter, market, band, invariant, _] = loosenings(&governed);
    let changes = [limiter, market, band, invariant];
    let proposals = changes.each_ref().map(|change| governed.world.propose(change));
    governed.world.wait();
    governed.world.withdraw(FUNDS / 2).succeeds();
    governed.world.poke().succeeds();
    assert_eq!(governed.world.severity(), Severity::Major);
    for (proposal, change) in proposals.into_iter().zip(&changes) {
        governed.world.execute(proposal, change).fails_with(LatchLive);
    }
    // another market, in which nothing holds, says nothing of this one
    let neighbour = governed.world.neighbour();
    for rest in [vec![], vec![neighbour.market]] {
        let elsewhere = Amending { rest, ..changes[2].clone() };
        governed.world.execute(proposals[2], &elsewhere).fails_with(WrongMarket);
    }
    governed.world.vm.advance(DAY);
    for (proposal, change) in proposals.into_iter().zip(&changes) {
        governed.world.execute(proposal, change).succeeds();
    }
}

/// Case 11: a thief who stole the authority's key and a stranger race each other to the moment; it comes for both.
#[test]
pub(crate) fn a_proposal_is_executed_neither_early_nor_twice_nor_late() {
    let mut world = World::default();
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    let (ripe, expires) = (world.proposal(&proposal).ripe_at, world.proposal(&proposal).expires_at);
    assert_eq!(ripe, world.now().plus(LOOSENING_DELAY_DEFAULT.into()));
    for (slots, seconds) in [(0, 1), (1, 0), (1, 1)] {
        at(&mut world, ripe, slots, seconds);
        world.execute(proposal, &change).fails_with(ProposalNotRipe);
    }
    // a clock that ran ahead and came back vouches for nothing
    world.vm.set_clock(ripe.slot, ripe.unix + 86_400);
    at(&mut world, ripe, 0, 1);
    world.execute(proposal, &change).fails_with(ProposalNotRipe);
    at(&mut world, ripe, 0, 0);
    world.execute(proposal, &change).succeeds();
    world.execute(proposal, &change).fails_with(ProposalFinished);
    assert_eq!(world.proposal(&proposal).status(), Some(Status::Executed));
    assert_eq!(world.limiter().settings.windows[0].rate_bps, 1_250);

    let mut world = World::default();
    let late = world.propose(&change);
    assert_eq!(world.proposal(&late).expires_at, expires);
    at(&mut world, expires, 0, 0);
    world.execute(late, &change).fails_with(ProposalExpired);
    at(&mut world, expires, 0, 1);
    world.execute(late, &change).succeeds();
}

/// Case 11: with other data, other accounts, by another instruction or of another protocol it is another act.
#[test]
pub(crate) fn a_proposal_stands_for_nothing_but_itself() {
    let mut world = World::with(|setup| setup.armed = false);
    let settings = Setup::default().limiter;
    let (vault, limiter) = world.us.guard_vault(&mut world.vm, world.us.market, FUNDS, &settings);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    world.wait();
    let change = world.limiter_scaled(5);
    let proposal = world.propose(&change);
    world.wait();
    let one_more = world.limiter_with(|settings| settings.windows[0].rate_bps = 1_251);
    let elsewhere = Amending { subject: limiter, rest: vec![vault], ..change.clone() };
    let disarm = world.disarming(world.us.limiter);
    for other in [one_more, elsewhere, disarm] {
        world.execute(proposal, &other).fails_with(WrongProposal);
    }
    let market = world.us.create_market(&world.vm, 1, &Setup::default().market);
    world.register_by(proposal, &market).fails_with(WrongProposal);
    // with the authority's signature beside it too: a proposal that is brought is the one that counts
    let mut both = world.us.amend(&world.vm, Governance::Proposal(proposal), &world.limiter_scaled(2));
    both.accounts[0] = solana_instruction::AccountMeta::new_readonly(world.us.authority.pubkey(), true);
    world.vm.send(&[both], &[&world.us.authority]).fails_with(WrongProposal);

    let neighbour = world.neighbour();
    let theirs = neighbour.propose(&world.vm, &change.proposed(), &[neighbour.limiter]);
    world.vm.send(&[theirs], &[&neighbour.authority]).succeeds();
    let theirs = pda::proposal(&neighbour.protocol, 0).0;
    world.wait();
    world.execute(theirs, &change).fails_with(WrongProtocol);
    let cancel = world.us.cancel(&world.vm, &world.us.authority.pubkey(), theirs);
    world.vm.send(&[cancel], &[&world.us.authority]).fails_with(WrongProtocol);
    world.execute(proposal, &change).succeeds();
}

#[test]
pub(crate) fn a_proposal_names_what_it_changes() {
    let mut governed = Governed::default();
    let (band, invariant) = (governed.band, governed.invariant);
    let world = &mut governed.world;
    let (limiter, market, vault) = (world.us.limiter, world.us.market, world.us.vault);
    let Amending { amendment, .. } = world.limiter_scaled(5);
    for wrong in [market, band, invariant, vault, world.us.program.addresses.journal] {
        world.proposes(&Proposed::Amend(amendment.clone()), &[wrong]).fails_with(WrongSubject);
        let at_once = Amending { subject: wrong, amendment: amendment.clone(), rest: vec![vault] };
        world.amend(&at_once).fails_with(WrongSubject);
    }
    let loss = Amendment::AcceptLoss { least: 1 };
    for (amendment, wrong) in [
        // a reference walks to the new price by itself
        (&loss, band),
        (&loss, market),
        (&Amendment::Disarm, market),
        (&Amendment::RevokeKeeper, limiter),
        (&Amendment::Detach, limiter),
        (&Amendment::LooseningDelay(LOOSENING_DELAY_MIN), market),
    ] {
        world.proposes(&Proposed::Amend(amendment.clone()), &[wrong]).fails_with(WrongSubject);
    }
    let proposed = Proposed::Amend(amendment);
    for bound in [&[][..], &[limiter, limiter], &[limiter, market]] {
        world.proposes(&proposed, bound).fails_with(WrongProposal);
    }
    let neighbour = world.neighbour();
    world.proposes(&proposed, &[neighbour.limiter]).fails_with(WrongProtocol);
    // the limiter's vault is the limiter's: in another one nothing may be missing
    let purse = world.purse;
    let elsewhere = Amending { rest: vec![purse], ..world.limiter_scaled(2) };
    world.amend(&elsewhere).fails_with(WrongVault);
    let nowhere = Amending { rest: Vec::new(), ..elsewhere };
    world.amend(&nowhere).fails_with(WrongVault);
}

/// Whoever reads a proposal sees all of it, so what no transaction brings is not kept either.
#[test]
pub(crate) fn a_proposal_has_so_many_bytes() {
    let mut world = World::default();
    let rows = |count: u8| (0..count).map(|i| CoverageRow { instruction: [i; 8], operations: 1 }).collect();
    world.proposes(&Proposed::RegisterCoverage(rows(64)), &[]).fails_with(ProposalTooLong);
    world.proposes(&Proposed::RegisterCoverage(rows(63)), &[]).succeeds();
}

#[test]
pub(crate) fn a_change_voids_what_was_proposed_before_it_but_no_undoing() {
    let mut world = World::default();
    let before = world.limiter_scaled(4);
    let looser = world.limiter_scaled(5);
    let proposal = world.propose(&looser);
    let tighter = world.limiter_scaled(3);
    world.amend(&tighter).succeeds();
    let undo = world.propose(&before);
    // a thief who tightens by one more each day to hold everybody off
    for _ in 0..3 {
        world.vm.advance(86_400);
        let tighter = world.limiter_with(|settings| settings.soft_bps -= 1);
        world.amend(&tighter).succeeds();
    }
    world.execute(proposal, &looser).fails_with(ProposalVoid);
    world.execute(undo, &before).succeeds();
    assert_eq!(world.limiter().settings, Setup::default().limiter);
}

/// Case 17: no limit goes below a quarter of its last delayed value at once, however often it is tried.
#[test]
pub(crate) fn tightening_at_once_has_a_floor_and_is_undone_in_one_step() {
    let mut governed = Governed::default();
    let before = Governed::default();
    let below = |governed: &Governed| {
        let world = &governed.world;
        let rate = |rate| move |s: &mut LimiterSettings| s.windows[0].rate_bps = rate;
        [
            world.limiter_with(rate(249)),
            world.limiter_with(rate(0)),
            world.limiter_with(|settings| settings.bootstrap_cap = FUNDS / 4 - 1),
            governed.band_with(|s| (s.divergence_bps[0], s.divergence_bps[1]) = (50, 124)),
            governed.ratios([40_001, 9_900, 9_500]),
            world.delay_of(LOOSENING_DELAY_DEFAULT * 4 + 1),
        ]
    };
    for change in below(&governed) {
        governed.world.amend(&change).fails_with(BelowFloor);
    }
    let floor = [
        governed.world.limiter_scaled(1),
        governed.ratios([40_000, 9_900, 9_500]),
        governed.world.delay_of(LOOSENING_DELAY_DEFAULT * 4),
    ];
    for change in &floor {
        governed.world.amend(change).succeeds();
    }
    // the floor is of the last delayed value: it does not follow downward
    for change in below(&governed) {
        governed.world.amend(&change).fails_with(BelowFloor);
    }
    let undo = [
        before.world.limiter_scaled(4),
        before.ratios([10_000, 9_900, 9_500]),
        before.world.delay_of(LOOSENING_DELAY_DEFAULT),
    ];
    let proposals = undo.each_ref().map(|change| governed.world.propose(change));
    governed.world.wait();
    for (proposal, change) in proposals.into_iter().zip(&undo) {
        governed.world.execute(proposal, change).succeeds();
    }
    assert_eq!(governed.world.limiter().settings, before.world.limiter().settings);
    assert_eq!(governed.world.protocol().loosening_delay, LOOSENING_DELAY_DEFAULT);
}

/// Zero is a limit, the strictest; it comes by a proposal, and goes by steps.
#[test]
pub(crate) fn one_proposal_loosens_by_one_step() {
    let mut world = World::default();
    for rate in [2_001, 4_000, 10_000] {
        let leap = world.limiter_with(|settings| settings.windows[0].rate_bps = rate);
        let proposal = world.propose(&leap);
        world.wait();
        world.execute(proposal, &leap).fails_with(StepTooLarge);
        world.cancel(proposal, true).succeeds();
    }
    // more of what all young limiters share is for a new registration
    let more = world.limiter_with(|settings| settings.bootstrap_cap += 1);
    world.amend(&more).fails_with(LooseningWaits);
    let proposal = world.propose(&more);
    world.wait();
    world.execute(proposal, &more).fails_with(StepTooLarge);
    let doubled = world.limiter_with(|settings| settings.windows[0].rate_bps = 2_000);
    world.pass(&doubled);
    let nothing = world.limiter_with(|settings| settings.windows[0].rate_bps = 0);
    world.amend(&nothing).fails_with(BelowFloor);
    world.pass(&nothing);
    world.withdraw(FUNDS / 100).succeeds();
    assert_eq!(world.alice(), FUNDS, "a limit of nothing lets nothing out");
    for (rate, is_one) in [(LOOSENING_LEAST_BPS + 1, false), (LOOSENING_LEAST_BPS, true)] {
        let some = world.limiter_with(|settings| settings.windows[0].rate_bps = rate);
        let proposal = world.propose(&some);
        world.wait();
        if is_one {
            world.execute(proposal, &some).succeeds();
        } else {
            world.execute(proposal, &some).fails_with(StepTooLarge);
        }
    }
    let shorter = world.delay_of(LOOSENING_DELAY_MIN - 1);
    world.proposes(&shorter.proposed(), &[shorter.subject]).fails_with(DelayOutOfBounds);
}

#[test]
pub(crate) fn what_is_fixed_stays_and_what_is_the_same_is_no_change() {
    let mut governed = Governed::default();
    let world = &governed.world;
    let fixed = [
        world.market_with(|settings| settings.critical_closes_exits = true),
        governed.band_with(|settings| settings.primary.id = [9; 32]),
        governed.band_with(|settings| settings.second = Default::default()),
    ];
    let same = [
        world.market_with(|_| {}),
        world.limiter_with(|_| {}),
        governed.band_with(|_| {}),
        governed.ratios([10_000, 9_900, 9_500]),
        world.delay_of(LOOSENING_DELAY_DEFAULT),
    ];
    for (changes, error) in [(&fixed[..], SettingFixed), (&same[..], NothingChanges)] {
        for change in changes {
            governed.world.amend(change).fails_with(error);
            let proposal = governed.world.propose(change);
            governed.world.wait();
            governed.world.execute(proposal, change).fails_with(error);
            governed.world.cancel(proposal, true).succeeds();
        }
    }
}

#[test]
pub(crate) fn so_many_proposals_wait_and_each_goes_its_way_once() {
    let mut world = World::default();
    let change = world.limiter_scaled(5);
    let proposals: Vec<Pubkey> = (0..PENDING_PROPOSALS).map(|_| world.propose(&change)).collect();
    world.proposes(&change.proposed(), &[change.subject]).fails_with(TooManyProposals);
    world.cancel(proposals[0], false).fails_with(CannotCancel);
    world.cancel(proposals[0], true).succeeds();
    world.cancel(proposals[0], true).fails_with(ProposalFinished);
    let ninth = world.propose(&change);
    assert_ne!(ninth, proposals[0], "a number is never used twice");
    assert_eq!(world.proposal(&proposals[0]).status(), Some(Status::Cancelled));
    world.wait();
    world.cancel(ninth, false).fails_with(CannotCancel);
    world.execute(proposals[0], &change).fails_with(ProposalFinished);
    world.execute(proposals[1], &change).succeeds();
    // the change voided the others, which hold nobody up once they are expired
    world.vm.advance(PROPOSAL_LIFE);
    for proposal in proposals[2..].iter().chain([&ninth]) {
        world.cancel(*proposal, false).succeeds();
    }
    assert_eq!(world.protocol().pending_proposals, 0);
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
pub(crate) fn governance_moves_to_a_key_that_signs() {
    let mut world = World::default();
    let heir = world.vm.person();
    let (looser, moved) = (world.limiter_scaled(5), world.moving_to(heir.pubkey()));
    let (loosening, moving) = (world.propose(&looser), world.propose(&moved));
    world.wait();
    world.execute(moving, &moved).fails_with(NotTheNewAuthority);
    let accept = |world: &World, authority: Pubkey| {
        world.us.amend(&world.vm, Governance::Accepted { proposal: moving, authority }, &moved)
    };
    let attacker = world.attacker.insecure_clone();
    let by_attacker = accept(&world, attacker.pubkey());
    world.vm.send(&[by_attacker], &[&attacker]).fails_with(NotTheNewAuthority);
    let by_old = accept(&world, world.us.authority.pubkey());
    world.vm.send(&[by_old], &[&world.us.authority]).fails_with(NotTheNewAuthority);
    let by_heir = accept(&world, heir.pubkey());
    world.vm.send(&[by_heir], &[&heir]).succeeds();
    assert_eq!(world.protocol().authority, heir.pubkey());
    let last = *world.told().last().expect("told");
    assert_eq!((last.act, last.subject), (Act::AuthorityMoved, heir.pubkey()));
    // what the old key proposed is void, and anybody clears it away
    world.execute(loosening, &looser).fails_with(ProposalVoid);
    world.cancel(loosening, false).succeeds();
    let tighter = world.limiter_scaled(3);
    world.amend(&tighter).fails_with(NotTheAuthority);
    world.proposes(&looser.proposed(), &[looser.subject]).fails_with(NotTheAuthority);
    world.us.authority = heir;
    world.amend(&tighter).succeeds();

    let nobody = world.moving_to(Pubkey::default());
    world.proposes(&nobody.proposed(), &[nobody.subject]).fails_with(InvalidAuthority);
    // one stolen key would be two
    let (guardian, keeper) = (world.us.guardians[0].insecure_clone(), world.us.keepers[0].insecure_clone());
    for holder in [&guardian, &keeper] {
        let both = world.moving_to(holder.pubkey());
        let proposal = world.propose(&both);
        world.wait();
        let another_seat = Amending { rest: world.moving_to(Pubkey::new_unique()).rest, ..both.clone() };
        for (change, error) in [(both, GuardianRoleConflict), (another_seat, WrongSubject)] {
            let accept = Governance::Accepted { proposal, authority: holder.pubkey() };
            let moves = world.us.amend(&world.vm, accept, &change);
            world.vm.send(&[moves], &[holder]).fails_with(error);
        }
    }
}

#[test]
pub(crate) fn a_rule_goes_back_to_shadow_by_a_proposal_and_is_armed_again_at_once() {
    let mut governed = Governed::default();
    let (band, invariant, limiter) = (governed.band, governed.invariant, governed.world.us.limiter);
    let acts = [
        governed.world.disarming(limiter),
        governed.world.amending(band, Amendment::Disarm),
        governed.disarming(),
    ];
    for (rule, disarm) in [limiter, band, invariant].into_iter().zip(acts) {
        governed.world.pass(&disarm);
        let last = *governed.world.told().last().expect("told");
        assert_eq!((last.act, last.subject), (Act::Disarmed, rule));
        let again = governed.world.propose(&disarm);
        governed.world.wait();
        governed.world.execute(again, &disarm).fails_with(NotArmed);
    }
    let world = &mut governed.world;
    // in shadow it measures and refuses nothing
    world.withdraw(FUNDS / 2).succeeds();
    assert_eq!(world.alice(), FUNDS + FUNDS / 2);
    // and what waits once a limiter was armed waits for ever
    let market = world.us.create_market(&world.vm, 1, &Setup::default().market);
    world.vm.send(&[market], &[&world.us.authority]).fails_with(RegistrationClosed);
    let (key, protocol, segment) =
        (world.us.authority.pubkey(), world.us.protocol, world.us.segment(&world.vm));
    let arms = [
        world.us.arm(&world.vm, world.us.vault),
        instruction::arm_rule(key, protocol, band, segment),
        instruction::arm_rule(key, protocol, invariant, segment),
    ];
    for arm in arms {
        world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    }
    assert_eq!(world.protocol().armed_limiters, 1, "counted once");
    world.withdraw(FUNDS / 2).succeeds();
    assert_eq!(world.alice(), FUNDS + FUNDS / 2);
}

#[test]
pub(crate) fn a_keeper_is_revoked() {
    let mut world = World::default();
    let keeper = world.us.program.addresses.keeper(&world.us.keepers[0].pubkey());
    let revoke = world.amending(keeper, Amendment::RevokeKeeper);
    let proposal = world.propose(&revoke);
    world.wait();
    world.raise(0, 600).succeeds();
    world.execute(proposal, &revoke).succeeds();
    world.raise(0, 600).fails_with(KeeperExpired);
    world.raise(1, 600).succeeds();
    assert_eq!(world.vm.read::<Keeper>(&keeper).expires, world.now());
    let again = world.propose(&revoke);
    world.wait();
    world.execute(again, &revoke).fails_with(KeeperEnded);
}
