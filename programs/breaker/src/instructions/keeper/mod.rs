//! What a registered keeper may call.

mod raise;

pub use raise::*;
