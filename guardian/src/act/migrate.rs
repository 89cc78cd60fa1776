//! Migration: guardians order it, and anyone moves the vaults, one after the other.

use firebreak_client::instruction::{self, Migrate};
use firebreak_interface::{
    BreakerError, Severity,
    constants::MIGRATION_WINDOW,
    state::{GuardianAct, MigrateOrder, Route, Source},
};
use solana_pubkey::Pubkey;

use super::{
    Desk, latch,
    many::{self, Act, Item, Many, Outcome, Step},
    together::Asked,
};
use crate::{chain::Snapshot, error::Error, exit::Exit, money::Tokens, words};

/// All vaults of a market are to be emptied into their safes, because of the latch that is meant: the worst that holds there or
/// in all, if none is named.
///
/// # Errors
/// [`Error::NotFound`] where nothing as bad holds, or no vault has a route.
pub fn order(
    snapshot: &Snapshot,
    market: u64,
    meant: (Option<Source>, Option<Severity>),
) -> Result<Asked, Error> {
    let key = snapshot.market(market)?.0;
    let latch = latch::grave(snapshot, market, meant)?;
    if routes(snapshot, &key).next().is_none() {
        return Err(Error::not_found(format!(
            "no vault of market {market} has a route: nothing could be moved; a route is registered on a quiet day, with `propose route`"
        )));
    }
    let window = i64::try_from(MIGRATION_WINDOW).unwrap_or(i64::MAX);
    let until = words::moment(snapshot.now.unix.saturating_add(window));
    Ok(Asked::of_market(
        format!("order the migration of market {market}"),
        GuardianAct::Migrate(MigrateOrder { latch }),
        key,
        vec![
            format!("ends by itself: {until} if it lands now; ordered again it lasts anew"),
            format!("then: `migrate --market {market} --move` moves the vaults, whoever sends it"),
            "cannot: move a token anywhere but to the safes that were registered before".to_owned(),
        ],
    ))
}

/// The routes of a market.
pub fn routes<'a>(
    snapshot: &'a Snapshot,
    market: &'a Pubkey,
) -> impl Iterator<Item = &'a (Pubkey, Box<Route>)> {
    snapshot.routes.iter().filter(move |(_, route)| route.market == *market)
}

/// How a vault stands.
enum Standing {
    /// Anyone can move it.
    Ready(Step),
    /// Somebody else has to, or nothing is to do.
    Not(Outcome),
}

/// Moves what the vaults of a market have to their safes: these vaults, or all that have a route.
///
/// # Errors
/// [`Error::NotFound`] where none may be moved now, and as [`super::perform`].
pub async fn all(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    market: u64,
    vaults: &[Pubkey],
) -> Result<Exit, Error> {
    desk.actor.check_alone()?;
    let (key, state) = snapshot.market(market)?;
    let known: Vec<_> = routes(snapshot, key).map(|(_, route)| route.vault).collect();
    if let Some(stranger) = vaults.iter().find(|vault| !known.contains(vault)) {
        return Err(Error::not_found(format!("vault {stranger} has no route in market {market}")));
    }
    let chosen = routes(snapshot, key).filter(|(_, one)| vaults.is_empty() || vaults.contains(&one.vault));
    let chosen: Vec<_> = chosen.collect();
    let may = |route: &Route| state.check_migration(route.settings.by_anyone != 0, snapshot.now).is_ok();
    if !chosen.iter().any(|(_, route)| may(route)) {
        let rule = BreakerError::NoMigration;
        return Err(Error::not_found(format!(
            "market {market}: {} ({}); `migrate --market {market}` orders it, by guardians together",
            rule.text(),
            rule.name()
        )));
    }
    let tokens = Tokens::read(desk.node, snapshot).await?;
    let (mut steps, mut waiting, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for (route_key, route) in chosen {
        let what = name(route, &tokens);
        match standing(snapshot, (route_key, route), may(route), &tokens) {
            Standing::Not(outcome) => items.push(Item { what, outcome }),
            Standing::Ready(step) => {
                steps.push(step);
                waiting.push(what);
            }
        }
    }
    let count = steps.len() + items.len();
    let title = format!("move {} of {count} vaults of market {market} to safety", steps.len());
    if steps.is_empty() {
        return answer(desk, &title, items);
    }
    let not = items.iter().map(|item| format!("not {}: {}", item.what, item.outcome.words()));
    let act = Act {
        title: title.clone(),
        content: waiting.iter().cloned().chain(not).collect(),
        says: vec![
            "takes effect: each vault in the slot in which its transaction lands; all that it has by then"
                .to_owned(),
            "cannot: go anywhere but to the safe of its route; it comes back by a release".to_owned(),
        ],
    };
    let Some(outcomes) = many::perform_all(desk, snapshot, act, &steps).await? else {
        return Ok(Exit::Done);
    };
    let moved = waiting.into_iter().zip(outcomes).map(|(what, outcome)| Item { what, outcome });
    answer(desk, &title, moved.chain(items).collect())
}

fn answer(desk: &mut Desk<'_>, title: &str, items: Vec<Item>) -> Result<Exit, Error> {
    let many = Many::new(title, desk.genesis, items);
    desk.console.answer(&many, &many.text())?;
    Ok(many.exit())
}

fn name(route: &Route, tokens: &Tokens) -> String {
    let vault = route.vault;
    match tokens.state(&vault) {
        None => format!("vault {vault}, which has no account any longer"),
        Some(state) => {
            let odd =
                if state.sound { "" } else { ", FROZEN or with somebody else who may spend or close it" };
            format!("vault {vault}, which has {}{odd}", tokens.amount(&route.mint, state.amount))
        }
    }
}

fn standing(snapshot: &Snapshot, (key, route): (&Pubkey, &Route), may: bool, tokens: &Tokens) -> Standing {
    let vault = route.vault;
    let Some((program, state)) = tokens.account(&vault) else {
        return Standing::Not(Outcome::Nothing { reason: "there is no such token account".to_owned() });
    };
    if route.is_dust(state.amount) {
        let reason = match state.amount {
            0 => "it is empty".to_owned(),
            _ => "that is too little to move, beside what of it is in safety".to_owned(),
        };
        return Standing::Not(Outcome::Nothing { reason });
    }
    if !route.is_custody(key) {
        return Standing::Not(Outcome::Left {
            reason: format!(
                "in escort: the protected program {} must call `migrate`, signing for the vault's owner {}; use that program's own instruction for it",
                snapshot.protocol.program, route.vault_owner
            ),
        });
    }
    if !may {
        let reason = "guardians did not order it, and its route lets nobody else move it now".to_owned();
        return Standing::Not(Outcome::Left { reason });
    }
    let (protocol, token_program) = (snapshot.addresses.protocol, *program);
    let of = Migrate { market: route.market, vault, owner: None, mint: route.mint, token_program };
    Standing::Ready(Step {
        name: format!("vault {vault}"),
        make: Box::new(move |segment| instruction::migrate(protocol, &of, segment)),
    })
}
