//! Calling the breaker from a program.

use solana_program::{
    account_info::AccountInfo,
    instruction::{AccountMeta, Instruction},
    program::{get_return_data, invoke_signed, invoke_signed_unchecked},
    program_error::ProgramError,
};

use crate::{
    ID,
    instruction::discriminator,
    operation::Operation,
    verdict::{Direction, Verdict},
};

/// The accounts of a recorded flow.
#[derive(Clone, Copy)]
pub struct RecordFlow<'a, 'info> {
    /// The breaker program.
    pub breaker: &'a AccountInfo<'info>,
    /// The integration's recording PDA.
    pub recorder: &'a AccountInfo<'info>,
    /// The protocol.
    pub protocol: &'a AccountInfo<'info>,
    /// The market. Writable lets it rise in the same transaction, at the price of a lock on every flow.
    pub market: &'a AccountInfo<'info>,
    /// The vault's limiter.
    pub limiter: &'a AccountInfo<'info>,
    /// The vault.
    pub vault: &'a AccountInfo<'info>,
}

/// Records a flow and gives the verdict. An outflow is asked before its transfer, an inflow recorded after it.
///
/// On anything but [`Verdict::Allow`] return `Ok` and pay nothing, before any state of your own has changed.
/// A limiter that does not exist is `Deny` until the protocol left; absent return data and another program's return data
/// are `Deny`.
///
/// # Errors
/// Those of the breaker: wrong accounts, a flow of zero, an amount above the vault's balance.
pub fn record_flow(
    accounts: &RecordFlow,
    recorder_seeds: &[&[u8]],
    direction: Direction,
    operation: Operation,
    amount: u64,
) -> Result<Verdict, ProgramError> {
    crate::drill::say();
    // a look-alike program would allow everything
    if *accounts.breaker.key != ID {
        return Err(ProgramError::IncorrectProgramId);
    }
    // no limiter was registered for this vault: the breaker stands in its place and answers Deny, or Allow where the protocol
    // left. It is asked, and no account is read here: who signs as the recorder has no other protocol's
    let is_limited = *accounts.limiter.owner == ID;
    let limiter = if is_limited { accounts.limiter } else { accounts.breaker };
    let mut data = Vec::with_capacity(18);
    data.extend_from_slice(&discriminator::RECORD_FLOW);
    data.extend_from_slice(&[direction as u8, operation.bit()]);
    data.extend_from_slice(&amount.to_le_bytes());
    let market = accounts.market;
    let instruction = Instruction {
        program_id: ID,
        accounts: vec![
            AccountMeta::new_readonly(*accounts.recorder.key, true),
            AccountMeta::new_readonly(*accounts.protocol.key, false),
            AccountMeta { pubkey: *market.key, is_signer: false, is_writable: market.is_writable },
            AccountMeta { pubkey: *limiter.key, is_signer: false, is_writable: is_limited },
            AccountMeta::new_readonly(*accounts.vault.key, false),
        ],
        data,
    };
    let infos = [
        accounts.recorder.clone(),
        accounts.protocol.clone(),
        market.clone(),
        limiter.clone(),
        accounts.vault.clone(),
    ];
    // the check of `invoke_signed`, which looks for each account among all: here they stand in order
    for (info, meta) in infos.iter().zip(&instruction.accounts) {
        if meta.is_writable {
            let _ = (info.try_borrow_mut_lamports()?, info.try_borrow_mut_data()?);
        } else {
            let _ = (info.try_borrow_lamports()?, info.try_borrow_data()?);
        }
    }
    invoke_signed_unchecked(&instruction, &infos, &[recorder_seeds])?;
    Ok(verdict())
}

/// The breaker's answer to the call before.
fn verdict() -> Verdict {
    match get_return_data() {
        Some((program, bytes)) if program == ID => Verdict::from_return_data(&bytes),
        _ => Verdict::Deny,
    }
}

