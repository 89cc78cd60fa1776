//! What a user may do with the portfolio that is his.
//!
//! There is no `remove_collateral`: the portfolio is cross-margined, so taking collateral out is `withdraw`, judged
//! by the same rule. `add_collateral` is not `deposit`: it is an exit, open while deposits are closed, and only for
//! a portfolio that has something to protect.

mod add_collateral;
mod borrow;
mod close;
mod create_portfolio;
mod deposit;
mod open;
mod repay;
mod withdraw;

pub use {
    add_collateral::*, borrow::*, close::*, create_portfolio::*, deposit::*, open::*, repay::*, withdraw::*,
};
