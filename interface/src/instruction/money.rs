//! Builders of what moves money to safety and back.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use solana_program::instruction::{AccountMeta, Instruction};
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

use super::{
    Behind, Governance, INSTRUCTIONS, SLOT_HASHES, SYSTEM, Stamp, data, discriminator, instruction, optional,
    payer, read, recording, signer, write,
};
use crate::{
    ID,
    operation::Operation,
    pda,
    state::{ClaimsOrder, HeldRange, MigrateOrder, ReleaseOrder, RouteSettings},
};

/// Registers a market's safe for a mint, with its token account. Where the mint freezes new accounts, its freeze authority
/// thaws it before a route is registered.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market, mint, safe
/// (created), its token account (created), token program, System, journal, segment, event authority, breaker. Errors:
/// `NotTheAuthority`, `RegistrationClosed`, those of a proposal, `RouteInIncident`, `MintNotGuardable`, `WrongTokenProgram`.
pub fn register_safe(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    (protocol, market): (Pubkey, Pubkey),
    (mint, token_program): (Pubkey, Pubkey),
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let (safe, _) = pda::safe(&market, &mint);
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        read(market),
        read(mint),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        read(token_program),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_SAFE, &()))
}

/// Registers a vault's way to its safe, or other settings of it. `mint` is the vault's.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market, safe, its token
/// account, vault, limiter (writable), route (created when missing), destination (optional), System, journal, segment, event
/// authority, breaker. Errors: `NotTheAuthority`, `RegistrationClosed`, those of a proposal, `RouteSettingOutOfBounds`,
/// `RouteInIncident`, `WrongDestination`, `WrongVault`, `WrongSafe`, `SafeNotSound`.
pub fn register_route(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    (protocol, market): (Pubkey, Pubkey),
    (vault, mint): (Pubkey, Pubkey),
    settings: &RouteSettings,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let (safe, _) = pda::safe(&market, &mint);
    let destination = settings.destination;
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        read(market),
        read(safe),
        read(pda::safe_tokens(&safe).0),
        read(vault),
        write(pda::limiter(&protocol, &vault).0),
        write(pda::route(&market, &vault).0),
        read(if destination == Pubkey::default() { ID } else { destination }),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_ROUTE, settings))
}

/// Guardians order that a market's money be moved to safety: for a day anyone does it, vault by vault.
///
/// Accounts: proposal (writable, optional), protocol, market (writable), journal, segment, event authority, breaker, then the
/// guardians (signers). Errors: `NotAGuardian`, `NotApproved`, `NotHeld`, `AnotherLatch`, `SeverityNotAllowed`, those of a
/// proposal.
pub fn order_migration(
    behind: Behind,
    (protocol, market): (Pubkey, Pubkey),
    order: &MigrateOrder,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![optional(behind.proposal), read(protocol), write(market)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(behind.signers.iter().copied().map(signer));
    instruction(accounts, data(discriminator::ORDER_MIGRATION, order))
}

/// A vault and its way to safety.
#[derive(Clone, Copy, Debug)]
pub struct Migrate {
    /// The market.
    pub market: Pubkey,
    /// The vault.
    pub vault: Pubkey,
    /// The vault's owner, who signs in escort; none in custody, where the route does.
    pub owner: Option<Pubkey>,
    /// The vault's mint.
    pub mint: Pubkey,
    /// The mint's token program.
    pub token_program: Pubkey,
}

impl Migrate {
    fn owner(&self) -> AccountMeta {
        self.owner.map_or_else(|| read(pda::route(&self.market, &self.vault).0), signer)
    }
}

/// Moves all that a vault has to its safe. In custody anyone sends it; in escort the protected program calls it, with the
/// signature of the vault's owner.
///
/// Accounts: protocol, market, limiter (writable), route (writable), vault (writable), its owner (signer in escort), mint, safe
/// (writable), its token account (writable), token program, instructions sysvar, journal, segment, event authority, breaker.
/// Errors: `NoMigration`, `OwnerMustSign`, `WrongVault`, `WrongSafe`, `SafeNotSound`, `WrongMint`, `WrongTokenProgram`,
/// `WrongCompany`, `NotTopLevel`.
pub fn migrate(protocol: Pubkey, of: &Migrate, segment: Option<u32>) -> Instruction {
    let (safe, _) = pda::safe(&of.market, &of.mint);
    let mut accounts = vec![
        read(protocol),
        read(of.market),
        write(pda::limiter(&protocol, &of.vault).0),
        write(pda::route(&of.market, &of.vault).0),
        write(of.vault),
        of.owner(),
        read(of.mint),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        read(of.token_program),
        read(INSTRUCTIONS),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::MIGRATE, &()))
}

