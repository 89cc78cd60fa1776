//! An integrator that does whatever a test tells it: honest, careless or hostile.
//!
//! It signs with its own recording PDA and with the owner of its vaults, so a test can be any protected program: one
//! that obeys the verdict, one that turns it into an error, one that pays without asking, one that wraps `poke`.

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

use borsh::{BorshDeserialize, BorshSerialize};
use firebreak_interface::{
    Direction, Gate, Operation, Verdict,
    cpi::{self, RecordFlow, record_flow},
    pda,
};
use solana_program::{
    account_info::AccountInfo,
    entrypoint::ProgramResult,
    instruction::{AccountMeta, Instruction},
    program::{get_return_data, invoke_signed, set_return_data},
    program_error::ProgramError,
    pubkey::Pubkey,
};

/// Seed of the PDA that owns this program's vaults.
pub const OWNER: &[u8] = b"owner";

/// Number of the error of a call that was to be allowed and was not.
pub const NOT_ALLOWED: u32 = 1;

/// What an instruction asks for.
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub enum Request {
    /// Makes these calls one after the other, signing with both PDAs.
    Perform(Vec<Call>),
    /// Asks the gate. Accounts: protocol, market.
    Gate {
        /// Address that the integration expects of the protocol.
        protocol: [u8; 32],
        /// Address that it expects of the market.
        market: [u8; 32],
        /// Bit of the operation.
        operation: u8,
        /// How much is done.
        depth: Depth,
    },
    /// Records a flow. Accounts: breaker, recorder, protocol, market, limiter, vault.
    Record {
        /// Bump of the recording PDA.
        bump: u8,
        /// Which way.
        direction: Direction,
        /// Bit of the operation.
        operation: u8,
        /// How much.
        amount: u64,
        /// How much is done.
        depth: Depth,
    },
    /// Withdraws as the documentation tells an integrator to: what is allowed is paid, what is to be held goes to the safe in
    /// the user's name, what is denied is not paid and is no error. Accounts: those of [`Request::Record`], then route,
    /// vault's owner, mint, safe, its token account, token program, user, destination, held, System, journal, segment, event
    /// authority.
    Withdraw {
        /// Bit of the operation.
        operation: u8,
        /// How much.
        amount: u64,
        /// A number of the user's.
        nonce: u64,
    },
}

/// How much of a request is done: the difference between two of them is what a step costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Depth {
    /// Everything but the question.
    Nothing,
    /// The question.
    Ask,
    /// The question, and its answer in the return data.
    Tell,
}

/// One call of [`Request::Perform`].
#[derive(Clone, Debug, BorshSerialize, BorshDeserialize)]
pub struct Call {
    /// When it is made.
    pub guard: Guard,
    /// Place of the program among the instruction's accounts.
    pub program: u8,
    /// Its accounts: place, signer, writable.
    pub accounts: Vec<(u8, bool, bool)>,
    /// Its data.
    pub data: Vec<u8>,
}

/// What the verdict of the call before has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = false)]
pub enum Guard {
    /// Nothing: the call is made.
    Always,
    /// Allow; else the instruction ends here, in success.
    IfAllowed,
    /// Allow; else the instruction fails.
    MustBeAllowed,
}

#[cfg(not(feature = "no-entrypoint"))]
solana_program::entrypoint!(process);

/// Does what one [`Request`] says.
///
/// # Errors
/// Those of the calls, and [`NOT_ALLOWED`].
pub fn process(program: &Pubkey, accounts: &[AccountInfo], data: &[u8]) -> ProgramResult {
    match borsh::from_slice(data).map_err(|_| ProgramError::InvalidInstructionData)? {
        Request::Perform(calls) => perform(program, accounts, &calls),
        Request::Gate { protocol, market, operation, depth } => {
            let gate = Gate { protocol: protocol.into(), market: market.into() };
            ask(&gate, accounts, operation, depth)
        }
        Request::Record { bump, direction, operation, amount, depth } => {
            record(accounts, bump, direction, operation, amount, depth)
        }
        Request::Withdraw { operation, amount, nonce } => {
            withdraw(program, accounts, operation, amount, nonce)
        }
    }
}

