//! Who is paid out of a safe.

use anchor::prelude::*;
use firebreak_interface::BreakerError;

use crate::{instructions::ensure, token};

/// Checks that this is the owner's token account: the associated one or `also`, where anybody may pay him, or any where he
/// signs. Each of them can have been given away.
pub(crate) fn check(
    to: &AccountInfo,
    owner: &AccountInfo,
    (mint, program): (&AccountInfo, &AccountInfo),
    also: Option<&Pubkey>,
) -> Result<()> {
    let account = token::read(to)?;
    let is_his = account.owner == *owner.key && account.mint == *mint.key;
    let is_named = also == Some(to.key)
        || owner.is_signer
        || *to.key == token::associated(owner.key, program.key, mint.key);
    ensure(is_his && is_named, BreakerError::WrongPayee)?;
    Ok(())
}
