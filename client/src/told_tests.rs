use bytemuck::Zeroable;
use firebreak_interface::{Instant, Severity, state::Act};

use super::*;

const OURS: Pubkey = Pubkey::new_from_array([8; 32]);
const PROTECTED: Pubkey = Pubkey::new_from_array([7; 32]);
/// Places of keys in the transactions of these tests.
const BREAKER: u8 = 0;
const AUTHORITY: u8 = 1;
const PROGRAM: u8 = 2;
const OTHER: u8 = 3;

/// So many entries as the breaker tells of them, and the journal that counts them.
fn history(entries: u64) -> (Journal, Vec<Told>) {
    let mut journal = Journal::zeroed();
    journal.initialize(OURS, 254);
    let tell = |journal: &mut Journal| {
        let entry = JournalEntry {
            after: Severity::Minor,
            value: journal.count,
            ..JournalEntry::new(Act::Raised, PROTECTED, OURS, Instant::new(10, 20))
        };
        let (entry, in_segment) = journal.append(entry, None, false).expect("counters have room");
        Told { protocol: OURS, entry, head: journal.head, in_segment }
    };
    let told = (0..entries).map(|_| tell(&mut journal)).collect();
    (journal, told)
}

fn bytes(told: &Told) -> Vec<u8> {
    let entry = &told.entry.to_bytes()[..JournalEntry::LEN];
    let protocol = told.protocol.to_bytes();
    [&EVENT_CALL, &ENTRY_ADDED, &protocol[..], entry, &told.head, &[told.in_segment.into()]].concat()
}

fn one() -> Told {
    history(1).1[0]
}

fn call(program: u8, height: u32, data: Vec<u8>) -> Call {
    Call { program, accounts: vec![AUTHORITY], data, height: Some(height) }
}

/// A transaction of one instruction, to this program, that led to these calls.
fn transaction(program: u8, calls: Vec<Call>) -> Confirmed {
    let keys = vec![ID, pda::event_authority().0, PROTECTED, Pubkey::new_from_array([6; 32])];
    Confirmed { failed: false, keys, programs: vec![program], inner: Some(vec![(0, calls)]) }
}

/// What a transaction tells whose one call is as the breaker makes it, after this change.
fn changed(change: impl FnOnce(&mut Confirmed, &mut Call)) -> Result<Vec<Told>, Unreadable> {
    let mut transaction = transaction(BREAKER, Vec::new());
    let mut call = call(BREAKER, 2, bytes(&one()));
    change(&mut transaction, &mut call);
    transaction.inner = Some(vec![(0, vec![call])]);
    told(&transaction, &OURS)
}

#[test]
fn the_event_is_the_programs() {
    let hash = solana_program::hash::hash(b"event:JournalEntryAdded");
    assert_eq!(ENTRY_ADDED, hash.to_bytes()[..8]);
}

#[test]
fn an_entry_is_taken_at_any_depth() {
    assert_eq!(changed(|_, _| {}), Ok(vec![one()]));
    // the protected program calls the breaker, which tells; then a token program is called, and the breaker again
    let deep = transaction(
        PROGRAM,
        vec![
            call(BREAKER, 2, vec![1]),
            call(BREAKER, 3, bytes(&one())),
            call(OTHER, 2, vec![2]),
            call(BREAKER, 2, vec![3]),
            call(OTHER, 3, vec![4]),
            call(BREAKER, 3, bytes(&one())),
        ],
    );
    assert_eq!(told(&deep, &OURS), Ok(vec![one(); 2]));
}

#[test]
fn a_failed_transaction_told_nothing() {
    assert_eq!(changed(|transaction, _| transaction.failed = true), Ok(Vec::new()));
}

#[test]
fn another_protocols_entry_is_not_ours() {
    let theirs = Told { protocol: PROTECTED, ..one() };
    let both = transaction(BREAKER, [one(), theirs].map(|told| call(BREAKER, 2, bytes(&told))).into());
    assert_eq!(told(&both, &OURS), Ok(vec![one()]));
    assert_eq!(all_told(&both), Ok(vec![one(), theirs]));
}

#[test]
fn look_alikes_are_passed_over() {
    let nothing = Ok(Vec::new());
    assert_eq!(changed(|_, call| call.program = OTHER), nothing, "another program was called");
    assert_eq!(changed(|transaction, _| transaction.programs = vec![OTHER]), nothing, "another one called");
    assert_eq!(changed(|_, call| call.accounts = vec![OTHER]), nothing, "another authority");
    assert_eq!(changed(|_, call| call.accounts.clear()), nothing, "none");
    assert_eq!(changed(|_, call| call.accounts.push(OTHER)), nothing, "not alone");
    assert_eq!(changed(|_, call| call.data[0] ^= 1), nothing, "no event");
    assert_eq!(changed(|_, call| call.data[8] ^= 1), nothing, "another event");
    assert_eq!(changed(|_, call| call.data.truncate(7)), nothing, "not even a tag");
    // a program that runs beside the breaker borrows nothing from it
    let beside = transaction(PROGRAM, vec![call(BREAKER, 2, vec![1]), call(BREAKER, 2, bytes(&one()))]);
    assert_eq!(told(&beside, &OURS), nothing);
    // nor from a call of the breaker that has ended
    let after = [(BREAKER, 2), (OTHER, 2)].map(|(program, height)| call(program, height, vec![1]));
    let after = transaction(PROGRAM, [&after[..], &[call(BREAKER, 3, bytes(&one()))]].concat());
    assert_eq!(told(&after, &OURS), nothing);
    let below = transaction(BREAKER, vec![call(OTHER, 2, vec![1]), call(BREAKER, 3, bytes(&one()))]);
    assert_eq!(told(&below, &OURS), nothing);
}

