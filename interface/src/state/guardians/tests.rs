use bytemuck::Zeroable;
use proptest::prelude::*;

use super::*;
use crate::state::{
    Amendment, GuardianBudget, LimiterSettings, Mandate, Proposal, Proposed, ProtocolSettings, Status,
};

const START: Instant = Instant::new(1_000_000, 1_800_000_000);
const KEY: u8 = 92;
/// A slot in which the proposals can be read.
const SEEN: u64 = START.slot + 1;

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// A protocol of so many guardians, 1 and up, each act of whom takes a majority.
fn protocol(members: u8) -> Protocol {
    let mut protocol = Protocol::zeroed();
    let settings = ProtocolSettings::starting(key(99), (1..=members).map(key).collect());
    protocol.initialize(key(90), key(91), 255, &settings).expect("settings are sound");
    protocol
}

/// The guardians' places.
fn of(protocol: &Protocol, guardians: &[u8]) -> Members {
    let keys: Vec<_> = guardians.iter().copied().map(key).collect();
    protocol.members(&keys).expect("they are guardians")
}

fn loosening() -> Proposed {
    Proposed::Amend(Amendment::Limiter(LimiterSettings::starting(1_000, 100)))
}

fn propose(protocol: &mut Protocol, proposed: &Proposed, vetoed: Option<&Proposal>) -> Checked<Proposal> {
    let mut proposal = Proposal::zeroed();
    proposal.initialize(protocol, key(KEY), 254, (proposed, &[key(8)], 0), vetoed, START)?;
    Ok(proposal)
}

fn execute(proposal: &mut Proposal, protocol: &mut Protocol, proposed: &Proposed) -> Checked<()> {
    let ripe = proposal.ripe_at;
    proposal.execute(protocol, (proposed, &[key(8)]), ripe)
}

#[test]
fn thresholds_are_one_to_all_and_a_majority_for_what_loosens() {
    for members in 3..=16 {
        let sound = Thresholds::majority(members);
        assert_eq!(sound.check(members), Ok(()));
        assert!(u32::from(sound.resume) * 2 > u32::from(members));
        type Sets = fn(&mut Thresholds, u8);
        let any: [(Sets, u8); 2] = [(|t, x| t.confirm = x, 2), (|t, x| t.veto = x, 1)];
        let loosening: [Sets; 4] =
            [|t, x| t.resume = x, |t, x| t.migrate = x, |t, x| t.release = x, |t, x| t.freeze = x];
        let check = |set: Sets, number| {
            let mut thresholds = sound;
            set(&mut thresholds, number);
            thresholds.check(members)
        };
        let out = Err(BreakerError::ThresholdOutOfBounds);
        for (set, least) in any {
            assert_eq!([check(set, least), check(set, members)], [Ok(()); 2]);
            assert_eq!([check(set, least - 1), check(set, members + 1)], [out; 2]);
        }
        for set in loosening {
            assert_eq!([check(set, sound.resume), check(set, members)], [Ok(()); 2]);
            assert_eq!([check(set, sound.resume - 1), check(set, members + 1)], [out; 2]);
        }
        assert_eq!(check(|t, x| t.padding[0] = x, 1), out);
    }
}

#[test]
fn a_guardian_speaks_once_in_each_membership() {
    let protocol = protocol(3);
    assert_eq!(protocol.members(&[key(1), key(3)]), Ok(0b101));
    assert_eq!(protocol.members(&[key(2), key(2)]), Ok(0b010), "named twice is one");
    assert_eq!(protocol.members(&[key(1), key(99)]), Err(BreakerError::NotAGuardian));
    assert_eq!(protocol.members(&[]), Err(BreakerError::NotAGuardian));
    assert_eq!(
        protocol.members(&[Pubkey::default()]),
        Err(BreakerError::NotAGuardian),
        "an empty place is nobody"
    );

    let mut ballot = Ballot::default();
    assert_eq!(ballot.approve(0b001, 0), Ok(()));
    assert_eq!(ballot.approve(0b001, 0), Err(BreakerError::AlreadyVoted));
    assert_eq!(ballot.approve(0b011, 0), Ok(()), "one of them is new");
    assert_eq!(ballot.veto(0b001, 0), Ok(()), "who approved may think better of it");
    assert_eq!((ballot.approved, ballot.vetoed), (0b011, 0b001));
    assert_eq!(ballot.approve(0b001, 1), Ok(()), "another membership begins with nobody");
    assert_eq!((ballot.approved, ballot.vetoed), (0b001, 0));
}

