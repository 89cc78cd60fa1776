//! A responder against a node whose journal goes on to another segment while a poke is under way.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, atomic::AtomicU32},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytemuck::Zeroable;
use firebreak_client::{ID, ProtocolAddresses, account::encode, clock};
use firebreak_interface::{BreakerError, state::Journal};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    fixtures::{LIMITER, MARKET, PROTOCOL, VAULT, World},
    record::Format,
    transport::sender::Effort,
};

/// What the node has, and what it was sent.
struct Chain {
    world: World,
    segments: u32,
    /// How many transactions find another segment than they were made for.
    rollovers: usize,
    /// Signatures, and whether they brought the current segment.
    sent: Vec<(String, bool)>,
}

impl Chain {
    fn account(&self, key: &str) -> Value {
        let world = &self.world;
        let addresses = ProtocolAddresses::new(PROTOCOL);
        let journal = Journal {
            version: 1,
            min_reader: 1,
            segments: self.segments,
            current: u64::from(self.segments) - 1,
            protocol: PROTOCOL,
            room: 1,
            ..Journal::zeroed()
        };
        let mut token = vec![0; 165];
        token[..32].copy_from_slice(world.vault.mint.as_ref());
        token[32..64].copy_from_slice(world.vault.owner.as_ref());
        token[64..72].copy_from_slice(&world.vault.amount.to_le_bytes());
        token[108] = 1;
        let mut time = vec![0; 40];
        time[..8].copy_from_slice(&world.now.slot.to_le_bytes());
        time[32..].copy_from_slice(&world.now.unix.to_le_bytes());
        let token_program = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
        let sysvars = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");
        let accounts = [
            (PROTOCOL, ID, encode(&world.protocol)),
            (MARKET, ID, encode(&world.market)),
            (LIMITER, ID, encode(&world.limiter)),
            (addresses.journal, ID, encode(&journal)),
            (VAULT, token_program, token),
            (clock::ADDRESS, sysvars, time),
        ];
        match accounts.into_iter().find(|(address, ..)| address.to_string() == key) {
            None => Value::Null,
            Some((_, owner, data)) => json!({
                "lamports": 1, "owner": owner.to_string(), "data": [BASE64_STANDARD.encode(&data), "base64"],
                "executable": false, "rentEpoch": 0, "space": data.len(),
            }),
        }
    }

    fn answer(&mut self, method: &str, params: &Value) -> Value {
        let context = json!({ "slot": self.world.now.slot });
        let list = params[0].as_array().cloned().unwrap_or_default();
        match method {
            "getMultipleAccounts" => {
                let accounts: Vec<_> =
                    list.iter().map(|key| self.account(key.as_str().unwrap_or_default())).collect();
                json!({ "context": context, "value": accounts })
            }
            "getLatestBlockhash" => {
                let hash = Pubkey::new_from_array([9; 32]).to_string();
                json!({ "context": context, "value": { "blockhash": hash, "lastValidBlockHeight": 1_000 } })
            }
            "sendTransaction" => {
                let text = params[0].as_str().unwrap_or_default().to_owned();
                let bytes = BASE64_STANDARD.decode(text).expect("base64");
                // one signature, after its count
                let signature: [u8; 64] = bytes[1..65].try_into().expect("a signature");
                let signature = solana_signature::Signature::from(signature).to_string();
                if !self.sent.iter().any(|(sent, _)| *sent == signature) {
                    if self.sent.len() < self.rollovers {
                        self.segments += 1;
                    }
                    let current = ProtocolAddresses::new(PROTOCOL).segment(self.segments - 1);
                    let brings = bytes.windows(32).any(|key| key == current.as_ref());
                    self.sent.push((signature.clone(), brings));
                }
                json!(signature)
            }
            "getSignatureStatuses" => {
                let status = |signature: &Value| {
                    let place = self.sent.iter().position(|(sent, _)| signature == sent)?;
                    let error =
                        json!({ "InstructionError": [2, { "Custom": BreakerError::WrongSegment as u32 }] });
                    let (error, outcome) = match self.sent[place].1 {
                        true => (Value::Null, json!({ "Ok": null })),
                        false => (error.clone(), json!({ "Err": error })),
                    };
                    Some(json!({
                        "slot": 50 + place, "confirmations": 1, "err": error, "status": outcome,
                        "confirmationStatus": "processed",
                    }))
                };
                let statuses: Vec<_> = list.iter().map(status).collect();
                json!({ "context": context, "value": statuses })
            }
            "getBalance" => json!({ "context": context, "value": 1_000_000_000 }),
            "getBlockHeight" => json!(1),
            _ => Value::Null,
        }
    }
}

