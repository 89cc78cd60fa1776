//! The rules of a price band as scenarios and properties.

use bytemuck::Zeroable;
use proptest::prelude::*;

use super::*;

const START: Instant = Instant::new(1_000_000, 1_800_000_000);
const DELAY: u32 = LOOSENING_DELAY_MIN;
const EXPONENT: i32 = -8;
/// A price of 100.
const HUNDRED: i64 = 10_000_000_000;
const FIRST: Feed = Feed { account: Pubkey::new_from_array([1; 32]), id: [1; 32] };
const SECOND: Feed = Feed { account: Pubkey::new_from_array([2; 32]), id: [2; 32] };

/// So many seconds later, in slots of 400 ms.
fn later(from: Instant, seconds: u64) -> Instant {
    Instant::new(from.slot + (seconds * 5).div_ceil(2), from.unix + seconds.cast_signed())
}

fn update(feed: &Feed, price: i64, now: Instant) -> PriceUpdate {
    PriceUpdate {
        partial: None,
        feed_id: feed.id,
        price,
        conf: 0,
        exponent: EXPONENT,
        publish_time: now.unix,
        posted_slot: now.slot,
    }
}

fn prices(price: i64, now: Instant) -> Prices {
    [Some(update(&FIRST, price, now)), None]
}

/// A band, its clock, and what everybody wants of both.
struct Stage {
    band: PriceBand,
    now: Instant,
}

impl Stage {
    fn with(settings: BandSettings, prices: &Prices) -> Self {
        let mut band = PriceBand::zeroed();
        band.initialize(Default::default(), (0, 255), &settings, prices, START).expect("settings are sound");
        Self { band, now: START }
    }

    /// A band of one feed that learned a price of 100, is armed and old enough for Critical.
    fn new() -> Self {
        let mut this = Self::with(BandSettings::starting(FIRST, Feed::default()), &prices(HUNDRED, START));
        this.band.arm(START).expect("was in shadow");
        for _ in 0..u64::from(DELAY) / 60 {
            this.goes_by(60, HUNDRED);
        }
        assert_eq!(this.band.reference, this.in_band(HUNDRED));
        this
    }

    fn in_band(&self, price: i64) -> u64 {
        update(&FIRST, price, self.now).scaled(self.band.exponent).expect("a price").0
    }

    /// Time goes by, then the price is observed.
    fn goes_by(&mut self, seconds: u64, price: i64) {
        self.now = later(self.now, seconds);
        self.band.observe(&prices(price, self.now), self.now).expect("sound");
    }

    fn sees(&self, price: i64) -> Severity {
        let trip = self.band.measure(&prices(price, self.now), self.now);
        trip.map_or(Severity::Normal, |trip| trip.severity)
    }
}

#[test]
fn each_deviation_has_its_severity_from_its_threshold_on() {
    let stage = Stage::new();
    for (percent, up, down) in [
        (0, Severity::Normal, Severity::Normal),
        (5, Severity::Minor, Severity::Minor),
        (10, Severity::Major, Severity::Major),
        (20, Severity::Critical, Severity::Critical),
    ] {
        let distance = HUNDRED / 100 * percent;
        assert_eq!(
            (stage.sees(HUNDRED + distance), stage.sees(HUNDRED - distance)),
            (up, down),
            "{percent} %"
        );
        if percent > 0 {
            assert!(stage.sees(HUNDRED + distance - 1) < up && stage.sees(HUNDRED - distance + 1) < down);
        }
    }
}

#[test]
fn fifty_drifts_of_one_percent_trip_as_one_of_fifty_does() {
    let mut stage = Stage::new();
    let mut price = HUNDRED;
    let mut worst = Severity::Normal;
    for _ in 0..50 {
        price -= HUNDRED / 100;
        stage.goes_by(60, price);
        worst = worst.max(stage.sees(price));
    }
    assert_eq!((worst, stage.sees(price)), (Severity::Critical, Severity::Critical));
    assert_eq!(Stage::new().sees(HUNDRED / 2), Severity::Critical);
}

