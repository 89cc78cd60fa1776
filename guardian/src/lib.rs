//! The command line of guardians and authority: what a protocol's breaker holds now, what is to be done about it, and
//! whether its history is true.

pub mod act;
pub mod chain;
pub mod cli;
pub mod config;
pub mod console;
pub mod content;
pub mod describe;
pub mod error;
pub mod exit;
pub mod explain;
pub mod history;
pub mod money;
mod read;
pub mod rules;
mod run;
mod screen;
pub mod setting;
pub mod status;
pub mod units;
pub mod votes;
pub mod words;

pub use run::run;
