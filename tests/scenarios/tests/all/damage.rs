//! Accounts as no transaction leaves them, changed by hand: each is refused by the name of the rule, and nothing
//! is paid.

use bytemuck::{Pod, bytes_of};
use firebreak_client::{Limiter, Market, account::Kind};
use firebreak_interface::{
    BreakerError::*,
    Direction, Operation, Severity,
    state::{Invariant, Journal, PriceBand, Safe},
};
use firebreak_scenarios::{Balanced, Banded, FUNDS, World, holding::GROSS};
use solana_pubkey::Pubkey;

/// Changes an account of the breaker by hand.
fn damage<T: Kind + Pod>(world: &mut World, address: &Pubkey, change: impl FnOnce(&mut T)) {
    let mut state: T = world.vm.read(address);
    change(&mut state);
    world.vm.edit(address, |account| account.data[8..].copy_from_slice(bytes_of(&state)));
}

/// A world whose limiter, touched at this very moment, was changed by hand.
fn damaged(change: impl FnOnce(&mut Limiter)) -> World {
    let mut world = World::default();
    world.deposit(1_000).succeeds();
    let limiter = world.us.limiter;
    damage(&mut world, &limiter, change);
    world
}

#[test]
pub(crate) fn a_severity_that_is_none() {
    let mut world = damaged(|limiter| {
        (limiter.pending.count, limiter.pending.after) = (1, 9);
    });
    world.poke().fails_with(UnknownSeverity);
}

#[test]
pub(crate) fn a_balance_beyond_64_bits() {
    let mut world = damaged(|limiter| limiter.elastic = u64::MAX);
    world.deposit(1_000).fails_with(BalanceOverflow);
}

#[test]
pub(crate) fn a_safe_that_owes_more_than_64_bits() {
    let mut world = World::holding(1, |_| {});
    let safe = world.safe_key();
    damage(&mut world, &safe, |safe: &mut Safe| safe.owed = u64::MAX);
    world.withdraw_or_wait(GROSS, 0).fails_with(SafeOverflow);
    assert_eq!((world.vault(), world.in_safe()), (FUNDS, 0));
}

#[test]
pub(crate) fn a_capacity_beyond_64_bits() {
    let mut world = damaged(|limiter| limiter.net[0].carry = u64::MAX);
    world.vm.advance(1);
    world.withdraw(1).fails_with(CapacityOverflow);
    assert_eq!(world.vault(), FUNDS + 1_000);
}

#[test]
pub(crate) fn an_undeclared_flow_beyond_64_bits() {
    let mut world = damaged(|limiter| {
        limiter.settings.undeclared_hard_bps = u32::MAX;
        (limiter.expected, limiter.average, limiter.followed) = (u64::MAX, u64::MAX, u64::MAX);
    });
    world.poke().fails_with(UndeclaredOverflow);
}

#[test]
pub(crate) fn an_average_beyond_64_bits() {
    // the average is still on its way to what it follows, by steps whose remainders it carries
    let mut world = damaged(|limiter| (limiter.average, limiter.average_carry) = (FUNDS - 7, u64::MAX));
    world.vm.advance(100);
    world.record(Direction::Out, Operation::WITHDRAW, 1).fails_with(BaseOverflow);
}

#[test]
pub(crate) fn a_market_that_closes_exits_under_minor() {
    let mut world = World::default();
    let market = world.us.market;
    damage::<Market>(&mut world, &market, |market| market.responses[0].closed = u64::MAX);
    world.raise(0, 600).fails_with(MarketInvariant);
}

#[test]
pub(crate) fn a_limiter_that_carries_more_than_a_window() {
    let mut world = damaged(|limiter| limiter.undeclared_carry = u64::MAX);
    world.withdraw(1).fails_with(LimiterInvariant);
    assert_eq!(world.vault(), FUNDS + 1_000);
}

#[test]
pub(crate) fn a_journal_that_is_full_for_ever() {
    let mut world = World::default();
    let journal = world.us.program.addresses.journal;
    damage::<Journal>(&mut world, &journal, |journal| journal.count = u64::MAX);
    let order = world.order(1_800);
    world.pause(0, &order).fails_with(JournalInvariant);
}

#[test]
pub(crate) fn a_band_whose_reference_is_gone() {
    let mut banded = Banded::default();
    let band = banded.band;
    damage::<PriceBand>(&mut banded.world, &band, |band| band.reference = 0);
    banded.observe().fails_with(BandInvariant);
    banded.poke().fails_with(BandInvariant);
}

#[test]
pub(crate) fn an_invariant_whose_terms_count_for_nothing() {
    let mut balanced = Balanced::default();
    let invariant = balanced.invariant;
    damage::<Invariant>(&mut balanced.world, &invariant, |invariant| invariant.terms[0].coefficient = 0);
    balanced.poke().fails_with(InvariantDamaged);
    assert_eq!(balanced.world.severity(), Severity::Normal);
}
