//! Release: guardians propose and approve that money goes back, the authority begins it, anyone takes its steps.

use firebreak_client::instruction::{self, Migrate};
use firebreak_interface::{
    constants::{RELEASE_ALONE_AFTER, RELEASE_STEPS},
    state::{GuardianAct, ReleaseOrder, Route, Status},
};
use solana_pubkey::Pubkey;

use super::{Actor, Plan, named::Found, together::Asked};
use crate::{chain::Snapshot, content, error::Error, money::Tokens, units::Amount, votes::Votes, words};

/// The route of a vault.
fn route<'a>(snapshot: &'a Snapshot, vault: &Pubkey) -> Result<&'a Route, Error> {
    let found = snapshot.routes.iter().find(|(_, route)| route.vault == *vault);
    found.map(|(_, route)| &**route).ok_or_else(|| {
        Error::not_found(format!("vault {vault} has no route: `safes` shows those that have one"))
    })
}

/// So much goes back to a vault, or to its route's destination.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Usage`] where it is nothing, or the route has no destination.
pub fn order(
    snapshot: &Snapshot,
    tokens: &Tokens,
    vault: Pubkey,
    amount: &Amount,
    elsewhere: bool,
) -> Result<Asked, Error> {
    let route = route(snapshot, &vault)?;
    let decimals = tokens.decimals.get(&route.mint).copied();
    let units = match (amount, decimals) {
        (Amount::Tokens(_), None) => Err("the mint's decimals are not known: say units".to_owned()),
        (amount, decimals) => amount.units(decimals.unwrap_or_default()),
    };
    let units = units.map_err(|text| Error::usage(format!("--amount: {text}")))?;
    if units == 0 {
        return Err(Error::usage("--amount is 0: a release is of something"));
    }
    let (destination, owner) = match elsewhere {
        false => (vault, route.vault_owner),
        true if route.settings.destination == Pubkey::default() => {
            return Err(Error::usage(format!(
                "--to-destination: the route of vault {vault} has none; `propose route --destination` registers one"
            )));
        }
        true => (route.settings.destination, route.destination_owner),
    };
    let (name, market) = (tokens.amount(&route.mint, units), market_of(snapshot, &route.market));
    let mut says = Vec::new();
    let safe = snapshot.safes.iter().find(|(key, _)| *key == route.safe).map(|(_, safe)| safe);
    let free = safe.map(|safe| safe.free(tokens.state(&safe.tokens).map_or(0, |state| state.amount)));
    let free = free.unwrap_or_default();
    says.push(match units > free {
        true => format!(
            "the safe owes nobody {} now, which is LESS: no more than that is released",
            tokens.amount(&route.mint, free)
        ),
        false => format!("the safe owes nobody {} now", tokens.amount(&route.mint, free)),
    });
    says.push(format!(
        "then: in {RELEASE_STEPS} steps, {} apart, each taken by anyone with `release step --vault {vault}`",
        words::duration(market.map_or(0, |market| market.dwell).into())
    ));
    says.push(
        "cannot: begin while a migration is ordered, go on after a new one, or go anywhere else".to_owned(),
    );
    let order = ReleaseOrder { vault, amount: units, destination, owner };
    let title = format!("release {name} of vault {vault}");
    Ok(Asked::of_market(title, GuardianAct::Release(order), route.market, says))
}

fn market_of<'a>(snapshot: &'a Snapshot, key: &Pubkey) -> Option<&'a firebreak_client::Market> {
    snapshot.markets.iter().find(|(one, _)| one == key).map(|(_, market)| &**market)
}

