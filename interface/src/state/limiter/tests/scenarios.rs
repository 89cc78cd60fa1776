//! Recorded flow, in the words of the design.

use super::{super::*, world::*};

#[test]
fn soft_latches_and_refuses_nothing() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN * 6 / 10 - 1), Verdict::Allow);
    assert_eq!(world.trip, None);
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN * 6 / 10), Verdict::Allow);
    let trip = world.trip.expect("soft is reached");
    assert_eq!(
        (trip.rule, trip.severity, trip.value, trip.threshold),
        (Rule::Soft, Severity::Minor, 60_000, 60_000)
    );
    assert_eq!(world.severity(), Severity::Minor);
    assert_eq!(world.withdraw(MAIN * 4 / 10), Verdict::Allow);
}

#[test]
fn hard_latches_denies_and_is_not_counted() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN + 1), Verdict::Deny);
    let trip = world.trip.expect("hard is broken");
    assert_eq!(
        (trip.rule, trip.severity, trip.value, trip.threshold),
        (Rule::Hard, Severity::Major, MAIN + 1, MAIN)
    );
    assert_eq!(world.severity(), Severity::Major);
    assert_eq!(world.limiter.expected, VAULT);
    // the latch closes the vault for what was allowed a moment ago, and adds no trip of its own
    assert_eq!((world.withdraw(1), world.trip), (Verdict::Deny, None));
    assert_eq!(world.unlatched().capacity(), MAIN);
}

#[test]
fn a_thousand_small_flows_get_no_more_than_one_large() {
    let mut world = World::seasoned();
    let mut left = 0;
    for i in 0..1_000 {
        if i % 10 == 0 {
            world.tick(1, 0);
        }
        let amount = MAIN / 100;
        left += if world.unlatched().withdraw(amount) == Verdict::Allow { amount } else { 0 };
    }
    assert_eq!(left, MAIN);
}

#[test]
fn across_the_edge_of_a_window_at_most_two_buffers_leave() {
    let mut world = World::seasoned();
    let bound = world.limiter.bound(VAULT).expect("no overflow");
    let mut left = 0;
    for _ in 0..359 {
        let amount = world.unlatched().capacity();
        if amount > 0 && world.withdraw(amount) == Verdict::Allow {
            left += amount;
        }
        world.wait(10);
    }
    assert!(left > MAIN * 19 / 10 - MAIN / 10 && left <= bound, "{left} of {bound}");
}

#[test]
fn wash_inflow_carries_nothing_out() {
    let mut world = World::seasoned();
    let before = world.capacity();
    world.deposit(100 * VAULT);
    assert_eq!(world.withdraw(100 * VAULT + VAULT * 3 / 10), Verdict::Deny);
    assert_eq!(world.unlatched().withdraw(100 * VAULT), Verdict::Allow);
    assert_eq!(world.capacity(), before);
    // a flash deposit does not raise the lagged base, nor what refills from it
    assert_eq!(world.limiter.average, VAULT);
    world.wait(7_200);
    assert_eq!(world.capacity(), before);
}

#[test]
fn an_inflow_kept_over_its_slot_is_cut_to_the_elastic_cap_and_decays() {
    let mut world = World::seasoned();
    world.deposit(VAULT / 5);
    world.tick(1, 0);
    assert_eq!(world.capacity(), MAIN + VAULT / 10);
    world.wait(300);
    assert!((MAIN..MAIN * 1_001 / 1_000).contains(&world.capacity()));
}

#[test]
fn money_that_comes_and_goes_again_starves_nobody() {
    for mut world in [World::seasoned(), World::young(VAULT, LimiterSettings::starting(50_000, 100))] {
        let honest = world.capacity();
        // ten times an hour's limit, in rounds of a thousandth of the vault, each left to decay for a while
        for _ in 0..1_000 {
            world.deposit(VAULT / 1_000);
            world.wait(3);
            assert_eq!(world.withdraw(VAULT / 1_000), Verdict::Allow);
            assert_eq!(world.trip.filter(|trip| trip.rule != Rule::Gross), None);
        }
        world.tick(1, 0);
        assert!(world.capacity() + VAULT / 1_000 >= honest, "{} of {honest} is left", world.capacity());
    }
}