/// A withdrawal that is to wait.
#[derive(Clone, Copy, Debug)]
pub struct Hold {
    /// The vault that it would leave.
    pub from: Migrate,
    /// Whose it is; signs, and pays rent, which comes back.
    pub user: Pubkey,
    /// Where it would have gone: a token account of the user's.
    pub destination: Pubkey,
    /// How much, in token units.
    pub amount: u64,
    /// A number that the user has not in use in this safe.
    pub nonce: u64,
}

/// Moves a withdrawal that was answered Hold in this slot to the safe, in the user's name. The protected program calls it,
/// right after it asked.
///
/// Accounts: recorder (signer), protocol, market, limiter (writable), route, vault (writable), its owner (signer in escort),
/// mint, safe (writable), its token account (writable), token program, user (signer, writable), destination, held (created),
/// System, journal, segment, event authority, breaker. Errors: `NothingToHold`, `ZeroFlow`, `NotTheRecorder`, `WrongPayee`,
/// `OwnerMustSign`, `WrongProtocol`, `WrongMarket`, `WrongVault`, `WrongSafe`, `SafeNotSound`, `WrongMint`,
/// `WrongTokenProgram`.
pub fn hold(recorder: Pubkey, protocol: Pubkey, what: &Hold, segment: Option<u32>) -> Instruction {
    let of = &what.from;
    let (safe, _) = pda::safe(&of.market, &of.mint);
    let mut accounts = vec![
        signer(recorder),
        read(protocol),
        read(of.market),
        write(pda::limiter(&protocol, &of.vault).0),
        read(pda::route(&of.market, &of.vault).0),
        write(of.vault),
        of.owner(),
        read(of.mint),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        read(of.token_program),
        payer(what.user),
        read(what.destination),
        write(pda::held(&safe, &what.user, what.nonce).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::HOLD, &(what.amount, what.nonce)))
}

/// An outflow of a vault in the breaker's custody.
#[derive(Clone, Copy, Debug)]
pub struct Pay {
    /// The vault; its owner is its route.
    pub from: Migrate,
    /// Who is paid: a token account.
    pub to: Pubkey,
    /// Whether what would be held is answered [`crate::Verdict::Hold`]: by who calls [`hold`] then. Else it is denied.
    pub or_hold: bool,
    /// Which operation it is.
    pub operation: Operation,
    /// How much, in token units.
    pub amount: u64,
}

/// Asks for an outflow of a vault in custody, and pays it where the verdict is Allow. The protected program calls it; the
/// verdict is in the return data.
///
/// Accounts: recorder (signer), protocol, market, limiter (writable), vault (writable), route, mint, destination (writable),
/// token program. Errors: those of `record_flow`, `OwnerMustSign` where the vault is not in custody, `WrongMint`,
/// `WrongTokenProgram`.
pub fn pay(recorder: Pubkey, protocol: Pubkey, what: &Pay) -> Instruction {
    let of = &what.from;
    let accounts = vec![
        signer(recorder),
        read(protocol),
        read(of.market),
        write(pda::limiter(&protocol, &of.vault).0),
        write(of.vault),
        read(pda::route(&of.market, &of.vault).0),
        read(of.mint),
        write(what.to),
        read(of.token_program),
    ];
    let args = (what.or_hold, what.operation.bit(), what.amount);
    instruction(accounts, data(discriminator::PAY, &args))
}

