//! The journal with its whole history: entries that no segment had room for are read out of the transactions that
//! told of them.

use std::{collections::BTreeMap, ops::Range};

use firebreak_client::{
    confirmed::confirmed,
    journal::{self, Verified},
    told::{Told, told},
};
use firebreak_interface::state::JournalEntry;
use solana_client::{rpc_client::GetConfirmedSignaturesForAddress2Config, rpc_config::RpcTransactionConfig};
use solana_commitment_config::CommitmentConfig;
use solana_signature::Signature;
use solana_transaction_status_client_types::{
    EncodedConfirmedTransactionWithStatusMeta, UiTransactionEncoding,
};

use crate::{
    chain::{Node, Snapshot},
    console::Console,
    error::Error,
};

/// Signatures of one answer: what nodes give at most.
const PAGE: usize = 1_000;
/// Transactions between two lines of progress.
const PROGRESS: usize = 100;

/// What a walk over the journal proved, and how far back it looked for it.
pub struct History {
    /// The walk.
    pub verified: Verified,
    /// Transactions that were read.
    pub looked: usize,
    /// Whether it ended because it was not to look further.
    pub is_cut: bool,
}

impl History {
    /// Checks that every entry there ever was is seen and proven.
    ///
    /// # Errors
    /// [`Error::Unproven`].
    pub fn check_whole(&self) -> Result<(), Error> {
        if self.verified.is_whole() {
            return Ok(());
        }
        let known: Vec<u64> = self.verified.entries.iter().map(|entry| entry.number).collect();
        let missing = self.verified.in_events_only.iter().filter(|gap| {
            let mut numbers = (gap.start)..(gap.end);
            numbers.any(|number| known.binary_search(&number).is_err())
        });
        Err(Error::Unproven {
            missing: missing.map(numbers).collect::<Vec<_>>().join(", "),
            looked: self.looked,
            remedy: if self.is_cut {
                "let it look further with --transactions"
            } else {
                "ask an endpoint that keeps the whole history"
            },
        })
    }
}

/// Walks the journal, and reads at most so many transactions for what is in no segment, the newest first.
///
/// # Errors
/// [`Error::Broken`], [`Error::Rpc`], [`Error::Transaction`], [`Error::Untold`].
pub async fn prove(
    node: &Node,
    snapshot: &Snapshot,
    most: usize,
    console: &mut Console,
) -> Result<History, Error> {
    let (journal, segments) = (&snapshot.journal, &snapshot.segments);
    let verified = journal::verify(journal, segments, &[])?;
    if verified.in_events_only.is_empty() {
        return Ok(History { verified, looked: 0, is_cut: false });
    }
    let mut wanted = Wanted::new(&verified.in_events_only);
    let (mut looked, mut before, mut is_cut) = (0, None, false);
    'pages: loop {
        let config = GetConfirmedSignaturesForAddress2Config {
            before,
            limit: Some(PAGE),
            commitment: Some(CommitmentConfig::confirmed()),
            ..GetConfirmedSignaturesForAddress2Config::default()
        };
        let address = &snapshot.addresses.journal;
        let page = node.client.get_signatures_for_address_with_config(address, config).await;
        let page = page.map_err(|error| node.failed(error))?;
        let Some(last) = page.last() else {
            break;
        };
        before = Some(signature(node, &last.signature)?);
        for listed in page.iter().filter(|listed| listed.err.is_none()) {
            if looked == most {
                is_cut = true;
                break 'pages;
            }
            looked += 1;
            if looked % PROGRESS == 0 {
                console
                    .progress(&format!("read {looked} transactions, {} entries to find", wanted.missing()))?;
            }
            let signature = signature(node, &listed.signature)?;
            let given = transaction(node, &signature).await?;
            wanted.take(&entries(&given, &signature, snapshot)?);
            if wanted.is_over() {
                break 'pages;
            }
        }
    }
    let found: Vec<JournalEntry> = wanted.found.into_values().collect();
    Ok(History { verified: journal::verify(journal, segments, &found)?, looked, is_cut })
}

