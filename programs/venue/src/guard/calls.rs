//! The places where the venue reads or calls the breaker.

use anchor_lang::{prelude::*, solana_program::program::invoke_signed};
use firebreak_interface::{
    Direction, Operation, Verdict,
    cpi::{self, Hold, Migrate, RecordFlow, record_flow},
    instruction, pda,
    state::ProtocolSettings,
};

use super::{Guarded, Pass, Waiting};
use crate::{
    instructions::MigrateVault,
    state::{Venue, seeds},
    wallet::Wallet,
};

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

impl<'info> Guarded<'info> {
    /// The accounts of a flow.
    pub(super) fn flow(&self) -> RecordFlow<'_, 'info> {
        RecordFlow {
            breaker: &self.breaker,
            recorder: &self.recorder,
            protocol: &self.gate.protocol,
            market: &self.gate.market,
            limiter: &self.limiter,
            vault: self.vault.as_ref().as_ref(),
        }
    }

    /// Records a flow under the venue's recording PDA.
    pub(super) fn record(&self, operation: Operation, direction: Direction, amount: u64) -> Result<Verdict> {
        let seeds: &[&[u8]] = &[pda::RECORDER, &[self.gate.venue.recorder_bump]];
        Ok(record_flow(&self.flow(), seeds, direction, operation, amount)?)
    }

    /// Moves to the safe, in the user's name, what was just answered Hold.
    pub(super) fn hold(
        &self,
        waiting: &Waiting<'_, 'info>,
        wallet: &Wallet<'info>,
        vault_authority: &AccountInfo<'info>,
        amount: u64,
    ) -> Result<()> {
        let venue = &self.gate.venue;
        let accounts = Hold {
            flow: self.flow(),
            route: waiting.route,
            owner: vault_authority,
            mint: wallet.mint.as_ref().as_ref(),
            safe: waiting.safe,
            tokens: waiting.tokens,
            token_program: &wallet.token_program,
            user: waiting.user,
            destination: wallet.account.as_ref().as_ref(),
            held: waiting.held,
            system_program: waiting.system_program,
            journal: waiting.journal,
        };
        let signers: [&[&[u8]]; 2] = [
            &[pda::RECORDER, &[venue.recorder_bump]],
            &[seeds::VAULT_AUTHORITY, &[venue.vault_authority_bump]],
        ];
        Ok(cpi::hold(&accounts, &signers, amount, waiting.nonce)?)
    }
}

/// Moves a vault to its safe, with the signature of the vaults' authority.
pub(crate) fn migrate(accounts: &MigrateVault) -> Result<()> {
    let segment = accounts.segment.as_ref().unwrap_or(&accounts.breaker);
    let call = Migrate {
        breaker: &accounts.breaker,
        protocol: &accounts.protocol,
        market: &accounts.market,
        limiter: &accounts.limiter,
        route: &accounts.route,
        vault: &accounts.vault,
        owner: &accounts.vault_authority,
        mint: &accounts.mint,
        safe: &accounts.safe,
        tokens: &accounts.tokens,
        token_program: &accounts.token_program,
        instructions: &accounts.instructions,
        journal: [&accounts.journal, segment, &accounts.event_authority],
    };
    let seeds: &[&[u8]] = &[seeds::VAULT_AUTHORITY, &[accounts.venue.vault_authority_bump]];
    Ok(cpi::migrate(&call, seeds)?)
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
