//! The way of every act that signs: built, simulated, shown in words, asked for, signed, sent, seen.
//!
//! Nothing is signed before it was simulated, and nothing is sent that was not shown. What is shown is what the
//! endpoint's simulation did to the accounts, read with this tool's own layouts: a lying endpoint can hide a change, but not
//! make the transaction another one; but for what a registration takes from the chain, which is shown: the decimals of amounts, the
//! feed of a price account. The words above the changes come from the act itself.

mod actor;
pub mod amend;
pub mod claims;
pub mod execute;
mod forward;
pub mod held;
pub mod latch;
mod ledger;
pub mod many;
pub mod members;
pub mod migrate;
pub mod named;
pub mod nonce;
pub mod pause;
pub mod payee;
pub mod propose;
pub mod register;
pub mod release;
pub mod send;
pub mod signed;
pub mod small;
pub mod together;
pub mod vote;

use firebreak_client::account::Account;
use serde::Serialize;
use solana_account_decoder_client_types::UiAccountEncoding;
use solana_client::rpc_config::{RpcSimulateTransactionAccountsConfig, RpcSimulateTransactionConfig};
use solana_commitment_config::CommitmentConfig;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_transaction::{Message, Transaction};
use solana_transaction_error::TransactionError;

use crate::{
    chain::{Node, Snapshot},
    config,
    console::{Console, Stop},
    content,
    describe::{Difference, differences},
    error::Error,
    explain,
};

pub use actor::Actor;
pub use forward::{forward, sign};

/// What is about to be done.
#[derive(Debug, Default)]
pub struct Plan {
    /// What it is, in a line.
    pub title: String,
    /// What whoever signs must have read: a proposal's content. Shown before the changes.
    pub content: Vec<String>,
    /// What does it.
    pub instructions: Vec<Instruction>,
    /// When it takes effect, when it ends, who may stop it, what it cannot do.
    pub says: Vec<String>,
    /// The durable nonce that it carries instead of a blockhash.
    pub nonce: Option<Pubkey>,
}

/// How an act goes out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Manner {
    /// Only shows.
    pub dry_run: bool,
    /// Prints the unsigned transaction instead of sending it.
    pub print: bool,
    /// Prints the signed transaction instead of sending it.
    pub sign_only: bool,
    /// Does not ask.
    pub yes: bool,
    /// Micro-lamports a compute unit beyond the base fee.
    pub priority_fee: u64,
}

impl Manner {
    /// Whether a transaction is the answer.
    fn prints(self) -> bool {
        self.print || self.sign_only
    }
}

/// All that an act goes through.
pub struct Desk<'a> {
    /// The endpoint.
    pub node: &'a Node,
    /// Its genesis hash.
    pub genesis: &'a str,
    /// Who acts.
    pub actor: &'a Actor,
    /// How.
    pub manner: Manner,
    /// Where it is shown.
    pub console: &'a mut Console,
    /// Whether somebody wants to stop.
    pub stop: Stop,
}

/// An act that is done, or shown.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What it is.
    pub act: String,
    /// Where.
    pub cluster: String,
    /// What the proposal that it is about does.
    pub content: Vec<String>,
    /// What it changes, as simulated.
    pub changes: Vec<Difference>,
    /// When it takes effect, when it ends, who may stop it.
    pub says: Vec<String>,
    /// Who signs.
    pub signers: Vec<String>,
    /// Compute units of the simulation.
    pub compute_units: Option<u64>,
    /// `simulated`, `printed`, `signed` or `landed`.
    pub outcome: &'static str,
    /// The transaction, where it was printed.
    pub transaction: Option<String>,
    /// Its signature, where it landed.
    pub signature: Option<String>,
    /// Its slot, where it landed.
    pub slot: Option<u64>,
    /// Milliseconds from the signature until it was seen confirmed.
    pub milliseconds: Option<u128>,
}

const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// The instructions of a plan, by whoever pays.
fn asked(plan: &Plan, payer: Pubkey, price: u64, units: u32) -> Vec<Instruction> {
    // it must come first
    let first = plan.nonce.map(|account| nonce::advance(account, payer));
    first.into_iter().chain(with_fee(plan.instructions.clone(), price, units)).collect()
}

