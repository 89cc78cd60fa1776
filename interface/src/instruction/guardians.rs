//! Builders of what guardians do together.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use solana_program::instruction::Instruction;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::{
    INSTRUCTIONS, SLOT_HASHES, Stamp, data, discriminator, instruction, read, recording, signer, write,
};

/// Guardians approve a proposal that takes their approval; one of them, or several in one transaction. At the top level,
/// under a recent blockhash.
///
/// Accounts: protocol, proposal (writable), instructions and SlotHashes sysvars, journal, segment, event authority,
/// breaker, then the guardians (signers). Errors: `NotAGuardian`, `AlreadyVoted`, `ProposalFinished`, `DurableNonce`,
/// `StaleStamp`, `NotTopLevel`, `WrongProtocol`.
pub fn approve(
    guardians: &[Pubkey],
    protocol: Pubkey,
    proposal: Pubkey,
    stamp: &Stamp,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![read(protocol), write(proposal), read(INSTRUCTIONS), read(SLOT_HASHES)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(guardians.iter().copied().map(signer));
    instruction(accounts, data(discriminator::APPROVE, stamp))
}

/// Guardians speak against a proposal; with enough of them it is over.
///
/// Accounts: protocol (writable), proposal (writable), journal, segment, event authority, breaker, then the guardians
/// (signers). Errors: `NotAGuardian`, `AlreadyVoted`, `ProposalFinished`, `WrongProtocol`.
pub fn veto(guardians: &[Pubkey], protocol: Pubkey, proposal: Pubkey, segment: Option<u32>) -> Instruction {
    let mut accounts = vec![write(protocol), write(proposal)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(guardians.iter().copied().map(signer));
    instruction(accounts, data(discriminator::VETO, &()))
}

/// A quorum of guardians voids what the authority proposed and refuses what it would propose, for thirty days.
/// `authority_epoch` is the protocol's of today.
///
/// Accounts: protocol (writable), journal, segment, event authority, breaker, then the guardians (signers). Errors:
/// `NotAGuardian`, `NotApproved`, `AlreadyFrozen`, `StaleFreeze`.
pub fn freeze_authority(
    guardians: &[Pubkey],
    protocol: Pubkey,
    authority_epoch: u64,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![write(protocol)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(guardians.iter().copied().map(signer));
    instruction(accounts, data(discriminator::FREEZE_AUTHORITY, &authority_epoch))
}

/// Anyone brings a protocol's account to the program's version; twice changes nothing.
///
/// Accounts: protocol (writable), journal, segment, event authority, breaker.
pub fn migrate_protocol(protocol: Pubkey, segment: Option<u32>) -> Instruction {
    let mut accounts = vec![write(protocol)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::MIGRATE_PROTOCOL, &()))
}
