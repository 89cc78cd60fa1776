//! Latches, pauses, raises and budgets as scenarios: what holds is a pure function of now.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use bytemuck::Zeroable;
use proptest::prelude::*;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::{latch::NewLatch, *};
use crate::{
    constants::*,
    error::BreakerError,
    gate::{GateError, decide_at},
    operation::{Operation, Operations},
    severity::Severity,
    time::Instant,
};

const START: Instant = Instant::new(1_000_000, 1_800_000_000);
const GRACE: u64 = LIQUIDATION_GRACE_MIN as u64;
const DWELL: u64 = DWELL_MIN as u64;

/// So many seconds later, in slots of 400 ms.
fn later(seconds: u64) -> Instant {
    Instant::new(START.slot + seconds * 5 / 2, START.unix + seconds as i64)
}

fn market() -> Market {
    let paid = Operations::of(&[Operation::WITHDRAW]);
    let mut market = Market::zeroed();
    market
        .initialize(Default::default(), 0, 255, &MarketSettings::closing(paid, paid, Operations::NON_EXITS))
        .expect("settings are sound");
    market
}

fn trip(severity: Severity) -> Trip {
    Trip { rule: Rule::Hard, severity, value: 7, threshold: 5 }
}

fn trips(market: &mut Market, severity: Severity, now: Instant) -> bool {
    let until = market.automatic_until(severity, now);
    let rose = market.latch_trip((Source::Limiter, 0), &trip(severity), until, now);
    market.assert_invariant().expect("ends follow from the slots");
    rose
}

#[test]
fn the_way_down_has_a_dwell_at_each_step_and_a_liquidation_grace() {
    let mut market = market();
    let none = LatchBoard::zeroed();
    assert!(trips(&mut market, Severity::Critical, START));
    let halt = u64::from(CRITICAL_MIN);
    for (seconds, severity, liquidation_closed) in [
        (0, Severity::Critical, true),
        (halt - 1, Severity::Critical, true),
        (halt, Severity::Major, true),
        (halt + GRACE - 1, Severity::Major, true),
        (halt + DWELL, Severity::Minor, false),
        (halt + 2 * DWELL - 1, Severity::Minor, false),
        (halt + 2 * DWELL, Severity::Normal, false),
    ] {
        let (in_force, closed, _) = market.in_force(&none, later(seconds));
        assert_eq!(
            (in_force, closed.contains(Operation::LIQUIDATE)),
            (severity, liquidation_closed),
            "{seconds} s"
        );
    }
}

#[test]
fn what_is_held_already_is_not_latched_again() {
    let mut market = market();
    assert!(trips(&mut market, Severity::Major, START));
    assert!(!trips(&mut market, Severity::Major, START));
    let longer = later(EXTENSION_MIN_SECONDS.into());
    assert!(!trips(&mut market, Severity::Major, later(u64::from(EXTENSION_MIN_SECONDS) - 1)));
    assert!(trips(&mut market, Severity::Major, longer));
    let slot = market.board.slot(Source::Limiter, Severity::Major).expect("a slot");
    assert_eq!((slot.count, slot.since, slot.until), (2, START, longer.plus(MAJOR_MIN.into())));
    assert!(!trips(&mut market, Severity::Normal, longer));
}

#[test]
fn newcomers_merge_to_the_worst_evidence_and_the_later_end() {
    let mut market = market();
    let until = |seconds| later(u64::from(MAJOR_MIN) + seconds);
    let mut latch = |value, closed, seconds| {
        let (source, severity) = (Source::Guardian, Severity::Major);
        let new = NewLatch {
            source,
            severity,
            closed: Operations(closed),
            until: until(seconds),
            value,
            threshold: value / 2,
            rules: closed,
        };
        market.board.latch(new, DWELL_MIN, LIQUIDATION_GRACE_MIN, later(seconds / 2));
        *market.board.slot(source, severity).expect("a slot")
    };
    latch(6, 1, 10);
    latch(8, 2, 20);
    let merged = latch(4, 4, 0);
    let expected =
        Latch { closed: 7, since: later(5), until: until(20), value: 8, threshold: 4, count: 3, rules: 7 };
    assert_eq!(merged, expected);
    // what is over lends a newcomer nothing
    let after = u64::from(MAJOR_MIN) + 20;
    let (since, until) = (later(after), until(2 * after));
    let fresh = Latch { closed: 1, since, until, value: 2, threshold: 1, count: 1, rules: 1 };
    assert_eq!(latch(2, 1, 2 * after), fresh);
}

