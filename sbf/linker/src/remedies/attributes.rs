//! Attributes of parameters that the back end refuses or that the new signatures would lose.
use crate::LinkError;
use crate::error::Symbol;
use crate::llvm::{Module, Opcode};

/// Drops `sret`: the back end refuses it on functions whose address is taken, and a pointer to the result
/// is passed like any other. `byval` would be a copy that nobody makes: an error.
pub(super) fn drop_result_pointers(module: &Module) -> Result<(), LinkError> {
    for function in module.functions() {
        for index in 0..function.value_type().parameters().len() {
            function.remove_parameter_attribute(index, "sret");
            if function.parameter_has_attribute(index, "byval") {
                return Err(LinkError::Unsupported {
                    what: "an argument passed by value in memory (`byval`)".to_owned(),
                    function: Symbol::new(&function.name()),
                });
            }
        }
        for instruction in function.instructions() {
            if instruction.opcode() == Opcode::LLVMCall {
                for index in 0..instruction.argument_count() {
                    instruction.remove_argument_attribute(index, "sret");
                }
            }
        }
    }
    Ok(())
}
