//! What decides between two answers: equality, the worse of two trips, a remainder, a bucket.

use super::{super::*, world::*};

/// A limiter with other settings than the starting ones, its average what the vault holds.
fn with(change: fn(&mut LimiterSettings)) -> World {
    let mut settings = LimiterSettings::starting(50_000, 100);
    change(&mut settings);
    World::with(VAULT, settings)
}

fn tripped(world: &World) -> Option<(Rule, Severity, u64, u64)> {
    world.trip.map(|trip| (trip.rule, trip.severity, trip.value, trip.threshold))
}

#[test]
fn a_refusal_tells_of_all_that_left_and_of_what_could_have() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN / 2), Verdict::Allow);
    assert_eq!(world.withdraw(MAIN * 6 / 10), Verdict::Deny);
    // a twentieth of the vault left, so its tenth is less
    assert_eq!(tripped(&world), Some((Rule::Hard, Severity::Major, MAIN * 11 / 10, MAIN * 95 / 100)));

    // a buffer that grew with the base is not full yet
    let mut world = World::young(VAULT, LimiterSettings::starting(5_000, 100));
    for _ in 0..24 {
        world.wait(3_600);
        world.look();
    }
    let most = world.capacity();
    assert_eq!(world.withdraw(most + 1), Verdict::Deny);
    assert_eq!(tripped(&world), Some((Rule::Hard, Severity::Major, most + 1, most)));
}

#[test]
fn soft_is_as_severe_as_was_said_and_trips_by_the_main_buffer_alone() {
    let mut world = with(|settings| settings.soft_severity = Severity::Major as u32);
    assert_eq!(world.withdraw(MAIN * 6 / 10), Verdict::Allow);
    assert_eq!(world.trip.map(|trip| trip.severity), Some(Severity::Major));

    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN * 6 / 10), Verdict::Allow);
    world.deposit(10);
    assert_eq!((world.withdraw(10), world.trip), (Verdict::Allow, None), "it came in a moment ago");
}

#[test]
fn of_two_trips_the_worse_is_told_and_of_two_as_bad_the_first() {
    let drained = || {
        let mut world = World::seasoned();
        world.vault.amount -= VAULT / 100;
        world
    };
    let mut world = drained();
    assert_eq!(world.withdraw(MAIN * 6 / 10), Verdict::Allow);
    assert_eq!(world.trip.map(|trip| (trip.rule, trip.severity)), Some((Rule::Undeclared, Severity::Minor)));
    let mut world = drained();
    assert_eq!(world.withdraw(MAIN), Verdict::Deny);
    assert_eq!(world.trip.map(|trip| (trip.rule, trip.severity)), Some((Rule::Hard, Severity::Major)));
}

#[test]
fn gross_is_broken_beyond_its_limit_and_forgets_every_bucket() {
    const GROSS: u64 = VAULT / 20;
    let gross = || with(|settings| settings.gross_bps = 500);
    let mut world = gross();
    assert_eq!((world.withdraw(GROSS), world.trip), (Verdict::Allow, None));
    let mut world = gross();
    assert_eq!(world.withdraw(GROSS + 1), Verdict::Allow);
    assert_eq!(tripped(&world), Some((Rule::Gross, Severity::Minor, GROSS + 1, GROSS)));

    let mut world = gross();
    for _ in 0..4 {
        assert_eq!((world.withdraw(GROSS / 5), world.trip), (Verdict::Allow, None));
        world.wait(DAY / 12);
    }
    world.wait(DAY * 13 / 12);
    assert_eq!((world.withdraw(GROSS * 9 / 10), world.trip), (Verdict::Allow, None));
}

