//! Operations: what a protocol does for its users, one bit of a 64-bit mask each.

use core::fmt;

/// One operation: a bit number from 0 to 63. 16 to 63 are the protocol's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation(u8);

macro_rules! operations {
    ($($(#[doc = $doc:literal])* $name:ident = $bit:literal),* $(,)?) => {
        impl Operation {
            $($(#[doc = $doc])* pub const $name: Operation = Operation($bit);)*
        }

        impl fmt::Display for Operation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $($bit => f.write_str(&stringify!($name).to_lowercase()),)*
                    own => write!(f, "own({own})"),
                }
            }
        }
    };
}

operations! {
    /// Tokens come in.
    DEPOSIT = 0,
    /// Tokens go out.
    WITHDRAW = 1,
    /// Tokens go out against collateral.
    BORROW = 2,
    /// Exit: a debt is paid.
    REPAY = 3,
    /// Exit: collateral comes in.
    ADD_COLLATERAL = 4,
    /// Collateral goes out.
    REMOVE_COLLATERAL = 5,
    /// A position is opened.
    OPEN = 6,
    /// A position grows.
    INCREASE = 7,
    /// Exit: a position shrinks; nets inside the protocol, never pays out.
    REDUCE = 8,
    /// Exit: a position is closed; nets inside the protocol, never pays out.
    CLOSE = 9,
    /// A position is taken over and its collateral paid out.
    LIQUIDATE = 10,
    /// One asset against another.
    SWAP = 11,
    /// Shares are minted.
    MINT = 12,
    /// Shares are redeemed.
    REDEEM = 13,
    /// Something owed is paid out.
    CLAIM = 14,
    /// An asset or a market is listed.
    LIST = 15,
}

impl Operation {
    /// A protocol's own operation.
    ///
    /// # Panics
    /// In a constant, at compile time, when `bit` is not 16 to 63.
    pub const fn own(bit: u8) -> Self {
        assert!(bit >= 16 && bit < 64, "a protocol's own operations are bits 16 to 63");
        Self(bit)
    }

    /// Operation of a bit number that came from outside, none above 63.
    pub const fn from_bit(bit: u8) -> Option<Self> {
        if bit < 64 { Some(Self(bit)) } else { None }
    }

    /// Bit number.
    pub const fn bit(self) -> u8 {
        self.0
    }

    /// The mask of this operation alone.
    pub const fn mask(self) -> u64 {
        1 << self.0
    }
}

/// A set of operations, as a mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operations(pub u64);

impl Operations {
    /// Repay, add_collateral, reduce, close: what no severity below Critical closes.
    pub const EXITS: Operations =
        Operations::of(&[Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE]);
    /// Everything but the exits.
    pub const NON_EXITS: Operations = Operations(!Self::EXITS.0);

    /// The set of these operations.
    pub const fn of(operations: &[Operation]) -> Self {
        let mut mask = 0;
        let mut i = 0;
        while i < operations.len() {
            mask |= operations[i].mask();
            i += 1;
        }
        Self(mask)
    }

    /// Whether the operation is in the set.
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & operation.mask() != 0
    }
}
