//! Legalise optimised bitcode for LLVM 22's BPF backend.
use anyhow::{Result, bail};
use bpf_linker::llvm_sys::{
    bit_reader::*, core::*, prelude::*, target_machine::*, transforms::pass_builder::*, *,
};
use std::ffi::{CStr, CString, c_char, c_void};

pub const BUILTINS: &[&str] = &[
    "__multi3",
    "__mulodi4",
    "__muloti4",
    "__rust_u128_mulo",
    "__floatsidf",
    "__floatunsidf",
    "__fixdfti",
    "__fixunsdfti",
    "__floattidf",
    "__floatuntidf",
    "__extendsfdf2",
    "__truncdfsf2",
    "__mulsf3",
    "__addsf3",
    "__subsf3",
    "__divsf3",
    "__floatunsisf",
    "__floatundisf",
    "__floatdisf",
    "__floatsisf",
    "__fixunssfdi",
    "__fixsfdi",
    "__gesf2",
    "__gtsf2",
    "__lesf2",
    "__ltsf2",
    "__eqsf2",
    "__nesf2",
    "__unordsf2",
    "__udivti3",
    "__umodti3",
    "__divti3",
    "__modti3",
    "__ashlti3",
    "__lshrti3",
    "__ashrti3",
    "__adddf3",
    "__subdf3",
    "__muldf3",
    "__divdf3",
    "__floatundidf",
    "__floatdidf",
    "__fixunsdfdi",
    "__fixdfdi",
    "__gedf2",
    "__gtdf2",
    "__ledf2",
    "__ltdf2",
    "__eqdf2",
    "__nedf2",
    "__unorddf2",
];

unsafe fn regs(t: LLVMTypeRef) -> usize {
    match LLVMGetTypeKind(t) {
        LLVMTypeKind::LLVMVoidTypeKind => 0,
        LLVMTypeKind::LLVMIntegerTypeKind => (LLVMGetIntTypeWidth(t) as usize).div_ceil(64),
        LLVMTypeKind::LLVMStructTypeKind => {
            let n = LLVMCountStructElementTypes(t);
            (0..n).map(|i| regs(LLVMStructGetTypeAtIndex(t, i))).sum()
        }
        LLVMTypeKind::LLVMArrayTypeKind => {
            LLVMGetArrayLength2(t) as usize * regs(LLVMGetElementType(t))
        }
        _ => 1,
    }
}
struct Sig {
    ret: LLVMTypeRef,
    params: Vec<LLVMTypeRef>,
    sret: bool,
    direct: usize,
    pack: Option<LLVMTypeRef>,
    new_ty: LLVMTypeRef,
}

unsafe fn classify(ctx: LLVMContextRef, fty: LLVMTypeRef) -> Option<Sig> {
    if LLVMIsFunctionVarArg(fty) != 0 {
        return None;
    }
    let ret = LLVMGetReturnType(fty);
    let n = LLVMCountParamTypes(fty) as usize;
    let mut params: Vec<LLVMTypeRef> = vec![std::ptr::null_mut(); n];
    LLVMGetParamTypes(fty, params.as_mut_ptr());
    let sret = regs(ret) > 1;
    let total: usize = params.iter().map(|p| regs(*p)).sum::<usize>() + sret as usize;
    if total <= 5 && !sret {
        return None;
    }
    let ptr = LLVMPointerTypeInContext(ctx, 0);
    let mut direct = n;
    let mut pack = None;
    if total > 5 {
        let mut used = sret as usize;
        direct = 0;
        for p in &params {
            if used + regs(*p) <= 4 {
                used += regs(*p);
                direct += 1
            } else {
                break;
            }
        }
        let mut rest = params[direct..].to_vec();
        pack = Some(LLVMStructTypeInContext(
            ctx,
            rest.as_mut_ptr(),
            rest.len() as u32,
            0,
        ));
    }
    let mut np = vec![];
    if sret {
        np.push(ptr)
    }
    np.extend_from_slice(&params[..direct]);
    if pack.is_some() {
        np.push(ptr)
    }
    let rty = if sret {
        LLVMVoidTypeInContext(ctx)
    } else {
        ret
    };
    let new_ty = LLVMFunctionType(rty, np.as_mut_ptr(), np.len() as u32, 0);
    Some(Sig {
        ret,
        params,
        sret,
        direct,
        pack,
        new_ty,
    })
}
fn name(v: LLVMValueRef) -> String {
    unsafe {
        let mut l = 0;
        let p = LLVMGetValueName2(v, &mut l);
        String::from_utf8_lossy(std::slice::from_raw_parts(p as *const u8, l)).into_owned()
    }
}
unsafe fn add_attr(ctx: LLVMContextRef, f: LLVMValueRef, a: &str) {
    let k = LLVMGetEnumAttributeKindForName(a.as_ptr() as *const c_char, a.len());
    LLVMAddAttributeAtIndex(
        f,
        LLVMAttributeFunctionIndex,
        LLVMCreateEnumAttribute(ctx, k, 0),
    );
}
unsafe fn rm_attr(f: LLVMValueRef, a: &str) {
    let k = LLVMGetEnumAttributeKindForName(a.as_ptr() as *const c_char, a.len());
    LLVMRemoveEnumAttributeAtIndex(f, LLVMAttributeFunctionIndex, k);
}
unsafe fn functions(m: LLVMModuleRef) -> Vec<LLVMValueRef> {
    let mut v = vec![];
    let mut f = LLVMGetFirstFunction(m);
    while !f.is_null() {
        v.push(f);
        f = LLVMGetNextFunction(f)
    }
    v
}
unsafe fn instrs(f: LLVMValueRef) -> Vec<LLVMValueRef> {
    let mut v = vec![];
    let mut b = LLVMGetFirstBasicBlock(f);
    while !b.is_null() {
        let mut i = LLVMGetFirstInstruction(b);
        while !i.is_null() {
            v.push(i);
            i = LLVMGetNextInstruction(i)
        }
        b = LLVMGetNextBasicBlock(b)
    }
    v
}

