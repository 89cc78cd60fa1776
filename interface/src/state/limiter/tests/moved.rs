//! Money that moves to a safe and back: no flow, and nothing that is missing.

use super::{super::*, world::*};

impl World {
    /// So much goes to the safe.
    fn saves(&mut self, amount: u64) -> Option<Trip> {
        let trip = self.limiter.moved_out(amount, &self.vault, self.now).expect("it can be measured");
        self.vault.amount -= amount;
        trip
    }

    /// So much comes back.
    fn gives_back(&mut self, amount: u64) -> Option<Trip> {
        let trip = self.limiter.moved_in(amount, &self.vault, self.now).expect("it can be measured");
        self.vault.amount += amount;
        trip
    }
}

#[test]
fn what_is_in_safety_is_missing_to_nobody_and_counts_against_no_limit() {
    let mut world = World::seasoned();
    let capacity = world.capacity();
    assert_eq!(world.saves(VAULT / 2), None);
    assert_eq!((world.limiter.expected, world.limiter.undeclared), (VAULT / 2, 0));
    assert_eq!((world.limiter.gross, world.limiter.net[0].used), ([0; 13], 0));
    assert_eq!((world.look(), world.severity()), (None, Severity::Normal));
    // half of it is left, and so is half of the limit
    assert_eq!(world.capacity(), capacity / 2);
    assert_eq!(world.saves(VAULT / 2), None);
    world.wait(2 * DAY);
    assert_eq!((world.look(), world.limiter.undeclared), (None, 0));
    assert_eq!(world.gives_back(VAULT), None);
    assert_eq!((world.look(), world.limiter.undeclared), (None, 0));
}

#[test]
fn a_thief_hides_no_drain_behind_a_migration() {
    let mut world = World::seasoned();
    world.vault.amount -= VAULT / 10;
    let trip = world.saves(VAULT * 9 / 10).expect("a tenth is missing");
    assert_eq!((trip.rule, trip.value), (Rule::Undeclared, VAULT / 10));
    let mut world = World::seasoned();
    assert_eq!(world.saves(VAULT), None);
    assert_eq!(world.gives_back(VAULT / 2), None);
    world.vault.amount -= VAULT / 10;
    let trip = world.gives_back(VAULT / 2).expect("it is missing before the next step comes");
    assert_eq!((trip.rule, trip.value), (Rule::Undeclared, VAULT / 10));
}

#[test]
fn what_comes_back_is_no_inflow() {
    let mut world = World::seasoned();
    assert_eq!(world.saves(VAULT), None);
    world.wait(2 * DAY);
    assert_eq!(world.gives_back(VAULT), None);
    assert_eq!((world.limiter.expected, world.limiter.elastic), (VAULT, 0));
    // a base that has to be seen again: limits grow with it over a day
    assert_eq!(world.capacity(), 0);
    // who records it as a deposit says that something came which did not
    world.vault.amount = VAULT;
    assert_eq!(world.record(Direction::In, VAULT), Ok(Verdict::Allow));
    assert_eq!(world.trip.map(|trip| trip.rule), Some(Rule::Undeclared));
}

#[test]
fn the_base_follows_what_moved() {
    let mut world = World::seasoned();
    assert_eq!(world.saves(VAULT), None);
    world.wait(2 * DAY);
    assert_eq!(world.gives_back(VAULT / 2), None);
    assert_eq!(world.limiter.average, 0);
    world.wait(2 * DAY);
    assert_eq!(world.look(), None);
    assert_eq!(world.limiter.average, VAULT / 2);
}

#[test]
fn what_came_in_and_went_to_safety_cannot_leave_once_more() {
    let mut world = World::seasoned();
    world.deposit(50_000);
    assert_eq!(world.limiter.elastic, 50_000);
    assert_eq!(world.saves(20_000), None);
    assert_eq!((world.limiter.expected, world.limiter.elastic), (VAULT + 30_000, 30_000));
    assert_eq!(world.saves(VAULT), None);
    assert_eq!((world.limiter.expected, world.limiter.elastic), (30_000, 0));
}

