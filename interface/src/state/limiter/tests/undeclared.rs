//! Flow without a record.

use super::{super::*, world::*};

#[test]
fn it_accumulates_touches_do_not_reset_it_and_it_latches() {
    let mut world = World::seasoned();
    for step in 1..=3 {
        world.vault.amount -= VAULT * 9 / 1_000;
        world.wait(10);
        world.deposit(1);
        let severity = world.trip.map_or(Severity::Normal, |trip| trip.severity);
        assert_eq!(severity, if step == 1 { Severity::Normal } else { Severity::Minor }, "step {step}");
    }
    world.vault.amount -= VAULT * 9 / 1_000;
    let trip = world.look().expect("3.6 % left around the breaker");
    assert_eq!((trip.rule, trip.severity), (Rule::Undeclared, Severity::Major));
    assert!(trip.value >= trip.threshold);
    assert_eq!(world.withdraw(1), Verdict::Deny);
}

#[test]
fn only_a_new_shortfall_trips_and_the_sum_ends() {
    let mut world = World::seasoned();
    world.vault.amount /= 2;
    assert_eq!(world.look().map(|trip| trip.value), Some(VAULT / 2));
    world.wait(60);
    assert_eq!(world.look(), None);
    world.wait(2 * DAY);
    assert_eq!(world.look(), None);
    assert_eq!(world.limiter.undeclared, 0);
}

#[test]
fn a_vault_that_is_no_longer_ours_holds_nothing() {
    let changes: [fn(&mut VaultState); 4] = [
        |vault| vault.owner = Pubkey::new_from_array([9; 32]),
        |vault| vault.mint = Pubkey::new_from_array([9; 32]),
        |vault| vault.sound = false,            // delegate, close authority, frozen
        |vault| *vault = VaultState::default(), // closed
    ];
    for change in changes {
        let mut world = World::seasoned();
        change(&mut world.vault);
        assert_eq!(world.withdraw(1), Verdict::Deny);
        let trip = world.trip.expect("the vault changed");
        assert_eq!((trip.rule, trip.severity, trip.value), (Rule::Undeclared, Severity::Major, VAULT));
        assert_eq!(world.limiter.shortfall(&world.vault), 0);
        let mut poked = World::seasoned();
        change(&mut poked.vault);
        assert_eq!(poked.limiter.shortfall(&poked.vault), VAULT);
        assert_eq!(poked.look(), Some(trip), "whoever looks");
        // nothing can be asked of it any more, and that is no new breach
        assert_eq!((world.unlatched().withdraw(1), world.trip), (Verdict::Deny, None));
    }
}

#[test]
fn the_bytes_of_a_token_account_say_whether_it_is_sound() {
    let mut bytes = [0; 165];
    bytes[..32].fill(1);
    bytes[32..64].fill(2);
    bytes[64..72].copy_from_slice(&77u64.to_le_bytes());
    bytes[108] = 1;
    let vault = VaultState::read(&TOKEN, &bytes);
    assert!(vault.sound && vault.amount == 77 && vault.owner == Pubkey::new_from_array([2; 32]));
    for (at, value) in [(72, 1), (108, 2), (108, 0), (129, 1)] {
        let mut broken = bytes;
        broken[at] = value;
        assert!(!VaultState::read(&TOKEN, &broken).sound, "byte {at} = {value}");
    }
    let mut extended = [0; 200];
    extended[..165].copy_from_slice(&bytes);
    assert_eq!(VaultState::read(&TOKEN_2022, &extended), VaultState::default());
    extended[165] = 2;
    assert_eq!(VaultState::read(&TOKEN_2022, &extended), vault);
    assert_eq!(VaultState::read(&TOKEN, &extended), VaultState::default());
    assert_eq!(VaultState::read(&Pubkey::default(), &bytes), VaultState::default());
    assert_eq!(VaultState::read(&TOKEN, &[]), VaultState::default());
}

#[test]
fn a_deposit_does_not_hide_a_drain() {
    let mut world = World::seasoned();
    world.vault.amount -= VAULT / 4;
    world.deposit(VAULT / 4);
    let trip = world.trip.expect("a quarter left around the breaker");
    assert_eq!((trip.rule, trip.severity, trip.value), (Rule::Undeclared, Severity::Major, VAULT / 4));
    assert_eq!(world.limiter.elastic, 0);
}

