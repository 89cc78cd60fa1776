//! The drill: a build whose times are short enough to be shown, and which is deployed nowhere (feature `drill`).
//!
//! It differs in what it makes people wait for ([`constants`](crate::constants)), has addresses of its own
//! (`drill-ids.json`), which nobody holds a key to, and says what it is.

/// Whether this is a drill.
pub const DRILL: bool = cfg!(feature = "drill");

/// Stands in every program of a drill and in no other; `cargo xtask deploy` looks for it.
const MARKER: &str = "firebreak drill: floors in seconds";

/// A drill says in the log that it is one. A string that is logged is also one that no linker leaves out.
#[inline]
pub fn say() {
    if DRILL {
        solana_program::log::sol_log(MARKER);
    }
}

#[cfg(all(test, feature = "drill"))]
compile_error!(
    "rules are tested with their real times: a crate of this build has turned `drill` on for all of them"
);
