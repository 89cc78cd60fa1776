//! Withdrawals that wait: when they are paid, what guardians can do to them, and what they cannot.

use bytemuck::Zeroable;
use proptest::prelude::*;

use crate::{
    constants::*,
    error::BreakerError::*,
    severity::Severity,
    state::{Decision, Fate, Flag, Held, Safe},
    time::Instant,
};

const START: Instant = Instant::new(1_000_000, 1_800_000_000);

/// A withdrawal that came at the start, in an incident of this severity, and waits an hour.
fn held(severity: Severity) -> Held {
    let mut held = Held::zeroed();
    held.initialize(Default::default(), 255, (1, 0, 100), (HOLD_MIN, severity), START);
    held
}

/// So many seconds after the start, on both clocks.
const fn after(seconds: u32) -> Instant {
    START.plus(seconds as u64)
}

/// A safe that holds so many withdrawals of one unit each.
fn safe(count: u64) -> Safe {
    let mut safe = Safe::zeroed();
    for number in 0..count {
        assert_eq!(safe.hold(1), Ok(number));
    }
    safe
}

#[test]
fn it_is_paid_when_its_time_has_come() {
    let held = held(Severity::Minor);
    assert_eq!(held.fate(Severity::Normal, None, after(HOLD_MIN - 1)), Err(HeldNotDue));
    assert_eq!(held.fate(Severity::Normal, None, after(HOLD_MIN)), Ok(Fate::Paid));
    // an incident that began since is none of its own
    assert_eq!(held.fate(Severity::Critical, None, after(HOLD_MIN)), Ok(Fate::Paid));
}

#[test]
fn one_of_an_incident_waits_for_its_end() {
    for severity in [Severity::Major, Severity::Critical] {
        let held = held(severity);
        assert_eq!(held.fate(severity, None, after(HOLD_MIN)), Err(HeldNotDue));
        assert_eq!(held.fate(Severity::Minor, None, after(HOLD_MIN)), Ok(Fate::Paid));
        let last = after(HOLD_MIN + HOLD_EXTENSION_MAX - 1);
        assert_eq!(held.fate(severity, None, last), Err(HeldNotDue));
        assert_eq!(held.fate(severity, None, after(HOLD_MIN + HOLD_EXTENSION_MAX)), Ok(Fate::Paid));
    }
}

#[test]
fn flagging_again_holds_nothing_up_for_longer() {
    let held = held(Severity::Critical);
    let due = HOLD_MIN + HOLD_EXTENSION_MAX;
    for flagged in [0, HOLD_MIN, due - 1, due] {
        let said = Some((Decision::Flagged, after(flagged)));
        assert_eq!(held.fate(Severity::Critical, said, after(due)), Ok(Fate::Paid));
    }
    let said = Some((Decision::Flagged, after(60)));
    assert_eq!(held.fate(Severity::Normal, said, after(due - 1)), Err(HeldFlagged));
}

#[test]
fn what_was_decided_before_it_was_due_stands() {
    let held = held(Severity::Major);
    let due = HOLD_MIN + HOLD_EXTENSION_MAX;
    // guardians looked at it: it waits for no end of the incident, but for its own time
    let pay = Some((Decision::Pay, after(60)));
    assert_eq!(held.fate(Severity::Major, pay, after(HOLD_MIN - 1)), Err(HeldNotDue));
    assert_eq!(held.fate(Severity::Major, pay, after(HOLD_MIN)), Ok(Fate::Paid));
    // refused is refused at once and for ever
    let refuse = Some((Decision::Refuse, after(due - 1)));
    assert_eq!(held.fate(Severity::Major, refuse, after(due - 1)), Ok(Fate::Refused));
    assert_eq!(held.fate(Severity::Normal, refuse, after(10 * due)), Ok(Fate::Refused));
    // but not once it was due: its owner only had not fetched it yet
    let late = Some((Decision::Refuse, after(due)));
    assert_eq!(held.fate(Severity::Critical, late, after(due)), Ok(Fate::Paid));
}

