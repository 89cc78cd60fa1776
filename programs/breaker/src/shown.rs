//! What accounts that are shown hold for a rule.

use crate::anchor_lang::prelude::*;
use firebreak_interface::{
    BreakerError,
    state::{Invariant, Limiter, Measurement, Shown, VaultState},
};

/// The limiter's vault; stops another token account, in which nothing is missing.
pub(crate) fn read_vault(limiter: &Limiter, rest: &[AccountInfo]) -> Result<VaultState> {
    let vault = rest.first().filter(|vault| *vault.key == limiter.vault).ok_or(BreakerError::WrongVault)?;
    Ok(VaultState::read(vault.owner, &vault.try_borrow_data()?))
}

/// What the terms' accounts hold.
#[inline(never)]
pub(crate) fn measurement(invariant: &Invariant, terms: &[AccountInfo]) -> Result<Measurement> {
    let mut measurement = Measurement::default();
    for term in terms {
        let data = term.try_borrow_data()?;
        invariant.show(&mut measurement, &Shown { key: term.key, program: term.owner, data: &data })?;
    }
    Ok(measurement)
}
