//! Every refusal: its words, its exit code, and that no program is left behind.
use std::path::Path;
use std::process::{Command, Output};

const HEADER: &str = r#"
target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "bpfel"
"#;

fn linker(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_firebreak-sbf-linker"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the linker starts")
}

/// Links LLVM assembly over an earlier output.
fn link(source: &str) -> (Output, bool) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.ll"), format!("{HEADER}{source}")).expect("written");
    std::fs::write(folder.path().join("out.so"), "an earlier program").expect("written");
    let output = linker(folder.path(), &["in.ll", "-o", "out.so"]);
    let exists = folder.path().join("out.so").exists() || folder.path().join("out.so.partial").exists();
    (output, exists)
}

#[track_caller]
fn refuses(source: &str, expected: &str) {
    let (output, exists) = link(source);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.trim_end(), format!("error: {expected}"));
    assert_eq!(output.status.code(), Some(1));
    assert!(!exists, "an output file is left behind");
}

#[test]
fn a_sound_program_links_to_the_same_bytes_anywhere() {
    let source = format!("{HEADER}define i64 @entrypoint(ptr %p) {{ %x = load i64, ptr %p ret i64 %x }}");
    let programs: Vec<Vec<u8>> = ["a", "deeper/b"]
        .iter()
        .map(|name| {
            let folder = tempfile::tempdir().expect("a folder");
            let folder = folder.path().join(name);
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(folder.join("in.ll"), &source).expect("written");
            let output = linker(&folder, &["in.ll", "-o", "out.so"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            std::fs::read(folder.join("out.so")).expect("a program")
        })
        .collect();
    assert!(programs[0].starts_with(b"\x7FELF"));
    assert_eq!(programs[0], programs[1]);
}

#[test]
fn a_large_frame_names_its_function_and_size() {
    refuses(
        r#"
declare void @sol_log_(ptr, i64)
define void @_ZN4demo4tall17h0123456789abcdefE() noinline {
  %frame = alloca [5000 x i8], align 8
  call void @sol_log_(ptr %frame, i64 5000)
  ret void
}
define i64 @entrypoint(ptr %p) { call void @_ZN4demo4tall17h0123456789abcdefE() ret i64 0 }"#,
        "the stack frame of `demo::tall` takes 5000 bytes, the VM gives 4096: box large values, or split the function",
    );
}

#[test]
fn a_frame_of_exactly_4096_bytes_fits() {
    let (output, exists) = link(
        r#"
declare void @sol_log_(ptr, i64)
define i64 @entrypoint(ptr %p) {
  %frame = alloca [4096 x i8], align 8
  call void @sol_log_(ptr %frame, i64 4096)
  ret i64 0
}"#,
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(exists);
}

#[test]
fn a_writable_static_is_named_with_its_user() {
    refuses(
        r#"
@COUNTER = internal global i64 0
define i64 @entrypoint(ptr %p) {
  %x = load volatile i64, ptr @COUNTER
  %y = add i64 %x, 1
  store volatile i64 %y, ptr @COUNTER
  ret i64 %y
}"#,
        "the static `COUNTER` is writable (used by `entrypoint`): a program may have constants only",
    );
}

#[test]
fn a_thread_local_that_is_written_is_a_writable_static() {
    refuses(
        r#"
@KEYS = internal thread_local global i64 1
define i64 @entrypoint(ptr %p) {
  %a = call ptr @llvm.threadlocal.address.p0(ptr @KEYS)
  %x = load volatile i64, ptr %a
  store volatile i64 0, ptr %a
  ret i64 %x
}
declare ptr @llvm.threadlocal.address.p0(ptr)"#,
        "the static `KEYS` is writable (used by `entrypoint`): a program may have constants only",
    );
}

#[test]
fn an_unresolved_function_is_named_with_its_user() {
    refuses(
        r#"
declare i64 @getrandom(ptr, i64)
define i64 @entrypoint(ptr %p) { %x = call i64 @getrandom(ptr %p, i64 8) ret i64 %x }"#,
        "unresolved symbol `getrandom`, used by `entrypoint`: it is neither in the program nor a syscall of the VM",
    );
}

#[test]
fn an_unresolved_static_is_named_with_its_user() {
    refuses(
        r#"
@environ = external global ptr
define i64 @entrypoint(ptr %p) { %x = load volatile i64, ptr @environ ret i64 %x }"#,
        "unresolved symbol `environ`, used by `entrypoint`: it is neither in the program nor a syscall of the VM",
    );
}

#[test]
fn an_intrinsic_without_code_is_named() {
    refuses(
        r#"
declare double @llvm.sin.f64(double)
define i64 @entrypoint(ptr %p) {
  %x = load double, ptr %p
  %y = call double @llvm.sin.f64(double %x)
  %z = bitcast double %y to i64
  ret i64 %z
}"#,
        "unsupported in the VM: the intrinsic `llvm.sin.f64`, in `entrypoint`",
    );
}

#[test]
fn an_instruction_without_code_is_named() {
    refuses(
        r#"
define i64 @entrypoint(ptr %p) {
  %x = load i64, ptr %p
  %y = alloca i8, i64 %x
  store volatile i8 1, ptr %y
  ret i64 0
}"#,
        "unsupported in the VM: the instruction `alloca` of variable size, in `entrypoint`",
    );
}

#[test]
fn a_type_without_code_is_named() {
    refuses(
        r#"
define i64 @entrypoint(ptr %p) {
  %x = load half, ptr %p
  %y = fadd half %x, %x
  store half %y, ptr %p
  ret i64 0
}"#,
        "unsupported in the VM: the type half of the instruction `load`, in `entrypoint`\n\
         error: unsupported in the VM: the type half of the instruction `fadd`, in `entrypoint`\n\
         error: unsupported in the VM: the type half of the instruction `store`, in `entrypoint`",
    );
}

#[test]
fn a_missing_routine_is_named() {
    refuses(
        r#"
define i64 @entrypoint(ptr %p) {
  %x = load i128, ptr %p
  %q = udiv i128 %x, 7777777777777777777777
  %r = trunc i128 %q to i64
  ret i64 %r
}"#,
        "`entrypoint` needs the routine `__udivti3`, which no input defines: the program must depend on its std",
    );
}

#[test]
fn a_wide_syscall_is_refused() {
    refuses(
        r#"
declare i64 @sol_log_64_(i64, i64, i64, i64, i64, i64)
define i64 @entrypoint(ptr %p) {
  %x = call i64 @sol_log_64_(i64 1, i64 2, i64 3, i64 4, i64 5, i64 6)
  ret i64 %x
}"#,
        "unsupported in the VM: a call of the syscall `sol_log_64_` with more than five registers, in `entrypoint`",
    );
}

#[test]
fn inline_assembly_is_refused_unless_empty() {
    refuses(
        r#"
define i64 @entrypoint(ptr %p) {
  call void asm sideeffect "", "r"(ptr %p)
  call void asm sideeffect "r0 = 1", ""()
  ret i64 0
}"#,
        "unsupported in the VM: inline assembly `r0 = 1`, in `entrypoint`",
    );
}

#[test]
fn a_program_needs_an_entrypoint() {
    refuses(
        "define i64 @somewhere(ptr %p) { ret i64 0 }",
        "there is no function `entrypoint`: the program needs `entrypoint!` or the attribute of its framework",
    );
}

#[test]
fn several_errors_are_all_said() {
    refuses(
        r#"
@A = internal global i64 0
declare void @missing()
define i64 @entrypoint(ptr %p) {
  store volatile i64 1, ptr @A
  %x = load volatile i64, ptr @A
  call void @missing()
  ret i64 0
}"#,
        "the static `A` is writable (used by `entrypoint`): a program may have constants only\n\
         error: unresolved symbol `missing`, used by `entrypoint`: it is neither in the program nor a syscall of the VM",
    );
}

#[test]
fn bad_inputs_are_errors() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |arguments: &[&str], code, expected: &str| {
        let output = linker(folder.path(), arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(expected), "{stderr}");
        assert_eq!(output.status.code(), Some(code));
        assert!(!folder.path().join("out.so").exists());
    };
    check(&["absent.bc", "-o", "out.so"], 1, "error: absent.bc: No such file or directory");
    std::fs::write(folder.path().join("text.bc"), "plain text").expect("written");
    check(&["text.bc", "-o", "out.so"], 1, "error: text.bc: neither LLVM bitcode nor an archive of it");
    std::fs::write(folder.path().join("broken.bc"), b"BC\xC0\xDEbroken").expect("written");
    check(&["broken.bc", "-o", "out.so"], 1, "error: cannot link the inputs");
    check(&["broken.bc", "--merged", "-o", "out.so"], 1, "error: LLVM: the linked bitcode does not parse");
    check(&["text.bc", "-o", "out.so", "--strip"], 2, "unexpected argument '--strip'");
    check(&["text.bc", "-o", "out.so", "--arch=v9"], 2, "invalid value 'v9'");
    check(&["-o", "out.so"], 2, "required");
    let twice = format!("{HEADER}define i64 @entrypoint(ptr %p) {{ ret i64 0 }}");
    std::fs::write(folder.path().join("a.ll"), &twice).expect("written");
    std::fs::write(folder.path().join("b.ll"), &twice).expect("written");
    check(&["a.ll", "b.ll", "-o", "out.so"], 1, "error: cannot link the inputs");
    check(&["a.ll", "-o", "absent/out.so"], 1, "error: absent/out.so.partial: No such file or directory");
}
