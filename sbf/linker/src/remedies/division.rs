//! Signed division and remainder up to 64 bits.
//!
//! The instruction set has unsigned ones only ("unsupported signed division"). The magnitudes are divided
//! and the sign is restored; the smallest number is its own magnitude, taken as unsigned.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::{IntPredicate, Opcode, Value};

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let quotient = match site.opcode {
        Opcode::LLVMSDiv => true,
        Opcode::LLVMSRem => false,
        _ => return Ok(Outcome::Untouched),
    };
    let Some(1..=64) = site.ty.int_width() else { return Ok(Outcome::Untouched) };
    let (b, zero) = (site.builder, site.ty.int(0));
    let (x, y) = (site.instruction.operand(0), site.instruction.operand(1));
    let negative = |v: Value| b.compare(IntPredicate::LLVMIntSLT, v, zero);
    let magnitude = |v: Value| b.select(negative(v), b.negate(v), v);
    let (sign, value) = if quotient {
        let value = b.binary(Opcode::LLVMUDiv, magnitude(x), magnitude(y));
        (b.binary(Opcode::LLVMXor, negative(x), negative(y)), value)
    } else {
        (negative(x), b.binary(Opcode::LLVMURem, magnitude(x), magnitude(y)))
    };
    let negated = if site.is_broken(Remedy::SignedDivision) { value } else { b.negate(value) };
    Ok(Outcome::Replaced(b.select(sign, negated, value)))
}
