//! The local VM: signatures are verified, the clock is set by hand, every transaction is a new one.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use firebreak_client::{
    account::Kind,
    decode,
    told::{Confirmed, Told, told},
};
use litesvm::LiteSVM;
use solana_account::Account;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_program::{clock::Clock, hash::Hash, slot_hashes::SlotHashes};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use solana_transaction::Transaction;

use crate::{calls, outcome::Outcome, programs};

/// The hash of a slot in this VM, which has no banks.
pub fn hash_of(slot: u64) -> [u8; 32] {
    solana_program::hash::hash(&slot.to_le_bytes()).to_bytes()
}

/// Slot and unix time at which every world begins.
pub const START: (u64, i64) = (1_000_000, 1_800_000_000);
/// What everybody has for fees and rent.
const LAMPORTS: u64 = 1_000_000_000_000;

/// A local VM.
pub struct Vm {
    svm: LiteSVM,
    keys: u64,
    /// Every transaction so far, as a node would give it.
    pub confirmed: Vec<Confirmed>,
}

/// VMs by the programs that they carry.
type Loaded = HashMap<Vec<(Pubkey, &'static str)>, LiteSVM>;

/// Checking and compiling a program takes longer than a whole scenario.
static LOADED: LazyLock<Mutex<Loaded>> = LazyLock::new(Mutex::default);

/// A VM with these programs, compiled at most once.
///
/// # Panics
/// When a program is missing or the VM does not take it.
fn loaded(wanted: &[(Pubkey, &'static str)]) -> LiteSVM {
    let mut known = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(svm) = known.get(wanted) {
        return svm.clone();
    }
    let mut svm = LiteSVM::new();
    for (address, name) in wanted {
        svm.add_program(*address, &programs::load(name)).expect("the VM takes the program");
    }
    known.insert(wanted.to_vec(), svm.clone());
    svm
}

impl Vm {
    /// A VM that carries these programs, by their addresses and the names of their files.
    pub fn with(programs: &[(Pubkey, &'static str)]) -> Self {
        let mut vm = Self { svm: loaded(programs), keys: 0, confirmed: Vec::new() };
        vm.set_clock(START.0, START.1);
        vm
    }

    /// A new key. The same in each run: what deriving an address costs depends on the keys in it.
    pub fn key(&mut self) -> Keypair {
        self.keys += 1;
        let mut secret = [1; 32];
        secret[..8].copy_from_slice(&self.keys.to_le_bytes());
        Keypair::new_from_array(secret)
    }

    /// A new key with lamports.
    pub fn person(&mut self) -> Keypair {
        let key = self.key();
        self.fund(&key.pubkey());
        key
    }

    /// Gives lamports for fees and rent.
    ///
    /// # Panics
    /// When the VM has none left.
    pub fn fund(&mut self, key: &Pubkey) {
        self.svm.airdrop(key, LAMPORTS).expect("the VM has lamports");
    }

    /// Sends one transaction; the first signer pays.
    ///
    /// # Panics
    /// When a signature is missing: a scenario about that leaves it out of the account metas.
    pub fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> Outcome {
        let payer = signers.first().expect("somebody pays").pubkey();
        let mut transaction = Transaction::new_with_payer(instructions, Some(&payer));
        transaction.sign(signers, self.svm.latest_blockhash());
        self.submit(transaction)
    }

    /// Submits a transaction that was signed before.
    ///
    /// # Panics
    /// Where the breaker called somebody that it should not, or moved a token.
    pub fn submit(&mut self, transaction: Transaction) -> Outcome {
        let tokens = calls::tokens(&transaction, |key| self.account(key));
        let outcome = Outcome(self.svm.send_transaction(transaction.clone()));
        let confirmed = outcome.confirmed(&transaction);
        calls::check(&transaction, &confirmed, &tokens, |key| self.account(key));
        self.confirmed.push(confirmed);
        // an equal transaction under the same blockhash would be refused as a copy
        self.svm.expire_blockhash();
        outcome
    }

    /// Everything that the breaker told of a protocol's journal so far.
    ///
    /// # Panics
    /// When the VM keeps no record of a transaction's calls.
    pub fn told(&self, protocol: &Pubkey) -> Vec<Told> {
        let of = |transaction| told(transaction, protocol).expect("the VM records every call");
        self.confirmed.iter().flat_map(of).collect()
    }

    /// The clock's slot and unix time.
    pub fn clock(&self) -> (u64, i64) {
        let clock: Clock = self.svm.get_sysvar();
        (clock.slot, clock.unix_timestamp)
    }

    /// Sets both clocks.
    pub fn set_clock(&mut self, slot: u64, unix: i64) {
        let mut clock: Clock = self.svm.get_sysvar();
        (clock.slot, clock.unix_timestamp) = (slot, unix);
        self.svm.set_sysvar(&clock);
    }

    /// SlotHashes knows the last 512 slots before this one, as a validator's does.
    pub fn remember_slots(&mut self) {
        let (slot, _) = self.clock();
        let known: Vec<_> =
            (slot.saturating_sub(512)..slot).map(|slot| (slot, hash_of(slot).into())).collect();
        self.svm.set_sysvar(&SlotHashes::new(&known));
    }

    /// Both clocks go on by so many seconds, in slots of 400 ms.
    pub fn advance(&mut self, seconds: u64) {
        let (slot, unix) = self.clock();
        self.set_clock(slot + (seconds * 5).div_ceil(2), unix + seconds.cast_signed());
    }

    /// Only slots go by.
    pub fn advance_slots(&mut self, slots: u64) {
        let (slot, unix) = self.clock();
        self.set_clock(slot + slots, unix);
    }

    /// Only the unix clock moves, back too.
    pub fn advance_unix(&mut self, seconds: i64) {
        let (slot, unix) = self.clock();
        self.set_clock(slot, unix + seconds);
    }

    /// An account as it is.
    pub fn account(&self, address: &Pubkey) -> Option<Account> {
        self.svm.get_account(address).filter(|account| account.lamports > 0)
    }

    /// Puts an account there, whatever a program would say to it.
    ///
    /// # Panics
    /// When the VM does not take it.
    pub fn put(&mut self, address: Pubkey, account: Account) {
        self.svm.set_account(address, account).expect("the VM takes the account");
    }

    /// Changes an account by hand.
    ///
    /// # Panics
    /// When there is none.
    pub fn edit(&mut self, address: &Pubkey, change: impl FnOnce(&mut Account)) {
        let mut account = self.account(address).expect("there is an account to edit");
        change(&mut account);
        self.put(*address, account);
    }

    /// An account of the breaker.
    ///
    /// # Panics
    /// When it is none of that kind.
    #[track_caller]
    pub fn read<T: Kind>(&self, address: &Pubkey) -> T {
        let account = self.account(address).expect("the account exists");
        decode(&account.owner, &account.data).expect("an account of the breaker")
    }

    /// The hash that a nonce account holds: a transaction signed with it waits for as long as the account does.
    ///
    /// # Panics
    /// When it is no nonce account.
    pub fn durable_nonce(&self, address: &Pubkey) -> Hash {
        // version, state and authority come first
        let account = self.account(address).expect("the nonce account exists");
        Hash::new_from_array(account.data[40..72].try_into().expect("32 bytes"))
    }

    /// Lamports that keep an account of this size alive.
    pub fn rent(&self, size: usize) -> u64 {
        self.svm.minimum_balance_for_rent_exemption(size)
    }
}
