use bytemuck::Zeroable;
use proptest::prelude::*;

use super::*;

const START: Instant = Instant::new(1_000, 1_800_000_000);
const PROGRAM: Pubkey = Pubkey::new_from_array([3; 32]);
const RATIOS: [u32; 3] = [10_000, 9_900, 9_500];

/// The key of the term at this place.
fn key(place: usize) -> Pubkey {
    Pubkey::new_from_array([place as u8 + 1; 32])
}

fn shown<'a>(key: &'a Pubkey, data: &'a [u8]) -> Shown<'a> {
    Shown { key, program: &PROGRAM, data }
}

/// Unsigned fields of 128 bits, with these coefficients.
fn settings(sides: [&[u64]; 2], ratio_bps: [u32; 3]) -> InvariantSettings {
    let term = |coefficient: &u64| TermSettings { reading: Reading::U128(0), coefficient: *coefficient };
    let [left, right] = sides.map(|side| side.iter().map(term).collect());
    InvariantSettings { left, right, ratio_bps }
}

fn registered(settings: &InvariantSettings) -> Invariant {
    let mut invariant = Invariant::zeroed();
    invariant.initialize([key(100), key(101)], (0, 255), settings).expect("sound settings");
    for place in 0..settings.left.len() + settings.right.len() {
        invariant.add_term(settings, &shown(&key(place), &[0; 16])).expect("a field");
    }
    invariant.assert_invariant().expect("whole");
    invariant
}

fn measured(invariant: &Invariant, accounts: &[Vec<u8>]) -> Option<Trip> {
    let mut measurement = Measurement::default();
    for (place, data) in accounts.iter().enumerate() {
        invariant.show(&mut measurement, &shown(&key(place), data)).expect("the term's account");
    }
    invariant.measure(&measurement).expect("all of them")
}

fn compared(left: u128, right: u128, ratio_bps: [u32; 3]) -> Option<Trip> {
    let invariant = registered(&settings([&[1], &[1]], ratio_bps));
    measured(&invariant, &[left, right].map(|value| value.to_le_bytes().to_vec()))
}

/// One term a side, of this reading.
fn reading(reading: Reading) -> InvariantSettings {
    let term = TermSettings { reading, coefficient: 1 };
    InvariantSettings { left: vec![term], right: vec![term], ratio_bps: RATIOS }
}

#[test]
fn each_severity_begins_below_its_ratio() {
    for (left, expected) in [
        (1_000_000, None),
        (999_999, Some((Severity::Minor, 1, 0))),
        (990_000, Some((Severity::Minor, 100, 0))),
        (989_999, Some((Severity::Major, 101, 100))),
        (950_000, Some((Severity::Major, 500, 100))),
        (949_999, Some((Severity::Critical, 501, 500))),
        (0, Some((Severity::Critical, 10_000, 500))),
    ] {
        let trip = compared(left, 1_000_000, RATIOS);
        assert_eq!(trip.map(|trip| (trip.severity, trip.value, trip.threshold)), expected, "{left}");
    }
}

#[test]
fn a_debt_of_nothing_is_covered_by_nothing() {
    assert_eq!(compared(0, 0, RATIOS), None);
    assert_eq!(compared(u128::MAX, 0, RATIOS), None);
    assert!(compared(0, 1, RATIOS).is_some());
}

#[test]
fn the_greatest_numbers_there_are_do_not_overflow() {
    let all = [u64::MAX; INVARIANT_TERMS];
    let invariant = registered(&settings([&all, &all], [INVARIANT_RATIO_MAX_BPS; 3]));
    let trip =
        measured(&invariant, &vec![vec![0xff; 16]; 2 * INVARIANT_TERMS]).expect("ten times is asked for");
    assert_eq!((trip.severity, trip.value), (Severity::Critical, 90_000));
}

