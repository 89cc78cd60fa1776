//! How the keeper hears and speaks: a websocket that knows when it is deaf, and a sender that keeps at it.
//!
//! Nothing here knows what an account means or why a transaction is sent.

pub mod backoff;
mod canary;
mod endpoints;
pub(crate) mod fee;
mod outbox;
pub mod sender;
mod session;
pub mod snapshot;
pub mod socket;
mod wire;