fn perform(program: &Pubkey, accounts: &[AccountInfo], calls: &[Call]) -> ProgramResult {
    let (_, recorder) = pda::recorder(program);
    let (_, owner) = Pubkey::find_program_address(&[OWNER], program);
    for call in calls {
        let allowed = || {
            get_return_data().is_some_and(|(program, bytes)| {
                program == firebreak_interface::ID && Verdict::from_return_data(&bytes) == Verdict::Allow
            })
        };
        match call.guard {
            Guard::IfAllowed if !allowed() => return Ok(()),
            Guard::MustBeAllowed if !allowed() => return Err(ProgramError::Custom(NOT_ALLOWED)),
            _ => {}
        }
        let account = |place: u8| accounts.get(usize::from(place)).ok_or(ProgramError::NotEnoughAccountKeys);
        let mut metas = Vec::with_capacity(call.accounts.len());
        for (place, is_signer, is_writable) in &call.accounts {
            let pubkey = *account(*place)?.key;
            metas.push(AccountMeta { pubkey, is_signer: *is_signer, is_writable: *is_writable });
        }
        let program_id = *account(call.program)?.key;
        let instruction = Instruction { program_id, accounts: metas, data: call.data.clone() };
        invoke_signed(&instruction, accounts, &[&[pda::RECORDER, &[recorder]], &[OWNER, &[owner]]])?;
    }
    Ok(())
}

#[inline(never)]
fn ask(gate: &Gate, accounts: &[AccountInfo], operation: u8, depth: Depth) -> ProgramResult {
    let [protocol, market] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let operation = Operation::from_bit(operation).ok_or(ProgramError::InvalidInstructionData)?;
    if depth == Depth::Nothing {
        return Ok(());
    }
    let permit = gate.ask(protocol, market, operation)?;
    if depth == Depth::Tell {
        let answer = (permit.severity, permit.limits);
        set_return_data(&borsh::to_vec(&answer).map_err(|_| ProgramError::BorshIoError)?);
    }
    Ok(())
}

#[inline(never)]
fn record(
    accounts: &[AccountInfo],
    bump: u8,
    direction: Direction,
    operation: u8,
    amount: u64,
    depth: Depth,
) -> ProgramResult {
    let [breaker, recorder, protocol, market, limiter, vault] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let operation = Operation::from_bit(operation).ok_or(ProgramError::InvalidInstructionData)?;
    if depth == Depth::Nothing {
        return Ok(());
    }
    let flow = RecordFlow { breaker, recorder, protocol, market, limiter, vault };
    let verdict = record_flow(&flow, &[pda::RECORDER, &[bump]], direction, operation, amount)?;
    if depth == Depth::Tell {
        set_return_data(&[verdict as u8]);
    }
    Ok(())
}

#[inline(never)]
fn withdraw(
    program: &Pubkey,
    accounts: &[AccountInfo],
    operation: u8,
    amount: u64,
    nonce: u64,
) -> ProgramResult {
    let [breaker, recorder, protocol, market, limiter, vault, rest @ ..] = accounts else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let [
        route,
        owner,
        mint,
        safe,
        tokens,
        token_program,
        user,
        destination,
        held,
        system_program,
        journal @ ..,
    ] = rest
    else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let [journal, segment, event_authority] = journal else {
        return Err(ProgramError::NotEnoughAccountKeys);
    };
    let operation = Operation::from_bit(operation).ok_or(ProgramError::InvalidInstructionData)?;
    let (_, bump) = pda::recorder(program);
    let (_, owner_bump) = Pubkey::find_program_address(&[OWNER], program);
    let (recorder_seeds, owner_seeds): (&[&[u8]], &[&[u8]]) =
        (&[pda::RECORDER, &[bump]], &[OWNER, &[owner_bump]]);

    let flow = RecordFlow { breaker, recorder, protocol, market, limiter, vault };
    let in_custody = owner.key == route.key;
    let verdict = if in_custody {
        let pay = cpi::Pay { flow, route, mint, to: destination, token_program };
        cpi::pay(&pay, recorder_seeds, true, operation, amount)?
    } else {
        // by the one place that records, whose cost is measured: a second would have neither of them inlined
        record(&accounts[..6], bump, Direction::OutOrHold, operation.bit(), amount, Depth::Tell)?;
        get_return_data().map_or(Verdict::Deny, |(_, told)| Verdict::from_return_data(&told))
    };
    match verdict {
        Verdict::Allow if in_custody => {}
        Verdict::Allow => {
            let metas = [vault, destination, owner].map(|info| AccountMeta {
                pubkey: *info.key,
                is_signer: info.key == owner.key,
                is_writable: info.key != owner.key,
            });
            // `Transfer` of the token program
            let data = [&[3][..], &amount.to_le_bytes()].concat();
            let transfer = Instruction { program_id: *token_program.key, accounts: metas.into(), data };
            invoke_signed(&transfer, accounts, &[owner_seeds])?;
        }
        Verdict::Hold => {
            let journal = [journal, segment, event_authority];
            let hold = cpi::Hold {
                flow,
                route,
                owner,
                mint,
                safe,
                tokens,
                token_program,
                user,
                destination,
                held,
                system_program,
                journal,
            };
            cpi::hold(&hold, &[recorder_seeds, owner_seeds], amount, nonce)?;
        }
        Verdict::Deny => {}
    }
    set_return_data(&[verdict as u8]);
    Ok(())
}
