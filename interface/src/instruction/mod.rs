//! Instruction builders: what only the caller knows goes in, addresses are derived here.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::Pubkey;
use borsh::BorshSerialize;
use solana_program::instruction::{AccountMeta, Instruction};
#[cfg(not(feature = "anchor"))]
use solana_program::pubkey::Pubkey;

mod governance;
mod guardians;
mod money;

use crate::{
    ID, pda,
    state::{
        BandSettings, CoverageRow, InvariantSettings, KeeperSettings, LimiterSettings, MarketSettings,
        PauseOrder, ProtocolSettings, program_data,
    },
};

/// System program.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
/// Instructions sysvar, which `poke` reads.
pub const INSTRUCTIONS: Pubkey = Pubkey::from_str_const("Sysvar1nstructions1111111111111111111111111");

/// SlotHashes sysvar, in which an approval's stamp is looked up.
pub const SLOT_HASHES: Pubkey = Pubkey::from_str_const("SysvarS1otHashes111111111111111111111111111");

/// First eight bytes of each instruction's data: of sha256("global:" and its name).
pub mod discriminator {
    /// `create_protocol`
    pub const CREATE_PROTOCOL: [u8; 8] = [56, 121, 133, 237, 72, 167, 71, 224];
    /// `create_market`
    pub const CREATE_MARKET: [u8; 8] = [103, 226, 97, 235, 200, 188, 251, 254];
    /// `register_limiter`
    pub const REGISTER_LIMITER: [u8; 8] = [16, 178, 201, 80, 83, 245, 146, 74];
    /// `register_keeper`
    pub const REGISTER_KEEPER: [u8; 8] = [175, 126, 140, 213, 21, 174, 234, 239];
    /// `record_flow`
    pub const RECORD_FLOW: [u8; 8] = [130, 88, 225, 93, 182, 140, 216, 70];
    /// `poke`
    pub const POKE: [u8; 8] = [46, 24, 16, 107, 212, 9, 17, 5];
    /// `pause`
    pub const PAUSE: [u8; 8] = [211, 22, 221, 251, 74, 121, 193, 47];
    /// `raise`
    pub const RAISE: [u8; 8] = [128, 40, 222, 119, 114, 38, 122, 27];
    /// `register_coverage`
    pub const REGISTER_COVERAGE: [u8; 8] = [103, 44, 19, 11, 153, 111, 101, 28];
    /// `step_down`
    pub const STEP_DOWN: [u8; 8] = [23, 134, 6, 227, 8, 176, 189, 176];
    /// `extend_journal`
    pub const EXTEND_JOURNAL: [u8; 8] = [93, 187, 102, 102, 3, 130, 109, 204];
    /// `register_band`
    pub const REGISTER_BAND: [u8; 8] = [164, 67, 17, 143, 212, 142, 229, 105];
    /// `observe`
    pub const OBSERVE: [u8; 8] = [204, 78, 178, 115, 194, 147, 65, 74];
    /// `poke_band`
    pub const POKE_BAND: [u8; 8] = [216, 220, 59, 25, 162, 8, 211, 191];
    /// `register_invariant`
    pub const REGISTER_INVARIANT: [u8; 8] = [191, 60, 192, 44, 222, 88, 252, 222];
    /// `poke_program`
    pub const POKE_PROGRAM: [u8; 8] = [216, 159, 116, 107, 120, 248, 177, 197];
    /// `propose`
    pub const PROPOSE: [u8; 8] = [93, 253, 82, 168, 118, 33, 102, 90];
    /// `cancel`
    pub const CANCEL: [u8; 8] = [232, 219, 223, 41, 219, 236, 220, 190];
    /// `amend`
    pub const AMEND: [u8; 8] = [97, 162, 248, 161, 143, 12, 177, 81];
    /// `approve`
    pub const APPROVE: [u8; 8] = [69, 74, 217, 36, 115, 117, 97, 76];
    /// `veto`
    pub const VETO: [u8; 8] = [190, 152, 69, 226, 61, 150, 107, 215];
    /// `freeze_authority`
    pub const FREEZE_AUTHORITY: [u8; 8] = [59, 124, 222, 89, 27, 146, 178, 7];
    /// `propose_as_guardian`
    pub const PROPOSE_AS_GUARDIAN: [u8; 8] = [146, 199, 112, 22, 14, 198, 251, 254];
    /// `confirm`
    pub const CONFIRM: [u8; 8] = [174, 1, 15, 213, 3, 190, 131, 0];
    /// `resume`
    pub const RESUME: [u8; 8] = [1, 166, 51, 170, 127, 32, 141, 206];
    /// `announce_maintenance`
    pub const ANNOUNCE_MAINTENANCE: [u8; 8] = [182, 1, 171, 123, 200, 249, 254, 233];
    /// `heartbeat`
    pub const HEARTBEAT: [u8; 8] = [202, 104, 56, 6, 240, 170, 63, 134];
    /// `migrate_protocol`
    pub const MIGRATE_PROTOCOL: [u8; 8] = [182, 254, 253, 220, 0, 144, 234, 250];
    /// `register_safe`
    pub const REGISTER_SAFE: [u8; 8] = [56, 22, 136, 93, 134, 98, 192, 205];
    /// `register_route`
    pub const REGISTER_ROUTE: [u8; 8] = [61, 66, 245, 178, 80, 255, 23, 250];
    /// `order_migration`
    pub const ORDER_MIGRATION: [u8; 8] = [185, 2, 99, 233, 90, 110, 173, 152];
    /// `migrate`
    pub const MIGRATE: [u8; 8] = [155, 234, 231, 146, 236, 158, 162, 30];
    /// `hold`
    pub const HOLD: [u8; 8] = [83, 159, 208, 118, 203, 182, 239, 221];
    /// `pay`
    pub const PAY: [u8; 8] = [119, 18, 216, 65, 192, 117, 122, 220];
    /// `claim_held`
    pub const CLAIM_HELD: [u8; 8] = [233, 137, 232, 163, 130, 51, 68, 151];
    /// `flag_held`
    pub const FLAG_HELD: [u8; 8] = [199, 183, 153, 199, 131, 84, 76, 122];
    /// `decide_held`
    pub const DECIDE_HELD: [u8; 8] = [194, 225, 206, 140, 68, 42, 189, 57];
    /// `begin_release`
    pub const BEGIN_RELEASE: [u8; 8] = [133, 115, 33, 81, 150, 188, 57, 122];
    /// `release`
    pub const RELEASE: [u8; 8] = [253, 249, 15, 206, 28, 127, 193, 241];
    /// `open_claims`
    pub const OPEN_CLAIMS: [u8; 8] = [111, 108, 90, 115, 178, 90, 24, 228];
    /// `claim`
    pub const CLAIM: [u8; 8] = [62, 198, 214, 193, 213, 159, 108, 210];
    /// `poke_invariant`
    pub const POKE_INVARIANT: [u8; 8] = [245, 104, 238, 32, 22, 111, 74, 192];
    /// `open_budget`
    pub const OPEN_BUDGET: [u8; 8] = [187, 44, 51, 199, 222, 25, 238, 87];
}