#[test]
fn touches_neither_stop_the_average_from_rising_nor_from_falling() {
    // each touch is worth less than a unit
    let mut world = World::young(1_000, LimiterSettings::starting(50, 1));
    for _ in 0..DAY / 10 - 1 {
        world.wait(10);
        world.look();
    }
    assert!((620..640).contains(&world.limiter.average), "{} of a day's share", world.limiter.average);

    let mut world = World::with(1_000, LimiterSettings::starting(50, 1));
    assert_eq!(world.withdraw(50), Verdict::Allow);
    for _ in 0..50 {
        world.wait(10);
        world.look();
    }
    assert_eq!(world.limiter.average, 950);
}

#[test]
fn touches_do_not_stop_what_came_in_from_ageing() {
    let mut world = World::with(1_000, LimiterSettings::starting(50, 1));
    world.deposit(50);
    // each touch is worth a third of a unit
    for _ in 0..50 {
        world.wait(1);
        world.look();
    }
    assert_eq!(world.limiter.elastic, 0);
}

#[test]
fn touches_do_not_stop_what_was_lost_from_being_forgotten() {
    let mut world = World::with(1_000, LimiterSettings::starting(50, 1));
    world.vault.amount -= 20;
    world.look();
    // each touch is worth a fiftieth of a unit
    for _ in 0..DAY / 60 {
        world.wait(60);
        world.look();
    }
    assert_eq!(world.limiter.undeclared, 0);
}

#[test]
fn what_was_used_of_a_buffer_that_shrank_is_no_more_than_the_buffer() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN * 8 / 10), Verdict::Allow);
    world.vault.amount /= 2;
    world.look();
    assert_eq!(world.limiter.net[0].used, world.vault.amount / 10);
}

#[test]
fn undeclared_flow_trips_from_its_thresholds_on() {
    for (lost, severity) in [
        (VAULT / 100 - 1, None),
        (VAULT / 100, Some(Severity::Minor)),
        (VAULT * 3 / 100 - 1, Some(Severity::Minor)),
        (VAULT * 3 / 100, Some(Severity::Major)),
    ] {
        let mut world = World::seasoned();
        world.vault.amount -= lost;
        assert_eq!(world.look().map(|trip| trip.severity), severity, "{lost}");
    }
    // whatever was lost, two windows' worth of the hard threshold is remembered
    let mut world = World::seasoned();
    world.vault.amount /= 2;
    world.look();
    assert_eq!(world.limiter.undeclared, 2 * VAULT * 3 / 100);
    // a hundredth of ten is nothing: one unit is the least threshold, and it is forgotten like any other
    let mut world = World::with(10, LimiterSettings::starting(50, 1));
    world.vault.amount -= 1;
    world.look();
    assert_eq!(tripped(&world), Some((Rule::Undeclared, Severity::Major, 1, 1)));
    assert_eq!(world.limiter.undeclared, 1);
    world.wait(2 * DAY);
    world.look();
    assert_eq!(world.limiter.undeclared, 0);
}

#[test]
fn a_limiter_that_is_new_latches_no_critical() {
    let mut world = with(|settings| settings.hard_severity = Severity::Critical as u32);
    world.vault.amount /= 2;
    let looks = [(); 3].map(|()| {
        world.wait(2);
        let trip = world.limiter.observe(&world.vault, false, world.now).expect("a vault can be looked at");
        trip.map(|trip| trip.severity)
    });
    assert_eq!(looks, [Some(Severity::Major), None, None]);
}

#[test]
fn a_deposit_on_its_way_is_no_donation_to_a_withdrawal_of_its_slot() {
    let mut world = World::seasoned();
    world.vault.amount += MAIN;
    assert_eq!(world.withdraw(10), Verdict::Allow);
    assert_eq!(world.record(Direction::In, MAIN), Ok(Verdict::Allow));
    assert_eq!((world.trip, world.limiter.elastic), (None, MAIN));
}

#[test]
fn a_vault_that_changed_is_not_armed() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    world.vault.sound = false;
    assert_eq!(world.limiter.arm(&world.vault, world.now), Err(BreakerError::VaultNotGuardable));
}

