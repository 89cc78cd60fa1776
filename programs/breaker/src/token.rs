//! Moving tokens: whom the breaker calls beside System and itself.

use anchor::{
    prelude::*,
    solana_program::{
        instruction::{AccountMeta, Instruction},
        program::{get_return_data, invoke_signed},
    },
};
use firebreak_interface::{
    BreakerError,
    state::{TOKEN, TOKEN_2022, VaultState},
};

use crate::{create::allocate, instructions::ensure};

/// Instructions of both token programs, by number. The libraries' builders know all instructions of Token-2022 and bring
/// them along, a tenth of the whole program.
const TRANSFER_CHECKED: u8 = 12;
const SYNC_NATIVE: u8 = 17;
const INITIALIZE_ACCOUNT_3: u8 = 18;
const GET_ACCOUNT_DATA_SIZE: u8 = 21;

/// Creates accounts at the addresses of [`associated`].
const ASSOCIATED_TOKEN: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");
/// The mints of wrapped SOL, one of each token program: their accounts hold lamports.
const NATIVE_MINTS: [Pubkey; 2] = [
    Pubkey::from_str_const("So11111111111111111111111111111111111111112"),
    Pubkey::from_str_const("9pan9bMn5HatX4EJdBwg9VgCa7Uz5HL8N1m5D3NdXejP"),
];
/// Where both token programs keep a mint's decimals.
const DECIMALS: usize = 44;

/// Checks that this is the token program of the mint; a look-alike would say that it had moved what it kept.
pub(crate) fn check_program(program: &AccountInfo, mint: &AccountInfo) -> Result<()> {
    let is_known = *program.key == TOKEN || *program.key == TOKEN_2022;
    ensure(is_known && program.key == mint.owner, BreakerError::WrongTokenProgram)?;
    Ok(())
}

/// A token account as it is now.
pub(crate) fn read(account: &AccountInfo) -> Result<VaultState> {
    Ok(VaultState::read(account.owner, &account.try_borrow_data()?))
}

/// The account of an owner for a mint that anyone can create and find.
pub(crate) fn associated(owner: &Pubkey, program: &Pubkey, mint: &Pubkey) -> Pubkey {
    let seeds = [owner.as_ref(), program.as_ref(), mint.as_ref()];
    Pubkey::find_program_address(&seeds, &ASSOCIATED_TOKEN).0
}

/// Creates a safe's token account, of the size that its mint asks for.
pub(crate) fn create_account<'info>(
    (account, payer): (&AccountInfo<'info>, &AccountInfo<'info>),
    mint: &AccountInfo<'info>,
    program: &AccountInfo<'info>,
    owner: &AccountInfo<'info>,
    seeds: &[&[u8]],
) -> Result<()> {
    call(program, &[GET_ACCOUNT_DATA_SIZE], &[(mint, READ)], &[])?;
    let answer = get_return_data().filter(|(from, _)| from == program.key);
    let size = answer.and_then(|(_, bytes)| Some(u64::from_le_bytes(bytes.try_into().ok()?)));
    let space = usize::try_from(size.ok_or(BreakerError::WrongTokenProgram)?).unwrap_or(usize::MAX);
    allocate(account, payer, space, program.key, seeds)?;
    let data = [&[INITIALIZE_ACCOUNT_3][..], owner.key.as_ref()].concat();
    call(program, &data, &[(account, WRITE), (mint, READ)], &[])
}

/// How an account is given to a token program: whether it signs, and whether it is written.
type Role = (bool, bool);
const READ: Role = (false, false);
const WRITE: Role = (false, true);
const SIGN: Role = (true, false);

/// Calls a token program; `seeds` sign where there are any.
#[inline(never)]
fn call<'info>(
    program: &AccountInfo<'info>,
    data: &[u8],
    accounts: &[(&AccountInfo<'info>, Role)],
    seeds: &[&[u8]],
) -> Result<()> {
    let meta = |(info, (is_signer, is_writable)): &(&AccountInfo, Role)| AccountMeta {
        pubkey: *info.key,
        is_signer: *is_signer,
        is_writable: *is_writable,
    };
    let call = Instruction {
        program_id: *program.key,
        accounts: accounts.iter().map(meta).collect(),
        data: data.to_vec(),
    };
    let infos: Vec<_> = accounts.iter().map(|(info, _)| (*info).clone()).collect();
    let signers: &[&[&[u8]]] = if seeds.is_empty() { &[] } else { &[seeds] };
    Ok(invoke_signed(&call, &infos, signers)?)
}

/// Tokens that are to move.
pub(crate) struct Transfer<'a, 'info> {
    pub(crate) program: &'a AccountInfo<'info>,
    pub(crate) mint: &'a AccountInfo<'info>,
    pub(crate) from: &'a AccountInfo<'info>,
    pub(crate) to: &'a AccountInfo<'info>,
    /// Owner of `from`: has signed, or signs by its seeds.
    pub(crate) owner: &'a AccountInfo<'info>,
}

impl Transfer<'_, '_> {
    /// Moves so much; gives what left and what arrived, as the accounts tell.
    #[inline(never)]
    pub(crate) fn send(&self, amount: u64, seeds: &[&[u8]]) -> Result<(u64, u64)> {
        check_program(self.program, self.mint)?;
        let decimals = *self.mint.try_borrow_data()?.get(DECIMALS).ok_or(BreakerError::WrongMint)?;
        let before = (read(self.from)?.amount, read(self.to)?.amount);
        let data = [&[TRANSFER_CHECKED][..], &amount.to_le_bytes(), &[decimals]].concat();
        let accounts = [(self.from, WRITE), (self.mint, READ), (self.to, WRITE), (self.owner, SIGN)];
        call(self.program, &data, &accounts, seeds)?;
        let after = (read(self.from)?.amount, read(self.to)?.amount);
        Ok((before.0.saturating_sub(after.0), after.1.saturating_sub(before.1)))
    }

    /// Where these are wrapped SOL, lamports that somebody gave the source count too.
    pub(crate) fn sync(&self) -> Result<()> {
        check_program(self.program, self.mint)?;
        if !NATIVE_MINTS.contains(self.mint.key) {
            return Ok(());
        }
        call(self.program, &[SYNC_NATIVE], &[(self.from, WRITE)], &[])
    }
}
