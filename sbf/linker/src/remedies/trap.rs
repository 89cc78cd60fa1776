//! Where a program gives up.
use crate::llvm::{Module, Opcode, Value};

/// One function traps for all others: each trap of its own would be an entry of 16 bytes in the loader's table.
pub(super) fn share(module: &Module) {
    let is_trap = |function: Value| function.intrinsic().is_some_and(|name| name == "llvm.trap");
    let functions = module.functions();
    let Some(&trap) = functions.iter().find(|function| is_trap(**function)) else { return };
    let ty = trap.value_type();
    let (shared, builder) = (module.add_function("trap", ty), module.builder());
    module.add_attribute(shared, "noinline");
    module.add_attribute(shared, "noreturn");
    for call in functions.iter().flat_map(|function| function.instructions()) {
        if call.opcode() == Opcode::LLVMCall && call.called().as_function().is_some_and(is_trap) {
            builder.before(call);
            builder.call(ty, shared, &[]);
            call.erase();
        }
    }
    module.body(shared, &builder);
    builder.call(ty, trap, &[]);
    builder.ret(None);
}
