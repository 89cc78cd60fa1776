//! Instructions, in folders by who may call.

pub mod anyone;
pub mod authority;
pub mod guardian;
pub mod keeper;
pub mod protocol;

pub use {anyone::*, authority::*, guardian::*, keeper::*, protocol::*};

use anchor_lang::prelude::*;
use firebreak_interface::{BreakerError, constants::READER_VERSION, state::DISCRIMINATOR};

/// Where every account of the breaker says which reader it needs.
pub(crate) const MIN_READER: usize = DISCRIMINATOR + 1;

/// Refuses accounts that need a newer reader than this program, by their `min_reader`.
pub(crate) fn check_readers<const N: usize>(min_readers: [u8; N]) -> Result<()> {
    check_all(&min_readers)
}

/// The check itself, once: nearly every instruction asks for it.
#[inline(never)]
fn check_all(min_readers: &[u8]) -> Result<()> {
    require!(min_readers.iter().all(|needed| *needed <= READER_VERSION), BreakerError::TooNewToRead);
    Ok(())
}
