//! An example derivatives venue guarded by Firebreak: collateral in several tokens, loans, positions against the
//! venue, liquidation. What matters here is how it integrates the breaker: read [`guard`], then any instruction.
//!
//! The market is simple on purpose: no interest, no funding, no order book, an oracle typed in by the admin.

#![allow(missing_docs, reason = "Anchor derives undocumented modules and structs from every accounts struct")]

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

use anchor_lang::prelude::*;
use firebreak_interface::state::ProtocolSettings;

pub mod error;
pub mod events;
pub mod guard;
pub mod instructions;
pub mod state;
mod wallet;

#[cfg(test)]
mod client_tests;

#[cfg(feature = "drainable")]
pub mod drainable;

#[cfg(all(feature = "unguarded", not(feature = "drainable")))]
compile_error!(
    "`unguarded` is for drills beside `drainable`: a venue without its breaker must not be shipped"
);

#[cfg(all(feature = "unguarded", feature = "custody"))]
compile_error!("`unguarded` leaves nobody to pay out of vaults in `custody`");

#[cfg(feature = "drainable")]
use drainable::*;
use instructions::*;
use state::CollateralSettings;

declare_id!(firebreak_interface::ids::VENUE);

// Cargo unites features: another crate of the same build could turn the drill on behind this one's back.
const _: () =
    assert!(firebreak_interface::DRILL == cfg!(feature = "drill"), "only its own feature makes a drill");

/// The venue's instructions.
#[program]
pub mod venue {
    use super::*;

    /// Admin: creates the venue.
    pub fn initialize(ctx: Context<Initialize>) -> Result<()> {
        Initialize::handle(ctx)
    }

    /// Admin: makes the venue a protocol of the breaker.
    pub fn connect(ctx: Context<Connect>, settings: ProtocolSettings) -> Result<()> {
        Connect::handle(ctx, &settings)
    }

    /// Admin: lists a collateral with its vault and oracle.
    pub fn list_collateral(ctx: Context<ListCollateral>, settings: CollateralSettings) -> Result<()> {
        ListCollateral::handle(ctx, settings)
    }

    /// Admin: publishes a price.
    pub fn set_price(ctx: Context<SetPrice>, price: u64, published_at: i64) -> Result<()> {
        SetPrice::handle(ctx, price, published_at)
    }

    /// User: opens a portfolio.
    pub fn create_portfolio(ctx: Context<CreatePortfolio>) -> Result<()> {
        CreatePortfolio::handle(ctx)
    }

    /// User: brings tokens in.
    pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        Deposit::handle(ctx, amount)
    }

    /// User: brings tokens in under a debt or a position. An exit.
    pub fn add_collateral(ctx: Context<AddCollateral>, amount: u64) -> Result<()> {
        AddCollateral::handle(ctx, amount)
    }

    /// User: takes a deposit out. With a number in `hold_as`, which names it, what would be held is: else it is refused.
    pub fn withdraw<'info>(
        ctx: Context<'info, Withdraw<'info>>,
        amount: u64,
        hold_as: Option<u64>,
    ) -> Result<()> {
        Withdraw::handle(ctx, amount, hold_as)
    }

    /// User: takes a loan out.
    pub fn borrow<'info>(ctx: Context<'info, Borrow<'info>>, amount: u64) -> Result<()> {
        Borrow::handle(ctx, amount)
    }

    /// User: pays a debt. An exit.
    pub fn repay(ctx: Context<Repay>, amount: u64) -> Result<()> {
        Repay::handle(ctx, amount)
    }

    /// User: opens a position.
    pub fn open<'info>(
        ctx: Context<'info, Open<'info>>,
        index: u8,
        size: i64,
        worst_price: u64,
    ) -> Result<()> {
        Open::handle(ctx, index, size, worst_price)
    }

    /// User: closes a position, netted inside the portfolio. An exit.
    pub fn close<'info>(ctx: Context<'info, Close<'info>>, index: u8, worst_price: u64) -> Result<()> {
        Close::handle(ctx, index, worst_price)
    }

    /// Anyone: closes the positions of an unhealthy portfolio.
    pub fn unwind<'info>(ctx: Context<'info, Unwind<'info>>) -> Result<()> {
        Unwind::handle(ctx)
    }

    /// Anyone: pays an unhealthy portfolio's debt and is paid in its collateral.
    pub fn liquidate<'info>(ctx: Context<'info, Liquidate<'info>>, amount: u64) -> Result<()> {
        Liquidate::handle(ctx, amount)
    }

    /// Anyone: moves a vault to its safe, when the breaker says so.
    pub fn migrate_vault(ctx: Context<MigrateVault>) -> Result<()> {
        MigrateVault::handle(ctx)
    }

    /// Anyone, in drills: pays any amount out of a vault, after asking the gate, without recording it.
    #[cfg(feature = "drainable")]
    pub fn claim_rebate(ctx: Context<ClaimRebate>, amount: u64) -> Result<()> {
        ClaimRebate::handle(ctx, amount)
    }
}