#[test]
fn no_exit_closes_below_critical_nor_there_unless_said_at_registration() {
    let exit = Operations::of(&[Operation::REPAY]);
    let none = Operations::default();
    for settings in [
        MarketSettings::closing(exit, exit, exit),
        MarketSettings::closing(none, exit, exit),
        MarketSettings::closing(none, none, exit),
    ] {
        assert_eq!(settings.check(), Err(BreakerError::ExitClosed));
    }
    let mut said = MarketSettings::closing(none, none, exit);
    said.critical_closes_exits = true;
    assert_eq!(said.check(), Ok(()));
    said = MarketSettings::closing(none, exit, exit);
    said.critical_closes_exits = true;
    assert_eq!(said.check(), Err(BreakerError::ExitClosed));

    let mut market = market();
    let everything = Operations(u64::MAX);
    market.raise(key(1), everything, MINOR_MIN, 0, START).expect("a first raise");
    market.raise(key(2), everything, MINOR_MIN, 0, START).expect("a second keeper's");
    let (severity, closed, _) = market.in_force(&LatchBoard::zeroed(), START);
    assert_eq!((severity, closed), (Severity::Major, Operations::NON_EXITS));
}

type Change = fn(&mut MarketSettings);

#[test]
fn settings_of_a_market_stay_within_their_bounds() {
    let sound = MarketSettings::closing(Default::default(), Default::default(), Default::default());
    let broken: [(Change, BreakerError); 11] = [
        (|s| s.durations[0] = MINOR_MIN - 1, BreakerError::DurationOutOfBounds),
        (|s| s.durations[1] = MAJOR_MAX + 1, BreakerError::DurationOutOfBounds),
        (|s| s.durations[2] = 0, BreakerError::DurationOutOfBounds),
        (|s| s.durations[2] = CRITICAL_MAX + 1, BreakerError::DurationOutOfBounds),
        (|s| s.dwell = DWELL_MIN - 1, BreakerError::DwellOutOfBounds),
        (|s| s.dwell = DWELL_MAX + 1, BreakerError::DwellOutOfBounds),
        (|s| s.liquidation_grace = LIQUIDATION_GRACE_MIN - 1, BreakerError::GraceOutOfBounds),
        (|s| s.liquidation_grace = LIQUIDATION_GRACE_MAX + 1, BreakerError::GraceOutOfBounds),
        (|s| s.liquidation_grace = 0, BreakerError::GraceOutOfBounds),
        (|s| s.responses[0].closed = 1, BreakerError::ResponseNotMonotone),
        (|s| s.responses[0].limits.max_order = 1, BreakerError::LimitsNotMonotone),
    ];
    for (i, (breaks, error)) in broken.into_iter().enumerate() {
        let mut settings = sound;
        breaks(&mut settings);
        assert_eq!(settings.check(), Err(error), "case {i}");
    }
}

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

#[test]
fn one_keeper_alone_reaches_minor_and_two_within_slots_and_seconds_major() {
    let raise =
        |market: &mut Market, keeper, now| market.raise(key(keeper), Operations(2), MINOR_MIN, 9, now);
    for (slots, seconds, keeper, severity) in [
        (25, 30, 2, Severity::Major),
        (26, 10, 2, Severity::Minor),
        (10, 31, 2, Severity::Minor),
        (10, 10, 1, Severity::Minor),
    ] {
        let mut market = market();
        assert_eq!(raise(&mut market, 1, START), Ok(Severity::Minor));
        let now = Instant::new(START.slot + slots, START.unix + seconds);
        assert_eq!(
            raise(&mut market, keeper, now),
            Ok(severity),
            "{slots} slots, {seconds} s, keeper {keeper}"
        );
    }
    let mut market = market();
    assert_eq!(raise(&mut market, 1, START), Ok(Severity::Minor));
    assert_eq!(market.board.masks(START), Operations::default(), "alone it closes nothing of its own choice");
    assert_eq!(raise(&mut market, 1, START), Err(BreakerError::AlreadyHeld));
}

