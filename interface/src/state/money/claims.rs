//! Claims on a safe, for a protocol that never comes back: a tree of who gets what, each paid once.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::safe::Safe;
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    state::ClaimsOrder,
};

/// Claims that one page remembers, a bit each.
pub const CLAIMS_PER_PAGE: u64 = 8 * 1_024;

/// Which claims were made. PDA of [`crate::pda::claim_page`]; there is no way to close it, so that none is made twice.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct ClaimPage {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: [u8; 5],
    /// The safe.
    pub safe: Pubkey,
    /// Which set of claims.
    pub epoch: u64,
    /// Which page of it.
    pub page: u64,
    /// A bit for each claim, the first in the lowest bit of the first byte.
    pub made: [u8; 1024],
}

impl ClaimPage {
    /// Names an account that was just created; one that has its name keeps it.
    pub fn initialize_once(&mut self, safe: Pubkey, (epoch, page): (u64, u64), bump: u8) {
        if self.version == 0 {
            (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
            (self.safe, self.epoch, self.page) = (safe, epoch, page);
        }
    }

    /// Marks a claim as made.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyClaimed`], [`BreakerError::WrongClaim`] where it is on another page.
    pub fn take(&mut self, index: u64) -> Checked<()> {
        if index / CLAIMS_PER_PAGE != self.page {
            return Err(BreakerError::WrongClaim);
        }
        let place = index % CLAIMS_PER_PAGE;
        let byte = self.made.get_mut((place / 8) as usize).ok_or(BreakerError::WrongClaim)?;
        let bit = 1u8 << (place % 8);
        if *byte & bit != 0 {
            return Err(BreakerError::AlreadyClaimed);
        }
        *byte |= bit;
        Ok(())
    }
}

/// Leaf of a claim: sha256 of a zero, the safe, the set's number, the claim's, its owner and its amount. The safe and the set
/// are in it, so that no proof is of use elsewhere.
pub fn claim_leaf(safe: &Pubkey, epoch: u64, index: u64, owner: &Pubkey, amount: u64) -> [u8; 32] {
    hash(&[
        &[0],
        safe.as_ref(),
        &epoch.to_le_bytes(),
        &index.to_le_bytes(),
        owner.as_ref(),
        &amount.to_le_bytes(),
    ])
}

/// Node over two others: sha256 of a one and both, the smaller first. The first byte keeps a leaf from passing for a node.
pub fn claim_node(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let (first, second) = if a <= b { (a, b) } else { (b, a) };
    hash(&[&[1], first, second])
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    solana_program::hash::hashv(parts).to_bytes()
}

impl Safe {
    /// Opens a set of claims; what an earlier one left is nobody's any more, and is there for this one. One that was made to
    /// follow another set is void: its leaves have another number. `balance` is what the safe has.
    ///
    /// # Errors
    /// [`BreakerError::WrongClaim`], [`BreakerError::ClaimsAboveSafe`].
    pub fn open_claims(&mut self, order: &ClaimsOrder, balance: u64) -> Checked<()> {
        if self.claims_epoch.checked_add(1) != Some(order.epoch) {
            return Err(BreakerError::WrongClaim);
        }
        if order.total > balance.saturating_sub(self.owed) {
            return Err(BreakerError::ClaimsAboveSafe);
        }
        self.keep(self.claims_left);
        self.kept = self.kept.saturating_sub(order.total);
        (self.claims_epoch, self.claims_root) = (order.epoch, order.root);
        self.claims_left = order.total;
        Ok(())
    }

    /// Checks a claim's proof, and takes its amount out of what is left for claims.
    ///
    /// # Errors
    /// [`BreakerError::WrongClaim`], [`BreakerError::ClaimsAboveSafe`].
    pub fn claim(
        &mut self,
        key: &Pubkey,
        (index, owner, amount): (u64, &Pubkey, u64),
        proof: &[[u8; 32]],
    ) -> Checked<()> {
        let leaf = claim_leaf(key, self.claims_epoch, index, owner, amount);
        let root = proof.iter().fold(leaf, |node, other| claim_node(&node, other));
        if root != self.claims_root {
            return Err(BreakerError::WrongClaim);
        }
        self.claims_left = self.claims_left.checked_sub(amount).ok_or(BreakerError::ClaimsAboveSafe)?;
        Ok(())
    }
}
