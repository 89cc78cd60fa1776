//! Addresses, account readers and instruction builders of Firebreak for off-chain callers.
//!
//! Nothing here talks to a network: bytes come in, typed accounts, filters and instructions come out. Bytes are
//! believed only after their owner, length and discriminator were checked, because whoever answers may be wrong
//! or lie.

pub mod account;
pub mod addresses;
pub mod clock;
#[cfg(feature = "rpc")]
pub mod confirmed;
pub mod discovery;
pub mod failure;
pub mod journal;
#[cfg(feature = "keys")]
pub mod key;
pub mod stamp;
pub mod told;
pub mod venue;

pub use {
    account::{Account, AccountError, decode},
    addresses::ProtocolAddresses,
    failure::Refusal,
    firebreak_interface as interface,
    firebreak_interface::{
        ID, instruction,
        state::{Limiter, Market, Protocol, VaultState},
    },
};