#[test]
fn a_keepers_budget_counts_raises_a_day_and_ends_with_its_term() {
    let settings =
        KeeperSettings { key: key(1), max_seconds: 2 * MINOR_MIN, raises_per_day: 2, term: 2 * DAY as u32 };
    let mut keeper = Keeper::zeroed();
    keeper.initialize(key(0), 255, &settings, START).expect("settings are sound");
    assert_eq!(keeper.spend_raise(MINOR_MIN - 1, START), Err(BreakerError::RaiseDurationOutOfBounds));
    assert_eq!(keeper.spend_raise(2 * MINOR_MIN + 1, START), Err(BreakerError::RaiseDurationOutOfBounds));
    assert_eq!(keeper.spend_raise(MINOR_MIN, START), Ok(()));
    assert_eq!(keeper.spend_raise(MINOR_MIN, later(DAY - 1)), Ok(()));
    assert_eq!(keeper.spend_raise(MINOR_MIN, later(DAY - 1)), Err(BreakerError::RaisesSpent));
    assert_eq!(keeper.spend_raise(MINOR_MIN + 1, later(DAY)), Ok(()));
    // one raise is left of the day, but not its seconds
    assert_eq!(keeper.spend_raise(MINOR_MIN, later(DAY + 1)), Err(BreakerError::RaisesSpent));
    assert_eq!(keeper.spend_raise(MINOR_MIN, later(2 * DAY)), Err(BreakerError::KeeperExpired));
    for broken in [
        KeeperSettings { max_seconds: MINOR_MAX + 1, ..settings },
        KeeperSettings { raises_per_day: 0, ..settings },
        KeeperSettings { term: KEEPER_TERM_MAX + 1, ..settings },
        KeeperSettings { key: key(0), ..settings },
    ] {
        let result = Keeper::zeroed().initialize(key(0), 255, &broken, START);
        assert_eq!(result, Err(BreakerError::KeeperSettingOutOfBounds));
    }
}

fn pause(board: &mut LatchBoard, closed: u64, seconds: u32, now: Instant) -> Result<u32, BreakerError> {
    board.pause(Operations(closed), seconds, DWELL_MIN, LIQUIDATION_GRACE_MIN, now)
}

#[test]
fn overlapping_pauses_are_charged_once_and_none_is_for_nothing() {
    let mut board = LatchBoard::zeroed();
    assert_eq!(pause(&mut board, 2, 7_200, START), Ok(7_200));
    assert_eq!(pause(&mut board, 2, 3_600, later(60)), Err(BreakerError::AlreadyHeld));
    assert_eq!(
        pause(&mut board, 4, 3_600, later(60)),
        Ok(7_140),
        "it closes more, for as long as the other holds"
    );
    assert_eq!(board.masks(later(7_199)), Operations(6));
    assert_eq!(pause(&mut board, 2, 7_200, later(3_600)), Ok(3_600));
    assert_eq!(board.severity(later(10_799)), Severity::Major);
    assert_eq!(pause(&mut board, 2, 7_201, later(3_600)), Ok(MAJOR_MIN), "it holds for a second more");
    assert_eq!(pause(&mut board, 2, 1_800, later(20_000)), Ok(1_800));
}

