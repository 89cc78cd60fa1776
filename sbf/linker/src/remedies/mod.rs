//! What LLVM 22's BPF back end cannot compile, rewritten into what it can.
//!
//! The back end was made for the kernel's verifier: no arguments on the stack, no floating point, no wide
//! arithmetic, no calls to library routines of its own. Each remedy closes one such gap in the IR, before
//! code generation; see the modules.
mod attributes;
mod division;
mod float;
mod int128;
mod int256;
mod library;
mod memory;
pub(crate) mod names;
mod overflow;
mod routines;
mod saturating;
mod statics;
mod trap;
mod wide;

use crate::LinkError;
use crate::llvm::{Builder, Module, Opcode, Type, Value};
use clap::ValueEnum;
pub(crate) use routines::ROUTINES;
use std::cell::RefCell;
use std::collections::HashMap;

/// A remedy, as `--break-remedy` names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Remedy {
    /// More than five argument registers.
    WideArguments,
    /// Results wider than a register.
    WideReturns,
    /// 128-bit multiplication.
    Int128Multiply,
    /// 128-bit division and remainder.
    Int128Divide,
    /// 128-bit shifts by a variable amount.
    Int128Shift,
    /// Multiplication beyond 128 bits.
    Int256Multiply,
    /// Multiplication that reports its overflow.
    OverflowMultiply,
    /// Signed division and remainder up to 64 bits.
    SignedDivision,
    /// Floating-point arithmetic.
    FloatArithmetic,
    /// Floating-point comparison.
    FloatCompare,
    /// Conversion between floating point and integers, and between the two precisions.
    FloatCast,
    /// Saturating conversion to integers.
    SaturatingCast,
    /// Copies and moves of large or unknown size.
    MemoryCopy,
    /// Fills of large or unknown size.
    MemorySet,
}

impl Remedy {
    /// The name on the command line.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |x| x.get_name().to_owned())
    }
}

/// One instruction under a remedy.
struct Site<'a> {
    module: &'a Module,
    builder: &'a Builder,
    /// Slots of each function by type: their contents never outlive one call, so all calls share them.
    slots: &'a RefCell<HashMap<(Value, Type), Vec<Value>>>,
    broken: Option<Remedy>,
    function: Value,
    function_name: &'a str,
    instruction: Value,
    opcode: Opcode,
    ty: Type,
}

/// What a remedy did with an instruction.
enum Outcome {
    /// Not its business.
    Untouched,
    /// The instruction is to give way to this value.
    Replaced(Value),
    /// The instruction has no result and has been replaced.
    Erased,
}

type Result<T> = std::result::Result<T, LinkError>;

impl Site<'_> {
    fn is_broken(&self, remedy: Remedy) -> bool {
        self.broken == Some(remedy)
    }

    /// A broken remedy's result: one bit off.
    fn spoil(&self, remedy: Remedy, value: Value) -> Value {
        if self.is_broken(remedy) {
            self.builder.binary(Opcode::LLVMXor, value, value.ty().int(1))
        } else {
            value
        }
    }

    /// The name of the intrinsic that the instruction calls.
    fn intrinsic(&self) -> Option<String> {
        if self.opcode != Opcode::LLVMCall {
            return None;
        }
        self.instruction.called().as_function()?.intrinsic()
    }
}

/// In this order; each instruction goes to the first that takes it.
const LOWERINGS: &[fn(&Site<'_>) -> Result<Outcome>] = &[
    memory::lower,
    saturating::lower,
    overflow::lower,
    library::lower,
    int128::lower,
    int256::lower,
    division::lower,
    float::lower,
];

/// Closes all gaps.
pub(crate) fn apply(module: &Module, broken: Option<Remedy>) -> Result<()> {
    statics::privatise(module);
    // One thread runs a program, so atomics are plain accesses; what only thread-locals or atomics kept
    // alive and writable becomes constant or goes.
    module.run_passes(c"function(lower-atomic),globalopt,globaldce")?;
    statics::private_constants(module);
    lower_all(module, broken)?;
    attributes::drop_result_pointers(module)?;
    wide::narrow_all(module, broken)?;
    module.run_passes(
        c"always-inline,function(expand-memcmp,sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,gvn,dse,instcombine<no-verify-fixpoint>,simplifycfg)",
    )?;
    // the passes made new instructions of the kinds above, out of those that remedies left
    lower_all(module, broken)?;
    wide::narrow_all(module, broken)?;
    module.run_passes(c"always-inline")?;
    trap::share(module);
    for function in module.functions() {
        if !function.is_declaration() && function.name() != "entrypoint" {
            function.make_internal();
        }
    }
    // generic code of the same bytes for each type is kept once
    module.run_passes(c"mergefunc,globaldce,verify")
}

fn lower_all(module: &Module, broken: Option<Remedy>) -> Result<()> {
    let builder = module.builder();
    let slots = RefCell::default();
    for function in module.functions() {
        let function_name = function.name();
        for instruction in function.instructions() {
            let site = Site {
                module,
                builder: &builder,
                slots: &slots,
                broken,
                function,
                function_name: names::source(&function_name),
                instruction,
                opcode: instruction.opcode(),
                ty: instruction.ty(),
            };
            builder.before(instruction);
            for lower in LOWERINGS {
                match lower(&site)? {
                    Outcome::Untouched => continue,
                    Outcome::Replaced(value) => {
                        instruction.replace_uses(value);
                        instruction.erase();
                    }
                    Outcome::Erased => instruction.erase(),
                }
                break;
            }
        }
    }
    Ok(())
}
