//! Calls to the routines that a compiler brings along (`compiler_builtins`).
//!
//! The back end refuses to call them by itself ("a call to built-in function is not supported"), but has
//! nothing against a call in the IR. `solana-compiler-builtins` comes first in link order where it defines
//! one, then Rust's own.
use super::{Result, Site};
use crate::LinkError;
use crate::error::Symbol;
use crate::llvm::{Type, Value};

/// Every routine that a remedy may call: kept through optimisation, since nothing refers to them before.
pub(crate) const ROUTINES: &[&str] = &[
    "__multi3",
    "__udivti3",
    "__umodti3",
    "__divti3",
    "__modti3",
    "__ashlti3",
    "__lshrti3",
    "__ashrti3",
    "__muloti4",
    "__rust_u128_mulo",
    "__addsf3",
    "__subsf3",
    "__mulsf3",
    "__divsf3",
    "__adddf3",
    "__subdf3",
    "__muldf3",
    "__divdf3",
    "__extendsfdf2",
    "__truncdfsf2",
    "__fixsfdi",
    "__fixsfti",
    "__fixunssfdi",
    "__fixunssfti",
    "__fixdfdi",
    "__fixdfti",
    "__fixunsdfdi",
    "__fixunsdfti",
    "__floatdisf",
    "__floattisf",
    "__floatundisf",
    "__floatuntisf",
    "__floatdidf",
    "__floattidf",
    "__floatundidf",
    "__floatuntidf",
    "__gesf2",
    "__gtsf2",
    "__lesf2",
    "__ltsf2",
    "__eqsf2",
    "__nesf2",
    "__unordsf2",
    "__gedf2",
    "__gtdf2",
    "__ledf2",
    "__ltdf2",
    "__eqdf2",
    "__nedf2",
    "__unorddf2",
    "fmodf",
    "fmod",
    "sqrtf",
    "sqrt",
    "floorf",
    "floor",
    "ceilf",
    "ceil",
    "truncf",
    "trunc",
    "rintf",
    "rint",
    "roundf",
    "round",
    "roundevenf",
    "roundeven",
    "fminf",
    "fmin",
    "fmaxf",
    "fmax",
    "fmaf",
    "fma",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "bcmp",
];

impl Site<'_> {
    fn slot(&self, used: &mut Vec<Value>, ty: Type) -> Value {
        let mut slots = self.slots.borrow_mut();
        let slots = slots.entry((self.function, ty)).or_default();
        let slot = slots.iter().copied().find(|x| !used.contains(x)).unwrap_or_else(|| {
            let slot = self.builder.slot(self.function, ty);
            self.builder.before(self.instruction);
            slots.push(slot);
            slot
        });
        used.push(slot);
        slot
    }

    /// Calls a routine. Its C ABI may pass an argument or the result through a pointer: the type of the
    /// definition decides, not the one that the name suggests.
    pub(super) fn routine(&self, name: &str, result: Type, arguments: &[Value]) -> Result<Value> {
        let missing =
            || LinkError::NoRoutine { routine: name.to_owned(), function: Symbol::new(self.function_name) };
        let callee = self.module.function(name).ok_or_else(missing)?;
        if callee.is_declaration() {
            return Err(missing());
        }
        let ty = callee.value_type();
        let parameters = ty.parameters();
        let by_pointer = match parameters.len().checked_sub(arguments.len()) {
            Some(0) => false,
            Some(1) => true,
            _ => {
                return Err(LinkError::Llvm(format!(
                    "the routine `{name}` takes {} arguments instead of {}",
                    parameters.len(),
                    arguments.len()
                )));
            }
        };
        let b = self.builder;
        let mut used = Vec::new();
        let mut passed = Vec::new();
        let result_slot = by_pointer.then(|| self.slot(&mut used, result));
        passed.extend(result_slot);
        for (&argument, &parameter) in arguments.iter().zip(&parameters[usize::from(by_pointer)..]) {
            let given = argument.ty();
            passed.push(if given == parameter {
                argument
            } else if parameter.is_pointer() {
                let slot = self.slot(&mut used, given);
                b.store(argument, slot);
                slot
            } else if parameter.int_width().is_some() && given.int_width().is_some() {
                b.resize(argument, parameter, false)
            } else {
                b.bitcast(argument, parameter)
            });
        }
        let value = b.call(ty, callee, &passed);
        let got = ty.result();
        Ok(match result_slot {
            Some(slot) => b.load(result, slot),
            None if got == result => value,
            None if got.int_width().is_some() && result.int_width().is_some() => {
                b.resize(value, result, true)
            }
            None => b.bitcast(value, result),
        })
    }
}