#[test]
fn a_spike_of_one_slot_is_not_chased() {
    let mut stage = Stage::new();
    let before = stage.band.reference;
    stage.now = Instant::new(stage.now.slot + 1, stage.now.unix + 1);
    stage.band.observe(&prices(HUNDRED / 2, stage.now), stage.now).expect("sound");
    assert_eq!(stage.band.reference, before, "at the moment itself it does not move at all");
    stage.goes_by(1, HUNDRED);
    let moved = before - stage.band.reference;
    assert!(
        moved <= before / 100_000,
        "and for a second of it by less than a tenth of a basis point: {moved}"
    );
}

#[test]
fn an_unobserved_band_cautions_and_learns_again() {
    let mut stage = Stage::new();
    stage.now = later(stage.now, 600);
    assert_eq!(stage.sees(HUNDRED), Severity::Normal);
    stage.now = later(stage.now, 1);
    assert_eq!(stage.sees(HUNDRED), Severity::Minor);
    assert_eq!(stage.sees(HUNDRED / 2), Severity::Minor, "yesterday's reference proves no more");
    stage.goes_by(0, HUNDRED / 2);
    assert_eq!(stage.sees(HUNDRED / 2), Severity::Normal);
    assert_eq!(stage.sees(HUNDRED), Severity::Minor, "while it learns it cautions");
    for _ in 0..60 {
        stage.goes_by(60, HUNDRED / 2);
    }
    assert_eq!(stage.sees(HUNDRED), Severity::Critical);
}

#[test]
fn slots_that_go_by_make_a_band_unobserved_where_the_unix_clock_stands() {
    let mut stage = Stage::new();
    stage.now.slot += 3_001;
    assert_eq!(stage.sees(HUNDRED), Severity::Minor);
}

#[test]
fn a_spike_while_it_learns_weighs_what_it_lasted() {
    let mut stage = Stage::with(BandSettings::starting(FIRST, Feed::default()), &prices(HUNDRED, START));
    for minute in 0..60 {
        stage.goes_by(60, if minute == 30 { HUNDRED * 2 } else { HUNDRED });
    }
    let learned = stage.band.reference;
    let minute_of_an_hour = stage.in_band(HUNDRED + HUNDRED / 30);
    let half_a_minute = stage.in_band(HUNDRED + HUNDRED / 120);
    assert!((half_a_minute..=minute_of_an_hour).contains(&learned), "{learned}");
}

#[test]
fn what_cannot_be_used_tightens_and_is_never_critical() {
    let stage = Stage::new();
    let (now, good) = (stage.now, update(&FIRST, HUNDRED, stage.now));
    let bad: [(&str, Option<PriceUpdate>); 10] = [
        ("nothing there", None),
        ("another feed", Some(PriceUpdate { feed_id: [9; 32], ..good })),
        ("signatures missing", Some(PriceUpdate { partial: Some(12), ..good })),
        ("negative", Some(PriceUpdate { price: -HUNDRED, ..good })),
        ("zero", Some(PriceUpdate { price: 0, ..good })),
        ("old", Some(PriceUpdate { publish_time: now.unix - 61, ..good })),
        ("posted long ago", Some(PriceUpdate { posted_slot: now.slot - 301, ..good })),
        ("from the future", Some(PriceUpdate { publish_time: now.unix + 61, ..good })),
        ("too wide", Some(PriceUpdate { conf: HUNDRED as u64 / 50 + 1, ..good })),
        ("beyond 64 bits", Some(PriceUpdate { exponent: 12, ..good })),
    ];
    for (stored, severity) in [(1, Severity::Minor), (2, Severity::Major)] {
        for (name, update) in bad {
            let mut band = stage.band;
            (band.settings.stale_severity, band.settings.wide_severity) = (stored, stored);
            let trip = band.measure(&[update, None], now).expect(name);
            assert_eq!((trip.rule, trip.severity), (Rule::PriceUnusable, severity), "{name}");
            let before = (band.reference, band.seen, band.seen_at);
            band.observe(&[update, None], now).expect("succeeds");
            assert_eq!((band.reference, band.seen, band.seen_at), before, "{name}");
        }
    }
    let edge = PriceUpdate { publish_time: now.unix - 60, conf: HUNDRED as u64 / 50, ..good };
    assert_eq!(stage.band.measure(&[Some(edge), None], now), None);
}