#[test]
fn rounds_of_deposit_and_unrecorded_return_fill_no_elastic_buffer() {
    let mut world = World::seasoned();
    for _ in 0..50 {
        world.deposit(VAULT);
        world.vault.amount -= VAULT;
    }
    assert_eq!(world.unlatched().capacity(), MAIN);
}

#[test]
fn a_flash_deposit_does_not_hide_a_drain_from_a_young_limiter() {
    let mut world = World::young(VAULT, LimiterSettings::starting(50_000, 100));
    world.deposit(1_000 * VAULT);
    world.vault.amount -= VAULT / 2;
    assert_eq!(world.withdraw(1_000 * VAULT), Verdict::Deny);
    assert_eq!(world.trip.map(|trip| trip.severity), Some(Severity::Major));
}

#[test]
fn what_left_today_with_a_record_lowers_the_thresholds_at_once() {
    let mut world = World::in_shadow(VAULT, LimiterSettings::starting(50_000, 100));
    world.wait(2 * DAY);
    world.look();
    assert_eq!(world.withdraw(VAULT * 9 / 10), Verdict::Allow);
    world.limiter.arm(&world.vault, world.now).expect("not armed yet");
    world.vault.amount -= VAULT / 1_000;
    let trip = world.look().expect("a hundredth of what is left");
    assert_eq!((trip.severity, trip.threshold), (Severity::Minor, VAULT / 1_000));
}

/// A limiter whose hard severity is Critical.
fn severe() -> World {
    let mut settings = LimiterSettings::starting(50_000, 100);
    settings.hard_severity = Severity::Critical as u32;
    World::with(VAULT, settings)
}

#[test]
fn critical_needs_a_second_look_in_a_later_slot_a_second_on() {
    for (slots, seconds, severity) in [(0, 5, None), (5, 0, None), (1, 1, Some(Severity::Critical))] {
        let mut world = severe();
        world.vault.amount /= 2;
        assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
        world.tick(slots, seconds);
        assert_eq!(world.look().map(|trip| trip.severity), severity, "after {slots} slots, {seconds} s");
    }
    // once: the memory of the drain does not latch anew
    let mut world = severe();
    world.vault.amount /= 2;
    let looks = [(); 4].map(|()| {
        world.wait(2);
        world.look().map(|trip| trip.severity)
    });
    assert_eq!(looks, [Some(Severity::Major), Some(Severity::Critical), None, None]);
}

#[test]
fn an_old_observation_is_no_first_look_at_a_new_incident() {
    let mut world = severe();
    world.vault.amount -= VAULT / 20;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
    world.wait(7 * DAY);
    world.vault.amount -= VAULT / 20;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
}

#[test]
fn a_dust_deposit_after_the_drain_does_not_spend_the_second_look() {
    let mut world = severe();
    world.vault.amount /= 2;
    world.deposit(1);
    assert_eq!(world.trip.map(|trip| trip.severity), Some(Severity::Major));
    world.wait(1);
    assert_eq!(world.look(), None);
    world.wait(2);
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Critical));
}

#[test]
fn a_look_at_what_is_forgotten_is_no_first_look_at_what_comes() {
    let mut world = severe();
    world.vault.amount -= VAULT * 3 / 100;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
    world.wait(3_000);
    assert_eq!(world.look(), None, "less than the hard threshold is remembered by now");
    world.vault.amount -= VAULT / 1_000;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
}

#[test]
fn a_soft_flow_that_is_major_is_no_look_at_a_hard_one() {
    let mut settings = LimiterSettings::starting(50_000, 100);
    (settings.soft_severity, settings.hard_severity) = (Severity::Major as u32, Severity::Critical as u32);
    let mut world = World::with(VAULT, settings);
    world.vault.amount -= VAULT * 2 / 100;
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Major));
    world.wait(2);
    world.vault.amount -= VAULT * 2 / 100;
    assert_eq!(
        world.look().map(|trip| trip.severity),
        Some(Severity::Major),
        "hard is seen for the first time"
    );
    world.wait(2);
    assert_eq!(world.look().map(|trip| trip.severity), Some(Severity::Critical));
}
