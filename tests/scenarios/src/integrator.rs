//! A protected program as a test plays it: the probe, told what to do.

use firebreak_client::ProtocolAddresses;
use firebreak_interface::{Direction, Operation, instruction, pda};
use firebreak_probe::{Call, Depth, Guard, OWNER, Request};
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use crate::token;

/// A flow to be recorded.
#[derive(Clone, Copy, Debug)]
pub struct Flow {
    /// The market.
    pub market: Pubkey,
    /// Whether it is passed writable, so that it rises in the same transaction.
    pub market_may_rise: bool,
    /// The vault.
    pub vault: Pubkey,
    /// Which way.
    pub direction: Direction,
    /// As what.
    pub operation: Operation,
    /// How much.
    pub amount: u64,
}

/// One protected program: its PDAs and what it calls.
#[derive(Clone, Copy, Debug)]
pub struct Integrator {
    /// The program.
    pub program: Pubkey,
    /// Its recording PDA.
    pub recorder: Pubkey,
    recorder_bump: u8,
    /// The PDA that owns its vaults.
    pub owner: Pubkey,
    /// Its protocol and journal.
    pub addresses: ProtocolAddresses,
}

impl Integrator {
    /// The integrator at this program address.
    pub fn new(program: Pubkey) -> Self {
        let (recorder, recorder_bump) = pda::recorder(&program);
        let owner = Pubkey::find_program_address(&[OWNER], &program).0;
        Self { program, recorder, recorder_bump, owner, addresses: ProtocolAddresses::of_program(&program) }
    }

    /// One instruction of this program that makes these calls, signing for its PDAs where they have to sign.
    ///
    /// # Panics
    /// When there are more accounts than an instruction takes.
    pub fn performs(&self, calls: &[(Guard, Instruction)]) -> Instruction {
        let mut accounts: Vec<AccountMeta> = Vec::new();
        let mut place = |key: Pubkey, is_signer: bool, is_writable: bool| -> u8 {
            let is_signer = is_signer && key != self.recorder && key != self.owner;
            let found = accounts.iter().position(|account| account.pubkey == key).unwrap_or_else(|| {
                accounts.push(AccountMeta::new_readonly(key, false));
                accounts.len() - 1
            });
            accounts[found].is_signer |= is_signer;
            accounts[found].is_writable |= is_writable;
            u8::try_from(found).expect("fewer than 256 accounts")
        };
        let calls = calls
            .iter()
            .map(|(guard, call)| Call {
                guard: *guard,
                program: place(call.program_id, false, false),
                accounts: call
                    .accounts
                    .iter()
                    .map(|a| (place(a.pubkey, a.is_signer, a.is_writable), a.is_signer, a.is_writable))
                    .collect(),
                data: call.data.clone(),
            })
            .collect();
        self.request(&Request::Perform(calls), accounts)
    }

    /// One instruction that makes this one call.
    pub fn calls(&self, call: Instruction) -> Instruction {
        self.performs(&[(Guard::Always, call)])
    }

    /// The call that records a flow.
    pub fn flow(&self, flow: &Flow) -> Instruction {
        let market = AccountMeta { pubkey: flow.market, is_signer: false, is_writable: flow.market_may_rise };
        let protocol = self.addresses.protocol;
        instruction::record_flow(
            self.recorder,
            protocol,
            market,
            flow.vault,
            flow.direction,
            flow.operation,
            flow.amount,
        )
    }

    /// A payment as it should be: asked, then made if allowed; else it ends in success and pays nothing.
    pub fn pays(&self, asked: Instruction, vault: &Pubkey, to: &Pubkey, amount: u64) -> Instruction {
        let transfer = token::transfer(vault, to, &self.owner, amount);
        self.performs(&[(Guard::Always, asked), (Guard::IfAllowed, transfer)])
    }

    /// A transfer out of a vault that nobody was asked about.
    pub fn drains(&self, vault: &Pubkey, to: &Pubkey, amount: u64) -> Instruction {
        self.calls(token::transfer(vault, to, &self.owner, amount))
    }

    /// Asks the gate about `protocol` and `market`, expecting `expects`.
    pub fn asks(
        &self,
        expects: (Pubkey, Pubkey),
        brings: (Pubkey, Pubkey),
        operation: Operation,
        depth: Depth,
    ) -> Instruction {
        let request = Request::Gate {
            protocol: expects.0.to_bytes(),
            market: expects.1.to_bytes(),
            operation: operation.bit(),
            depth,
        };
        let accounts = [brings.0, brings.1].map(|key| AccountMeta::new_readonly(key, false));
        self.request(&request, accounts.into())
    }

    /// Records a flow by the interface's own call, as an integrator does.
    pub fn records(&self, flow: &Flow, depth: Depth) -> Instruction {
        let request = Request::Record {
            bump: self.recorder_bump,
            direction: flow.direction,
            operation: flow.operation.bit(),
            amount: flow.amount,
            depth,
        };
        let mut accounts = vec![AccountMeta::new_readonly(firebreak_interface::ID, false)];
        let of_call = self.flow(flow).accounts.into_iter();
        accounts.extend(of_call.map(|account| AccountMeta { is_signer: false, ..account }));
        self.request(&request, accounts)
    }

    /// A withdrawal by the interface's own calls: paid, held or denied. The accounts are those of [`Request::Withdraw`].
    pub fn withdraws(
        &self,
        accounts: Vec<AccountMeta>,
        operation: Operation,
        amount: u64,
        nonce: u64,
    ) -> Instruction {
        self.request(&Request::Withdraw { operation: operation.bit(), amount, nonce }, accounts)
    }

    fn request(&self, request: &Request, accounts: Vec<AccountMeta>) -> Instruction {
        let data = borsh::to_vec(request).expect("memory is there");
        Instruction { program_id: self.program, accounts, data }
    }
}
