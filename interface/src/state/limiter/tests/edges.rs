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
    world.wait(DAY);
    world.look();
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
