//! A transaction that was printed here and signed elsewhere: read, checked, and shown again before it goes out.

use base64::{Engine, engine::general_purpose::STANDARD};
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction::{Transaction, versioned::VersionedTransaction};

use crate::error::Error;

/// Reads a transaction in base64 that everybody has signed who must.
///
/// # Errors
/// [`Error::Usage`] with who has not signed, or signed something else.
pub fn read(text: &str) -> Result<Transaction, Error> {
    let bytes = STANDARD.decode(text.trim()).map_err(|error| Error::usage(format!("no base64: {error}")))?;
    let transaction: Transaction = wincode::deserialize(&bytes)
        .map_err(|_| Error::usage("no transaction as --print gives it: its bytes do not decode"))?;
    let sound = VersionedTransaction::from(transaction.clone()).sanitize();
    sound.map_err(|_| Error::usage("the transaction contradicts itself"))?;
    let verified = transaction.verify_with_results();
    let signers = transaction.message.account_keys.iter().zip(&transaction.signatures).zip(verified);
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for ((key, signature), is_good) in signers {
        if *signature == Signature::default() {
            missing.push(key.to_string());
        } else if !is_good {
            wrong.push(key.to_string());
        }
    }
    if !wrong.is_empty() {
        let wrong = wrong.join(", ");
        return Err(Error::usage(format!("the signature is of another transaction: {wrong} signs this one")));
    }
    if !missing.is_empty() {
        return Err(Error::usage(format!("still to be signed by {}", missing.join(", "))));
    }
    Ok(transaction)
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

    fn text(transaction: &Transaction) -> String {
        STANDARD.encode(wincode::serialize(transaction).expect("it serializes"))
    }

    #[test]
    fn who_has_not_signed_is_named() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let mut transaction = asked([&payer, &other]);
        let blockhash = transaction.message.recent_blockhash;
        transaction.partial_sign(&[&payer], blockhash);
        let error = read(&text(&transaction)).expect_err("one is missing").to_string();
        assert!(error.contains(&other.pubkey().to_string()), "{error}");
        assert!(!error.contains(&payer.pubkey().to_string()), "{error}");
        transaction.partial_sign(&[&other], blockhash);
        assert_eq!(read(&text(&transaction)).expect("all have signed"), transaction);
        assert!(!is_durable(&transaction));
    }

    #[test]
    fn a_signature_of_something_else_is_refused() {
        let (payer, other) = (Keypair::new(), Keypair::new());
        let mut transaction = asked([&payer, &other]);
        let blockhash = transaction.message.recent_blockhash;
        transaction.sign(&[&payer, &other], blockhash);
        transaction.message.instructions[0].data = vec![2];
        let error = read(&text(&transaction)).expect_err("it was changed").to_string();
        assert!(error.contains("another transaction"), "{error}");
    }

    #[test]
    fn what_is_no_transaction_is_refused() {
        for text in ["", "%%", "AAAA", "AQID"] {
            assert!(matches!(read(text), Err(Error::Usage(_))), "{text}");
        }
    }
}