/// The accounts of an outflow of a vault in the breaker's custody.
#[derive(Clone, Copy)]
pub struct Pay<'a, 'info> {
    /// The flow: the vault is written.
    pub flow: RecordFlow<'a, 'info>,
    /// The vault's route, which owns it.
    pub route: &'a AccountInfo<'info>,
    /// The vault's mint.
    pub mint: &'a AccountInfo<'info>,
    /// Who is paid: a token account.
    pub to: &'a AccountInfo<'info>,
    /// The mint's token program.
    pub token_program: &'a AccountInfo<'info>,
}

/// Asks for an outflow of a vault in custody and gives the verdict: on [`Verdict::Allow`] it has been paid. On
/// [`Verdict::Hold`], which only who asks `or_hold` is answered, call [`hold`]; on [`Verdict::Deny`] return `Ok`, before any
/// state of your own has changed.
///
/// # Errors
/// Those of [`record_flow`], and of the transfer.
pub fn pay(
    accounts: &Pay,
    recorder_seeds: &[&[u8]],
    or_hold: bool,
    operation: Operation,
    amount: u64,
) -> Result<Verdict, ProgramError> {
    let flow = &accounts.flow;
    let given = [
        (flow.recorder, SIGN),
        (flow.protocol, READ),
        (flow.market, if flow.market.is_writable { WRITE } else { READ }),
        (flow.limiter, WRITE),
        (flow.vault, WRITE),
        (accounts.route, READ),
        (accounts.mint, READ),
        (accounts.to, WRITE),
        (accounts.token_program, READ),
    ];
    let args = [&[u8::from(or_hold), operation.bit()][..], &amount.to_le_bytes()].concat();
    call(flow.breaker, (discriminator::PAY, &args), &given, &[recorder_seeds])?;
    Ok(verdict())
}

/// The accounts of a withdrawal that goes to the safe.
#[derive(Clone, Copy)]
pub struct Hold<'a, 'info> {
    /// The flow that was answered Hold: vault and limiter are written.
    pub flow: RecordFlow<'a, 'info>,
    /// The vault's route.
    pub route: &'a AccountInfo<'info>,
    /// The vault's owner: signs, or is the route.
    pub owner: &'a AccountInfo<'info>,
    /// The vault's mint.
    pub mint: &'a AccountInfo<'info>,
    /// The market's safe for the mint.
    pub safe: &'a AccountInfo<'info>,
    /// The safe's token account.
    pub tokens: &'a AccountInfo<'info>,
    /// The mint's token program.
    pub token_program: &'a AccountInfo<'info>,
    /// Whose withdrawal it is; has signed, and pays rent, which comes back.
    pub user: &'a AccountInfo<'info>,
    /// Where it would have gone: a token account of the user's.
    pub destination: &'a AccountInfo<'info>,
    /// Made by this: PDA of [`crate::pda::held`].
    pub held: &'a AccountInfo<'info>,
    /// System program.
    pub system_program: &'a AccountInfo<'info>,
    /// The protocol's journal, its current segment (the breaker where it has none), and the breaker's event authority.
    pub journal: [&'a AccountInfo<'info>; 3],
}

/// Moves a withdrawal that was just answered [`Verdict::Hold`] to the safe, in the user's name, under a number that the user
/// has not in use there. For your own books it is paid: what the user had with you is less by it.
///
/// `signers` are the seeds of the recording PDA, and of the vault's owner where that is yours.
///
/// # Errors
/// [`crate::BreakerError::NothingToHold`] where it was not answered so, in this slot; those of the accounts, and of the
/// transfer.
pub fn hold(accounts: &Hold, signers: &[&[&[u8]]], amount: u64, nonce: u64) -> Result<(), ProgramError> {
    let flow = &accounts.flow;
    let is_ours = accounts.owner.key != accounts.route.key;
    let [journal, segment, event_authority] = accounts.journal;
    let given = [
        (flow.recorder, SIGN),
        (flow.protocol, READ),
        (flow.market, READ),
        (flow.limiter, WRITE),
        (accounts.route, READ),
        (flow.vault, WRITE),
        (accounts.owner, if is_ours { SIGN } else { READ }),
        (accounts.mint, READ),
        (accounts.safe, WRITE),
        (accounts.tokens, WRITE),
        (accounts.token_program, READ),
        (accounts.user, (true, true)),
        (accounts.destination, READ),
        (accounts.held, WRITE),
        (accounts.system_program, READ),
        (journal, WRITE),
        (segment, if *segment.key == ID { READ } else { WRITE }),
        (event_authority, READ),
        (flow.breaker, READ),
    ];
    let args = [amount.to_le_bytes(), nonce.to_le_bytes()].concat();
    call(flow.breaker, (discriminator::HOLD, &args), &given, signers)
}

