//! Entries of a journal out of transactions: what the breaker told the world.
//!
//! The breaker tells of each entry by a call to itself, so an entry lies among a transaction's inner instructions, in
//! the call's data, and never in a log line, which a node may cut off. Anybody can make a call that looks like it. A
//! call is taken for an entry only if the breaker was called, by the breaker itself, with its event authority alone, in
//! a transaction that succeeded; the program lets nobody else make that call.
//!
//! What this proves, and what not. The head in the journal's account is a hash over all entries in order, so an entry
//! that leads to it is the one that was written, whoever handed it over and whatever else he changed. That head is
//! worth what the node is worth that gave the account: ask more than one. A node that keeps a transaction back makes a
//! gap, which is named; entries before a gap are not bound to the head, only to each other, and stand as long as their
//! teller is believed. The chain says nothing of what the breaker was never told.

use std::{collections::BTreeMap, ops::Range};

use borsh::BorshDeserialize;
use firebreak_interface::{
    ID, pda,
    state::{Journal, JournalEntry},
};
use solana_program::pubkey::Pubkey;

use crate::journal::Broken;

/// First bytes of an event that Anchor emits by a call of the program to itself.
const EVENT_CALL: [u8; 8] = [0xe4, 0x45, 0xa5, 0x2e, 0x51, 0xcb, 0x9a, 0x1d];
/// Discriminator of the event that carries an entry.
const ENTRY_ADDED: [u8; 8] = [105, 73, 45, 150, 29, 228, 132, 116];

/// An entry of a journal, as the breaker tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
pub struct Told {
    /// The protocol.
    pub protocol: Pubkey,
    /// The entry.
    pub entry: JournalEntry,
    /// Head of the chain after it.
    pub head: [u8; 32],
    /// Whether a segment holds it too. No hash covers this: a segment says it better.
    pub in_segment: bool,
}

/// A confirmed transaction, as a node gives it: everything by its place among the transaction's keys.
#[derive(Clone, Debug, Default)]
pub struct Confirmed {
    /// Whether it failed: then it told nothing, whatever it called.
    pub failed: bool,
    /// Its keys: those in the message, then those that it loaded from tables, writable before read-only.
    pub keys: Vec<Pubkey>,
    /// Place of the program of each of its instructions.
    pub programs: Vec<u8>,
    /// The calls that each instruction led to, with its number; none where the node kept no record of them.
    pub inner: Option<Vec<(u8, Vec<Call>)>>,
}

/// A call that an instruction led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Place of the called program.
    pub program: u8,
    /// Places of its accounts.
    pub accounts: Vec<u8>,
    /// Its data.
    pub data: Vec<u8>,
    /// Height of the stack in the call; an instruction of the transaction has 1. None where the node kept no record.
    pub height: Option<u32>,
}

/// Why a transaction cannot be believed to be as the node says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// An empty answer would be taken for a transaction that told nothing.
    #[error("the node kept no inner instructions of this transaction: ask another one")]
    NotRecorded,
    /// Calls of an instruction that the transaction does not have.
    #[error("calls of instruction {instruction}, and the transaction has {instructions}")]
    NoInstruction {
        /// Its number, from 0.
        instruction: u8,
        /// How many there are.
        instructions: usize,
    },
    /// A place beyond the keys.
    #[error("call {call} of instruction {instruction} names key {key}, and there are {keys}")]
    NoKey {
        /// Number of the instruction, from 0.
        instruction: u8,
        /// Number of the call, from 0; the instruction itself where it is its program.
        call: usize,
        /// The place.
        key: u8,
        /// How many keys there are.
        keys: usize,
    },
    /// Who made a call cannot be known.
    #[error("nothing says who made call {call} of instruction {instruction}: its height is {height:?}")]
    NoCaller {
        /// Number of the instruction, from 0.
        instruction: u8,
        /// Number of the call, from 0.
        call: usize,
        /// The height that was given.
        height: Option<u32>,
    },
    /// The breaker's own call, cut short or of a newer program.
    #[error("call {call} of instruction {instruction} tells of an entry in {length} bytes that are not one")]
    NotAnEntry {
        /// Number of the instruction, from 0.
        instruction: u8,
        /// Number of the call, from 0.
        call: usize,
        /// Bytes after the discriminator.
        length: usize,
    },
}

/// The entries of this protocol's journal that a transaction told of, in order. What looks like one and was not told by
/// the breaker is passed over.
///
/// # Errors
/// [`Unreadable`] where the node's answer contradicts itself, or leaves out what has to be known.
pub fn told(transaction: &Confirmed, protocol: &Pubkey) -> Result<Vec<Told>, Unreadable> {
    let mut all = all_told(transaction)?;
    all.retain(|told| told.protocol == *protocol);
    Ok(all)
}