unsafe fn passes(m: LLVMModuleRef, tm: LLVMTargetMachineRef, p: &str) -> Result<()> {
    let o = LLVMCreatePassBuilderOptions();
    let c = CString::new(p)?;
    let e = LLVMRunPasses(m, c.as_ptr(), tm, o);
    LLVMDisposePassBuilderOptions(o);
    if !e.is_null() {
        let s = error::LLVMGetErrorMessage(e);
        bail!("passes {p}: {}", CStr::from_ptr(s).to_string_lossy());
    }
    Ok(())
}
unsafe fn libcalls(ctx: LLVMContextRef, m: LLVMModuleRef, b: LLVMBuilderRef) -> Result<()> {
    let i128t = LLVMIntTypeInContext(ctx, 128);
    let i64t = LLVMInt64TypeInContext(ctx);
    let i32t = LLVMInt32TypeInContext(ctx);
    let f64t = LLVMDoubleTypeInContext(ctx);
    let f32t = LLVMFloatTypeInContext(ctx);
    for f in functions(m) {
        let fname = name(f);
        for i in instrs(f) {
            let op = LLVMGetInstructionOpcode(i);
            let ty = LLVMTypeOf(i);
            use LLVMOpcode::*;
            let callf = |n: &str,
                         rt: LLVMTypeRef,
                         mut at: Vec<LLVMTypeRef>,
                         mut av: Vec<LLVMValueRef>|
             -> LLVMValueRef {
                let c = CString::new(n).unwrap();
                let fnty = LLVMFunctionType(rt, at.as_mut_ptr(), at.len() as u32, 0);
                let mut g = LLVMGetNamedFunction(m, c.as_ptr());
                if g.is_null() {
                    g = LLVMAddFunction(m, c.as_ptr(), fnty)
                }
                LLVMPositionBuilderBefore(b, i);
                // builtin may be declared with a slightly different type: use its own
                let gty = LLVMGlobalGetValueType(g);
                let n = LLVMCountParamTypes(gty) as usize;
                let mut pt = vec![std::ptr::null_mut(); n];
                LLVMGetParamTypes(gty, pt.as_mut_ptr());
                let entry = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(f));
                let slot = |t: LLVMTypeRef| {
                    LLVMPositionBuilderBefore(b, entry);
                    let s = LLVMBuildAlloca(b, t, c"soft".as_ptr());
                    LLVMSetAlignment(s, 16);
                    LLVMPositionBuilderBefore(b, i);
                    s
                };
                let is_int =
                    |t: LLVMTypeRef| LLVMGetTypeKind(t) == LLVMTypeKind::LLVMIntegerTypeKind;
                let sret = n == av.len() + 1;
                if !sret && n != av.len() {
                    panic!("builtin {n} arity")
                }
                let mut full = vec![];
                let ret_slot = sret.then(|| slot(rt));
                if let Some(r) = ret_slot {
                    full.push(r)
                }
                for (k, v) in av.drain(..).enumerate() {
                    let p = pt[k + sret as usize];
                    let vt = LLVMTypeOf(v);
                    full.push(if vt == p {
                        v
                    } else if LLVMGetTypeKind(p) == LLVMTypeKind::LLVMPointerTypeKind {
                        let s = slot(vt);
                        LLVMBuildStore(b, v, s);
                        s
                    } else if is_int(p) && is_int(vt) {
                        LLVMBuildIntCast2(b, v, p, 0, c"".as_ptr())
                    } else {
                        LLVMBuildBitCast(b, v, p, c"".as_ptr())
                    });
                }
                let r = LLVMBuildCall2(
                    b,
                    gty,
                    g,
                    full.as_mut_ptr(),
                    full.len() as u32,
                    c"".as_ptr(),
                );
                if let Some(s) = ret_slot {
                    return LLVMBuildLoad2(b, rt, s, c"".as_ptr());
                }
                let rr = LLVMGetReturnType(gty);
                if rr == rt {
                    r
                } else if is_int(rr) && is_int(rt) {
                    LLVMBuildIntCast2(b, r, rt, 1, c"".as_ptr())
                } else {
                    LLVMBuildBitCast(b, r, rt, c"".as_ptr())
                }
            };
            let const_len = |v: LLVMValueRef| -> u64 {
                if LLVMIsAConstantInt(v).is_null() {
                    u64::MAX
                } else {
                    LLVMConstIntGetZExtValue(v)
                }
            };
            let rep: Option<LLVMValueRef> = match op {
                LLVMCall => {
                    let callee = LLVMGetCalledValue(i);
                    if LLVMIsAFunction(callee).is_null() || LLVMGetIntrinsicID(callee) == 0 {
                        continue;
                    }
                    let n = name(callee);
                    let ptr = LLVMPointerTypeInContext(ctx, 0);
                    if n.starts_with("llvm.memcpy.p0") || n.starts_with("llvm.memmove.p0") {
                        let len = LLVMGetOperand(i, 2);
                        if const_len(len) <= 64 || fname.starts_with("mem") {
                            continue;
                        }
                        let f = if n.starts_with("llvm.memcpy") {
                            "memcpy"
                        } else {
                            "memmove"
                        };
                        callf(
                            f,
                            ptr,
                            vec![ptr, ptr, i64t],
                            vec![LLVMGetOperand(i, 0), LLVMGetOperand(i, 1), len],
                        );
                        LLVMInstructionEraseFromParent(i);
                        continue;
                    } else if n.starts_with("llvm.memset.p0") {
                        let len = LLVMGetOperand(i, 2);
                        if const_len(len) <= 64 || fname.starts_with("mem") {
                            continue;
                        }
                        LLVMPositionBuilderBefore(b, i);
                        let byte =
                            LLVMBuildIntCast2(b, LLVMGetOperand(i, 1), i32t, 0, c"".as_ptr());
                        callf(
                            "memset",
                            ptr,
                            vec![ptr, i32t, i64t],
                            vec![LLVMGetOperand(i, 0), byte, len],
                        );
                        LLVMInstructionEraseFromParent(i);
                        continue;
                    } else if n.starts_with("llvm.fpto") && n.contains(".sat.") {
                        // the Rust builtins saturate; a narrower result is clamped after
                        let ft = LLVMTypeOf(LLVMGetOperand(i, 0));
                        let w = LLVMGetIntTypeWidth(ty);
                        let it = if w > 64 { i128t } else { i64t };
                        let signed = n.contains("tosi");
                        let f = format!(
                            "__fix{}{}{}",
                            if signed { "" } else { "uns" },
                            if ft == f64t { "df" } else { "sf" },
                            if w > 64 { "ti" } else { "di" }
                        );
                        let mut r = callf(&f, it, vec![ft], vec![LLVMGetOperand(i, 0)]);
                        if w < 64 {
                            let (lo, hi) = if signed {
                                (!0u64 << (w - 1), !(!0u64 << (w - 1)))
                            } else {
                                (0, !(!0u64 << w))
                            };
                            let (lo, hi) = (LLVMConstInt(it, lo, 1), LLVMConstInt(it, hi, 1));
                            let (lt, gt) = if signed {
                                (LLVMIntPredicate::LLVMIntSLT, LLVMIntPredicate::LLVMIntSGT)
                            } else {
                                (LLVMIntPredicate::LLVMIntULT, LLVMIntPredicate::LLVMIntUGT)
                            };
                            r = LLVMBuildSelect(
                                b,
                                LLVMBuildICmp(b, lt, r, lo, c"".as_ptr()),
                                lo,
                                r,
                                c"".as_ptr(),
                            );
                            r = LLVMBuildSelect(
                                b,
                                LLVMBuildICmp(b, gt, r, hi, c"".as_ptr()),
                                hi,
                                r,
                                c"".as_ptr(),
                            );
                        }
                        Some(LLVMBuildIntCast2(b, r, ty, 0, c"".as_ptr()))
                    } else if n == "llvm.umul.with.overflow.i64" {
                        LLVMPositionBuilderBefore(b, i);
                        let x = LLVMBuildIntCast2(b, LLVMGetOperand(i, 0), i128t, 0, c"".as_ptr());
                        let y = LLVMBuildIntCast2(b, LLVMGetOperand(i, 1), i128t, 0, c"".as_ptr());
                        let r = callf("__multi3", i128t, vec![i128t, i128t], vec![x, y]);
                        let lo = LLVMBuildIntCast2(b, r, i64t, 0, c"".as_ptr());
                        let hi = LLVMBuildLShr(b, r, LLVMConstInt(i128t, 64, 0), c"".as_ptr());
                        let ov = LLVMBuildICmp(
                            b,
                            LLVMIntPredicate::LLVMIntNE,
                            hi,
                            LLVMConstInt(i128t, 0, 0),
                            c"".as_ptr(),
                        );
                        let agg = LLVMBuildInsertValue(b, LLVMGetUndef(ty), lo, 0, c"".as_ptr());
                        Some(LLVMBuildInsertValue(b, agg, ov, 1, c"".as_ptr()))
                    } else if n.contains("mul.with.overflow.") {
                        let (f, t) = match n.as_str() {
                            "llvm.smul.with.overflow.i64" => ("__mulodi4", i64t),
                            "llvm.smul.with.overflow.i128" => ("__muloti4", i128t),
                            "llvm.umul.with.overflow.i128" => ("__rust_u128_mulo", i128t),
                            _ => continue,
                        };
                        let entry = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(
                            LLVMGetBasicBlockParent(LLVMGetInstructionParent(i)),
                        ));
                        LLVMPositionBuilderBefore(b, entry);
                        let flag = LLVMBuildAlloca(b, i32t, c"mulo".as_ptr());
                        LLVMPositionBuilderBefore(b, i);
                        let r = callf(
                            f,
                            t,
                            vec![t, t, ptr],
                            vec![LLVMGetOperand(i, 0), LLVMGetOperand(i, 1), flag],
                        );
                        let ov = LLVMBuildICmp(
                            b,
                            LLVMIntPredicate::LLVMIntNE,
                            LLVMBuildLoad2(b, i32t, flag, c"".as_ptr()),
                            LLVMConstInt(i32t, 0, 0),
                            c"".as_ptr(),
                        );
                        let agg = LLVMBuildInsertValue(b, LLVMGetUndef(ty), r, 0, c"".as_ptr());
                        Some(LLVMBuildInsertValue(b, agg, ov, 1, c"".as_ptr()))
                    } else {
                        continue;
                    }
                }
                LLVMMul | LLVMUDiv | LLVMURem | LLVMSDiv | LLVMSRem
                    if ty == i128t && !(op == LLVMMul && fname == "__multi3") =>
                {
                    let n = match op {
                        LLVMMul => "__multi3",
                        LLVMUDiv => "__udivti3",
                        LLVMURem => "__umodti3",
                        LLVMSDiv => "__divti3",
                        _ => "__modti3",
                    };
                    Some(callf(
                        n,
                        i128t,
                        vec![i128t, i128t],
                        vec![LLVMGetOperand(i, 0), LLVMGetOperand(i, 1)],
                    ))
                }
                LLVMSDiv | LLVMSRem
                    if LLVMGetTypeKind(ty) == LLVMTypeKind::LLVMIntegerTypeKind
                        && LLVMGetIntTypeWidth(ty) <= 64 =>
                {
                    // no signed division before BPF v4: divide the magnitudes, then restore the sign
                    LLVMPositionBuilderBefore(b, i);
                    let (x, y) = (LLVMGetOperand(i, 0), LLVMGetOperand(i, 1));
                    let zero = LLVMConstInt(ty, 0, 0);
                    let neg =
                        |v| LLVMBuildICmp(b, LLVMIntPredicate::LLVMIntSLT, v, zero, c"".as_ptr());
                    let abs = |v| {
                        LLVMBuildSelect(
                            b,
                            neg(v),
                            LLVMBuildNeg(b, v, c"".as_ptr()),
                            v,
                            c"".as_ptr(),
                        )
                    };
                    let (flip, q) = if op == LLVMSDiv {
                        (
                            LLVMBuildXor(b, neg(x), neg(y), c"".as_ptr()),
                            LLVMBuildUDiv(b, abs(x), abs(y), c"".as_ptr()),
                        )
                    } else {
                        (neg(x), LLVMBuildURem(b, abs(x), abs(y), c"".as_ptr()))
                    };
                    Some(LLVMBuildSelect(
                        b,
                        flip,
                        LLVMBuildNeg(b, q, c"".as_ptr()),
                        q,
                        c"".as_ptr(),
                    ))
                }
                LLVMMul
                    if LLVMGetTypeKind(ty) == LLVMTypeKind::LLVMIntegerTypeKind
                        && LLVMGetIntTypeWidth(ty) == 256 =>
                {
                    // schoolbook over 64-bit limbs (u128 formatting multiplies this wide)
                    let limbs = |v: LLVMValueRef| -> Vec<Option<LLVMValueRef>> {
                        let narrow = !LLVMIsAZExtInst(v).is_null()
                            && LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetOperand(v, 0))) <= 128;
                        LLVMPositionBuilderBefore(b, i);
                        (0..4u64)
                            .map(|k| {
                                if narrow && k >= 2 {
                                    return None;
                                }
                                let l = LLVMBuildIntCast2(
                                    b,
                                    LLVMBuildLShr(b, v, LLVMConstInt(ty, 64 * k, 0), c"".as_ptr()),
                                    i64t,
                                    0,
                                    c"".as_ptr(),
                                );
                                let zero = !LLVMIsAConstantInt(l).is_null()
                                    && LLVMConstIntGetZExtValue(l) == 0;
                                (!zero).then(|| LLVMBuildIntCast2(b, l, i128t, 0, c"".as_ptr()))
                            })
                            .collect()
                    };
                    let (x, y) = (limbs(LLVMGetOperand(i, 0)), limbs(LLVMGetOperand(i, 1)));
                    let mut sum = LLVMConstInt(ty, 0, 0);
                    for (j, xj) in x.iter().enumerate() {
                        for (k, yk) in y.iter().enumerate() {
                            let (Some(xj), Some(yk)) = (xj, yk) else {
                                continue;
                            };
                            if j + k > 3 {
                                continue;
                            }
                            let part = callf("__multi3", i128t, vec![i128t, i128t], vec![*xj, *yk]);
                            let part = LLVMBuildShl(
                                b,
                                LLVMBuildIntCast2(b, part, ty, 0, c"".as_ptr()),
                                LLVMConstInt(ty, 64 * (j + k) as u64, 0),
                                c"".as_ptr(),
                            );
                            sum = LLVMBuildAdd(b, sum, part, c"".as_ptr());
                        }
                    }
                    Some(sum)
                }
                LLVMShl | LLVMLShr | LLVMAShr
                    if ty == i128t && LLVMIsConstant(LLVMGetOperand(i, 1)) == 0 =>
                {
                    let n = match op {
                        LLVMShl => "__ashlti3",
                        LLVMLShr => "__lshrti3",
                        _ => "__ashrti3",
                    };
                    LLVMPositionBuilderBefore(b, i);
                    let amt = LLVMBuildIntCast2(b, LLVMGetOperand(i, 1), i32t, 0, c"".as_ptr());
                    Some(callf(
                        n,
                        i128t,
                        vec![i128t, i32t],
                        vec![LLVMGetOperand(i, 0), amt],
                    ))
                }
                LLVMFAdd | LLVMFSub | LLVMFMul | LLVMFDiv if ty == f64t || ty == f32t => {
                    let n = format!(
                        "__{}{}3",
                        match op {
                            LLVMFAdd => "add",
                            LLVMFSub => "sub",
                            LLVMFMul => "mul",
                            _ => "div",
                        },
                        if ty == f64t { "df" } else { "sf" }
                    );
                    Some(callf(
                        &n,
                        ty,
                        vec![ty, ty],
                        vec![LLVMGetOperand(i, 0), LLVMGetOperand(i, 1)],
                    ))
                }
                LLVMUIToFP | LLVMSIToFP if ty == f64t || ty == f32t => {
                    let s = op == LLVMSIToFP;
                    let wide = LLVMGetIntTypeWidth(LLVMTypeOf(LLVMGetOperand(i, 0))) > 64;
                    let it = if wide { i128t } else { i64t };
                    LLVMPositionBuilderBefore(b, i);
                    let x = LLVMBuildIntCast2(b, LLVMGetOperand(i, 0), it, s as i32, c"".as_ptr());
                    let n = format!(
                        "__float{}{}{}",
                        if s { "" } else { "un" },
                        if wide { "ti" } else { "di" },
                        if ty == f64t { "df" } else { "sf" }
                    );
                    Some(callf(&n, ty, vec![it], vec![x]))
                }
                LLVMFPToUI | LLVMFPToSI => {
                    let ft = LLVMTypeOf(LLVMGetOperand(i, 0));
                    let wide = LLVMGetIntTypeWidth(ty) > 64;
                    let it = if wide { i128t } else { i64t };
                    let n = format!(
                        "__fix{}{}{}",
                        if op == LLVMFPToUI { "uns" } else { "" },
                        if ft == f64t { "df" } else { "sf" },
                        if wide { "ti" } else { "di" }
                    );
                    let r = callf(&n, it, vec![ft], vec![LLVMGetOperand(i, 0)]);
                    Some(LLVMBuildIntCast2(b, r, ty, 0, c"".as_ptr()))
                }
                LLVMFPExt => Some(callf(
                    "__extendsfdf2",
                    f64t,
                    vec![f32t],
                    vec![LLVMGetOperand(i, 0)],
                )),
                LLVMFPTrunc => Some(callf(
                    "__truncdfsf2",
                    f32t,
                    vec![f64t],
                    vec![LLVMGetOperand(i, 0)],
                )),
                LLVMFCmp => {
                    use LLVMIntPredicate::*;
                    use LLVMRealPredicate::*;
                    let ft = LLVMTypeOf(LLVMGetOperand(i, 0));
                    let sfx = if ft == f64t { "df2" } else { "sf2" };
                    let cmp = |stem: &str, p| {
                        let r = callf(
                            &format!("__{stem}{sfx}"),
                            i32t,
                            vec![ft, ft],
                            vec![LLVMGetOperand(i, 0), LLVMGetOperand(i, 1)],
                        );
                        LLVMBuildICmp(b, p, r, LLVMConstInt(i32t, 0, 0), c"".as_ptr())
                    };
                    Some(match LLVMGetFCmpPredicate(i) {
                        LLVMRealOGE => cmp("ge", LLVMIntSGE),
                        LLVMRealOGT => cmp("gt", LLVMIntSGT),
                        LLVMRealOLE => cmp("le", LLVMIntSLE),
                        LLVMRealOLT => cmp("lt", LLVMIntSLT),
                        LLVMRealULT => cmp("ge", LLVMIntSLT),
                        LLVMRealULE => cmp("gt", LLVMIntSLE),
                        LLVMRealUGT => cmp("le", LLVMIntSGT),
                        LLVMRealUGE => cmp("lt", LLVMIntSGE),
                        LLVMRealOEQ => cmp("eq", LLVMIntEQ),
                        LLVMRealUNE => cmp("ne", LLVMIntNE),
                        LLVMRealUNO => cmp("unord", LLVMIntNE),
                        LLVMRealORD => cmp("unord", LLVMIntEQ),
                        LLVMRealONE => {
                            let o = cmp("unord", LLVMIntEQ);
                            let n = cmp("ne", LLVMIntNE);
                            LLVMBuildAnd(b, o, n, c"".as_ptr())
                        }
                        LLVMRealUEQ => {
                            let u = cmp("unord", LLVMIntNE);
                            let e = cmp("eq", LLVMIntEQ);
                            LLVMBuildOr(b, u, e, c"".as_ptr())
                        }
                        p => bail!("fcmp predicate {p:?} in {fname}"),
                    })
                }
                _ => None,
            };
            if let Some(r) = rep {
                LLVMReplaceAllUsesWith(i, r);
                LLVMInstructionEraseFromParent(i);
            }
        }
    }
    Ok(())
}
unsafe fn signatures(ctx: LLVMContextRef, m: LLVMModuleRef, b: LLVMBuilderRef) -> Result<()> {
    // 1. narrow twins for every wide definition
    let mut twins = vec![];
    for f in functions(m) {
        if LLVMIsDeclaration(f) != 0 {
            continue;
        }
        let fty = LLVMGlobalGetValueType(f);
        if let Some(sig) = classify(ctx, fty) {
            let n = CString::new(format!("{}.narrow", name(f)))?;
            let g = LLVMAddFunction(m, n.as_ptr(), sig.new_ty);
            LLVMSetLinkage(g, LLVMLinkage::LLVMInternalLinkage);
            for a in ["noinline"] {
                let k = LLVMGetEnumAttributeKindForName(a.as_ptr() as _, a.len());
                if !LLVMGetEnumAttributeAtIndex(f, LLVMAttributeFunctionIndex, k).is_null() {
                    add_attr(ctx, g, a)
                }
            }
            add_attr(ctx, g, "noinline");
            LLVMReplaceAllUsesWith(f, g);
            twins.push((f, g, fty));
        }
    }
    // 2. rewrite all call sites whose function type is wide
    let mut rewritten = 0;
    for f in functions(m) {
        for i in instrs(f) {
            if LLVMGetInstructionOpcode(i) != LLVMOpcode::LLVMCall {
                continue;
            }
            let callee = LLVMGetCalledValue(i);
            if !LLVMIsAInlineAsm(callee).is_null() {
                continue;
            }
            let isf = !LLVMIsAFunction(callee).is_null();
            if isf && LLVMGetIntrinsicID(callee) != 0 {
                continue;
            }
            let fty = LLVMGetCalledFunctionType(i);
            let Some(sig) = classify(ctx, fty) else {
                continue;
            };
            if isf && LLVMIsDeclaration(callee) != 0 && !name(callee).ends_with(".narrow") {
                bail!(
                    "call to external {} needs more than five registers",
                    name(callee)
                )
            }
            let entry = LLVMGetEntryBasicBlock(f);
            let first = LLVMGetFirstInstruction(entry);
            LLVMPositionBuilderBefore(b, first);
            let ret_slot = sig
                .sret
                .then(|| LLVMBuildAlloca(b, sig.ret, c"wide.ret".as_ptr()));
            let pack_slot = sig
                .pack
                .map(|p| LLVMBuildAlloca(b, p, c"wide.args".as_ptr()));
            LLVMPositionBuilderBefore(b, i);
            let mut a = vec![];
            if let Some(r) = ret_slot {
                a.push(r)
            }
            for k in 0..sig.direct {
                a.push(LLVMGetOperand(i, k as u32))
            }
            if let (Some(p), Some(pt)) = (pack_slot, sig.pack) {
                for k in sig.direct..sig.params.len() {
                    let e = LLVMBuildStructGEP2(b, pt, p, (k - sig.direct) as u32, c"".as_ptr());
                    LLVMBuildStore(b, LLVMGetOperand(i, k as u32), e);
                }
                a.push(p);
            }
            let c = LLVMBuildCall2(
                b,
                sig.new_ty,
                callee,
                a.as_mut_ptr(),
                a.len() as u32,
                c"".as_ptr(),
            );
            if LLVMGetTypeKind(LLVMTypeOf(i)) != LLVMTypeKind::LLVMVoidTypeKind {
                let v = if let Some(r) = ret_slot {
                    LLVMBuildLoad2(b, sig.ret, r, c"".as_ptr())
                } else {
                    c
                };
                LLVMReplaceAllUsesWith(i, v);
            }
            LLVMInstructionEraseFromParent(i);
            rewritten += 1;
        }
    }
    // 3. bodies of the twins: unpack, then the original, always inlined
    for (f, g, fty) in &twins {
        let sig = classify(ctx, *fty).unwrap();
        let bb = LLVMAppendBasicBlockInContext(ctx, *g, c"start".as_ptr());
        LLVMPositionBuilderAtEnd(b, bb);
        let off = sig.sret as usize;
        let mut a = vec![];
        for k in 0..sig.direct {
            a.push(LLVMGetParam(*g, (off + k) as u32))
        }
        if let Some(pt) = sig.pack {
            let p = LLVMGetParam(*g, (off + sig.direct) as u32);
            for k in sig.direct..sig.params.len() {
                let e = LLVMBuildStructGEP2(b, pt, p, (k - sig.direct) as u32, c"".as_ptr());
                a.push(LLVMBuildLoad2(b, sig.params[k], e, c"".as_ptr()));
            }
        }
        let r = LLVMBuildCall2(b, *fty, *f, a.as_mut_ptr(), a.len() as u32, c"".as_ptr());
        if sig.sret {
            LLVMBuildStore(b, r, LLVMGetParam(*g, 0));
            LLVMBuildRetVoid(b);
        } else if regs(sig.ret) == 0 {
            LLVMBuildRetVoid(b);
        } else {
            LLVMBuildRet(b, r);
        }
        LLVMSetLinkage(*f, LLVMLinkage::LLVMInternalLinkage);
        rm_attr(*f, "noinline");
        rm_attr(*f, "optnone");
        rm_attr(*f, "memory");
        add_attr(ctx, *f, "alwaysinline");
    }
    eprintln!(
        "legalize: {} wide functions, {} call sites",
        twins.len(),
        rewritten
    );
    Ok(())
}
extern "C" fn diag(d: LLVMDiagnosticInfoRef, ctx: *mut c_void) {
    unsafe {
        let s = LLVMGetDiagInfoDescription(d);
        let sev = LLVMGetDiagInfoSeverity(d);
        if sev == LLVMDiagnosticSeverity::LLVMDSError {
            *(ctx as *mut usize) += 1;
            eprintln!("llvm: {}", CStr::from_ptr(s).to_string_lossy());
        }
        LLVMDisposeMessage(s);
    }
}
pub fn run(bc: &[u8], dump: Option<&str>) -> Result<Vec<u8>> {
    unsafe {
        let ctx = LLVMContextCreate();
        let mut errors = 0usize;
        LLVMContextSetDiagnosticHandler(ctx, Some(diag), &mut errors as *mut usize as *mut c_void);
        let buf = LLVMCreateMemoryBufferWithMemoryRangeCopy(
            bc.as_ptr() as _,
            bc.len(),
            c"linked".as_ptr(),
        );
        let mut m: LLVMModuleRef = std::ptr::null_mut();
        if LLVMParseBitcodeInContext2(ctx, buf, &mut m) != 0 {
            bail!("bitcode does not parse");
        }
        let triple = LLVMGetTarget(m);
        let mut t = std::ptr::null_mut();
        let mut e = std::ptr::null_mut();
        if LLVMGetTargetFromTriple(triple, &mut t, &mut e) != 0 {
            bail!("no BPF target");
        }
        let tm = LLVMCreateTargetMachine(
            t,
            triple,
            c"v2".as_ptr(),
            c"+allows-misaligned-mem-access".as_ptr(),
            LLVMCodeGenOptLevel::LLVMCodeGenLevelAggressive,
            LLVMRelocMode::LLVMRelocStatic,
            LLVMCodeModel::LLVMCodeModelDefault,
        );
        let b = LLVMCreateBuilderInContext(ctx);
        let mut g = LLVMGetFirstGlobal(m);
        while !g.is_null() {
            LLVMSetThreadLocal(g, 0);
            g = LLVMGetNextGlobal(g)
        }
        passes(m, tm, "function(lower-atomic)")?;
        if let Some(d) = dump {
            LLVMPrintModuleToFile(
                m,
                CString::new(format!("{d}.0.ll"))?.as_ptr(),
                std::ptr::null_mut(),
            );
        }
        libcalls(ctx, m, b)?;
        for f in functions(m) {
            let k = LLVMGetEnumAttributeKindForName(c"sret".as_ptr(), 4);
            for p in 0..LLVMCountParams(f) {
                LLVMRemoveEnumAttributeAtIndex(f, p + 1, k)
            }
            for i in instrs(f) {
                if LLVMGetInstructionOpcode(i) == LLVMOpcode::LLVMCall {
                    for p in 0..LLVMGetNumArgOperands(i) {
                        LLVMRemoveCallSiteEnumAttribute(i, p + 1, k)
                    }
                }
            }
        }
        // builtins are now ordinary functions
        for f in functions(m) {
            if LLVMIsDeclaration(f) == 0 && BUILTINS.contains(&name(f).as_str()) {
                LLVMSetLinkage(f, LLVMLinkage::LLVMInternalLinkage)
            }
        }
        passes(m, tm, "globaldce")?;
        signatures(ctx, m, b)?;
        if let Some(d) = dump {
            LLVMPrintModuleToFile(
                m,
                CString::new(format!("{d}.1.ll"))?.as_ptr(),
                std::ptr::null_mut(),
            );
        }
        passes(
            m,
            tm,
            "verify,always-inline,function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,gvn,dse,instcombine<no-verify-fixpoint>,simplifycfg)",
        )?;
        libcalls(ctx, m, b)?;
        signatures(ctx, m, b)?;
        passes(m, tm, "always-inline,globaldce,verify")?;
        if let Some(d) = dump {
            LLVMPrintModuleToFile(
                m,
                CString::new(format!("{d}.2.ll"))?.as_ptr(),
                std::ptr::null_mut(),
            );
        }
        let mut out = std::ptr::null_mut();
        let mut err = std::ptr::null_mut();
        if LLVMTargetMachineEmitToMemoryBuffer(
            tm,
            m,
            LLVMCodeGenFileType::LLVMObjectFile,
            &mut err,
            &mut out,
        ) != 0
        {
            bail!("codegen: {}", CStr::from_ptr(err).to_string_lossy());
        }
        if errors > 0 {
            bail!("{errors} codegen errors");
        }
        Ok(
            std::slice::from_raw_parts(
                LLVMGetBufferStart(out) as *const u8,
                LLVMGetBufferSize(out),
            )
            .to_vec(),
        )
    }
}
