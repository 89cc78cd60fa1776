//! The on-chain circuit breaker.
//!
//! Layouts, bounds and rules live in `firebreak-interface`, where clients and tests share them; here are the
//! accounts each instruction takes, who may call it, and what it changes. `lib.rs` only delegates.

#![allow(missing_docs, reason = "Anchor derives undocumented modules and structs from every accounts struct")]

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

mod anchor_lang;
mod company;
mod create;
pub mod events;
mod governance;
pub mod instructions;
mod loader;
mod payee;
mod prices;
mod quorum;
mod record;
mod shown;
mod subject;
mod token;

use anchor_lang::prelude::*;
use firebreak_interface::{
    Direction,
    instruction::{RaiseOrder, Stamp},
    state::{
        Amendment, BandSettings, ClaimsOrder, ConfirmOrder, CoverageRow, GuardianAct, HeldRange,
        InvariantSettings, KeeperSettings, LimiterSettings, MarketSettings, MigrateOrder, PauseOrder,
        Proposed, ProtocolSettings, ReleaseOrder, ResumeOrder, RouteSettings,
    },
};
use instructions::*;

declare_id!(firebreak_interface::ids::BREAKER);

// Cargo unites features: another crate of the same build could turn the drill on behind this one's back.
const _: () =
    assert!(firebreak_interface::DRILL == cfg!(feature = "drill"), "only its own feature makes a drill");

/// The instructions; each delegates to its file.
#[program]
pub mod breaker {
    use super::*;

    /// The protected program creates its protocol, signing with its recording PDA.
    pub fn create_protocol(ctx: Context<CreateProtocol>, settings: ProtocolSettings) -> Result<()> {
        instructions::create_protocol(ctx, settings)
    }

    /// The authority registers a market.
    pub fn create_market(ctx: Context<CreateMarket>, id: u64, settings: MarketSettings) -> Result<()> {
        instructions::create_market(ctx, id, settings)
    }

    /// The authority registers a vault's limiter, in shadow.
    pub fn register_limiter(
        ctx: Context<RegisterLimiter>,
        settings: LimiterSettings,
        mint_cap: u64,
    ) -> Result<()> {
        instructions::register_limiter(ctx, settings, mint_cap)
    }

    /// The authority registers a keeper.
    pub fn register_keeper(ctx: Context<RegisterKeeper>, settings: KeeperSettings) -> Result<()> {
        instructions::register_keeper(ctx, settings)
    }

    /// The authority says which instructions ask for which operation.
    pub fn register_coverage(ctx: Context<RegisterCoverage>, rows: Vec<CoverageRow>) -> Result<()> {
        instructions::register_coverage(ctx, rows)
    }

    /// The protected program records a flow; the verdict is in the return data.
    pub fn record_flow(
        ctx: Context<RecordFlow>,
        direction: Direction,
        operation: u8,
        amount: u64,
    ) -> Result<()> {
        instructions::record_flow(ctx, direction, operation, amount)
    }

    /// Anyone latches what the accounts prove.
    pub fn poke(ctx: Context<Poke>) -> Result<()> {
        instructions::poke(ctx)
    }

    /// Anyone opens a guardian's budget, by which it may pause.
    pub fn open_budget(ctx: Context<OpenBudget>) -> Result<()> {
        instructions::open_budget(ctx)
    }

    /// A guardian closes operations, for a bounded time.
    pub fn pause(ctx: Context<Pause>, order: PauseOrder) -> Result<()> {
        instructions::pause(ctx, order)
    }

    /// A registered keeper raises a market.
    pub fn raise(ctx: Context<Raise>, order: RaiseOrder) -> Result<()> {
        instructions::raise(ctx, order)
    }

    /// Anyone tidies what is over and tells the journal of a fall.
    pub fn step_down(ctx: Context<StepDown>) -> Result<()> {
        instructions::step_down(ctx)
    }

    /// Anyone creates the journal's next segment.
    pub fn extend_journal(ctx: Context<ExtendJournal>) -> Result<()> {
        instructions::extend_journal(ctx)
    }

    /// The authority registers a market's price band, in shadow.
    pub fn register_band(ctx: Context<RegisterBand>, index: u8, settings: BandSettings) -> Result<()> {
        instructions::register_band(ctx, index, &settings)
    }

    /// Anyone shows a band the price of now.
    pub fn observe(ctx: Context<Observe>) -> Result<()> {
        instructions::observe(ctx)
    }

    /// Anyone latches what a band's prices prove.
    pub fn poke_band(ctx: Context<PokeBand>) -> Result<()> {
        instructions::poke_band(ctx)
    }

    /// The authority registers a comparison that must hold, in shadow.
    pub fn register_invariant(
        ctx: Context<RegisterInvariant>,
        index: u8,
        settings: InvariantSettings,
    ) -> Result<()> {
        instructions::register_invariant(ctx, index, &settings)
    }

    /// Anyone shows that the protected program was upgraded.
    pub fn poke_program(ctx: Context<PokeProgram>) -> Result<()> {
        instructions::poke_program(ctx)
    }

    /// The authority says what it will do when a delay is over.
    pub fn propose(ctx: Context<Propose>, proposed: Proposed) -> Result<()> {
        instructions::propose(ctx, &proposed)
    }

    /// The authority takes a proposal back; anyone clears away one that is over.
    pub fn cancel(ctx: Context<Cancel>) -> Result<()> {
        instructions::cancel(ctx)
    }