/// The accounts of a vault that goes to its safe.
#[derive(Clone, Copy)]
pub struct Migrate<'a, 'info> {
    /// The breaker program.
    pub breaker: &'a AccountInfo<'info>,
    /// Your protocol. Compare it, or the market, with what you stored: another protocol's route leads to its own safe.
    pub protocol: &'a AccountInfo<'info>,
    /// Your market.
    pub market: &'a AccountInfo<'info>,
    /// The vault's limiter.
    pub limiter: &'a AccountInfo<'info>,
    /// The vault's route.
    pub route: &'a AccountInfo<'info>,
    /// The vault.
    pub vault: &'a AccountInfo<'info>,
    /// The vault's owner: signs, or is the route.
    pub owner: &'a AccountInfo<'info>,
    /// The vault's mint.
    pub mint: &'a AccountInfo<'info>,
    /// The market's safe for the mint.
    pub safe: &'a AccountInfo<'info>,
    /// The safe's token account.
    pub tokens: &'a AccountInfo<'info>,
    /// The mint's token program.
    pub token_program: &'a AccountInfo<'info>,
    /// The instructions sysvar.
    pub instructions: &'a AccountInfo<'info>,
    /// The protocol's journal, its current segment (the breaker where it has none), and the breaker's event authority.
    pub journal: [&'a AccountInfo<'info>; 3],
}

/// Moves all that a vault has to its safe. Whether it may go is the breaker's to say, so that anyone may call you for this.
///
/// # Errors
/// [`crate::BreakerError::NoMigration`] where nobody ordered it; those of the accounts, and of the transfer.
pub fn migrate(accounts: &Migrate, owner_seeds: &[&[u8]]) -> Result<(), ProgramError> {
    let is_ours = accounts.owner.key != accounts.route.key;
    let [journal, segment, event_authority] = accounts.journal;
    let given = [
        (accounts.protocol, READ),
        (accounts.market, READ),
        (accounts.limiter, WRITE),
        (accounts.route, WRITE),
        (accounts.vault, WRITE),
        (accounts.owner, if is_ours { SIGN } else { READ }),
        (accounts.mint, READ),
        (accounts.safe, WRITE),
        (accounts.tokens, WRITE),
        (accounts.token_program, READ),
        (accounts.instructions, READ),
        (journal, WRITE),
        (segment, if *segment.key == ID { READ } else { WRITE }),
        (event_authority, READ),
        (accounts.breaker, READ),
    ];
    call(accounts.breaker, (discriminator::MIGRATE, &[]), &given, &[owner_seeds])
}

/// How an account is given to the breaker: whether it signs, and whether it is written.
type Role = (bool, bool);
const READ: Role = (false, false);
const WRITE: Role = (false, true);
const SIGN: Role = (true, false);

/// Calls the breaker.
fn call(
    breaker: &AccountInfo,
    (name, args): ([u8; 8], &[u8]),
    given: &[(&AccountInfo, Role)],
    signers: &[&[&[u8]]],
) -> Result<(), ProgramError> {
    // a look-alike program would pay everybody
    if *breaker.key != ID {
        return Err(ProgramError::IncorrectProgramId);
    }
    let meta = |(info, (is_signer, is_writable)): &(&AccountInfo, Role)| AccountMeta {
        pubkey: *info.key,
        is_signer: *is_signer,
        is_writable: *is_writable,
    };
    let instruction = Instruction {
        program_id: ID,
        accounts: given.iter().map(meta).collect(),
        data: [&name[..], args].concat(),
    };
    let infos: Vec<_> = given.iter().map(|(info, _)| (*info).clone()).collect();
    invoke_signed(&instruction, &infos, signers)
}
