//! What the keeper says of itself: one line an event on standard output, JSON or `key=value`.
//!
//! The lines are an interface: tools and timelines read them. Fields are added, never renamed; the README lists
//! them.

use std::{
    fmt::Display,
    io::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, Serializer};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

/// How lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the keeper can do on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Latch what the accounts prove.
    Poke,
    /// Caution on the keeper's word.
    Raise,
}

/// Who brought an effect about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// This keeper's transaction.
    Us,
    /// Somebody else's.
    Another,
}

/// One event.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Everything is found, read and watched.
    Ready {
        /// The protocol.
        #[serde(serialize_with = "text")]
        protocol: Pubkey,
        /// This keeper's key.
        #[serde(serialize_with = "text")]
        key: Pubkey,
        /// Its markets.
        #[serde(serialize_with = "texts")]
        markets: Vec<Pubkey>,
        /// Its guarded vaults.
        #[serde(serialize_with = "texts")]
        vaults: Vec<Pubkey>,
        /// Whether this key may raise.
        registered: bool,
        /// What the key has for fees.
        lamports: u64,
        /// Websocket that is heard.
        url: String,
    },
    /// Something calls for an act.
    Saw {
        /// Which rule found it.
        rule: &'static str,
        /// The market concerned.
        #[serde(serialize_with = "text")]
        market: Pubkey,
        /// The vault concerned.
        #[serde(serialize_with = "text")]
        vault: Pubkey,
        /// Measured value, in the unit of the rule.
        value: u64,
        /// Threshold, in the same unit.
        threshold: u64,
        /// Whether what came between was not seen.
        across_gap: bool,
    },
    /// What is done about it, after another look at the chain.
    Decided {
        /// The act; null for none.
        act: Option<Act>,
        /// The market concerned.
        #[serde(serialize_with = "text")]
        market: Pubkey,
        /// The vault concerned.
        #[serde(serialize_with = "text")]
        vault: Pubkey,
        /// In words.
        why: String,
    },
    /// A transaction was signed and goes out.
    Sent {
        /// The act.
        act: Act,
        /// The market concerned.
        #[serde(serialize_with = "text")]
        market: Pubkey,
        /// The vault concerned.
        #[serde(serialize_with = "text")]
        vault: Pubkey,
        /// Its signature.
        #[serde(serialize_with = "text")]
        signature: Signature,
        /// How often the act was signed before.
        attempt: u32,
        /// Price of a compute unit, in micro-lamports.
        fee: u64,
    },
    /// The act is on chain.
    Landed {
        /// The act.
        act: Act,
        /// The market concerned.
        #[serde(serialize_with = "text")]
        market: Pubkey,
        /// The vault concerned.
        #[serde(serialize_with = "text")]
        vault: Pubkey,
        /// Our signature.
        #[serde(serialize_with = "text")]
        signature: Signature,
        /// Whose it was.
        by: By,
        /// From the alarm to here, in milliseconds.
        after_ms: u64,
    },
    /// The chain has it that this keeper is there. The line's slot is the block's.
    Heartbeat {
        /// Signature of the heartbeat.
        #[serde(serialize_with = "text")]
        signature: Signature,
        /// Unix time at which the registration is over.
        expires: i64,
    },
    /// A market rose. The line's slot is the one in which it did.
    MarketClosed {
        /// The market.
        #[serde(serialize_with = "text")]
        market: Pubkey,
        /// Severity in force now.
        severity: &'static str,
        /// Operations that are closed now.
        closed: Vec<String>,
        /// Slot of the notice that told it.
        seen_slot: u64,
        /// Unix time until which it holds at least.
        until: i64,
    },
    /// The view is, or no longer is, incomplete.
    Gap {
        /// The endpoint.
        url: String,
        /// True from the moment at which changes may go unseen, false when everything was read anew.
        open: bool,
        /// In words.
        why: String,
    },
    /// Something is wrong that a person should know.
    Error {
        /// In words, with the remedy.
        message: String,
        /// The account concerned.
        #[serde(serialize_with = "text_or_null")]
        account: Option<Pubkey>,
        /// Whether the keeper tries again by itself.
        retried: bool,
    },
}

impl Event {
    /// An error that the keeper overcomes by trying again.
    pub fn retried(message: impl Display) -> Self {
        Self::Error { message: message.to_string(), account: None, retried: true }
    }

