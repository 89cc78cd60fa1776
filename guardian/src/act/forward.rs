//! What was printed here or elsewhere: signed by one more, or sent. It is simulated and shown again each time.

use std::collections::HashSet;

use firebreak_client::account::Account;
use firebreak_interface::state::Proposal;
use solana_commitment_config::CommitmentConfig;
use solana_pubkey::Pubkey;
use solana_transaction::Transaction;

use super::{DRY, Desk, Plan, Report, finish, listed, send, signed, simulate, tell_missing};
use crate::{chain::Snapshot, content, error::Error};

/// Goes the rest of the way with what was signed elsewhere: one transaction, or several copies of it with a part of the
/// signatures each.
///
/// # Errors
/// As [`super::perform`].
pub async fn forward(desk: &mut Desk<'_>, snapshot: &Snapshot, texts: &[String]) -> Result<(), Error> {
    let transaction = signed::merge(texts)?;
    let missing = signed::missing(&transaction);
    if !missing.is_empty() {
        return Err(Error::usage(format!("still to be signed by {}", listed(&missing))));
    }
    let mut stop = desk.stop.clone();
    let ready = async {
        let report = show(desk, snapshot, &transaction, "send what was signed").await?;
        if desk.manner.dry_run {
            return Ok((report, None));
        }
        if !desk.manner.yes {
            desk.console.ask("Send?").await?;
        }
        let newest = send::Until::ask(desk.node).await?;
        // its own blockhash is at most as new; a durable nonce never grows old
        let height = if signed::is_durable(&transaction) { u64::MAX } else { newest.height };
        let blockhash = transaction.message.recent_blockhash;
        Ok::<_, Error>((report, Some(send::Until { blockhash, height, ..newest })))
    };
    let (report, until) = tokio::select! {
        ready = ready => ready?,
        () = stop.asked() => return Err(Error::Interrupted),
    };
    match until {
        Some(until) => finish(desk, report, &transaction, until, &mut stop).await,
        None => desk.console.answer(&report, DRY),
    }
}

/// Adds the signatures of the keys that are here, and prints it again.
///
/// # Errors
/// [`Error::Usage`] where it calls other programs, [`Error::WrongKey`] where none of the keys is asked for, and as [`super::perform`].
pub async fn sign(desk: &mut Desk<'_>, snapshot: &Snapshot, texts: &[String]) -> Result<(), Error> {
    let mut transaction = signed::merge(texts)?;
    signed::check_company(&transaction)?;
    let missing = signed::missing(&transaction);
    let key = desk.actor.address();
    if !desk.actor.signers().iter().any(|signer| missing.contains(signer)) {
        let remedy = match missing.is_empty() {
            true => "all have signed: `send` sends it".to_owned(),
            false => format!("still to be signed by {}", listed(&missing)),
        };
        return Err(Error::WrongKey { key, role: "a missing signer of this transaction", remedy });
    }
    let mut stop = desk.stop.clone();
    let shown = async {
        let report = show(desk, snapshot, &transaction, "sign what was printed elsewhere").await?;
        if !desk.manner.dry_run && !desk.manner.yes {
            desk.console.ask(&format!("Sign as {}?", listed(desk.actor.signers()))).await?;
        }
        Ok::<_, Error>(report)
    };
    let mut report = tokio::select! {
        shown = shown => shown?,
        () = stop.asked() => return Err(Error::Interrupted),
    };
    if desk.manner.dry_run {
        return desk.console.answer(&report, DRY);
    }
    let blockhash = transaction.message.recent_blockhash;
    desk.actor.sign(&mut transaction, blockhash)?;
    tell_missing(desk, &transaction)?;
    let text = signed::write(&transaction)?;
    (report.outcome, report.transaction) = ("signed", Some(text.clone()));
    desk.console.answer(&report, &text)
}

/// Simulates it, and says what it changes; of a proposal in it also the content.
async fn show(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    transaction: &Transaction,
    title: &str,
) -> Result<Report, Error> {
    let message = &transaction.message;
    let written = message.account_keys.iter().enumerate().filter(|(place, _)| {
        message.is_maybe_writable_with_reserved_addresses(*place, None::<&HashSet<Pubkey>>)
            && !message.is_signer(*place)
    });
    let written: Vec<Pubkey> = written.map(|(_, key)| *key).collect();
    let fresh = desk.node.client.is_blockhash_valid(&message.recent_blockhash, CommitmentConfig::confirmed());
    let (fresh, simulated, accounts) = tokio::join!(
        fresh,
        simulate(desk.node, snapshot, &written, transaction),
        desk.node.accounts(&written)
    );
    // a node that cannot tell is no reason: what is too old does not land, and that is said then
    if !signed::is_durable(transaction) && matches!(fresh, Ok(false)) {
        return Err(Error::usage(
            "nothing was sent: it is too old to land; print it anew and sign within a minute",
        ));
    }
    let (changes, units) = simulated?;
    let called = message.instructions.iter().enumerate();
    let called = called.filter_map(|(place, _)| message.program_id(place)).map(ToString::to_string);
    let called = format!("signed elsewhere; it calls {}", called.collect::<Vec<_>>().join(", "));
    let mut plan = Plan { title: title.to_owned(), says: vec![called], ..Plan::default() };
    for account in accounts?.into_iter().flatten() {
        if let Ok(Account::Proposal(proposal)) = Account::decode(&account.owner, &account.data) {
            plan.content.extend(of_proposal(&proposal, snapshot));
        }
    }
    let report = Report::new(desk.genesis, &plan, changes, units, message);
    let text = report.text(&message.account_keys[0]);
    if transaction.is_signed() {
        desk.console.say(&text)?
    } else {
        desk.console.tell(&text)?
    }
    Ok(report)
}

fn of_proposal(proposal: &Proposal, snapshot: &Snapshot) -> Vec<String> {
    let name = content::proposal_name(proposal, snapshot);
    let first = format!("proposal {name}: {}", content::standing(proposal, snapshot));
    std::iter::once(first).chain(content::lines(proposal, snapshot)).collect()
}
