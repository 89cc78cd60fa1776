//! The journal: what is written cannot be kept out, and what finds no room blocks nothing.

use firebreak_client::{
    AccountError, Refusal,
    journal::{Broken, Disproved},
    told::{all_told, follow, told},
};
use firebreak_interface::{
    BreakerError::*,
    Direction, GateError, ID, Operation,
    constants::{HOUR, SEGMENT_ENTRIES},
    instruction::{self, RaiseOrder},
    pda,
    state::{Act, Journal, JournalSegment, Layout},
};
use firebreak_scenarios::{Banded, FUNDS, Outcome, Setup, World, banded::HUNDRED, world::PROGRAM};
use solana_instruction::{AccountMeta, Instruction, error::InstructionError};
use solana_signer::Signer;
use solana_system_interface::instruction as system;

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
    // and so does the chain followed by the transactions alone
    let told = world.vm.told(&world.us.protocol);
    let in_events_only: Vec<u64> =
        told.iter().filter(|told| !told.in_segment).map(|told| told.entry.number).collect();
    assert_eq!(in_events_only, [0, 65, 66, 67]);
    assert!(follow(&world.journal(), &told).expect("sound").is_whole());
    let without: Vec<_> = told.into_iter().filter(|told| told.entry.number != 66).collect();
    let followed = follow(&world.journal(), &without).expect("sound as far as it goes");
    // the one behind the gap has nothing to be compared with
    let gap = 66..67;
    assert_eq!((followed.missing.as_slice(), followed.proven), ([gap].as_slice(), 1));
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
        world.vm.send(&[extend], &[&key]).fails_with(Refusal::Anchor(2006));
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
    assert!(matches!(world.verify_journal(&world.told()), Err(Disproved::Broken(Broken::Chain { .. }))));
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

/// An instruction of our program that makes this call and claims signatures that it cannot give.
fn claiming(world: &World, call: Instruction) -> Instruction {
    let mut perform = world.us.program.calls(call);
    for account in &mut perform.accounts {
        account.is_signer = account.pubkey == world.alice.pubkey();
    }
    perform
}

/// Sends it unsigned, then by a program that claims the signature.
fn unsigned(world: &mut World, instruction: &Instruction) -> [Outcome; 2] {
    let mut bare = instruction.clone();
    for account in &mut bare.accounts {
        account.is_signer = account.pubkey == world.alice.pubkey();
    }
    let claimed = claiming(world, instruction.clone());
    [bare, claimed].map(|instruction| world.send(&[instruction]))
}

/// Case 14: overwrite, close, truncate, revive.
#[test]
fn nobody_takes_assigns_or_shrinks_a_journals_accounts() {
    let mut world = World::default();
    let alice = world.alice.pubkey();
    let accounts = [world.us.program.addresses.journal, world.us.program.addresses.segment(0)];
    for key in accounts {
        let before = world.vm.account(&key);
        let lamports = before.as_ref().map_or(0, |account| account.lamports);
        for attempt in [
            system::transfer(&key, &alice, lamports),
            system::assign(&key, &PROGRAM),
            system::allocate(&key, 0),
            system::create_account(&alice, &key, 1, 0, &PROGRAM),
        ] {
            let [bare, claimed] = unsigned(&mut world, &attempt);
            assert!(bare.0.is_err(), "{attempt:?}");
            claimed.fails_as(&InstructionError::PrivilegeEscalation);
        }
        assert_eq!(world.vm.account(&key), before);
    }
    // nor does any instruction of the breaker let a rent-exempt account fall, or give it to be made again
    let key = world.us.authority.insecure_clone();
    let guardians = world.us.guardians.iter().map(Signer::pubkey).collect();
    let settings = firebreak_interface::state::ProtocolSettings::starting(key.pubkey(), guardians);
    let again = world.us.program.calls(instruction::create_protocol(key.pubkey(), PROGRAM, &settings));
    let before = accounts.map(|key| world.vm.account(&key));
    // System's: the account is in use
    world.vm.send(&[again], &[&key]).fails_as(&InstructionError::Custom(0));
    let first = instruction::extend_journal(key.pubkey(), world.us.protocol, 0);
    world.vm.send(&[first], &[&key]).fails_with(Refusal::Anchor(2006));
    assert_eq!(accounts.map(|key| world.vm.account(&key)), before);
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
}