#[test]
fn a_pause_order_is_cut_to_non_exits_and_bound_in_time_and_epoch() {
    let order = PauseOrder { closed: u64::MAX, seconds: MAJOR_MIN, pause_epoch: 3, expires_at: START.unix };
    assert_eq!(order.check(3, START), Ok(Operations::NON_EXITS));
    assert_eq!(order.check(4, START), Err(BreakerError::StalePauseEpoch));
    assert_eq!(order.check(3, later(1)), Err(BreakerError::PauseExpired));
    let exits = PauseOrder { closed: Operations::EXITS.0, ..order };
    assert_eq!(exits.check(3, START), Err(BreakerError::NothingToClose));
    for seconds in [0, MAJOR_MIN - 1, MAJOR_MAX + 1, u32::MAX] {
        assert_eq!(PauseOrder { seconds, ..order }.check(3, START), Err(BreakerError::DurationOutOfBounds));
    }
}

#[test]
fn the_gate_takes_the_latches_of_the_protocol_and_refuses_what_it_cannot_read() {
    let (mut protocol, mut market) = (Protocol::zeroed(), market());
    let ask = |protocol: &Protocol, market: &Market, operation| decide_at(protocol, market, operation, START);
    assert!(ask(&protocol, &market, Operation::WITHDRAW).is_ok());
    pause(&mut protocol.board, Operation::DEPOSIT.mask(), MAJOR_MIN, START).expect("a pause");
    for operation in [Operation::DEPOSIT, Operation::WITHDRAW] {
        assert_eq!(ask(&protocol, &market, operation), Err(GateError::Closed));
    }
    assert_eq!(ask(&protocol, &market, Operation::REPAY).map(|permit| permit.severity), Ok(Severity::Major));
    market.min_reader = READER_VERSION + 1;
    assert_eq!(ask(&protocol, &market, Operation::DEPOSIT), Err(GateError::TooNewToRead));
    assert!(ask(&protocol, &market, Operation::REPAY).is_ok());
    market.min_reader = READER_VERSION;
    protocol.detached = 1;
    assert!(ask(&protocol, &market, Operation::WITHDRAW).is_ok());
}

#[test]
fn guardians_are_three_to_sixteen_others() {
    let sound = ProtocolSettings::starting(key(9), vec![key(1), key(2), key(3)]);
    assert_eq!(sound.check(), Ok(()));
    let with = |guardians: Vec<u8>| ProtocolSettings {
        guardians: guardians.into_iter().map(key).collect(),
        ..sound.clone()
    };
    assert_eq!(with(vec![1, 2]).check(), Err(BreakerError::GuardianCount));
    assert_eq!(with((10..27).collect()).check(), Err(BreakerError::GuardianCount));
    assert_eq!(with(vec![1, 2, 2]).check(), Err(BreakerError::InvalidGuardian));
    assert_eq!(with(vec![1, 2, 0]).check(), Err(BreakerError::InvalidGuardian));
    assert_eq!(with(vec![1, 2, 9]).check(), Err(BreakerError::GuardianRoleConflict));
    let delay = ProtocolSettings { loosening_delay: LOOSENING_DELAY_MIN - 1, ..sound };
    assert_eq!(delay.check(), Err(BreakerError::DelayOutOfBounds));
}

#[test]
fn the_journal_is_a_chain_that_a_full_segment_does_not_stop() {
    let (mut journal, mut segment) = (Journal::zeroed(), Box::new(JournalSegment::zeroed()));
    journal.initialize(key(1), 255);
    segment.initialize(&mut journal, 255).expect("the first is needed");
    let mut head = [0; 32];
    for number in 0..SEGMENT_ENTRIES as u64 + 3 {
        let entry = JournalEntry {
            number: u64::MAX,
            at: later(number),
            actor: key(2),
            subject: key(3),
            act: Act::Paused,
            before: Severity::Normal,
            after: Severity::Major,
            value: number,
            threshold: 1,
            count: 1,
        };
        let (written, kept) = journal.append(entry, Some(&mut segment), false).expect("counters have room");
        assert_eq!(kept, number < SEGMENT_ENTRIES as u64);
        assert_eq!(written, JournalEntry { number, ..entry });
        head = written.chain(&head);
    }
    assert_eq!((journal.head, journal.count, journal.in_events_only), (head, SEGMENT_ENTRIES as u64 + 3, 3));
    let kept: Vec<_> = segment.entries().iter().filter_map(JournalEntry::from_bytes).collect();
    assert_eq!(kept.iter().map(|entry| entry.number).collect::<Vec<_>>(), (0..64).collect::<Vec<_>>());
    let mut forged = segment.entries()[0];
    forged[8 + 16 + 64] = 200;
    assert_eq!(JournalEntry::from_bytes(&forged), None);
}

