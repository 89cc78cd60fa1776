//! Verification of a journal: the chain of hashes is walked again over the segments and must end in the head.
//!
//! An entry that found no room in a segment was emitted as an event only. Whoever kept the events hands them in
//! and everything can be proven; without them the walk says which entries it could not see, and starts
//! again from the head that the next segment noted before its first entry. Mostly such entries lie between a full segment and
//! the next; an order that was signed in advance may have missed one with room, and then lies inside it.
//! [`crate::told`] takes the events out of transactions, and follows the chain by them alone.

use std::{collections::BTreeMap, ops::Range};

use firebreak_interface::state::{Journal, JournalEntry, JournalSegment};
use solana_program::pubkey::Pubkey;

use crate::{
    account::{AccountError, Kind, decode},
    addresses::ProtocolAddresses,
};

/// Where and how a journal contradicts itself: somebody lies, or the program is not the breaker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A segment of another protocol, or one that is not there.
    #[error("segment {number} is missing")]
    MissingSegment {
        /// Its number.
        number: u32,
    },
    /// A segment that the journal does not know.
    #[error("segment {number} was never created: the journal has {segments}")]
    UnknownSegment {
        /// Its number.
        number: u32,
        /// Segments that the journal has.
        segments: u32,
    },
    /// A segment of another journal.
    #[error("segment {number} belongs to protocol {protocol}")]
    WrongProtocol {
        /// Its number.
        number: u32,
        /// Whose it is.
        protocol: Pubkey,
    },
    /// Bytes that are no entry.
    #[error("place {place} of segment {segment} holds no entry")]
    Unreadable {
        /// The segment's number.
        segment: u32,
        /// Place in it.
        place: usize,
    },
    /// Entries that are not numbered one after the other, or beyond what the journal counted.
    #[error(
        "place {place} of segment {segment} holds entry {found}, which cannot stand there; {expected} or later may"
    )]
    OutOfOrder {
        /// The segment's number.
        segment: u32,
        /// Place in it.
        place: usize,
        /// Number that may stand there, or the lowest of those that may.
        expected: u64,
        /// Number that does.
        found: u64,
    },
    /// The hash over the entries is not the head that was noted there.
    #[error("the chain breaks between entry {from} and entry {to}: an entry was changed, added or left out")]
    Chain {
        /// First entry since the last proven head.
        from: u64,
        /// First entry after the head that does not fit.
        to: u64,
    },
    /// Two different entries of one number were told of.
    #[error("two different entries {number} were told of")]
    TwoEntries {
        /// Their number.
        number: u64,
    },
    /// An entry of another journal was told of.
    #[error("entry {number} was told of protocol {protocol}")]
    ToldOfAnother {
        /// Its number.
        number: u64,
        /// Whose it is.
        protocol: Pubkey,
    },
    /// More or fewer entries are missing from the segments than the journal says.
    #[error("{found} entries are in no segment, the journal counted {counted}")]
    Missing {
        /// Entries in no segment.
        found: u64,
        /// What the journal says.
        counted: u64,
    },
}

/// What a walk over a journal proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Every entry that was found, in order.
    pub entries: Vec<JournalEntry>,
    /// How many of them the chain of hashes proves.
    pub proven: u64,
    /// Numbers of the entries that are in no segment.
    pub in_events_only: Vec<Range<u64>>,
    /// Entries that the journal counts.
    pub count: u64,
}

impl Verified {
    /// Whether every entry there ever was has been seen and proven.
    pub fn is_whole(&self) -> bool {
        self.proven == self.count
    }
}

/// An account as a node gives it.
#[derive(Clone, Copy, Debug)]
pub struct Raw<'a> {
    /// Its address.
    pub key: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its bytes.
    pub data: &'a [u8],
}

/// Why a journal's accounts do not prove it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Disproved {
    /// An account at another address than the protocol's own is of no protocol, or of another.
    #[error("{key} is not where the {what} of this protocol is")]
    WrongAddress {
        /// What was looked for.
        what: &'static str,
        /// The address given.
        key: Pubkey,
    },
    /// Bytes that are not believed.
    #[error("{key}: {source}")]
    Account {
        /// The address.
        key: Pubkey,
        /// Which check failed.
        source: AccountError,
    },
    /// The accounts are the breaker's, and contradict each other.
    #[error(transparent)]
    Broken(#[from] Broken),
}

/// As [`verify`], from the bytes of the journal's account and of its segments, in any order.
///
/// # Errors
/// [`Disproved`] at the first account that is not what it should be, then at the first contradiction.
pub fn verify_raw(
    addresses: &ProtocolAddresses,
    journal: Raw,
    segments: &[Raw],
    events: &[JournalEntry],
) -> Result<Verified, Disproved> {
    let journal: Journal = believe(journal, |_| addresses.journal)?;
    let at = |segment: &JournalSegment| addresses.segment(segment.number);
    let segments: Result<Vec<JournalSegment>, _> = segments.iter().map(|raw| believe(*raw, at)).collect();
    Ok(verify(&journal, &segments?, events)?)
}

