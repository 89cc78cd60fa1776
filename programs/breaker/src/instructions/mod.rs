//! Instructions, in folders by who may call.

pub mod anyone;
pub mod authority;
pub mod guardian;
pub mod keeper;
pub mod protocol;

pub use {anyone::*, authority::*, guardian::*, keeper::*, protocol::*};

use firebreak_interface::{BreakerError, error::Checked};

/// The error where the rule does not hold. Anchor's macros put the error's name, its text and the place in the source at
/// each use: most of a program. One error is one rule here, so its name says where.
#[inline(always)]
pub(crate) fn ensure(holds: bool, error: BreakerError) -> Checked<()> {
    if holds { Ok(()) } else { Err(error) }
}
