//! In whose company a proof may be shown: nothing half-way through a flash loan can be poked.

use anchor::{prelude::*, system_program};
use firebreak_interface::{BreakerError, instruction::Stamp};
use solana_program::instruction::{TRANSACTION_LEVEL_STACK_HEIGHT, get_stack_height};

use crate::instructions::ensure;

/// Compute budget program.
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");
/// System instruction `AdvanceNonceAccount`, as its first four bytes.
const ADVANCE_NONCE: [u8; 4] = 4u32.to_le_bytes();

/// Refuses unless this instruction is at top level.
pub(crate) fn check_top_level() -> Result<()> {
    if get_stack_height() != TRANSACTION_LEVEL_STACK_HEIGHT {
        return Err(BreakerError::NotTopLevel.into());
    }
    Ok(())
}

/// Refuses unless this instruction is at top level and every other one of the transaction belongs to ComputeBudget, to
/// the breaker, to one of the programs that are welcome too, or advances a nonce.
pub(crate) fn check(instructions: &AccountInfo, welcome_too: &[Pubkey]) -> Result<()> {
    check_top_level()?;
    check_list(instructions, welcome_too)
}

fn check_list(instructions: &AccountInfo, welcome_too: &[Pubkey]) -> Result<()> {
    let list = instructions.try_borrow_data()?;
    // the sysvar's address is constrained by the caller: the runtime wrote it, and what cannot be read is not welcome
    let count = word(&list, 0).ok_or(BreakerError::WrongCompany)?;
    for index in 0..count {
        let (program, data) = instruction(&list, index).ok_or(BreakerError::WrongCompany)?;
        let is_nonce_advance = program == system_program::ID && data.starts_with(&ADVANCE_NONCE);
        let is_welcome = program == crate::ID
            || program == COMPUTE_BUDGET
            || welcome_too.contains(&program)
            || is_nonce_advance;
        ensure(is_welcome, BreakerError::WrongCompany)?;
    }
    Ok(())
}

/// As [`check`] for what the protected program may call too, and what may stand beside it.
pub(crate) fn check_rescue(instructions: &AccountInfo, program: &Pubkey) -> Result<()> {
    ensure(get_stack_height() <= TRANSACTION_LEVEL_STACK_HEIGHT + 1, BreakerError::NotTopLevel)?;
    check_list(instructions, std::slice::from_ref(program))
}

/// Refuses an approval that may have been signed before today: one that a program makes for its signer, one under a
/// durable nonce, and one whose stamp is not of the last 512 slots. A nonce counts in the first place alone: elsewhere its
/// transaction has a recent blockhash all the same.
pub(crate) fn check_fresh(
    instructions: &AccountInfo,
    slot_hashes: &AccountInfo,
    stamp: &Stamp,
) -> Result<()> {
    check_top_level()?;
    let list = instructions.try_borrow_data()?;
    let (program, data) = instruction(&list, 0).ok_or(BreakerError::DurableNonce)?;
    let is_nonce_advance = program == system_program::ID && data.starts_with(&ADVANCE_NONCE);
    ensure(!is_nonce_advance, BreakerError::DurableNonce)?;
    let hashes = slot_hashes.try_borrow_data()?;
    ensure(knows(&hashes, stamp), BreakerError::StaleStamp)?;
    Ok(())
}

/// Whether the slot has this hash in the SlotHashes sysvar: a count, then slot and hash of each, the latest first.
fn knows(hashes: &[u8], stamp: &Stamp) -> bool {
    let (rows, _) = hashes.get(8..).unwrap_or_default().as_chunks::<40>();
    let slot = |row: &[u8; 40]| row.first_chunk().map_or(0, |slot| u64::from_le_bytes(*slot));
    let found = rows.binary_search_by(|row| stamp.slot.cmp(&slot(row)));
    found.is_ok_and(|place| rows[place][8..] == stamp.hash)
}

/// Program and data of an instruction, where they lie in the sysvar: the library's reader makes a list of all its accounts
/// first, which costs more than the rest of the check. The form: a count, the place of each instruction; there the
/// number of its accounts, a byte of flags and a key for each, the program, the length of the data, the data.
fn instruction(list: &[u8], index: usize) -> Option<(Pubkey, &[u8])> {
    let at = word(list, 2 + 2 * index)?;
    let program_at = at + 2 + word(list, at)? * (1 + size_of::<Pubkey>());
    let data_at = program_at + size_of::<Pubkey>() + 2;
    let program = Pubkey::new_from_array(*list.get(program_at..)?.first_chunk()?);
    let data = list.get(data_at..)?.get(..word(list, data_at - 2)?)?;
    Some((program, data))
}

/// Two bytes as a number.
fn word(list: &[u8], at: usize) -> Option<usize> {
    let bytes = list.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*bytes).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use solana_program::sysvar::instructions::{
        BorrowedAccountMeta, BorrowedInstruction, construct_instructions_data,
    };

    proptest! {
        #[test]
        fn instructions_are_read_as_the_runtime_writes_them(
            written in prop::collection::vec(
                (any::<[u8; 32]>(), 0..20usize, prop::collection::vec(any::<u8>(), 0..40)), 0..6
            ),
            cut in 0..4usize,
        ) {
            let (programs, metas): (Vec<_>, Vec<_>) = written
                .iter()
                .map(|(program, accounts, _)| (Pubkey::new_from_array(*program), vec![Pubkey::default(); *accounts]))
                .unzip();
            let borrowed: Vec<_> = written
                .iter()
                .zip(programs.iter().zip(&metas))
                .map(|((.., data), (program_id, keys))| {
                    let meta = |pubkey| BorrowedAccountMeta { pubkey, is_signer: true, is_writable: false };
                    BorrowedInstruction { program_id, accounts: keys.iter().map(meta).collect(), data }
                })
                .collect();
            let list = construct_instructions_data(&borrowed);
            prop_assert_eq!(word(&list, 0), Some(written.len()));
            for (index, (program, _, data)) in written.iter().enumerate() {
                let program = Pubkey::new_from_array(*program);
                prop_assert_eq!(instruction(&list, index), Some((program, &data[..])));
            }
            // whatever is cut off is not there, and nothing panics
            let short = &list[..list.len() / 4 * cut];
            for index in 0..8 {
                let _ = instruction(short, index);
            }
        }
    }
}
