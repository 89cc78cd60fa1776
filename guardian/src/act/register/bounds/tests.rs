//! Whatever the code's bounds refuse is refused with the option that is to blame.

use firebreak_interface::state::{
    CoverageRow, Feed, Limits, Reading, Response, RouteSettings, TermSettings, WindowSettings,
};
use proptest::prelude::*;
use solana_pubkey::Pubkey;

use super::*;
use crate::units::Row;

fn key(byte: u8) -> Pubkey {
    Pubkey::new_from_array([byte; 32])
}

/// Round a bound, and anything.
fn near(bounds: &'static [u32]) -> impl Strategy<Value = u32> {
    let beside = prop::sample::select(bounds).prop_flat_map(|bound| {
        prop::sample::select(vec![bound.saturating_sub(1), bound, bound.saturating_add(1)])
    });
    prop_oneof![4 => beside, 1 => any::<u32>()]
}

/// The settings, with one of these fields changed: so each bound is met by what stands beside it.
fn limiter_with(place: usize, value: u32, amount: u64) -> LimiterSettings {
    let mut settings = LimiterSettings::starting(1_000, 10);
    let [WindowSettings { seconds: short, rate_bps: short_rate }, long] = &mut settings.windows;
    match place {
        0 => *short = value,
        1 => *short_rate = value,
        2 => long.seconds = value,
        3 => long.rate_bps = value,
        4 => settings.elastic_bps = value,
        5 => settings.elastic_seconds = value,
        6 => settings.gross_bps = value,
        7 => settings.gross_seconds = value,
        8 => settings.undeclared_soft_bps = value,
        9 => settings.undeclared_hard_bps = value,
        10 => settings.undeclared_seconds = value,
        11 => settings.soft_bps = value,
        12 => settings.soft_severity = value,
        13 => settings.hard_severity = value,
        14 => settings.floor = amount,
        _ => settings.bootstrap_cap = amount,
    }
    settings
}

fn band_with(place: usize, value: u32) -> BandSettings {
    let mut settings =
        BandSettings::starting(Feed { account: key(1), id: [1; 32] }, Feed { account: key(2), id: [2; 32] });
    match place {
        0 => settings.max_age = value,
        1 => settings.max_conf_bps = value,
        2 => settings.stale_severity = value,
        3 => settings.wide_severity = value,
        4..7 => settings.deviation_bps[place - 4] = value,
        7..10 => settings.divergence_bps[place - 7] = value,
        10 => settings.step_bps = value,
        _ => settings.observe_within = value,
    }
    settings
}

/// The text of a refusal, which names an option; none where the bounds are met.
fn refusal(proposed: &Proposed) -> Option<String> {
    match check(proposed) {
        Ok(()) => None,
        Err(Error::Usage(text)) => Some(text),
        Err(other) => panic!("{other}"),
    }
}

