//! The venue as if the breaker had never been integrated, with the same accounts, so that one client drives both and
//! their losses can be compared. Never compiled without `drainable`.

use anchor_lang::prelude::*;
use firebreak_interface::{
    Direction, Operation, Verdict,
    state::{Limits, ProtocolSettings},
};

use super::{Guarded, Pass};
use crate::state::Venue;

/// Lets everything pass.
pub(crate) fn ask(
    _venue: &Venue,
    _protocol: &AccountInfo,
    _market: &AccountInfo,
    operation: Operation,
) -> Result<Pass> {
    Ok(Pass { operation, limits: Limits::NONE })
}

impl Guarded<'_> {
    /// Allows everything and records nothing.
    pub(super) fn record(
        &self,
        _operation: Operation,
        _direction: Direction,
        _amount: u64,
    ) -> Result<Verdict> {
        Ok(Verdict::Allow)
    }
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
