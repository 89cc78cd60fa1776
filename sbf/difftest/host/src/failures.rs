//! Failing programs must fail, and leave nothing behind.
use crate::vm::Vm;
use anyhow::{Context, Result};
use sbf_difftest_program::{FAILURES, Request};

const BEFORE: [u8; 8] = *b"\x01before\x02";

/// Describes every failure that did not end its transaction or that left a trace.
pub(crate) fn check(vm: &mut Vm) -> Result<Vec<String>> {
    vm.limit_as_on_chain();
    let mut wrong = Vec::new();
    for (kind, name) in FAILURES.iter().enumerate() {
        let account = vm.account(&BEFORE)?;
        let request = Request::Fail { kind: kind as u8, value: 0x1122_3344_5566_7788 };
        match vm.send(request, Some(account)) {
            Ok(meta) => wrong
                .push(format!("{name}: the transaction succeeded, and returned {:?}", meta.return_data.data)),
            Err(failed) => println!("  {name}: {}", failed.err),
        }
        if vm.data(&account).as_deref() != Some(&BEFORE) {
            wrong.push(format!("{name}: the account changed"));
        }
    }
    // without a failure the same instruction does write: the checks above can fail
    let account = vm.account(&BEFORE)?;
    let value = 0x1122_3344_5566_7788u64;
    let request = Request::Fail { kind: FAILURES.len() as u8, value };
    if let Err(failed) = vm.send(request, Some(account)) {
        wrong.push(format!("no failure: the transaction ended with {:?}", failed.err));
    }
    if vm.data(&account).context("the account is gone")? != value.to_le_bytes() {
        wrong.push("no failure: the account did not change".to_owned());
    }
    Ok(wrong)
}
