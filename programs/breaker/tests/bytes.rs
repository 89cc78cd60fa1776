//! Whatever data an instruction carries: an error that names what is wrong, never a panic, never a success.

use std::{fs, path::Path};

use anchor::{error::ErrorCode, solana_program::program_error::ProgramError};
use proptest::{
    prelude::Rng,
    test_runner::{RngAlgorithm, TestRng},
};
use serde_json::Value;

/// Cases; of all instructions together.
const CASES: usize = 1_000_000;

/// An instruction's first eight bytes, and whether it takes arguments.
struct Known {
    discriminator: Vec<u8>,
    takes_arguments: bool,
}

/// The program's instructions, as it describes itself.
fn instructions() -> Vec<Known> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../idl/breaker.json");
    let idl: Value =
        serde_json::from_slice(&fs::read(file).expect("idl/breaker.json is there")).expect("JSON");
    let list = idl["instructions"].as_array().expect("a list").iter();
    let known = list.map(|instruction| Known {
        discriminator: serde_json::from_value(instruction["discriminator"].clone()).expect("bytes"),
        takes_arguments: !instruction["args"].as_array().expect("a list").is_empty(),
    });
    known.collect()
}

fn code(error: ErrorCode) -> ProgramError {
    ProgramError::Custom(error.into())
}

#[test]
fn no_data_is_taken_without_its_accounts() {
    let known = instructions();
    let (unknown, unreadable, no_accounts) = (
        code(ErrorCode::InstructionFallbackNotFound),
        code(ErrorCode::InstructionDidNotDeserialize),
        code(ErrorCode::AccountNotEnoughKeys),
    );
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut data = [0; 600];
    let (mut read, mut refused) = (0, 0);
    for case in 0..CASES {
        let length = rng.next_u32() as usize % if case % 8 == 0 { data.len() } else { 160 };
        rng.fill_bytes(&mut data[..length]);
        let small = rng.next_u32();
        if small & 3 == 0 && length > 8 {
            // small numbers, lengths of lists among them
            data[8..length].iter_mut().for_each(|byte| *byte &= 3);
        }
        let target = (length >= 8 && small & 4 == 0).then(|| &known[rng.next_u32() as usize % known.len()]);
        if let Some(target) = target {
            data[..8].copy_from_slice(&target.discriminator);
        }
        let error = breaker::entry(&breaker::ID, &[], &data[..length]).expect_err("nothing was passed");
        match target {
            None => assert_eq!(error, unknown, "case {case}: {:?}", &data[..length]),
            Some(target) if error == unreadable => {
                assert!(target.takes_arguments, "case {case}");
                refused += 1;
            }
            Some(_) => {
                assert_eq!(error, no_accounts, "case {case}: {:?}", &data[..length]);
                read += 1;
            }
        }
    }
    assert!(read > CASES / 20 && refused > CASES / 20, "both happen: {read} read, {refused} refused");
}

#[test]
fn another_programs_address_is_refused() {
    let known = instructions();
    for instruction in known {
        let error = breaker::entry(&anchor::system_program::ID, &[], &instruction.discriminator)
            .expect_err("not our address");
        assert_eq!(error, code(ErrorCode::DeclaredProgramIdMismatch));
    }
}
