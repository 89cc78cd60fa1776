//! 128-bit multiplication, division and shifts by a variable amount.
//!
//! The back end splits such an operation into halves only where no multiplication, division or carry
//! between variable positions is needed; for these it wants a library call, which it cannot make.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::Opcode;

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    use Opcode::*;
    let Some(65..=128) = site.ty.int_width() else { return Ok(Outcome::Untouched) };
    let (routine, remedy, signed) = match site.opcode {
        LLVMMul => ("__multi3", Remedy::Int128Multiply, false),
        LLVMUDiv => ("__udivti3", Remedy::Int128Divide, false),
        LLVMURem => ("__umodti3", Remedy::Int128Divide, false),
        LLVMSDiv => ("__divti3", Remedy::Int128Divide, true),
        LLVMSRem => ("__modti3", Remedy::Int128Divide, true),
        LLVMShl => ("__ashlti3", Remedy::Int128Shift, false),
        LLVMLShr => ("__lshrti3", Remedy::Int128Shift, false),
        LLVMAShr => ("__ashrti3", Remedy::Int128Shift, true),
        _ => return Ok(Outcome::Untouched),
    };
    let (a, b) = (site.instruction.operand(0), site.instruction.operand(1));
    let shift = remedy == Remedy::Int128Shift;
    // A shift by a constant is a move between halves. A routine's own body is no call to itself.
    if (shift && b.is_constant()) || site.function_name == routine {
        return Ok(Outcome::Untouched);
    }
    let wide = site.module.int(128);
    let a = site.builder.resize(a, wide, signed);
    let b = if shift {
        site.builder.resize(b, site.module.int(32), false)
    } else {
        site.builder.resize(b, wide, signed)
    };
    let value = site.routine(routine, wide, &[a, b])?;
    let value = site.spoil(remedy, value);
    Ok(Outcome::Replaced(site.builder.resize(value, site.ty, signed)))
}
