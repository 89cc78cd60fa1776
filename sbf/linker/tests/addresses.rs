//! Addresses in a program are those of the VM, whoever loads it.
use object::{Object as _, ObjectSection as _};
use std::process::Command;

const HEADER: &str = r#"
target datalayout = "e-m:e-p:64:64-i64:64-i128:128-n32:64-S128"
target triple = "bpfel"
@text = constant [8 x i8] c"an error"
@table = constant [2 x ptr] [ptr @text, ptr @entrypoint]
declare void @sol_log_(ptr, i64)
declare void @llvm.trap()
define i64 @below_ten(i64 %x) noinline {
  %c = icmp ult i64 %x, 10 br i1 %c, label %ok, label %no
ok: ret i64 %x
no: call void @llvm.trap() unreachable
}
define i64 @odd(i64 %x) noinline {
  %c = trunc i64 %x to i1 br i1 %c, label %ok, label %no
ok: ret i64 %x
no: call void @llvm.trap() unreachable
}
"#;
/// Asks the table, by a number that is not known before.
const LOOK_UP: &str =
    "%k = load i64, ptr %p %at = getelementptr ptr, ptr @table, i64 %k %x = load i64, ptr %at";
/// Where the VM maps a program.
const PROGRAM: u64 = 1 << 32;
/// First byte of the instruction that loads an address.
const LOAD_ADDRESS: u8 = 0x18;
/// Entries of the loader's table: an address, a system call.
const ADDRESS: u64 = 8;
const CALL: u64 = 10;

/// The program, where its text lies, and the kinds of entries in the loader's table.
fn link(body: &str) -> (Vec<u8>, u64, Vec<u64>) {
    let folder = tempfile::tempdir().expect("a folder");
    let source = format!("{HEADER}define i64 @entrypoint(ptr %p) {{ {body} ret i64 %x }}");
    std::fs::write(folder.path().join("in.ll"), source).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_firebreak-sbf-linker"))
        .current_dir(folder.path())
        .args(["in.ll", "-o", "out.so"])
        .output()
        .expect("the linker starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let program = std::fs::read(folder.path().join("out.so")).expect("a program");
    let text = program.windows(8).position(|bytes| bytes == b"an error").expect("the text is in it");
    let file = object::File::parse(&*program).expect("it is ELF");
    let table = file.section_by_name(".rel.dyn").expect("it has a table").data().expect("in the file");
    let kinds = table.as_chunks::<16>().0.iter().map(|entry| {
        let kind = entry[8..].first_chunk().copied().expect("eight bytes are left");
        u64::from_le_bytes(kind) & u64::from(u32::MAX)
    });
    let kinds = kinds.collect();
    (program, text as u64, kinds)
}

/// Whether some instruction loads this address, and some word of the data is it.
fn holds(program: &[u8], address: u64) -> (bool, bool) {
    let low = (address as u32).to_le_bytes();
    let high = ((address >> 32) as u32).to_le_bytes();
    let loads = |code: &[u8]| code[0] == LOAD_ADDRESS && code[4..8] == low && code[12..] == high;
    (program.windows(16).any(loads), program.windows(8).any(|word| word == address.to_le_bytes()))
}

#[test]
fn nothing_is_left_to_the_loader_but_system_calls() {
    let (program, text, kinds) = link(&format!("{LOOK_UP} call void @sol_log_(ptr @text, i64 8)"));
    assert_eq!(kinds, [CALL]);
    assert_eq!(holds(&program, PROGRAM + text), (true, true));
}

#[test]
fn without_a_system_call_the_loader_keeps_its_table_which_must_not_be_empty() {
    let (program, text, kinds) = link(LOOK_UP);
    assert_eq!(kinds, [ADDRESS; 3], "the table's, and the two in it");
    assert_eq!(holds(&program, PROGRAM + text), (false, false));
}

#[test]
fn however_many_functions_give_up_one_of_them_calls() {
    let checks = "%y = load i64, ptr %p %z = call i64 @below_ten(i64 %y) %x = call i64 @odd(i64 %z)";
    let text = "call void @sol_log_(ptr @text, i64 8)";
    assert_eq!(link(&format!("{checks} {text}")).2, [CALL; 2], "a trap and a log");
}