/// A safe, and a token account that is paid out of it.
#[derive(Clone, Copy, Debug)]
pub struct Payout {
    /// The market.
    pub market: Pubkey,
    /// The safe's mint.
    pub mint: Pubkey,
    /// The mint's token program.
    pub token_program: Pubkey,
    /// Whose it is.
    pub owner: Pubkey,
    /// Whether the owner signs: then it may go to any token account of the owner's.
    pub owner_signs: bool,
    /// The token account.
    pub to: Pubkey,
}

impl Payout {
    fn owner(&self, is_writable: bool) -> AccountMeta {
        AccountMeta { pubkey: self.owner, is_signer: self.owner_signs, is_writable }
    }
}

/// Pays a held withdrawal that is due, or puts one that was refused away. Anyone may: it goes where it was withdrawn to, or
/// to the owner's associated account; the owner, signing, may name another of his.
///
/// Accounts: protocol, market, safe (writable), its token account (writable), held (closed), owner (writable; signer where it
/// names another account), destination (writable), mint, token program, journal, segment, event authority, breaker. Errors:
/// `HeldNotDue`, `HeldFlagged`, `WrongPayee`, `WrongSafe`, `SafeNotSound`.
pub fn claim_held(protocol: Pubkey, to: &Payout, nonce: u64, segment: Option<u32>) -> Instruction {
    let (safe, _) = pda::safe(&to.market, &to.mint);
    let mut accounts = vec![
        read(protocol),
        read(to.market),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        write(pda::held(&safe, &to.owner, nonce).0),
        to.owner(true),
        write(to.to),
        read(to.mint),
        read(to.token_program),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::CLAIM_HELD, &()))
}

/// Guardians flag held withdrawals of a market's safe: they wait for their decision, seven days at most.
///
/// Accounts: proposal (writable, optional), protocol, market, safe (writable), journal, segment, event authority, breaker,
/// then the guardians (signers). Errors: `NotAGuardian`, `NotApproved`, `WrongHeldRange`, `FlagsFull`, those of a proposal.
pub fn flag_held(
    behind: Behind,
    (protocol, market): (Pubkey, Pubkey),
    range: &HeldRange,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![
        optional(behind.proposal),
        read(protocol),
        read(market),
        write(pda::safe(&market, &range.mint).0),
    ];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(behind.signers.iter().copied().map(signer));
    instruction(accounts, data(discriminator::FLAG_HELD, range))
}

/// Guardians decide whether flagged withdrawals are paid. The stamp is of those who sign here.
///
/// Accounts: proposal (writable, optional), protocol, market, safe (writable), instructions and SlotHashes sysvars, journal,
/// segment, event authority, breaker, then the guardians (signers). Errors: `NotAGuardian`, `NotApproved`, `WrongHeldRange`,
/// `AlreadyDecided`, `StaleStamp`, `DurableNonce`, `NotTopLevel`, those of a proposal.
pub fn decide_held(
    behind: Behind,
    (protocol, market): (Pubkey, Pubkey),
    (range, pay, stamp): (&HeldRange, bool, Option<&Stamp>),
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![
        optional(behind.proposal),
        read(protocol),
        read(market),
        write(pda::safe(&market, &range.mint).0),
        read(INSTRUCTIONS),
        read(SLOT_HASHES),
    ];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(behind.signers.iter().copied().map(signer));
    instruction(accounts, data(discriminator::DECIDE_HELD, &(range, pay, stamp)))
}