pub use governance::{Governance, amend, arm_limiter, arm_rule, cancel, propose, propose_again};
pub use guardians::{
    Behind, announce_maintenance, approve, confirm, freeze_authority, migrate_protocol, propose_as_guardian,
    resume, veto,
};

pub use money::{
    Hold, Migrate, Pay, Payout, begin_release, claim, claim_held, decide_held, flag_held, hold, migrate,
    open_claims, order_migration, pay, register_route, register_safe, release,
};

/// When an approval was signed: a slot of the last 512 and its hash, as SlotHashes has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct Stamp {
    /// The slot.
    pub slot: u64,
    /// Its bank's hash.
    pub hash: [u8; 32],
}

/// What a keeper raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, borsh::BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct RaiseOrder {
    /// Operations to close where another keeper confirms; exits in it are ignored. Alone, a raise closes what the
    /// market's Minor response closes.
    pub closed: u64,
    /// How long, in seconds: 10 minutes up to the keeper's registered highest.
    pub seconds: u32,
    /// The detector's number: evidence, for people.
    pub reason: u64,
}

fn data(discriminator: [u8; 8], args: &impl BorshSerialize) -> Vec<u8> {
    let mut data = discriminator.to_vec();
    // writing Borsh to a growing buffer fails only where a type's own serializer does; ours have none
    let written = args.serialize(&mut data);
    debug_assert!(written.is_ok());
    data
}

fn read(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, false)
}

fn write(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, false)
}

fn signer(key: Pubkey) -> AccountMeta {
    AccountMeta::new_readonly(key, true)
}

fn payer(key: Pubkey) -> AccountMeta {
    AccountMeta::new(key, true)
}

/// An optional account; the program's own id stands for none.
fn optional(key: Option<Pubkey>) -> AccountMeta {
    key.map_or_else(|| read(ID), write)
}