#[test]
fn a_field_below_zero_counts_against_its_side() {
    let invariant = {
        let mut invariant = Invariant::zeroed();
        let settings = reading(Reading::I64(8));
        invariant.initialize([key(100), key(101)], (0, 255), &settings).expect("sound settings");
        for place in 0..2 {
            invariant.add_term(&settings, &shown(&key(place), &[0; 16])).expect("a field");
        }
        invariant
    };
    let compared = |left: i64, right: i64| {
        let account = |value: i64| [[0; 8], value.to_le_bytes()].concat();
        measured(&invariant, &[account(left), account(right)]).map(|trip| trip.severity)
    };
    assert_eq!(compared(-1, 0), Some(Severity::Critical));
    assert_eq!(compared(i64::MIN, i64::MIN), Some(Severity::Critical), "a claim excuses no hole");
    assert_eq!(compared(0, i64::MIN), None);
    assert_eq!(compared(5, 5), None);
    assert_eq!(compared(i64::MAX - 1, i64::MAX), Some(Severity::Minor));
}

#[test]
fn no_integer_stands_on_both_sides() {
    let settings = settings([&[1], &[1]], RATIOS);
    let mut invariant = Invariant::zeroed();
    invariant.initialize([key(100), key(101)], (0, 255), &settings).expect("sound settings");
    invariant.add_term(&settings, &shown(&key(0), &[0; 16])).expect("a field");
    let again = invariant.add_term(&settings, &shown(&key(0), &[0; 16]));
    assert_eq!(again, Err(BreakerError::SameTermTwice));
}

#[test]
fn a_side_is_the_sum_of_its_terms_times_their_coefficients() {
    let invariant = registered(&settings([&[3, 2], &[1_000]], RATIOS));
    let account = |value: u128| value.to_le_bytes().to_vec();
    let compared = |left: [u128; 2], right| {
        let accounts = [account(left[0]), account(left[1]), account(right)];
        measured(&invariant, &accounts).map(|trip| trip.severity)
    };
    assert_eq!(compared([1_000, 1_000], 5), None);
    assert_eq!(compared([999, 1_001], 5), Some(Severity::Minor));
    assert_eq!(compared([1_001, 999], 5), None);

    // a right side that is below zero in the sum is zero, whatever stands above zero in it
    let term = TermSettings { reading: Reading::I64(0), coefficient: 1 };
    let settings = InvariantSettings { left: vec![term], right: vec![term, term], ratio_bps: RATIOS };
    let mut invariant = Invariant::zeroed();
    invariant.initialize([key(100), key(101)], (0, 255), &settings).expect("sound settings");
    for place in 0..3 {
        invariant.add_term(&settings, &shown(&key(place), &[0; 8])).expect("a field");
    }
    let accounts = |values: [i64; 3]| values.map(|value| value.to_le_bytes().to_vec());
    assert_eq!(measured(&invariant, &accounts([0, 5, -10])), None);
    assert!(measured(&invariant, &accounts([0, 10, -5])).is_some());
}

#[test]
fn a_vault_that_is_gone_holds_nothing_and_pays_no_debt() {
    let vault = crate::state::TOKEN;
    let mut bytes = [0; 165];
    bytes[..32].fill(1);
    bytes[32..64].fill(2);
    (bytes[64], bytes[108]) = (9, 1);
    let settings = reading(Reading::TokenBalance);
    let keys = [key(0), key(1)];
    let mut invariant = Invariant::zeroed();
    invariant.initialize([key(100), key(101)], (0, 255), &settings).expect("sound settings");
    for key in &keys {
        let shown = Shown { key, program: &vault, data: &bytes };
        invariant.add_term(&settings, &shown).expect("a token account");
    }
    let measure = |left: &[u8], right: &[u8]| {
        let mut measurement = Measurement::default();
        for (key, data) in keys.iter().zip([left, right]) {
            invariant.show(&mut measurement, &Shown { key, program: &vault, data }).expect("the term's");
        }
        let trip = invariant.measure(&measurement).expect("both");
        trip.map(|trip| (trip.rule, trip.severity))
    };
    assert_eq!(measure(&bytes, &bytes), None);
    assert_eq!(measure(&[], &bytes), Some((Rule::Invariant, Severity::Critical)));
    assert_eq!(measure(&bytes, &[]), Some((Rule::InvariantUnreadable, Severity::Major)));
}

