//! What a transaction may use, and what it pays for that.

use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// The compute budget program.
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// `SetComputeUnitLimit`, and `SetComputeUnitPrice` in micro-lamports.
pub(crate) fn budget(units: u32, price: u64) -> [Instruction; 2] {
    let instruction = |kind: u8, value: &[u8]| Instruction {
        program_id: COMPUTE_BUDGET,
        accounts: Vec::new(),
        data: [&[kind], value].concat(),
    };
    [instruction(2, &units.to_le_bytes()), instruction(3, &price.to_le_bytes())]
}
