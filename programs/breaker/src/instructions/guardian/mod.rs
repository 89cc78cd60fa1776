//! What a guardian may call.

mod pause;

pub use pause::*;
