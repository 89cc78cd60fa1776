//! Held withdrawals: told, flagged and decided by guardians, paid by anyone.

use std::str::FromStr;

use firebreak_client::instruction::{self, Payout};
use firebreak_interface::{
    BreakerError,
    state::{GuardianAct, Held, HeldRange, Safe},
};
use solana_pubkey::Pubkey;

use super::{
    Desk,
    many::{self, Act, Item, Many, Outcome, Step},
    payee::{self, Payee},
    together::Asked,
};
use crate::{
    chain::Snapshot,
    error::Error,
    exit::Exit,
    money::{HeldView, Tokens},
};

/// Held withdrawals by their numbers, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first.
    pub from: u64,
    /// The last.
    pub to: u64,
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        match (from.trim().parse(), to.trim().parse()) {
            (Ok(from), Ok(to)) if from <= to => Ok(Self { from, to }),
            _ => Err(format!("`{text}` is no range: a number, or FROM..TO with both of them in it")),
        }
    }
}

/// Which are to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(u64),
    /// All that are due.
    All,
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = || text.parse().map(Self::One);
        let expected = |_| format!("`{text}` is neither a held withdrawal's number nor all");
        if text == "all" { Ok(Self::All) } else { number().map_err(expected) }
    }
}

/// The safe of a market: of this mint, where one is named, else the only one.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Usage`] where there are several.
pub fn safe_of(
    snapshot: &Snapshot,
    market: u64,
    mint: Option<Pubkey>,
) -> Result<&(Pubkey, Box<Safe>), Error> {
    let key = snapshot.market(market)?.0;
    let of_market: Vec<_> = snapshot.safes.iter().filter(|(_, safe)| safe.market == key).collect();
    let meant = of_market.iter().filter(|(_, safe)| mint.is_none_or(|mint| safe.mint == mint));
    let meant: Vec<_> = meant.copied().collect();
    let mints: Vec<_> = of_market.iter().map(|(_, safe)| safe.mint.to_string()).collect();
    match (&meant[..], mint) {
        ([one], _) => Ok(one),
        ([], Some(mint)) => Err(Error::not_found(format!(
            "market {market} has no safe of mint {mint}; there are: {}",
            mints.join(", ")
        ))),
        ([], None) => Err(Error::not_found(format!("market {market} has no safe"))),
        _ => Err(Error::usage(format!(
            "market {market} has several safes: name one with --mint: {}",
            mints.join(", ")
        ))),
    }
}

/// Guardians flag a range: it waits for their decision.
///
/// # Errors
/// [`Error::Usage`] where there is no such range, or no room for what is said of it.
pub fn flag(snapshot: &Snapshot, safe: &Safe, range: Range) -> Result<Asked, Error> {
    let mut then = *safe;
    then.flag((range.from, range.to), snapshot.now).map_err(|rule| of_range(rule, range, safe))?;
    Ok(Asked::of_market(
        format!("flag held withdrawals {} to {}", range.from, range.to),
        GuardianAct::FlagHeld(HeldRange { mint: safe.mint, from: range.from, to: range.to }),
        safe.market,
        vec![
            "ends by itself: each is paid seven days after its maturity at the latest, unless guardians refuse it"
                .to_owned(),
            "then: `held decide` pays or refuses what was flagged, once".to_owned(),
        ],
    ))
}

/// Guardians decide what becomes of a range that they flagged.
///
/// # Errors
/// [`Error::Usage`] where it was not flagged, or is decided.
pub fn decide(snapshot: &Snapshot, safe: &Safe, range: Range, pay: bool) -> Result<Asked, Error> {
    let mut then = *safe;
    then.decide((range.from, range.to), pay, snapshot.now).map_err(|rule| of_range(rule, range, safe))?;
    let (verb, then) = match pay {
        true => ("pay", "then: `held claim` pays each, once it is mature"),
        false => ("refuse", "then: what they are stays in the safe, which owes it to nobody any longer"),
    };
    Ok(Asked::of_market(
        format!("{verb} held withdrawals {} to {}", range.from, range.to),
        GuardianAct::DecideHeld { range: HeldRange { mint: safe.mint, from: range.from, to: range.to }, pay },
        safe.market,
        vec![then.to_owned(), "cannot: be taken back, or touch one that was due before it landed".to_owned()],
    ))
}

