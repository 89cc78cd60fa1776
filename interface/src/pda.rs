//! Addresses: each account's seeds, in one place.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use crate::ID;

/// Seed prefix of [`crate::state::Protocol`], then the protected program's id and its recording PDA.
pub const PROTOCOL: &[u8] = b"protocol";
/// Seed prefix of [`crate::state::Market`], then the protocol and the market's id.
pub const MARKET: &[u8] = b"market";
/// Seed prefix of [`crate::state::Limiter`], then the protocol and the vault.
pub const LIMITER: &[u8] = b"limiter";
/// Seed prefix of [`crate::state::MintCap`], then the protocol and the mint.
pub const MINT_CAP: &[u8] = b"mint-cap";
/// Seed prefix of [`crate::state::Journal`], then the protocol.
pub const JOURNAL: &[u8] = b"journal";
/// Seed prefix of [`crate::state::JournalSegment`], then the protocol and the segment's number.
pub const SEGMENT: &[u8] = b"segment";
/// Seed prefix of [`crate::state::Keeper`], then the protocol and the keeper's key.
pub const KEEPER: &[u8] = b"keeper";
/// Seed prefix of [`crate::state::GuardianBudget`], then the market (or the protocol, for all markets) and the guardian.
pub const BUDGET: &[u8] = b"budget";
/// Seed prefix of [`crate::state::Coverage`], then the protocol.
pub const COVERAGE: &[u8] = b"coverage";
/// Seed prefix of [`crate::state::PriceBand`], then the market and the band's index.
pub const BAND: &[u8] = b"band";
/// Seed prefix of [`crate::state::Invariant`], then the market and the invariant's index.
pub const INVARIANT: &[u8] = b"invariant";
/// Seed prefix of [`crate::state::Proposal`], then the protocol and the proposal's number.
pub const PROPOSAL: &[u8] = b"proposal";
/// Seed prefix of a guardian's [`crate::state::Proposal`], then the protocol, the guardian and a number of its choice.
pub const GUARDIAN_PROPOSAL: &[u8] = b"guardian-proposal";
/// Seed prefix of [`crate::state::Safe`], then the market and the mint.
pub const SAFE: &[u8] = b"safe";
/// Seed prefix of a safe's token account, then the safe.
pub const SAFE_TOKENS: &[u8] = b"safe-tokens";
/// Seed prefix of [`crate::state::Route`], then the market and the vault.
pub const ROUTE: &[u8] = b"route";
/// Seed prefix of [`crate::state::Held`], then the safe, the owner and a number of the owner's choice.
pub const HELD: &[u8] = b"held";
/// Seed prefix of [`crate::state::ClaimPage`], then the safe, the set of claims and the page.
pub const CLAIMS: &[u8] = b"claims";
/// The protected program's seed of its recording PDA, by convention. The PDA owns nothing and is no authority.
pub const RECORDER: &[u8] = b"firebreak";

/// The recording PDA of a protected program, by convention, and its bump.
pub fn recorder(program: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[RECORDER], program)
}

/// A protocol's account.
pub fn protocol(program: &Pubkey, recorder: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[PROTOCOL, program.as_ref(), recorder.as_ref()], &ID)
}

/// A market's account.
pub fn market(protocol: &Pubkey, id: u64) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[MARKET, protocol.as_ref(), &id.to_le_bytes()], &ID)
}

/// A vault's limiter: a vault has one for ever.
pub fn limiter(protocol: &Pubkey, vault: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[LIMITER, protocol.as_ref(), vault.as_ref()], &ID)
}

/// What the unseasoned limiters of a mint share.
pub fn mint_cap(protocol: &Pubkey, mint: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[MINT_CAP, protocol.as_ref(), mint.as_ref()], &ID)
}

/// A protocol's journal.
pub fn journal(protocol: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[JOURNAL, protocol.as_ref()], &ID)
}

/// A segment of a protocol's journal.
pub fn segment(protocol: &Pubkey, number: u32) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[SEGMENT, protocol.as_ref(), &number.to_le_bytes()], &ID)
}

/// A keeper's registration.
pub fn keeper(protocol: &Pubkey, key: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[KEEPER, protocol.as_ref(), key.as_ref()], &ID)
}

/// A guardian's pause budget for a market, or for all markets when `scope` is the protocol.
pub fn budget(scope: &Pubkey, guardian: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[BUDGET, scope.as_ref(), guardian.as_ref()], &ID)
}

/// A protocol's coverage table.
pub fn coverage(protocol: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[COVERAGE, protocol.as_ref()], &ID)
}

/// A market's price band.
pub fn band(market: &Pubkey, index: u8) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[BAND, market.as_ref(), &[index]], &ID)
}

/// A market's invariant.
pub fn invariant(market: &Pubkey, index: u8) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[INVARIANT, market.as_ref(), &[index]], &ID)
}

/// A protocol's proposal.
pub fn proposal(protocol: &Pubkey, nonce: u64) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[PROPOSAL, protocol.as_ref(), &nonce.to_le_bytes()], &ID)
}

/// A guardian's proposal.
pub fn guardian_proposal(protocol: &Pubkey, guardian: &Pubkey, nonce: u64) -> (Pubkey, u8) {
    let seeds: &[&[u8]] = &[GUARDIAN_PROPOSAL, protocol.as_ref(), guardian.as_ref(), &nonce.to_le_bytes()];
    Pubkey::find_program_address(seeds, &ID)
}

/// A market's safe for a mint.
pub fn safe(market: &Pubkey, mint: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[SAFE, market.as_ref(), mint.as_ref()], &ID)
}

/// A safe's token account.
pub fn safe_tokens(safe: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[SAFE_TOKENS, safe.as_ref()], &ID)
}

/// A vault's way to its safe; in custody the vault's owner.
pub fn route(market: &Pubkey, vault: &Pubkey) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[ROUTE, market.as_ref(), vault.as_ref()], &ID)
}

/// A withdrawal that waits in a safe.
pub fn held(safe: &Pubkey, owner: &Pubkey, nonce: u64) -> (Pubkey, u8) {
    Pubkey::find_program_address(&[HELD, safe.as_ref(), owner.as_ref(), &nonce.to_le_bytes()], &ID)
}

/// A page of claims made on a safe.
pub fn claim_page(safe: &Pubkey, epoch: u64, page: u64) -> (Pubkey, u8) {
    let seeds: &[&[u8]] = &[CLAIMS, safe.as_ref(), &epoch.to_le_bytes(), &page.to_le_bytes()];
    Pubkey::find_program_address(seeds, &ID)
}

/// The PDA by which the breaker signs its own event calls.
pub fn event_authority() -> (Pubkey, u8) {
    Pubkey::find_program_address(&[b"__event_authority"], &ID)
}
