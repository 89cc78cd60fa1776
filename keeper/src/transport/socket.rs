//! A pubsub client that stays connected and never goes deaf without saying so.
//!
//! One task a connection. It subscribes the given accounts and the slots, hands every change to its consumer
//! and, when a connection fails or falls silent, says [`Event::Gap`] and connects again. After each
//! [`Event::Connected`] the consumer reads everything anew, because what changed in between was told to nobody.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use solana_pubkey::Pubkey;
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{sleep, sleep_until, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, Message},
};

pub use super::canary::Canary;
use super::{backoff, session::Session};

const CONNECT: Duration = Duration::from_secs(5);
/// Until the node has answered every subscription.
const SUBSCRIBE: Duration = Duration::from_secs(10);

/// One websocket of one node.
#[derive(Clone, Debug)]
pub struct Socket {
    /// `ws://` or `wss://`.
    pub url: String,
    /// What to watch. The Clock sysvar is always subscribed, and told only if it is listed here.
    pub accounts: Vec<Pubkey>,
    /// Without a sign of life for this long, the connection counts as dead.
    pub silence: Duration,
}

impl Socket {
    /// Two seconds of silence are tolerated.
    pub fn new(url: impl Into<String>, accounts: impl IntoIterator<Item = Pubkey>) -> Self {
        Self { url: url.into(), accounts: accounts.into_iter().collect(), silence: Duration::from_secs(2) }
    }
}

/// What a consumer is told, in the order in which it came.
#[derive(Debug)]
pub enum Event {
    /// Every subscription stands and a slot has begun since. Read all accounts anew, at `slot` or later.
    Connected {
        /// What a snapshot must not be older than.
        slot: u64,
    },
    /// What this connection's liveness rests on, as soon as the node has shown it.
    Canary(Canary),
    /// A watched account changed.
    Account(AccountNotice),
    /// A slot began.
    Slot {
        /// Its number.
        slot: u64,
        /// When the notice arrived.
        received: Instant,
    },
    /// Changes from here to the next [`Event::Connected`] may go untold.
    Gap(Gap),
}

/// One change of one account.
#[derive(Clone, Debug)]
pub struct AccountNotice {
    /// Which account.
    pub key: Pubkey,
    /// The slot that the state belongs to. A node without Clock notices does not tell it reliably: then it is
    /// the latest slot that the node announced.
    pub slot: u64,
    /// Its balance.
    pub lamports: u64,
    /// The program that owns it; to be checked before the data is believed.
    pub owner: Pubkey,
    /// Its bytes.
    pub data: Vec<u8>,
    /// When the notice arrived.
    pub received: Instant,
    /// Older states that the consumer was too slow to take.
    pub superseded: u64,
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub enum Gap {
    /// It never came about.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The other side or the network ended it.
    #[error("connection lost: {0}")]
    Lost(String),
    /// It is open, and nothing that proves it comes any more.
    #[error("no sign of life for {} ms", .0.as_millis())]
    Silent(Duration),
    /// Slots come, account notices do not.
    #[error("account notices stopped while slots went on")]
    Deaf,
    /// The node declined a subscription.
    #[error("subscription refused: {0}")]
    Refused(String),
    /// The node did not answer a subscription.
    #[error("subscriptions not answered within {} s", .0.as_secs())]
    Unanswered(Duration),
    /// The node sent what no node should.
    #[error("unreadable frame: {0}")]
    Unreadable(String),
}

/// Keeps `socket` connected until `shutdown` resolves or nobody takes events any more.
pub async fn run(socket: Socket, events: mpsc::Sender<Event>, shutdown: impl Future<Output = ()>) {
    tokio::select! {
        () = shutdown => {}
        result = keep_connected(&socket, &events) => match result {
            Err(ConsumerGone) => {}
        }
    }
}

/// Nobody takes events any more.
struct ConsumerGone;

async fn keep_connected(socket: &Socket, events: &mpsc::Sender<Event>) -> Result<Infallible, ConsumerGone> {
    let mut attempt = 0;
    loop {
        let mut session = Session::new(socket);
        let gap = connection(socket, events, &mut session).await?;
        tracing::warn!(url = socket.url, %gap, "websocket gap");
        // What came before the gap is told before it.
        while let Some(event) = session.outbox.take() {
            tell(events, event).await?;
        }
        tell(events, Event::Gap(gap)).await?;
        attempt = match session.is_announced() {
            true => 0,
            false => attempt + 1,
        };
        sleep(backoff::delay(attempt, backoff::random())).await;
    }
}

async fn tell(events: &mpsc::Sender<Event>, event: Event) -> Result<(), ConsumerGone> {
    events.send(event).await.map_err(|_| ConsumerGone)
}

/// One connection from its first packet to the reason why it ended.
async fn connection(
    socket: &Socket,
    events: &mpsc::Sender<Event>,
    session: &mut Session,
) -> Result<Gap, ConsumerGone> {
    let mut stream = match open(socket, session).await {
        Ok(stream) => stream,
        Err(gap) => return Ok(gap),
    };
    let answered_by = tokio::time::Instant::now() + SUBSCRIBE;
    loop {
        let silent_at = session.silent_at().unwrap_or(answered_by.into_std());
        tokio::select! {
            // A waiting consumer first: what it does not take piles up.
            biased;
            permit = events.reserve(), if !session.outbox.is_empty() => {
                let permit = permit.map_err(|_| ConsumerGone)?;
                if let Some(event) = session.outbox.take() {
                    permit.send(event);
                }
            }
            frame = stream.next() => {
                let heard = text_of(frame).and_then(|text| match text {
                    Some(text) => session.hear(&text, Instant::now()),
                    None => Ok(()),
                });
                if let Err(gap) = heard {
                    return Ok(gap);
                }
            }
            () = sleep_until(silent_at.into()) => return Ok(session.silent_gap(SUBSCRIBE)),
            () = events.closed() => return Err(ConsumerGone),
        }
    }
}

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Connects and asks for everything, one subscription a frame: nodes cut off clients with larger ones.
async fn open(socket: &Socket, session: &Session) -> Result<Stream, Gap> {
    let (mut stream, _) = timeout(CONNECT, connect_async(&socket.url))
        .await
        .map_err(|_| Gap::Connect(format!("no answer within {} s", CONNECT.as_secs())))?
        .map_err(|error| Gap::Connect(error.to_string()))?;
    let asked = async {
        for request in session.requests() {
            stream.feed(Message::text(request)).await?;
        }
        stream.flush().await
    };
    match timeout(SUBSCRIBE, asked).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(error)) => Err(Gap::Lost(error.to_string())),
        Err(_) => Err(Gap::Unanswered(SUBSCRIBE)),
    }
}

fn text_of(
    frame: Option<Result<Message, tungstenite::Error>>,
) -> Result<Option<tungstenite::Utf8Bytes>, Gap> {
    match frame {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Close(_))) | None => Err(Gap::Lost("closed by the node".into())),
        // The library answers pings while it reads.
        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => Ok(None),
        Some(Ok(Message::Binary(_))) => Err(Gap::Unreadable("a binary frame".into())),
        Some(Err(error)) => Err(Gap::Lost(error.to_string())),
    }
}
