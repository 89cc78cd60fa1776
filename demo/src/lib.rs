//! An attack on a guarded venue, and the same attack on the venue without its guard, on a real chain.
//!
//! [`run`] builds a chain, deploys the programs, funds a venue, lets honest users trade, starts the keeper as a
//! process of its own, and attacks. Everything that the [`Report`] says was read from the chain or from
//! the keeper's record; nothing in it is known beforehand. [`migration`] is the drill of what comes after: money to safety and
//! back.

mod attacker;
pub mod common;
mod error;
mod guarded;
mod honest;
mod keeper;
pub mod migration;
pub mod page;
pub mod programs;
mod report;
mod scenario;
mod stage;
mod timeline;
mod watch;

use std::time::Instant;

use firebreak_chain::{Chain, Options};

pub use {
    error::DemoError,
    honest::{Attempt, Refused},
    report::{Amount, Broken, CLOSES_WITHIN, Figures, Report},
    scenario::{ChainKind, Ground, Path, Scenario},
    timeline::{Event, Timeline},
};

use crate::{
    attacker::Attack,
    error::Trying,
    programs::Guard,
    stage::{COLLATERALS, DOLLAR, Stage},
};

/// Runs one path, first with the breaker, then on a fresh chain without it.
///
/// # Errors
/// [`DemoError`] where the run could not tell anything; a promise that the breaker did not keep is in the report.
pub async fn run(scenario: &Scenario) -> Result<Report, DemoError> {
    programs::require(&scenario.ground.programs, &[Guard::On, Guard::Off])?;
    programs::require_keeper(&scenario.keeper)?;
    let start = Instant::now();
    let with = guarded::run(scenario).await?;
    let without = unguarded(scenario).await?;
    Ok(Report {
        path: scenario.path,
        figures: Figures {
            chain: scenario.ground.chain,
            decimals: COLLATERALS[DOLLAR].decimals,
            slot_ms: u64::try_from(with.slot.as_millis()).unwrap_or(u64::MAX),
            attack_slot: with.attack.slot,
            latched_slot: with.latched_slot,
            landed_slot: with.landed_slot,
            closed_slot: with.closed_slot,
            lost_with: with.attack.loot,
            lost_without: without.loot,
            bound: with.bound,
            honest_refused: with.honest.refused.values().sum(),
        },
        at_stake: with.attack.at_stake,
        at_stake_without: without.at_stake,
        timeline: with.timeline,
        honest: with.attempts,
        honest_done: with.honest.done,
        refused_by_operation: with.honest.refused,
        latch_stands: with.latch_stands,
        opens_in: with.opens_in,
        malicious: (with.attack.landed, with.attack.refused),
        journal: with.journal,
        took: start.elapsed(),
    })
}

/// The same attack on the same venue, built without the breaker. Nobody trades here: there is nothing left to
/// trade with soon.
async fn unguarded(scenario: &Scenario) -> Result<Attack, DemoError> {
    let tell = scenario.ground.progress;
    tell("the same attack without the breaker: a fresh chain");
    let chain = start(&scenario.ground, Guard::Off).await?;
    let stage = Stage::set_up(&chain, Guard::Off).await?;
    let slot = chain.measure_slot(2).await.trying("measuring a slot")?;
    tell("attacking");
    let attack = attacker::attack(&stage, scenario.path, Guard::Off, slot).await?;
    chain.shutdown().await.trying("ending the chain")?;
    Ok(attack)
}

/// A fresh chain with the programs.
async fn start(ground: &Ground, guard: Guard) -> Result<Chain, DemoError> {
    let options = Options {
        slot_time: ground.slot_time,
        rpc_port: ground.rpc_port,
        ..Options::with_programs(programs::of(guard, &ground.programs))
    };
    match ground.chain {
        ChainKind::Surfnet => Chain::surfnet(options).await,
        ChainKind::Validator => Chain::validator(options).await,
    }
    .trying("starting the chain")
}
