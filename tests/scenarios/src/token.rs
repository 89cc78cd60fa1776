//! Mints and token accounts of the real SPL Token program, which the VM carries.

use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::{
    instruction as token,
    state::{Account, Mint},
};

use crate::vm::Vm;

/// SPL Token.
pub const PROGRAM: Pubkey = firebreak_interface::state::TOKEN;

/// Creates a mint whose authority is `authority`.
pub fn mint(vm: &mut Vm, authority: &Keypair, decimals: u8) -> Pubkey {
    let mint = vm.key();
    let setup = token::initialize_mint2(&PROGRAM, &mint.pubkey(), &authority.pubkey(), None, decimals);
    create(vm, authority, &mint, Mint::LEN, built(setup))
}

/// Creates a token account of `owner`.
pub fn account(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    let account = vm.key();
    let setup = token::initialize_account3(&PROGRAM, &account.pubkey(), mint, owner);
    create(vm, payer, &account, Account::LEN, built(setup))
}

/// Mints to a token account.
pub fn issue(vm: &mut Vm, authority: &Keypair, mint: &Pubkey, to: &Pubkey, amount: u64) {
    let issue = built(token::mint_to(&PROGRAM, mint, to, &authority.pubkey(), &[], amount));
    vm.send(&[issue], &[authority]).succeeds();
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

/// What a token account holds.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn balance(vm: &Vm, address: &Pubkey) -> u64 {
    let account = vm.account(address).expect("the account exists");
    assert_eq!(account.owner, PROGRAM);
    Account::unpack(&account.data).expect("a token account").amount
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
