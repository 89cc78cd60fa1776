//! Who is paid out of a safe.

use anchor::prelude::*;
use firebreak_interface::BreakerError;

use crate::{instructions::ensure, token};

/// The program by which everybody has one token account a mint that anybody can name.
const ASSOCIATED_TOKEN: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// Checks that this is the owner's token account: the associated one, where anybody may pay him, or any where he signs. The
/// associated one too can have been given away.
pub(crate) fn check(
    to: &AccountInfo,
    owner: &AccountInfo,
    (mint, token_program): (&AccountInfo, &AccountInfo),
) -> Result<()> {
    let seeds = [owner.key.as_ref(), token_program.key.as_ref(), mint.key.as_ref()];
    let is_named = owner.is_signer || *to.key == Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN).0;
    let account = token::read(to)?;
    let is_his = account.owner == *owner.key && account.mint == *mint.key;
    ensure(is_named && is_his, BreakerError::WrongPayee)?;
    Ok(())
}
