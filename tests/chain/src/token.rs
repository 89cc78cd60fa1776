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
    new_mint(rpc, payer, decimals, None).await
}

/// The same, whose accounts `payer` may also freeze.
pub async fn create_freezable_mint(
    rpc: &RpcClient,
    payer: &Keypair,
    decimals: u8,
) -> Result<Pubkey, ChainError> {
    new_mint(rpc, payer, decimals, Some(&payer.pubkey())).await
}

async fn new_mint(
    rpc: &RpcClient,
    payer: &Keypair,
    decimals: u8,
    freezes: Option<&Pubkey>,
) -> Result<Pubkey, ChainError> {
    let (mint, id) = (Keypair::new(), spl_token_interface::id());
    let setup = token::initialize_mint2(&id, &mint.pubkey(), &payer.pubkey(), freezes, decimals);
    let space = Mint::LEN;
    let rent = rpc.get_minimum_balance_for_rent_exemption(space).await?;
    let allocate = allocate(&payer.pubkey(), &mint.pubkey(), rent, space);
    send(rpc, payer, &[&mint], &[allocate, built(setup)]).await?.ok()?;
    Ok(mint.pubkey())
}

/// Creates a token account of `owner` at a new address: a protocol's vault, or a user's purse.
pub async fn create_account(
    rpc: &RpcClient,
    payer: &Keypair,
    mint: &Pubkey,
    owner: &Pubkey,
) -> Result<Pubkey, ChainError> {
    let account = Keypair::new();
    let create = new_account(&payer.pubkey(), &account.pubkey(), rent(rpc).await?, mint, owner);
    send(rpc, payer, &[&account], &create).await?.ok()?;
    Ok(account.pubkey())
}

/// Creates a token account at this address, whose key must sign.
pub fn new_account(
    payer: &Pubkey,
    address: &Pubkey,
    rent: u64,
    mint: &Pubkey,
    owner: &Pubkey,
) -> [Instruction; 2] {
    let setup = token::initialize_account3(&spl_token_interface::id(), address, mint, owner);
    [allocate(payer, address, rent, Account::LEN), built(setup)]
}

/// What a token account must have in lamports.
pub async fn rent(rpc: &RpcClient) -> Result<u64, ChainError> {
    Ok(rpc.get_minimum_balance_for_rent_exemption(Account::LEN).await?)
}

/// Mints `amount` of the smallest unit to a token account; `payer` is the mint's authority.
pub async fn mint_to(
    rpc: &RpcClient,
    payer: &Keypair,
    mint: &Pubkey,
    to: &Pubkey,
    amount: u64,
) -> Result<(), ChainError> {
    send(rpc, payer, &[], &[mint_by(&payer.pubkey(), mint, to, amount)]).await?.ok().map(drop)
}

/// Mints to a token account; `authority` is the mint's.
pub fn mint_by(authority: &Pubkey, mint: &Pubkey, to: &Pubkey, amount: u64) -> Instruction {
    built(token::mint_to(&spl_token_interface::id(), mint, to, authority, &[], amount))
}

/// The mint's authority freezes a token account.
pub fn freeze(authority: &Pubkey, mint: &Pubkey, address: &Pubkey) -> Instruction {
    built(token::freeze_account(&spl_token_interface::id(), address, mint, authority, &[]))
}

/// The mint's authority thaws it.
pub fn thaw(authority: &Pubkey, mint: &Pubkey, address: &Pubkey) -> Instruction {
    built(token::thaw_account(&spl_token_interface::id(), address, mint, authority, &[]))
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

/// How much of a mint there is.
pub async fn supply(rpc: &RpcClient, address: &Pubkey) -> Result<u64, ChainError> {
    let problem = |problem| ChainError::Account { address: *address, problem };
    let account = account(rpc, address).await?.ok_or(problem("does not exist"))?;
    if account.owner != spl_token_interface::id() {
        return Err(problem("is not the token program's"));
    }
    Mint::unpack(&account.data).map(|mint| mint.supply).map_err(|_| problem("is no mint"))
}

fn allocate(payer: &Pubkey, new: &Pubkey, rent: u64, space: usize) -> Instruction {
    system::create_account(payer, new, rent, space as u64, &spl_token_interface::id())
}

/// The builders check nothing but the program id, and that is the token program's own.
fn built<E: std::fmt::Debug>(instruction: Result<Instruction, E>) -> Instruction {
    instruction.expect("the token program's id is right")
}
