//! Acts that anybody may do, and that change nothing in force.

use firebreak_client::instruction;
use solana_pubkey::Pubkey;

use super::{Plan, fits, pause::Scope};
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

/// Opens the guardians' budgets that are not open, as many of them as one transaction holds.
///
/// # Errors
/// [`Error::NotFound`] where all are open.
pub fn open_budgets(snapshot: &Snapshot, payer: Pubkey) -> Result<Plan, Error> {
    let unopened = snapshot.unopened();
    if unopened.is_empty() {
        return Err(Error::not_found(
            "nothing to open: each guardian's budgets are open, of each market and of all",
        ));
    }
    let protocol = snapshot.addresses.protocol;
    let mut instructions = Vec::new();
    for (market, guardian) in &unopened {
        instructions.push(instruction::open_budget(payer, protocol, *market, *guardian));
        if !fits(&instructions, payer) {
            instructions.pop();
            break;
        }
    }
    let mut says = vec![
        "changes nothing in force: a budget is there to be paused by".to_owned(),
        "costs the rent of each, for ever".to_owned(),
    ];
    let left = unopened.len().saturating_sub(instructions.len());
    if left > 0 {
        says.push(format!("{left} more find no room in this transaction: the same command again"));
    }
    let title = format!("open {} of {} budgets that are not open", instructions.len(), unopened.len());
    Ok(Plan { title, instructions, says, ..Plan::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        exit::Exit,
        status::tests::{key, opened, snapshot},
    };

    #[test]
    fn budgets_are_opened_by_the_transaction_until_none_is_left() {
        let mut snapshot = snapshot();
        let market = snapshot.markets[0].1.clone();
        snapshot.markets.extend((1..9).map(|id| (snapshot.addresses.market(id), market.clone())));
        let mut transactions = 0;
        while let Ok(plan) = open_budgets(&snapshot, key(9)) {
            let before = snapshot.unopened();
            let after = before.len() - plan.instructions.len();
            assert!(!plan.instructions.is_empty() && fits(&plan.instructions, key(9)), "{transactions}");
            assert_eq!(plan.says.iter().any(|line| line.starts_with(&format!("{after} more"))), after > 0);
            let opens = &before[..plan.instructions.len()];
            let protocol = snapshot.addresses.protocol;
            snapshot
                .budgets
                .extend(opens.iter().map(|(market, guardian)| opened(market.unwrap_or(protocol), *guardian)));
            assert_eq!(snapshot.unopened(), before[opens.len()..]);
            transactions += 1;
        }
        assert!((2..=4).contains(&transactions), "{transactions} for 30 budgets");
        let none = open_budgets(&snapshot, key(9)).map(|plan| plan.title);
        assert_eq!(none.expect_err("all are open").exit(), Exit::NotFound);
    }
}
