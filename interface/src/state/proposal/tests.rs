//! What waits: no sooner than said, no later, once, and exactly what was proposed.

use bytemuck::Zeroable;
use proptest::prelude::*;

use super::*;
use crate::{
    operation::Operations,
    state::{Feed, ProtocolSettings, Reading, TermSettings, Thresholds},
};

const START: Instant = Instant::new(1_000_000, 1_800_000_000);
const DELAY: u32 = LOOSENING_DELAY_DEFAULT;

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

const SUBJECT: u8 = 50;
const AUTHORITY: u8 = 1;

fn protocol() -> Protocol {
    let mut protocol = Protocol::zeroed();
    let guardians = vec![key(11), key(12), key(13)];
    let settings =
        ProtocolSettings { loosening_delay: DELAY, ..ProtocolSettings::starting(key(AUTHORITY), guardians) };
    protocol.initialize(key(90), key(91), 255, &settings).expect("settings are sound");
    protocol
}

/// A loosening whose content nothing else resembles.
fn raise_cap(cap: u64) -> Proposed {
    Proposed::Amend(Amendment::Limiter(LimiterSettings::starting(cap, 100)))
}

fn try_propose(
    protocol: &mut Protocol,
    proposed: &Proposed,
    accounts: &[Pubkey],
    now: Instant,
) -> Checked<Proposal> {
    let mut proposal = Proposal::zeroed();
    proposal.initialize(protocol, key(92), 254, (proposed, accounts, 7), None, now)?;
    Ok(proposal)
}

fn propose(protocol: &mut Protocol) -> Proposal {
    try_propose(protocol, &raise_cap(1_000), &[key(SUBJECT)], START).expect("may be proposed")
}

/// Executes what [`propose`] proposed; a failure takes everything back, as a transaction does.
fn execute(proposal: &mut Proposal, protocol: &mut Protocol, now: Instant) -> Checked<()> {
    let before = (*proposal, *protocol);
    let result = proposal.execute(protocol, (&raise_cap(1_000), &[key(SUBJECT)]), now);
    if result.is_err() {
        (*proposal, *protocol) = before;
    }
    result
}

/// Governance moves, as by a proposal that is ripe.
fn move_authority(protocol: &mut Protocol, to: u8) {
    let mandate = crate::state::Mandate::waited(protocol.epoch);
    protocol.move_authority(key(to), mandate).expect("nobody else's key");
}

fn ripe() -> Instant {
    START.plus(DELAY.into())
}

#[test]
fn it_says_who_what_and_when() {
    let mut protocol = protocol();
    let proposal = propose(&mut protocol);
    assert_eq!((proposal.authority, proposal.protocol), (key(AUTHORITY), key(92)));
    assert_eq!((proposal.nonce, proposal.epoch, proposal.status()), (0, 7, Some(Status::Pending)));
    assert_eq!((proposal.proposed_at, proposal.ripe_at), (START, ripe()));
    assert_eq!(proposal.expires_at, ripe().plus(PROPOSAL_LIFE));
    assert_eq!(proposal.read_content(), Some((vec![key(SUBJECT)], raise_cap(1_000))));
}

#[test]
fn it_waits_by_both_clocks() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    let ripe = ripe();
    let a_second_early = Instant { unix: ripe.unix - 1, slot: u64::MAX };
    let a_slot_early = Instant { unix: i64::MAX, slot: ripe.slot - 1 };
    for early in [START, a_second_early, a_slot_early, Instant::NEVER] {
        assert_eq!(
            execute(&mut proposal, &mut protocol, early),
            Err(BreakerError::ProposalNotRipe),
            "{early:?}"
        );
    }
    assert_eq!(execute(&mut proposal, &mut protocol, ripe), Ok(()));
    assert_eq!((proposal.status(), proposal.finished_at), (Some(Status::Executed), ripe));
}

#[test]
fn it_expires_a_week_later() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    let end = proposal.expires_at;
    assert_eq!(execute(&mut proposal, &mut protocol, end), Err(BreakerError::ProposalExpired));
    let last = Instant { unix: end.unix - 1, ..end };
    assert_eq!(execute(&mut proposal, &mut protocol, last), Ok(()));
}

#[test]
fn it_is_executed_once() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    assert_eq!(execute(&mut proposal, &mut protocol, ripe()), Ok(()));
    assert_eq!(execute(&mut proposal, &mut protocol, ripe()), Err(BreakerError::ProposalFinished));
    let again = proposal.cancel(&mut protocol, &key(AUTHORITY), ripe());
    assert_eq!(again, Err(BreakerError::ProposalFinished));
    assert_eq!(protocol.pending_proposals, 0);
}