/// With a price for compute units the transaction names how many it asks for, or it would pay for the most there are.
fn with_fee(instructions: Vec<Instruction>, price: u64, units: u32) -> Vec<Instruction> {
    const SET_COMPUTE_UNIT_LIMIT: u8 = 2;
    const SET_COMPUTE_UNIT_PRICE: u8 = 3;
    if price == 0 {
        return instructions;
    }
    let budget = |data| Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data };
    let limit = budget([&[SET_COMPUTE_UNIT_LIMIT], &units.to_le_bytes()[..]].concat());
    let price = budget([&[SET_COMPUTE_UNIT_PRICE], &price.to_le_bytes()[..]].concat());
    [vec![limit, price], instructions].concat()
}

/// What a transaction may take at most where it was not simulated yet.
const MOST_UNITS: u32 = 1_400_000;

/// Goes the whole way.
///
/// # Errors
/// [`Error`]: of each it is known whether something was sent.
pub async fn perform(desk: &mut Desk<'_>, snapshot: &Snapshot, plan: Plan) -> Result<(), Error> {
    let mut stop = desk.stop.clone();
    // nothing is sent in here, so that it may end anywhere
    let prepared = tokio::select! {
        prepared = prepare(desk, snapshot, &plan) => prepared?,
        () = stop.asked() => return Err(Error::Interrupted),
    };
    let (report, prepared) = prepared;
    let Some((transaction, until)) = prepared else {
        let text = report.transaction.clone().unwrap_or_default();
        return if desk.manner.prints() {
            desk.console.answer(&report, &text)
        } else {
            desk.console.answer(&report, DRY)
        };
    };
    finish(desk, report, &transaction, until, &mut stop).await
}

const DRY: &str = "dry run: nothing was signed or sent";

async fn finish(
    desk: &mut Desk<'_>,
    mut report: Report,
    transaction: &Transaction,
    until: send::Until,
    stop: &mut Stop,
) -> Result<(), Error> {
    // a device may have kept this from being heard
    if stop.is_asked() {
        return Err(Error::Interrupted);
    }
    let landed = send::send(desk.node, transaction, until, stop, desk.console).await?;
    report.outcome = "landed";
    report.signature = Some(landed.signature.to_string());
    report.slot = Some(landed.slot);
    report.milliseconds = Some(landed.took.as_millis());
    let text = format!(
        "done: confirmed in slot {} after {} ms, {} slots after its blockhash was read; signature {}",
        landed.slot,
        landed.took.as_millis(),
        landed.slot.saturating_sub(landed.asked_at),
        landed.signature
    );
    desk.console.answer(&report, &text)
}

type Signed = Option<(Transaction, send::Until)>;

async fn prepare(desk: &mut Desk<'_>, snapshot: &Snapshot, plan: &Plan) -> Result<(Report, Signed), Error> {
    let payer = desk.actor.address();
    let price = desk.manner.priority_fee;
    let unsigned = Transaction::new_with_payer(&asked(plan, payer, price, MOST_UNITS), Some(&payer));
    check_size(&unsigned)?;
    let simulated = simulate(desk.node, snapshot, &written(&plan.instructions), &unsigned).await;
    if matches!(simulated, Err(Error::Refused(_))) {
        // whoever is refused wants to know what was
        let lines = [&plan.content[..], &plan.says].concat();
        desk.console.tell(&format!("{}\n  {}", plan.title, lines.join("\n  ")))?;
    }
    let (changes, units) = simulated?;
    let mut report = Report::new(desk.genesis, plan, changes, units, &unsigned.message);
    // what is printed is read by a program, or by a wallet: the words go beside it
    let text = report.text(&payer);
    if desk.manner.prints() {
        desk.console.tell(&text)?
    } else {
        desk.console.say(&text)?
    }
    if desk.manner.dry_run {
        return Ok((report, None));
    }
    // a tenth more than it took: the accounts may move on a little
    let units = units.and_then(|units| u32::try_from(units + units / 10 + 1_000).ok()).unwrap_or(MOST_UNITS);
    let asked = asked(plan, payer, price, units.min(MOST_UNITS));
    let mut transaction = Transaction::new_with_payer(&asked, Some(&payer));
    if !desk.manner.print {
        check_here(desk)?;
        if !desk.manner.yes {
            let then = if desk.manner.sign_only { "print" } else { "send" };
            desk.console.ask(&format!("Sign as {} and {then}?", listed(desk.actor.signers()))).await?;
        }
    }
    let mut until = send::Until::ask(desk.node).await?;
    if let Some(account) = plan.nonce {
        until = send::Until {
            blockhash: nonce::read(desk.node, account, payer).await?,
            height: u64::MAX,
            ..until
        };
    }
    transaction.message.recent_blockhash = until.blockhash;
    if !desk.manner.print {
        desk.actor.sign(&mut transaction, until.blockhash)?;
        if !desk.manner.sign_only && !transaction.is_signed() {
            let missing = listed(&signed::missing(&transaction));
            return Err(Error::Sign(format!("{missing} signs too: sign elsewhere what --print gives")));
        }
    }
    if desk.manner.prints() {
        report.transaction = Some(signed::write(&transaction)?);
        report.outcome = if desk.manner.print { "printed" } else { "signed" };
        tell_missing(desk, &transaction)?;
        return Ok((report, None));
    }
    Ok((report, Some((transaction, until))))
}

