//! Thread-locals, and where constants go.
use crate::llvm::{Module, Opcode, Value};

/// A program has one thread: a thread-local is an ordinary static, for which the back end has code. One
/// that is written to is refused later, as every writable static.
pub(super) fn privatise(module: &Module) {
    for call in module.functions().into_iter().flat_map(|x| x.instructions()) {
        // asks for this thread's copy: there is but one
        let is_address = |x: Value| x.intrinsic().is_some_and(|x| x.starts_with("llvm.threadlocal.address"));
        if call.opcode() == Opcode::LLVMCall && call.called().as_function().is_some_and(is_address) {
            call.replace_uses(call.operand(0));
            call.erase();
        }
    }
    for global in module.globals() {
        global.clear_thread_local();
        if !global.is_declaration() && !global.name().starts_with("llvm.") {
            global.make_internal();
        }
    }
}

/// Constants without symbols of their own: all of them are reached through their section, which spares
/// the object reader a case for each, and empty ones are no special case.
pub(super) fn private_constants(module: &Module) {
    for global in module.globals() {
        if global.is_global_constant() && !global.is_declaration() && !global.name().starts_with("llvm.") {
            global.make_private_constant();
        }
    }
}
