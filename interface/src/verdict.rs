//! What recording a flow asks and answers.

use borsh::{BorshDeserialize, BorshSerialize};

/// Which way tokens move, seen from the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
#[borsh(use_discriminant = false)]
#[repr(u8)]
pub enum Direction {
    /// Into the vault: recorded after the transfer.
    In,
    /// Out of the vault: asked before the transfer.
    Out,
    /// Out of the vault, by who can hold it in the safe instead: only who asks so is answered [`Verdict::Hold`].
    OutOrHold,
}

/// The answer to a recorded flow. On anything but `Allow` the integration returns `Ok` and pays nothing, before it
/// has changed any state of its own: an error would roll back the evidence.
#[must_use = "a flow that is not allowed must not be paid"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Verdict {
    /// Pay; the flow is counted.
    Allow = 1,
    /// Pay later, from a safe.
    Hold = 2,
    /// Do not pay; the flow is not counted.
    Deny = 3,
}

impl Verdict {
    /// The verdict in return data. Absent, malformed or another program's data means Deny.
    pub fn from_return_data(bytes: &[u8]) -> Self {
        match bytes {
            [1] => Self::Allow,
            [2] => Self::Hold,
            _ => Self::Deny,
        }
    }
}
