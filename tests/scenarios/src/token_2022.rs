//! Mints with extensions and their accounts, of the real Token-2022 program, which the VM carries.

use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::instruction as token;

use crate::{token as plain, vm::Vm};

/// Token-2022.
pub const PROGRAM: Pubkey = firebreak_interface::state::TOKEN_2022;
/// Bytes of a mint or an account without extensions, and its kind.
const EXTENDED: usize = 166;
/// Bytes of a mint without extensions.
const MINT: usize = 82;
/// Bytes before an extension's value: its kind and length.
const HEADER: usize = 4;

/// An extension of a mint: the length of its value, and the data of the instruction that makes it.
#[derive(Clone, Debug)]
pub struct Extension {
    length: usize,
    data: Vec<u8>,
}

impl Extension {
    fn new(length: usize, parts: &[&[u8]]) -> Self {
        Self { length, data: parts.concat() }
    }

    /// What a transfer costs, in basis points.
    pub fn transfer_fee(bps: u16) -> Self {
        Self::new(108, &[&[26, 0, 0, 0], &bps.to_le_bytes(), &u64::MAX.to_le_bytes()])
    }

    /// Who may close the mint when there are no tokens.
    pub fn close_authority(key: &Pubkey) -> Self {
        Self::new(32, &[&[25, 1], key.as_ref()])
    }

    /// Who may move anybody's tokens.
    pub fn permanent_delegate(key: &Pubkey) -> Self {
        Self::new(32, &[&[35], key.as_ref()])
    }

    /// A program that each transfer calls.
    pub fn hook(program: &Pubkey) -> Self {
        Self::new(64, &[&[36, 0], &[0; 32], program.as_ref()])
    }

    /// Tokens that stay where they are.
    pub fn non_transferable() -> Self {
        Self::new(0, &[&[32]])
    }

    /// Balances that nobody sees.
    pub fn confidential(authority: &Pubkey) -> Self {
        Self::new(65, &[&[27, 0], authority.as_ref(), &[1], &[0; 32]])
    }

    /// Where a name and a picture are.
    pub fn metadata_pointer(address: &Pubkey) -> Self {
        Self::new(64, &[&[39, 0], &[0; 32], address.as_ref()])
    }
}

/// The same instruction to Token-2022.
pub fn to_2022(instruction: Instruction) -> Instruction {
    Instruction { program_id: PROGRAM, ..instruction }
}

/// Creates a mint with these extensions.
pub fn mint(vm: &mut Vm, authority: &Keypair, decimals: u8, extensions: &[Extension]) -> Pubkey {
    let mint = vm.key();
    let length = |extension: &Extension| HEADER + extension.length;
    let size = match extensions {
        [] => MINT,
        _ => EXTENDED + extensions.iter().map(length).sum::<usize>(),
    };
    let mut setup: Vec<Instruction> = extensions
        .iter()
        .map(|extension| Instruction {
            program_id: PROGRAM,
            accounts: vec![AccountMeta::new(mint.pubkey(), false)],
            data: extension.data.clone(),
        })
        .collect();
    let key = authority.pubkey();
    let initialize = token::initialize_mint2(&plain::PROGRAM, &mint.pubkey(), &key, None, decimals);
    setup.push(to_2022(initialize.expect("the token program's id is right")));
    create(vm, authority, &mint, size, setup)
}

/// Creates a token account of `owner`, as long as its mint's extensions want; an immutable owner is one of its own.
pub fn account(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: &Pubkey, has_fee: bool) -> Pubkey {
    let account = vm.key();
    let immutable_owner = Instruction {
        program_id: PROGRAM,
        accounts: vec![AccountMeta::new(account.pubkey(), false)],
        data: vec![22],
    };
    let initialize = token::initialize_account3(&plain::PROGRAM, &account.pubkey(), mint, owner);
    let setup = vec![immutable_owner, to_2022(initialize.expect("the token program's id is right"))];
    let size = EXTENDED + HEADER + if has_fee { HEADER + 8 } else { 0 };
    create(vm, payer, &account, size, setup)
}

/// Mints to a token account.
pub fn issue(vm: &mut Vm, authority: &Keypair, mint: &Pubkey, to: &Pubkey, amount: u64) {
    let issue = token::mint_to(&plain::PROGRAM, mint, to, &authority.pubkey(), &[], amount);
    vm.send(&[to_2022(issue.expect("the token program's id is right"))], &[authority]).succeeds();
}

/// Moves tokens; `owner` signs.
pub fn transfer(
    from: &Pubkey,
    mint: &Pubkey,
    to: &Pubkey,
    owner: &Pubkey,
    amount: u64,
    decimals: u8,
) -> Instruction {
    let transfer = token::transfer_checked(&plain::PROGRAM, from, mint, to, owner, &[], amount, decimals);
    to_2022(transfer.expect("the token program's id is right"))
}

/// What a token account holds.
///
/// # Panics
/// When it is none.
#[track_caller]
pub fn balance(vm: &Vm, address: &Pubkey) -> u64 {
    let account = vm.account(address).expect("the account exists");
    assert_eq!(account.owner, PROGRAM);
    u64::from_le_bytes(account.data[64..72].try_into().expect("eight bytes"))
}

fn create(vm: &mut Vm, payer: &Keypair, new: &Keypair, size: usize, setup: Vec<Instruction>) -> Pubkey {
    let rent = vm.rent(size);
    let mut instructions =
        vec![system::create_account(&payer.pubkey(), &new.pubkey(), rent, size as u64, &PROGRAM)];
    instructions.extend(setup);
    vm.send(&instructions, &[payer, new]).succeeds();
    new.pubkey()
}