#[test]
fn dust_costs_a_refill_at_most_one_unit_a_window() {
    for main in [7, 1_000, 3_600_007, 10_000_000_000_000_000_000 / 10] {
        let mut settings = LimiterSettings::starting(50, 1);
        settings.windows[1].rate_bps = 10_000;
        let mut world = World::with(main * 10, settings);
        assert_eq!(world.withdraw(main), Verdict::Allow);
        let capacity = world.limiter.expected / 10;
        for _ in 0..9_000 {
            world.tick(1, 0);
            world.now.unix = 1_800_000_000 + ((world.now.slot - 1_000_000) * 2 / 5) as i64;
            world.deposit(1);
            assert_eq!(world.unlatched().withdraw(1), Verdict::Allow);
        }
        let refilled = world.limiter.net[0].available;
        let short = capacity.saturating_sub(refilled);
        assert!(short <= 1 + capacity.div_ceil(3_600), "{short} units short of {capacity}");
    }
}

#[test]
fn a_zero_amount_moves_no_clock() {
    let mut world = World::seasoned();
    let before = world.limiter;
    world.wait(60);
    for direction in [Direction::In, Direction::Out] {
        let flow = Flow { direction, amount: 0, closed: false };
        assert_eq!(world.limiter.record(flow, &world.vault, world.now), Err(BreakerError::ZeroFlow));
    }
    assert_eq!(bytemuck::bytes_of(&world.limiter), bytemuck::bytes_of(&before));
}

#[test]
fn a_donation_earns_nothing() {
    let mut world = World::seasoned();
    world.vault.amount += 5 * VAULT;
    assert_eq!(world.capacity(), MAIN);
    world.deposit(10);
    assert_eq!(world.limiter.elastic, 10);
    assert_eq!(world.capacity(), MAIN + 10);
    world.wait(1);
    assert_eq!(world.withdraw(10), Verdict::Allow);
    assert_eq!(world.limiter.expected, 6 * VAULT);
    assert_eq!(world.limiter.undeclared, 0);
}

#[test]
fn bootstrap_bounds_main_buffers_and_credited_inflow() {
    let mut world = World::young(VAULT, LimiterSettings::starting(5_000, 100));
    assert_eq!(world.capacity(), 5_000);
    for _ in 0..20 {
        world.deposit(1_000);
    }
    assert_eq!(world.limiter.elastic, 5_000);
    assert_eq!(world.capacity(), 10_000);
    world.deposit(100 * VAULT);
    world.wait(3_600);
    assert_eq!(world.capacity(), 5_000);
}

#[test]
fn the_bound_of_a_young_limiter_is_its_cap_and_of_a_small_vault_its_floor() {
    let young = World::young(VAULT, LimiterSettings::starting(5_000, 100));
    assert_eq!(young.limiter.bound(VAULT), Ok(3 * 5_000));
    let seasoned = World::seasoned();
    assert_eq!(seasoned.limiter.bound(VAULT), Ok(3 * MAIN));
    let nearly_empty = World::with(50, LimiterSettings::starting(50_000, 100));
    assert_eq!(nearly_empty.limiter.bound(50), Ok(2 * 50 + 5), "no more than there is");
}

#[test]
fn a_donation_refills_nothing_of_a_young_limiter_for_the_time_before_it() {
    let mut world = World::young(VAULT, LimiterSettings::starting(10 * VAULT, 100));
    world.wait(3_600);
    world.vault.amount += 5 * VAULT;
    assert_eq!(world.capacity(), MAIN);
}

#[test]
fn the_end_of_bootstrap_opens_slowly_and_cautions_nobody() {
    let mut world = World::young(VAULT, LimiterSettings::starting(5_000, 100));
    for _ in 0..24 {
        world.wait(3_600);
        assert_eq!(world.limiter.observe(&world.vault, true, world.now), Ok(None));
    }
    assert!(world.limiter.is_seasoned());
    let capacity = world.capacity();
    assert!(capacity < 12_000, "{capacity} at once");
    assert_eq!((world.withdraw(1), world.trip), (Verdict::Allow, None));
    world.wait(DAY);
    assert!((60_000..=MAIN).contains(&world.capacity()));
}

#[test]
fn the_floor_lets_a_wind_down_finish() {
    let mut world = World::seasoned();
    let mut hours = 0;
    while world.vault.amount > 0 {
        let amount = world.unlatched().capacity();
        if amount > 0 {
            assert_eq!(world.withdraw(amount), Verdict::Allow);
        }
        world.wait(3_600);
        hours += 1;
        assert!(hours < 24 * 60, "{} left after two months", world.vault.amount);
    }
}

#[test]
fn gross_cautions_only() {
    let mut world = World::seasoned();
    let mut worst = Severity::Normal;
    for _ in 0..30 {
        world.deposit(MAIN);
        assert_eq!(world.withdraw(MAIN), Verdict::Allow);
        worst = worst.max(world.trip.map_or(Severity::Normal, |trip| trip.severity));
    }
    assert_eq!(world.trip.map(|trip| trip.rule), Some(Rule::Gross));
    assert_eq!(worst, Severity::Minor);
    world.wait(DAY * 13 / 12);
    assert_eq!((world.withdraw(1), world.trip), (Verdict::Allow, None));
}