fn severities() -> impl Strategy<Value = Severity> {
    prop::sample::select(Severity::ABOVE_NORMAL.to_vec())
}

proptest! {
    #[test]
    fn latching_only_adds_and_time_only_takes_away(
        newcomers in prop::collection::vec((0usize..6, severities(), 0u64..90_000, 600u64..90_000, any::<u64>()), 1..20),
        looks in prop::collection::vec(0u64..500_000, 1..20),
    ) {
        const SOURCES: [Source; 6] = [Source::Limiter, Source::PriceBand, Source::Invariant, Source::Guardian,
            Source::Keeper, Source::Program];
        let mut board = LatchBoard::zeroed();
        let mut elapsed = 0;
        for (source, severity, wait, seconds, closed) in newcomers {
            elapsed += wait;
            let now = later(elapsed);
            let before = board;
            let new = NewLatch { source: SOURCES[source], severity, closed: Operations(closed), until: now.plus(seconds), value: closed, threshold: 0, rules: 0 };
            board.latch(new, DWELL_MIN, LIQUIDATION_GRACE_MIN, now);
            prop_assert!(board.is_consistent(DWELL_MIN, LIQUIDATION_GRACE_MIN));
            prop_assert!(board.severity(now) >= severity);
            for look in &looks {
                let at = later(elapsed + look);
                prop_assert!(board.severity(at) >= before.severity(at));
                prop_assert_eq!(before.masks(at).0 & !board.masks(at).0, 0);
            }
        }
        let mut looks = looks;
        looks.sort_unstable();
        let seen: Vec<_> = looks.iter().map(|look| board.severity(later(elapsed + look))).collect();
        prop_assert!(seen.is_sorted_by(|a, b| a >= b));
        prop_assert_eq!(board.severity(later(elapsed + 90_000 + 2 * DWELL)), Severity::Normal);
    }

    #[test]
    fn one_guardian_pauses_at_most_twenty_hours_in_any_thirty_days(
        asks in prop::collection::vec((0u64..400_000, MAJOR_MIN..=PAUSE_BUDGET_SECONDS), 1..120)
    ) {
        let (mut board, mut budget) = (LatchBoard::zeroed(), GuardianBudget::zeroed());
        budget.initialize_once(key(1), key(2), 255);
        let mut paused: Vec<(u64, u64)> = Vec::new();
        let mut elapsed = 0;
        for (wait, seconds) in asks {
            elapsed += wait;
            let now = later(elapsed);
            let (mut next_board, mut next_budget) = (board, budget);
            let Ok(charged) = pause(&mut next_board, 2, seconds, now) else { continue };
            if next_budget.spend(charged, PAUSE_BUDGET_SECONDS, now).is_ok() {
                (board, budget) = (next_board, next_budget);
                let end = elapsed + u64::from(seconds);
                paused.push((end - u64::from(charged), end));
            }
        }
        for (from, _) in &paused {
            let to = from + PAUSE_BUDGET_PERIOD;
            let held: u64 = paused.iter().map(|(a, b)| b.min(&to).saturating_sub(*a.max(from))).sum();
            prop_assert!(held <= 2 * u64::from(PAUSE_BUDGET_SECONDS), "{} s in thirty days", held);
        }
    }
}

#[test]
fn a_budget_that_is_open_stays_as_it_is() {
    let mut budget = GuardianBudget::zeroed();
    budget.initialize_once(key(1), key(2), 254);
    assert_eq!((budget.version, budget.min_reader, budget.bump), (LAYOUT_VERSION, 1, 254));
    assert!(budget.spend(3_600, PAUSE_BUDGET_SECONDS, START).is_ok());
    // whoever opens it again makes none of what was spent good
    let before = budget;
    budget.initialize_once(key(1), key(2), 1);
    assert_eq!(bytemuck::bytes_of(&budget), bytemuck::bytes_of(&before));
}