/// What the bytes hold, if they lie where the breaker would have put it.
fn believe<T: Kind>(raw: Raw, at: impl FnOnce(&T) -> Pubkey) -> Result<T, Disproved> {
    let key = raw.key;
    let account = decode(&raw.owner, raw.data).map_err(|source| Disproved::Account { key, source })?;
    if at(&account) == key { Ok(account) } else { Err(Disproved::WrongAddress { what: T::NAME, key }) }
}

/// Walks the journal's segments, in any order, and the entries that events told of.
///
/// # Errors
/// [`Broken`] at the first contradiction.
pub fn verify(
    journal: &Journal,
    segments: &[JournalSegment],
    events: &[JournalEntry],
) -> Result<Verified, Broken> {
    let in_order: BTreeMap<u32, &JournalSegment> = segments.iter().map(|s| (s.number, s)).collect();
    if let Some((number, _)) = in_order.range(journal.segments..).next() {
        return Err(Broken::UnknownSegment { number: *number, segments: journal.segments });
    }
    let mut walk = Walk {
        events: events.iter().map(|entry| (entry.number, entry)).collect(),
        count: journal.count,
        head: Some([0; 32]),
        anchored_at: 0,
        next: 0,
        verified: Verified {
            entries: Vec::new(),
            proven: 0,
            in_events_only: Vec::new(),
            count: journal.count,
        },
        run: 0,
    };
    for number in 0..journal.segments {
        let segment = in_order.get(&number).ok_or(Broken::MissingSegment { number })?;
        if segment.protocol != journal.protocol {
            return Err(Broken::WrongProtocol { number, protocol: segment.protocol });
        }
        walk.segment(segment)?;
    }
    walk.skip_to(journal.count);
    walk.meet(&journal.head)?;
    let mut verified = walk.verified;
    let found = verified.in_events_only.iter().map(|gap| gap.end - gap.start).sum();
    if found != journal.in_events_only {
        return Err(Broken::Missing { found, counted: journal.in_events_only });
    }
    verified.entries.sort_by_key(|entry| entry.number);
    Ok(verified)
}

struct Walk<'a> {
    events: BTreeMap<u64, &'a JournalEntry>,
    count: u64,
    /// Head after the last entry; none behind a gap that nobody can tell about.
    head: Option<[u8; 32]>,
    /// First entry since the last head that was compared.
    anchored_at: u64,
    next: u64,
    /// Entries seen since the last head that was compared.
    run: u64,
    verified: Verified,
}

impl Walk<'_> {
    fn segment(&mut self, segment: &JournalSegment) -> Result<(), Broken> {
        for (place, bytes) in segment.entries().iter().enumerate() {
            let number = segment.number;
            let entry =
                JournalEntry::from_bytes(bytes).ok_or(Broken::Unreadable { segment: number, place })?;
            // one that was signed in advance may have missed the segment; one left out is counted in the end
            if !(self.next..self.count).contains(&entry.number) {
                let (expected, found) = (self.next, entry.number);
                return Err(Broken::OutOfOrder { segment: number, place, expected, found });
            }
            self.skip_to(entry.number);
            if place == 0 {
                self.meet(&segment.first_head)?;
            }
            self.add(&entry);
        }
        Ok(())
    }

    fn add(&mut self, entry: &JournalEntry) {
        self.head = self.head.map(|head| entry.chain(&head));
        self.next = entry.number + 1;
        self.run += 1;
        self.verified.entries.push(*entry);
    }

    /// Goes on to this entry over those that are in no segment, by the events where they are known.
    fn skip_to(&mut self, number: u64) {
        if number == self.next {
            return;
        }
        self.verified.in_events_only.push(self.next..number);
        let missed: Vec<JournalEntry> =
            self.events.range(self.next..number).map(|(_, entry)| **entry).collect();
        if missed.len() as u64 == number - self.next {
            missed.iter().for_each(|entry| self.add(entry));
        } else {
            self.verified.entries.extend(missed);
            (self.head, self.run) = (None, 0);
        }
        self.next = number;
    }

    /// Compares with a head that the program noted at this very place, and goes on from it.
    fn meet(&mut self, noted: &[u8; 32]) -> Result<(), Broken> {
        match &self.head {
            Some(head) if head == noted => self.verified.proven += self.run,
            Some(_) => return Err(Broken::Chain { from: self.anchored_at, to: self.next }),
            // behind a gap nothing can be compared
            None => {}
        }
        self.head = Some(*noted);
        (self.anchored_at, self.run) = (self.next, 0);
        Ok(())
    }
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
