//! A transaction that was printed here and signed elsewhere: read, checked, and shown again before it goes out.

use base64::{Engine, engine::general_purpose::STANDARD};
use firebreak_interface::ID;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::{Transaction, versioned::VersionedTransaction};

use crate::error::Error;

/// Reads copies of one transaction in base64, and unites their signatures.
///
/// # Errors
/// [`Error::Usage`] where one is no transaction, was signed for another one, or is another one.
pub fn merge(texts: &[String]) -> Result<Transaction, Error> {
    let mut copies = texts.iter().map(|text| read(text));
    let mut merged = copies.next().ok_or_else(|| Error::usage("no transaction"))??;
    for copy in copies {
        let copy = copy?;
        if copy.message != merged.message {
            return Err(Error::usage(
                "these are different transactions: let each guardian sign a copy of the same one",
            ));
        }
        for (into, signature) in merged.signatures.iter_mut().zip(copy.signatures) {
            if *into == Signature::default() {
                *into = signature;
            }
        }
    }
    Ok(merged)
}

/// Who has not signed yet.
pub fn missing(transaction: &Transaction) -> Vec<Pubkey> {
    let signers = transaction.message.account_keys.iter().zip(&transaction.signatures);
    signers.filter(|(_, signature)| **signature == Signature::default()).map(|(key, _)| *key).collect()
}

/// A transaction in base64, whoever has signed it.
///
/// # Errors
/// [`Error::Sign`].
pub fn write(transaction: &Transaction) -> Result<String, Error> {
    let bytes = wincode::serialize(transaction).map_err(|error| Error::Sign(error.to_string()))?;
    Ok(STANDARD.encode(bytes))
}

fn read(text: &str) -> Result<Transaction, Error> {
    let bytes = STANDARD.decode(text.trim()).map_err(|error| Error::usage(format!("no base64: {error}")))?;
    let transaction: Transaction = wincode::deserialize(&bytes)
        .map_err(|_| Error::usage("no transaction as --print gives it: its bytes do not decode"))?;
    let sound = VersionedTransaction::from(transaction.clone()).sanitize();
    sound.map_err(|_| Error::usage("the transaction contradicts itself"))?;
    let verified = transaction.verify_with_results();
    let signers = transaction.message.account_keys.iter().zip(&transaction.signatures).zip(verified);
    let wrong = signers.filter(|((_, signature), is_good)| **signature != Signature::default() && !is_good);
    let wrong: Vec<_> = wrong.map(|((key, _), _)| key.to_string()).collect();
    if !wrong.is_empty() {
        let wrong = wrong.join(", ");
        return Err(Error::usage(format!("the signature is of another transaction: {wrong} signs this one")));
    }
    Ok(transaction)
}

/// Checks that it calls nothing but the breaker, beside compute budget and a nonce's advance: of anything else this tool could
/// not say what is signed.
///
/// # Errors
/// [`Error::Usage`].
pub fn check_company(transaction: &Transaction) -> Result<(), Error> {
    let message = &transaction.message;
    let called =
        (0..message.instructions.len()).filter_map(|place| Some((place, message.program_id(place)?)));
    let is_known = |(place, program): &(usize, &Pubkey)| {
        [ID, super::COMPUTE_BUDGET].contains(program) || *place == 0 && is_durable(transaction)
    };
    let strange: Vec<_> =
        called.filter(|one| !is_known(one)).map(|(_, program)| program.to_string()).collect();
    if strange.is_empty() {
        return Ok(());
    }
    Err(Error::usage(format!(
        "it calls {} beside the breaker, and this tool cannot say what that does: it signs no such transaction",
        strange.join(", ")
    )))
}

/// Whether its first instruction advances a durable nonce: then it never becomes too old.
pub fn is_durable(transaction: &Transaction) -> bool {
    const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
    let message = &transaction.message;
    message.instructions.first().is_some_and(|first| {
        message.account_keys.get(usize::from(first.program_id_index)) == Some(&SYSTEM)
            && first.data.starts_with(&super::nonce::ADVANCE)
    })
}

#[cfg(test)]
mod tests {
    use solana_hash::Hash;
    use solana_instruction::{AccountMeta, Instruction};
    use solana_keypair::Keypair;
    use solana_signer::Signer;