#[test]
fn lamports_sent_ahead_keep_no_segment_from_being_made() {
    let mut world = full();
    let next = world.us.program.addresses.segment(1);
    let gift = system::transfer(&world.alice.pubkey(), &next, world.vm.rent(0));
    world.send(&[gift]).succeeds();
    world.us.extend_journal(&mut world.vm);
    assert_eq!(world.journal().room, SEGMENT_ENTRIES as u64);
}

/// Case 14: what a node that lies about the accounts can show.
#[test]
fn truncated_reordered_and_moved_accounts_are_named() {
    type Lie = fn(&mut Vec<u8>);
    let first = JournalSegment::SPACE - SEGMENT_ENTRIES * 152;
    assert_eq!(first, 144);
    let cut: Lie = |data| data.truncate(data.len() - 152);
    let fewer: Lie = |data| data[8 + std::mem::offset_of!(JournalSegment, count)] -= 1;
    let swap: Lie = |data| {
        let (one, two) = data[144..144 + 304].split_at_mut(152);
        one.swap_with_slice(two);
    };
    let shown = |lie: Lie| {
        let mut world = World::default();
        let segment = world.us.program.addresses.segment(0);
        world.vm.edit(&segment, |account| lie(&mut account.data));
        world.verify_journal(&world.told()).map(drop)
    };
    let (kind, expected) = ("journal segment", JournalSegment::SPACE);
    let key = World::default().us.program.addresses.segment(0);
    let source = AccountError::WrongLength { kind, expected, found: expected - 152 };
    assert_eq!(shown(cut), Err(Disproved::Account { key, source }));
    let missing = Broken::Missing { found: 2, counted: 1 };
    assert_eq!(shown(fewer), Err(missing.into()));
    assert_eq!(shown(swap), Err(Broken::Chain { from: 0, to: 2 }.into()));

    // another protocol's segment, bytes and all, where ours should be
    let mut world = World::default();
    let neighbour = world.neighbour();
    let theirs = world.vm.account(&pda::segment(&neighbour.protocol, 0).0).expect("their segment");
    world.vm.put(key, theirs);
    let protocol = neighbour.protocol;
    let found = world.verify_journal(&world.told()).map(drop);
    assert_eq!(found, Err(Broken::WrongProtocol { number: 0, protocol }.into()));
}

/// Case 14: the event's own instruction, called by anybody.
#[test]
fn an_entry_is_forged_by_no_direct_call() {
    let mut world = World::default();
    let forged = world.vm.confirmed.iter().rev().find_map(|transaction| {
        let calls = transaction.inner.iter().flatten().flat_map(|(_, calls)| calls);
        calls.map(|call| call.data.clone()).find(|data| data.starts_with(&[0xe4, 0x45, 0xa5, 0x2e]))
    });
    let accounts = vec![AccountMeta::new_readonly(pda::event_authority().0, true)];
    let mut forge = Instruction { program_id: ID, accounts, data: forged.expect("entries were told") };
    let before = world.told();
    let [bare, claimed] = unsigned(&mut world, &forge);
    // Anchor's: the event authority did not sign
    bare.fails_with(Refusal::Anchor(2002));
    claimed.fails_as(&InstructionError::PrivilegeEscalation);
    // nor does another signer stand in for it
    forge.accounts[0].pubkey = world.alice.pubkey();
    world.send(&[forge]).fails_with(Refusal::Anchor(2006));
    assert_eq!(world.told(), before);
}

#[test]
fn a_transaction_tells_only_what_came_true_and_each_protocol_its_own() {
    let mut world = World::default();
    let neighbour = world.neighbour();
    let keepers = [&world.us.keepers[0], &neighbour.keepers[0]].map(|key| key.insecure_clone());
    let raises =
        [world.us.raise(&world.vm, &keepers[0], &RAISE), neighbour.raise(&world.vm, &keepers[1], &RAISE)];
    let too_much = system::transfer(&keepers[0].pubkey(), &PROGRAM, u64::MAX);
    let signers = [&keepers[0], &keepers[1]];
    let failing = [&raises[..], &[too_much]].concat();
    assert!(world.vm.send(&failing, &signers).0.is_err());
    let failed = world.vm.confirmed.last().expect("sent");
    assert!(failed.inner.iter().flatten().any(|(_, calls)| !calls.is_empty()), "it did call");
    assert_eq!(all_told(failed), Ok(Vec::new()));

    world.vm.send(&raises, &signers).succeeds();
    let both = world.vm.confirmed.last().expect("sent");
    assert_eq!(all_told(both).expect("recorded").len(), 2);
    for protocol in [world.us.protocol, neighbour.protocol] {
        let own = told(both, &protocol).expect("recorded");
        assert!(own.len() == 1 && own[0].protocol == protocol && own[0].entry.act == Act::Raised);
        let journal = world.vm.read::<Journal>(&pda::journal(&protocol).0);
        assert!(follow(&journal, &world.vm.told(&protocol)).expect("sound").is_whole());
    }
}

