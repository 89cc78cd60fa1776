//! Types and values.
use bpf_linker::llvm_sys::core::*;
use bpf_linker::llvm_sys::prelude::{LLVMTypeRef, LLVMValueRef};
use bpf_linker::llvm_sys::{
    LLVMAttributeFunctionIndex, LLVMLinkage, LLVMOpcode, LLVMRealPredicate, LLVMTypeKind, LLVMUnnamedAddr,
};
use std::ptr::null_mut;

/// A type of the module's context.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Type(pub(super) LLVMTypeRef);

impl Type {
    pub(crate) fn kind(self) -> LLVMTypeKind {
        unsafe { LLVMGetTypeKind(self.0) }
    }

    /// The width of an integer type.
    pub(crate) fn int_width(self) -> Option<u32> {
        (self.kind() == LLVMTypeKind::LLVMIntegerTypeKind).then(|| unsafe { LLVMGetIntTypeWidth(self.0) })
    }

    pub(crate) fn is_pointer(self) -> bool {
        self.kind() == LLVMTypeKind::LLVMPointerTypeKind
    }

    pub(crate) fn is_void(self) -> bool {
        self.kind() == LLVMTypeKind::LLVMVoidTypeKind
    }

    /// A floating-point type that is neither `f32` nor `f64`.
    pub(crate) fn is_exotic_float(self) -> bool {
        use LLVMTypeKind::*;
        matches!(
            self.kind(),
            LLVMHalfTypeKind
                | LLVMBFloatTypeKind
                | LLVMX86_FP80TypeKind
                | LLVMFP128TypeKind
                | LLVMPPC_FP128TypeKind
        )
    }

    /// How many registers a value of this type takes; `None` for one that has no place in registers.
    pub(crate) fn registers(self) -> Option<usize> {
        use LLVMTypeKind::*;
        Some(match self.kind() {
            LLVMVoidTypeKind => 0,
            LLVMIntegerTypeKind => (unsafe { LLVMGetIntTypeWidth(self.0) } as usize).div_ceil(64),
            LLVMPointerTypeKind | LLVMFloatTypeKind | LLVMDoubleTypeKind => 1,
            LLVMStructTypeKind => {
                let fields = unsafe { LLVMCountStructElementTypes(self.0) };
                let mut sum = 0;
                for field in 0..fields {
                    sum += Self(unsafe { LLVMStructGetTypeAtIndex(self.0, field) }).registers()?;
                }
                sum
            }
            LLVMArrayTypeKind => {
                let (length, element) =
                    unsafe { (LLVMGetArrayLength2(self.0), Self(LLVMGetElementType(self.0))) };
                usize::try_from(length).ok()?.checked_mul(element.registers()?)?
            }
            _ => return None,
        })
    }

    pub(crate) fn function(result: Self, parameters: &[Self]) -> Self {
        let mut raw: Vec<_> = parameters.iter().map(|x| x.0).collect();
        Self(unsafe { LLVMFunctionType(result.0, raw.as_mut_ptr(), raw.len() as u32, 0) })
    }

    pub(crate) fn is_variadic(self) -> bool {
        unsafe { LLVMIsFunctionVarArg(self.0) != 0 }
    }

    pub(crate) fn result(self) -> Self {
        Self(unsafe { LLVMGetReturnType(self.0) })
    }

    pub(crate) fn parameters(self) -> Vec<Self> {
        let mut raw = vec![null_mut(); unsafe { LLVMCountParamTypes(self.0) } as usize];
        unsafe { LLVMGetParamTypes(self.0, raw.as_mut_ptr()) };
        raw.into_iter().map(Self).collect()
    }

    /// The integer constant `value` of this type; `value` is extended with its sign.
    pub(crate) fn int(self, value: i64) -> Value {
        Value(unsafe { LLVMConstInt(self.0, value as u64, 1) })
    }

    pub(crate) fn poison(self) -> Value {
        Value(unsafe { LLVMGetPoison(self.0) })
    }
}

