//! Rules of what is in safety, one by one.

mod claims;
mod property;
mod release;