/// Case 14: who may act without leave makes the journal longer by rises and falls alone; a latch that he extends is no entry,
/// and none falls before its time.
#[test]
fn a_spammer_fills_a_segment_no_faster_than_severities_rise_and_fall() {
    let mut world = World::default();
    let before = world.journal().count;
    let (hours, every) = (3, 100);
    let mut extended = 0;
    for _ in 0..hours * HOUR / every {
        world.vm.advance(every);
        // he takes what trips the soft rule and brings it back, so that it trips for ever
        let soft = world.limiter().net[0].available / 10 * 7;
        let _ = world.withdraw(soft);
        let _ = world.deposit(soft);
        let (written, held) = (world.journal().count, world.market().board.held);
        let _ = [world.poke(), world.poke()];
        extended += usize::from(world.journal().count == written && world.market().board.held != held);
        let _ = [world.step_down(), world.step_down(), world.step_down_all()];
    }
    assert!(extended > 0, "he keeps the market cautious");
    let entries = &world.told()[before as usize..];
    assert!(entries.iter().all(|entry| entry.before != entry.after), "{entries:?}");
    let settings = world.market().settings();
    // up, and down again no sooner than this
    let turn = u64::from(settings.durations[0] + settings.dwell);
    let bound = 2 * (hours * HOUR).div_ceil(turn);
    let written = entries.len() as u64;
    assert!(written <= bound && written > 0, "{written} entries in {hours} hours, {bound} may");
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
}

/// Case 14: a limiter in shadow may trip as often as one likes; the journal hears of it hourly.
#[test]
fn a_spammer_in_shadow_is_heard_hourly() {
    let mut world = World::with(|setup| setup.armed = false);
    let before = world.journal().count;
    for _ in 0..3 * 30 {
        world.vm.advance(HOUR / 30);
        let flow = world.us.flow(Direction::Out, Operation::WITHDRAW, FUNDS / 2);
        let _ = world.pay(&flow);
        let _ = world.deposit(FUNDS / 2);
        let _ = [world.poke(), world.poke()];
    }
    let written = world.journal().count - before;
    assert!((1..=3).contains(&written), "{written} entries in three hours");
}

/// Case 14: a price that stays where it trips is one entry a latch, however often it is shown.
#[test]
fn a_spammer_at_a_band_is_heard_once_for_each_latch() {
    let mut banded = Banded::default();
    let before = banded.world.journal().count;
    for _ in 0..3 * 30 {
        banded.world.vm.advance(HOUR / 30);
        let _ = banded.poke_at(HUNDRED / 2);
        let _ = banded.poke();
        let _ = banded.observe();
        let _ = banded.world.step_down();
    }
    let written = banded.world.journal().count - before;
    // a first look is one again after an hour, and its Major was over
    assert_eq!(written, 2 + 2, "Major, then Critical, which is extended; nothing fell");
}

/// Case 14: with the journal full and nobody who makes room, a pause goes through.
#[test]
fn a_pause_holds_though_the_journal_cannot_grow() {
    let mut world = full();
    let order = world.order(1_800);
    let segment = world.vm.account(&world.us.program.addresses.segment(0));
    world.pause(0, &order).succeeds();
    world.gate(Operation::WITHDRAW).fails_with(GateError::Closed);
    assert_eq!(world.vm.account(&world.us.program.addresses.segment(0)), segment);
    let last = *world.vm.told(&world.us.protocol).last().expect("told");
    assert_eq!((last.entry.act, last.in_segment, last.head), (Act::Paused, false, world.journal().head));
    assert!(world.verify_journal(&world.told()).expect("sound").is_whole());
    // whoever kept no transactions learns which entry he cannot see
    let last = last.entry.number..last.entry.number + 1;
    assert_eq!(world.verify_journal(&[]).expect("sound").in_events_only, [0..1, last]);
}
