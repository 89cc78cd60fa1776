//! The socket against a node that misbehaves on purpose.

use std::{net::Ipv4Addr, time::Duration};

use firebreak_keeper::transport::socket::{self, Event, Gap, Socket};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, accept_async, tungstenite::Message};

type TestResult = Result<(), Box<dyn std::error::Error>>;
type Peer = WebSocketStream<TcpStream>;

const WATCHED: Pubkey = Pubkey::new_from_array([7; 32]);
const PATIENCE: Duration = Duration::from_secs(10);

/// The node's end of one connection. Subscriptions are numbered as their requests: slots 0, Clock 1, the
/// watched account 2.
struct Node {
    peer: Peer,
}

impl Node {
    async fn accept(listener: &TcpListener) -> Result<Self, Box<dyn std::error::Error>> {
        let (stream, _) = listener.accept().await?;
        Ok(Self { peer: accept_async(stream).await? })
    }

    /// Takes the three subscriptions and grants them.
    async fn grant(&mut self) -> TestResult {
        for _ in 0..3 {
            let frame = self.peer.next().await.ok_or("the keeper hung up")??;
            let request: Value = serde_json::from_str(frame.to_text()?)?;
            self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": request["id"] })).await?;
        }
        Ok(())
    }

    async fn slot(&mut self, slot: u64) -> TestResult {
        let result = json!({ "parent": 0, "root": 0, "slot": slot });
        let params = json!({ "subscription": 0, "result": result });
        self.say(json!({ "method": "slotNotification", "params": params })).await
    }

    async fn account(&mut self, subscription: u64, slot: u64, lamports: u64) -> TestResult {
        let owner = Pubkey::default().to_string();
        let value = json!({ "lamports": lamports, "owner": owner, "data": ["AQID", "base64"] });
        let result = json!({ "context": { "slot": slot }, "value": value });
        let params = json!({ "subscription": subscription, "result": result });
        self.say(json!({ "method": "accountNotification", "params": params })).await
    }

    async fn say(&mut self, frame: Value) -> TestResult {
        Ok(self.peer.send(Message::text(frame.to_string())).await?)
    }
}

async fn listener() -> Result<(TcpListener, String), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    Ok((listener, address.to_string()))
}

fn listen(url: String) -> mpsc::Receiver<Event> {
    let (events, receiver) = mpsc::channel(4);
    let socket = Socket::new(url, [WATCHED]);
    tokio::spawn(socket::run(socket, events, std::future::pending()));
    receiver
}

async fn next_gap(events: &mut mpsc::Receiver<Event>) -> Result<Gap, Box<dyn std::error::Error>> {
    let search = async {
        loop {
            match events.recv().await {
                Some(Event::Gap(gap)) => return Some(gap),
                Some(_) => {}
                None => return None,
            }
        }
    };
    Ok(timeout(PATIENCE, search).await?.ok_or("the events ended")?)
}

#[tokio::test]
async fn a_flood_reaches_a_slow_consumer_as_the_newest_state() -> TestResult {
    const UPDATES: u64 = 20_000;
    let (listener, address) = listener().await?;
    let mut events = listen(format!("ws://{address}"));
    let mut node = Node::accept(&listener).await?;
    node.grant().await?;
    node.slot(1).await?;
    // Nobody takes an event meanwhile; what waits is one state.
    for n in 1..=UPDATES {
        node.account(2, n, n).await?;
        if n % 100 == 0 {
            node.slot(n / 100).await?;
        }
    }

    let mut told = 0;
    let mut replaced = 0;
    let mut newest = 0;
    while newest < UPDATES {
        let event = timeout(PATIENCE, events.recv()).await?.ok_or("the events ended")?;
        if let Event::Account(notice) = event {
            assert!(notice.lamports > newest, "an older state after a newer one");
            newest = notice.lamports;
            told += 1;
            replaced += notice.superseded;
        }
    }
    assert_eq!(told + replaced, UPDATES, "a state vanished uncounted");
    assert!(replaced > 0);
    Ok(())
}

#[tokio::test]
async fn slots_without_account_notices_are_deafness() -> TestResult {
    let (listener, address) = listener().await?;
    let mut events = listen(format!("ws://{address}"));
    let mut node = Node::accept(&listener).await?;
    node.grant().await?;
    node.slot(1).await?;
    node.account(1, 1, 1).await?;
    for slot in 2..8 {
        node.slot(slot).await?;
    }
    assert!(matches!(next_gap(&mut events).await?, Gap::Deaf));
    Ok(())
}

#[tokio::test]
async fn a_refused_subscription_is_told_and_tried_again() -> TestResult {
    let (listener, address) = listener().await?;
    let mut events = listen(format!("ws://{address}"));
    let mut node = Node::accept(&listener).await?;
    node.say(json!({ "id": 2, "error": { "code": -32602, "message": "too many" } })).await?;
    assert!(matches!(next_gap(&mut events).await?, Gap::Refused(why) if why.contains("too many")));

    let mut node = Node::accept(&listener).await?;
    node.grant().await?;
    node.slot(9).await?;
    let event = timeout(PATIENCE, events.recv()).await?;
    assert!(matches!(event, Some(Event::Connected { slot: 9 })), "{event:?}");
    Ok(())
}

#[tokio::test]
async fn nonsense_is_a_gap() -> TestResult {
    let (listener, address) = listener().await?;
    let mut events = listen(format!("ws://{address}"));
    let mut node = Node::accept(&listener).await?;
    node.grant().await?;
    node.peer.send(Message::text("<html>")).await?;
    assert!(matches!(next_gap(&mut events).await?, Gap::Unreadable(_)));
    Ok(())
}

#[tokio::test]
async fn a_server_without_tls_is_no_place_for_wss() -> TestResult {
    let (listener, address) = listener().await?;
    let mut events = listen(format!("wss://{address}"));
    let (stream, _) = listener.accept().await?;
    drop(stream);
    assert!(matches!(next_gap(&mut events).await?, Gap::Connect(_)));
    Ok(())
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() -> TestResult {
    let (listener, address) = listener().await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let (events, mut receiver) = mpsc::channel(4);
    let socket = Socket::new(format!("ws://{address}"), [WATCHED]);
    let run = tokio::spawn(socket::run(socket, events, async {
        // A sender that is gone is a wish to stop as well.
        let _ = stopped.await;
    }));
    let mut node = Node::accept(&listener).await?;
    node.grant().await?;
    node.slot(1).await?;
    assert!(matches!(receiver.recv().await, Some(Event::Connected { .. })));
    assert!(stop.send(()).is_ok());
    timeout(PATIENCE, run).await??;
    Ok(())
}
