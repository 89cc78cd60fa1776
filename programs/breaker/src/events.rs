//! What the program tells the world, by calls to itself that logs cannot lose.

use crate::anchor_lang::{self, Discriminator, event::EVENT_IX_TAG_LE, prelude::*};
use firebreak_interface::state::JournalEntry;

/// An entry was added to a protocol's journal: enough to follow the chain without any account.
#[event]
pub struct JournalEntryAdded {
    /// The protocol.
    pub protocol: Pubkey,
    /// The entry.
    pub entry: JournalEntry,
    /// Head of the chain after it.
    pub head: [u8; 32],
    /// False where the entry found no room in a segment and lives in this event only.
    pub in_segment: bool,
}

impl JournalEntryAdded {
    /// The data of the call that tells it. All fields are of fixed length, so each has its place; Borsh would ask for room
    /// at each.
    pub(crate) fn call(&self) -> Vec<u8> {
        const ENTRY: usize = 48;
        const HEAD: usize = ENTRY + JournalEntry::LEN;
        const IN_SEGMENT: usize = HEAD + 32;
        let mut data = [0; IN_SEGMENT + 1];
        data[..8].copy_from_slice(EVENT_IX_TAG_LE);
        data[8..16].copy_from_slice(Self::DISCRIMINATOR);
        data[16..ENTRY].copy_from_slice(self.protocol.as_ref());
        data[ENTRY..HEAD].copy_from_slice(&self.entry.to_bytes());
        data[HEAD..IN_SEGMENT].copy_from_slice(&self.head);
        data[IN_SEGMENT] = self.in_segment.into();
        data.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use anchor::Event;
    use firebreak_interface::{
        Instant, Severity,
        state::{Act, JournalEntry},
    };

    use super::*;

    #[test]
    fn an_event_is_told_as_anchor_would_write_it() {
        let entry = JournalEntry {
            number: 7,
            before: Severity::Minor,
            after: Severity::Critical,
            value: u64::MAX,
            threshold: 3,
            count: 9,
            ..JournalEntry::new(Act::ProgramUnpinned, [1; 32].into(), [2; 32].into(), Instant::new(5, -6))
        };
        for in_segment in [false, true] {
            let event = JournalEntryAdded { protocol: [3; 32].into(), entry, head: [4; 32], in_segment };
            assert_eq!(event.call(), [EVENT_IX_TAG_LE, &event.data()].concat());
        }
    }
}