#[test]
fn what_the_authority_must_not_reach_alone_takes_the_guardians() {
    let mut town = protocol(5);
    town.thresholds.resume = 4;
    let (members, thresholds) = ((11..=15).map(key).collect(), Thresholds::majority(5));
    let change = Proposed::Amend(Amendment::Guardians { members, thresholds });
    let loss = Proposed::Amend(Amendment::AcceptLoss { least: 1 });
    for proposed in [change, loss] {
        let mut proposal = propose(&mut town, &proposed, None).expect("room");
        assert_eq!(execute(&mut proposal, &mut town, &proposed), Err(BreakerError::NotApproved));
        let blind = proposal.approve(&town, 0b1, START.slot, START);
        assert_eq!(blind, Err(BreakerError::StaleStamp), "a number that could become anything");
        for (guardian, votes) in [(1, 1), (2, 2), (3, 3)] {
            assert_eq!(proposal.approve(&town, of(&town, &[guardian]), SEEN, START), Ok(votes));
        }
        assert_eq!(execute(&mut proposal, &mut town, &proposed), Err(BreakerError::NotApproved));
        assert_eq!(proposal.approve(&town, of(&town, &[5]), SEEN, START), Ok(4));
        assert_eq!(execute(&mut proposal, &mut town, &proposed), Ok(()));
        assert_eq!(
            proposal.approve(&town, of(&town, &[4]), SEEN, START),
            Err(BreakerError::ProposalFinished)
        );
    }
    let proposed = loosening();
    let mut proposal = propose(&mut town, &proposed, None).expect("room");
    assert_eq!(execute(&mut proposal, &mut town, &proposed), Ok(()), "the delay and the veto bind it");
}

#[test]
fn an_approval_of_another_membership_never_counts() {
    let mut town = protocol(3);
    let proposed = Proposed::Amend(Amendment::AcceptLoss { least: 1 });
    let mut proposal = propose(&mut town, &proposed, None).expect("room");
    proposal.approve(&town, of(&town, &[1, 2, 3]), SEEN, START).expect("all of them");
    let majority = Thresholds::majority(3);
    // removed, replaced, and back in the same places
    for members in [[1, 2, 4], [1, 2, 3]] {
        let members: Vec<_> = members.into_iter().map(key).collect();
        town.change_guardians(&members, &majority, Mandate::waited(0)).expect("others");
        assert_eq!(execute(&mut proposal, &mut town, &proposed), Err(BreakerError::NotApproved));
    }
    proposal.approve(&town, of(&town, &[1]), SEEN, START).expect("once more");
    assert_eq!(execute(&mut proposal, &mut town, &proposed), Err(BreakerError::NotApproved));
    proposal.approve(&town, of(&town, &[3]), SEEN, START).expect("once more");
    // a threshold is a membership too
    let all = Thresholds { freeze: 3, ..majority };
    let members: Vec<_> = (1..=3).map(key).collect();
    town.change_guardians(&members, &all, Mandate::waited(0)).expect("others");
    assert_eq!(execute(&mut proposal, &mut town, &proposed), Err(BreakerError::NotApproved));
}

#[test]
fn guardians_change_by_a_proposal_alone_and_are_fit_for_it() {
    let mut town = protocol(3);
    let majority = Thresholds::majority(3);
    let change = |town: &Protocol, members: &[u8], thresholds, mandate| {
        let members: Vec<_> = members.iter().copied().map(key).collect();
        let mut town = *town;
        town.change_guardians(&members, &thresholds, mandate).map(|()| town.membership_epoch)
    };
    let waited = Mandate::waited(0);
    assert_eq!(change(&town, &[4, 5, 6], majority, Mandate::AtOnce), Err(BreakerError::LooseningWaits));
    assert_eq!(change(&town, &[4, 5, 6], majority, waited), Ok(1));
    assert_eq!(change(&town, &[1, 2, 3], majority, waited), Err(BreakerError::NothingChanges));
    assert_eq!(change(&town, &[1, 2], Thresholds::majority(2), waited), Err(BreakerError::GuardianCount));
    assert_eq!(change(&town, &[1, 2, 2], majority, waited), Err(BreakerError::InvalidGuardian));
    assert_eq!(change(&town, &[1, 2, 0], majority, waited), Err(BreakerError::InvalidGuardian));
    assert_eq!(change(&town, &[1, 2, 99], majority, waited), Err(BreakerError::GuardianRoleConflict));
    let few = Thresholds { release: 1, ..majority };
    assert_eq!(change(&town, &[4, 5, 6], few, waited), Err(BreakerError::ThresholdOutOfBounds));
    let seventeen: Vec<_> = (1..=17).collect();
    assert_eq!(change(&town, &seventeen, Thresholds::majority(16), waited), Err(BreakerError::GuardianCount));
    // fewer than before leave no place behind
    town.change_guardians(&(1..=5).map(key).collect::<Vec<_>>(), &Thresholds::majority(5), waited)
        .expect("more");
    town.change_guardians(&(1..=3).map(key).collect::<Vec<_>>(), &majority, waited).expect("fewer");
    assert!(!town.is_guardian(&key(4)));
    assert_eq!(town.guardians[3..], [Pubkey::default(); 13]);
}