#[test]
fn a_budget_is_of_one_guardian_and_one_scope() {
    let mut budget = GuardianBudget::zeroed();
    budget.initialize_once(key(1), key(2), 254);
    assert_eq!(budget.check(&key(1), &key(2)), Ok(()));
    for (scope, guardian) in [(1, 3), (3, 2), (2, 1)] {
        assert_eq!(budget.check(&key(scope), &key(guardian)), Err(BreakerError::WrongBudget));
    }
}

#[test]
fn a_fall_is_told_once_and_what_is_over_is_tidied_once() {
    let mut market = market();
    assert_eq!(market.board.step_down(START), Err(BreakerError::NothingToStepDown));
    assert!(trips(&mut market, Severity::Critical, START));
    assert_eq!(market.board.step_down(START), Err(BreakerError::NothingToStepDown));
    let halt = u64::from(CRITICAL_MIN);
    for (seconds, fall) in [
        (halt, (Severity::Critical, Severity::Major)),
        (halt + DWELL, (Severity::Major, Severity::Minor)),
        (halt + 2 * DWELL, (Severity::Minor, Severity::Normal)),
    ] {
        assert_eq!(market.board.step_down(later(seconds)), Ok(Some(fall)));
        assert_eq!(market.board.step_down(later(seconds)), Err(BreakerError::NothingToStepDown));
    }
    assert!(market.board.is_clear());
}

#[test]
fn the_grace_outlives_the_fall_to_normal() {
    let mut market = market();
    market.liquidation_grace = 3 * LIQUIDATION_GRACE_MIN;
    assert!(trips(&mut market, Severity::Critical, START));
    let normal = u64::from(CRITICAL_MIN) + 2 * DWELL;
    assert_eq!(market.board.step_down(later(normal)), Ok(Some((Severity::Critical, Severity::Normal))));
    assert!(!market.board.is_clear(), "liquidations are closed still");
    assert_eq!(market.board.step_down(later(normal)), Err(BreakerError::NothingToStepDown));
    assert_eq!(market.board.step_down(later(u64::from(CRITICAL_MIN) + 3 * GRACE)), Ok(None));
    assert!(market.board.is_clear());
}

#[test]
fn a_number_that_is_no_severity_is_an_error() {
    let mut board = LatchBoard::zeroed();
    for told in [4, 256, u64::MAX] {
        board.told = told;
        assert_eq!(board.step_down(START), Err(BreakerError::UnknownSeverity));
    }
}

proptest! {
    #[test]
    fn tidying_changes_no_answer_now_or_later(
        acts in prop::collection::vec((0..4u8, 0..3usize, 0..40_000u64, any::<bool>()), 1..16),
        looks in prop::collection::vec(0..90_000u64, 8),
    ) {
        let mut tidied = market();
        let mut untouched = tidied;
        let mut now = START;
        for (act, severity, seconds, tidies) in acts {
            now = now.plus(seconds);
            for market in [&mut tidied, &mut untouched] {
                match act {
                    0 => { trips(market, Severity::ABOVE_NORMAL[severity], now); }
                    1 => { let _ = market.raise(key(severity as u8), Operations(2), MINOR_MIN, 0, now); }
                    2 => {
                        let closed = Operations(1 << severity);
                        let _ = market.board.pause(closed, MAJOR_MIN, DWELL_MIN, LIQUIDATION_GRACE_MIN, now);
                    }
                    _ => {}
                }
            }
            if tidies {
                let _ = tidied.board.step_down(now);
                tidied.assert_invariant().expect("ends follow from the slots");
                prop_assert!(tidied.board.told >= tidied.board.severity(now) as u64);
            }
            let none = LatchBoard::zeroed();
            for look in &looks {
                let then = now.plus(*look);
                let answer = |market: &Market| {
                    let (severity, closed, _) = market.in_force(&none, then);
                    (severity, closed)
                };
                prop_assert_eq!(answer(&tidied), answer(&untouched));
            }
        }
    }
}