/// A transaction, as [`confirmed`] takes it.
///
/// # Errors
/// [`Error::Rpc`].
pub async fn transaction(
    node: &Node,
    signature: &Signature,
) -> Result<EncodedConfirmedTransactionWithStatusMeta, Error> {
    let config = RpcTransactionConfig {
        encoding: Some(UiTransactionEncoding::Base64),
        commitment: Some(CommitmentConfig::confirmed()),
        max_supported_transaction_version: Some(0),
    };
    node.client.get_transaction_with_config(signature, config).await.map_err(|error| node.failed(error))
}

fn entries(
    given: &EncodedConfirmedTransactionWithStatusMeta,
    signature: &Signature,
    snapshot: &Snapshot,
) -> Result<Vec<Told>, Error> {
    let signature = *signature;
    let transaction =
        confirmed(&given.transaction).map_err(|source| Error::Transaction { signature, source })?;
    told(&transaction, &snapshot.addresses.protocol).map_err(|source| Error::Untold { signature, source })
}

fn signature(node: &Node, text: &str) -> Result<Signature, Error> {
    text.parse().map_err(|_| Error::not_found(format!("{} lists a signature that is none: {text}", node.url)))
}

/// Entries to be found, from the newest on.
struct Wanted<'a> {
    gaps: &'a [Range<u64>],
    found: BTreeMap<u64, JournalEntry>,
    /// Lowest number that was told of.
    lowest: u64,
}

impl<'a> Wanted<'a> {
    fn new(gaps: &'a [Range<u64>]) -> Self {
        Self { gaps, found: BTreeMap::new(), lowest: u64::MAX }
    }

    fn take(&mut self, told: &[Told]) {
        for one in told {
            let number = one.entry.number;
            self.lowest = self.lowest.min(number);
            if self.gaps.iter().any(|gap| gap.contains(&number)) {
                self.found.insert(number, one.entry);
            }
        }
    }

    fn missing(&self) -> u64 {
        let all: u64 = self.gaps.iter().map(|gap| gap.end - gap.start).sum();
        all.saturating_sub(self.found.len() as u64)
    }

    /// Whether all are found, or none can be in older transactions.
    fn is_over(&self) -> bool {
        self.missing() == 0 || self.gaps.first().is_none_or(|gap| self.lowest < gap.start)
    }
}

/// The numbers of a range of entries.
pub(crate) fn numbers(range: &Range<u64>) -> String {
    match range.end - range.start {
        1 => format!("entry {}", range.start),
        _ => format!("entries {} to {}", range.start, range.end - 1),
    }
}

#[cfg(test)]
mod tests {
    use firebreak_interface::{Instant, state::Act};
    use solana_pubkey::Pubkey;

    use super::*;

    fn told(number: u64) -> Told {
        let entry = JournalEntry::new(Act::Raised, Pubkey::default(), Pubkey::default(), Instant::new(1, 2));
        let entry = JournalEntry { number, ..entry };
        Told { protocol: Pubkey::default(), entry, head: [0; 32], in_segment: false }
    }

    #[test]
    fn the_search_ends_with_the_last_missing_entry_and_not_before() {
        let gaps = [5..7, 9..10];
        let mut wanted = Wanted::new(&gaps);
        for number in [11, 10, 9, 8, 7, 6] {
            wanted.take(&[told(number)]);
            assert!(!wanted.is_over(), "at {number}");
        }
        wanted.take(&[told(5)]);
        assert!(wanted.is_over());
        assert_eq!(wanted.found.keys().copied().collect::<Vec<_>>(), [5, 6, 9]);
    }

    #[test]
    fn older_transactions_than_the_missing_entry_are_not_read() {
        let gaps = [5..6, 8..9];
        let mut wanted = Wanted::new(&gaps);
        wanted.take(&[told(8), told(6)]);
        assert!(!wanted.is_over());
        // the node kept entry 5 back: nothing older can bring it
        wanted.take(&[told(4)]);
        assert!(wanted.is_over());
        assert_eq!(wanted.missing(), 1);
    }
}