/// Begins a release that guardians approved: the authority signs, or anybody once guardians have waited for it.
///
/// # Errors
/// [`Error::NotFound`] where it is no release or over, [`Error::WrongKey`] where the authority has to sign.
pub fn begin(snapshot: &Snapshot, actor: &Actor, found: Found) -> Result<Plan, Error> {
    actor.check_alone()?;
    let Found { key, proposal, name } = found;
    let standing = content::standing(&proposal, snapshot);
    let Some((market, act @ GuardianAct::Release(order))) = proposal.read_act() else {
        return Err(Error::not_found(format!("proposal {name} is no release: {standing}")));
    };
    if proposal.status() != Some(Status::Pending) || proposal.expires_at.reached(snapshot.now) {
        return Err(Error::not_found(format!("proposal {name} cannot begin a release: {standing}")));
    }
    let by = actor.address();
    let authority = (by == snapshot.protocol.authority).then_some(by);
    if authority.is_none() && order.check_alone(proposal.approved_at, snapshot.now).is_err() {
        return Err(Error::WrongKey {
            key: by,
            role: "the authority",
            remedy: alone(snapshot, &order, proposal.approved_at.unix),
        });
    }
    let protocol = snapshot.addresses.protocol;
    let mint = route(snapshot, &order.vault)?.mint;
    let scope = (protocol, market, mint);
    let mut content = content::of_act(&act, &market, snapshot);
    content.extend(Votes::of(&proposal, snapshot).lines());
    Ok(Plan {
        title: format!("begin release {name}"),
        content,
        instructions: vec![instruction::begin_release(key, authority, scope, &order, snapshot.segment())],
        says: vec![
            format!("proposal {name}: {standing}"),
            format!(
                "takes effect: in the slot in which it lands; then `release step --vault {}` by anyone",
                order.vault
            ),
            "ends what anyone could move to safety in the halt of now; what an earlier release left is void"
                .to_owned(),
        ],
        nonce: None,
    })
}

fn alone(snapshot: &Snapshot, order: &ReleaseOrder, approved_at: i64) -> String {
    let authority = snapshot.protocol.authority;
    if order.destination != order.vault {
        return format!("{authority} signs what does not go back to the vault");
    }
    let wait = i64::try_from(RELEASE_ALONE_AFTER).unwrap_or(i64::MAX);
    let from = words::moment(approved_at.saturating_add(wait));
    format!(
        "{authority} signs it; from {from}, 14 days after the last approval that it took, anybody sends it without"
    )
}

/// Takes a step of a release.
///
/// # Errors
/// [`Error::NotFound`] where none is under way.
pub fn step(snapshot: &Snapshot, tokens: &Tokens, actor: &Actor, vault: Pubkey) -> Result<Plan, Error> {
    actor.check_alone()?;
    let route = route(snapshot, &vault)?;
    let release = &route.release;
    if release.left == 0 {
        return Err(Error::not_found(format!(
            "no release of vault {vault} is under way: `release begin` begins one"
        )));
    }
    let safe = snapshot.safes.iter().find(|(key, _)| *key == route.safe).map(|(_, safe)| safe);
    let safe = safe.ok_or(Error::Missing { what: "safe", key: route.safe })?;
    let of = Migrate {
        market: route.market,
        vault,
        owner: None,
        mint: route.mint,
        token_program: safe.token_program,
    };
    let to = if route.is_back() { "the vault".to_owned() } else { release.to.to_string() };
    let dwell = market_of(snapshot, &route.market).map_or(0, |market| market.dwell);
    let amount = release.step.min(release.left);
    Ok(Plan {
        title: format!("take a step of the release of vault {vault}"),
        instructions: vec![instruction::release(
            snapshot.addresses.protocol,
            &of,
            release.to,
            snapshot.segment(),
        )],
        says: vec![
            format!("gives {} to {to}, if the safe owes nobody as much", tokens.amount(&route.mint, amount)),
            format!(
                "leaves {} for later steps, the next {} from then",
                tokens.amount(&route.mint, release.left - amount),
                words::duration(dwell.into())
            ),
            "takes effect: in the slot in which it lands".to_owned(),
        ],
        ..Plan::default()
    })
}
