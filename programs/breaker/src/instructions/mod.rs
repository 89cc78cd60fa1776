//! Instructions, in folders by who may call.

pub mod anyone;
pub mod authority;
pub mod guardian;
pub mod keeper;
pub mod protocol;

pub use {anyone::*, authority::*, guardian::*, keeper::*, protocol::*};
