//! Names of functions that the linker made, and what they were made of.

const NARROW: &str = ".narrow";

/// The name of the twin of a function.
pub(crate) fn narrow(name: &str) -> String {
    format!("{name}{NARROW}")
}

/// The name in the source of a function or of its twin.
pub(crate) fn source(name: &str) -> &str {
    name.strip_suffix(NARROW).unwrap_or(name)
}
