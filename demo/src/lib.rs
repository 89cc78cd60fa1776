//! An attack, with and without the breaker, on a real chain
