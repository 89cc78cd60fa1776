use bytemuck::Zeroable;
use firebreak_interface::{
    ID, Instant, Severity,
    constants::SEGMENT_ENTRIES,
    state::{Act, Journal, JournalEntry, JournalSegment, Layout},
};
use solana_program::pubkey::Pubkey;

use super::*;
use crate::account::encode;

/// A journal as the program writes it, and the events it emits.
struct World {
    journal: Journal,
    segments: Vec<JournalSegment>,
    events: Vec<JournalEntry>,
}

impl World {
    fn new() -> Self {
        let mut journal = Journal::zeroed();
        journal.initialize(Pubkey::new_from_array([8; 32]), 254);
        Self { journal, segments: Vec::new(), events: Vec::new() }
    }

    fn with_entries(segments: usize, entries: usize) -> Self {
        let mut world = Self::new();
        for _ in 0..segments {
            world.extend();
            world.act(SEGMENT_ENTRIES.min(entries - world.events.len()));
        }
        world.act(entries - world.events.len());
        world
    }

    fn extend(&mut self) {
        let mut segment = JournalSegment::zeroed();
        segment.initialize(&mut self.journal, 254).expect("no room is left");
        self.segments.push(segment);
    }

    fn act(&mut self, times: usize) {
        for _ in 0..times {
            let entry = self.entry();
            let current = usize::try_from(self.journal.current).expect("few");
            let written = self.journal.append(entry, self.segments.get_mut(current), false);
            self.events.push(written.expect("counters have room").0);
        }
    }

    fn entry(&self) -> JournalEntry {
        JournalEntry {
            number: 0,
            at: Instant::new(10, 20),
            actor: Pubkey::new_from_array([1; 32]),
            subject: Pubkey::new_from_array([2; 32]),
            act: Act::Raised,
            before: Severity::Normal,
            after: Severity::Minor,
            value: self.journal.count,
            threshold: 5,
            count: 1,
        }
    }

    fn gaps(verified: &Verified) -> Vec<(u64, u64)> {
        verified.in_events_only.iter().map(|gap| (gap.start, gap.end)).collect()
    }

    fn verify(&self) -> Result<Verified, Broken> {
        verify(&self.journal, &self.segments, &[])
    }

    fn verify_with_events(&self) -> Result<Verified, Broken> {
        verify(&self.journal, &self.segments, &self.events)
    }
}

#[test]
fn an_honest_journal_is_whole() {
    for (segments, entries) in [(0, 0), (1, 0), (1, 1), (1, 64), (2, 64), (2, 65), (3, 170)] {
        let world = World::with_entries(segments, entries);
        let verified = world.verify().expect("honest");
        assert!(verified.is_whole(), "{segments} segments, {entries} entries");
        assert_eq!(verified.entries, world.events);
        assert!(verified.in_events_only.is_empty());
    }
}

#[test]
fn the_order_of_the_segments_does_not_matter() {
    let mut world = World::with_entries(3, 150);
    world.segments.reverse();
    assert!(world.verify().expect("honest").is_whole());
}

#[test]
fn a_changed_entry_breaks_the_chain_in_its_segment() {
    let mut world = World::with_entries(3, 150);
    world.segments[1].entries[3][100] ^= 1;
    assert_eq!(world.verify(), Err(Broken::Chain { from: 64, to: 128 }));
}

#[test]
fn every_changed_byte_of_an_entry_is_seen() {
    let world = World::with_entries(1, 3);
    for byte in 0..JournalEntry::LEN {
        let mut segments = world.segments.clone();
        segments[0].entries[1][byte] ^= 0x80;
        assert!(verify(&world.journal, &segments, &[]).is_err(), "byte {byte}");
    }
}

#[test]
fn a_left_out_entry_is_seen() {
    let mut world = World::with_entries(1, 5);
    world.segments[0].count -= 1;
    assert_eq!(world.verify(), Err(Broken::Missing { found: 1, counted: 0 }));
}

#[test]
fn a_lie_about_the_head_is_seen() {
    let mut world = World::with_entries(1, 5);
    world.journal.head[0] ^= 1;
    assert_eq!(world.verify(), Err(Broken::Chain { from: 0, to: 5 }));
}

#[test]
fn missing_and_foreign_segments_are_named() {
    let world = World::with_entries(2, 100);
    let without = verify(&world.journal, &world.segments[1..], &[]);
    assert_eq!(without, Err(Broken::MissingSegment { number: 0 }));

    let mut foreign = world.segments.clone();
    foreign[1].protocol = Pubkey::new_from_array([7; 32]);
    let found = verify(&world.journal, &foreign, &[]);
    assert_eq!(found, Err(Broken::WrongProtocol { number: 1, protocol: foreign[1].protocol }));

    let mut extra = world.segments.clone();
    extra[1].number = 2;
    let found = verify(&world.journal, &extra, &[]);
    assert_eq!(found, Err(Broken::UnknownSegment { number: 2, segments: 2 }));
}