fn is_told(proposed: &Proposed) -> Result<(), TestCaseError> {
    let rule = proposed.check().err();
    let text = refusal(proposed);
    prop_assert_eq!(rule.is_some(), text.is_some());
    if let (Some(rule), Some(text)) = (rule, text) {
        prop_assert!(text.starts_with("--"), "no option is named: {}", text);
        prop_assert!(text.ends_with(&format!("({})", rule.name())), "{}", text);
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_limiters_option_is_named(
        place in 0usize..16,
        value in near(&[0, 1, 2, 3, 100, 300, 600, 3_600, 10_000, 86_400, 604_800, 1_000_000]),
        amount in prop_oneof![Just(u64::MAX / 4), Just(u64::MAX / 4 - 1), 0u64..2_000, any::<u64>()],
    ) {
        let settings = limiter_with(place, value, amount);
        is_told(&Proposed::RegisterLimiter { settings, mint_cap: 1_000 })?;
    }

    #[test]
    fn a_bands_option_is_named(
        place in 0usize..12,
        value in near(&[0, 1, 2, 5, 50, 60, 200, 500, 1_000, 1_800, 2_000, 3_600, 5_000]),
    ) {
        is_told(&Proposed::RegisterBand { index: 0, settings: band_with(place, value) })?;
    }

    #[test]
    fn a_markets_option_is_named(
        closed in [any::<u64>(), any::<u64>(), any::<u64>()],
        nested in any::<bool>(),
        exits in any::<bool>(),
        sizes in [0u64..4, 0u64..4, 0u64..4],
        shares in [near(&[0, 10_000, 20_000]), near(&[0, 10_000, 20_000]), near(&[0, 10_000, 20_000])],
        durations in [near(&[600, 86_400]), near(&[1_800, 259_200]), near(&[21_600, 604_800])],
        (dwell, grace) in (near(&[600, 86_400]), near(&[600, 86_400])),
    ) {
        let mut closed = closed.map(|mask| mask & Operations::NON_EXITS.0);
        if nested {
            closed = [closed[0] & closed[1] & closed[2], closed[1] & closed[2], closed[2]];
        }
        if exits {
            closed[2] |= Operations::EXITS.0;
        }
        let response = |place: usize| Response {
            closed: closed[place],
            limits: Limits {
                max_position: sizes[place],
                max_order: sizes[2 - place],
                max_leverage_bps: shares[2 - place],
                margin_multiplier_bps: shares[place],
            },
        };
        let settings = MarketSettings {
            responses: [response(0), response(1), response(2)],
            durations,
            dwell,
            liquidation_grace: grace,
            critical_closes_exits: nested,
        };
        is_told(&Proposed::CreateMarket { id: 1, settings })?;
        // what stands beside each time is sound
        let sound = MarketSettings::closing(Operations(0), Operations(0), Operations::NON_EXITS);
        for settings in [
            MarketSettings { durations, ..sound },
            MarketSettings { dwell, ..sound },
            MarketSettings { liquidation_grace: grace, ..sound },
        ] {
            is_told(&Proposed::CreateMarket { id: 1, settings })?;
        }
    }

    #[test]
    fn an_invariants_option_is_named(
        ratio_bps in [near(&[0, 9_900, 10_000, 100_000]), near(&[0, 9_900, 10_000]), near(&[0, 9_900, 10_000])],
        (left, right) in (0usize..10, 0usize..10),
    ) {
        let side = |count| vec![TermSettings { reading: Reading::TokenBalance, coefficient: 1 }; count];
        for (left, right) in [(left, right), (1, 8)] {
            let settings = InvariantSettings { left: side(left), right: side(right), ratio_bps };
            is_told(&Proposed::RegisterInvariant { index: 0, settings })?;
        }
    }

    #[test]
    fn a_routes_option_is_named(
        hold_seconds in near(&[0, 3_600, 259_200]),
        (holds, by_anyone) in (0u8..=2, 0u8..=1),
    ) {
        let settings = RouteSettings { hold_seconds, holds, by_anyone, ..RouteSettings::starting() };
        is_told(&Proposed::RegisterRoute(settings))?;
    }

    #[test]
    fn a_keepers_option_is_named(
        max_seconds in near(&[600, 86_400]),
        raises_per_day in 0u16..30,
        term in near(&[0, 1, 31_536_000]),
    ) {
        let settings = KeeperSettings { key: key(1), max_seconds, raises_per_day, term };
        is_told(&Proposed::RegisterKeeper(settings))?;
    }
}

#[test]
fn a_bound_is_told_with_what_may_be_and_the_rule() {
    let limiter = |place, value| {
        let settings = limiter_with(place, value, 2_000);
        refusal(&Proposed::RegisterLimiter { settings, mint_cap: 1_000 }).expect("out of bounds")
    };
    assert_eq!(limiter(1, 15_000), "--short-rate is 150%: it may be 0% to 100% (LimiterSettingOutOfBounds)");
    assert_eq!(
        limiter(5, 361),
        "--elastic-window is 6min1s: it may be 1min to 6min (LimiterSettingOutOfBounds)"
    );
    assert_eq!(limiter(12, 3), "--soft-severity is critical: it may be minor or major (SeverityNotAllowed)");
    assert_eq!(
        limiter(14, 0),
        "--floor is 2000 units: it may be --bootstrap-cap at most, 1000 units (LimiterSettingOutOfBounds)"
    );
    let many = vec![CoverageRow::default(); 65];
    let many = refusal(&Proposed::RegisterCoverage(many)).expect("too many");
    assert_eq!(many, "65 rows, and a table has 64 (CoverageCount)");
}

#[test]
fn a_table_takes_each_instruction_once_and_no_more_than_it_has_room_for() {
    let row = |name: &str| format!("{name}=withdraw").parse::<Row>().expect("a row");
    let mut known: Coverage = bytemuck::Zeroable::zeroed();
    known.add(&[row("pay").row]).expect("room");
    let told = |new: &[Row]| match rows(&known, new) {
        Err(Error::Usage(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(rows(&known, &[row("a"), row("b")]).is_ok());
    assert_eq!(told(&[row("a"), row("pay")]), "pay is in the table already, or named twice (CoveredTwice)");
    assert!(told(&[row("a"), row("a")]).starts_with("a is in the table already"));
    let many: Vec<_> = (0..64).map(|number| row(&number.to_string())).collect();
    assert_eq!(told(&many), "no room for 63: 64 rows are there, and a table has 64 (CoverageCount)");
}
