//! The module, its passes and the code made of it.
use super::builder::Builder;
use super::value::{Type, Value, kind};
use crate::LinkError;
use bpf_linker::llvm_sys::bit_reader::LLVMParseBitcodeInContext2;
use bpf_linker::llvm_sys::core::*;
use bpf_linker::llvm_sys::debuginfo::LLVMStripModuleDebugInfo;
use bpf_linker::llvm_sys::error::{LLVMDisposeErrorMessage, LLVMGetErrorMessage};
use bpf_linker::llvm_sys::error_handling::{LLVMInstallFatalErrorHandler, LLVMResetFatalErrorHandler};
use bpf_linker::llvm_sys::prelude::*;
use bpf_linker::llvm_sys::target_machine::*;
use bpf_linker::llvm_sys::transforms::pass_builder::*;
use bpf_linker::llvm_sys::{LLVMAttributeFunctionIndex, LLVMDiagnosticSeverity};
use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::null_mut;

/// A text that LLVM allocated.
pub(super) struct Message(*mut c_char);

impl Message {
    /// Takes the text over; it may be null.
    pub(super) unsafe fn new(raw: *mut c_char) -> Self {
        Self(raw)
    }
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.is_null() {
            return f.write_str("no message");
        }
        f.write_str(&unsafe { CStr::from_ptr(self.0) }.to_string_lossy())
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !self.0.is_null() {
            unsafe { LLVMDisposeMessage(self.0) }
        }
    }
}

/// What LLVM had to say about the code.
#[derive(Debug)]
pub(crate) struct Diagnostic {
    pub(crate) severity: LLVMDiagnosticSeverity,
    pub(crate) text: String,
}

extern "C" fn collect(info: LLVMDiagnosticInfoRef, diagnostics: *mut c_void) {
    // set together with the handler below, and boxed: it does not move
    let diagnostics = unsafe { &mut *diagnostics.cast::<Vec<Diagnostic>>() };
    let text = unsafe { Message::new(LLVMGetDiagInfoDescription(info)) }.to_string();
    diagnostics.push(Diagnostic { severity: unsafe { LLVMGetDiagInfoSeverity(info) }, text });
}

extern "C" fn fatal(reason: *const c_char) {
    let reason = unsafe { CStr::from_ptr(reason) }.to_string_lossy();
    eprintln!("error: {}", LinkError::fatal(&reason));
    std::process::exit(1);
}

/// From here on an error from which LLVM does not return ends the process with a message and code 1.
pub(crate) fn exit_on_fatal_error() {
    unsafe {
        LLVMResetFatalErrorHandler();
        LLVMInstallFatalErrorHandler(Some(fatal));
    }
}

/// One module in a context of its own, with the machine that compiles it.
pub(crate) struct Module {
    context: LLVMContextRef,
    module: LLVMModuleRef,
    machine: LLVMTargetMachineRef,
    diagnostics: *mut Vec<Diagnostic>,
}

impl Drop for Module {
    fn drop(&mut self) {
        unsafe {
            LLVMDisposeTargetMachine(self.machine);
            LLVMDisposeModule(self.module);
            LLVMContextDispose(self.context);
            drop(Box::from_raw(self.diagnostics));
        }
    }
}

impl Module {
    /// Reads bitcode; LLVM's BPF target must have been initialised.
    pub(crate) fn parse(bitcode: &[u8]) -> Result<Self, LinkError> {
        unsafe {
            let context = LLVMContextCreate();
            let diagnostics = Box::into_raw(Box::<Vec<Diagnostic>>::default());
            LLVMContextSetDiagnosticHandler(context, Some(collect), diagnostics.cast());
            let buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(
                bitcode.as_ptr().cast(),
                bitcode.len(),
                c"linked".as_ptr(),
            );
            let mut module = null_mut();
            let failed = LLVMParseBitcodeInContext2(context, buffer, &mut module) != 0;
            LLVMDisposeMemoryBuffer(buffer);
            if failed {
                return Err(LinkError::Llvm("the linked bitcode does not parse".to_owned()));
            }
            LLVMStripModuleDebugInfo(module);
            let triple = LLVMGetTarget(module);
            let (mut target, mut message) = (null_mut(), null_mut());
            if LLVMGetTargetFromTriple(triple, &mut target, &mut message) != 0 {
                return Err(LinkError::Llvm(Message::new(message).to_string()));
            }
            let machine = LLVMCreateTargetMachine(
                target,
                triple,
                c"v2".as_ptr(),
                crate::FEATURES.as_ptr(),
                LLVMCodeGenOptLevel::LLVMCodeGenLevelAggressive,
                LLVMRelocMode::LLVMRelocStatic,
                LLVMCodeModel::LLVMCodeModelDefault,
            );
            if machine.is_null() {
                return Err(LinkError::Llvm("LLVM has no machine for the target".to_owned()));
            }
            Ok(Self { context, module, machine, diagnostics })
        }
    }