/// The accounts by which an instruction writes the journal: head, current segment where there is one, event authority.
fn recording(protocol: &Pubkey, segment: Option<u32>) -> [AccountMeta; 4] {
    [
        write(pda::journal(protocol).0),
        optional(segment.map(|number| pda::segment(protocol, number).0)),
        read(pda::event_authority().0),
        read(ID),
    ]
}

fn instruction(accounts: Vec<AccountMeta>, data: Vec<u8>) -> Instruction {
    Instruction { program_id: ID, accounts, data }
}

/// Creates a protocol and its journal. The protected program calls this by CPI and signs with its recording PDA, so
/// nobody else can speak for it.
///
/// Accounts: payer (signer, writable), recorder (signer), protected program, protocol (created), journal (created),
/// System, event authority, breaker. Errors: those of the settings' bounds, `RecorderNotOfProgram`.
pub fn create_protocol(payer_key: Pubkey, program: Pubkey, settings: &ProtocolSettings) -> Instruction {
    let (recorder, _) = pda::recorder(&program);
    let (protocol, _) = pda::protocol(&program, &recorder);
    instruction(
        vec![
            payer(payer_key),
            signer(recorder),
            read(program),
            write(protocol),
            write(pda::journal(&protocol).0),
            read(SYSTEM),
            read(pda::event_authority().0),
            read(ID),
        ],
        data(discriminator::CREATE_PROTOCOL, settings),
    )
}

/// Creates the protocol of a program that does not call the breaker itself: its upgrade authority signs. Nothing else
/// differs: flows are recorded by the program's recording PDA.
///
/// Accounts as [`create_protocol`], the recorder without its signature; then the upgrade authority (signer), the program's
/// data account. Errors: `NotTheProgram`, those of [`create_protocol`].
pub fn create_protocol_as_upgrade_authority(
    payer_key: Pubkey,
    authority: Pubkey,
    program: Pubkey,
    settings: &ProtocolSettings,
) -> Instruction {
    let mut create = create_protocol(payer_key, program, settings);
    create.accounts[1].is_signer = false;
    create.accounts.extend([signer(authority), read(program_data(&program))]);
    create
}

/// Creates the journal's next segment: at most two wait empty behind the current one. Anyone may.
///
/// Accounts: payer (signer, writable), journal (writable), segment (created), System. Errors: `SegmentNotNeeded`.
pub fn extend_journal(payer_key: Pubkey, protocol: Pubkey, number: u32) -> Instruction {
    instruction(
        vec![
            payer(payer_key),
            write(pda::journal(&protocol).0),
            write(pda::segment(&protocol, number).0),
            read(SYSTEM),
        ],
        data(discriminator::EXTEND_JOURNAL, &()),
    )
}

/// Registers a market.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market (created), System, journal, segment,
/// event authority, breaker. Errors: `NotTheAuthority`, `RegistrationClosed`, those of a proposal, those of the settings' bounds.
pub fn create_market(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    id: u64,
    settings: &MarketSettings,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        write(pda::market(&protocol, id).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::CREATE_MARKET, &(id, settings)))
}

/// A vault to guard, and how.
#[derive(Clone, Copy, Debug)]
pub struct NewLimiter<'a> {
    /// Market whose latches it raises.
    pub market: Pubkey,
    /// The vault: a token account.
    pub vault: Pubkey,
    /// Its mint.
    pub mint: Pubkey,
    /// What all unseasoned limiters of the mint may have together, in token units: this one's bootstrap cap at least.
    pub mint_cap: u64,
    /// The limiter's settings.
    pub settings: &'a LimiterSettings,
}

/// Registers a vault's limiter, in shadow until it is armed.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market (writable), vault, limiter (created), mint, mint cap
/// (created when missing), System, journal, segment, event authority, breaker. Errors: `NotTheAuthority`,
/// `RegistrationClosed`, those of a proposal, `VaultNotGuardable`, `MintNotGuardable`, `WrongMint`, `MintCapDiffers`, `MintCapSpent`, those
/// of the settings' bounds.
pub fn register_limiter(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    new: &NewLimiter,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        write(new.market),
        read(new.vault),
        write(pda::limiter(&protocol, &new.vault).0),
        read(new.mint),
        write(pda::mint_cap(&protocol, &new.mint).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_LIMITER, &(new.settings, new.mint_cap)))
}

