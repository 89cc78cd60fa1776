//! The bot that watches guarded accounts and pulls the breaker.

pub mod transport;
