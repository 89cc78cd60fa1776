//! Mints and token accounts of the real SPL Token program, which every chain here has from its start.

use solana_client::nonblocking::rpc_client::RpcClient;
use solana_instruction::{AccountMeta, Instruction};
use solana_keypair::Keypair;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_system_interface::instruction as system;
use spl_token_interface::{
    instruction as token,
    state::{Account, Mint},
};

use crate::{ChainError, account, send::send};

/// Creates a mint whose authority is `payer`.
pub async fn create_mint(rpc: &RpcClient, payer: &Keypair, decimals: u8) -> Result<Pubkey, ChainError> {
    let mint = Keypair::new();
    let address = mint.pubkey();
    let authority = payer.pubkey();
    let setup = token::initialize_mint2(&spl_token_interface::id(), &address, &authority, None, decimals);
    create(rpc, payer, &mint, Mint::LEN, built(setup)).await
}

/// Creates a token account of `owner` at a new address: a protocol's vault, or a user's purse.
pub async fn create_account(
    rpc: &RpcClient,
    payer: &Keypair,
    mint: &Pubkey,
    owner: &Pubkey,
) -> Result<Pubkey, ChainError> {
    let account = Keypair::new();
    let address = account.pubkey();
    let setup = token::initialize_account3(&spl_token_interface::id(), &address, mint, owner);
    create(rpc, payer, &account, Account::LEN, built(setup)).await
}

/// Mints `amount` of the smallest unit to a token account; `payer` is the mint's authority.
pub async fn mint_to(
    rpc: &RpcClient,
    payer: &Keypair,
    mint: &Pubkey,
    to: &Pubkey,
    amount: u64,
) -> Result<(), ChainError> {
    let authority = payer.pubkey();
    let id = spl_token_interface::id();
    let instruction = built(token::mint_to(&id, mint, to, &authority, &[], amount));
    send(rpc, payer, &[], &[instruction]).await?.ok().map(drop)
}

/// Moves `amount` between token accounts; `owner` owns the first.
pub fn transfer(from: &Pubkey, to: &Pubkey, owner: &Pubkey, amount: u64) -> Instruction {
    built(token::transfer(&spl_token_interface::id(), from, to, owner, &[], amount))
}

/// Hands a token account over to another owner.
pub fn give(address: &Pubkey, owner: &Pubkey, to: &Pubkey) -> Instruction {
    let kind = token::AuthorityType::AccountOwner;
    built(token::set_authority(&spl_token_interface::id(), address, Some(to), kind, owner, &[]))
}

/// Creates accounts at the addresses of [`associated`].
const ASSOCIATED: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// The associated account of an owner.
pub fn associated(owner: &Pubkey, mint: &Pubkey) -> Pubkey {
    let token = spl_token_interface::id();
    Pubkey::find_program_address(&[owner.as_ref(), token.as_ref(), mint.as_ref()], &ASSOCIATED).0
}

/// Opens it.
pub fn open_associated(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> Instruction {
    let read = |key| AccountMeta::new_readonly(key, false);
    let accounts = vec![
        AccountMeta::new(*payer, true),
        AccountMeta::new(associated(owner, mint), false),
        read(*owner),
        read(*mint),
        read(Pubkey::default()),
        read(spl_token_interface::id()),
    ];
    Instruction { program_id: ASSOCIATED, accounts, data: Vec::new() }
}

/// How much a token account holds.
pub async fn balance(rpc: &RpcClient, address: &Pubkey) -> Result<u64, ChainError> {
    let problem = |problem| ChainError::Account { address: *address, problem };
    let account = account(rpc, address).await?.ok_or(problem("does not exist"))?;
    if account.owner != spl_token_interface::id() {
        return Err(problem("is not the token program's"));
    }
    let token = Account::unpack(&account.data).map_err(|_| problem("is no token account"))?;
    Ok(token.amount)
}

async fn create(
    rpc: &RpcClient,
    payer: &Keypair,
    new: &Keypair,
    size: usize,
    setup: Instruction,
) -> Result<Pubkey, ChainError> {
    let rent = rpc.get_minimum_balance_for_rent_exemption(size).await?;
    let owner = spl_token_interface::id();
    let space = size as u64;
    let allocate = system::create_account(&payer.pubkey(), &new.pubkey(), rent, space, &owner);
    send(rpc, payer, &[new], &[allocate, setup]).await?.ok()?;
    Ok(new.pubkey())
}

/// The builders check nothing but the program id, and that is the token program's own.
fn built<E: std::fmt::Debug>(instruction: Result<Instruction, E>) -> Instruction {
    instruction.expect("the token program's id is right")
}
