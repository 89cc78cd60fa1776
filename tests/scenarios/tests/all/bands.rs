//! The price band: a price against a slow reference and a second feed; what cannot be used tightens.

use firebreak_client::Refusal;
use firebreak_interface::{
    BreakerError::*,
    Operation, Severity,
    oracle::PYTH_RECEIVER,
    state::{Act, Feed},
};
use firebreak_probe::Guard;
use firebreak_scenarios::{
    Banded,
    banded::{FIRST, HUNDRED, SECOND},
    token,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn a_crash_is_latched_by_anyone_and_critical_takes_a_second_look() {
    let mut banded = Banded::default();
    banded.poke().fails_with(NothingToLatch);
    banded.poke_at(HUNDRED / 2).succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
    let last = *banded.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.threshold), (Act::PriceBreach, 5_000, 2_000));
    assert_eq!((last.actor, last.subject), (banded.band, banded.world.us.market));
    banded.poke().fails_with(NothingToLatch);
    banded.world.vm.advance(1);
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Critical);
    assert!(banded.world.verify_journal(&banded.world.told()).expect("sound").is_whole());
    banded.world.gate(Operation::WITHDRAW).fails_with(firebreak_interface::GateError::Closed);
    banded.world.gate(Operation::REPAY).succeeds();
}

/// Case 16: a band crashed for one slot is no Critical, and the reference is not carried off.
#[test]
fn a_band_crashed_for_one_slot_is_no_critical() {
    let mut banded = Banded::default();
    let reference = banded.state().reference;
    banded.post(HUNDRED / 2);
    banded.observe().succeeds();
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
    banded.world.vm.advance(1);
    banded.post(HUNDRED);
    banded.poke().fails_with(NothingToLatch);
    banded.observe().succeeds();
    let moved = reference - banded.state().reference;
    assert!(moved < reference / 100_000, "{moved} of {reference}");
    // he crashes it once more: it was seen to be over, so this is a first look again
    banded.world.vm.advance(400);
    banded.poke_at(HUNDRED / 2).succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
}

#[test]
fn a_first_look_counts_where_major_is_latched_already() {
    let mut banded = Banded::default();
    banded.poke_at(HUNDRED / 100 * 89).succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
    banded.world.vm.advance(1);
    banded.poke_at(HUNDRED / 2).succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
    banded.world.vm.advance(1);
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Critical);
}

/// A Major that is cheap to bring about does not keep another one's evidence out of the journal.
#[test]
fn what_another_source_holds_hides_no_band_from_the_journal() {
    let mut banded = Banded::default();
    let order = banded.world.order(1_800);
    banded.world.pause(0, &order).succeeds();
    assert_eq!(banded.world.severity(), Severity::Major);
    banded.poke_at(HUNDRED / 2).succeeds();
    let last = *banded.world.told().last().expect("an entry");
    assert_eq!((last.act, last.before, last.after), (Act::PriceBreach, Severity::Major, Severity::Major));
    assert_eq!(last.actor, banded.band);
    let told = banded.world.told().len();
    banded.poke().fails_with(NothingToLatch);
    assert_eq!(banded.world.told().len(), told, "once");
}

#[test]
fn a_drift_trips_as_a_jump_does() {
    let mut banded = Banded::default();
    for drift in 1..=50 {
        banded.world.vm.advance(60);
        banded.post(HUNDRED - HUNDRED / 100 * drift);
        banded.observe().succeeds();
    }
    banded.poke().succeeds();
    banded.world.vm.advance(1);
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Critical);
}

#[test]
fn feeds_that_disagree_are_latched_and_one_that_is_gone_tightens() {
    let mut banded = Banded::armed(SECOND);
    banded.poke_at(HUNDRED / 100 * 103).succeeds();
    let last = *banded.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.after), (Act::PriceBreach, 300, Severity::Minor));
    let mut banded = Banded::armed(SECOND);
    banded.world.vm.edit(&SECOND.account, |account| account.owner = Pubkey::default());
    banded.poke().succeeds();
    assert_eq!(banded.world.told().last().map(|entry| entry.act), Some(Act::PriceUnusable));
    assert_eq!(banded.world.severity(), Severity::Minor);
}

#[test]
fn a_stale_price_tightens_by_either_clock_and_is_never_critical() {
    for (slots, seconds) in [(0, 61), (301, 0)] {
        let mut banded = Banded::default();
        // the last price before the oracle fell silent was a crash
        banded.post(HUNDRED / 2);
        banded.world.vm.advance_slots(slots);
        banded.world.vm.advance_unix(seconds);
        banded.poke().succeeds();
        assert_eq!(banded.world.severity(), Severity::Minor);
        assert_eq!(banded.world.told().last().map(|entry| entry.act), Some(Act::PriceUnusable));
        banded.world.vm.advance(1);
        banded.poke().fails_with(NothingToLatch);
    }
}

