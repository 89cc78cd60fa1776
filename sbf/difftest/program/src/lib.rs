//! Functions whose results must not depend on the compiler: the host runs them natively and in the VM.
mod calls;
mod collections;
mod failures;
mod floats;
mod input;
mod integers;
mod memory;

pub use failures::{FAILURES, fail};
pub use input::{Input, KEPT, Output};

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;
use solana_program::{
    account_info::AccountInfo, entrypoint::ProgramResult, program::set_return_data,
    program_error::ProgramError, pubkey::Pubkey,
};

/// One function under test.
#[derive(Clone, Copy)]
pub struct Function {
    /// Its name in reports.
    pub name: &'static str,
    /// How many inputs fit one transaction: the heap is never freed.
    pub batch: u32,
    /// Draws its inputs and answers.
    pub run: fn(&mut Input, &mut Output),
}

impl Function {
    const fn new(name: &'static str, batch: u32, run: fn(&mut Input, &mut Output)) -> Self {
        Self { name, batch, run }
    }
}

/// All functions, by family.
pub const FAMILIES: &[(&str, &[Function])] = &[
    ("widths", integers::WIDTHS),
    ("signed", integers::SIGNED),
    ("floats", floats::FLOATS),
    ("calls", calls::CALLS),
    ("memory", memory::MEMORY),
    ("collections", collections::COLLECTIONS),
];

/// What an instruction asks for.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// The hash of `count` calls, returned as 8 bytes.
    Batch {
        /// Index into [`FAMILIES`].
        family: u8,
        /// Index into the family.
        function: u8,
        /// Seed of the inputs.
        seed: u64,
        /// Index of the first input.
        first: u64,
        /// How many.
        count: u32,
    },
    /// The values of one call, 16 bytes each.
    One {
        /// Index into [`FAMILIES`].
        family: u8,
        /// Index into the family.
        function: u8,
        /// Seed of the inputs.
        seed: u64,
        /// Index of the input.
        index: u64,
    },
    /// Writes `value` to the first account, then fails in way `kind`; at or past the end of [`FAILURES`] it does not fail.
    Fail {
        /// Index into [`FAILURES`].
        kind: u8,
        /// What to write.
        value: u64,
    },
}

impl Request {
    /// The instruction data.
    pub fn pack(self) -> Vec<u8> {
        let mut data = Vec::with_capacity(32);
        match self {
            Self::Batch { family, function, seed, first, count } => {
                data.extend([0, family, function]);
                data.extend(seed.to_le_bytes());
                data.extend(first.to_le_bytes());
                data.extend(count.to_le_bytes());
            }
            Self::One { family, function, seed, index } => {
                data.extend([1, family, function]);
                data.extend(seed.to_le_bytes());
                data.extend(index.to_le_bytes());
            }
            Self::Fail { kind, value } => {
                data.extend([2, kind]);
                data.extend(value.to_le_bytes());
            }
        }
        data
    }

    fn unpack(data: &[u8]) -> Option<Self> {
        let word = |at: usize| Some(u64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?));
        Some(match *data.first()? {
            0 => Self::Batch {
                family: *data.get(1)?,
                function: *data.get(2)?,
                seed: word(3)?,
                first: word(11)?,
                count: u32::from_le_bytes(data.get(19..23)?.try_into().ok()?),
            },
            1 => {
                Self::One { family: *data.get(1)?, function: *data.get(2)?, seed: word(3)?, index: word(11)? }
            }
            2 => Self::Fail { kind: *data.get(1)?, value: word(2)? },
            _ => return None,
        })
    }
}

/// The function at a place of the table.
pub fn function(family: u8, function: u8) -> Option<&'static Function> {
    FAMILIES.get(usize::from(family))?.1.get(usize::from(function))
}

/// The hash of the answers to `count` inputs.
pub fn batch(function: &Function, seed: u64, first: u64, count: u32) -> u64 {
    let mut output = Output::default();
    for index in first..first + u64::from(count) {
        output.clear();
        (function.run)(&mut Input::new(seed, index), &mut output);
    }
    output.hash
}

#[cfg(not(feature = "no-entrypoint"))]
solana_program::entrypoint!(process);

/// Answers one [`Request`].
pub fn process(_program: &Pubkey, accounts: &[AccountInfo], data: &[u8]) -> ProgramResult {
    match Request::unpack(data).ok_or(ProgramError::InvalidInstructionData)? {
        Request::Batch { family, function: index, seed, first, count } => {
            let function = function(family, index).ok_or(ProgramError::InvalidArgument)?;
            set_return_data(&batch(function, seed, first, count).to_le_bytes());
        }
        Request::One { family, function: index, seed, index: input } => {
            let function = function(family, index).ok_or(ProgramError::InvalidArgument)?;
            let mut output = Output::default();
            (function.run)(&mut Input::new(seed, input), &mut output);
            let bytes: Vec<u8> = output.values().iter().flat_map(|x| x.to_le_bytes()).collect();
            set_return_data(&bytes);
        }
        Request::Fail { kind, value } => {
            let account = accounts.first().ok_or(ProgramError::NotEnoughAccountKeys)?;
            account
                .try_borrow_mut_data()?
                .get_mut(..8)
                .ok_or(ProgramError::AccountDataTooSmall)?
                .copy_from_slice(&value.to_le_bytes());
            if usize::from(kind) < FAILURES.len() {
                let result = fail(kind, core::hint::black_box(u64::MAX));
                set_return_data(&result.to_le_bytes());
            }
        }
    }
    Ok(())
}
