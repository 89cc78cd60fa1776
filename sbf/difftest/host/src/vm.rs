//! The program in the VM.
use anyhow::{Context, Result, bail};
use litesvm::LiteSVM;
use litesvm::types::{FailedTransactionMetadata, TransactionMetadata};
use sbf_difftest_program::Request;
use solana_account::Account;
use solana_compute_budget::compute_budget::ComputeBudget;
use solana_instruction::{AccountMeta, Instruction};
use solana_message::Message;
use solana_pubkey::Pubkey;
use solana_transaction::Transaction;
use std::path::Path;

/// More than a transaction on chain gets, so that one holds many inputs; an endless loop still ends.
const COMPUTE_UNITS: u64 = 200_000_000;
/// What a transaction on chain gets without asking.
const CHAIN_COMPUTE_UNITS: u64 = 1_400_000;

/// How a transaction ended.
pub(crate) type Outcome = std::result::Result<TransactionMetadata, Box<FailedTransactionMetadata>>;

pub(crate) struct Vm {
    svm: LiteSVM,
    program: Pubkey,
    payer: Pubkey,
}

impl Vm {
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let program = Pubkey::new_unique();
        let payer = Pubkey::new_unique();
        let mut svm = LiteSVM::new()
            .with_sigverify(false)
            .with_blockhash_check(false)
            .with_transaction_history(0)
            .with_compute_budget(budget(COMPUTE_UNITS));
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        if let Err(error) = svm.add_program(program, &bytes) {
            bail!("the VM does not load {}: {error:?}", path.display());
        }
        if let Err(failed) = svm.airdrop(&payer, 1_000_000_000_000) {
            bail!("the VM gives no lamports: {:?}", failed.err);
        }
        Ok(Self { svm, program, payer })
    }

    /// From here on a transaction has what it has on chain.
    pub(crate) fn limit_as_on_chain(&mut self) {
        let svm = std::mem::take(&mut self.svm);
        self.svm = svm.with_compute_budget(budget(CHAIN_COMPUTE_UNITS));
    }

    /// An account of the program with these bytes.
    pub(crate) fn account(&mut self, data: &[u8]) -> Result<Pubkey> {
        let key = Pubkey::new_unique();
        let account =
            Account { lamports: 10_000_000, data: data.to_vec(), owner: self.program, ..Account::default() };
        self.svm.set_account(key, account).map_err(|e| anyhow::anyhow!("cannot set an account: {e:?}"))?;
        Ok(key)
    }

    pub(crate) fn data(&self, key: &Pubkey) -> Option<Vec<u8>> {
        Some(self.svm.get_account(key)?.data)
    }

    pub(crate) fn send(&mut self, request: Request, account: Option<Pubkey>) -> Outcome {
        let accounts = account.map(|key| AccountMeta::new(key, false)).into_iter().collect();
        self.send_instruction(request.pack(), accounts)
    }

    /// Sends an instruction without accounts.
    pub(crate) fn send_raw(&mut self, data: &[u8]) -> Outcome {
        self.send_instruction(data.to_vec(), Vec::new())
    }

    fn send_instruction(&mut self, data: Vec<u8>, accounts: Vec<AccountMeta>) -> Outcome {
        let instruction = Instruction { program_id: self.program, accounts, data };
        let message =
            Message::new_with_blockhash(&[instruction], Some(&self.payer), &self.svm.latest_blockhash());
        // signatures are not checked, and making them would take most of the time
        let result = self.svm.send_transaction(Transaction::new_unsigned(message));
        // a repeated request is the same transaction, which would be refused under the same blockhash
        self.svm.expire_blockhash();
        result.map_err(Box::new)
    }
}

fn budget(units: u64) -> ComputeBudget {
    ComputeBudget { compute_unit_limit: units, ..ComputeBudget::new_with_defaults(false) }
}
