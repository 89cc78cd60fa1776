//! Builders of governance: proposals and amendments.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use solana_program::instruction::{AccountMeta, Instruction};
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::{SYSTEM, data, discriminator, instruction, payer, read, recording, signer, write};
use crate::{
    ID, pda,
    state::{Amendment, Proposed},
};

/// Who stands behind an act of governance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Governance {
    /// The authority, by its signature: what tightens, and all before the first limiter is armed.
    Authority(Pubkey),
    /// A ripe proposal of exactly this act, executed by anyone.
    Proposal(Pubkey),
    /// A ripe proposal that makes this key the authority; it signs.
    Accepted {
        /// The proposal.
        proposal: Pubkey,
        /// The new authority.
        authority: Pubkey,
    },
}

impl From<Pubkey> for Governance {
    fn from(authority: Pubkey) -> Self {
        Self::Authority(authority)
    }
}

impl Governance {
    /// Authority and proposal; the program's own id stands for none.
    pub(super) fn accounts(self) -> [AccountMeta; 2] {
        match self {
            Self::Authority(authority) => [signer(authority), read(ID)],
            Self::Proposal(proposal) => [read(ID), write(proposal)],
            Self::Accepted { proposal, authority } => [signer(authority), write(proposal)],
        }
    }
}

/// Proposes an act that waits: a loosening, or a registration once a limiter was armed. `nonce` is the protocol's next;
/// `bound` are the accounts that the act names, see [`Proposed`].
///
/// Accounts: payer (signer, writable), authority (signer), protocol (writable), proposal (created), what was vetoed or
/// none, System, journal, segment, event authority, breaker, then the bound accounts. Errors: `NotTheAuthority`, `TooManyProposals`,
/// `ProposalTooLong`, `WrongProposal`, `WrongSubject`, those of the settings' bounds.
pub fn propose(
    payer_key: Pubkey,
    authority: Pubkey,
    protocol: Pubkey,
    nonce: u64,
    (proposed, bound): (&Proposed, &[Pubkey]),
    segment: Option<u32>,
) -> Instruction {
    proposing(payer_key, authority, protocol, nonce, (proposed, bound), None, segment)
}

/// Proposes once more what was vetoed: it waits twice as long, and is vetoed only by more guardians.
///
/// Accounts and errors as [`propose`]; the vetoed proposal stands where there is none.
pub fn propose_again(
    payer_key: Pubkey,
    authority: Pubkey,
    protocol: Pubkey,
    nonce: u64,
    act: (&Proposed, &[Pubkey]),
    vetoed: Pubkey,
    segment: Option<u32>,
) -> Instruction {
    proposing(payer_key, authority, protocol, nonce, act, Some(vetoed), segment)
}

fn proposing(
    payer_key: Pubkey,
    authority: Pubkey,
    protocol: Pubkey,
    nonce: u64,
    (proposed, bound): (&Proposed, &[Pubkey]),
    vetoed: Option<Pubkey>,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![
        payer(payer_key),
        signer(authority),
        write(protocol),
        write(pda::proposal(&protocol, nonce).0),
        read(vetoed.unwrap_or(ID)),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    // the protocol is among the writable ones already where it is the subject
    accounts.extend(bound.iter().map(|key| if *key == protocol { write(*key) } else { read(*key) }));
    instruction(accounts, data(discriminator::PROPOSE, proposed))
}

/// Cancels a proposal: the authority at any time, anyone once it is expired or void.
///
/// Accounts: signer, protocol (writable), proposal (writable), journal, segment, event authority, breaker. Errors:
/// `CannotCancel`, `ProposalFinished`.
pub fn cancel(by: Pubkey, protocol: Pubkey, proposal: Pubkey, segment: Option<u32>) -> Instruction {
    let mut accounts = vec![signer(by), write(protocol), write(proposal)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::CANCEL, &()))
}

/// Changes what is registered. `rest` are the accounts that the amendment names, see [`Amendment`]. A loss is
/// accepted, a limiter or an invariant disarmed, and a protocol detached in known company: the instructions sysvar comes first.
/// The same before a limiter's vault where a proposal stands for its settings or its arming.
/// New settings of a band or an invariant show its market, where a proposal stands for them.
///
/// Accounts: authority (signer) or proposal (writable), protocol (writable), subject (writable), journal, segment, event
/// authority, breaker, then the rest. Errors: `NotTheAuthority`, `LooseningWaits`, `BelowFloor`, `StepTooLarge`,
/// `SettingFixed`, `NothingChanges`, `WrongSubject`, `LatchLive`, `PokeFirst`, those of a proposal, those of the settings' bounds.
pub fn amend(
    by: impl Into<Governance>,
    protocol: Pubkey,
    subject: Pubkey,
    (amendment, rest): (&Amendment, &[Pubkey]),
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = by.into().accounts().to_vec();
    accounts.extend([write(protocol), write(subject)]);
    accounts.extend(recording(&protocol, segment));
    accounts.extend(rest.iter().copied().map(read));
    instruction(accounts, data(discriminator::AMEND, amendment))
}

/// Arms a vault's limiter: [`amend`] with a tightening, at once. From the first one on, registrations are loosenings.
/// Errors: `NotTheAuthority`, `AlreadyArmed`, `VaultNotGuardable`.
pub fn arm_limiter(authority: Pubkey, protocol: Pubkey, vault: Pubkey, segment: Option<u32>) -> Instruction {
    let limiter = pda::limiter(&protocol, &vault).0;
    amend(authority, protocol, limiter, (&Amendment::Arm, &[vault]), segment)
}

/// Arms a price band or an invariant, as [`arm_limiter`]. Errors: `NotTheAuthority`, `AlreadyArmed`.
pub fn arm_rule(authority: Pubkey, protocol: Pubkey, rule: Pubkey, segment: Option<u32>) -> Instruction {
    amend(authority, protocol, rule, (&Amendment::Arm, &[]), segment)
}
