//! What the protected program may call.

mod create_protocol;
mod record_flow;

pub use {create_protocol::*, record_flow::*};
