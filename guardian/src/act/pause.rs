//! A guardian's pause.

use firebreak_client::instruction;
use firebreak_interface::{
    Operations,
    constants::{MAJOR_MAX, MAJOR_MIN},
    state::PauseOrder,
};
use solana_pubkey::Pubkey;

use super::Plan;
use crate::{chain::Snapshot, error::Error, status, words};

/// Which market; none for all.
pub type Scope = Option<u64>;

/// A pause by this guardian, of these operations for so long; the order is void after so many seconds.
///
/// # Errors
/// [`Error::Usage`], [`Error::NotFound`].
pub fn plan(
    snapshot: &Snapshot,
    guardian: Pubkey,
    scope: Scope,
    operations: Operations,
    seconds: u32,
    valid: u32,
) -> Result<Plan, Error> {
    let market = scope.map(|id| snapshot.market(id).map(|(key, _)| *key)).transpose()?;
    let exits = operations.0 & Operations::EXITS.0;
    let closed = operations.0 & Operations::NON_EXITS.0;
    if closed == 0 {
        return Err(Error::usage("a pause closes at least one operation that is no exit"));
    }
    if !(MAJOR_MIN..=MAJOR_MAX).contains(&seconds) {
        return Err(Error::usage(format!(
            "a pause lasts {} to {}, and within the budget of {}",
            words::duration(MAJOR_MIN.into()),
            words::duration(MAJOR_MAX.into()),
            words::duration(snapshot.protocol.pause_budget().into()),
        )));
    }
    let order = PauseOrder {
        closed: operations.0,
        seconds,
        pause_epoch: snapshot.protocol.pause_epoch,
        expires_at: snapshot.now.unix.saturating_add(valid.into()),
    };
    let protocol = snapshot.addresses.protocol;
    let name = scope.map_or_else(|| "all markets".to_owned(), |id| format!("market {id}"));
    let end = words::moment(snapshot.now.unix.saturating_add(seconds.into()));
    let key = market.unwrap_or(protocol);
    let budget = snapshot.budget(&key, &guardian);
    let left = status::budget_left(budget, snapshot.protocol.pause_budget(), snapshot.now);
    // somebody else may open it meanwhile: that does no harm
    let open = budget.is_none().then(|| instruction::open_budget(guardian, protocol, market, guardian));
    let mut says = vec![
        format!("closes: {}, and what the response to Major closes", words::operations(closed)),
        format!("takes effect: in the slot in which it lands; ends by itself: {end}, then in steps"),
        format!("order void after: {} if it has not landed", words::moment(order.expires_at)),
        format!("your budget there before: {}", words::duration(left.into())),
        "cannot: close an exit, move a token, or last longer than the budget of who signs".to_owned(),
    ];
    if open.is_some() {
        says.push(
            "opens your budget there, which costs its rent once: `open-budgets` does that ahead".to_owned(),
        );
    }
    if exits != 0 {
        says.push(format!("ignored, as exits stay open: {}", words::operations(exits)));
    }
    let pause = instruction::pause(guardian, protocol, market, &order, snapshot.segment());
    Ok(Plan {
        title: format!("pause {name} for {}", words::duration(seconds.into())),
        instructions: open.into_iter().chain([pause]).collect(),
        says,
        ..Plan::default()
    })
}

#[cfg(test)]
mod tests {
    use firebreak_interface::instruction::discriminator::{OPEN_BUDGET, PAUSE};

    use super::*;
    use crate::status::tests::{key, opened, snapshot};

    #[test]
    fn a_pause_opens_its_budget_where_nobody_has() {
        let mut snapshot = snapshot();
        let (market, protocol) = (snapshot.markets[0].0, snapshot.addresses.protocol);
        // a colleague's, and one's own of all markets, are not it
        snapshot.budgets = vec![opened(market, key(12)), opened(protocol, key(11))];
        let asks = |snapshot: &Snapshot| {
            let plan =
                plan(snapshot, key(11), Some(0), Operations::NON_EXITS, 3_600, 600).expect("within bounds");
            let opens = plan.says.iter().any(|line| line.starts_with("opens your budget there"));
            (plan.instructions.iter().map(|one| one.data[..8].to_vec()).collect::<Vec<_>>(), opens)
        };
        assert_eq!(asks(&snapshot), (vec![OPEN_BUDGET.to_vec(), PAUSE.to_vec()], true));
        snapshot.budgets.push(opened(market, key(11)));
        assert_eq!(asks(&snapshot), (vec![PAUSE.to_vec()], false));
    }
}