#[test]
fn what_cannot_be_read_is_major_and_never_fine() {
    let invariant = registered(&settings([&[1], &[1]], RATIOS));
    let unreadable = |place: u64| {
        let (rule, severity) = (Rule::InvariantUnreadable, Severity::Major);
        Some(Trip { rule, severity, value: place, threshold: 0 })
    };
    assert_eq!(measured(&invariant, &[vec![9; 16], vec![0; 15]]), unreadable(1));
    assert_eq!(measured(&invariant, &[vec![9; 15], vec![]]), unreadable(0));
    let mut measurement = Measurement::default();
    let data = [9; 16];
    invariant.show(&mut measurement, &shown(&key(0), &data)).expect("ours");
    let foreign = Shown { key: &key(1), program: &key(50), data: &data };
    invariant.show(&mut measurement, &foreign).expect("ours, once");
    assert_eq!(invariant.measure(&measurement).expect("all"), unreadable(1));
    assert_eq!(invariant.ratio(&measurement), Err(BreakerError::TermUnreadable));
}

#[test]
fn no_other_account_and_none_less_or_more_is_shown() {
    let invariant = registered(&settings([&[1], &[1]], RATIOS));
    let data = [0; 16];
    let mut measurement = Measurement::default();
    let wrong = Err(BreakerError::WrongTermAccount);
    assert_eq!(invariant.measure(&measurement), Err(BreakerError::WrongTermAccount));
    assert_eq!(invariant.show(&mut measurement, &shown(&key(1), &data)), wrong);
    invariant.show(&mut measurement, &shown(&key(0), &data)).expect("the first");
    assert_eq!(invariant.show(&mut measurement, &shown(&key(0), &data)), wrong);
    invariant.show(&mut measurement, &shown(&key(1), &data)).expect("the second");
    assert_eq!(invariant.show(&mut measurement, &shown(&key(1), &data)), wrong);
    assert_eq!(invariant.measure(&measurement), Ok(None));
}

#[test]
fn settings_have_bounds() {
    let check = |sides, ratios| settings(sides, ratios).check();
    assert_eq!(check([&[], &[1]], RATIOS), Err(BreakerError::TermCount));
    assert_eq!(check([&[1], &[]], RATIOS), Err(BreakerError::TermCount));
    assert_eq!(check([&[1; 9], &[1]], RATIOS), Err(BreakerError::TermCount));
    for ratios in [[9_000, 9_001, 9_000], [9_000, 8_000, 8_001], [9_000, 8_000, 0], [100_001, 1, 1]] {
        assert_eq!(check([&[1], &[1]], ratios), Err(BreakerError::RatioOutOfBounds), "{ratios:?}");
    }
    assert_eq!(check([&[1; 8], &[1; 8]], [100_000, 1, 1]), Ok(()));
}

