//! `checked_mul` and its kin from 64 bits on.
//!
//! The back end would compute the high half of the product, for which it has no instruction and no call.
//! At 64 bits the product is widened and its high half compared; at 128 a routine says whether it overflowed.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::IntPredicate;

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    let Some(name) = site.intrinsic() else { return Ok(Outcome::Untouched) };
    let (signed, width) = if let Some(width) = name.strip_prefix("llvm.umul.with.overflow.i") {
        (false, width)
    } else if let Some(width) = name.strip_prefix("llvm.smul.with.overflow.i") {
        (true, width)
    } else {
        return Ok(Outcome::Untouched);
    };
    let b = site.builder;
    let (x, y) = (site.instruction.operand(0), site.instruction.operand(1));
    let (product, overflowed) = match width {
        "64" => {
            let (word, double) = (site.module.int(64), site.module.int(128));
            let (x, y) = (b.resize(x, double, signed), b.resize(y, double, signed));
            let full = site.routine("__multi3", double, &[x, y])?;
            let product = b.resize(full, word, false);
            let fits = b.resize(product, double, signed);
            (product, b.compare(IntPredicate::LLVMIntNE, full, fits))
        }
        "128" => {
            let wide = site.module.int(128);
            let routine = if signed { "__muloti4" } else { "__rust_u128_mulo" };
            if site.function_name == routine {
                return Ok(Outcome::Untouched);
            }
            let flag = b.slot(site.function, site.module.int(32));
            b.before(site.instruction);
            let product = site.routine(routine, wide, &[x, y, flag])?;
            let raised = b.load(site.module.int(32), flag);
            (product, b.compare(IntPredicate::LLVMIntNE, raised, site.module.int(32).int(0)))
        }
        _ => return Ok(Outcome::Untouched),
    };
    let overflowed =
        if site.is_broken(Remedy::OverflowMultiply) { overflowed.ty().int(0) } else { overflowed };
    let pair = b.with_element(site.ty.poison(), product, 0);
    Ok(Outcome::Replaced(b.with_element(pair, overflowed, 1)))
}
