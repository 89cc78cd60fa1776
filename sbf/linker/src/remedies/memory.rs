//! Copies, moves and fills of large or unknown size.
//!
//! The back end unrolls small constant ones and wants a library call for the rest, which it cannot make.
//! Calls to `memcpy`, `memmove` and `memset` take their place; these end in the VM's syscalls.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::Opcode;

/// Up to here a few loads and stores are cheaper than a call.
const INLINE_BYTES: u64 = 56;

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let Some(name) = site.intrinsic() else { return Ok(Outcome::Untouched) };
    let (routine, remedy) = if name.starts_with("llvm.memcpy.p0") {
        ("memcpy", Remedy::MemoryCopy)
    } else if name.starts_with("llvm.memmove.p0") {
        ("memmove", Remedy::MemoryCopy)
    } else if name.starts_with("llvm.memset.p0") {
        ("memset", Remedy::MemorySet)
    } else {
        return Ok(Outcome::Untouched);
    };
    let argument = |k| site.instruction.operand(k);
    let length = argument(2);
    // inside the routines themselves, what is left is for short lengths
    let inside = matches!(site.function_name, "memcpy" | "memmove" | "memset" | "memcmp" | "bcmp");
    if inside || length.constant_int().is_some_and(|n| n <= INLINE_BYTES) {
        return Ok(Outcome::Untouched);
    }
    let (b, pointer) = (site.builder, site.module.pointer());
    let value = if remedy == Remedy::MemorySet {
        b.resize(argument(1), site.module.int(32), false)
    } else {
        argument(1)
    };
    let length = b.resize(length, site.module.int(64), false);
    let length = if site.is_broken(remedy) {
        // the last byte of a long copy is lost
        b.binary(Opcode::LLVMAnd, length, length.ty().int(!1))
    } else {
        length
    };
    site.routine(routine, pointer, &[argument(0), value, length])?;
    Ok(Outcome::Erased)
}
