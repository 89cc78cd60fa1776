//! What a registration will create, in words.

use firebreak_interface::{
    Operations, pda,
    state::{BandSettings, Feed, InvariantSettings, LimiterSettings, Proposed, Ratios, RouteSettings},
};
use solana_pubkey::Pubkey;

use super::listed;
use crate::{
    chain::Snapshot,
    setting::Named,
    units::{self, Term, hex},
    words,
};

/// What registering this on these accounts creates; none where it only adds.
pub fn created(proposed: &Proposed, accounts: &[Pubkey], snapshot: &Snapshot) -> Option<Pubkey> {
    let addresses = &snapshot.addresses;
    match proposed {
        // a route may be registered again, with other settings
        Proposed::Amend(_) | Proposed::RegisterCoverage(_) | Proposed::RegisterRoute(_) => None,
        Proposed::CreateMarket { id, .. } => Some(addresses.market(*id)),
        Proposed::RegisterLimiter { .. } => accounts.get(1).map(|vault| addresses.limiter(vault)),
        Proposed::RegisterKeeper(settings) => Some(addresses.keeper(&settings.key)),
        Proposed::RegisterBand { index, .. } => accounts.first().map(|market| pda::band(market, *index).0),
        Proposed::RegisterInvariant { index, .. } => {
            accounts.first().map(|market| pda::invariant(market, *index).0)
        }
        Proposed::RegisterSafe => {
            let [market, mint] = accounts.first_chunk()?;
            Some(pda::safe(market, mint).0)
        }
    }
}

const SHADOW: &str = "in shadow: it measures and does nothing until the authority arms it with `tighten";

/// A registration, in words.
pub(super) fn lines(proposed: &Proposed, accounts: &[Pubkey], snapshot: &Snapshot) -> Vec<String> {
    let market = snapshot.market_name(&accounts.first().copied().unwrap_or_default());
    match proposed {
        // of a change the caller tells
        Proposed::Amend(_) => Vec::new(),
        Proposed::CreateMarket { id, settings } => {
            let mut lines = limited(listed(format!("registers market {id}"), settings));
            let exits = settings.responses[2].closed & Operations::EXITS.0;
            if exits != 0 {
                lines.push(format!("Critical CLOSES EXITS, while it holds: {}", words::operations(exits)));
            } else if settings.critical_closes_exits {
                lines.push("Critical may CLOSE EXITS, once it is told to".to_owned());
            }
            lines
        }
        Proposed::RegisterLimiter { settings, mint_cap } => {
            let vault = accounts.get(1).copied().unwrap_or_default();
            let token = snapshot.tokens.get(&vault);
            let of = token.map_or_else(String::new, |token| format!(", of mint {},", token.mint));
            let first = format!("registers a limiter of vault {vault}{of} in {market}");
            let mut lines = amounts(first, settings, *mint_cap, token.map(|token| token.decimals));
            lines.push(format!("{SHADOW} limiter:{vault} --arm`"));
            lines
        }
        Proposed::RegisterKeeper(settings) => vec![
            format!("registers keeper {}", settings.key),
            format!(
                "raises, alone to Minor, for {} at most and {} a day together: {} a day",
                words::exact(settings.max_seconds.into()),
                words::exact(settings.max_seconds.into()),
                settings.raises_per_day
            ),
            format!("for {} from its execution", words::exact(settings.term.into())),
        ],
        Proposed::RegisterCoverage(rows) => {
            let first = format!("adds {} instructions to the coverage table", rows.len());
            std::iter::once(first).chain(rows.iter().map(units::row)).collect()
        }
        Proposed::RegisterBand { index, settings } => band(*index, settings, &market),
        Proposed::RegisterInvariant { index, settings } => {
            invariant(*index, settings, &market, accounts.get(1..).unwrap_or_default())
        }
        Proposed::RegisterSafe => {
            let mint = accounts.get(1).copied().unwrap_or_default();
            vec![
                format!("registers a safe of mint {mint} in {market}"),
                "what it keeps goes back to the vault that it came from, or to a destination registered with that vault's route"
                    .to_owned(),
            ]
        }
        Proposed::RegisterRoute(settings) => {
            let vault = accounts.get(1).copied().unwrap_or_default();
            route(settings, &vault, &market)
        }
    }
}

/// Without the limits that are none.
fn limited(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().filter(|line| !line.ends_with(": no limit")).collect()
}

/// A limiter's settings, its amounts in tokens too.
fn amounts(first: String, settings: &LimiterSettings, mint_cap: u64, decimals: Option<u8>) -> Vec<String> {
    let fields = settings.fields().into_iter().map(|(name, value)| match name {
        "floor" => format!("{name}: {}", units::amount(settings.floor, decimals)),
        "bootstrap_cap" => format!("{name}: {}", units::amount(settings.bootstrap_cap, decimals)),
        _ => format!("{name}: {value}"),
    });
    let shared = format!("mint_cap: {}", units::amount(mint_cap, decimals));
    std::iter::once(first).chain(fields).chain([shared]).collect()
}

fn band(index: u8, settings: &BandSettings, market: &str) -> Vec<String> {
    let feed = |name: &str, feed: &Feed| format!("{name}: {} of feed {}", feed.account, hex(&feed.id));
    let mut lines = vec![
        format!("registers price band {index} of {market}"),
        feed("price", &settings.primary),
        match settings.second.is_set() {
            true => feed("second price", &settings.second),
            false => "second price: none".to_owned(),
        },
    ];
    lines.extend(settings.fields().into_iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("{SHADOW} band:{}/{index} --arm`", number(market)));
    lines
}

fn invariant(index: u8, settings: &InvariantSettings, market: &str, accounts: &[Pubkey]) -> Vec<String> {
    let mut terms = settings
        .left
        .iter()
        .chain(&settings.right)
        .zip(accounts)
        .map(|(settings, account)| Term { account: *account, settings: *settings }.to_string());
    let left: Vec<_> = terms.by_ref().take(settings.left.len()).collect();
    let right: Vec<_> = terms.collect();
    let mut lines = vec![
        format!("registers invariant {index} of {market}"),
        format!("there must be: {}", left.join(" + ")),
        format!("to cover: {}", right.join(" + ")),
    ];
    let ratios = Ratios { bps: settings.ratio_bps };
    lines.extend(ratios.fields().into_iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("{SHADOW} invariant:{}/{index} --arm`", number(market)));
    lines
}

fn route(settings: &RouteSettings, vault: &Pubkey, market: &str) -> Vec<String> {
    let anyone = match settings.by_anyone {
        0 => "where guardians order it",
        _ => "where guardians order it; by anyone while a limiter or an invariant holds Critical",
    };
    let holds = match settings.holds {
        0 => "holds nothing: what a limiter would hold it refuses".to_owned(),
        holds => format!(
            "holds {}, for {}: it waits in the safe, in its user's name",
            words::holds(holds),
            words::exact(settings.hold_seconds.into())
        ),
    };
    let release = match settings.destination == Pubkey::default() {
        true => "released to the vault alone".to_owned(),
        false => format!("may be RELEASED TO {} too", settings.destination),
    };
    vec![
        format!("registers the way of vault {vault} in {market} to its safe, or changes it"),
        format!("migrated: {anyone}"),
        holds,
        release,
    ]
}

/// A market's number, as options take it.
fn number(market: &str) -> &str {
    market.strip_prefix("market ").unwrap_or(market)
}

#[cfg(test)]
mod tests;