impl std::fmt::Display for Type {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = unsafe { super::module::Message::new(LLVMPrintTypeToString(self.0)) };
        f.write_str(&text.to_string())
    }
}

/// A value of the module: a constant, a global, an argument or an instruction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Value(pub(super) LLVMValueRef);

impl Value {
    pub(super) fn present(raw: LLVMValueRef) -> Option<Self> {
        (!raw.is_null()).then_some(Self(raw))
    }

    pub(crate) fn name(self) -> String {
        let mut length = 0;
        let bytes = unsafe {
            let start = LLVMGetValueName2(self.0, &mut length);
            std::slice::from_raw_parts(start.cast::<u8>(), length)
        };
        String::from_utf8_lossy(bytes).into_owned()
    }

    pub(crate) fn ty(self) -> Type {
        Type(unsafe { LLVMTypeOf(self.0) })
    }

    pub(crate) fn replace_uses(self, by: Self) {
        unsafe { LLVMReplaceAllUsesWith(self.0, by.0) }
    }

    pub(crate) fn is_constant(self) -> bool {
        unsafe { LLVMIsConstant(self.0) != 0 }
    }

    /// The value of an integer constant of at most 64 bits.
    pub(crate) fn constant_int(self) -> Option<u64> {
        let constant = Self::present(unsafe { LLVMIsAConstantInt(self.0) })?;
        (constant.ty().int_width()? <= 64).then(|| unsafe { LLVMConstIntGetZExtValue(constant.0) })
    }

    pub(crate) fn as_function(self) -> Option<Self> {
        Self::present(unsafe { LLVMIsAFunction(self.0) })
    }

    pub(crate) fn is_declaration(self) -> bool {
        unsafe { LLVMIsDeclaration(self.0) != 0 }
    }

    /// The first function, in the order of uses, whose code refers to this value.
    pub(crate) fn using_function(self) -> Option<Self> {
        let mut used = unsafe { LLVMGetFirstUse(self.0) };
        while !used.is_null() {
            let user = Self(unsafe { LLVMGetUser(used) });
            let found = match Self::present(unsafe { LLVMIsAInstruction(user.0) }) {
                Some(instruction) => Some(instruction.function()),
                None => user.using_function(),
            };
            if found.is_some() {
                return found;
            }
            used = unsafe { LLVMGetNextUse(used) };
        }
        None
    }

    pub(crate) fn value_type(self) -> Type {
        Type(unsafe { LLVMGlobalGetValueType(self.0) })
    }

    pub(crate) fn make_internal(self) {
        unsafe { LLVMSetLinkage(self.0, LLVMLinkage::LLVMInternalLinkage) }
    }

    pub(crate) fn make_external(self) {
        unsafe { LLVMSetLinkage(self.0, LLVMLinkage::LLVMExternalLinkage) }
    }

    pub(crate) fn make_private_constant(self) {
        unsafe {
            LLVMSetLinkage(self.0, LLVMLinkage::LLVMPrivateLinkage);
            LLVMSetUnnamedAddress(self.0, LLVMUnnamedAddr::LLVMGlobalUnnamedAddr);
        }
    }

    pub(crate) fn is_global_constant(self) -> bool {
        unsafe { LLVMIsGlobalConstant(self.0) != 0 }
    }

    pub(crate) fn clear_thread_local(self) {
        unsafe { LLVMSetThreadLocal(self.0, 0) }
    }

    // functions

    /// The name of the intrinsic that this function is.
    pub(crate) fn intrinsic(self) -> Option<String> {
        (unsafe { LLVMGetIntrinsicID(self.0) } != 0).then(|| self.name())
    }

    pub(crate) fn parameter(self, index: usize) -> Self {
        Self(unsafe { LLVMGetParam(self.0, index as u32) })
    }