/// Registers a keeper.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), keeper (created), System, journal, segment,
/// event authority, breaker. Errors: `NotTheAuthority`, `RegistrationClosed`, those of a proposal, `GuardianRoleConflict`,
/// `KeeperSettingOutOfBounds`.
pub fn register_keeper(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    settings: &KeeperSettings,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        write(pda::keeper(&protocol, &settings.key).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_KEEPER, settings))
}

/// Adds instructions to the protocol's coverage table; the first call creates it. A transaction has room for about 40.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), coverage (created when missing), System, journal,
/// segment, event authority, breaker. Errors: `NotTheAuthority`, `RegistrationClosed`, those of a proposal, `CoverageCount`, `CoveredTwice`.
pub fn register_coverage(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    rows: &[CoverageRow],
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        write(pda::coverage(&protocol).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_COVERAGE, &rows))
}

/// Records a flow; see [`crate::cpi::record_flow`], which calls it from a program.
///
/// Accounts: recorder (signer), protocol, market (writable to let it rise at once), limiter (writable), vault.
/// Errors: `NotTheRecorder`, `WrongProtocol`, `WrongMarket`, `WrongVault`, `ZeroFlow`, `UnknownOperation`,
/// `AmountAboveBalance`.
pub fn record_flow(
    recorder: Pubkey,
    protocol: Pubkey,
    market: AccountMeta,
    vault: Pubkey,
    direction: crate::Direction,
    operation: crate::Operation,
    amount: u64,
) -> Instruction {
    instruction(
        vec![signer(recorder), read(protocol), market, write(pda::limiter(&protocol, &vault).0), read(vault)],
        data(discriminator::RECORD_FLOW, &(direction, operation.bit(), amount)),
    )
}

/// Latches what a vault and its limiter prove. Anyone may; top level only, beside ComputeBudget, the breaker and a
/// nonce advance.
///
/// Accounts: protocol, market (writable), limiter (writable), vault, instructions sysvar, journal, segment, event
/// authority, breaker. Errors: `NothingToLatch`, `NotTopLevel`, `WrongCompany`.
pub fn poke(protocol: Pubkey, market: Pubkey, vault: Pubkey, segment: Option<u32>) -> Instruction {
    let mut accounts = vec![
        read(protocol),
        write(market),
        write(pda::limiter(&protocol, &vault).0),
        read(vault),
        read(INSTRUCTIONS),
    ];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::POKE, &()))
}

/// Tidies what is over in a market, or in what holds for all markets with none, and tells the journal of a fall. Anyone may;
/// the severity in force is the same without it.
///
/// Accounts: protocol (writable without a market), market (writable, optional), journal, segment, event authority,
/// breaker. Errors: `NothingToStepDown`.
pub fn step_down(protocol: Pubkey, market: Option<Pubkey>, segment: Option<u32>) -> Instruction {
    let whole = if market.is_some() { read(protocol) } else { write(protocol) };
    let mut accounts = vec![whole, optional(market)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::STEP_DOWN, &()))
}

/// Opens a guardian's budget for one market, or for all with none: without it there is no pause. Anyone may; one that is open
/// stays as it is.
///
/// Accounts: payer (signer, writable), protocol, market (optional), guardian, budget (created when missing), System. Errors:
/// `NotAGuardian`, `WrongBudget`, `WrongProtocol`, `Detached`.
pub fn open_budget(
    payer_key: Pubkey,
    protocol: Pubkey,
    market: Option<Pubkey>,
    guardian: Pubkey,
) -> Instruction {
    let scope = market.unwrap_or(protocol);
    instruction(
        vec![
            payer(payer_key),
            read(protocol),
            read(market.unwrap_or(ID)),
            read(guardian),
            write(pda::budget(&scope, &guardian).0),
            read(SYSTEM),
        ],
        data(discriminator::OPEN_BUDGET, &()),
    )
}

/// A guardian's pause of one market, or of all with none.
///
/// Accounts: guardian (signer), protocol (writable), market (writable, optional), budget (writable), journal, segment, event
/// authority, breaker. Errors: `NotAGuardian`, `StalePauseEpoch`, `PauseExpired`, `NothingToClose`, `DurationOutOfBounds`,
/// `BudgetNotOpen`, `PauseBudgetSpent`, `GuardianRests`, `WrongBudget`, `AlreadyHeld`.
pub fn pause(
    guardian: Pubkey,
    protocol: Pubkey,
    market: Option<Pubkey>,
    order: &PauseOrder,
    segment: Option<u32>,
) -> Instruction {
    let scope = market.unwrap_or(protocol);
    let mut accounts =
        vec![signer(guardian), write(protocol), optional(market), write(pda::budget(&scope, &guardian).0)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::PAUSE, order))
}

