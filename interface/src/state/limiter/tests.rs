//! The limiter's rules as scenarios, and against a naive model that keeps every flow.

mod edges;
mod fuzz;
mod moved;
mod scenarios;
mod settings;
mod theorem;
mod undeclared;
mod world;