#[test]
fn a_veto_ends_a_proposal_and_the_same_again_takes_more_of_them() {
    let mut town = protocol(5);
    town.thresholds.veto = 2;
    let proposed = loosening();
    let mut first = propose(&mut town, &proposed, None).expect("room");
    assert_eq!(first.veto(&mut town, 0b00001, START), Ok(1));
    assert_eq!((first.status(), town.pending_proposals), (Some(Status::Pending), 1));
    assert_eq!(first.veto(&mut town, 0b00001, START), Err(BreakerError::AlreadyVoted));
    assert_eq!(first.veto(&mut town, 0b00010, START), Ok(2));
    assert_eq!((first.status(), town.pending_proposals), (Some(Status::Vetoed), 0));
    assert_eq!(first.veto(&mut town, 0b00100, START), Err(BreakerError::ProposalFinished));
    assert_eq!(execute(&mut first, &mut town, &proposed), Err(BreakerError::ProposalFinished));

    let mut again = propose(&mut town, &proposed, Some(&first)).expect("the same");
    assert_eq!(again.ripe_at, START.plus(u64::from(LOOSENING_DELAY_DEFAULT) * 2));
    assert_eq!(again.veto(&mut town, 0b00111, START), Ok(3));
    assert_eq!(again.status(), Some(Status::Pending), "the other two could not have vetoed it");
    assert_eq!(again.veto(&mut town, 0b01000, START), Ok(4));
    assert_eq!(again.status(), Some(Status::Vetoed));
    town.thresholds.veto = 4;
    let mut harder = propose(&mut town, &proposed, Some(&first)).expect("the same");
    assert_eq!(harder.veto(&mut town, 0b00111, START), Ok(3));
    assert_eq!(harder.status(), Some(Status::Pending), "no fewer than the first time");
    let third = propose(&mut town, &proposed, Some(&again)).expect("the same");
    assert_eq!(third.ripe_at, START.plus(u64::from(LOOSENING_DELAY_DEFAULT) * 4));

    let other = Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MIN));
    assert_eq!(propose(&mut town, &other, Some(&first)).err(), Some(BreakerError::WrongProposal));
    let pending = propose(&mut town, &proposed, None).expect("room");
    assert_eq!(propose(&mut town, &proposed, Some(&pending)).err(), Some(BreakerError::WrongProposal));
    let elsewhere = Proposal { protocol: key(93), ..first };
    assert_eq!(propose(&mut town, &proposed, Some(&elsewhere)).err(), Some(BreakerError::WrongProposal));
}

#[test]
fn who_is_to_leave_does_not_hold_the_others_off() {
    let mut town = protocol(3);
    let (members, thresholds) = ([1, 2, 4].map(key).to_vec(), Thresholds::majority(3));
    let proposed = Proposed::Amend(Amendment::Guardians { members, thresholds });
    let mut first = propose(&mut town, &proposed, None).expect("room");
    first.veto(&mut town, 0b101, START).expect("two of them");
    assert_eq!(first.status(), Some(Status::Vetoed), "the first time it counts");
    let mut again = propose(&mut town, &proposed, Some(&first)).expect("the same");
    assert_eq!(again.veto(&mut town, 0b101, START), Ok(1));
    assert_eq!(again.status(), Some(Status::Pending));
    again.approve(&town, 0b011, SEEN, START).expect("the two who stay");
    assert_eq!(execute(&mut again, &mut town, &proposed), Ok(()));
}