/// Checks that whoever signs can do it here, where it is to be sent from here.
fn check_here(desk: &Desk<'_>) -> Result<(), Error> {
    let elsewhere = desk.actor.elsewhere();
    if elsewhere.is_empty() || desk.manner.sign_only && elsewhere.len() < desk.actor.signers().len() {
        return Ok(());
    }
    let other = if elsewhere.len() < desk.actor.signers().len() { "--sign-only, " } else { "" };
    Err(Error::usage(format!(
        "the key of {} is elsewhere: add {other}--print or --dry-run",
        listed(&elsewhere)
    )))
}

/// Says who still has to sign what is printed.
fn tell_missing(desk: &mut Desk<'_>, transaction: &Transaction) -> Result<(), Error> {
    let missing = signed::missing(transaction);
    let within = if signed::is_durable(transaction) { "while the nonce stands" } else { "within a minute" };
    match missing.is_empty() {
        true => desk.console.tell("signed by all: `firebreak-guardian send` sends it"),
        false => desk.console.tell(&format!(
            "still to be signed by {}, with `firebreak-guardian sign` or a wallet, {within}; then `firebreak-guardian send`",
            listed(&missing)
        )),
    }
}

fn listed(keys: &[Pubkey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What one transaction may hold.
const PACKET: u64 = 1_232;

fn size(transaction: &Transaction) -> Result<u64, Error> {
    wincode::serialized_size(transaction).map_err(|error| Error::Sign(error.to_string()))
}

/// Whether one transaction holds these, with a priority fee too.
fn fits(instructions: &[Instruction], payer: Pubkey) -> bool {
    let asked = with_fee(instructions.to_vec(), 1, MOST_UNITS);
    size(&Transaction::new_with_payer(&asked, Some(&payer))).is_ok_and(|size| size <= PACKET)
}

fn check_size(transaction: &Transaction) -> Result<(), Error> {
    let size = size(transaction)?;
    if size <= PACKET {
        return Ok(());
    }
    let remedy = match transaction.message.header.num_required_signatures {
        1 => "ask for less at a time, as for fewer rows or terms",
        _ => "let fewer sign in it; with --propose each signs alone",
    };
    Err(Error::usage(format!("{size} bytes, and one transaction has {PACKET}: {remedy}")))
}

/// The accounts that instructions may change, in their order: the subject first.
fn written(instructions: &[Instruction]) -> Vec<Pubkey> {
    let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
    let mut written: Vec<Pubkey> = Vec::new();
    for meta in metas.filter(|meta| meta.is_writable && !meta.is_signer) {
        if !written.contains(&meta.pubkey) {
            written.push(meta.pubkey);
        }
    }
    written
}

/// What a transaction would change now, and what it would take.
async fn simulate(
    node: &Node,
    snapshot: &Snapshot,
    written: &[Pubkey],
    transaction: &Transaction,
) -> Result<(Vec<Difference>, Option<u64>), Error> {
    let config = RpcSimulateTransactionConfig {
        sig_verify: false,
        replace_recent_blockhash: true,
        commitment: Some(CommitmentConfig::confirmed()),
        accounts: Some(RpcSimulateTransactionAccountsConfig {
            encoding: Some(UiAccountEncoding::Base64),
            addresses: written.iter().map(ToString::to_string).collect(),
        }),
        ..RpcSimulateTransactionConfig::default()
    };
    let simulated = node.client.simulate_transaction_with_config(transaction, config);
    let (before, simulated) = tokio::join!(node.accounts(written), simulated);
    let (before, simulated) = (before?, simulated.map_err(|error| node.failed(error))?.value);
    if let Some(error) = simulated.err {
        let error = TransactionError::from(error);
        return Err(Error::Refused(explain::refused(
            &error,
            &transaction.message.account_keys,
            &simulated.logs,
        )));
    }
    let after = simulated.accounts.unwrap_or_default();
    let mut changes = Vec::new();
    for (place, key) in written.iter().enumerate() {
        let before = before.get(place).and_then(Option::as_ref);
        let before = before.and_then(|account| Account::decode(&account.owner, &account.data).ok());
        let after = after.get(place).and_then(Option::as_ref);
        let after = after.and_then(|account| account.to_account());
        let after = after.and_then(|account| Account::decode(&account.owner, &account.data).ok());
        let name = content::account_name(key, after.as_ref().or(before.as_ref()), snapshot);
        changes.extend(differences(&name, before.as_ref(), after.as_ref(), snapshot.now));
    }
    Ok((changes, simulated.units_consumed))
}

impl Report {
    fn new(
        genesis: &str,
        plan: &Plan,
        changes: Vec<Difference>,
        compute_units: Option<u64>,
        message: &Message,
    ) -> Self {
        let signers = message.account_keys.iter().take(message.header.num_required_signatures.into());
        Self {
            act: plan.title.clone(),
            cluster: config::cluster(genesis).map_or_else(|| genesis.to_owned(), str::to_owned),
            content: plan.content.clone(),
            changes,
            says: plan.says.clone(),
            signers: signers.map(ToString::to_string).collect(),
            compute_units,
            outcome: "simulated",
            transaction: None,
            signature: None,
            slot: None,
            milliseconds: None,
        }
    }

    /// For whoever signs.
    fn text(&self, payer: &Pubkey) -> String {
        let mut lines = vec![self.act.clone(), format!("  cluster: {}", self.cluster)];
        lines.extend(self.content.iter().map(|line| format!("  {line}")));
        lines.push("  changes, as simulated:".to_owned());
        lines.extend(self.changes.iter().map(|change| format!("    {}", change.line())));
        if self.changes.is_empty() {
            lines.push("    nothing that this tool reads".to_owned());
        }
        lines.extend(self.says.iter().map(|line| format!("  {line}")));
        let payer = payer.to_string();
        let others: Vec<_> = self.signers.iter().filter(|signer| **signer != payer).cloned().collect();
        let others = if others.is_empty() { "nobody else".to_owned() } else { others.join(", ") };
        lines.push(format!("  signs and pays: {payer}; must sign too: {others}"));
        if let Some(units) = self.compute_units {
            lines.push(format!("  compute units: {units}"));
        }
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use solana_instruction::AccountMeta;

    use super::*;

    #[test]
    fn what_no_transaction_holds_is_said_before_it_is_sent() {
        let of = |signers: u8| {
            let signer = |byte| AccountMeta::new_readonly(Pubkey::new_from_array([byte; 32]), true);
            let accounts = (1..=signers).map(signer).collect();
            let one = Instruction { program_id: COMPUTE_BUDGET, accounts, data: vec![9] };
            Transaction::new_with_payer(&[one], Some(&Pubkey::new_from_array([1; 32])))
        };
        assert!(check_size(&of(11)).is_ok());
        assert!(matches!(check_size(&of(12)), Err(Error::Usage(text)) if text.contains("--propose")));
    }

    #[test]
    fn a_price_for_compute_units_names_how_many() {
        let one = Instruction { program_id: COMPUTE_BUDGET, accounts: Vec::new(), data: vec![9] };
        assert_eq!(with_fee(vec![one.clone()], 0, 5), vec![one.clone()]);
        let paid = with_fee(vec![one.clone()], 7, 300);
        assert_eq!(paid[0].data, [2, 44, 1, 0, 0]);
        assert_eq!(paid[1].data, [3, 7, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(paid[2], one);
    }
}