fn of_range(rule: BreakerError, Range { from, to }: Range, safe: &Safe) -> Error {
    let there = match safe.helds.checked_sub(1) {
        Some(last) => format!("there are 0 to {last}"),
        None => "there are none".to_owned(),
    };
    Error::usage(format!("{from}..{to}, where {there}: {} ({})", rule.text(), rule.name()))
}

/// Pays what is due; `to` is another account of the owner's, who signs.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Usage`], and as [`super::perform`].
pub async fn claim(
    desk: &mut Desk<'_>,
    snapshot: &Snapshot,
    (market, mint): (u64, Option<Pubkey>),
    which: Which,
    to: Option<Pubkey>,
) -> Result<Exit, Error> {
    desk.actor.check_alone()?;
    let (key, safe) = safe_of(snapshot, market, mint)?;
    let mut held = desk.node.held(key).await?;
    if let Which::One(number) = which {
        held.retain(|(_, one)| one.number == number);
        if held.is_empty() {
            let last = safe.helds;
            let why = if number < last { "it is paid or refused already" } else { "there was none so far" };
            return Err(Error::not_found(format!("no held withdrawal {number} waits in that safe: {why}")));
        }
    }
    if to.is_some() && which == Which::All {
        return Err(Error::usage("--to is of one held withdrawal, whose owner signs: name its number"));
    }
    let tokens = Tokens::read(desk.node, snapshot).await?;
    let owners: Vec<_> = held.iter().map(|(_, one)| (one.owner, one.destination)).collect();
    let payees = payee::find(desk.node, safe, &owners).await?;
    let (mut steps, mut waiting, mut items) = (Vec::new(), Vec::new(), Vec::new());
    for ((_, one), payee) in held.iter().zip(payees) {
        let view = HeldView::new(snapshot, &tokens, safe, one);
        let what = view.line();
        let payee = match to {
            Some(to) if desk.actor.address() != one.owner => {
                let remedy = format!("{} alone names another account than its own: --to {to}", one.owner);
                return Err(Error::WrongKey { key: desk.actor.address(), role: "its owner", remedy });
            }
            Some(to) => Payee::To(to),
            // nobody is paid: any account will do
            None if view.refused => Payee::To(one.destination),
            None => payee,
        };
        match (view.due, payee) {
            (false, _) => {
                items.push(Item { what, outcome: Outcome::Nothing { reason: "it is not due".to_owned() } })
            }
            (true, Payee::None(reason)) => items.push(Item { what, outcome: Outcome::Left { reason } }),
            (true, Payee::To(account)) => {
                steps.push(step(snapshot, safe, one, (account, to.is_some())));
                waiting.push(what);
            }
        }
    }
    let title = format!("settle {} of {} held withdrawals", steps.len(), steps.len() + items.len());
    if !steps.is_empty() {
        let act = Act {
            title: title.clone(),
            content: waiting.clone(),
            says: vec![
                "takes effect: each in the slot in which its transaction lands; its rent goes back to its owner"
                    .to_owned(),
                "cannot: pay anybody but its owner, or before it is due".to_owned(),
            ],
        };
        let Some(outcomes) = many::perform_all(desk, snapshot, act, &steps).await? else {
            return Ok(Exit::Done);
        };
        let done = waiting.into_iter().zip(outcomes).map(|(what, outcome)| Item { what, outcome });
        items = done.chain(items).collect();
    }
    let many = Many::new(&title, desk.genesis, items);
    desk.console.answer(&many, &many.text())?;
    Ok(many.exit())
}

fn step(snapshot: &Snapshot, safe: &Safe, held: &Held, (to, owner_signs): (Pubkey, bool)) -> Step {
    let (protocol, nonce) = (snapshot.addresses.protocol, held.nonce);
    let payout = Payout {
        market: safe.market,
        mint: safe.mint,
        token_program: safe.token_program,
        owner: held.owner,
        owner_signs,
        to,
    };
    Step {
        name: format!("held withdrawal {}", held.number),
        make: Box::new(move |segment| instruction::claim_held(protocol, &payout, nonce, segment)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_both_ends() {
        assert_eq!("3..7".parse(), Ok(Range { from: 3, to: 7 }));
        assert_eq!("5".parse(), Ok(Range { from: 5, to: 5 }));
        for text in ["", "7..3", "a..b", "1..", "..2", "-1"] {
            assert!(text.parse::<Range>().is_err(), "{text}");
        }
        assert_eq!(("all".parse(), "12".parse()), (Ok(Which::All), Ok(Which::One(12))));
        assert!("some".parse::<Which>().is_err());
    }
}
