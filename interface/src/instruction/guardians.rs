//! Builders of what guardians do together.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use solana_program::instruction::{AccountMeta, Instruction};
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::{
    INSTRUCTIONS, SLOT_HASHES, SYSTEM, Stamp, data, discriminator, instruction, optional, payer, read,
    recording, signer, write,
};
use crate::{
    ID, pda,
    state::{ConfirmOrder, GuardianAct, ResumeOrder},
};

/// Which guardians stand behind an act of theirs: who signs here, and who has approved a proposal of it.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// Who signs.
    pub signers: &'a [Pubkey],
    /// A guardian's proposal of exactly this act.
    pub proposal: Option<Pubkey>,
}

impl<'a> Behind<'a> {
    /// All who are needed sign in this transaction.
    pub const fn signers(signers: &'a [Pubkey]) -> Self {
        Self { signers, proposal: None }
    }

    /// All who are needed have approved it; anybody sends it.
    pub const fn proposal(proposal: Pubkey) -> Self {
        Self { signers: &[], proposal: Some(proposal) }
    }
}

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

/// A guardian proposes an act that takes a quorum, and is the first who approves it. `nonce` is any number that this guardian
/// has not used; the market is none where the act is of the whole protocol. At the top level, under a recent blockhash.
///
/// Accounts: guardian (signer, writable), protocol, market (optional), proposal (created), instructions and SlotHashes
/// sysvars, System, journal, segment, event authority, breaker. Errors: `NotAGuardian`, `DurableNonce`, `StaleStamp`,
/// `NotTopLevel`, those of the act's bounds.
pub fn propose_as_guardian(
    guardian: Pubkey,
    (protocol, market): (Pubkey, Option<Pubkey>),
    nonce: u64,
    act: &GuardianAct,
    stamp: &Stamp,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![
        payer(guardian),
        read(protocol),
        read(market.unwrap_or(ID)),
        write(pda::guardian_proposal(&protocol, &guardian, nonce).0),
        read(INSTRUCTIONS),
        read(SLOT_HASHES),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::PROPOSE_AS_GUARDIAN, &(nonce, act, stamp)))
}

/// Guardians make a latch hold longer, of a market or of all with none.
///
/// Accounts: proposal (writable, optional), protocol (writable), market (writable, optional), journal, segment, event
/// authority, breaker, then the guardians (signers). Errors: `NotAGuardian`, `NotApproved`, `NotHeld`, `AnotherLatch`,
/// `DurationOutOfBounds`, `AlreadyHeld`, those of a proposal.
pub fn confirm(
    behind: Behind,
    (protocol, market): (Pubkey, Option<Pubkey>),
    order: &ConfirmOrder,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![optional(behind.proposal), write(protocol), optional(market)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(behind.signers.iter().copied().map(signer));
    instruction(accounts, data(discriminator::CONFIRM, order))
}

/// Guardians clear a latch early, of a market or of all with none. `shown` are the rules that an automatic latch stands for,
/// each followed by what it measures: a limiter (writable) by its vault, a band (writable) by its price accounts, an
/// invariant (writable) by its terms' accounts; of the program's pin its data account alone. Top level only, beside
/// ComputeBudget, the breaker, the oracle's posters and a nonce advance, which is not the first where guardians sign; those
/// who sign name a stamp.
///
/// Accounts: proposal (writable, optional), protocol (writable), market (writable, optional), instructions and SlotHashes
/// sysvars, journal, segment, event authority, breaker, what is shown, then the guardians (signers). Errors: `NotAGuardian`,
/// `NotApproved`, `NotHeld`, `AnotherLatch`, `RuleNotShown`, `ConditionHolds`, `PokeFirst`, `StaleStamp`, `DurableNonce`,
/// `WrongCompany`, those of a proposal.
pub fn resume(
    behind: Behind,
    (protocol, market): (Pubkey, Option<Pubkey>),
    (order, stamp): (&ResumeOrder, Option<&Stamp>),
    shown: &[AccountMeta],
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![
        optional(behind.proposal),
        write(protocol),
        optional(market),
        read(INSTRUCTIONS),
        read(SLOT_HASHES),
    ];
    accounts.extend(recording(&protocol, segment));
    accounts.extend_from_slice(shown);
    accounts.extend(behind.signers.iter().copied().map(signer));
    instruction(accounts, data(discriminator::RESUME, &(order, stamp)))
}

/// Planned work begins: keepers' raises of the market are refused for so many seconds. Anybody sends it, once the guardians'
/// proposal of it has waited.
///
/// Accounts: proposal (writable), protocol, market (writable), journal, segment, event authority, breaker. Errors:
/// `LooseningWaits`, `NotApproved`, `LatchLive`, `MaintenanceSpent`, those of a proposal.
pub fn announce_maintenance(
    proposal: Pubkey,
    protocol: Pubkey,
    market: Pubkey,
    seconds: u32,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![write(proposal), read(protocol), write(market)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::ANNOUNCE_MAINTENANCE, &seconds))
}

/// A quorum of guardians voids what the authority proposed and refuses what it would propose, for thirty days.
/// `authority_epoch` is the protocol's of today.
///
/// Accounts: proposal (writable, optional), protocol (writable), journal, segment, event authority, breaker, then the
/// guardians (signers). Errors: `NotAGuardian`, `NotApproved`, `AlreadyFrozen`, `StaleFreeze`, those of a proposal.
pub fn freeze_authority(
    behind: Behind,
    protocol: Pubkey,
    authority_epoch: u64,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![optional(behind.proposal), write(protocol)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(behind.signers.iter().copied().map(signer));
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