async fn serve(stream: TcpStream, chain: Arc<Mutex<Chain>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
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
        stream.read_exact(&mut body).await?;
        let request: Value = serde_json::from_slice(&body)?;
        let method = request["method"].as_str().unwrap_or_default();
        let result = chain.lock().expect("sound").answer(method, &request["params"]);
        let answer = json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        stream.write_all(format!("{head} {}\r\n\r\n{answer}", answer.len()).as_bytes()).await?;
    }
}

/// What a responder writes.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("sound").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The record of a responder to a theft, on a chain whose journal goes on so many times.
async fn record_of_a_theft(rollovers: usize) -> Vec<Value> {
    let mut world = World::with_vault(1_000_000);
    world.limiter.protocol = PROTOCOL;
    for version in [&mut world.protocol.version, &mut world.protocol.min_reader] {
        *version = 1;
    }
    world.steal(50_000);
    let slot = world.now.slot;
    let chain = Arc::new(Mutex::new(Chain { world, segments: 1, rollovers, sent: Vec::new() }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("any port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&chain)));
        }
    });

    let lines = Lines::default();
    let responder = Responder {
        rpc: Arc::new(Rpc::new(std::slice::from_ref(&url))),
        sender: Arc::new(Sender::new([url], Effort::default()).expect("an endpoint")),
        key: Arc::new(Keypair::new()),
        protocol: PROTOCOL,
        raise_seconds: 600,
        fees: Fees { start: 1, ceiling: 1 },
        record: Record::new(Format::Json, Box::new(lines.clone())),
        serial: AtomicU32::new(0),
    };
    let evidence = Evidence::Shortfall { missing: 50_000, threshold: 30_000 };
    let alarm = Alarm { slot, market: MARKET, limiter: LIMITER, vault: VAULT, evidence, across_gap: false };
    assert!(
        responder.respond(&alarm, SystemTime::now()).await.is_none(),
        "no effect is seen: it landed or failed"
    );
    let written = lines.0.lock().expect("sound").clone();
    let text = String::from_utf8(written).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn events(record: &[Value]) -> Vec<&str> {
    record.iter().filter_map(|line| line["event"].as_str()).collect()
}

#[tokio::test]
async fn an_act_whose_segment_is_full_is_planned_anew_at_once() {
    let record = record_of_a_theft(1).await;
    assert_eq!(
        events(&record),
        ["saw", "decided", "sent", "error", "decided", "sent", "landed"],
        "{record:?}"
    );
    assert_eq!(record[3]["retried"], true);
    assert!(record[3]["message"].as_str().is_some_and(|why| why.contains("segment")), "{}", record[3]);
    assert_ne!(record[2]["signature"], record[5]["signature"]);
    assert_eq!((&record[6]["slot"], &record[6]["by"]), (&json!(51), &json!("us")));
}

#[tokio::test]
async fn a_journal_that_never_stands_still_ends_the_act_and_not_the_keeper() {
    let record = record_of_a_theft(usize::MAX).await;
    assert_eq!(events(&record).iter().filter(|event| **event == "sent").count(), 3, "{record:?}");
    assert!(record.iter().filter(|line| line["event"] == "error").all(|line| line["retried"] == true));
}
