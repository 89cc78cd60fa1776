//! The part of LLVM's C interface that the linker needs, behind types that cannot be mixed up.
//!
//! Handles are plain copies of LLVM's pointers. What makes the safe methods sound in this crate: there is
//! one [`Module`] at a time, it outlives every handle, and an instruction that was erased is not used again.
#![allow(unsafe_code, reason = "LLVM is reached through its C interface")]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the module's documentation says what they rest on")]
mod builder;
mod module;
mod value;

pub(crate) use bpf_linker::llvm_sys::{
    LLVMIntPredicate as IntPredicate, LLVMOpcode as Opcode, LLVMRealPredicate as RealPredicate,
};
pub(crate) use builder::Builder;
pub(crate) use module::{Module, exit_on_fatal_error};
pub(crate) use value::{Type, Value};