/// Borrowed in a flash, deposited and withdrawn again beyond the gross limit: that waits in the safe, and lets nothing else of
/// the vault out beside it.
#[test]
fn a_loan_that_waits_in_a_safe_buys_nobody_else_a_way_out() {
    let mut world = World::seasoned();
    (world.limiter.holds, world.limiter.settings.gross_bps) = (1, 500);
    world.deposit(VAULT);
    assert_eq!(world.record(Direction::OutOrHold, VAULT), Ok(Verdict::Hold));
    world.limiter.take_answer(VAULT, world.now).expect("it was answered");
    assert_eq!(world.saves(VAULT), None);
    world.limiter.settings.gross_bps = GROSS_MAX_BPS;
    assert_eq!(world.unlatched().record(Direction::Out, MAIN + 1), Ok(Verdict::Deny));
}

#[test]
fn a_gift_goes_to_safety_with_the_rest() {
    let mut world = World::seasoned();
    world.vault.amount += 5_000;
    assert_eq!(world.saves(VAULT + 5_000), None);
    assert_eq!((world.limiter.expected, world.vault.amount), (0, 0));
    assert_eq!(world.gives_back(u64::MAX), None);
    let result = world.limiter.moved_in(1, &world.vault, world.now);
    assert_eq!(result, Err(BreakerError::BalanceOverflow));
}

#[test]
fn what_was_answered_hold_goes_to_the_safe_once_and_in_its_slot() {
    let mut world = World::seasoned();
    world.limiter.holds = 2;
    let nothing = Err(BreakerError::NothingToHold);
    assert_eq!(world.limiter.take_answer(1, world.now), nothing, "nobody asked");
    for amount in [MAIN + 1, MAIN + 2] {
        assert_eq!(world.unlatched().record(Direction::OutOrHold, amount), Ok(Verdict::Hold));
    }
    assert_eq!(world.limiter.take_answer(0, world.now), Err(BreakerError::ZeroFlow));
    assert_eq!(world.limiter.take_answer(2 * MAIN + 4, world.now), nothing);
    assert_eq!(world.limiter.take_answer(MAIN + 2, world.now), Ok(()));
    assert_eq!(world.limiter.take_answer(MAIN + 2, world.now), nothing);
    let answered = world.limiter;
    world.tick(1, 0);
    assert_eq!(world.limiter.take_answer(MAIN + 1, world.now), nothing, "of an earlier slot");
    assert_eq!({ answered }.take_answer(MAIN + 1, Instant::new(world.now.slot - 1, world.now.unix)), Ok(()));
    // nor is it there again beside what is answered in another one
    world.limiter = answered;
    assert_eq!(world.unlatched().record(Direction::OutOrHold, MAIN + 7), Ok(Verdict::Hold));
    assert_eq!(world.limiter.take_answer(MAIN + 8, world.now), nothing);
    assert_eq!(world.limiter.take_answer(MAIN + 7, world.now), Ok(()));
}

#[test]
fn what_was_not_answered_hold_does_not_go_to_the_safe() {
    let mut world = World::seasoned();
    let nothing = Err(BreakerError::NothingToHold);
    assert_eq!(world.record(Direction::OutOrHold, 1), Ok(Verdict::Allow));
    assert_eq!(world.limiter.take_answer(1, world.now), nothing);
    assert_eq!(world.record(Direction::OutOrHold, MAIN + 1), Ok(Verdict::Deny));
    assert_eq!(world.limiter.take_answer(1, world.now), nothing);
    // who cannot hold it must not pay it
    world.limiter.holds = 2;
    assert_eq!(world.unlatched().record(Direction::Out, MAIN + 1), Ok(Verdict::Deny));
    assert_eq!(world.limiter.take_answer(1, world.now), nothing);
}