/// Begins a release that guardians approved and that has waited: with the authority's signature, or without once the
/// guardians have waited for it.
///
/// `mint` is the vault's.
///
/// Accounts: proposal (writable), authority (signer, optional), protocol, market (writable), route (writable), safe, its token
/// account, journal, segment, event authority, breaker. Errors: `AuthorityMustSign`, `NotTheAuthority`, `AuthorityFrozen`,
/// `MigrationUnderWay`, `WrongVault`, `WrongDestination`, `NothingToRelease`, `NotApproved`, those of a proposal.
pub fn begin_release(
    proposal: Pubkey,
    authority: Option<Pubkey>,
    (protocol, market, mint): (Pubkey, Pubkey, Pubkey),
    order: &ReleaseOrder,
    segment: Option<u32>,
) -> Instruction {
    let (safe, _) = pda::safe(&market, &mint);
    let mut accounts = vec![
        write(proposal),
        authority.map_or_else(|| read(ID), signer),
        read(protocol),
        write(market),
        write(pda::route(&market, &order.vault).0),
        read(safe),
        read(pda::safe_tokens(&safe).0),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::BEGIN_RELEASE, order))
}

/// Takes a step of a release. `to` is the vault, or the route's destination where it was agreed on. Anyone may.
///
/// Accounts: protocol, market, limiter (writable), route (writable), safe (writable), its token account (writable),
/// destination (writable), mint, token program, instructions sysvar, journal, segment, event authority, breaker. Errors:
/// `NothingToRelease`, `ReleaseNotDue`, `MigrationUnderWay`, `WrongDestination`, `WrongVault`, `SafeNotSound`, `WrongCompany`,
/// `NotTopLevel`.
pub fn release(protocol: Pubkey, of: &Migrate, to: Pubkey, segment: Option<u32>) -> Instruction {
    let (safe, _) = pda::safe(&of.market, &of.mint);
    let mut accounts = vec![
        read(protocol),
        read(of.market),
        write(pda::limiter(&protocol, &of.vault).0),
        write(pda::route(&of.market, &of.vault).0),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        write(to),
        read(of.mint),
        read(of.token_program),
        read(INSTRUCTIONS),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::RELEASE, &()))
}

/// Opens claims on a safe that guardians approved and that have waited; the authority signs.
///
/// Accounts: proposal (writable), authority (signer), protocol, market, safe (writable), its token account, journal, segment,
/// event authority, breaker. Errors: `NotTheAuthority`, `AuthorityFrozen`, `WrongClaim`, `ClaimsAboveSafe`, `SafeNotSound`,
/// `NotApproved`, those of a proposal.
pub fn open_claims(
    proposal: Pubkey,
    authority: Pubkey,
    (protocol, market): (Pubkey, Pubkey),
    order: &ClaimsOrder,
    segment: Option<u32>,
) -> Instruction {
    let (safe, _) = pda::safe(&market, &order.mint);
    let mut accounts = vec![
        write(proposal),
        signer(authority),
        read(protocol),
        read(market),
        write(safe),
        read(pda::safe_tokens(&safe).0),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::OPEN_CLAIMS, order))
}

/// Pays a claim on a safe to its owner. Anyone may, to the owner's associated account; the owner, signing, may name another.
/// `epoch` is the number of the safe's set of claims.
///
/// Accounts: payer (signer, writable), protocol, safe (writable), its token account (writable), page of claims (created when
/// missing), owner (signer where it names another account), destination (writable), mint, token program, System, journal,
/// segment, event authority, breaker. Errors: `WrongClaim`, `AlreadyClaimed`, `ClaimsAboveSafe`, `WrongPayee`,
/// `SafeNotSound`.
pub fn claim(
    payer_key: Pubkey,
    protocol: Pubkey,
    to: &Payout,
    (epoch, index, amount): (u64, u64, u64),
    proof: &[[u8; 32]],
    segment: Option<u32>,
) -> Instruction {
    let (safe, _) = pda::safe(&to.market, &to.mint);
    let page = index / crate::state::CLAIMS_PER_PAGE;
    let mut accounts = vec![
        payer(payer_key),
        read(protocol),
        write(safe),
        write(pda::safe_tokens(&safe).0),
        write(pda::claim_page(&safe, epoch, page).0),
        to.owner(false),
        write(to.to),
        read(to.mint),
        read(to.token_program),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::CLAIM, &(index, amount, proof)))
}