#[test]
fn a_safe_owes_what_it_holds_until_that_is_paid_or_refused() {
    let mut safe = safe(3);
    assert_eq!((safe.owed, safe.open, safe.debt(), safe.free(5)), (3, 3, 3, 2));
    safe.settle((0, 1), true).expect("owed");
    assert_eq!((safe.owed, safe.open, safe.kept), (2, 2, 0));
    safe.settle((1, 1), false).expect("owed");
    assert_eq!((safe.owed, safe.open, safe.kept, safe.free(2)), (1, 1, 1, 1));
    assert_eq!(safe.settle((2, 2), true), Err(SafeOverflow), "more than it owes");
    safe.settle((2, 1), true).expect("owed");
    assert_eq!(safe.settle((2, 0), true), Err(SafeOverflow), "nothing is open");
    assert_eq!(safe.hold(u64::MAX), Ok(3), "numbers are never used again");
    assert_eq!(safe.hold(1), Err(SafeOverflow));
}

#[test]
fn guardians_flag_what_there_is_and_decide_on_what_they_flagged_once() {
    let mut safe = safe(10);
    assert_eq!(safe.flag((3, 2), START), Err(WrongHeldRange));
    assert_eq!(safe.flag((9, 10), START), Err(WrongHeldRange), "nobody flags what is yet to come");
    assert_eq!(safe.decide((0, 0), false, START), Err(WrongHeldRange));
    safe.flag((2, 6), START).expect("they are there");
    assert_eq!(safe.decide((2, 7), false, START), Err(WrongHeldRange));
    assert_eq!(safe.decide((5, 4), false, START), Err(WrongHeldRange));
    safe.decide((3, 4), false, after(1)).expect("flagged");
    for pay in [true, false] {
        assert_eq!(safe.decide((4, 5), pay, after(2)), Err(AlreadyDecided));
    }
    safe.decide((5, 6), true, after(2)).expect("flagged");
    let said = |number| safe.said_of(number).map(|(decision, _)| decision);
    assert_eq!([1, 2, 3, 4, 5, 6, 7].map(said), {
        let (flagged, pay, refuse) = (Some(Decision::Flagged), Some(Decision::Pay), Some(Decision::Refuse));
        [None, flagged, refuse, refuse, pay, pay, None]
    });
    // to flag it again takes nothing back
    safe.flag((0, 9), after(3)).expect("they are there");
    assert_eq!(safe.said_of(5), Some((Decision::Pay, after(2))));
    assert_eq!(safe.said_of(3), Some((Decision::Refuse, after(1))));
}

#[test]
fn flags_that_touch_share_a_place_and_those_that_are_over_give_theirs_up() {
    let mut safe = safe(100);
    for _ in 0..100 {
        safe.flag((0, 3), START).expect("the same place");
        safe.flag((4, 5), START).expect("the same place");
    }
    assert_eq!(safe.flags[0], Flag { from: 0, to: 5, at: START, decision: 1 });
    assert_eq!(safe.flags[1], Flag::default());
    for place in 1..16 {
        safe.flag((5 * place + 2, 5 * place + 4), START).expect("there is room");
    }
    assert_eq!(safe.flag((98, 99), START), Err(FlagsFull));
    assert_eq!(safe.decide((0, 1), false, START), Err(FlagsFull));
    safe.decide((0, 5), false, START).expect("in the place of its flag");
    // all that there was is due by then
    let over = after(HOLD_MAX + HOLD_EXTENSION_MAX);
    safe.flag((98, 99), over).expect("there is room");
    // what was refused stays refused
    assert_eq!(safe.said_of(3), Some((Decision::Refuse, START)));
}

#[test]
fn refused_ones_that_are_put_away_leave_room_whatever_stays_open() {
    let mut safe = safe(1_000);
    safe.flag((0, 999), START).expect("they are there");
    // an attacker keeps others between his own, so that no range has them all: one by one it takes longer, no more
    for number in (0..1_000).step_by(2) {
        safe.decide((number, number), false, START).expect("room for it");
        safe.settle((number, 1), false).expect("owed");
    }
    assert_eq!((safe.open, safe.kept), (500, 500));
    // a range from its ends
    safe.decide((101, 101), false, START).expect("flagged");
    safe.decide((103, 107), false, START).expect("flagged");
    for number in [107, 103, 106, 104] {
        safe.settle((number, 1), false).expect("owed");
    }
    assert_eq!(safe.said_of(105).map(|(decision, _)| decision), Some(Decision::Refuse));
    safe.settle((105, 1), false).expect("owed");
    assert_eq!(safe.flags.iter().filter(|flag| flag.decision == Decision::Refuse as u64).count(), 1);
}