#[test]
fn trips_in_shadow_are_told_once_an_hour_and_nothing_else_is() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    assert!(!world.limiter.tell_shadow(world.now), "nothing waits");
    assert_eq!(world.withdraw(VAULT / 2), Verdict::Allow);
    let first = world.now;
    assert!(world.limiter.tell_shadow(first));
    assert!(!world.limiter.tell_shadow(first.plus(SHADOW_ENTRY_EVERY - 1)));
    assert!(world.limiter.tell_shadow(first.plus(SHADOW_ENTRY_EVERY)));
    // what an armed limiter latched waits for a rise, not for the hour
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN + 1), Verdict::Deny);
    assert!(!world.limiter.tell_shadow(world.now));
}

#[test]
fn a_drain_in_shadow_holds_no_settings_off() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    world.vault.amount /= 2;
    let settings = world.limiter.settings;
    assert_eq!(world.limiter.resettle(&settings, world.vault.amount, world.now), Ok(()));
}

#[test]
fn what_was_lost_in_shadow_is_forgotten_when_it_is_armed() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    world.wait(2 * DAY);
    world.look();
    world.vault.amount -= VAULT * 29 / 1_000;
    world.look();
    world.limiter.arm(&world.vault, world.now).expect("not armed yet");
    world.vault.amount -= VAULT / 100;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Minor));
}

#[test]
fn a_trip_that_waited_until_it_was_over_is_told_as_the_rise_it_was() {
    let mut world = World::seasoned();
    assert_eq!(world.withdraw(MAIN + 1), Verdict::Deny);
    world.wait(MAJOR_MAX.into());
    let caution = Trip { rule: Rule::Gross, severity: Severity::Minor, value: 2, threshold: 1 };
    world.limiter.latch(&caution, &world.market, world.now);
    assert_eq!(world.severity(), Severity::Minor);
    assert_eq!(world.limiter.pending.after, Severity::Major as u8);
}

#[test]
fn other_windows_take_no_remainder_over() {
    let mut world = World::seasoned();
    (world.limiter.net[0].carry, world.limiter.net[1].carry) = (3_599, 86_399);
    world.limiter.undeclared_carry = 86_399;
    let mut new = world.limiter.settings;
    (new.windows[0].seconds, new.windows[1].seconds, new.elastic_seconds) = (600, 3_600, 60);
    new.undeclared_seconds = 600;
    // nothing has left and nothing refills, so nothing else clears them
    world.limiter.net[0].available = 0;
    world.limiter.net[1].available = 0;
    world.limiter.resettle(&new, VAULT, world.now).expect("settings are sound");
    assert_eq!((world.limiter.net.map(|net| net.carry), world.limiter.undeclared_carry), ([0, 0], 0));
    world.limiter.assert_invariant().expect("remainders are below their windows");
}

#[test]
fn a_shorter_duration_ends_no_latch_of_its_own_early() {
    let mut world = World::seasoned();
    world.market.durations[1] = MAJOR_MAX;
    assert_eq!(world.withdraw(MAIN + 1), Verdict::Deny);
    let until = world.limiter.held[1];
    assert_eq!(until, world.now.plus(MAJOR_MAX.into()));
    world.market.durations[1] = MAJOR_MIN;
    let trip = world.trip.expect("hard is broken");
    world.limiter.latch(&trip, &world.market, world.now);
    assert_eq!(world.limiter.held[1], until);
}

#[test]
fn the_worst_trip_in_shadow_waits_for_the_journal() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    let first = world.now;
    assert_eq!(world.withdraw(VAULT / 2), Verdict::Allow);
    world.wait(2 * DAY);
    assert_eq!(world.withdraw(VAULT / 4), Verdict::Allow);
    let pending = world.limiter.pending;
    assert_eq!((pending.first, pending.value, pending.count), (first, VAULT / 2, 2));
    assert_eq!((pending.act, pending.worst), (Act::ShadowTrip as u8, 0));
    assert_eq!((world.limiter.shadow_trips, world.severity()), (2, Severity::Normal));
}
