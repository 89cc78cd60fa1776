//! Rules of what is in safety, one by one.

mod claims;
mod held;
mod property;
mod release;
