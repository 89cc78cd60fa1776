//! The three places where the venue reads or calls the breaker.

use anchor_lang::{prelude::*, solana_program::program::invoke_signed};
use firebreak_interface::{
    Direction, Operation, Verdict,
    cpi::{RecordFlow, record_flow},
    instruction, pda,
    state::ProtocolSettings,
};

use super::{Guarded, Pass};
use crate::state::Venue;

/// Asks the gate: two account reads, no CPI.
pub(crate) fn ask(
    venue: &Venue,
    protocol: &AccountInfo,
    market: &AccountInfo,
    operation: Operation,
) -> Result<Pass> {
    let permit = venue.gate().ask(protocol, market, operation).map_err(ProgramError::from)?;
    Ok(Pass { operation, limits: permit.limits })
}

impl Guarded<'_> {
    /// Records a flow under the venue's recording PDA.
    pub(super) fn record(&self, operation: Operation, direction: Direction, amount: u64) -> Result<Verdict> {
        let accounts = RecordFlow {
            breaker: &self.breaker,
            recorder: &self.recorder,
            protocol: &self.gate.protocol,
            market: &self.gate.market,
            limiter: &self.limiter,
            vault: self.vault.as_ref().as_ref(),
        };
        let seeds: &[&[u8]] = &[pda::RECORDER, &[self.gate.venue.recorder_bump]];
        Ok(record_flow(&accounts, seeds, direction, operation, amount)?)
    }
}

/// Creates the venue's protocol account, signed by the recording PDA: nobody else can speak for the venue.
pub(crate) fn create_protocol(
    payer: Pubkey,
    accounts: &[AccountInfo],
    recorder_bump: u8,
    settings: &ProtocolSettings,
) -> Result<()> {
    let instruction = instruction::create_protocol(payer, crate::ID, settings);
    Ok(invoke_signed(&instruction, accounts, &[&[pda::RECORDER, &[recorder_bump]]])?)
}
