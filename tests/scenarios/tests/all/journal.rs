//! The journal: what is written cannot be kept out, and what finds no room blocks nothing.

use firebreak_client::journal::Broken;
use firebreak_interface::{
    BreakerError::*,
    GateError, Operation,
    constants::SEGMENT_ENTRIES,
    instruction::{self, RaiseOrder},
    pda,
    state::{Act, Journal, Layout},
};
use firebreak_scenarios::{FUNDS, Setup, World};
use solana_signer::Signer;

const RAISE: RaiseOrder = RaiseOrder { closed: 0, seconds: 600, reason: 42 };

/// A world whose first segment is full, before anything is armed.
fn full() -> World {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    let market = Setup::default().market;
    let mut id = 1;
    while world.journal().room > 0 {
        world.us.register_market(&mut world.vm, id, &market);
        id += 1;
    }
    world
}

#[test]
fn a_full_segment_blocks_nothing_and_the_next_continues() {
    let mut world = full();
    // the protocol's own creation came before there was a segment
    assert_eq!(world.journal().count, SEGMENT_ENTRIES as u64 + 1);
    let arm = world.us.arm(&world.vm, world.us.vault);
    world.vm.send(&[arm], &[&world.us.authority]).succeeds();
    let order = world.order(1_800);
    world.pause(0, &order).succeeds();
    world.drain(FUNDS / 20).succeeds();
    world.poke().succeeds();
    let journal = world.journal();
    assert_eq!((journal.room, journal.in_events_only), (0, 4));
    assert_eq!(world.told().last().map(|entry| entry.act), Some(Act::UndeclaredFlow));

    world.us.extend_journal(&mut world.vm);
    world.raise(0, 600).succeeds();
    let journal = world.journal();
    assert_eq!((journal.segments, journal.room), (2, SEGMENT_ENTRIES as u64 - 1));

    // with the events everything is proven; without them the walk names the gaps
    let whole = world.verify_journal(&world.told()).expect("sound");
    assert!(whole.is_whole());
    assert_eq!(whole.entries, world.told());
    let gaps = world.verify_journal(&[]).expect("sound as far as it goes");
    assert_eq!(gaps.in_events_only, [0..1, 65..68]);
    assert!(!gaps.is_whole());
}

#[test]
pub(crate) fn a_segment_with_room_cannot_be_left_out() {
    let mut world = World::default();
    let keeper = world.us.keepers[0].insecure_clone();
    let raise = instruction::raise(keeper.pubkey(), world.us.protocol, world.us.market, &RAISE, None);
    world.vm.send(&[raise], &[&keeper]).fails_with(WrongSegment);
    world.raise(0, 600).succeeds();
}

#[test]
pub(crate) fn an_old_segment_takes_nothing() {
    let mut world = full();
    world.us.extend_journal(&mut world.vm);
    let keeper = world.us.keepers[0].insecure_clone();
    let raise = instruction::raise(keeper.pubkey(), world.us.protocol, world.us.market, &RAISE, Some(0));
    world.vm.send(&[raise], &[&keeper]).fails_with(WrongSegment);
}

#[test]
fn a_pause_signed_before_the_last_segment_was_made_still_holds() {
    let mut world = full();
    world.us.extend_journal(&mut world.vm);
    let guardian = world.us.guardians[0].insecure_clone();
    let order = world.order(1_800);
    let before = world.journal();
    let pause =
        instruction::pause(guardian.pubkey(), world.us.protocol, Some(world.us.market), &order, Some(0));
    world.vm.send(&[pause], &[&guardian]).succeeds();
    world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
    // its entry lives in the event; the segment takes the next
    let after = world.journal();
    assert_eq!((after.count, after.room), (before.count + 1, before.room));
    world.verify_journal(&world.told()).expect("sound");
}

