//! The command line of guardians and authority: what a protocol's breaker holds now, and whether its history is true.

pub mod chain;
pub mod status;