#[test]
fn an_old_price_and_a_wide_one_are_as_severe_as_was_said_of_each() {
    let stage = Stage::new();
    let good = update(&FIRST, HUNDRED, stage.now);
    let old = PriceUpdate { publish_time: stage.now.unix - 61, ..good };
    let wide = PriceUpdate { conf: HUNDRED as u64, ..good };
    for (stale_severity, wide_severity) in [(1, 2), (2, 1)] {
        let mut band = stage.band;
        (band.settings.stale_severity, band.settings.wide_severity) = (stale_severity, wide_severity);
        for (update, severity) in [(old, stale_severity), (wide, wide_severity)] {
            let trip = band.measure(&[Some(update), None], stage.now).expect("no price to be used");
            assert_eq!(trip.severity as u32, severity);
        }
    }
}

#[test]
fn of_two_measurements_the_worse_is_told_and_of_two_as_bad_the_first() {
    let both = |first: i64, second: i64| {
        let price = |feed, percent: i64| Some(update(feed, HUNDRED / 100 * percent, START));
        [price(&FIRST, first), price(&SECOND, second)]
    };
    let mut stage = Stage::with(BandSettings::starting(FIRST, SECOND), &both(100, 100));
    stage.band.learned = BAND_LEARNING;
    let told = |stage: &Stage, prices: &Prices| {
        let trip = stage.band.measure(prices, START).expect("a trip");
        (trip.severity, trip.value)
    };
    assert_eq!(told(&stage, &both(120, 117)), (Severity::Critical, 2_000), "the distance from the reference");
    assert_eq!(told(&stage, &both(105, 117)), (Severity::Critical, 1_142), "the distance of the feeds");
    assert_eq!(told(&stage, &both(105, 102)), (Severity::Minor, 500), "the reference's comes first");
    // a feed that is gone is no excuse for a crash
    let mut gone = both(50, 50);
    gone[1] = None;
    assert_eq!(told(&stage, &gone), (Severity::Critical, 5_000));
}

#[test]
fn an_observation_that_sees_the_crash_too_keeps_the_first_look() {
    let mut stage = Stage::new();
    stage.goes_by(60, HUNDRED / 2);
    let crash = prices(HUNDRED / 2, stage.now);
    let (trip, first) = stage.band.prove(&crash, DELAY, stage.now).expect("a trip");
    assert_eq!((trip.severity, first), (Severity::Major, true));
    stage.goes_by(1, HUNDRED / 2);
    let crash = prices(HUNDRED / 2, stage.now);
    let (trip, _) = stage.band.prove(&crash, DELAY, stage.now).expect("a trip");
    assert_eq!(trip.severity, Severity::Critical);
}

#[test]
fn a_band_begins_with_two_prices_that_can_be_used() {
    let settings = BandSettings::starting(FIRST, SECOND);
    let good = [Some(update(&FIRST, HUNDRED, START)), Some(update(&SECOND, HUNDRED, START))];
    for place in 0..2 {
        let mut prices = good;
        prices[place] = prices[place].map(|price| PriceUpdate { publish_time: START.unix - 61, ..price });
        let begun = PriceBand::zeroed().initialize(Default::default(), (0, 255), &settings, &prices, START);
        assert_eq!(begun, Err(BreakerError::PriceUnusable));
    }
}

