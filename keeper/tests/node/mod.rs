//! A node that knows a few accounts and answers the RPC calls with which a keeper begins.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use solana_pubkey::Pubkey;

/// Address at which nobody listens.
pub(crate) fn dead_url() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

pub(crate) struct Node {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    genesis: String,
    lamports: u64,
    accounts: HashMap<String, (Pubkey, Vec<u8>)>,
}

impl Node {
    /// A node whose genesis is derived from `name`.
    pub(crate) fn start(name: &str) -> Self {
        let mut genesis = [0; 32];
        genesis[..name.len()].copy_from_slice(name.as_bytes());
        let genesis = Pubkey::new_from_array(genesis).to_string();
        let state = Arc::new(Mutex::new(State { genesis, ..State::default() }));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("any port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                // a client that hangs up is its own affair
                thread::spawn(move || serve(stream, &state).ok());
            }
        });
        Self { url, state }
    }

    pub(crate) fn put(&self, key: Pubkey, owner: Pubkey, data: Vec<u8>) {
        self.state.lock().expect("sound").accounts.insert(key.to_string(), (owner, data));
    }

    pub(crate) fn fund(&self, lamports: u64) {
        self.state.lock().expect("sound").lamports = lamports;
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
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
        let answer = json!({
            "jsonrpc": "2.0",
            "id": request["id"],
            "result": answer(&request, &state.lock().expect("sound")),
        });
        let answer = answer.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
        write!(stream, "{head} {}\r\n\r\n{answer}", answer.len())?;
    }
}

fn answer(request: &Value, state: &State) -> Value {
    let context = json!({ "slot": 7 });
    match request["method"].as_str() {
        Some("getGenesisHash") => json!(state.genesis),
        Some("getBalance") => json!({ "context": context, "value": state.lamports }),
        Some("getProgramAccounts") => json!([]),
        Some("getMultipleAccounts") => {
            let keys = request["params"][0].as_array().cloned().unwrap_or_default();
            let account = |key: &Value| match state.accounts.get(key.as_str().unwrap_or_default()) {
                None => Value::Null,
                Some((owner, data)) => json!({
                    "lamports": 1,
                    "owner": owner.to_string(),
                    "data": [BASE64_STANDARD.encode(data), "base64"],
                    "executable": false,
                    "rentEpoch": 0,
                    "space": data.len(),
                }),
            };
            json!({ "context": context, "value": keys.iter().map(account).collect::<Vec<_>>() })
        }
        _ => Value::Null,
    }
}