    use super::*;

    fn asked(keys: [&Keypair; 2]) -> Transaction {
        let accounts = vec![AccountMeta::new_readonly(keys[1].pubkey(), true)];
        let instruction =
            Instruction { program_id: Pubkey::new_from_array([4; 32]), accounts, data: vec![1] };
        let mut transaction = Transaction::new_with_payer(&[instruction], Some(&keys[0].pubkey()));
        transaction.message.recent_blockhash = Hash::new_from_array([3; 32]);
        transaction
    }

    fn merged(copies: &[&Transaction]) -> Result<Transaction, Error> {
        let texts: Result<Vec<_>, _> = copies.iter().map(|copy| write(copy)).collect();
        merge(&texts?)
    }

    #[test]
    fn who_has_not_signed_is_named() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let mut transaction = asked([&payer, &other]);
        let blockhash = transaction.message.recent_blockhash;
        assert_eq!(missing(&transaction), [payer.pubkey(), other.pubkey()]);
        transaction.partial_sign(&[&payer], blockhash);
        assert_eq!(missing(&merged(&[&transaction]).expect("one is missing")), [other.pubkey()]);
        transaction.partial_sign(&[&other], blockhash);
        assert_eq!(merged(&[&transaction]).expect("all have signed"), transaction);
        assert!(missing(&transaction).is_empty() && !is_durable(&transaction));
    }

    #[test]
    fn signatures_on_copies_of_one_transaction_are_united() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let unsigned = asked([&payer, &other]);
        let blockhash = unsigned.message.recent_blockhash;
        let (mut first, mut second) = (unsigned.clone(), unsigned.clone());
        first.partial_sign(&[&payer], blockhash);
        second.partial_sign(&[&other], blockhash);
        for copies in [[&first, &second], [&second, &first]] {
            assert!(merged(&copies).expect("the same").is_signed());
        }
        assert_eq!(missing(&merged(&[&second, &unsigned]).expect("the same")), [payer.pubkey()]);
    }

    #[test]
    fn signatures_of_different_transactions_are_not_united() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let (mut first, mut second) = (asked([&payer, &other]), asked([&payer, &other]));
        second.message.instructions[0].data = vec![2];
        let blockhash = first.message.recent_blockhash;
        first.partial_sign(&[&payer], blockhash);
        second.partial_sign(&[&other], blockhash);
        let error = merged(&[&first, &second]).expect_err("two of them").to_string();
        assert!(error.contains("different transactions"), "{error}");
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let mut transaction = asked([&payer, &other]);
        let blockhash = transaction.message.recent_blockhash;
        transaction.sign(&[&payer, &other], blockhash);
        transaction.message.instructions[0].data = vec![2];
        let error = merged(&[&transaction]).expect_err("it was changed").to_string();
        assert!(error.contains("another transaction"), "{error}");
    }

    #[test]
    fn what_calls_other_programs_is_not_signed() {
        let key = Pubkey::new_from_array([9; 32]);
        let call = |program_id| Instruction { program_id, accounts: Vec::new(), data: vec![1] };
        let advance = super::super::nonce::advance(key, key);
        let checked = |all: &[Instruction]| check_company(&Transaction::new_with_payer(all, Some(&key)));
        let (breaker, budget) = (call(ID), call(super::super::COMPUTE_BUDGET));
        assert!(checked(&[advance.clone(), budget, breaker.clone()]).is_ok());
        // a transfer, a nonce that is not first, a program of whoever
        let system = call(Pubkey::new_from_array([0; 32]));
        for all in [
            [breaker.clone(), system.clone()],
            [breaker.clone(), advance],
            [system, breaker.clone()],
            [call(key), breaker],
        ] {
            assert!(matches!(checked(&all), Err(Error::Usage(text)) if text.contains("beside the breaker")));
        }
    }

    #[test]
    fn what_is_no_transaction_is_refused() {
        for text in ["", "%%", "AAAA", "AQID"] {
            assert!(matches!(merge(&[text.to_owned()]), Err(Error::Usage(_))), "{text}");
        }
        assert!(matches!(merge(&[]), Err(Error::Usage(_))));
    }
}
