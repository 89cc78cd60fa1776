//! What the protected program may call.

mod create_protocol;
mod hold;
mod pay;
mod record_flow;

pub use {create_protocol::*, hold::*, pay::*, record_flow::*};