    /// Runs passes, in the syntax of `opt -passes=`.
    pub(crate) fn run_passes(&self, passes: &CStr) -> Result<(), LinkError> {
        unsafe {
            let options = LLVMCreatePassBuilderOptions();
            let error = LLVMRunPasses(self.module, passes.as_ptr(), self.machine, options);
            LLVMDisposePassBuilderOptions(options);
            if error.is_null() {
                return Ok(());
            }
            let message = LLVMGetErrorMessage(error);
            let text = CStr::from_ptr(message).to_string_lossy().into_owned();
            LLVMDisposeErrorMessage(message);
            Err(LinkError::Llvm(format!("the passes {}: {text}", passes.to_string_lossy())))
        }
    }

    /// Makes an object file, with everything LLVM had to say meanwhile.
    pub(crate) fn compile(&self) -> (Result<Vec<u8>, LinkError>, Vec<Diagnostic>) {
        let (mut buffer, mut message) = (null_mut(), null_mut());
        let object = unsafe {
            if LLVMTargetMachineEmitToMemoryBuffer(
                self.machine,
                self.module,
                LLVMCodeGenFileType::LLVMObjectFile,
                &mut message,
                &mut buffer,
            ) != 0
            {
                Err(LinkError::Llvm(Message::new(message).to_string()))
            } else {
                let start = LLVMGetBufferStart(buffer).cast::<u8>();
                let bytes = std::slice::from_raw_parts(start, LLVMGetBufferSize(buffer)).to_vec();
                LLVMDisposeMemoryBuffer(buffer);
                Ok(bytes)
            }
        };
        (object, std::mem::take(unsafe { &mut *self.diagnostics }))
    }

    pub(crate) fn builder(&self) -> Builder {
        Builder(unsafe { LLVMCreateBuilderInContext(self.context) })
    }

    pub(crate) fn functions(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = unsafe { LLVMGetFirstFunction(self.module) };
        while let Some(found) = Value::present(next) {
            all.push(found);
            next = unsafe { LLVMGetNextFunction(next) };
        }
        all
    }

    pub(crate) fn globals(&self) -> Vec<Value> {
        let mut all = Vec::new();
        let mut next = unsafe { LLVMGetFirstGlobal(self.module) };
        while let Some(found) = Value::present(next) {
            all.push(found);
            next = unsafe { LLVMGetNextGlobal(next) };
        }
        all
    }

    pub(crate) fn function(&self, name: &str) -> Option<Value> {
        let name = CString::new(name).ok()?;
        Value::present(unsafe { LLVMGetNamedFunction(self.module, name.as_ptr()) })
    }

    pub(crate) fn add_function(&self, name: &str, ty: Type) -> Value {
        // a name from LLVM may hold a nul, which the interface does not take: any other name is as good
        let name = CString::new(name.replace('\0', ".")).unwrap_or_default();
        Value(unsafe { LLVMAddFunction(self.module, name.as_ptr(), ty.0) })
    }

    /// Starts the body of a function.
    pub(crate) fn body(&self, function: Value, builder: &Builder) {
        unsafe {
            let block = LLVMAppendBasicBlockInContext(self.context, function.0, c"start".as_ptr());
            LLVMPositionBuilderAtEnd(builder.0, block);
        }
    }

    pub(crate) fn add_attribute(&self, function: Value, name: &str) {
        unsafe {
            let attribute = LLVMCreateEnumAttribute(self.context, kind(name), 0);
            LLVMAddAttributeAtIndex(function.0, LLVMAttributeFunctionIndex, attribute);
        }
    }

    pub(crate) fn add_text_attribute(&self, function: Value, name: &str, value: &str) {
        unsafe {
            let attribute = LLVMCreateStringAttribute(
                self.context,
                name.as_ptr().cast(),
                name.len() as u32,
                value.as_ptr().cast(),
                value.len() as u32,
            );
            LLVMAddAttributeAtIndex(function.0, LLVMAttributeFunctionIndex, attribute);
        }
    }

    pub(crate) fn int(&self, bits: u32) -> Type {
        Type(unsafe { LLVMIntTypeInContext(self.context, bits) })
    }

    pub(crate) fn f32(&self) -> Type {
        Type(unsafe { LLVMFloatTypeInContext(self.context) })
    }

    pub(crate) fn f64(&self) -> Type {
        Type(unsafe { LLVMDoubleTypeInContext(self.context) })
    }

    pub(crate) fn pointer(&self) -> Type {
        Type(unsafe { LLVMPointerTypeInContext(self.context, 0) })
    }

    pub(crate) fn void(&self) -> Type {
        Type(unsafe { LLVMVoidTypeInContext(self.context) })
    }

    pub(crate) fn structure(&self, fields: &[Type]) -> Type {
        let mut raw: Vec<_> = fields.iter().map(|x| x.0).collect();
        Type(unsafe { LLVMStructTypeInContext(self.context, raw.as_mut_ptr(), raw.len() as u32, 0) })
    }
}