#[test]
fn a_segment_made_ahead_takes_the_next_incident_at_once() {
    let mut world = World::with(|setup| (setup.armed, setup.seasoned) = (false, false));
    world.us.extend_journal(&mut world.vm);
    assert_eq!(world.journal().current, 0, "the first is filled first");
    let market = Setup::default().market;
    for id in 1..=world.journal().room {
        world.us.register_market(&mut world.vm, id, &market);
    }
    assert_eq!((world.journal().current, world.journal().room), (1, SEGMENT_ENTRIES as u64));
    world.raise(0, 600).succeeds();
    assert_eq!(world.journal().room, SEGMENT_ENTRIES as u64 - 1);
    // the protocol's own creation came before there was a segment
    assert_eq!(world.journal().in_events_only, 1);
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
}

#[test]
pub(crate) fn nobody_makes_a_segment_that_is_not_needed() {
    let mut world = World::default();
    let key = world.attacker.insecure_clone();
    for number in [1, 2] {
        let extend = instruction::extend_journal(key.pubkey(), world.us.protocol, number);
        world.vm.send(&[extend], &[&key]).succeeds();
    }
    let extend = instruction::extend_journal(key.pubkey(), world.us.protocol, 3);
    world.vm.send(&[extend], &[&key]).fails_with(SegmentNotNeeded);
    // nor skips one, nor makes one again
    let mut world = full();
    let key = world.attacker.insecure_clone();
    for number in [0, 2] {
        let extend = instruction::extend_journal(key.pubkey(), world.us.protocol, number);
        world.vm.send(&[extend], &[&key]).fails_with(firebreak_client::Refusal::Anchor(2006));
    }
    let extend = instruction::extend_journal(key.pubkey(), world.us.protocol, 1);
    world.vm.send(&[extend], &[&key]).succeeds();
}

#[test]
pub(crate) fn no_act_is_written_into_anothers_history() {
    let mut world = World::default();
    let neighbour = world.neighbour();
    let guardian = world.us.guardians[0].insecure_clone();
    let order = world.order(1_800);
    let mut pause = world.us.pause(&world.vm, &guardian, Some(world.us.market), &order);
    let journal = pda::journal(&world.us.protocol).0;
    let place = pause.accounts.iter().position(|a| a.pubkey == journal).expect("the journal is there");
    pause.accounts[place].pubkey = pda::journal(&neighbour.protocol).0;
    world.vm.send(&[pause], &[&guardian]).fails_with(WrongJournal);
    // their segment under our journal
    let keeper = world.us.keepers[0].insecure_clone();
    let mut raise = world.us.raise(&world.vm, &keeper, &RAISE);
    let place = raise.accounts.iter().position(|a| a.pubkey == journal).expect("the journal is there");
    raise.accounts[place + 1].pubkey = pda::segment(&neighbour.protocol, 0).0;
    world.vm.send(&[raise], &[&keeper]).fails_with(WrongSegment);
}

#[test]
fn whoever_changes_a_byte_is_found_out() {
    let world = World::default();
    let segment = world.us.program.addresses.segment(0);
    let size = world.vm.account(&segment).expect("the segment").data.len();
    let first = size - SEGMENT_ENTRIES * 152;
    // each field of the first entry, and one of the last
    for place in [0, 8, 24, 60, 88, 89, 91, 99, 107, 4 * 152 + 30] {
        let mut world = World::default();
        world.vm.edit(&segment, |account| account.data[first + place] ^= 1);
        let found = world.verify_journal(&world.told());
        assert!(found.is_err(), "byte {place} of the entries: {found:?}");
    }
    let mut world = World::default();
    world.vm.edit(&pda::journal(&world.us.protocol).0, |account| {
        account.data[8 + std::mem::offset_of!(Journal, head)] ^= 1;
    });
    assert!(matches!(world.verify_journal(&world.told()), Err(Broken::Chain { .. })));
    assert_eq!(Journal::SPACE, 208);
}

#[test]
fn a_trip_waits_for_the_next_call_that_brings_the_journal() {
    let mut world = World::default();
    world.withdraw(FUNDS / 10 / 10 * 7).succeeds();
    world.withdraw(FUNDS / 2).succeeds();
    let before = world.journal().count;
    world.poke().succeeds();
    assert_eq!(world.journal().count, before + 1, "first and worst in one entry");
    let last = *world.told().last().expect("an entry");
    assert_eq!((last.act, last.count), (Act::HardBreach, 2));
}
