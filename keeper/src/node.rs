//! A node in this process, for the tests of what looks and sends: a guarded vault, and a fate for each transaction.

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytemuck::Zeroable;
use firebreak_client::{ID, ProtocolAddresses, account::encode, clock};
use firebreak_interface::{
    BreakerError,
    state::{Journal, Keeper, KeeperSettings},
};
use serde_json::{Value, json};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{
    fixtures::{LIMITER, MARKET, PROTOCOL, VAULT, World},
    record::{Format, Record},
};

/// The slot of the first transaction.
pub(crate) const FIRST_SLOT: u64 = 50;

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Lands,
    Fails(BreakerError),
    /// The node takes it and no block does.
    IsLost,
}

/// Decides over each new transaction, given its bytes, and may change the chain meanwhile.
pub(crate) type Script = Box<dyn FnMut(&mut Chain, &[u8]) -> Fate + Send>;

/// What the node has, and what it was sent.
pub(crate) struct Chain {
    pub(crate) world: World,
    pub(crate) segments: u32,
    pub(crate) keeper: Option<Keeper>,
    pub(crate) lamports: u64,
    /// Signatures with their fates, in the order in which they came.
    pub(crate) sent: Vec<(String, Fate)>,
    script: Option<Script>,
}

impl Chain {
    /// A vault of a million, a day old, and a key that can pay and is not registered. Everything that is sent lands.
    pub(crate) fn new() -> Self {
        let mut world = World::with_vault(1_000_000);
        world.limiter.protocol = PROTOCOL;
        for version in [&mut world.protocol.version, &mut world.protocol.min_reader] {
            *version = 1;
        }
        Self { world, segments: 1, keeper: None, lamports: 1_000_000_000, sent: Vec::new(), script: None }
    }

    /// Registers a bot's key for so many seconds.
    pub(crate) fn register(&mut self, key: &Keypair, term: u32) {
        let settings = KeeperSettings { key: key.pubkey(), max_seconds: 3_600, raises_per_day: 3, term };
        let mut keeper = Keeper::zeroed();
        keeper.initialize(PROTOCOL, 254, &settings, self.world.now).expect("within bounds");
        self.keeper = Some(keeper);
    }

    /// Lets this decide what becomes of transactions.
    pub(crate) fn with_fates(
        mut self,
        script: impl FnMut(&mut Self, &[u8]) -> Fate + Send + 'static,
    ) -> Self {
        self.script = Some(Box::new(script));
        self
    }

    /// Opens a port: the chain behind it, and its address.
    pub(crate) async fn open(self) -> (Arc<Mutex<Self>>, String) {
        let chain = Arc::new(Mutex::new(self));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("any port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let behind = Arc::clone(&chain);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&behind)));
            }
        });
        (chain, url)
    }

    fn accounts(&self) -> Vec<(Pubkey, Pubkey, Vec<u8>)> {
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
        let mut accounts = vec![
            (PROTOCOL, ID, encode(&world.protocol)),
            (MARKET, ID, encode(&world.market)),
            (LIMITER, ID, encode(&world.limiter)),
            (addresses.journal, ID, encode(&journal)),
            (VAULT, token_program, token),
            (clock::ADDRESS, sysvars, time),
        ];
        accounts.extend(self.keeper.map(|keeper| (addresses.keeper(&keeper.key), ID, encode(&keeper))));
        accounts
    }

    fn account(&self, key: &str) -> Value {
        match self.accounts().into_iter().find(|(address, ..)| address.to_string() == key) {
            None => Value::Null,
            Some((_, owner, data)) => json!({
                "lamports": 1, "owner": owner.to_string(), "data": [BASE64_STANDARD.encode(&data), "base64"],
                "executable": false, "rentEpoch": 0, "space": data.len(),
            }),
        }
    }

    /// Takes a transaction: the same one a second time is nothing new.
    fn take(&mut self, bytes: &[u8]) -> String {
        // one signature, after its count
        let signature: [u8; 64] = bytes[1..65].try_into().expect("a signature");
        let signature = solana_signature::Signature::from(signature).to_string();
        if !self.sent.iter().any(|(sent, _)| *sent == signature) {
            let mut script = self.script.take();
            let fate = script.as_mut().map_or(Fate::Lands, |script| script(self, bytes));
            self.script = script;
            self.sent.push((signature.clone(), fate));
        }
        signature
    }

    fn status(&self, signature: &Value) -> Option<Value> {
        let place = self.sent.iter().position(|(sent, _)| signature == sent)?;
        let (error, outcome) = match self.sent[place].1 {
            Fate::IsLost => return None,
            Fate::Lands => (Value::Null, json!({ "Ok": null })),
            Fate::Fails(error) => {
                // the two of the compute budget come first
                let error = json!({ "InstructionError": [2, { "Custom": error as u32 }] });
                (error.clone(), json!({ "Err": error }))
            }
        };
        Some(json!({
            "slot": FIRST_SLOT + place as u64, "confirmations": 1, "err": error, "status": outcome,
            "confirmationStatus": "processed",
        }))
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
                let text = params[0].as_str().unwrap_or_default();
                json!(self.take(&BASE64_STANDARD.decode(text).expect("base64")))
            }
            "getSignatureStatuses" => {
                let statuses: Vec<_> = list.iter().map(|signature| self.status(signature)).collect();
                json!({ "context": context, "value": statuses })
            }
            "getBalance" => json!({ "context": context, "value": self.lamports }),
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

/// What is written by those who look and send.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// A record that is kept here.
    pub(crate) fn record(&self) -> Record {
        Record::new(Format::Json, Box::new(self.clone()))
    }

    /// Its lines so far.
    pub(crate) fn written(&self) -> Vec<Value> {
        let written = self.0.lock().expect("sound").clone();
        let text = String::from_utf8(written).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("sound").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The events of a record.
pub(crate) fn events(record: &[Value]) -> Vec<&str> {
    record.iter().filter_map(|line| line["event"].as_str()).collect()
}
