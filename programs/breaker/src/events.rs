//! What the program tells the world, by calls to itself that logs cannot lose.

use anchor_lang::prelude::*;
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
