//! Scenarios against the compiled programs in LiteSVM, and the compute-unit bench
