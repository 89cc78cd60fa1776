//! Writing the journal.

use anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError,
    state::{Journal, JournalEntry, JournalSegment},
};

use crate::events::JournalEntryAdded;

/// The accounts by which an instruction writes the journal.
#[derive(Accounts)]
pub struct Record<'info> {
    /// The protocol's journal. That it is this protocol's is checked when it is written.
    #[account(mut)]
    pub journal: AccountLoader<'info, Journal>,
    /// Its current segment; required while it has room.
    #[account(mut)]
    pub segment: Option<AccountLoader<'info, JournalSegment>>,
}

impl Record<'_> {
    /// Adds an entry and gives the event that carries it.
    pub fn append(&self, protocol: Pubkey, entry: JournalEntry) -> Result<JournalEntryAdded> {
        self.write(protocol, entry, false)
    }

    /// As `append`, for what may have been signed before the current segment was made.
    pub fn append_signed_in_advance(
        &self,
        protocol: Pubkey,
        entry: JournalEntry,
    ) -> Result<JournalEntryAdded> {
        self.write(protocol, entry, true)
    }

    fn write(&self, protocol: Pubkey, entry: JournalEntry, may_miss: bool) -> Result<JournalEntryAdded> {
        let mut journal = self.journal.load_mut()?;
        // stops an act on one protocol from being written into another's history
        require_keys_eq!(journal.protocol, protocol, BreakerError::WrongJournal);
        let (entry, in_segment) = match &self.segment {
            Some(segment) => journal.append(entry, Some(&mut *segment.load_mut()?), may_miss)?,
            None => journal.append(entry, None, may_miss)?,
        };
        Ok(JournalEntryAdded { protocol, entry, head: journal.head, in_segment })
    }
}
