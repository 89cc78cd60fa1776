//! The venue as if the breaker had never been integrated, with the same accounts, so that one client drives both and
//! their losses can be compared. Never compiled without `drainable`.

use anchor_lang::prelude::*;
use firebreak_interface::{
    Direction, Operation, Verdict,
    state::{Limits, ProtocolSettings},
};

use super::{Guarded, Pass, Waiting};
use crate::{error::VenueError, instructions::MigrateVault, state::Venue, wallet::Wallet};

/// Lets everything pass.
pub(crate) fn ask(
    _venue: &Venue,
    _protocol: &AccountInfo,
    _market: &AccountInfo,
    operation: Operation,
) -> Result<Pass> {
    Ok(Pass { operation, limits: Limits::NONE })
}

impl<'info> Guarded<'info> {
    /// Allows everything and records nothing.
    pub(super) fn record(
        &self,
        _operation: Operation,
        _direction: Direction,
        _amount: u64,
    ) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }

    /// Nobody has anything held: there is no safe.
    pub(super) fn hold(
        &self,
        _waiting: &Waiting<'_, 'info>,
        _wallet: &Wallet<'info>,
        _vault_authority: &AccountInfo<'info>,
        _amount: u64,
    ) -> Result<()> {
        err!(VenueError::NotGuarded)
    }
}

/// Moves nothing: there is no safe.
pub(crate) fn migrate(_accounts: &MigrateVault) -> Result<()> {
    err!(VenueError::NotGuarded)
}

/// Creates nothing.
pub(crate) fn create_protocol(
    _payer: Pubkey,
    _accounts: &[AccountInfo],
    _recorder_bump: u8,
    _settings: &ProtocolSettings,
) -> Result<()> {
    Ok(())
}
