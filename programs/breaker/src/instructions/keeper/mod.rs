//! What a registered keeper may call.

mod heartbeat;
mod raise;

pub use {heartbeat::*, raise::*};
