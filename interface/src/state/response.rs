//! Responses: what a severity means in a market.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use bytemuck::{Pod, Zeroable};

use crate::{
    error::{BreakerError, Checked},
    operation::Operations,
    severity::Severity,
};

/// Limits in force. The integration enforces them; the gate hands them over.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest position, in the market's own unit; `u64::MAX` is none.
    pub max_position: u64,
    /// Largest order, in the market's own unit; `u64::MAX` is none.
    pub max_order: u64,
    /// Highest leverage in basis points (10,000 is 1 x); `u32::MAX` is none.
    pub max_leverage_bps: u32,
    /// Margin requirements are multiplied by this, in basis points; 10,000 changes nothing.
    pub margin_multiplier_bps: u32,
}

impl Limits {
    /// No limit beyond the market's own.
    pub const NONE: Self = Self {
        max_position: u64::MAX,
        max_order: u64::MAX,
        max_leverage_bps: u32::MAX,
        margin_multiplier_bps: 10_000,
    };

    /// Whether no limit here is looser than the other's.
    const fn is_at_least_as_tight_as(&self, other: &Self) -> bool {
        self.max_position <= other.max_position
            && self.max_order <= other.max_order
            && self.max_leverage_bps <= other.max_leverage_bps
            && self.margin_multiplier_bps >= other.margin_multiplier_bps
    }
}

/// What one severity closes and limits.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct Response {
    /// Mask of the closed operations.
    pub closed: u64,
    /// Limits in force.
    pub limits: Limits,
}

impl Response {
    /// Checks the responses of Minor, Major and Critical against each other.
    ///
    /// # Errors
    /// [`BreakerError::ResponseNotMonotone`], [`BreakerError::LimitsNotMonotone`] and [`BreakerError::ExitClosed`].
    pub fn check_all(responses: &[Response; Severity::RAISED], critical_closes_exits: bool) -> Checked<()> {
        let mut below = Response { closed: 0, limits: Limits::NONE };
        for (response, severity) in responses.iter().zip(Severity::ABOVE_NORMAL) {
            if below.closed & !response.closed != 0 {
                return Err(BreakerError::ResponseNotMonotone);
            }
            if !response.limits.is_at_least_as_tight_as(&below.limits) {
                return Err(BreakerError::LimitsNotMonotone);
            }
            let may_close_exits = severity == Severity::Critical && critical_closes_exits;
            if response.closed & Operations::EXITS.0 != 0 && !may_close_exits {
                return Err(BreakerError::ExitClosed);
            }
            below = *response;
        }
        Ok(())
    }
}