/// As [`told`], of every protocol.
///
/// # Errors
/// As [`told`].
pub fn all_told(transaction: &Confirmed) -> Result<Vec<Told>, Unreadable> {
    let mut all = Vec::new();
    if transaction.failed {
        return Ok(all);
    }
    let event_authority = pda::event_authority().0;
    for (instruction, calls) in transaction.inner.as_ref().ok_or(Unreadable::NotRecorded)? {
        let (instruction, keys) = (*instruction, transaction.keys.len());
        let key = |call: usize, place: u8| {
            let key = transaction.keys.get(usize::from(place)).copied();
            key.ok_or(Unreadable::NoKey { instruction, call, key: place, keys })
        };
        let instructions = transaction.programs.len();
        let program = transaction.programs.get(usize::from(instruction));
        let program = *program.ok_or(Unreadable::NoInstruction { instruction, instructions })?;
        // the programs that are running, the called one last
        let mut running = vec![key(0, program)?];
        for (number, call) in calls.iter().enumerate() {
            // a call is made by what runs one below it
            let below = call.height.and_then(|height| usize::try_from(height).ok()?.checked_sub(1));
            let below = below.filter(|below| (1..=running.len()).contains(below));
            let height = call.height;
            let below = below.ok_or(Unreadable::NoCaller { instruction, call: number, height })?;
            running.truncate(below);
            let (program, caller) = (key(number, call.program)?, running[below - 1]);
            running.push(program);
            let Some(event) = call.data.strip_prefix(&EVENT_CALL).filter(|_| (program, caller) == (ID, ID))
            else {
                continue;
            };
            let [authority] = call.accounts[..] else {
                continue;
            };
            if key(number, authority)? != event_authority {
                continue;
            }
            // another discriminator is another event, of a program that has more to tell
            let Some(bytes) = event.strip_prefix(&ENTRY_ADDED) else {
                continue;
            };
            let length = bytes.len();
            let told = Told::try_from_slice(bytes);
            all.push(told.map_err(|_| Unreadable::NotAnEntry { instruction, call: number, length })?);
        }
    }
    Ok(all)
}

/// What following a journal by what was told proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Every entry that was told of, in order.
    pub entries: Vec<JournalEntry>,
    /// How many of them the chain of hashes proves: the last ones, without a gap to the head.
    pub proven: u64,
    /// Numbers of the entries that nobody told of.
    pub missing: Vec<Range<u64>>,
    /// Entries that the journal counts.
    pub count: u64,
}

impl Followed {
    /// Whether every entry there ever was has been told of and proven.
    pub fn is_whole(&self) -> bool {
        self.proven == self.count
    }

    fn miss(&mut self, numbers: Range<u64>) {
        if !numbers.is_empty() {
            self.missing.push(numbers);
            self.proven = 0;
        }
    }
}

/// Follows a journal's chain to the head by what was told alone, in any order. Each entry came with the head after it,
/// so a contradiction is known to the entry. What was told after the journal was read is left out.
///
/// # Errors
/// [`Broken`] at the first contradiction.
pub fn follow(journal: &Journal, told: &[Told]) -> Result<Followed, Broken> {
    let mut in_order: BTreeMap<u64, &Told> = BTreeMap::new();
    for one in told {
        let number = one.entry.number;
        if one.protocol != journal.protocol {
            return Err(Broken::ToldOfAnother { number, protocol: one.protocol });
        }
        // the same transaction may have been asked for twice
        if in_order.insert(number, one).is_some_and(|before| before != one) {
            return Err(Broken::TwoEntries { number });
        }
    }
    let (entries, missing, count) = (Vec::new(), Vec::new(), journal.count);
    let mut followed = Followed { entries, proven: 0, missing, count };
    let (mut head, mut next) = ([0; 32], 0);
    for (number, one) in in_order.range(..count) {
        followed.miss(next..*number);
        // the first one behind a gap has nothing before it to be compared with
        if *number == next {
            if one.entry.chain(&head) != one.head {
                return Err(Broken::Chain { from: *number, to: number + 1 });
            }
            followed.proven += 1;
        }
        followed.entries.push(one.entry);
        (head, next) = (one.head, number + 1);
    }
    followed.miss(next..count);
    if next == count && head != journal.head {
        let from = followed.missing.last().map_or(0, |gap| gap.end);
        return Err(Broken::Chain { from, to: next });
    }
    Ok(followed)
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
