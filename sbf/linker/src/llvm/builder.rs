//! Makes instructions.
use super::value::{Type, Value};
use bpf_linker::llvm_sys::core::*;
use bpf_linker::llvm_sys::prelude::LLVMBuilderRef;
use bpf_linker::llvm_sys::{LLVMIntPredicate, LLVMOpcode};

/// Puts instructions at one place.
pub(crate) struct Builder(pub(super) LLVMBuilderRef);

impl Drop for Builder {
    fn drop(&mut self) {
        unsafe { LLVMDisposeBuilder(self.0) }
    }
}

impl Builder {
    pub(crate) fn before(&self, instruction: Value) {
        unsafe { LLVMPositionBuilderBefore(self.0, instruction.0) }
    }

    /// A slot in the frame of `function`; the builder moves.
    pub(crate) fn slot(&self, function: Value, ty: Type) -> Value {
        unsafe {
            let entry = LLVMGetEntryBasicBlock(function.0);
            LLVMPositionBuilderBefore(self.0, LLVMGetFirstInstruction(entry));
            let slot = LLVMBuildAlloca(self.0, ty.0, c"slot".as_ptr());
            // what a builtin reads through its pointer, it reads with the alignment of an i128
            LLVMSetAlignment(slot, 16);
            Value(slot)
        }
    }

    pub(crate) fn binary(&self, opcode: LLVMOpcode, a: Value, b: Value) -> Value {
        Value(unsafe { LLVMBuildBinOp(self.0, opcode, a.0, b.0, c"".as_ptr()) })
    }

    pub(crate) fn negate(&self, value: Value) -> Value {
        Value(unsafe { LLVMBuildNeg(self.0, value.0, c"".as_ptr()) })
    }

    pub(crate) fn compare(&self, predicate: LLVMIntPredicate, a: Value, b: Value) -> Value {
        Value(unsafe { LLVMBuildICmp(self.0, predicate, a.0, b.0, c"".as_ptr()) })
    }

    pub(crate) fn select(&self, condition: Value, yes: Value, no: Value) -> Value {
        Value(unsafe { LLVMBuildSelect(self.0, condition.0, yes.0, no.0, c"".as_ptr()) })
    }

    /// An integer made wider or narrower.
    pub(crate) fn resize(&self, value: Value, to: Type, signed: bool) -> Value {
        Value(unsafe { LLVMBuildIntCast2(self.0, value.0, to.0, i32::from(signed), c"".as_ptr()) })
    }

    pub(crate) fn bitcast(&self, value: Value, to: Type) -> Value {
        Value(unsafe { LLVMBuildBitCast(self.0, value.0, to.0, c"".as_ptr()) })
    }

    pub(crate) fn load(&self, ty: Type, pointer: Value) -> Value {
        Value(unsafe { LLVMBuildLoad2(self.0, ty.0, pointer.0, c"".as_ptr()) })
    }

    pub(crate) fn store(&self, value: Value, pointer: Value) {
        unsafe { LLVMBuildStore(self.0, value.0, pointer.0) };
    }

    pub(crate) fn field(&self, ty: Type, pointer: Value, index: usize) -> Value {
        Value(unsafe { LLVMBuildStructGEP2(self.0, ty.0, pointer.0, index as u32, c"".as_ptr()) })
    }

    pub(crate) fn with_element(&self, aggregate: Value, value: Value, index: u32) -> Value {
        Value(unsafe { LLVMBuildInsertValue(self.0, aggregate.0, value.0, index, c"".as_ptr()) })
    }

    pub(crate) fn call(&self, ty: Type, callee: Value, arguments: &[Value]) -> Value {
        let mut raw: Vec<_> = arguments.iter().map(|x| x.0).collect();
        Value(unsafe {
            LLVMBuildCall2(self.0, ty.0, callee.0, raw.as_mut_ptr(), raw.len() as u32, c"".as_ptr())
        })
    }

    pub(crate) fn ret(&self, value: Option<Value>) {
        unsafe {
            match value {
                Some(value) => LLVMBuildRet(self.0, value.0),
                None => LLVMBuildRetVoid(self.0),
            }
        };
    }
}
