//! Writing the journal.

use crate::anchor_lang::{
    self,
    prelude::*,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::invoke_signed_unchecked,
    },
};
use firebreak_interface::{
    BreakerError,
    state::{Journal, JournalEntry, JournalSegment},
};

use crate::{EVENT_AUTHORITY_AND_BUMP, events::JournalEntryAdded, instructions::ensure};

/// The accounts by which an instruction writes the journal.
#[derive(Accounts)]
pub struct Record<'info> {
    /// The protocol's journal. That it is this protocol's is checked when it is written.
    #[account(mut)]
    pub journal: AccountLoader<'info, Journal>,
    /// Its current segment; required while it has room.
    #[account(mut)]
    pub segment: Option<AccountLoader<'info, JournalSegment>>,
    /// CHECK: signs the program's calls to itself: its address is that PDA's, so nobody else's call is taken for one.
    #[account(address = EVENT_AUTHORITY_AND_BUMP.0)]
    pub event_authority: UncheckedAccount<'info>,
    /// CHECK: this program, which is called.
    #[account(address = crate::ID)]
    pub program: UncheckedAccount<'info>,
}

impl Record<'_> {
    /// Adds an entry, and tells the world.
    pub fn append(&self, protocol: Pubkey, entry: JournalEntry) -> Result<()> {
        self.write(protocol, entry, false)
    }

    /// As `append`, for what may have been signed before the current segment was made.
    pub fn append_signed_in_advance(&self, protocol: Pubkey, entry: JournalEntry) -> Result<()> {
        self.write(protocol, entry, true)
    }

    fn write(&self, protocol: Pubkey, entry: JournalEntry, may_miss: bool) -> Result<()> {
        let mut journal = self.journal.load_mut()?;
        // stops an act on one protocol from being written into another's history
        ensure(journal.protocol == protocol, BreakerError::WrongJournal)?;
        let (entry, in_segment) = match &self.segment {
            Some(segment) => {
                let mut segment = segment.load_mut()?;
                journal.append(entry, Some(&mut *segment), may_miss)?
            }
            None => journal.append(entry, None, may_miss)?,
        };
        let event = JournalEntryAdded { protocol, entry, head: journal.head, in_segment };
        drop(journal);
        tell(&self.event_authority, &event)
    }
}

/// Tells the world of an entry, by a call of the program to itself that logs cannot lose. What `emit_cpi!` writes out at
/// each place, once: some twenty instructions have one.
#[inline(never)]
pub(crate) fn tell(event_authority: &AccountInfo, event: &JournalEntryAdded) -> Result<()> {
    let data = event.call();
    let accounts = vec![AccountMeta::new_readonly(*event_authority.key, true)];
    firebreak_interface::drill::say();
    let call = Instruction { program_id: crate::ID, accounts, data };
    let seeds: &[&[u8]] = &[b"__event_authority", &[EVENT_AUTHORITY_AND_BUMP.1]];
    // unchecked, for the event authority is an account that nobody borrows
    Ok(invoke_signed_unchecked(&call, std::slice::from_ref(event_authority), &[seeds])?)
}
