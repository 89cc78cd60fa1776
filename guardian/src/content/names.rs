//! What people call proposals and accounts.

use firebreak_client::{Limiter, Market, account::Account};
use firebreak_interface::state::{Proposal, Safe};
use solana_pubkey::Pubkey;

use crate::chain::Snapshot;

/// What a proposal is called: the authority's by its number, a guardian's by that guardian and its number.
pub fn proposal_name(proposal: &Proposal, snapshot: &Snapshot) -> String {
    match proposal.by_guardian {
        0 => proposal.nonce.to_string(),
        _ => number_of_guardian(&proposal.authority, proposal.nonce, snapshot),
    }
}

/// What a guardian's proposal of this number is called: by the guardian's place, or by the key of who is none any longer.
pub fn number_of_guardian(guardian: &Pubkey, number: u64, snapshot: &Snapshot) -> String {
    let place = snapshot.protocol.guardians().iter().position(|key| key == guardian);
    place.map_or_else(|| format!("{guardian}/{number}"), |place| format!("{place}/{number}"))
}

/// What an account of the protocol is called.
pub fn subject_name(key: &Pubkey, snapshot: &Snapshot) -> String {
    let limiter = |(_, limiter): &(_, Box<Limiter>)| format!("the limiter of vault {}", limiter.vault);
    let market = |(_, market): &(_, Box<Market>)| format!("market {}", market.id);
    if *key == snapshot.addresses.protocol {
        return "the protocol".to_owned();
    }
    let known = snapshot.limiters.iter().find(|(one, _)| one == key).map(limiter);
    let known = known.or_else(|| snapshot.markets.iter().find(|(one, _)| one == key).map(market));
    let band = snapshot.bands.iter().find(|(one, _)| one == key);
    let known = known.or_else(|| {
        band.map(|(_, band)| format!("price band {} of {}", band.index, snapshot.market_name(&band.market)))
    });
    let invariant = snapshot.invariants.iter().find(|(one, _)| one == key);
    let known = known.or_else(|| {
        invariant.map(|(_, one)| format!("invariant {} of {}", one.index, snapshot.market_name(&one.market)))
    });
    let keeper = snapshot.keepers.iter().find(|(one, _)| one == key);
    let known = known.or_else(|| keeper.map(|(_, keeper)| format!("keeper {}", keeper.key)));
    let safe = snapshot.safes.iter().find(|(one, _)| one == key);
    let known = known.or_else(|| safe.map(|(_, safe)| safe_name(safe, snapshot)));
    let route = snapshot.routes.iter().find(|(one, _)| one == key);
    let known = known.or_else(|| route.map(|(_, route)| format!("the route of vault {}", route.vault)));
    known.unwrap_or_else(|| format!("account {key}"))
}

/// What people call a safe.
pub fn safe_name(safe: &Safe, snapshot: &Snapshot) -> String {
    format!("the safe of mint {} in {}", safe.mint, snapshot.market_name(&safe.market))
}

/// What people call an account that an act writes.
pub fn account_name(key: &Pubkey, account: Option<&Account>, snapshot: &Snapshot) -> String {
    match account {
        Some(Account::Journal(_)) => "journal".to_owned(),
        Some(Account::Proposal(proposal)) => {
            format!("proposal {}", proposal_name(proposal, snapshot))
        }
        Some(Account::GuardianBudget(budget)) => {
            let scope = subject_name(&budget.scope, snapshot);
            let scope =
                if budget.scope == snapshot.addresses.protocol { "all markets".to_owned() } else { scope };
            format!("budget of guardian {} for {scope}", budget.guardian)
        }
        // what is created is not known yet
        Some(Account::Market(market)) => format!("market {}", market.id),
        Some(Account::Limiter(limiter)) => format!("the limiter of vault {}", limiter.vault),
        Some(Account::PriceBand(band)) => {
            format!("price band {} of {}", band.index, snapshot.market_name(&band.market))
        }
        Some(Account::Invariant(one)) => {
            format!("invariant {} of {}", one.index, snapshot.market_name(&one.market))
        }
        Some(Account::Keeper(keeper)) => format!("keeper {}", keeper.key),
        Some(Account::Safe(safe)) => safe_name(safe, snapshot),
        Some(Account::Route(route)) => format!("the route of vault {}", route.vault),
        Some(Account::Held(held)) => format!("held withdrawal {}", held.number),
        Some(Account::ClaimPage(page)) => format!("page {} of claims", page.page),
        Some(Account::MintCap(shared)) => format!("cap of mint {}", shared.mint),
        Some(Account::Coverage(_)) => "the coverage table".to_owned(),
        _ => subject_name(key, snapshot),
    }
}
