//! `float as integer`, which saturates in Rust.
//!
//! The back end expands it by floating-point comparisons, which it does not have. The routines for 64 and
//! 128 bits saturate by themselves and make zero of a NaN; what is narrower is clamped after.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::IntPredicate;

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let Some(name) = site.intrinsic() else { return Ok(Outcome::Untouched) };
    let signed = if name.starts_with("llvm.fptosi.sat.") {
        true
    } else if name.starts_with("llvm.fptoui.sat.") {
        false
    } else {
        return Ok(Outcome::Untouched);
    };
    let Some(width @ 1..=128) = site.ty.int_width() else { return Ok(Outcome::Untouched) };
    let (b, from) = (site.builder, site.instruction.operand(0));
    let full = site.module.int(if width > 64 { 128 } else { 64 });
    let Some(routine) = site.float_to_integer(from.ty(), signed, width > 64) else {
        return Ok(Outcome::Untouched);
    };
    let mut value = site.routine(&routine, full, &[from])?;
    if width < 64 && !site.is_broken(Remedy::SaturatingCast) {
        let (low, high) =
            if signed { (-1i64 << (width - 1), !(-1i64 << (width - 1))) } else { (0, !(-1i64 << width)) };
        let (below, above) = if signed {
            (IntPredicate::LLVMIntSLT, IntPredicate::LLVMIntSGT)
        } else {
            (IntPredicate::LLVMIntULT, IntPredicate::LLVMIntUGT)
        };
        let (low, high) = (full.int(low), full.int(high));
        value = b.select(b.compare(below, value, low), low, value);
        value = b.select(b.compare(above, value, high), high, value);
    }
    Ok(Outcome::Replaced(b.resize(value, site.ty, false)))
}