#[test]
fn a_few_guardians_keep_no_money_in_a_safe() {
    let mut town = protocol(5);
    town.thresholds.veto = 1;
    let order = ReleaseOrder { vault: key(8), amount: 1, destination: key(8), owner: key(9) };
    let mut proposal = Proposal::zeroed();
    let by = (town.guardians()[0], 0, 254);
    proposal
        .initialize_act((&town, key(KEY)), by, (&GuardianAct::Release(order), key(7)), START)
        .expect("an act");
    assert_eq!(proposal.veto(&mut town, 0b01111, START), Ok(4));
    assert_eq!(proposal.status(), Some(Status::Pending), "all but one");
    assert_eq!(proposal.veto(&mut town, 0b10000, START), Ok(5));
    assert_eq!(proposal.status(), Some(Status::Vetoed));
}

#[test]
fn a_frozen_authority_finds_nothing_of_its_own_and_proposes_nothing() {
    let mut town = protocol(3);
    let proposed = loosening();
    let mut mine = propose(&mut town, &proposed, None).expect("room");
    assert_eq!(town.freeze_authority(1, START), Err(BreakerError::StaleFreeze));
    assert_eq!(town.freeze_authority(0, START), Ok(()));
    assert_eq!(execute(&mut mine, &mut town, &proposed), Err(BreakerError::ProposalVoid));
    assert_eq!(propose(&mut town, &proposed, None).err(), Some(BreakerError::AuthorityFrozen));
    assert_eq!(
        town.freeze_authority(0, START),
        Err(BreakerError::StaleFreeze),
        "signed once, it freezes once"
    );
    assert_eq!(town.freeze_authority(1, START), Err(BreakerError::AlreadyFrozen));
    let thawed = START.plus(AUTHORITY_FREEZE);
    let almost = Instant::new(thawed.slot, thawed.unix - 1);
    assert_eq!(town.check_thawed(almost), Err(BreakerError::AuthorityFrozen));
    assert_eq!(town.check_thawed(thawed), Ok(()));
    assert_eq!(town.freeze_authority(1, thawed), Ok(()));
}

#[test]
fn a_protocol_of_the_first_version_is_migrated_once() {
    let mut old = protocol(4);
    (old.version, old.thresholds) = (1, Thresholds::zeroed());
    assert_eq!(old.thresholds(), Err(BreakerError::MigrateFirst), "a threshold of zero would be nobody");
    assert!(old.migrate());
    assert_eq!((old.version, old.thresholds()), (PROTOCOL_VERSION, Ok(Thresholds::majority(4))));
    old.thresholds.veto = 1;
    assert!(!old.migrate());
    assert_eq!(old.thresholds.veto, 1, "what was chosen since stays");
    let newer = Protocol { version: PROTOCOL_VERSION + 1, ..protocol(4) };
    assert!(!{ newer }.migrate());
}

proptest! {
    /// Each of a minority asks for pauses of the market and of all markets, whenever it likes.
    #[test]
    fn a_minority_pauses_for_seven_days_at_most_in_any_thirty(
        members in 3u8..=16,
        asks in prop::collection::vec((0u64..400_000, any::<u8>(), MAJOR_MIN..=PAUSE_BUDGET_SECONDS), 1..400),
    ) {
        let mut town = protocol(members);
        town.thresholds.confirm = members;
        let minority = usize::from(members - 1);
        let mut budgets = vec![GuardianBudget::zeroed(); 2 * minority];
        let (mut elapsed, mut paused) = (0, Vec::new());
        for (wait, who, seconds) in asks {
            elapsed += wait;
            let now = Instant::new(START.slot + elapsed * 5, START.unix + elapsed.cast_signed());
            let budget = &mut budgets[usize::from(who) % (2 * minority)];
            let mut next = *budget;
            if next.spend(seconds, town.pause_budget(), now).is_ok() {
                *budget = next;
                paused.push((elapsed, u64::from(seconds)));
            }
        }
        for (from, _) in &paused {
            let in_window = paused.iter().filter(|(at, _)| (*from..from + PAUSE_BUDGET_PERIOD).contains(at));
            let held: u64 = in_window.map(|(_, seconds)| seconds).sum();
            prop_assert!(held <= u64::from(MINORITY_PAUSE_MAX), "{held} s in thirty days");
        }
    }
}