#[test]
fn an_attacker_who_widens_or_fakes_a_price_only_tightens() {
    type Change = fn(&mut firebreak_interface::oracle::PriceUpdate);
    let changes: [Change; 4] = [
        |update| update.conf = HUNDRED as u64 / 10,
        |update| update.partial = Some(1),
        |update| update.price = -HUNDRED,
        |update| update.publish_time += 1_000,
    ];
    for change in changes {
        let mut banded = Banded::default();
        let mut update = banded.price(&FIRST, HUNDRED / 2);
        change(&mut update);
        banded.put(&FIRST, &update);
        banded.poke().succeeds();
        banded.world.vm.advance(1);
        banded.poke().fails_with(NothingToLatch);
        assert_eq!(banded.world.severity(), Severity::Minor);
    }
}

#[test]
fn nobody_observed_for_so_long_cautions_and_the_band_learns_again() {
    let mut banded = Banded::default();
    banded.world.vm.advance(601);
    banded.poke_at(HUNDRED / 2).succeeds();
    assert_eq!(banded.world.severity(), Severity::Minor);
    banded.observe().succeeds();
    banded.world.vm.advance(1_000);
    banded.post(HUNDRED / 2);
    let state = banded.state();
    assert_eq!((state.reference, state.learned), (state.seen, 0));
}

#[test]
fn a_band_in_shadow_is_told_of_hourly_and_latches_nothing() {
    let mut banded = Banded::shadow(Feed::default());
    banded.poke().fails_with(NothingToLatch);
    banded.poke_at(HUNDRED / 2).succeeds();
    let last = *banded.world.told().last().expect("an entry");
    // a band that has not learned yet would caution
    assert_eq!((last.act, last.value, last.threshold, last.count), (Act::ShadowTrip, 5_000, 2_000, 1));
    assert_eq!((last.actor, last.subject), (banded.band, banded.world.us.market));
    assert_eq!((last.before, last.after), (Severity::Normal, Severity::Normal));
    // a spammer observes and pokes as often as he likes
    for _ in 0..3 {
        banded.observe().succeeds();
        banded.poke().fails_with(NothingToLatch);
    }
    banded.world.vm.advance(3_599);
    banded.poke_at(HUNDRED / 2).fails_with(NothingToLatch);
    banded.world.vm.advance(1);
    banded.poke_at(HUNDRED / 2).succeeds();
    let last = *banded.world.told().last().expect("an entry");
    assert_eq!((last.act, last.count), (Act::ShadowTrip, 4), "three were observed, one was poked");
    assert_eq!(banded.world.severity(), Severity::Normal);
    banded.world.gate(Operation::WITHDRAW).succeeds();
    banded.arm().succeeds();
    let last = *banded.world.told().last().expect("an entry");
    assert_eq!((last.act, last.value, last.subject), (Act::BandArmed, 5, banded.band));
    assert!(banded.world.verify_journal(&banded.world.told()).expect("sound").is_whole());
    banded.arm().fails_with(AlreadyArmed);
    // and what has not learned yet cautions
    banded.poke().succeeds();
    assert_eq!(banded.world.severity(), Severity::Minor);
}

#[test]
fn a_band_armed_less_than_a_loosening_delay_ago_acts_at_most_as_major() {
    let mut banded = Banded::shadow(Feed::default());
    for _ in 0..6 {
        banded.world.vm.advance(600);
        banded.post(HUNDRED);
        banded.observe().succeeds();
    }
    banded.world.vm.advance(60);
    banded.post(HUNDRED);
    banded.observe().succeeds();
    banded.arm().succeeds();
    banded.poke_at(HUNDRED / 2).succeeds();
    banded.world.vm.advance(1);
    banded.poke().fails_with(NothingToLatch);
    assert_eq!(banded.world.severity(), Severity::Major);
}

#[test]
fn a_poke_comes_with_the_oracles_poster_and_with_nobody_who_moves_money() {
    let mut banded = Banded::default();
    banded.post(HUNDRED / 2);
    let (poke, post, observe) = (banded.pokes(), banded.posts(), banded.observes());
    let world = &mut banded.world;
    let transfer = token::transfer(&world.purse, &world.us.vault, &world.alice.pubkey(), 1);
    world.send(&[transfer.clone(), poke.clone()]).fails_with(WrongCompany);
    world.send(&[poke.clone(), transfer]).fails_with(WrongCompany);
    world.perform(&[(Guard::Always, poke.clone())]).fails_with(NotTopLevel);
    world.perform(&[(Guard::Always, observe.clone())]).fails_with(NotTopLevel);
    // the limiter's poke keeps its own company: no price is anything to it
    let limiters = world.us.poke(&world.vm);
    world.send(&[post.clone(), limiters]).fails_with(WrongCompany);
    world.send(&[post, observe, poke]).succeeds();
    assert_eq!(world.severity(), Severity::Major);
}

