//! How bad it is: Normal < Minor < Major < Critical.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::error::BreakerError;

/// Severity of a market or a protocol: caution, partial pause, full halt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
#[borsh(use_discriminant = false)]
#[repr(u8)]
pub enum Severity {
    /// Nothing is wrong.
    #[default]
    Normal,
    /// Caution.
    Minor,
    /// Partial pause.
    Major,
    /// Full halt.
    Critical,
}

impl Severity {
    /// Number of severities above Normal: the length of tables by severity.
    pub const RAISED: usize = 3;
    /// The severities above Normal, in rising order.
    pub const ABOVE_NORMAL: [Severity; Self::RAISED] = [Self::Minor, Self::Major, Self::Critical];

    /// Place in a table by severity, none for Normal.
    pub const fn index(self) -> Option<usize> {
        match self {
            Self::Normal => None,
            Self::Minor => Some(0),
            Self::Major => Some(1),
            Self::Critical => Some(2),
        }
    }

    /// Severity of a stored byte.
    ///
    /// # Errors
    /// [`BreakerError::UnknownSeverity`] for a byte above 3.
    pub const fn from_byte(byte: u8) -> Result<Self, BreakerError> {
        match byte {
            0 => Ok(Self::Normal),
            1 => Ok(Self::Minor),
            2 => Ok(Self::Major),
            3 => Ok(Self::Critical),
            _ => Err(BreakerError::UnknownSeverity),
        }
    }
}