#[test]
fn washing_a_mint_with_a_supply_of_64_bits_refuses_nobody() {
    let mut world = World::with(1 << 62, LimiterSettings::starting(50_000, 100));
    for _ in 0..20 {
        world.deposit(1 << 62);
        assert_eq!(world.withdraw(1 << 62), Verdict::Allow);
    }
    assert_eq!(world.trip.map(|trip| (trip.rule, trip.value)), Some((Rule::Gross, u64::MAX)));
}

#[test]
fn shadow_refuses_nothing_but_what_others_closed_and_leaves_no_false_memory() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    assert_eq!((world.withdraw(VAULT / 2), world.trip), (Verdict::Allow, None));
    world.wait(10);
    world.deposit(1);
    assert_eq!((world.limiter.undeclared, world.limiter.shadow_trips), (0, 1));
    let flow = Flow { direction: Direction::Out, amount: 1, closed: true };
    let outcome = world.limiter.record(flow, &world.vault, world.now).expect("a flow can be asked for");
    assert_eq!(outcome.verdict, Verdict::Deny);
    // an outflow that nobody recorded, and no touch between it and the arming
    world.vault.amount -= VAULT / 10;
    world.limiter.arm(&world.vault, world.now).expect("not armed yet");
    assert_eq!(world.limiter.arm(&world.vault, world.now), Err(BreakerError::AlreadyArmed));
    world.wait(10);
    world.deposit(1);
    assert_eq!(world.trip, None);
}

#[test]
fn a_clock_that_goes_back_refills_nothing() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN), Verdict::Allow);
    let (empty, later) = (world.unlatched().capacity(), world.now);
    world.now = Instant::new(later.slot, later.unix - 100_000);
    world.deposit(1);
    world.now = Instant::new(later.slot + 1, later.unix);
    assert_eq!(world.capacity(), empty + 1);
}

#[test]
fn slots_of_any_length_refill_at_the_same_pace() {
    for slot_ms in [200, 400, 600] {
        let mut world = World::seasoned();
        assert_eq!(world.withdraw(MAIN), Verdict::Allow);
        world.tick(1_800_000 / slot_ms, 1_800);
        let half = world.unlatched().capacity();
        assert!((44_000..=45_000).contains(&half), "{half} after half an hour of {slot_ms} ms slots");
    }
    // slots that stand still vouch for no time
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN), Verdict::Allow);
    world.tick(1, 1_800);
    assert!(world.unlatched().capacity() <= MAIN / 3_600);
}

#[test]
fn amounts_above_the_balance_are_an_error_that_changes_nothing() {
    let mut world = World::seasoned();
    for amount in [VAULT + 1, u64::MAX] {
        assert_eq!(world.record(Direction::Out, amount), Err(BreakerError::AmountAboveBalance));
    }
    assert_eq!(world.capacity(), MAIN);
}

#[test]
fn what_waits_for_the_journal_is_the_first_and_worst_with_a_count() {
    let mut world = World::seasoned();
    let first = world.now;
    assert_eq!(world.withdraw(MAIN * 7 / 10), Verdict::Allow);
    world.wait(1);
    assert_eq!(world.withdraw(MAIN), Verdict::Deny);
    let hard = world.trip.expect("hard is broken");
    let caution = Trip { rule: Rule::Gross, severity: Severity::Minor, value: u64::MAX, threshold: 1 };
    world.limiter.latch(&caution, &world.market, world.now);

    let entry =
        world.limiter.take_pending(Pubkey::default(), Pubkey::default()).expect("stored bytes are sound");
    let entry = entry.expect("trips wait");
    assert_eq!((entry.at, entry.act, entry.value, entry.count), (first, Act::HardBreach, hard.value, 3));
    assert_eq!((entry.before, entry.after), (Severity::Normal, Severity::Major));

    // a caution under a live Major is no fall
    world.limiter.latch(&caution, &world.market, world.now);
    let entry =
        world.limiter.take_pending(Pubkey::default(), Pubkey::default()).expect("stored bytes are sound");
    let entry = entry.expect("a trip waits");
    assert_eq!((entry.act, entry.before, entry.after), (Act::GrossBreach, Severity::Major, Severity::Major));
    assert_eq!(world.limiter.take_pending(Pubkey::default(), Pubkey::default()), Ok(None));
}
