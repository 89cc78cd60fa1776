//! Mints with extensions and their accounts, of the real Token-2022 program, which the VM carries.

use solana_account::Account;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::{instruction as system, program as system_program};
use spl_token_interface::instruction as token;

pub use crate::token::balance;
use crate::{token as plain, vm::Vm};

/// Token-2022.
pub const PROGRAM: Pubkey = firebreak_interface::state::TOKEN_2022;
/// Bytes of a mint or an account without extensions, and its kind.
const EXTENDED: usize = 166;
/// Bytes of a mint without extensions.
const MINT: usize = 82;
/// Bytes before an extension's value: its kind and length.
const HEADER: usize = 4;

/// A point of the curve, which is a key to hide balances under: its base point.
const POINT: [u8; 32] = [
    0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9, 0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58,
    0xe3, 0x0b, 0x6a, 0xa5, 0x82, 0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76,
];

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

    /// What a transfer costs, in basis points. Nobody can change it.
    pub fn transfer_fee(bps: u16) -> Self {
        Self::new(108, &[&[26, 0, 0, 0], &bps.to_le_bytes(), &u64::MAX.to_le_bytes()])
    }

    /// Accounts are born frozen.
    pub fn born_frozen() -> Self {
        Self::new(1, &[&[28, 0, 2]])
    }

    /// What is shown grows, in basis points a year.
    pub fn interest(authority: &Pubkey, bps: i16) -> Self {
        Self::new(52, &[&[33, 0], authority.as_ref(), &bps.to_le_bytes()])
    }

    /// What is shown is so many times what is held.
    pub fn scaled(authority: &Pubkey, times: f64) -> Self {
        Self::new(56, &[&[43, 0], authority.as_ref(), &times.to_le_bytes()])
    }

    /// Who may stop all transfers.
    pub fn pausable(authority: &Pubkey) -> Self {
        Self::new(33, &[&[44, 0], authority.as_ref()])
    }

    /// Who signs what is burnt, beside its owner.
    pub fn permissioned_burn(authority: &Pubkey) -> Self {
        Self::new(32, &[&[46, 0], authority.as_ref()])
    }

    /// Who may close the mint when there are no tokens.
    pub fn close_authority(key: &Pubkey) -> Self {
        Self::new(32, &[&[25, 1], key.as_ref()])
    }

    /// Who may move anybody's tokens.
    pub fn permanent_delegate(key: &Pubkey) -> Self {
        Self::new(32, &[&[35], key.as_ref()])
    }

    /// A program that each transfer calls, none where it is the default key, and who may change it.
    pub fn hook(authority: &Pubkey, program: &Pubkey) -> Self {
        Self::new(64, &[&[36, 0], authority.as_ref(), program.as_ref()])
    }

    /// Tokens that stay where they are.
    pub fn non_transferable() -> Self {
        Self::new(0, &[&[32]])
    }

    /// Balances that nobody sees.
    pub fn confidential(authority: &Pubkey) -> Self {
        Self::new(65, &[&[27, 0], authority.as_ref(), &[1], &[0; 32]])
    }

    /// Fees on what nobody sees; it wants a fee and confidential transfers.
    pub fn confidential_fee(authority: &Pubkey) -> Self {
        Self::new(129, &[&[37, 0], authority.as_ref(), &POINT])
    }

    /// A supply that nobody sees; it wants confidential transfers.
    pub fn confidential_mint_burn() -> Self {
        Self::new(196, &[&[42, 0], &POINT, &[0; 36]])
    }

    /// Where a name and a picture are.
    pub fn metadata_pointer(address: &Pubkey) -> Self {
        Self::new(64, &[&[39, 0], &[0; 32], address.as_ref()])
    }

    /// Where a group is.
    pub fn group_pointer(address: &Pubkey) -> Self {
        Self::new(64, &[&[40, 0], &[0; 32], address.as_ref()])
    }

    /// Where a membership is.
    pub fn member_pointer(address: &Pubkey) -> Self {
        Self::new(64, &[&[41, 0], &[0; 32], address.as_ref()])
    }
}

/// Extensions that an account's owner adds, by their numbers.
pub mod later {
    /// A balance that nobody sees.
    pub const CONFIDENTIAL: u16 = 5;
    /// A memo before what comes in.
    pub const MEMO: u16 = 8;
    /// No program moves it by the owner's signature.
    pub const CPI_GUARD: u16 = 11;
    /// Fees on what nobody sees.
    pub const CONFIDENTIAL_FEE: u16 = 17;
}

/// The same instruction to Token-2022.
pub fn to_2022(instruction: Instruction) -> Instruction {
    Instruction { program_id: PROGRAM, ..instruction }
}

/// Creates a mint with these extensions; `authority` also freezes.
pub fn mint(vm: &mut Vm, authority: &Keypair, decimals: u8, extensions: &[Extension]) -> Pubkey {
    let mint = vm.key();
    mint_at(vm, authority, &mint, decimals, extensions)
}

