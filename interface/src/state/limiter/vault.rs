//! The guarded token account, as its bytes say.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use crate::state::token::{self, Holder};

/// SPL Token.
pub const TOKEN: Pubkey = Pubkey::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
/// Token-2022.
pub const TOKEN_2022: Pubkey = Pubkey::from_str_const("TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb");

/// What matters of a token account. Whatever is no token account reads as the default: it holds nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VaultState {
    /// Its mint.
    pub mint: Pubkey,
    /// Its owner.
    pub owner: Pubkey,
    /// Its balance, in token units.
    pub amount: u64,
    /// Whether it is initialised and not frozen, with neither delegate nor close authority: only
    /// its owner can move what it holds.
    pub sound: bool,
}

impl VaultState {
    /// Reads an account by its owner program and bytes.
    pub fn read(program: &Pubkey, data: &[u8]) -> Self {
        if token::extensions(program, data, Holder::Account).is_none() {
            return Self::default();
        }
        let key =
            |at: usize| -> Pubkey { bytemuck::pod_read_unaligned::<[u8; 32]>(&data[at..at + 32]).into() };
        let amount: [u8; 8] = bytemuck::pod_read_unaligned(&data[64..72]);
        let (no_delegate, initialised, no_close_authority) =
            (data[72..76] == [0; 4], data[108] == 1, data[129..133] == [0; 4]);
        Self {
            mint: key(0),
            owner: key(32),
            amount: u64::from_le_bytes(amount),
            sound: no_delegate && initialised && no_close_authority,
        }
    }
}
