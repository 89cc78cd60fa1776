//! What an error, or a transaction, means.

use firebreak_client::{Refusal, confirmed::confirmed, told::all_told};
use firebreak_interface::{
    BreakerError, ID,
    state::{Act, JournalEntry, Members},
};
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

use crate::{
    chain::Node,
    describe::SOURCES,
    error::{Error, Refused},
    history, words,
};

/// Something explained.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// What was asked about.
    pub of: String,
    /// In words.
    pub text: Vec<String>,
}

/// What a refusal of the chain means, given the transaction's keys and what it logged.
pub fn refused(error: &TransactionError, keys: &[Pubkey], logs: &Option<Vec<String>>) -> Refused {
    let payer = keys.first().copied().unwrap_or_default();
    let (refusal, reason) = match (Refusal::of(error), error) {
        (Some((_, refusal)), _) => (Some(refusal), refusal.to_string()),
        (None, TransactionError::AccountNotFound | TransactionError::InsufficientFundsForFee) => {
            (None, format!("{payer} has no SOL to pay with: transfer some to it"))
        }
        (None, TransactionError::InsufficientFundsForRent { .. }) => {
            (None, format!("{payer} has too little SOL for fee and rent: transfer some to it"))
        }
        (None, other) => {
            // the last lines say more than the runtime's own word for it
            let logs = logs.as_deref().unwrap_or_default();
            let last = logs.iter().rev().find(|line| line.contains("failed") || line.contains("Error"));
            let last = last.map(|line| format!(" ({line})")).unwrap_or_default();
            (None, format!("the chain refuses: {other}{last}"))
        }
    };
    Refused { refusal, reason }
}

/// Explains an error's number or name; none where it is neither.
pub fn error(text: &str) -> Option<Explanation> {
    let number =
        text.strip_prefix("0x").map_or_else(|| text.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
    let by_name = || {
        let name = |error: &&BreakerError| error.name().eq_ignore_ascii_case(text);
        BreakerError::ALL.iter().find(name).map(|error| error.code())
    };
    let code = number.or_else(by_name)?;
    let refusal = Refusal::from_code(code);
    let mut lines = vec![format!("{code} (0x{code:x}): {refusal}")];
    if refusal == Refusal::Unknown(code) {
        lines.push("it is none of the breaker's numbers, nor of its gate's, nor of Anchor's".to_owned());
    }
    Some(Explanation { of: text.to_owned(), text: lines })
}

/// Explains a transaction: whether it landed, what refused it, what it told the journal of whichever protocol.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Rpc`], [`Error::Transaction`], [`Error::Untold`].
pub async fn transaction(node: &Node, signature: Signature) -> Result<Explanation, Error> {
    let statuses = node.client.get_signature_statuses_with_history(&[signature]).await;
    let status = statuses.map_err(|error| node.failed(error))?.value.pop().flatten();
    let Some(status) = status else {
        return Err(Error::not_found(format!(
            "{} knows no transaction {signature}: it did not land, or not yet, or was forgotten; ask an endpoint that keeps the whole history",
            node.url
        )));
    };
    let given = history::transaction(node, &signature).await?;
    let when = given.block_time.map(words::moment).unwrap_or_default();
    let mut text = vec![format!("landed in slot {} {when}", given.slot)];
    if let Some(error) = status.err {
        let keys = given.transaction.transaction.decode();
        let keys = keys.as_ref().map(|one| one.message.static_account_keys()).unwrap_or_default();
        text.push("REFUSED: it changed nothing but the payer's balance".to_owned());
        text.push(refused(&error, keys, &None).reason);
        return Ok(Explanation { of: signature.to_string(), text });
    }
    text.push("succeeded".to_owned());
    let read = confirmed(&given.transaction).map_err(|source| Error::Transaction { signature, source })?;
    if !read.keys.contains(&ID) {
        text.push("the breaker had no part in it".to_owned());
    }
    let told = all_told(&read).map_err(|source| Error::Untold { signature, source })?;
    for one in &told {
        text.push(format!("told the journal of protocol {}: {}", one.protocol, entry(&one.entry)));
    }
    if told.is_empty() && read.keys.contains(&ID) {
        text.push("told no journal of anything".to_owned());
    }
    Ok(Explanation { of: signature.to_string(), text })
}

/// A journal's entry in a line.
pub fn entry(entry: &JournalEntry) -> String {
    let JournalEntry { number, at, actor, subject, act, before, after, count, .. } = entry;
    let change = if before == after { format!("{after:?}") } else { format!("{before:?} -> {after:?}") };
    format!(
        "{number}: {} slot {}, {act:?}, {change}, by {actor}, of {subject}, {}, {count} times",
        words::moment(at.unix),
        at.slot,
        figures(entry)
    )
}

/// What the two figures of an entry say: of an act of guardians who they were, by their places of that day.
fn figures(entry: &JournalEntry) -> String {
    let (value, threshold) = (entry.value, entry.threshold);
    let who = || Members::try_from(value).map_or_else(|_| format!("places {value}"), words::places);
    match entry.act {
        Act::Approved => format!("{}, so that {threshold} have approved", who()),
        Act::Vetoed => format!("{}, so that {threshold} have spoken against it", who()),
        Act::AuthorityFrozen => format!("{}, for {}", who(), words::exact(threshold)),
        Act::Confirmed => format!("{}, for {} from then", who(), words::exact(threshold)),
        Act::Resumed => {
            let source = usize::try_from(threshold).ok().and_then(|place| SOURCES.get(place));
            format!("{}, what {} had latched", who(), source.unwrap_or(&"another source"))
        }
        Act::MaintenanceAnnounced => format!("{}, for {}", who(), words::exact(threshold)),
        _ => format!("value {value}, threshold {threshold}"),
    }
}

#[cfg(test)]
mod tests {
    use firebreak_interface::Instant;

    use super::*;

    #[test]
    fn an_error_is_found_by_number_and_name() {
        for text in ["6028", "0x178c", "NothingToLatch", "nothingtolatch"] {
            let lines = error(text).expect(text).text;
            assert!(lines[0].contains("prove nothing") && lines[0].contains("6028"), "{lines:?}");
        }
        assert!(error("6504").expect("the gate's").text[0].contains("the gate refused"));
        assert!(error("77").expect("a number").text[1].contains("none of"));
        assert!(error("NoSuchName").is_none());
        assert!(error("0xzz").is_none());
    }

    #[test]
    fn an_act_of_guardians_says_who_they_were() {
        let told = |act, value, threshold| {
            let entry = JournalEntry::new(act, Pubkey::default(), Pubkey::default(), Instant::new(1, 1));
            super::entry(&JournalEntry { value, threshold, ..entry })
        };
        assert!(told(Act::Approved, 0b101, 2).contains("guardians 0, 2, so that 2 have approved"));
        assert!(told(Act::Confirmed, 0b10, 3_600).contains("guardian 1, for 1 h from then"));
        assert!(told(Act::Resumed, 0b11, 1).contains("guardians 0, 1, what price band had latched"));
        assert!(told(Act::Paused, 3, 4).contains("value 3, threshold 4"));
    }

    #[test]
    fn who_cannot_pay_is_named() {
        let payer = Pubkey::new_from_array([9; 32]);
        let refused = refused(&TransactionError::AccountNotFound, &[payer], &None);
        assert!(refused.reason.contains(&payer.to_string()), "{}", refused.reason);
        assert!(refused.refusal.is_none());
    }
}