/// Creates a mint with these extensions at the address of this key.
pub fn mint_at(
    vm: &mut Vm,
    authority: &Keypair,
    mint: &Keypair,
    decimals: u8,
    extensions: &[Extension],
) -> Pubkey {
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
    let initialize = token::initialize_mint2(&plain::PROGRAM, &mint.pubkey(), &key, Some(&key), decimals);
    setup.push(to_2022(initialize.expect("the token program's id is right")));
    create(vm, authority, mint, size, setup)
}

/// The mint of this program's wrapped SOL, which anybody creates once.
pub fn native_mint(vm: &mut Vm) -> Pubkey {
    const NATIVE: Pubkey = Pubkey::from_str_const("9pan9bMn5HatX4EJdBwg9VgCa7Uz5HL8N1m5D3NdXejP");
    let payer = vm.person();
    let mut create = own(vec![31], &[(&payer.pubkey(), true), (&NATIVE, true)], &[]);
    create.accounts[0].is_signer = true;
    create.accounts.push(AccountMeta::new_readonly(system_program::ID, false));
    vm.send(&[create], &[&payer]).succeeds();
    NATIVE
}

/// Creates a token account of `owner`, as long as its mint's extensions want; an immutable owner is one of its own.
pub fn account(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: &Pubkey) -> Pubkey {
    account_of(vm, payer, mint, |_| *owner)
}

/// Creates a token account whose owner follows from its address.
pub fn account_of(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, owner: impl Fn(&Pubkey) -> Pubkey) -> Pubkey {
    let account = vm.key();
    let immutable_owner = own(vec![22], &[(&account.pubkey(), true)], &[]);
    let owner = owner(&account.pubkey());
    let initialize = token::initialize_account3(&plain::PROGRAM, &account.pubkey(), mint, &owner);
    let setup = vec![immutable_owner, to_2022(initialize.expect("the token program's id is right"))];
    // the token program says how long, an immutable owner (7) included
    let asked = vm.send(&[own(vec![21, 7, 0], &[(mint, false)], &[])], &[payer]).succeeds();
    let size = u64::from_le_bytes(asked.returned().try_into().expect("a length"));
    create(vm, payer, &account, size as usize, setup)
}

/// An instruction of Token-2022, by its data, its accounts and whether it writes them, and who signs.
pub fn own(data: Vec<u8>, accounts: &[(&Pubkey, bool)], signers: &[&Pubkey]) -> Instruction {
    let accounts = accounts.iter().map(|(key, is_writable)| AccountMeta {
        pubkey: **key,
        is_signer: false,
        is_writable: *is_writable,
    });
    let signers = signers.iter().map(|key| AccountMeta::new_readonly(**key, true));
    Instruction { program_id: PROGRAM, accounts: accounts.chain(signers).collect(), data }
}

/// Makes room for extensions that are added later; `owner` signs, `payer` pays.
pub fn make_room(account: &Pubkey, extensions: &[u16], owner: &Pubkey, payer: &Pubkey) -> Instruction {
    let mut data = vec![29];
    data.extend(extensions.iter().flat_map(|number| number.to_le_bytes()));
    let mut instruction =
        own(data, &[(account, true), (payer, true), (&system_program::ID, false)], &[owner]);
    instruction.accounts[1].is_signer = true;
    instruction
}

/// Wants memos from now on, or no longer; `owner` signs.
pub fn require_memos(account: &Pubkey, on: bool, owner: &Pubkey) -> Instruction {
    own(vec![30, u8::from(!on)], &[(account, true)], &[owner])
}

/// Wants no calls from now on, or no longer; `owner` signs.
pub fn guard_calls(account: &Pubkey, on: bool, owner: &Pubkey) -> Instruction {
    own(vec![34, u8::from(!on)], &[(account, true)], &[owner])
}

/// Freezes an account, or thaws it; `authority` freezes for its mint.
pub fn freeze(account: &Pubkey, mint: &Pubkey, on: bool, authority: &Pubkey) -> Instruction {
    own(vec![if on { 10 } else { 11 }], &[(account, true), (mint, false)], &[authority])
}

/// Stops all transfers of a mint, or lets them go on; `authority` signs.
pub fn pause(mint: &Pubkey, on: bool, authority: &Pubkey) -> Instruction {
    own(vec![44, if on { 1 } else { 2 }], &[(mint, true)], &[authority])
}

/// Has an account hold what nobody sees, under a key that a proof account vouches for; `owner` signs.
pub fn configure_confidential(
    account: &Pubkey,
    mint: &Pubkey,
    proof: &Pubkey,
    owner: &Pubkey,
) -> Instruction {
    let data = [&[27, 2], &[0; 36][..], &100u64.to_le_bytes(), &[0]].concat();
    own(data, &[(account, true), (mint, false), (proof, false)], &[owner])
}

