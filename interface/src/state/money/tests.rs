//! Rules of what is in safety, one by one, and what holds whatever anybody calls.

mod claims;
mod edges;
mod held;
mod property;
mod release;
