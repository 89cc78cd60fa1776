//! What no remedy closed, found before code generation so that the error can name it.
use crate::LinkError;
use crate::error::Symbol;
use crate::llvm::{Module, Opcode, Value};
use sbpf_common::syscalls::REGISTERED_SYSCALLS;

/// What LLVM makes of a trap; the program ends there, as by the syscall `abort`.
const TRAP: &str = "__bpf_trap";

/// Intrinsics for which the back end has code, without their types.
const INTRINSICS: &[&str] = &[
    "llvm.abs",
    "llvm.assume",
    "llvm.bitreverse",
    "llvm.bpf.compare",
    "llvm.bpf.passthrough",
    "llvm.bswap",
    "llvm.copysign",
    "llvm.ctlz",
    "llvm.ctpop",
    "llvm.cttz",
    "llvm.debugtrap",
    "llvm.donothing",
    "llvm.expect",
    "llvm.experimental.noalias.scope.decl",
    "llvm.fabs",
    "llvm.fshl",
    "llvm.fshr",
    "llvm.invariant",
    "llvm.is.constant",
    "llvm.is.fpclass",
    "llvm.launder.invariant.group",
    "llvm.lifetime",
    "llvm.memcpy",
    "llvm.memmove",
    "llvm.memset",
    "llvm.objectsize",
    "llvm.ptrmask",
    "llvm.sadd",
    "llvm.scmp",
    "llvm.sideeffect",
    "llvm.smax",
    "llvm.smin",
    "llvm.smul.with.overflow",
    "llvm.ssub",
    "llvm.strip.invariant.group",
    "llvm.trap",
    "llvm.uadd",
    "llvm.ubsantrap",
    "llvm.ucmp",
    "llvm.umax",
    "llvm.umin",
    "llvm.umul.with.overflow",
    "llvm.usub",
    "llvm.vector.reduce",
];

/// Every reason not to compile the module.
pub(crate) fn check(module: &Module) -> Result<(), LinkError> {
    let mut errors = Vec::new();
    if module.function("entrypoint").is_none_or(Value::is_declaration) {
        errors.push(LinkError::NoEntrypoint);
    }
    for global in module.globals() {
        let name = global.name();
        let Some(function) = global.using_function().map(|x| Symbol::new(&x.name())) else { continue };
        let symbol = Symbol::new(&name);
        if global.is_declaration() {
            errors.push(LinkError::Unresolved { symbol, function });
        } else if !global.is_global_constant() {
            errors.push(LinkError::WritableStatic { global: symbol, function });
        }
    }
    for function in module.functions() {
        let name = function.name();
        if function.is_declaration() {
            if function.intrinsic().is_some() || name == TRAP || REGISTERED_SYSCALLS.contains(&name.as_str())
            {
                continue;
            }
            if let Some(user) = function.using_function() {
                let function = Symbol::new(&user.name());
                errors.push(LinkError::Unresolved { symbol: Symbol::new(&name), function });
            }
            continue;
        }
        for instruction in function.instructions() {
            if let Some(what) = unsupported(instruction) {
                errors.push(LinkError::Unsupported { what, function: Symbol::new(&name) });
            }
        }
    }
    LinkError::join(errors).map_or(Ok(()), Err)
}

/// What about an instruction the back end has no code for.
fn unsupported(instruction: Value) -> Option<String> {
    use Opcode::*;
    let opcode = instruction.opcode();
    let name = format!("{opcode:?}").trim_start_matches("LLVM").to_lowercase();
    let types = || std::iter::once(instruction.ty()).chain(instruction.operands().map(Value::ty));
    if let Some(ty) = types().find(|ty| ty.is_exotic_float()) {
        return Some(format!("the type {ty} of the instruction `{name}`"));
    }
    match opcode {
        LLVMInvoke | LLVMLandingPad | LLVMResume | LLVMCallBr | LLVMIndirectBr | LLVMVAArg | LLVMCatchPad
        | LLVMCleanupPad | LLVMCatchSwitch => Some(format!("the instruction `{name}`")),
        LLVMFAdd | LLVMFSub | LLVMFMul | LLVMFDiv | LLVMFRem | LLVMFCmp | LLVMUIToFP | LLVMSIToFP
        | LLVMFPToUI | LLVMFPToSI | LLVMFPExt | LLVMFPTrunc => {
            Some(format!("the instruction `{name}` of {}", instruction.operand(0).ty()))
        }
        LLVMAtomicRMW | LLVMAtomicCmpXchg | LLVMFence => Some(format!("the instruction `{name}`")),
        LLVMAlloca if instruction.operand(0).constant_int().is_none() => {
            Some("the instruction `alloca` of variable size".to_owned())
        }
        LLVMCall => {
            if let Some(text) = instruction.called().assembly() {
                // an empty one is `black_box`
                return (!text.trim().is_empty()).then(|| format!("inline assembly `{text}`"));
            }
            let intrinsic = instruction.called().as_function()?.intrinsic()?;
            let known = INTRINSICS.iter().any(|x| {
                intrinsic.strip_prefix(x).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            });
            (!known).then(|| format!("the intrinsic `{intrinsic}`"))
        }
        _ => None,
    }
}
