//! Sending, against a node that does what nodes do on a bad day: what is said afterwards is what happened.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use firebreak_client::interface::BreakerError;
use firebreak_guardian::{
    act::send::{Landed, Until, send},
    chain::Node,
    console::{Console, Stop},
    error::Error,
    exit::Exit,
};
use serde_json::{Value, json};
use solana_hash::Hash;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

/// How a node answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mood {
    /// It lands at the third look.
    Lands,
    /// It lands, and the program refuses.
    Refuses,
    /// It is taken and never lands, and the blockhash expires.
    Forgets,
    /// It landed in the last block that took it, and only the history knows.
    LandsLate,
    /// It is not taken at all.
    Declines,
    /// It is not taken, because it landed before.
    HasIt,
    /// It is taken, and nothing is heard of it.
    SaysNothing,
}

const UNTIL: u64 = 100;

/// Answers as the mood is; counts what was sent.
fn node(mood: Mood) -> (Node, Arc<AtomicU32>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let sent = Arc::new(AtomicU32::new(0));
    let looks = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&sent);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (sent, looks) = (Arc::clone(&counted), Arc::clone(&looks));
            // a client that hangs up is its own affair
            thread::spawn(move || serve(stream, mood, &sent, &looks).ok());
        }
    });
    (Node::new(url), sent)
}

fn serve(mut stream: TcpStream, mood: Mood, sent: &AtomicU32, looks: &AtomicU32) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request: Value = serde_json::from_slice(&body)?;
        let mut answer = answer(&request, mood, sent, looks);
        (answer["jsonrpc"], answer["id"]) = (json!("2.0"), request["id"].clone());
        let answer = answer.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{answer}", answer.len())?;
    }
}

fn answer(request: &Value, mood: Mood, sent: &AtomicU32, looks: &AtomicU32) -> Value {
    match request["method"].as_str() {
        Some("sendTransaction") if mood == Mood::Declines => {
            json!({ "error": { "code": -32_003, "message": "blockhash not found" } })
        }
        Some("sendTransaction") if mood == Mood::HasIt => {
            json!({ "error": { "code": -32_002, "message": "this transaction has already been processed" } })
        }
        Some("sendTransaction") => {
            sent.fetch_add(1, Ordering::Relaxed);
            json!({ "result": solana_signature_of(request) })
        }
        Some("getBlockHeight") => {
            let expired = matches!(mood, Mood::Forgets | Mood::LandsLate);
            json!({ "result": if expired { UNTIL + 1 } else { UNTIL } })
        }
        Some("getSignatureStatuses") => {
            let in_history = request["params"][1]["searchTransactionHistory"] == true;
            let error =
                json!({ "InstructionError": [0, { "Custom": BreakerError::PauseBudgetSpent.code() }] });
            let looks = looks.fetch_add(1, Ordering::Relaxed);
            let status = match mood {
                Mood::Lands if looks >= 2 => status(&Value::Null, &json!({ "Ok": null })),
                Mood::Refuses if looks >= 2 => status(&error, &json!({ "Err": error })),
                Mood::LandsLate | Mood::HasIt if in_history => status(&Value::Null, &json!({ "Ok": null })),
                _ => Value::Null,
            };
            json!({ "result": { "context": { "slot": 7 }, "value": [status] } })
        }
        _ => json!({ "error": { "code": -32_601, "message": "no such method" } }),
    }
}

fn status(error: &Value, status: &Value) -> Value {
    json!({ "slot": 9, "confirmations": 1, "err": error, "status": status, "confirmationStatus": "confirmed" })
}