#[test]
pub(crate) fn no_other_account_stands_for_a_feed() {
    let mut banded = Banded::armed(SECOND);
    let other = Feed { account: Pubkey::new_from_array([23; 32]), ..FIRST };
    let crash = banded.price(&FIRST, HUNDRED / 2);
    banded.put(&other, &crash);
    let swapped = |good: &Instruction, from: Pubkey, to: Pubkey| {
        let mut bad = good.clone();
        for account in bad.accounts.iter_mut().filter(|account| account.pubkey == from) {
            account.pubkey = to;
        }
        bad
    };
    for good in [banded.pokes(), banded.observes()] {
        for (from, to) in [
            (FIRST.account, other.account),
            (SECOND.account, other.account),
            (FIRST.account, SECOND.account),
            (SECOND.account, firebreak_interface::ID),
        ] {
            banded.world.send(&[swapped(&good, from, to)]).fails_with(WrongPriceAccount);
        }
    }
    let mut alone = Banded::default();
    let mut poke = alone.pokes();
    poke.accounts[4].pubkey = SECOND.account;
    alone.world.send(&[poke]).fails_with(WrongPriceAccount);
}

#[test]
pub(crate) fn what_is_no_price_of_the_feed_is_neither_registered_nor_observed() {
    type Change = fn(&mut solana_account::Account);
    let changes: [Change; 4] = [
        |account| account.owner = Pubkey::new_from_array([9; 32]),
        |account| account.data[0] ^= 1,
        |account| account.data[41] ^= 1,
        |account| account.data[40] = 0,
    ];
    for change in changes {
        let mut banded = Banded::default();
        banded.world.vm.edit(&FIRST.account, change);
        banded.observe().fails_with(PriceUnreadable);
        let mut banded = Banded::unregistered(SECOND);
        banded.world.vm.edit(&SECOND.account, change);
        banded.register().fails_with(PriceUnreadable);
    }
}

#[test]
pub(crate) fn a_band_begins_with_prices_that_can_be_used() {
    for feed in [FIRST, SECOND] {
        let mut banded = Banded::unregistered(SECOND);
        let mut update = banded.price(&feed, HUNDRED);
        update.publish_time -= 61;
        banded.put(&feed, &update);
        banded.register().fails_with(PriceUnusable);
    }
}

#[test]
pub(crate) fn a_bands_settings_have_bounds() {
    let mut banded = Banded::unregistered(SECOND);
    banded.settings.deviation_bps = [500, 500, 1_000];
    banded.register().fails_with(BandSettingOutOfBounds);
    let mut banded = Banded::unregistered(SECOND);
    banded.settings.second.id = FIRST.id;
    banded.register().fails_with(PriceUnreadable);
    let update = banded.price(&Feed { id: FIRST.id, ..SECOND }, HUNDRED);
    banded.put(&SECOND, &update);
    banded.register().fails_with(SameFeedTwice);
    let mut banded = Banded::unregistered(SECOND);
    banded.settings.stale_severity = Severity::Critical as u32;
    banded.register().fails_with(UnusableIsNeverCritical);
}

#[test]
fn a_band_is_registered_by_the_authority_before_the_first_limiter_is_armed() {
    let mut banded = Banded::unregistered(SECOND);
    let alice = banded.world.alice.insecure_clone();
    let mut register = banded.registers();
    (register.accounts[0].pubkey, register.accounts[1].pubkey) = (alice.pubkey(), alice.pubkey());
    banded.world.send(&[register]).fails_with(NotTheAuthority);
    let arm = banded.world.us.arm(&banded.world.vm, banded.world.us.vault);
    banded.world.vm.send(&[arm], &[&banded.world.us.authority]).succeeds();
    banded.register().fails_with(RegistrationClosed);
}

#[test]
fn a_neighbours_band_proves_nothing_about_us() {
    let mut banded = Banded::default();
    banded.post(HUNDRED / 2);
    let neighbour = banded.world.neighbour();
    let second = banded.world.us.program.addresses.market(0);
    assert_eq!(second, banded.world.us.market);
    for (place, swap, error) in [(0, neighbour.protocol, WrongProtocol), (1, neighbour.market, WrongProtocol)]
    {
        let mut poke = banded.pokes();
        poke.accounts[place].pubkey = swap;
        banded.world.send(&[poke]).fails_with(error);
    }
    let mut poke = banded.pokes();
    poke.accounts[5].pubkey = FIRST.account;
    banded.world.send(&[poke]).fails_with(WrongCompany);
    let mut arm = banded.arms();
    arm.accounts[2].pubkey = neighbour.protocol;
    banded.world.vm.send(&[arm], &[&banded.world.us.authority]).fails_with(NotTheAuthority);
    let look_alike = banded.world.vm.key().pubkey();
    let real = banded.world.vm.account(&banded.band).expect("a band");
    banded.world.vm.put(look_alike, solana_account::Account { owner: PYTH_RECEIVER, ..real });
    let mut observe = banded.observes();
    observe.accounts[0].pubkey = look_alike;
    banded.world.send(&[observe]).fails_with(Refusal::Anchor(3007));
}