#[test]
fn what_cannot_be_an_entry_is_no_entry_left_out() {
    let length = bytes(&one()).len() - 16;
    let not_an_entry = |length| Err(Unreadable::NotAnEntry { instruction: 0, call: 0, length });
    for short in 0..length {
        assert_eq!(changed(|_, call| call.data.truncate(16 + short)), not_an_entry(short));
    }
    assert_eq!(changed(|_, call| call.data.push(0)), not_an_entry(length + 1));
    // no act has this byte
    assert_eq!(changed(|_, call| call.data[16 + 32 + 8 + 16 + 64] = 255), not_an_entry(length));
}

#[test]
fn a_node_that_leaves_something_out_is_told_where() {
    let mut unrecorded = transaction(BREAKER, Vec::new());
    unrecorded.inner = None;
    assert_eq!(told(&unrecorded, &OURS), Err(Unreadable::NotRecorded));
    for height in [None, Some(0), Some(1), Some(3), Some(u32::MAX)] {
        let found = changed(|_, call| call.height = height);
        assert_eq!(found, Err(Unreadable::NoCaller { instruction: 0, call: 0, height }));
    }
    let no_key = Err(Unreadable::NoKey { instruction: 0, call: 0, key: 4, keys: 4 });
    assert_eq!(changed(|_, call| call.program = 4), no_key);
    assert_eq!(changed(|_, call| call.accounts = vec![4]), no_key);
    assert_eq!(changed(|transaction, _| transaction.programs = vec![4]), no_key);
    let found = changed(|transaction, _| transaction.programs.clear());
    assert_eq!(found, Err(Unreadable::NoInstruction { instruction: 0, instructions: 0 }));
}

#[test]
fn what_was_told_leads_to_the_head_in_any_order() {
    for entries in [0, 1, 70] {
        let (journal, mut told) = history(entries);
        told.reverse();
        told.extend(told.clone());
        let followed = follow(&journal, &told).expect("sound");
        assert!(followed.is_whole(), "{entries} entries");
        assert_eq!(followed.entries.len() as u64, entries);
    }
}

#[test]
fn what_was_told_after_the_journal_was_read_is_left_out() {
    let (_, told) = history(5);
    let (earlier, _) = history(3);
    let followed = follow(&earlier, &told).expect("sound");
    assert!(followed.is_whole());
    assert_eq!(followed.entries.len(), 3);
}

#[test]
fn gaps_are_named_and_nothing_before_them_is_proven() {
    let (journal, told) = history(10);
    let without = |numbers: &[u64]| {
        let kept: Vec<Told> =
            told.iter().filter(|one| !numbers.contains(&one.entry.number)).copied().collect();
        follow(&journal, &kept).expect("sound as far as it goes")
    };
    let two_gaps = without(&[0, 4, 5]);
    assert_eq!((two_gaps.missing, two_gaps.proven), (vec![0..1, 4..6], 3));
    let (no_end, end) = (without(&[9]), 9..10);
    assert_eq!((no_end.missing.as_slice(), no_end.proven), ([end].as_slice(), 0));
    let all = 0..10;
    assert_eq!(follow(&journal, &[]).expect("nothing is no lie").missing, [all]);
}

#[test]
fn every_changed_byte_is_known_to_the_entry() {
    let (journal, told) = history(4);
    let at = 16 + 32;
    for byte in at..at + JournalEntry::LEN + 32 {
        let mut changed = bytes(&told[2]);
        changed[byte] ^= 0x80;
        let Ok(changed) = Told::try_from_slice(&changed[16..]) else {
            continue;
        };
        let forged: Vec<Told> = [&told[..2], &[changed], &told[3..]].concat();
        let found = follow(&journal, &forged);
        // a changed number is no longer entry 2
        if changed.entry.number == 2 {
            assert_eq!(found, Err(Broken::Chain { from: 2, to: 3 }), "byte {byte}");
        } else {
            let gap = 2..3;
            assert_eq!(found.expect("a gap").missing, [gap], "byte {byte}");
        }
    }
}

#[test]
fn reordered_and_swapped_entries_break_the_chain() {
    let (journal, mut told) = history(4);
    (told[1].entry.number, told[2].entry.number) = (2, 1);
    assert_eq!(follow(&journal, &told), Err(Broken::Chain { from: 1, to: 2 }));
}

#[test]
fn a_history_of_its_own_does_not_lead_to_the_head() {
    let (journal, told) = history(3);
    let mut other = journal;
    other.head[0] ^= 1;
    assert_eq!(follow(&other, &told), Err(Broken::Chain { from: 0, to: 3 }));
    let mut forged = told.clone();
    forged[1].entry.value ^= 1;
    for number in 1..3 {
        forged[number].head = forged[number].entry.chain(&forged[number - 1].head);
    }
    assert_eq!(follow(&journal, &forged), Err(Broken::Chain { from: 0, to: 3 }));
    let both = [told, forged].concat();
    assert_eq!(follow(&journal, &both), Err(Broken::TwoEntries { number: 1 }));
    let theirs = [Told { protocol: PROTECTED, ..one() }];
    let refused = Broken::ToldOfAnother { number: 0, protocol: PROTECTED };
    assert_eq!(follow(&journal, &theirs), Err(refused));
}
