//! What the admin may do. There is nothing here that moves a user's tokens.

mod connect;
mod initialize;
mod list_collateral;
mod set_price;

pub use {connect::*, initialize::*, list_collateral::*, set_price::*};