    /// An error that needs a person.
    pub fn failed(message: impl Display) -> Self {
        Self::Error { message: message.to_string(), account: None, retried: false }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    unix_ms: u64,
    slot: Option<u64>,
    #[serde(flatten)]
    event: &'a Event,
}

/// Where the lines go. Clones write to the same place.
#[derive(Clone)]
pub struct Record {
    inner: Arc<Inner>,
}

struct Inner {
    format: Format,
    sink: Mutex<Box<dyn Write + Send>>,
    failed: AtomicBool,
}

impl Record {
    /// Lines to standard output.
    pub fn stdout(format: Format) -> Self {
        Self::new(format, Box::new(std::io::stdout()))
    }

    /// Lines to anything.
    pub fn new(format: Format, sink: Box<dyn Write + Send>) -> Self {
        let inner = Inner { format, sink: Mutex::new(sink), failed: AtomicBool::new(false) };
        Self { inner: Arc::new(inner) }
    }

    /// Writes one line, about now.
    pub fn write(&self, slot: Option<u64>, event: &Event) {
        self.write_about(SystemTime::now(), slot, event);
    }

    /// Writes one line about what was then. A record that cannot be written never stops an act: it is said once on
    /// standard error.
    pub fn write_about(&self, then: SystemTime, slot: Option<u64>, event: &Event) {
        let unix_ms = then.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let line = Line { unix_ms: u64::try_from(unix_ms).unwrap_or(u64::MAX), slot, event };
        let mut sink = self.inner.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let written = render(self.inner.format, &line)
            .and_then(|text| sink.write_all(text.as_bytes()).and_then(|()| sink.flush()));
        match written {
            Ok(()) => self.inner.failed.store(false, Ordering::Relaxed),
            Err(error) if !self.inner.failed.swap(true, Ordering::Relaxed) => {
                tracing::error!(%error, "the record cannot be written; the keeper acts on without it");
            }
            Err(_) => {}
        }
    }
}

fn render(format: Format, line: &Line) -> std::io::Result<String> {
    let value = serde_json::to_value(line)?;
    let text = match (format, &value) {
        (Format::Text, serde_json::Value::Object(fields)) => {
            let get = |name: &str| fields.get(name).map_or_else(String::new, plain);
            let rest = fields
                .iter()
                .filter(|(name, value)| {
                    !["unix_ms", "slot", "event"].contains(&name.as_str()) && !value.is_null()
                })
                .map(|(name, value)| format!(" {name}={}", plain(value)))
                .collect::<String>();
            format!("{} slot {} {}{rest}", get("unix_ms"), get("slot"), get("event"))
        }
        _ => value.to_string(),
    };
    Ok(text + "\n")
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) if text.contains(' ') => format!("{text:?}"),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn text<T: Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn text_or_null<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

fn texts<T: Display, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(ToString::to_string))
}

#[cfg(test)]
mod tests {
    use std::{io, sync::mpsc};

    use super::*;

    struct Lines(mpsc::Sender<String>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn one_line(format: Format, slot: Option<u64>, event: &Event) -> String {
        let (sender, receiver) = mpsc::channel();
        Record::new(format, Box::new(Lines(sender))).write(slot, event);
        receiver.recv().expect("a line")
    }

    fn decided() -> Event {
        let (market, vault) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        Event::Decided { act: Some(Act::Poke), market, vault, why: "proven by 5".into() }
    }

    #[test]
    fn a_json_line_is_one_object_with_what_every_line_has() {
        let line = one_line(Format::Json, Some(9), &decided());
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(value["event"], "decided");
        assert_eq!(value["act"], "poke");
        assert_eq!(value["slot"], 9);
        assert_eq!(value["market"], Pubkey::new_from_array([1; 32]).to_string());
        assert!(value["unix_ms"].as_u64().is_some_and(|ms| ms > 1_600_000_000_000));
    }

    #[test]
    fn a_text_line_reads_without_a_parser() {
        let line = one_line(Format::Text, None, &decided());
        assert!(line.contains(" slot - decided ") && line.contains("why=\"proven by 5\""), "{line}");
    }

    #[test]
    fn nobody_listening_stops_nothing() {
        let (sender, receiver) = mpsc::channel();
        drop(receiver);
        let record = Record::new(Format::Json, Box::new(Lines(sender)));
        record.write(None, &Event::failed("first"));
        record.write(None, &Event::failed("second"));
        assert!(record.inner.failed.load(Ordering::Relaxed));
    }
}
