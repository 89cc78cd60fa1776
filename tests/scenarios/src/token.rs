//! Mints and token accounts of the real SPL Token program, which the VM carries; and what is alike in those of Token-2022.

use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::{
    instruction as token, native_mint,
    state::{Account, Mint},
};

use crate::{token_2022, vm::Vm};

/// SPL Token.
pub const PROGRAM: Pubkey = firebreak_interface::state::TOKEN;

/// Creates a mint whose authority is `authority`.
pub fn mint(vm: &mut Vm, authority: &Keypair, decimals: u8) -> Pubkey {
    let mint = vm.key();
    let setup = token::initialize_mint2(&PROGRAM, &mint.pubkey(), &authority.pubkey(), None, decimals);
    create(vm, authority, &mint, Mint::LEN, built(setup))
}

/// Creates a mint whose authority may also freeze what anybody has of it.
pub fn freezable_mint(vm: &mut Vm, authority: &Keypair, decimals: u8) -> Pubkey {
    let (mint, key) = (vm.key(), authority.pubkey());
    let setup = token::initialize_mint2(&PROGRAM, &mint.pubkey(), &key, Some(&key), decimals);
    create(vm, authority, &mint, Mint::LEN, built(setup))
}

/// Freezes an account, as the mint's freeze authority may.
pub fn freeze(account: &Pubkey, mint: &Pubkey, authority: &Pubkey) -> Instruction {
    built(token::freeze_account(&PROGRAM, account, mint, authority, &[]))
}

/// Thaws a frozen account.
pub fn thaw(account: &Pubkey, mint: &Pubkey, authority: &Pubkey) -> Instruction {
    built(token::thaw_account(&PROGRAM, account, mint, authority, &[]))
}

/// Creates a token account of `owner`.
pub fn account(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    account_of(vm, payer, mint, |_| *owner)
}

/// Creates a token account whose owner follows from its address.
pub fn account_of(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: impl Fn(&Pubkey) -> Pubkey) -> Pubkey {
    let account = vm.key();
    let owner = owner(&account.pubkey());
    let setup = token::initialize_account3(&PROGRAM, &account.pubkey(), mint, &owner);
    create(vm, payer, &account, Account::LEN, built(setup))
}

/// The program by which everybody has one token account a mint that anybody can name.
const ASSOCIATED: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// The token program of a mint.
///
/// # Panics
/// When there is no such mint.
pub fn program_of(vm: &Vm, mint: &Pubkey) -> Pubkey {
    vm.account(mint).expect("the mint").owner
}

/// The associated token account of an owner, which somebody has made.
///
/// # Panics
/// When the VM does not take it.
pub fn associated(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    let program = program_of(vm, mint);
    let seeds = [owner.as_ref(), program.as_ref(), mint.as_ref()];
    let (key, _) = Pubkey::find_program_address(&seeds, &ASSOCIATED);
    if vm.account(&key).is_none() {
        let make = if program == PROGRAM { account } else { token_2022::account };
        let made = make(vm, payer, mint, owner);
        let account = vm.account(&made).expect("it was made");
        vm.put(key, account);
    }
    key
}

/// Mints to a token account.
pub fn issue(vm: &mut Vm, authority: &Keypair, mint: &Pubkey, to: &Pubkey, amount: u64) {
    let issue = built(token::mint_to(&PROGRAM, mint, to, &authority.pubkey(), &[], amount));
    vm.send(&[issue], &[authority]).succeeds();
}

/// The mint of wrapped SOL, as every cluster has it from its first slot.
///
/// # Panics
/// When the VM does not take it.
pub fn native_mint(vm: &mut Vm) -> Pubkey {
    let mint = Mint { decimals: native_mint::DECIMALS, is_initialized: true, ..Mint::default() };
    let mut data = vec![0; Mint::LEN];
    mint.pack_into_slice(&mut data);
    let lamports = vm.rent(Mint::LEN);
    let account =
        solana_account::Account { lamports, data, owner: PROGRAM, executable: false, rent_epoch: 0 };
    vm.put(native_mint::ID, account);
    native_mint::ID
}

/// Takes notice of lamports that came to an account of wrapped SOL; anyone may.
pub fn sync_native(account: &Pubkey) -> Instruction {
    built(token::sync_native(&PROGRAM, account))
}

/// Takes lamports out of an account of wrapped SOL; `owner` signs.
pub fn unwrap_lamports(account: &Pubkey, to: &Pubkey, owner: &Pubkey, lamports: u64) -> Instruction {
    built(token::unwrap_lamports(&PROGRAM, account, to, owner, &[], Some(lamports)))
}

/// Takes lamports that no rule of the token program needs out of an account; `owner` signs.
pub fn withdraw_excess_lamports(account: &Pubkey, to: &Pubkey, owner: &Pubkey) -> Instruction {
    built(token::withdraw_excess_lamports(&PROGRAM, account, to, owner, &[]))
}

/// Closes an account; one of wrapped SOL need not be empty. `owner` signs.
pub fn close(account: &Pubkey, to: &Pubkey, owner: &Pubkey) -> Instruction {
    built(token::close_account(&PROGRAM, account, to, owner, &[]))
}

/// Moves tokens; `owner` signs.
pub fn transfer(from: &Pubkey, to: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
    built(token::transfer(&PROGRAM, from, to, owner, &[], amount))
}

/// Lets `delegate` move tokens of the account; `owner` signs.
pub fn approve(account: &Pubkey, delegate: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
    built(token::approve(&PROGRAM, account, delegate, owner, &[], amount))
}

/// Hands the account to another owner, or gives it a close authority; `owner` signs.
pub fn set_authority(
    account: &Pubkey,
    new: &Pubkey,
    kind: token::AuthorityType,
    owner: &Pubkey,
) -> Instruction {
    built(token::set_authority(&PROGRAM, account, Some(new), kind, owner, &[]))
}

/// What a token account of either program holds.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn balance(vm: &Vm, address: &Pubkey) -> u64 {
    let account = vm.account(address).expect("the account exists");
    assert!([PROGRAM, token_2022::PROGRAM].contains(&account.owner));
    // what Token-2022 adds comes behind
    Account::unpack(&account.data[..Account::LEN]).expect("a token account").amount
}

fn create(vm: &mut Vm, payer: &Keypair, new: &Keypair, size: usize, setup: Instruction) -> Pubkey {
    let rent = vm.rent(size);
    let allocate = system::create_account(&payer.pubkey(), &new.pubkey(), rent, size as u64, &PROGRAM);
    vm.send(&[allocate, setup], &[payer, new]).succeeds();
    new.pubkey()
}

/// The builders check nothing but the program id, and that is the token program's own.
fn built<E: std::fmt::Debug>(instruction: Result<Instruction, E>) -> Instruction {
    instruction.expect("the token program's id is right")
}