#[test]
fn it_is_for_exactly_its_act_data_and_accounts() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    let same = raise_cap(1_000);
    let subject = key(SUBJECT);
    let others: [(Proposed, &[Pubkey]); 7] = [
        (raise_cap(1_001), &[subject]),
        (Proposed::Amend(Amendment::Disarm), &[subject]),
        (
            Proposed::RegisterLimiter { settings: LimiterSettings::starting(1_000, 100), mint_cap: 0 },
            &[subject],
        ),
        (same.clone(), &[key(51)]),
        (same.clone(), &[]),
        (same.clone(), &[subject, subject]),
        (same.clone(), &[subject, key(51)]),
    ];
    for (other, accounts) in &others {
        let before = proposal;
        let result = proposal.execute(&mut protocol, (other, accounts), ripe());
        assert_eq!(result, Err(BreakerError::WrongProposal), "{other:?} of {accounts:?}");
        assert_eq!(bytemuck::bytes_of(&before), bytemuck::bytes_of(&proposal));
    }
    assert_eq!(proposal.execute(&mut protocol, (&same, &[subject]), ripe()), Ok(()));
}

#[test]
fn under_another_authority_it_is_void_and_anybody_clears_it_away() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    move_authority(&mut protocol, 2);
    assert_eq!(execute(&mut proposal, &mut protocol, ripe()), Err(BreakerError::ProposalVoid));
    assert_eq!(proposal.cancel(&mut protocol, &key(77), START), Ok(()));
    assert_eq!(proposal.status(), Some(Status::Cancelled));
}

#[test]
fn back_in_office_an_authority_finds_nothing_of_its_old_term_to_execute() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    move_authority(&mut protocol, 2);
    move_authority(&mut protocol, AUTHORITY);
    assert_eq!(execute(&mut proposal, &mut protocol, ripe()), Err(BreakerError::ProposalVoid));
    assert_eq!(proposal.cancel(&mut protocol, &key(77), START), Ok(()));
}

#[test]
fn the_authority_cancels_at_any_time_and_a_stranger_what_is_expired() {
    let mut protocol = protocol();
    let mut proposal = propose(&mut protocol);
    let stranger = key(77);
    for waiting in [START, ripe(), Instant { slot: 0, ..proposal.expires_at }] {
        let result = proposal.cancel(&mut protocol, &stranger, waiting);
        assert_eq!(result, Err(BreakerError::CannotCancel), "{waiting:?}");
    }
    let end = proposal.expires_at;
    assert_eq!(proposal.cancel(&mut protocol, &stranger, end), Ok(()));
    assert_eq!((proposal.status(), proposal.finished_at), (Some(Status::Cancelled), end));
    assert_eq!(proposal.cancel(&mut protocol, &stranger, end), Err(BreakerError::ProposalFinished));

    let mut proposal = propose(&mut protocol);
    assert_eq!(proposal.cancel(&mut protocol, &key(AUTHORITY), START), Ok(()));
    assert_eq!(execute(&mut proposal, &mut protocol, ripe()), Err(BreakerError::ProposalFinished));
    assert_eq!(protocol.pending_proposals, 0);
}

#[test]
fn eight_wait_at_most_and_no_number_comes_twice() {
    let mut protocol = protocol();
    let mut waiting: Vec<_> = (0..PENDING_PROPOSALS).map(|_| propose(&mut protocol)).collect();
    let ninth = try_propose(&mut protocol, &raise_cap(1_000), &[key(SUBJECT)], START);
    assert_eq!(ninth.map(|_| ()), Err(BreakerError::TooManyProposals));
    assert_eq!(waiting.iter().map(|proposal| proposal.nonce).collect::<Vec<_>>(), (0..8).collect::<Vec<_>>());

    waiting[3].cancel(&mut protocol, &key(AUTHORITY), START).expect("the authority may");
    assert_eq!(execute(&mut waiting[4], &mut protocol, ripe()), Ok(()));
    assert_eq!([propose(&mut protocol).nonce, propose(&mut protocol).nonce], [8, 9]);
    let ninth = try_propose(&mut protocol, &raise_cap(1_000), &[key(SUBJECT)], START);
    assert_eq!(ninth.map(|_| ()), Err(BreakerError::TooManyProposals));
    assert_eq!(protocol.next_proposal, 10);

    protocol.next_proposal = u64::MAX;
    protocol.pending_proposals = 0;
    let last = try_propose(&mut protocol, &raise_cap(1_000), &[key(SUBJECT)], START);
    assert_eq!(last.map(|_| ()), Err(BreakerError::TooManyProposals), "numbers never begin anew");
}

