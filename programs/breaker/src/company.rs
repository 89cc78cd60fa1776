//! In whose company a proof may be shown: nothing half-way through a flash loan can be poked.

use anchor_lang::{prelude::*, system_program};
use firebreak_interface::BreakerError;
use solana_program::{
    instruction::{TRANSACTION_LEVEL_STACK_HEIGHT, get_stack_height},
    sysvar::instructions::load_instruction_at_checked,
};

/// Compute budget program.
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
/// System instruction `AdvanceNonceAccount`, as its first four bytes.
const ADVANCE_NONCE: [u8; 4] = 4u32.to_le_bytes();

/// Refuses unless this instruction is at top level.
pub(crate) fn check_top_level() -> Result<()> {
    if get_stack_height() != TRANSACTION_LEVEL_STACK_HEIGHT {
        return err!(BreakerError::NotTopLevel);
    }
    Ok(())
}

/// Refuses unless this instruction is at top level and every other one of the transaction belongs to ComputeBudget, to
/// the breaker, to one of the programs that are welcome too, or advances a nonce.
pub(crate) fn check(instructions: &AccountInfo, welcome_too: &[Pubkey]) -> Result<()> {
    check_top_level()?;
    let mut index = 0;
    // the sysvar's address is constrained by the caller, so an error here means the end of the list
    while let Ok(instruction) = load_instruction_at_checked(index, instructions) {
        let is_nonce_advance =
            instruction.program_id == system_program::ID && instruction.data.starts_with(&ADVANCE_NONCE);
        let is_welcome = instruction.program_id == crate::ID
            || instruction.program_id == COMPUTE_BUDGET
            || welcome_too.contains(&instruction.program_id)
            || is_nonce_advance;
        require!(is_welcome, BreakerError::WrongCompany);
        index += 1;
    }
    Ok(())
}
