//! Instructions, by who may call them; one a file: accounts, then the handler.
//!
//! A handler asks the gate first, works out the portfolio as it would be, asks for the outflow, and only then keeps
//! the new portfolio and moves tokens. Bad input is an error before the breaker hears of it, so an amount that the
//! user does not own never trips a limiter.

pub mod admin;
pub mod anyone;
pub mod user;

pub use {admin::*, anyone::*, user::*};
