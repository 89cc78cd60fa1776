//! Guardians who sign together.

use anchor::prelude::*;
use firebreak_interface::{
    BreakerError,
    error::Checked,
    state::{Members, Protocol},
};

use crate::instructions::ensure;

/// The guardians among these accounts, all of whom must sign and be one: an account that is not meant is a mistake.
#[inline(never)]
pub(crate) fn signing(protocol: &Protocol, accounts: &[AccountInfo]) -> Checked<Members> {
    // stops a guardian who is named and did not sign
    ensure(accounts.iter().all(|account| account.is_signer), BreakerError::NotAGuardian)?;
    protocol.members(accounts.iter().map(|account| account.key))
}
