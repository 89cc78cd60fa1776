//! Acts that anybody may do, and that change nothing in force.

use firebreak_client::instruction;
use solana_pubkey::Pubkey;

use super::{Plan, pause::Scope};
use crate::{chain::Snapshot, error::Error};

/// Tidies what is over, and tells the journal of the fall.
///
/// # Errors
/// [`Error::NotFound`].
pub fn step_down(snapshot: &Snapshot, scope: Scope) -> Result<Plan, Error> {
    let market = scope.map(|id| snapshot.market(id).map(|(key, _)| *key)).transpose()?;
    let name = scope.map_or_else(|| "what holds in all markets".to_owned(), |id| format!("market {id}"));
    let protocol = snapshot.addresses.protocol;
    Ok(Plan {
        title: format!("step down {name}"),
        instructions: vec![instruction::step_down(protocol, market, snapshot.segment())],
        says: vec!["changes no answer: the severity in force is the same with and without it".to_owned()],
        ..Plan::default()
    })
}

/// Creates the journal's next segment.
pub fn extend_journal(snapshot: &Snapshot, payer: Pubkey) -> Plan {
    let number = snapshot.journal.segments;
    Plan {
        title: format!("create journal segment {number}"),
        instructions: vec![instruction::extend_journal(payer, snapshot.addresses.protocol, number)],
        says: vec!["costs its rent, for ever; at most two may wait empty behind the current one".to_owned()],
        ..Plan::default()
    }
}