fn severities() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![Severity::Normal, Severity::Minor, Severity::Major, Severity::Critical])
}

proptest! {
    /// Whatever guardians say and whatever holds: not before its time but to be refused, not after seven more days but
    /// refused in time.
    #[test]
    fn its_fate_is_certain_at_the_latest_when_it_is_due(
        came in severities(),
        now_holds in severities(),
        waits in HOLD_MIN..=HOLD_MAX,
        said in prop::option::of((1u64..=3, 0..2_000_000u32)),
        seconds in 0..2_000_000u32,
        slots in 0..4_000_000u64,
    ) {
        let mut held = Held::zeroed();
        held.initialize(Default::default(), 255, (1, 0, 100), (waits, came), START);
        let decisions = [Decision::Flagged, Decision::Pay, Decision::Refuse];
        let said = said.map(|(decision, at)| (decisions[decision as usize - 1], after(at)));
        let now = Instant::new(START.slot + slots, START.unix + i64::from(seconds));
        let due = after(waits + HOLD_EXTENSION_MAX);
        let in_time = said.filter(|(_, at)| !due.reached(*at));
        match held.fate(now_holds, said, now) {
            Ok(Fate::Refused) => prop_assert_eq!(in_time.map(|(decision, _)| decision), Some(Decision::Refuse)),
            Ok(Fate::Paid) => {
                prop_assert!(after(waits).reached(now), "paid before its time");
                prop_assert!(in_time.is_none_or(|(decision, _)| decision != Decision::Refuse));
            }
            Err(error) => {
                prop_assert!(!due.reached(now), "not paid though it was due");
                let extended = after(waits).reached(now);
                let is_flagged = in_time.is_some_and(|(decision, _)| decision == Decision::Flagged);
                prop_assert_eq!(error == HeldFlagged, extended && is_flagged);
                // nothing but a flag or its own incident holds it up
                let in_incident = came >= Severity::Major && now_holds >= Severity::Major;
                prop_assert!(!extended || is_flagged || in_incident && in_time.is_none());
            }
        }
    }

    /// Whatever is flagged, decided and settled in whatever order: nothing that was refused is paid, nothing that was to be
    /// paid is refused, and the safe owes exactly what is open.
    #[test]
    fn what_was_decided_is_what_happens(
        acts in prop::collection::vec((0..4u8, 0..24u64, 0..6u64), 1..120),
    ) {
        let mut safe = safe(24);
        let mut decided = [None; 24];
        let mut open = [true; 24];
        for (step, (act, from, length)) in (0u32..).zip(acts) {
            let (to, now) = (from + length, after(step));
            match act {
                0 => {
                    let flagged = safe.flag((from, to), now);
                    prop_assert!(flagged.is_ok() || flagged == Err(FlagsFull) || to >= 24);
                }
                1 | 2 => {
                    let said = safe.decide((from, to), act == 1, now);
                    for number in (from..=to).filter(|_| said.is_ok()) {
                        let place = &mut decided[number as usize];
                        prop_assert!(!open[number as usize] || place.is_none(), "decided twice");
                        *place = Some(act == 1);
                    }
                }
                _ if open[from as usize] => {
                    let said = safe.said_of(from).map(|(decision, _)| decision);
                    let paid = said != Some(Decision::Refuse);
                    if let Some(pay) = decided[from as usize] {
                        prop_assert_eq!(paid, pay);
                    }
                    safe.settle((from, 1), paid).expect("owed");
                    open[from as usize] = false;
                }
                _ => {}
            }
            let left = open.iter().filter(|open| **open).count() as u64;
            prop_assert_eq!((safe.owed, safe.open), (left, left));
        }
    }
}
