//! One term of an invariant: which integer of which account counts, and how often.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    ID,
    error::{BreakerError, Checked},
    state::{TOKEN, TOKEN_2022, VaultState, token},
};

/// What the runtime names as the owner of its own accounts.
const SYSVAR: Pubkey = Pubkey::from_str_const("Sysvar1111111111111111111111111111111111111");

/// Which integer of its account a term reads. Fields are little-endian, at an offset in bytes from the account's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub enum Reading {
    /// What a token account holds, in token units.
    TokenBalance,
    /// What was minted of a mint and not burnt, in token units.
    MintSupply,
    /// An unsigned field of 64 bits.
    U64(u32),
    /// A signed field of 64 bits.
    I64(u32),
    /// An unsigned field of 128 bits.
    U128(u32),
}

/// What an authority chooses for a term, beside its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct TermSettings {
    /// Which integer.
    pub reading: Reading,
    /// How often it counts: above zero. What is to be subtracted stands on the other side.
    pub coefficient: u64,
}

/// An account as a transaction brings it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Its address.
    pub key: &'a Pubkey,
    /// Program that owns it.
    pub program: &'a Pubkey,
    /// Its bytes.
    pub data: &'a [u8],
}

/// A term as it was registered. All zero where there is none.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Address of the account.
    pub account: Pubkey,
    /// Program that owned it at registration.
    pub program: Pubkey,
    /// A token account's mint then; the default key for the others.
    pub mint: Pubkey,
    /// A token account's owner then; the default key for the others.
    pub owner: Pubkey,
    /// How often the integer counts.
    pub coefficient: u64,
    /// Where a field begins in the account, in bytes.
    pub offset: u32,
    /// Which [`Reading`], by its place from 1.
    pub kind: u32,
}

/// A whole number of either sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Whether it is below zero.
    pub is_negative: bool,
    /// Its distance from zero.
    pub magnitude: u128,
}

impl Value {
    const fn of(magnitude: u128) -> Self {
        Self { is_negative: false, magnitude }
    }
}

impl Term {
    /// The term of an account, with the owners it has now.
    ///
    /// # Errors
    /// [`BreakerError::TermUnreadable`], [`BreakerError::ZeroCoefficient`].
    pub fn register(settings: &TermSettings, shown: &Shown) -> Checked<Self> {
        if settings.coefficient == 0 {
            return Err(BreakerError::ZeroCoefficient);
        }
        let (kind, offset) = match settings.reading {
            Reading::TokenBalance => (1, 0),
            Reading::MintSupply => (2, 0),
            Reading::U64(offset) => (3, offset),
            Reading::I64(offset) => (4, offset),
            Reading::U128(offset) => (5, offset),
        };
        let (account, program, coefficient) = (*shown.key, *shown.program, settings.coefficient);
        let mut term = Self { account, program, coefficient, offset, kind, ..Self::default() };
        if let Reading::TokenBalance = settings.reading {
            let vault = VaultState::read(shown.program, shown.data);
            (term.mint, term.owner) = (vault.mint, vault.owner);
        }
        // as a field, a token account would count on under another owner, the breaker's own are written by the proof, and
        // a sysvar can be what whoever shows it makes it: the list of a transaction's instructions
        let is_field = kind > 2;
        let is_field_owner = ![TOKEN, TOKEN_2022, ID, SYSVAR].contains(&program);
        let is_vault = term.is_balance() && term.mint != Pubkey::default();
        let is_one = if is_field { is_field_owner } else { is_vault || kind == 2 };
        let is_set = account != Pubkey::default();
        if is_set && is_one && term.read(shown).is_some() {
            Ok(term)
        } else {
            Err(BreakerError::TermUnreadable)
        }
    }

    /// Whether it reads the same integer.
    pub fn reads_as(&self, other: &Self) -> bool {
        (self.account, self.kind, self.offset) == (other.account, other.kind, other.offset)
    }

    /// Whether it is a token account's balance: where that is no longer ours, nothing is there.
    pub const fn is_balance(&self) -> bool {
        self.kind == 1
    }

    /// The integer; none where the account no longer is what was registered, or too short.
    pub fn read(&self, shown: &Shown) -> Option<Value> {
        if *shown.program != self.program {
            return None;
        }
        let from = self.offset as usize;
        match self.kind {
            1 => {
                let vault = VaultState::read(shown.program, shown.data);
                let is_same = vault.mint == self.mint && vault.owner == self.owner;
                is_same.then_some(Value::of(vault.amount.into()))
            }
            2 => token::supply(shown.program, shown.data).map(|supply| Value::of(supply.into())),
            3 => field(shown.data, from).map(|bytes| Value::of(u64::from_le_bytes(bytes).into())),
            4 => field(shown.data, from).map(|bytes| {
                let value = i64::from_le_bytes(bytes);
                Value { is_negative: value < 0, magnitude: value.unsigned_abs().into() }
            }),
            5 => field(shown.data, from).map(|bytes| Value::of(u128::from_le_bytes(bytes))),
            _ => None,
        }
    }
}

/// The bytes of a field, none where the account ends before.
fn field<const N: usize>(data: &[u8], from: usize) -> Option<[u8; N]> {
    data.get(from..)?.first_chunk().copied()
}
