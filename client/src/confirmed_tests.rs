use serde_json::{Value, json};
use solana_message::Message;
use solana_program::instruction::{AccountMeta, Instruction};
use solana_transaction::versioned::VersionedTransaction;

use super::*;

const PAYER: Pubkey = Pubkey::new_from_array([3; 32]);
const PROGRAM: Pubkey = Pubkey::new_from_array([4; 32]);
const LOADED: [Pubkey; 2] = [Pubkey::new_from_array([5; 32]), Pubkey::new_from_array([6; 32])];

/// A transaction of one instruction that led to one call, as a node answers.
fn answer() -> Value {
    let accounts = vec![AccountMeta::new(PAYER, true)];
    let instruction = Instruction { program_id: PROGRAM, accounts, data: vec![7] };
    let message = Message::new(&[instruction], Some(&PAYER));
    let signatures = vec![Default::default(); message.header.num_required_signatures.into()];
    let transaction =
        VersionedTransaction { signatures, message: solana_message::VersionedMessage::Legacy(message) };
    let bytes = serialized(&transaction);
    json!({
        "slot": 9,
        "blockTime": null,
        "transaction": [bytes, "base64"],
        "meta": {
            "err": null, "status": { "Ok": null }, "fee": 5_000, "preBalances": [1], "postBalances": [1],
            "loadedAddresses": { "writable": [LOADED[0].to_string()], "readonly": [LOADED[1].to_string()] },
            "innerInstructions": [{
                "index": 0,
                "instructions": [{
                    "programIdIndex": 1, "accounts": [2], "data": bs58::encode([8, 9]).into_string(),
                    "stackHeight": 2,
                }],
            }],
        },
    })
}

fn serialized(transaction: &VersionedTransaction) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(wincode::serialize(transaction).expect("it serializes"))
}

fn read(answer: Value) -> Result<Confirmed, NotConfirmed> {
    let given: EncodedTransactionWithStatusMeta = serde_json::from_value(answer).expect("an answer");
    confirmed(&given)
}

/// The answer with one thing at this path replaced.
fn with(path: &str, value: Value) -> Value {
    let mut answer = answer();
    *answer.pointer_mut(path).expect("a path") = value;
    answer
}

#[test]
fn keys_programs_and_calls_are_those_of_the_chain() {
    let confirmed = read(answer()).expect("it reads");
    assert!(!confirmed.failed);
    assert_eq!(confirmed.keys, [PAYER, PROGRAM, LOADED[0], LOADED[1]], "the loaded ones last");
    assert_eq!(confirmed.programs, [1]);
    let call = Call { program: 1, accounts: vec![2], data: vec![8, 9], height: Some(2) };
    assert_eq!(confirmed.inner, Some(vec![(0, vec![call])]));
}

#[test]
fn what_the_node_did_not_record_is_not_taken_for_nothing() {
    let none = read(with("/meta/innerInstructions", Value::Null)).expect("it reads");
    assert_eq!(none.inner, None);
    let mut left_out = answer();
    left_out["meta"].as_object_mut().expect("an object").remove("innerInstructions");
    assert_eq!(read(left_out).expect("it reads").inner, None);
    let empty = read(with("/meta/innerInstructions", json!([]))).expect("it reads");
    assert_eq!(empty.inner, Some(Vec::new()));
    assert_eq!(read(with("/meta", Value::Null)).map(drop), Err(NotConfirmed::NoStatus));
}

#[test]
fn a_failed_transaction_is_failed_whichever_field_says_so() {
    let failure = json!({ "InstructionError": [0, { "Custom": 6028 }] });
    assert!(read(with("/meta/err", failure.clone())).expect("it reads").failed);
    assert!(read(with("/meta/status", json!({ "Err": failure }))).expect("it reads").failed);
}

#[test]
fn what_was_changed_on_the_way_is_refused() {
    let damaged = with("/transaction/0", json!("AAAA"));
    assert_eq!(read(damaged).map(drop), Err(NotConfirmed::Transaction));
    let address = with("/meta/loadedAddresses/writable/0", json!("0OIl"));
    assert_eq!(read(address).map(drop), Err(NotConfirmed::Address));
    let data = with("/meta/innerInstructions/0/instructions/0/data", json!("0OIl"));
    assert_eq!(read(data).map(drop), Err(NotConfirmed::Call { instruction: 0 }));
    let parsed = json!({ "program": "x", "programId": PROGRAM.to_string(), "parsed": {}, "stackHeight": 2 });
    let parsed = with("/meta/innerInstructions/0/instructions/0", parsed);
    assert_eq!(read(parsed).map(drop), Err(NotConfirmed::Call { instruction: 0 }));
}