#[test]
fn entries_of_a_full_segment_are_in_events_only_and_the_rest_is_proven() {
    let mut world = World::with_entries(1, 70);
    world.extend();
    world.act(10);
    let verified = world.verify().expect("honest");
    assert_eq!(World::gaps(&verified), [(64, 70)]);
    // nothing noted the head at entry 64, so only what came after the new segment is proven
    assert_eq!(verified.proven, 10);
    assert!(!verified.is_whole());
    assert!(world.verify_with_events().expect("honest").is_whole());
}

#[test]
fn entries_before_the_first_segment_are_in_events_only() {
    let mut world = World::with_entries(0, 3);
    world.extend();
    let verified = world.verify().expect("honest");
    assert_eq!(World::gaps(&verified), [(0, 3)]);
    assert_eq!(verified.proven, 0);
    world.act(2);
    let verified = world.verify_with_events().expect("honest");
    assert!(verified.is_whole());
    assert_eq!(verified.entries, world.events);
}

#[test]
fn an_entry_that_missed_a_segment_with_room_lies_inside_it() {
    let mut world = World::with_entries(1, 3);
    let entry = world.entry();
    let signed_in_advance = world.journal.append(entry, None, true).expect("blocks nothing");
    world.events.push(signed_in_advance.0);
    world.act(2);
    assert!(world.verify_with_events().expect("honest").is_whole());
    let verified = world.verify().expect("honest as far as it goes");
    let gap = 3..4;
    assert_eq!((verified.in_events_only.as_slice(), verified.is_whole()), ([gap].as_slice(), false));
}

#[test]
fn an_entry_taken_out_of_a_segment_is_missed() {
    let mut world = World::with_entries(1, 5);
    let segment = &mut world.segments[0];
    segment.entries[2] = segment.entries[3];
    segment.entries[3] = segment.entries[4];
    segment.count = 4;
    let expected = Broken::Missing { found: 1, counted: 0 };
    assert_eq!(world.verify(), Err(expected));
}

#[test]
fn forged_events_break_the_chain() {
    let mut world = World::with_entries(1, 66);
    world.events[65].value ^= 1;
    assert_eq!(world.verify_with_events(), Err(Broken::Chain { from: 0, to: 66 }));
}

#[test]
fn segments_made_ahead_are_filled_in_order() {
    let mut world = World::new();
    world.extend();
    world.act(3);
    world.extend();
    world.extend();
    let mut one_more = JournalSegment::zeroed();
    let refused = one_more.initialize(&mut world.journal, 254);
    assert_eq!(refused, Err(firebreak_interface::BreakerError::SegmentNotNeeded));
    world.act(3 * SEGMENT_ENTRIES - 3);
    let verified = world.verify().expect("sound");
    assert!(verified.is_whole());
    assert!(verified.in_events_only.is_empty());
    assert_eq!((world.journal.room, world.journal.current), (0, 2));
    world.act(1);
    assert_eq!(world.journal.in_events_only, 1, "nothing is left, and nothing is blocked");
    world.extend();
    world.act(1);
    assert!(world.verify_with_events().expect("sound").is_whole());
}

#[test]
fn raw_accounts_are_believed_only_where_and_as_the_breaker_writes_them() {
    let mut world = World::with_entries(2, 100);
    let addresses = ProtocolAddresses::new(world.journal.protocol);
    let journal = encode(&world.journal);
    let segments: Vec<Vec<u8>> = world.segments.iter().map(encode).collect();
    let raw = |key, data| Raw { key, owner: ID, data };
    let head = raw(addresses.journal, journal.as_slice());
    let [first, second] = [0, 1].map(|number| raw(addresses.segment(number), &segments[number as usize]));
    let prove = |head, segments: &[Raw]| verify_raw(&addresses, head, segments, &[]);
    assert!(prove(head, &[second, first]).expect("sound").is_whole());

    let (key, owner) = (first.key, Pubkey::new_from_array([9; 32]));
    let account = |source| Err(Disproved::Account { key, source });
    assert_eq!(prove(head, &[Raw { owner, ..first }, second]), account(AccountError::WrongOwner { owner }));
    let kind = "journal segment";
    let found = Journal::TAG;
    let mut tagged = segments[0].clone();
    tagged[..8].copy_from_slice(&found);
    let other_kind = Raw { data: &tagged, ..first };
    assert_eq!(prove(head, &[other_kind, second]), account(AccountError::WrongKind { kind, found }));
    let (expected, found) = (segments[0].len(), segments[0].len() - 152);
    let truncated = Raw { data: &segments[0][..found], ..first };
    let wrong_length = AccountError::WrongLength { kind, expected, found };
    assert_eq!(prove(head, &[truncated, second]), account(wrong_length));

    // a segment's bytes at another one's address, and a journal of another protocol
    let moved = Raw { key: second.key, ..first };
    let what = kind;
    assert_eq!(prove(head, &[moved, second]), Err(Disproved::WrongAddress { what, key: second.key }));
    let theirs = Raw { key: owner, ..head };
    assert_eq!(prove(theirs, &[first, second]), Err(Disproved::WrongAddress { what: "journal", key: owner }));

    world.segments[1].entries[3][100] ^= 1;
    let changed = encode(&world.segments[1]);
    let broken = prove(head, &[first, Raw { data: &changed, ..second }]);
    assert_eq!(broken, Err(Disproved::Broken(Broken::Chain { from: 64, to: 100 })));
}
