//! Calling the breaker from a program.

use solana_program::{
    account_info::AccountInfo,
    instruction::{AccountMeta, Instruction},
    program::{get_return_data, invoke_signed_unchecked},
    program_error::ProgramError,
};

use crate::{
    ID,
    instruction::discriminator,
    operation::Operation,
    verdict::{Direction, Verdict},
};

/// The accounts of a recorded flow.
#[derive(Clone, Copy)]
pub struct RecordFlow<'a, 'info> {
    /// The breaker program.
    pub breaker: &'a AccountInfo<'info>,
    /// The integration's recording PDA.
    pub recorder: &'a AccountInfo<'info>,
    /// The protocol.
    pub protocol: &'a AccountInfo<'info>,
    /// The market. Writable lets it rise in the same transaction, at the price of a lock on every flow.
    pub market: &'a AccountInfo<'info>,
    /// The vault's limiter.
    pub limiter: &'a AccountInfo<'info>,
    /// The vault.
    pub vault: &'a AccountInfo<'info>,
}

/// Records a flow and gives the verdict. An outflow is asked before its transfer, an inflow recorded after it.
///
/// On anything but [`Verdict::Allow`] return `Ok` and pay nothing, before any state of your own has changed.
/// A limiter that does not exist is `Deny` until the protocol left; absent return data and another program's return data
/// are `Deny`.
///
/// # Errors
/// Those of the breaker: wrong accounts, a flow of zero, an amount above the vault's balance.
pub fn record_flow(
    accounts: &RecordFlow,
    recorder_seeds: &[&[u8]],
    direction: Direction,
    operation: Operation,
    amount: u64,
) -> Result<Verdict, ProgramError> {
    crate::drill::say();
    // a look-alike program would allow everything
    if *accounts.breaker.key != ID {
        return Err(ProgramError::IncorrectProgramId);
    }
    // no limiter was registered for this vault: the breaker stands in its place and answers Deny, or Allow where the protocol
    // left. It is asked, and no account is read here: who signs as the recorder has no other protocol's
    let is_limited = *accounts.limiter.owner == ID;
    let limiter = if is_limited { accounts.limiter } else { accounts.breaker };
    let mut data = Vec::with_capacity(18);
    data.extend_from_slice(&discriminator::RECORD_FLOW);
    data.extend_from_slice(&[direction as u8, operation.bit()]);
    data.extend_from_slice(&amount.to_le_bytes());
    let market = accounts.market;
    let instruction = Instruction {
        program_id: ID,
        accounts: vec![
            AccountMeta::new_readonly(*accounts.recorder.key, true),
            AccountMeta::new_readonly(*accounts.protocol.key, false),
            AccountMeta { pubkey: *market.key, is_signer: false, is_writable: market.is_writable },
            AccountMeta { pubkey: *limiter.key, is_signer: false, is_writable: is_limited },
            AccountMeta::new_readonly(*accounts.vault.key, false),
        ],
        data,
    };
    let infos = [
        accounts.recorder.clone(),
        accounts.protocol.clone(),
        market.clone(),
        limiter.clone(),
        accounts.vault.clone(),
    ];
    // the check of `invoke_signed`, which looks for each account among all: here they stand in order
    for (info, meta) in infos.iter().zip(&instruction.accounts) {
        if meta.is_writable {
            let _ = (info.try_borrow_mut_lamports()?, info.try_borrow_mut_data()?);
        } else {
            let _ = (info.try_borrow_lamports()?, info.try_borrow_data()?);
        }
    }
    invoke_signed_unchecked(&instruction, &infos, &[recorder_seeds])?;
    Ok(match get_return_data() {
        Some((program, bytes)) if program == ID => Verdict::from_return_data(&bytes),
        _ => Verdict::Deny,
    })
}