/// A keeper says that it is there.
///
/// Accounts: keeper's key (signer), keeper (writable). Errors: `NotTheKeeper`, `KeeperExpired`.
pub fn heartbeat(key: Pubkey, protocol: &Pubkey) -> Instruction {
    let accounts = vec![signer(key), write(pda::keeper(protocol, &key).0)];
    instruction(accounts, data(discriminator::HEARTBEAT, &()))
}

/// A keeper's raise: alone Minor; Major when another keeper raised within 25 slots and 30 seconds.
///
/// Accounts: keeper's key (signer), keeper (writable), protocol, market (writable), journal, segment, event authority,
/// breaker. Errors: `NotTheKeeper`, `KeeperExpired`, `RaiseDurationOutOfBounds`, `RaisesSpent`, `UnderMaintenance`,
/// `AlreadyHeld`.
pub fn raise(
    key: Pubkey,
    protocol: Pubkey,
    market: Pubkey,
    order: &RaiseOrder,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts =
        vec![signer(key), write(pda::keeper(&protocol, &key).0), read(protocol), write(market)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::RAISE, order))
}

/// Registers a market's price band, in shadow until it is armed.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market, band (created), the primary feed's price
/// account, the second's (optional), System, journal, segment, event authority, breaker. Errors: `NotTheAuthority`,
/// `RegistrationClosed`, those of a proposal, `PriceUnreadable`, `PriceUnusable`, those of the settings' bounds.
pub fn register_band(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    market: Pubkey,
    index: u8,
    settings: &BandSettings,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        read(market),
        write(pda::band(&market, index).0),
    ];
    accounts.extend(prices(settings));
    accounts.push(read(SYSTEM));
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::REGISTER_BAND, &(index, settings)))
}

/// The price accounts of a band.
fn prices(settings: &BandSettings) -> [AccountMeta; 2] {
    let second = if settings.second.is_set() { settings.second.account } else { ID };
    [read(settings.primary.account), read(second)]
}

/// Shows a band the price of now. Anyone may, at top level; an unusable price changes nothing.
///
/// Accounts: band (writable), the primary feed's price account, the second's (optional). Errors: `WrongPriceAccount`,
/// `PriceUnreadable`, `NotTopLevel`.
pub fn observe(band: Pubkey, settings: &BandSettings) -> Instruction {
    let mut accounts = vec![write(band)];
    accounts.extend(prices(settings));
    instruction(accounts, data(discriminator::OBSERVE, &()))
}

/// Latches what a band's prices prove. Anyone may; top level only, beside ComputeBudget, the breaker, a nonce advance
/// and the oracle's posters.
///
/// Accounts: protocol, market (writable), band (writable), the primary feed's price account, the second's (optional),
/// instructions sysvar, journal, segment, event authority, breaker. Errors: `NothingToLatch`, `WrongPriceAccount`,
/// `NotTopLevel`, `WrongCompany`.
pub fn poke_band(
    protocol: Pubkey,
    market: Pubkey,
    band: Pubkey,
    settings: &BandSettings,
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![read(protocol), write(market), write(band)];
    accounts.extend(prices(settings));
    accounts.push(read(INSTRUCTIONS));
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::POKE_BAND, &()))
}

/// A comparison to register.
#[derive(Clone, Copy, Debug)]
pub struct NewInvariant<'a> {
    /// Market whose latches it raises.
    pub market: Pubkey,
    /// Which invariant of the market.
    pub index: u8,
    /// Its settings.
    pub settings: &'a InvariantSettings,
    /// The terms' accounts: the left side's, then the right's.
    pub terms: &'a [Pubkey],
}

/// Registers a market's invariant, in shadow until it is armed. Eight terms a side fill a transaction.
///
/// Accounts: payer (signer, writable), authority (signer) or proposal (writable), protocol (writable), market, invariant (created), System, journal,
/// segment, event authority, breaker, then the terms' accounts. Errors: `NotTheAuthority`, `RegistrationClosed`, those of a proposal,
/// `WrongTermAccount`, `TermUnreadable`, `TermCount`, `ZeroCoefficient`, `SameTermTwice`, `RatioOutOfBounds`.
pub fn register_invariant(
    payer_key: Pubkey,
    by: impl Into<Governance>,
    protocol: Pubkey,
    new: &NewInvariant,
    segment: Option<u32>,
) -> Instruction {
    let [authority, proposal] = by.into().accounts();
    let mut accounts = vec![
        payer(payer_key),
        authority,
        proposal,
        write(protocol),
        read(new.market),
        write(pda::invariant(&new.market, new.index).0),
        read(SYSTEM),
    ];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(new.terms.iter().copied().map(read));
    instruction(accounts, data(discriminator::REGISTER_INVARIANT, &(new.index, new.settings)))
}

