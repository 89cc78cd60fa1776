//! Build, test, demo, bench, idl.
fn main() {}