#[test]
fn it_keeps_the_delay_of_its_day() {
    let mut protocol = protocol();
    let mut before = propose(&mut protocol);
    protocol.loosening_delay = LOOSENING_DELAY_MIN;
    let mut after = propose(&mut protocol);
    let soon = START.plus(LOOSENING_DELAY_MIN.into());
    assert_eq!(execute(&mut before, &mut protocol, soon), Err(BreakerError::ProposalNotRipe));
    assert_eq!(execute(&mut after, &mut protocol, soon), Ok(()));
    // nor does a longer one hold it off
    protocol.loosening_delay = LOOSENING_DELAY_MAX;
    assert_eq!(execute(&mut before, &mut protocol, ripe()), Ok(()));
}

#[test]
fn leaving_waits_for_thirty_days_whatever_the_delay() {
    let detach = Proposed::Amend(Amendment::Detach);
    let delay = |proposed: &Proposed, delay| proposed.policy().wait.seconds(delay);
    assert_eq!(delay(&detach, LOOSENING_DELAY_MIN), DETACH_DELAY);
    assert_eq!(delay(&detach, DETACH_DELAY + 1), DETACH_DELAY + 1);
    assert_eq!(delay(&Proposed::Amend(Amendment::Disarm), LOOSENING_DELAY_MIN), LOOSENING_DELAY_MIN);
    let mut protocol = protocol();
    let mut proposal = try_propose(&mut protocol, &detach, &[key(92)], START).expect("may be proposed");
    let early = proposal.execute(&mut protocol, (&detach, &[key(92)]), ripe());
    assert_eq!(early, Err(BreakerError::ProposalNotRipe));
}

#[test]
fn what_can_never_be_executed_is_not_waited_for() {
    let mut protocol = protocol();
    let broken: [(Proposed, BreakerError); 5] = [
        (raise_cap(u64::MAX), BreakerError::LimiterSettingOutOfBounds),
        (Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MIN - 1)), BreakerError::DelayOutOfBounds),
        (Proposed::Amend(Amendment::LooseningDelay(LOOSENING_DELAY_MAX + 1)), BreakerError::DelayOutOfBounds),
        (Proposed::Amend(Amendment::Authority(Pubkey::default())), BreakerError::InvalidAuthority),
        (
            Proposed::Amend(Amendment::Invariant(crate::state::Ratios { bps: [1, 2, 3] })),
            BreakerError::RatioOutOfBounds,
        ),
    ];
    for (proposed, error) in &broken {
        let result = try_propose(&mut protocol, proposed, &[key(SUBJECT)], START);
        assert_eq!(result.map(|_| ()), Err(*error), "{proposed:?}");
    }
    assert_eq!(protocol.next_proposal, 0);
}

/// One of each act, with as many accounts as it binds.
fn every_act() -> Vec<(Proposed, usize)> {
    let market = MarketSettings::closing(Operations::default(), Operations::default(), Operations::NON_EXITS);
    let limiter = LimiterSettings::starting(1_000, 100);
    let feed = |byte| Feed { account: key(byte), id: [byte + 1; 32] };
    let band = BandSettings::starting(feed(1), feed(3));
    let keeper = KeeperSettings { key: key(5), max_seconds: MINOR_MIN, raises_per_day: 1, term: 1 };
    let term = |reading| TermSettings { reading, coefficient: 3 };
    let readings =
        [Reading::TokenBalance, Reading::MintSupply, Reading::U64(1), Reading::I64(2), Reading::U128(3)];
    let side: Vec<_> = readings.into_iter().cycle().take(INVARIANT_TERMS).map(term).collect();
    let invariant = InvariantSettings { left: side.clone(), right: side, ratio_bps: [10_000, 9_900, 9_000] };
    let rows = rows(5);
    let amendments = [
        Amendment::Market(market),
        Amendment::Limiter(limiter),
        Amendment::Band(band),
        Amendment::Invariant(crate::state::Ratios { bps: invariant.ratio_bps }),
        Amendment::LooseningDelay(DELAY),
        Amendment::Disarm,
        Amendment::AcceptLoss { least: 12 },
        Amendment::RevokeKeeper,
        Amendment::Authority(key(8)),
        Amendment::Guardians { members: (1..=4).map(key).collect(), thresholds: Thresholds::majority(4) },
        Amendment::ApproveUpgrade([6; 32]),
        Amendment::Unpin,
        Amendment::Detach,
    ];
    let mut acts: Vec<_> = amendments.into_iter().map(|amendment| (Proposed::Amend(amendment), 1)).collect();
    acts.extend([
        (Proposed::CreateMarket { id: 4, settings: market }, 0),
        (Proposed::RegisterLimiter { settings: limiter, mint_cap: 9 }, 2),
        (Proposed::RegisterKeeper(keeper), 0),
        (Proposed::RegisterCoverage(rows), 0),
        (Proposed::RegisterBand { index: 2, settings: band }, 1),
        (Proposed::RegisterInvariant { index: 1, settings: invariant }, 1 + 2 * INVARIANT_TERMS),
    ]);
    acts
}