#[test]
fn what_the_confidence_explains_is_no_deviation() {
    let stage = Stage::new();
    let far = update(&FIRST, HUNDRED / 100 * 106, stage.now);
    assert!(stage.band.measure(&[Some(far), None], stage.now).is_some());
    let unsure = PriceUpdate { conf: HUNDRED as u64 / 100, ..far };
    assert_eq!(stage.band.measure(&[Some(unsure), None], stage.now), None);
}

#[test]
fn two_feeds_that_disagree_trip_though_neither_moved_in_a_unit_of_its_own() {
    let both = |first: i64, second: i64, now: Instant| -> Prices {
        // the second one counts in thousandths of the unit
        let second = PriceUpdate { price: second * 1_000, exponent: EXPONENT - 3, ..update(&SECOND, 0, now) };
        [Some(update(&FIRST, first, now)), Some(second)]
    };
    let stage = Stage::with(BandSettings::starting(FIRST, SECOND), &both(HUNDRED, HUNDRED, START));
    for (percent, severity) in
        [(1, None), (2, Some(Severity::Minor)), (5, Some(Severity::Major)), (10, Some(Severity::Critical))]
    {
        let far = both(HUNDRED, HUNDRED + HUNDRED / 100 * percent, START);
        assert_eq!(stage.band.measure(&far, START).map(|trip| trip.severity), severity, "{percent} %");
        let mut unsure = far;
        unsure[1].as_mut().expect("a price").conf = (HUNDRED * 10) as u64;
        unsure[0].as_mut().expect("a price").conf = HUNDRED as u64 / 100;
        let less = stage.band.measure(&unsure, START).map(|trip| trip.severity);
        assert!(less < severity || severity.is_none(), "{percent} % less what confidence explains: {less:?}");
    }
    // what either feed's confidence explains is no divergence
    for place in 0..2 {
        let mut unsure = both(HUNDRED, HUNDRED / 100 * 103, START);
        unsure[place].as_mut().expect("a price").conf = HUNDRED as u64 / 100 * [1, 1_000][place];
        assert_eq!(stage.band.measure(&unsure, START), None, "feed {place}");
    }
    let alone = [both(HUNDRED, HUNDRED, START)[0], None];
    let trip = stage.band.measure(&alone, START).expect("a feed that is gone is not fine");
    assert_eq!(trip.rule, Rule::PriceUnusable);
}

#[test]
fn in_shadow_it_counts_and_proves_nothing() {
    let mut stage = Stage::with(BandSettings::starting(FIRST, Feed::default()), &prices(HUNDRED, START));
    stage.goes_by(60, HUNDRED / 2);
    assert_eq!((stage.band.shadow.trips, stage.band.shadow.untold), (1, 1));
    let mut fine = Stage::with(BandSettings::starting(FIRST, Feed::default()), &prices(HUNDRED, START));
    fine.goes_by(60, HUNDRED);
    assert_eq!(fine.band.shadow, Shadow::default());
    let mut armed = Stage::new();
    armed.goes_by(60, HUNDRED / 2);
    assert_eq!(armed.band.shadow, Shadow::default());
    let refused = stage.band.prove(&prices(HUNDRED / 2, stage.now), DELAY, stage.now);
    assert_eq!(refused, Err(BreakerError::NothingToLatch));
}

#[test]
fn critical_is_proven_by_two_looks_and_a_look_that_sees_less_begins_anew() {
    let mut stage = Stage::new();
    let prove = |stage: &mut Stage, price| {
        let (trip, first) = stage.band.prove(&prices(price, stage.now), DELAY, stage.now).expect("a trip");
        (trip.severity, first)
    };
    assert_eq!(prove(&mut stage, HUNDRED / 2), (Severity::Major, true));
    assert_eq!(prove(&mut stage, HUNDRED / 2), (Severity::Major, false));
    stage.goes_by(1, HUNDRED);
    stage.goes_by(1, HUNDRED / 2);
    assert_eq!(prove(&mut stage, HUNDRED / 2), (Severity::Major, true), "it was over in between");
    stage.goes_by(1, HUNDRED / 2);
    assert_eq!(prove(&mut stage, HUNDRED / 2), (Severity::Critical, false));
}