    pub(crate) fn instructions(self) -> Vec<Self> {
        let mut all = Vec::new();
        let mut block = unsafe { LLVMGetFirstBasicBlock(self.0) };
        while !block.is_null() {
            let mut instruction = unsafe { LLVMGetFirstInstruction(block) };
            while let Some(found) = Self::present(instruction) {
                all.push(found);
                instruction = unsafe { LLVMGetNextInstruction(instruction) };
            }
            block = unsafe { LLVMGetNextBasicBlock(block) };
        }
        all
    }

    pub(crate) fn remove_attribute(self, name: &str) {
        unsafe { LLVMRemoveEnumAttributeAtIndex(self.0, LLVMAttributeFunctionIndex, kind(name)) }
    }

    pub(crate) fn parameter_has_attribute(self, index: usize, name: &str) -> bool {
        unsafe { !LLVMGetEnumAttributeAtIndex(self.0, index as u32 + 1, kind(name)).is_null() }
    }

    pub(crate) fn remove_parameter_attribute(self, index: usize, name: &str) {
        unsafe { LLVMRemoveEnumAttributeAtIndex(self.0, index as u32 + 1, kind(name)) }
    }

    pub(crate) fn text_attribute(self, name: &str) -> Option<String> {
        let found = unsafe {
            LLVMGetStringAttributeAtIndex(
                self.0,
                LLVMAttributeFunctionIndex,
                name.as_ptr().cast(),
                name.len() as u32,
            )
        };
        if found.is_null() {
            return None;
        }
        let mut length = 0;
        let bytes = unsafe {
            let start = LLVMGetStringAttributeValue(found, &mut length);
            std::slice::from_raw_parts(start.cast::<u8>(), length as usize)
        };
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    // instructions

    /// The function that an instruction stands in.
    pub(crate) fn function(self) -> Self {
        Self(unsafe { LLVMGetBasicBlockParent(LLVMGetInstructionParent(self.0)) })
    }

    pub(crate) fn opcode(self) -> LLVMOpcode {
        unsafe { LLVMGetInstructionOpcode(self.0) }
    }

    pub(crate) fn operand(self, index: u32) -> Self {
        Self(unsafe { LLVMGetOperand(self.0, index) })
    }

    pub(crate) fn operands(self) -> impl Iterator<Item = Self> {
        let count = unsafe { LLVMGetNumOperands(self.0) };
        (0..count.max(0) as u32).filter_map(move |k| Self::present(unsafe { LLVMGetOperand(self.0, k) }))
    }

    pub(crate) fn called(self) -> Self {
        Self(unsafe { LLVMGetCalledValue(self.0) })
    }

    pub(crate) fn called_type(self) -> Type {
        Type(unsafe { LLVMGetCalledFunctionType(self.0) })
    }

    pub(crate) fn argument_count(self) -> usize {
        unsafe { LLVMGetNumArgOperands(self.0) as usize }
    }

    pub(crate) fn remove_argument_attribute(self, index: usize, name: &str) {
        unsafe { LLVMRemoveCallSiteEnumAttribute(self.0, index as u32 + 1, kind(name)) }
    }

    /// The text of inline assembly, where this is that.
    pub(crate) fn assembly(self) -> Option<String> {
        let found = Self::present(unsafe { LLVMIsAInlineAsm(self.0) })?;
        let mut length = 0;
        let bytes = unsafe {
            let start = LLVMGetInlineAsmAsmString(found.0, &mut length);
            std::slice::from_raw_parts(start.cast::<u8>(), length)
        };
        Some(String::from_utf8_lossy(bytes).into_owned())
    }

    pub(crate) fn comparison(self) -> LLVMRealPredicate {
        unsafe { LLVMGetFCmpPredicate(self.0) }
    }

    pub(crate) fn erase(self) {
        unsafe { LLVMInstructionEraseFromParent(self.0) }
    }
}

pub(super) fn kind(name: &str) -> u32 {
    unsafe { LLVMGetEnumAttributeKindForName(name.as_ptr().cast(), name.len()) }
}
