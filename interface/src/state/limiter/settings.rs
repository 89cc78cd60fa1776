//! What an authority chooses for a limiter, and the bounds of the code.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use bytemuck::{Pod, Zeroable};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
};

/// One window of net flow.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct WindowSettings {
    /// Length, in seconds.
    pub seconds: u32,
    /// Main buffer as a share of the base, in basis points. Zero is legal and the strictest.
    pub rate_bps: u32,
}

/// Settings of a limiter. Shares are of its base, in basis points; times are in seconds, amounts in token units.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct LimiterSettings {
    /// A short and a long window of net flow.
    pub windows: [WindowSettings; 2],
    /// Cap of the elastic buffer once its slot has ended.
    pub elastic_bps: u32,
    /// Window over which it decays: one minute to a tenth of the short window.
    pub elastic_seconds: u32,
    /// Outflow a gross window, inflow not counted against it; may be above the base.
    pub gross_bps: u32,
    /// Length of the gross window.
    pub gross_seconds: u32,
    /// Flow without a record that latches the soft severity.
    pub undeclared_soft_bps: u32,
    /// Flow without a record that latches the hard severity.
    pub undeclared_hard_bps: u32,
    /// Window over which flow without a record is forgotten.
    pub undeclared_seconds: u32,
    /// Share of a main buffer whose use latches the soft severity, in basis points.
    pub soft_bps: u32,
    /// Minor or Major, as a number.
    pub soft_severity: u32,
    /// Major or Critical, as a number.
    pub hard_severity: u32,
    /// Main buffers never fall below this (or the balance, where that is less).
    pub floor: u64,
    /// Cap of main buffer, elastic buffer and credited inflow until the average has seen a day.
    pub bootstrap_cap: u64,
}

impl LimiterSettings {
    /// A starting point: 10 % an hour and 25 % a day net, 100 % a day gross, 1 % and 3 % undeclared, caution from
    /// 60 % of a buffer on, a halt of what the market's Major response closes beyond it.
    pub const fn starting(bootstrap_cap: u64, floor: u64) -> Self {
        Self {
            windows: [
                WindowSettings { seconds: 3_600, rate_bps: 1_000 },
                WindowSettings { seconds: 86_400, rate_bps: 2_500 },
            ],
            elastic_bps: 1_000,
            elastic_seconds: 300,
            gross_bps: 10_000,
            gross_seconds: 86_400,
            undeclared_soft_bps: 100,
            undeclared_hard_bps: 300,
            undeclared_seconds: 86_400,
            soft_bps: 6_000,
            soft_severity: Severity::Minor as u32,
            hard_severity: Severity::Major as u32,
            floor,
            bootstrap_cap,
        }
    }

    /// Checks every setting against the code's bounds.
    ///
    /// # Errors
    /// [`BreakerError::LimiterSettingOutOfBounds`], [`BreakerError::SoftNotBelowHard`] and
    /// [`BreakerError::SeverityNotAllowed`].
    pub fn check(&self) -> Checked<()> {
        const FULL: u32 = BASIS_POINTS as u32;
        let [short, long] = self.windows;
        let a_window = WINDOW_MIN..=WINDOW_MAX;
        let windows = [short.seconds, long.seconds, self.gross_seconds, self.undeclared_seconds];
        let sound = windows.iter().all(|seconds| a_window.contains(seconds))
            && short.seconds < long.seconds
            && short.rate_bps <= FULL
            && long.rate_bps <= FULL
            && self.elastic_bps <= FULL
            && (ELASTIC_WINDOW_MIN..=short.seconds / ELASTIC_WINDOW_SHARE).contains(&self.elastic_seconds)
            && self.gross_bps <= GROSS_MAX_BPS
            && u64::from(self.gross_seconds) % GROSS_BUCKETS == 0
            && self.undeclared_soft_bps > 0
            && self.undeclared_hard_bps <= FULL
            && (1..FULL).contains(&self.soft_bps)
            && self.floor <= self.bootstrap_cap
            && self.bootstrap_cap < u64::MAX / 4;
        if !sound {
            return Err(BreakerError::LimiterSettingOutOfBounds);
        }
        if self.undeclared_soft_bps >= self.undeclared_hard_bps {
            return Err(BreakerError::SoftNotBelowHard);
        }
        let (minor, major, critical) =
            (Severity::Minor as u32, Severity::Major as u32, Severity::Critical as u32);
        if ![minor, major].contains(&self.soft_severity) || ![major, critical].contains(&self.hard_severity) {
            return Err(BreakerError::SeverityNotAllowed);
        }
        Ok(())
    }
}

/// A checked setting as a severity.
pub(super) const fn severity(number: u32) -> Severity {
    match number {
        1 => Severity::Minor,
        2 => Severity::Major,
        _ => Severity::Critical,
    }
}
