//! Addresses of the program's own code and data, as they will be in the VM.
//!
//! SBPF v0 maps every program at the same place, so the loader would only add a constant to each address, and each entry
//! of the table that asks it to is 16 bytes of the program. What is left in the table are the system calls.
use crate::LinkError;
use sbpf_assembler::Program;
use sbpf_assembler::dynsym::{RelDynMap, RelocationType};
use sbpf_assembler::parser::ProgramLayout;

/// Where the VM maps a program, as the upper half of an address; the lower half is the place in the file.
const PROGRAM: [u8; 4] = 1u32.to_le_bytes();
/// Bytes of an instruction; its constant is the latter half of them.
const INSTRUCTION: usize = 8;

/// The program's bytes.
pub(crate) fn emit(mut layout: ProgramLayout) -> Result<Vec<u8>, LinkError> {
    let code = layout.code_section.get_size();
    let (mut addresses, mut calls) = (Vec::new(), RelDynMap::new());
    for (place, kind, name) in layout.relocation_data.get_rel_dyns() {
        match kind {
            RelocationType::RSbf64Relative => addresses.push(place),
            RelocationType::RSbfSyscall => calls.add_rel_dyn(place, kind, name),
        }
    }
    // the loader refuses a table without entries: a program that makes no system call keeps its own
    if calls.get_rel_dyns().is_empty() {
        addresses.clear();
    } else {
        layout.relocation_data = calls;
    }
    let program = Program::from_parse_result(layout, None);
    let start = program.program_headers.iter().flatten().next().map_or(0, |segment| segment.p_offset);
    let mut bytes = program.emit_bytecode();
    for place in addresses {
        complete(&mut bytes, start + place, place < code).ok_or_else(|| {
            LinkError::Program(format!("there is nothing at {place:#x} to hold an address"))
        })?;
    }
    Ok(bytes)
}

/// Completes an address. In code it is the constants of two instructions; in data it is eight bytes, of which the
/// assembler put the lower four, for the loader, where the upper belong.
fn complete(bytes: &mut [u8], place: u64, in_code: bool) -> Option<()> {
    let place = usize::try_from(place).ok()?;
    let (lower, upper) = bytes.get_mut(place..)?.split_at_mut_checked(INSTRUCTION)?;
    if in_code {
        upper.get_mut(4..INSTRUCTION)?.copy_from_slice(&PROGRAM);
    } else {
        lower.copy_within(4.., 0);
        lower[4..].copy_from_slice(&PROGRAM);
    }
    Some(())
}