#[test]
fn a_term_that_says_nothing_is_refused() {
    let term = |reading, program: Pubkey, data: &[u8]| {
        let shown = Shown { key: &key(0), program: &program, data };
        Term::register(&TermSettings { reading, coefficient: 1 }, &shown).map(|_| ())
    };
    let unreadable = Err(BreakerError::TermUnreadable);
    assert_eq!(term(Reading::U64(8), PROGRAM, &[0; 16]), Ok(()));
    assert_eq!(term(Reading::U64(9), PROGRAM, &[0; 16]), unreadable);
    assert_eq!(term(Reading::U64(u32::MAX), PROGRAM, &[0; 16]), unreadable);
    assert_eq!(term(Reading::U128(1), PROGRAM, &[0; 16]), unreadable);
    assert_eq!(term(Reading::U64(64), crate::state::TOKEN, &[1; 165]), unreadable);
    assert_eq!(term(Reading::U64(8), crate::ID, &[1; 165]), unreadable);
    let sysvar = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");
    assert_eq!(term(Reading::U64(8), sysvar, &[1; 165]), unreadable);
    assert_eq!(term(Reading::TokenBalance, crate::state::TOKEN, &[0; 165]), unreadable, "not initialised");
    assert_eq!(term(Reading::TokenBalance, PROGRAM, &[1; 165]), unreadable, "a look-alike");
    assert_eq!(term(Reading::MintSupply, crate::state::TOKEN, &[1; 165]), unreadable);
    assert_eq!(term(Reading::MintSupply, crate::state::TOKEN, &[1; 82]), Ok(()));
    let nobody = Pubkey::default();
    let shown = Shown { key: &nobody, program: &PROGRAM, data: &[0; 16] };
    let settings = TermSettings { reading: Reading::U64(0), coefficient: 1 };
    assert_eq!(Term::register(&settings, &shown), Err(BreakerError::TermUnreadable));
}

proptest! {
    /// Where 128 bits are enough, the comparison is the one on paper, by both of its ways.
    #[test]
    fn equals_the_plain_comparison(
        left in prop_oneof![0u128..1 << 40, 0u128..1 << 100],
        share in 0u128..30_000,
        nudge in -2i128..=2,
        mut ratios in prop::array::uniform3(1u32..=INVARIANT_RATIO_MAX_BPS),
    ) {
        ratios.sort_unstable_by(|a, b| b.cmp(a));
        // near the edges too
        let right = (left * share / 10_000).saturating_add_signed(nudge);
        let holds = |ratio: u32| left * 10_000 >= right * u128::from(ratio);
        let expected = if !holds(ratios[2]) {
            Some(Severity::Critical)
        } else if !holds(ratios[1]) {
            Some(Severity::Major)
        } else if !holds(ratios[0]) {
            Some(Severity::Minor)
        } else {
            None
        };
        let trip = compared(left, right, ratios);
        prop_assert_eq!(trip.map(|trip| trip.severity), expected);
        if let Some(trip) = trip {
            let ratio = u64::try_from(left * 10_000 / right).expect("below the ratios");
            prop_assert_eq!(trip.value, u64::from(ratios[0]) - ratio);
            prop_assert!(trip.value > trip.threshold);
        }
    }

    /// The same coins in other units: the short way and the wide one agree.
    #[test]
    fn the_unit_of_a_coefficient_changes_nothing(left: u32, right: u32, factor in 1u64 << 40..1 << 62) {
        let narrow = registered(&settings([&[1], &[1]], RATIOS));
        let wide = registered(&settings([&[factor], &[factor]], RATIOS));
        let accounts = [left, right].map(|value| u128::from(value).to_le_bytes().to_vec());
        prop_assert_eq!(measured(&narrow, &accounts), measured(&wide, &accounts));
    }
}

#[test]
fn a_first_look_is_given_up_where_it_was_seen_to_be_over() {
    let mut invariant = registered(&settings([&[1], &[1]], RATIOS));
    invariant.arm(START).expect("was in shadow");
    let at = |slots: u64| {
        let settled = START.plus(LOOSENING_DELAY_MIN.into());
        Instant::new(settled.slot + slots, settled.unix + slots as i64)
    };
    let broken = compared(0, 1, RATIOS);
    let mut look = |measured, slots| {
        let (trip, changed) = invariant.confirm(measured, LOOSENING_DELAY_MIN, at(slots));
        (trip.map(|trip| trip.severity), changed)
    };
    assert_eq!(look(None, 0), (None, false));
    assert_eq!(look(broken, 1), (Some(Severity::Major), true));
    assert_eq!(look(None, 2), (None, true));
    assert_eq!(look(broken, 3), (Some(Severity::Major), true));
    assert_eq!(look(broken, 4), (Some(Severity::Critical), false));
}