/// A proof account as the chain's proof program leaves it: of a key that is one.
pub fn proof_of_key(vm: &mut Vm) -> Pubkey {
    const PROOFS: Pubkey = Pubkey::from_str_const("ZkE1Gama1Proof11111111111111111111111111111");
    const OF_A_KEY: u8 = 4;
    let address = vm.key().pubkey();
    let data = [&[0; 32][..], &[OF_A_KEY], &POINT].concat();
    let lamports = vm.rent(data.len());
    vm.put(address, Account { lamports, data, owner: PROOFS, executable: false, rent_epoch: 0 });
    address
}

/// Puts a part of an account's balance where nobody sees it; `owner` signs.
pub fn hide(account: &Pubkey, mint: &Pubkey, owner: &Pubkey, amount: u64, decimals: u8) -> Instruction {
    let data = [&[27, 5][..], &amount.to_le_bytes(), &[decimals]].concat();
    own(data, &[(account, true), (mint, false)], &[owner])
}

/// Names a mint in its own account; `authority` signs.
pub fn name(mint: &Pubkey, authority: &Pubkey) -> Instruction {
    let mut data = discriminator("spl_token_metadata_interface:initialize_account");
    for text in ["Example", "EX", ""] {
        data.extend(u32::try_from(text.len()).expect("short").to_le_bytes());
        data.extend(text.as_bytes());
    }
    own(data, &[(mint, true), (authority, false), (mint, false)], &[authority])
}

/// Makes a mint a group in its own account; `authority` signs.
pub fn group(mint: &Pubkey, authority: &Pubkey) -> Instruction {
    let mut data = discriminator("spl_token_group_interface:initialize_token_group");
    data.extend(authority.as_ref());
    data.extend(5u64.to_le_bytes());
    own(data, &[(mint, true), (mint, false)], &[authority])
}

/// Makes a mint a member of a group in its own account; `authority` signs for both.
pub fn join(mint: &Pubkey, group: &Pubkey, authority: &Pubkey) -> Instruction {
    let data = discriminator("spl_token_group_interface:initialize_member");
    let mut join = own(data, &[(mint, true), (mint, false)], &[authority]);
    join.accounts.extend([AccountMeta::new(*group, false), AccountMeta::new_readonly(*authority, true)]);
    join
}

fn discriminator(name: &str) -> Vec<u8> {
    solana_program::hash::hash(name.as_bytes()).to_bytes()[..8].to_vec()
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

/// The extensions that a mint or an account has: their numbers and values.
fn extensions(vm: &Vm, address: &Pubkey) -> Vec<(u16, Vec<u8>)> {
    let data = vm.account(address).expect("the account exists").data;
    let (mut rest, mut found) = (data.get(EXTENDED..).unwrap_or_default(), Vec::new());
    let short = |bytes: &[u8]| u16::from_le_bytes(bytes.try_into().expect("two bytes"));
    while rest.len() >= HEADER && short(&rest[..2]) != 0 {
        let end = HEADER + usize::from(short(&rest[2..HEADER]));
        found.push((short(&rest[..2]), rest[HEADER..end].to_vec()));
        rest = &rest[end..];
    }
    found
}

/// Numbers of the extensions that a mint or an account has.
///
/// # Panics
/// When it is none.
pub fn numbers(vm: &Vm, address: &Pubkey) -> Vec<u16> {
    extensions(vm, address).into_iter().map(|(number, _)| number).collect()
}

/// What lies beside an account's balance of the fees that were taken from what came.
///
/// # Panics
/// When it is no account of a mint that takes fees.
pub fn withheld(vm: &Vm, account: &Pubkey) -> u64 {
    const WITHHELD: u16 = 2;
    let mut all = extensions(vm, account).into_iter();
    let (_, value) = all.find(|(number, _)| *number == WITHHELD).expect("it withholds fees");
    u64::from_le_bytes(value.try_into().expect("eight bytes"))
}

/// What so many units are shown as.
pub fn shown(vm: &mut Vm, payer: &Keypair, mint: &Pubkey, amount: u64) -> String {
    let ask = own([&[23][..], &amount.to_le_bytes()].concat(), &[(mint, false)], &[]);
    let told = vm.send(&[ask], &[payer]).succeeds();
    String::from_utf8(told.returned().to_vec()).expect("a number")
}

fn create(vm: &mut Vm, payer: &Keypair, new: &Keypair, size: usize, setup: Vec<Instruction>) -> Pubkey {
    let rent = vm.rent(size);
    let mut instructions =
        vec![system::create_account(&payer.pubkey(), &new.pubkey(), rent, size as u64, &PROGRAM)];
    instructions.extend(setup);
    vm.send(&instructions, &[payer, new]).succeeds();
    new.pubkey()
}
