//! Multiplication beyond 128 bits, which formatting a `u128` needs: its division by a constant becomes one.
//!
//! There is no library routine for it. Schoolbook over limbs of 64 bits, each product by the 128-bit one.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::{Opcode, Value};

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let width = match site.ty.int_width() {
        Some(width) if width > 128 && site.opcode == Opcode::LLVMMul => width,
        _ => return Ok(Outcome::Untouched),
    };
    let (ty, b) = (site.ty, site.builder);
    let (word, double) = (site.module.int(64), site.module.int(128));
    let count = width.div_ceil(64);
    let limbs = |value: Value| -> Vec<Option<Value>> {
        (0..count)
            .map(|k| {
                let limb = b.binary(Opcode::LLVMLShr, value, ty.int(i64::from(64 * k)));
                let limb = b.resize(limb, word, false);
                (limb.constant_int() != Some(0)).then(|| b.resize(limb, double, false))
            })
            .collect()
    };
    let (x, y) = (limbs(site.instruction.operand(0)), limbs(site.instruction.operand(1)));
    let mut sum = ty.int(0);
    for (j, x) in x.iter().enumerate() {
        for (k, y) in y.iter().enumerate().take(count as usize - j) {
            let (Some(x), Some(y)) = (x, y) else { continue };
            let part = site.routine("__multi3", double, &[*x, *y])?;
            let part = b.resize(part, ty, false);
            let part = b.binary(Opcode::LLVMShl, part, ty.int(64 * (j + k) as i64));
            sum = b.binary(Opcode::LLVMAdd, sum, part);
        }
    }
    // spoiled in its upper half, of which a division by a constant is made
    if site.is_broken(Remedy::Int256Multiply) {
        let bit = b.binary(Opcode::LLVMShl, ty.int(1), ty.int(i64::from(width) - 64));
        sum = b.binary(Opcode::LLVMXor, sum, bit);
    }
    Ok(Outcome::Replaced(sum))
}