/// Latches what the accounts of an invariant prove. Anyone may; top level only, beside ComputeBudget, the breaker and a
/// nonce advance. `terms` are the terms' accounts: the left side's, then the right's.
///
/// Accounts: protocol, market (writable), invariant (writable), instructions sysvar, journal, segment, event authority,
/// breaker, then the terms' accounts. Errors: `NothingToLatch`, `WrongTermAccount`, `NotTopLevel`, `WrongCompany`.
pub fn poke_invariant(
    protocol: Pubkey,
    market: Pubkey,
    invariant: Pubkey,
    terms: &[Pubkey],
    segment: Option<u32>,
) -> Instruction {
    let mut accounts = vec![read(protocol), write(market), write(invariant), read(INSTRUCTIONS)];
    accounts.extend(recording(&protocol, segment));
    accounts.extend(terms.iter().copied().map(read));
    instruction(accounts, data(discriminator::POKE_INVARIANT, &()))
}

/// Shows that the protected program was upgraded: moves the pin to an approved upgrade, latches any other in all markets.
/// Anyone may; top level only, beside ComputeBudget, the breaker and a nonce advance.
///
/// Accounts: protocol (writable), the program's data account, instructions sysvar, journal, segment, event authority,
/// breaker. Errors: `NothingToLatch`, `NotProgramData`, `NotTopLevel`, `WrongCompany`.
pub fn poke_program(protocol: Pubkey, program: &Pubkey, segment: Option<u32>) -> Instruction {
    let mut accounts = vec![write(protocol), read(program_data(program)), read(INSTRUCTIONS)];
    accounts.extend(recording(&protocol, segment));
    instruction(accounts, data(discriminator::POKE_PROGRAM, &()))
}

#[cfg(test)]
mod tests {
    use super::discriminator::*;

    #[test]
    fn discriminators_are_those_of_the_names() {
        for (name, discriminator) in [
            ("create_protocol", CREATE_PROTOCOL),
            ("create_market", CREATE_MARKET),
            ("register_limiter", REGISTER_LIMITER),
            ("register_keeper", REGISTER_KEEPER),
            ("record_flow", RECORD_FLOW),
            ("poke", POKE),
            ("pause", PAUSE),
            ("raise", RAISE),
            ("register_coverage", REGISTER_COVERAGE),
            ("step_down", STEP_DOWN),
            ("extend_journal", EXTEND_JOURNAL),
            ("register_band", REGISTER_BAND),
            ("register_invariant", REGISTER_INVARIANT),
            ("poke_invariant", POKE_INVARIANT),
            ("poke_program", POKE_PROGRAM),
            ("propose", PROPOSE),
            ("cancel", CANCEL),
            ("amend", AMEND),
            ("approve", APPROVE),
            ("veto", VETO),
            ("freeze_authority", FREEZE_AUTHORITY),
            ("propose_as_guardian", PROPOSE_AS_GUARDIAN),
            ("confirm", CONFIRM),
            ("resume", RESUME),
            ("announce_maintenance", ANNOUNCE_MAINTENANCE),
            ("heartbeat", HEARTBEAT),
            ("migrate_protocol", MIGRATE_PROTOCOL),
            ("register_safe", REGISTER_SAFE),
            ("register_route", REGISTER_ROUTE),
            ("order_migration", ORDER_MIGRATION),
            ("migrate", MIGRATE),
            ("hold", HOLD),
            ("pay", PAY),
            ("claim_held", CLAIM_HELD),
            ("flag_held", FLAG_HELD),
            ("decide_held", DECIDE_HELD),
            ("begin_release", BEGIN_RELEASE),
            ("release", RELEASE),
            ("open_claims", OPEN_CLAIMS),
            ("claim", CLAIM),
            ("observe", OBSERVE),
            ("poke_band", POKE_BAND),
        ] {
            let hash = solana_program::hash::hash(format!("global:{name}").as_bytes());
            assert_eq!(discriminator, hash.to_bytes()[..8], "{name}");
        }
    }
}