    /// Guardians approve a proposal that takes their approval, here and now.
    pub fn approve(ctx: Context<Approve>, stamp: Stamp) -> Result<()> {
        instructions::approve(ctx, stamp)
    }

    /// Guardians speak against a proposal; with enough of them it is over.
    pub fn veto(ctx: Context<Veto>) -> Result<()> {
        instructions::veto(ctx)
    }

    /// A quorum of guardians voids what the authority proposed, and refuses what it would propose.
    pub fn freeze_authority(ctx: Context<FreezeAuthority>, authority_epoch: u64) -> Result<()> {
        instructions::freeze_authority(ctx, authority_epoch)
    }

    /// A guardian proposes what takes a quorum, and approves it.
    pub fn propose_as_guardian(
        ctx: Context<ProposeAsGuardian>,
        nonce: u64,
        act: GuardianAct,
        stamp: Stamp,
    ) -> Result<()> {
        instructions::propose_as_guardian(ctx, nonce, &act, stamp)
    }

    /// A quorum of guardians makes a latch hold longer.
    pub fn confirm(ctx: Context<Confirm>, order: ConfirmOrder) -> Result<()> {
        instructions::confirm(ctx, order)
    }

    /// A quorum of guardians clears a latch early, where what raised it measures less.
    pub fn resume(ctx: Context<Resume>, order: ResumeOrder, stamp: Option<Stamp>) -> Result<()> {
        instructions::resume(ctx, order, stamp)
    }

    /// Planned work begins, which guardians announced: keepers raise nothing meanwhile.
    pub fn announce_maintenance(ctx: Context<AnnounceMaintenance>, seconds: u32) -> Result<()> {
        instructions::announce_maintenance(ctx, seconds)
    }

    /// A keeper says that it is there.
    pub fn heartbeat(ctx: Context<Heartbeat>) -> Result<()> {
        instructions::heartbeat(ctx)
    }

    /// Anyone brings a protocol's account to this version.
    pub fn migrate_protocol(ctx: Context<MigrateProtocol>) -> Result<()> {
        instructions::migrate_protocol(ctx)
    }

    /// Governance changes what is registered: tightens at once, loosens by a proposal.
    pub fn amend(ctx: Context<Amend>, amendment: Amendment) -> Result<()> {
        instructions::amend(ctx, &amendment)
    }

    /// The authority makes a market's safe for a mint.
    pub fn register_safe(ctx: Context<RegisterSafe>) -> Result<()> {
        instructions::register_safe(ctx)
    }

    /// The authority says which way a vault's money goes to safety.
    pub fn register_route(ctx: Context<RegisterRoute>, settings: RouteSettings) -> Result<()> {
        instructions::register_route(ctx, settings)
    }

    /// A quorum of guardians orders that a market's money be moved to safety.
    pub fn order_migration(ctx: Context<OrderMigration>, order: MigrateOrder) -> Result<()> {
        instructions::order_migration(ctx, order)
    }

    /// All that a vault has goes to its safe: as guardians ordered, or at Critical where its route says so.
    pub fn migrate(ctx: Context<Migrate>) -> Result<()> {
        instructions::migrate(ctx)
    }

    /// Money goes back, as guardians approved a delay ago; the authority signs, or they have waited for it.
    pub fn begin_release(ctx: Context<BeginRelease>, order: ReleaseOrder) -> Result<()> {
        instructions::begin_release(ctx, order)
    }

    /// Anyone takes a step of a release.
    pub fn release(ctx: Context<Release>) -> Result<()> {
        instructions::release(ctx)
    }

    /// Users get claims on a safe, as guardians approved a delay ago; the authority signs.
    pub fn open_claims(ctx: Context<OpenClaims>, order: ClaimsOrder) -> Result<()> {
        instructions::open_claims(ctx, order)
    }

    /// A claim on a safe is paid to its owner, whoever asks.
    pub fn claim(ctx: Context<Claim>, index: u64, amount: u64, proof: Vec<[u8; 32]>) -> Result<()> {
        instructions::claim(ctx, index, amount, &proof)
    }

    /// The protected program moves a withdrawal that was answered Hold to the safe.
    pub fn hold(ctx: Context<Hold>, amount: u64, nonce: u64) -> Result<()> {
        instructions::hold(ctx, amount, nonce)
    }

    /// The protected program asks for an outflow of a vault in custody, which is paid where it is allowed.
    pub fn pay(ctx: Context<Pay>, or_hold: bool, operation: u8, amount: u64) -> Result<()> {
        instructions::pay(ctx, or_hold, operation, amount)
    }

    /// A held withdrawal that is due is paid; one that was refused is put away.
    pub fn claim_held(ctx: Context<ClaimHeld>) -> Result<()> {
        instructions::claim_held(ctx)
    }

    /// A quorum of guardians flags held withdrawals: they wait for their decision.
    pub fn flag_held(ctx: Context<FlagHeld>, range: HeldRange) -> Result<()> {
        instructions::flag_held(ctx, range)
    }

    /// A quorum of guardians decides whether flagged withdrawals are paid.
    pub fn decide_held(
        ctx: Context<DecideHeld>,
        range: HeldRange,
        pay: bool,
        stamp: Option<Stamp>,
    ) -> Result<()> {
        instructions::decide_held(ctx, range, pay, stamp)
    }

    /// Anyone latches what the accounts of an invariant prove.
    pub fn poke_invariant(ctx: Context<PokeInvariant>) -> Result<()> {
        instructions::poke_invariant(ctx)
    }
}