#[test]
fn every_act_is_read_as_it_was_proposed_with_as_many_accounts_as_it_binds() {
    for (proposed, count) in every_act() {
        let accounts: Vec<_> = (0..).map(key).take(count).collect();
        let mut protocol = protocol();
        let proposal = try_propose(&mut protocol, &proposed, &accounts, START).expect("may be proposed");
        assert_eq!(proposal.read_content(), Some((accounts.clone(), proposed.clone())));
        let members = match &proposed {
            Proposed::Amend(Amendment::Guardians { members, .. }) => Some(members.clone()),
            _ => None,
        };
        assert_eq!(proposal.members_to_be(), members, "{proposed:?}");

        let one_more: Vec<_> = (0..).map(key).take(count + 1).collect();
        let fewer = &accounts[..count.saturating_sub(1)];
        for wrong in [&one_more[..], fewer].into_iter().filter(|wrong| wrong.len() != count) {
            let result = try_propose(&mut protocol, &proposed, wrong, START);
            assert_eq!(result.map(|_| ()), Err(BreakerError::WrongProposal), "{proposed:?}");
        }
    }
}

/// Rows of so many instructions.
fn rows(count: usize) -> Vec<CoverageRow> {
    (0..count).map(|i| CoverageRow { instruction: (i as u64).to_le_bytes(), operations: 1 }).collect()
}

#[test]
fn rows_that_no_table_takes_are_not_proposed() {
    let mut protocol = protocol();
    let twice = [rows(2), rows(1)].concat();
    for (rows, error) in [(rows(0), BreakerError::CoverageCount), (twice, BreakerError::CoveredTwice)] {
        let result = try_propose(&mut protocol, &Proposed::RegisterCoverage(rows), &[], START);
        assert_eq!(result.map(|_| ()), Err(error));
    }
    assert_eq!(protocol.next_proposal, 0);
}

#[test]
fn what_has_no_room_is_not_cut() {
    let rows = |count| Proposed::RegisterCoverage(rows(count));
    // a count of accounts, the act, a length, and sixteen bytes a row
    let most = (PROPOSAL_CONTENT - 6) / 16;
    let mut protocol = protocol();
    let proposal = try_propose(&mut protocol, &rows(most), &[], START).expect("there is room");
    assert_eq!(proposal.read_content(), Some((vec![], rows(most))));
    let result = try_propose(&mut protocol, &rows(most + 1), &[], START);
    assert_eq!(result.map(|_| ()), Err(BreakerError::ProposalTooLong));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Whatever was written there: read as what it is or not at all, and never a panic.
    #[test]
    fn bytes_that_are_no_proposal_are_not_read(
        which in 0usize..16, at in 0usize..1_024, byte in any::<u8>(), len in any::<u32>(), cut in any::<bool>()
    ) {
        let (proposed, count) = every_act().swap_remove(which);
        let accounts: Vec<_> = (0..).map(key).take(count).collect();
        let mut proposal =
            try_propose(&mut protocol(), &proposed, &accounts, START).expect("may be proposed");
        let whole = proposal;
        proposal.content[at % whole.content_len as usize] = byte;
        if cut {
            proposal.content_len = if len % 2 == 0 { len } else { len % whole.content_len };
        }
        if let Some((accounts, proposed)) = proposal.read_content() {
            let again = content(&proposed, &accounts).expect("it had room");
            prop_assert_eq!(Some(&again[..]), proposal.content());
        }
    }
}