/// The signature in a transaction is its first 64 bytes after their count.
fn solana_signature_of(request: &Value) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let bytes = BASE64_STANDARD.decode(request["params"][0].as_str().unwrap_or_default()).unwrap_or_default();
    let signature: [u8; 64] = bytes.get(1..65).and_then(|bytes| bytes.try_into().ok()).unwrap_or([0; 64]);
    solana_signature::Signature::from(signature).to_string()
}

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What sending ends with in this mood, what was said, and how often it was sent.
async fn ended(mood: Mood, stop_after: Option<Duration>) -> (Result<Landed, Error>, String, u32) {
    let key = Keypair::new();
    let program_id = Pubkey::new_unique();
    let instruction = Instruction { program_id, accounts: Vec::new(), data: vec![1] };
    let blockhash = Hash::new_from_array([8; 32]);
    let mut transaction = Transaction::new_with_payer(&[instruction], Some(&key.pubkey()));
    transaction.sign(&[&key], blockhash);
    let until = Until { blockhash, height: UNTIL, slot: 5 };
    let (node, sent) = node(mood);
    let page = Page::default();
    let mut console = Console::of(Box::new(io::sink()), Box::new(page.clone()), false);
    let (asks, mut stop) = Stop::new();
    let interrupt = async {
        if let Some(after) = stop_after {
            tokio::time::sleep(after).await;
            let _ = asks.send(true);
        }
    };
    let (ended, ()) = tokio::join!(send(&node, &transaction, until, &mut stop, &mut console), interrupt);
    let said = String::from_utf8_lossy(&page.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
    assert!(said.contains(&transaction.signatures[0].to_string()), "said before it was sent: {said}");
    (ended, said, sent.load(Ordering::Relaxed))
}

#[tokio::test]
async fn what_lands_is_said_with_its_slot() {
    let (ended, _, sent) = ended(Mood::Lands, None).await;
    let landed = ended.expect("it lands");
    assert_eq!((landed.slot, landed.asked_at), (9, 5));
    assert!(sent >= 1);
}

#[tokio::test]
async fn what_the_program_refuses_is_said_with_its_rule() {
    let (ended, ..) = ended(Mood::Refuses, None).await;
    let error = ended.expect_err("it is refused");
    assert_eq!(error.exit(), Exit::Refused);
    assert!(error.to_string().contains("PauseBudgetSpent"), "{error}");
    assert!(!error.retry_can_help());
}

#[tokio::test]
async fn what_is_too_old_to_land_is_certain_to_have_changed_nothing() {
    let (ended, ..) = ended(Mood::Forgets, None).await;
    let error = ended.expect_err("it does not land");
    assert_eq!(error.exit(), Exit::NotLanded);
    assert!(error.retry_can_help());
}

#[tokio::test]
async fn what_landed_at_the_last_moment_is_not_called_lost() {
    let (ended, ..) = ended(Mood::LandsLate, None).await;
    assert_eq!(ended.expect("it landed").slot, 9);
}

#[tokio::test]
async fn what_landed_before_is_said_to_have_landed() {
    let (ended, _, sent) = ended(Mood::HasIt, None).await;
    assert_eq!((ended.expect("it landed").slot, sent), (9, 0));
}

#[tokio::test]
async fn what_no_node_took_was_not_sent() {
    let (ended, _, sent) = ended(Mood::Declines, None).await;
    let error = ended.expect_err("it is declined");
    assert_eq!((error.exit(), sent), (Exit::Unreachable, 0));
    assert!(error.to_string().contains("nothing was sent"), "{error}");
}

#[tokio::test]
async fn an_interruption_after_sending_says_that_it_was_sent_and_how_to_look() {
    let (ended, _, sent) = ended(Mood::SaysNothing, Some(Duration::from_millis(700))).await;
    let error = ended.expect_err("nobody knows");
    assert_eq!(error.exit(), Exit::Unknown);
    let text = error.to_string();
    assert!(text.contains("SENT") && text.contains("explain") && text.contains("100"), "{text}");
    assert!(!error.retry_can_help(), "to do it again might do it twice");
    assert!(sent > 1, "the same transaction again, in case it was lost: {sent}");
}

#[tokio::test]
async fn an_interruption_looks_once_more_and_tells_what_landed() {
    let (ended, ..) = ended(Mood::LandsLate, Some(Duration::from_millis(20))).await;
    assert_eq!(ended.expect("it landed").slot, 9);
}
