//! Floating point: the VM has none, and the back end cannot call the routines that stand in for it.
use super::{Outcome, Remedy, Result, Site};
use crate::llvm::{IntPredicate, Opcode, RealPredicate, Type, Value};

impl Site<'_> {
    /// The routines' suffix for a floating-point type that they know.
    pub(super) fn suffix(&self, ty: Type) -> Option<&'static str> {
        if ty == self.module.f64() {
            Some("df")
        } else if ty == self.module.f32() {
            Some("sf")
        } else {
            None
        }
    }

    /// The routine that makes an integer of 64 or 128 bits.
    pub(super) fn float_to_integer(&self, from: Type, signed: bool, wide: bool) -> Option<String> {
        let (sign, width) = (if signed { "" } else { "uns" }, if wide { "ti" } else { "di" });
        Some(format!("__fix{sign}{}{width}", self.suffix(from)?))
    }
}

pub(super) fn lower(site: &Site<'_>) -> Result<Outcome> {
    use Opcode::*;
    Ok(match site.opcode {
        LLVMFAdd | LLVMFSub | LLVMFMul | LLVMFDiv | LLVMFRem => arithmetic(site)?,
        LLVMFCmp => compare(site)?,
        LLVMUIToFP | LLVMSIToFP => from_integer(site)?,
        LLVMFPToUI | LLVMFPToSI => to_integer(site)?,
        LLVMFPExt if site.ty == site.module.f64() => {
            let from = site.instruction.operand(0);
            if from.ty() != site.module.f32() {
                return Ok(Outcome::Untouched);
            }
            Outcome::Replaced(site.spoil_float(site.routine("__extendsfdf2", site.ty, &[from])?))
        }
        LLVMFPTrunc if site.ty == site.module.f32() => {
            let from = site.instruction.operand(0);
            if from.ty() != site.module.f64() {
                return Ok(Outcome::Untouched);
            }
            Outcome::Replaced(site.spoil_float(site.routine("__truncdfsf2", site.ty, &[from])?))
        }
        _ => Outcome::Untouched,
    })
}

impl Site<'_> {
    /// A broken conversion's result: one bit off.
    fn spoil_float(&self, value: Value) -> Value {
        let width = if value.ty() == self.module.f64() { 64 } else { 32 };
        let bits = self.builder.bitcast(value, self.module.int(width));
        let spoiled = self.spoil(Remedy::FloatCast, bits);
        if spoiled == bits { value } else { self.builder.bitcast(spoiled, value.ty()) }
    }
}

fn arithmetic(site: &Site<'_>) -> Result<Outcome> {
    let Some(suffix) = site.suffix(site.ty) else { return Ok(Outcome::Untouched) };
    let mut arguments = [site.instruction.operand(0), site.instruction.operand(1)];
    let routine = match site.opcode {
        Opcode::LLVMFAdd => format!("__add{suffix}3"),
        Opcode::LLVMFSub => format!("__sub{suffix}3"),
        Opcode::LLVMFMul => format!("__mul{suffix}3"),
        Opcode::LLVMFDiv => format!("__div{suffix}3"),
        _ if suffix == "df" => "fmod".to_owned(),
        _ => "fmodf".to_owned(),
    };
    if site.function_name == routine {
        return Ok(Outcome::Untouched);
    }
    if site.is_broken(Remedy::FloatArithmetic) {
        arguments.swap(0, 1);
    }
    Ok(Outcome::Replaced(site.routine(&routine, site.ty, &arguments)?))
}

fn from_integer(site: &Site<'_>) -> Result<Outcome> {
    let Some(suffix) = site.suffix(site.ty) else { return Ok(Outcome::Untouched) };
    let from = site.instruction.operand(0);
    let signed = site.opcode == Opcode::LLVMSIToFP;
    let (width, name) = match from.ty().int_width() {
        Some(0..=64) => (64, "di"),
        Some(65..=128) => (128, "ti"),
        _ => return Ok(Outcome::Untouched),
    };
    let sign = if signed { "" } else { "un" };
    let from = site.builder.resize(from, site.module.int(width), signed);
    let value = site.routine(&format!("__float{sign}{name}{suffix}"), site.ty, &[from])?;
    Ok(Outcome::Replaced(site.spoil_float(value)))
}

fn to_integer(site: &Site<'_>) -> Result<Outcome> {
    let from = site.instruction.operand(0);
    let Some(width @ 1..=128) = site.ty.int_width() else { return Ok(Outcome::Untouched) };
    let signed = site.opcode == Opcode::LLVMFPToSI;
    let Some(routine) = site.float_to_integer(from.ty(), signed, width > 64) else {
        return Ok(Outcome::Untouched);
    };
    let full = site.module.int(if width > 64 { 128 } else { 64 });
    let value = site.routine(&routine, full, &[from])?;
    let value = site.spoil(Remedy::FloatCast, value);
    Ok(Outcome::Replaced(site.builder.resize(value, site.ty, false)))
}

/// The routines answer with a number to compare with zero. For a NaN, "greater" answers below zero and
/// "less" above it: so that an unordered predicate is the negation of the opposite one.
fn compare(site: &Site<'_>) -> Result<Outcome> {
    use IntPredicate::*;
    use RealPredicate::*;
    let (x, y) = (site.instruction.operand(0), site.instruction.operand(1));
    let Some(suffix) = site.suffix(x.ty()) else { return Ok(Outcome::Untouched) };
    let int = site.module.int(32);
    let ask = |stem: &str, predicate| -> Result<Value> {
        let answer = site.routine(&format!("__{stem}{suffix}2"), int, &[x, y])?;
        Ok(site.builder.compare(predicate, answer, int.int(0)))
    };
    let both = |opcode, a: Value, b: Value| site.builder.binary(opcode, a, b);
    let value = match site.instruction.comparison() {
        LLVMRealOGE => ask("ge", LLVMIntSGE)?,
        LLVMRealOGT => ask("gt", LLVMIntSGT)?,
        LLVMRealOLE => ask("le", LLVMIntSLE)?,
        LLVMRealOLT => ask("lt", LLVMIntSLT)?,
        LLVMRealULT => ask("ge", LLVMIntSLT)?,
        LLVMRealULE => ask("gt", LLVMIntSLE)?,
        LLVMRealUGT => ask("le", LLVMIntSGT)?,
        LLVMRealUGE => ask("lt", LLVMIntSGE)?,
        LLVMRealOEQ => ask("eq", LLVMIntEQ)?,
        LLVMRealUNE => ask("ne", LLVMIntNE)?,
        LLVMRealUNO => ask("unord", LLVMIntNE)?,
        LLVMRealORD => ask("unord", LLVMIntEQ)?,
        LLVMRealONE => both(Opcode::LLVMAnd, ask("unord", LLVMIntEQ)?, ask("ne", LLVMIntNE)?),
        LLVMRealUEQ => both(Opcode::LLVMOr, ask("unord", LLVMIntNE)?, ask("eq", LLVMIntEQ)?),
        LLVMRealPredicateTrue => site.ty.int(1),
        LLVMRealPredicateFalse => site.ty.int(0),
    };
    Ok(Outcome::Replaced(site.spoil(Remedy::FloatCompare, value)))
}