#[test]
fn settings_have_bounds() {
    let good = BandSettings::starting(FIRST, SECOND);
    assert_eq!(good.check(), Ok(()));
    type Change = fn(&mut BandSettings);
    let out_of_bounds: [Change; 16] = [
        |s| (s.primary, s.second) = (Feed::default(), Feed::default()),
        |s| s.max_age = BAND_AGE_MIN - 1,
        |s| s.max_age = BAND_AGE_MAX + 1,
        |s| s.max_conf_bps = 0,
        |s| s.max_conf_bps = BAND_CONF_MAX_BPS + 1,
        |s| s.deviation_bps[0] = BAND_THRESHOLD_MIN_BPS - 1,
        |s| s.deviation_bps[1] = s.deviation_bps[0],
        |s| s.deviation_bps[2] = s.deviation_bps[1],
        |s| s.deviation_bps[2] = BAND_THRESHOLD_MAX_BPS + 1,
        |s| s.divergence_bps[0] = 0,
        |s| s.divergence_bps[1] = s.divergence_bps[0],
        |s| s.divergence_bps[2] = u32::MAX,
        |s| s.step_bps = 0,
        |s| s.step_bps = s.deviation_bps[0] + 1,
        |s| s.observe_within = BAND_OBSERVE_MIN - 1,
        |s| s.observe_within = BAND_OBSERVE_MAX + 1,
    ];
    for (i, change) in out_of_bounds.iter().enumerate() {
        let mut settings = good;
        change(&mut settings);
        assert_eq!(settings.check(), Err(BreakerError::BandSettingOutOfBounds), "change {i}");
    }
    for severity in [0, 3, 9] {
        for settings in [
            BandSettings { stale_severity: severity, ..good },
            BandSettings { wide_severity: severity, ..good },
        ] {
            assert_eq!(settings.check(), Err(BreakerError::UnusableIsNeverCritical));
        }
    }
    for second in [Feed { account: FIRST.account, ..SECOND }, Feed { id: FIRST.id, ..SECOND }] {
        let settings = BandSettings { second, ..good };
        assert_eq!(settings.check(), Err(BreakerError::SameFeedTwice));
    }
}

proptest! {
    #[test]
    fn the_reference_walks_toward_what_was_seen_before_by_no_more_than_its_step(
        walk in prop::collection::vec((0u64..600, 1i64..1_000_000_000_000), 1..80)
    ) {
        let mut stage = Stage::new();
        for (seconds, price) in walk {
            let (from, toward, clock) = (stage.band.reference, stage.band.seen, stage.band.clock);
            stage.goes_by(seconds, price);
            let to = stage.band.reference;
            let bounds = (from.min(toward), from.max(toward));
            prop_assert!(bounds.0 <= to && to <= bounds.1, "between where it was and what was seen");
            // at most one second more than both clocks agree on
            let most = u128::from(clock.seconds_until(stage.now) + 1) * u128::from(from) * 200 / 36_000_000;
            prop_assert!(u128::from(from.abs_diff(to)) <= most);
        }
    }

    #[test]
    fn however_a_fall_is_cut_up_within_an_hour_the_end_trips_as_at_once(
        cuts in prop::collection::vec(1u64..60, 1..59), fall in 2_300i64..8_000
    ) {
        let mut stage = Stage::new();
        let bottom = HUNDRED - HUNDRED / 10_000 * fall;
        let total: u64 = cuts.iter().sum();
        let mut gone = 0;
        for seconds in cuts {
            gone += seconds;
            stage.goes_by(seconds, HUNDRED - (HUNDRED - bottom) / total as i64 * gone as i64);
        }
        prop_assert_eq!(stage.sees(bottom), Severity::Critical);
    }
}
