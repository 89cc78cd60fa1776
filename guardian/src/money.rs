//! What is in safety, and on its way there or back.

use std::collections::HashMap;

use firebreak_interface::{
    BreakerError, Instant, Severity,
    state::{Fate, Held, Market, Route, Safe, VaultState},
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    chain::{Node, Snapshot, decimals},
    error::Error,
    units, words,
};

/// What token accounts and mints say, as far as they are there.
#[derive(Debug, Default)]
pub struct Tokens {
    /// Vaults and the token accounts of safes, with their token programs.
    pub accounts: HashMap<Pubkey, (Pubkey, VaultState)>,
    /// Digits behind the point, by mint.
    pub decimals: HashMap<Pubkey, u8>,
}

impl Tokens {
    /// Reads the vaults that have a route, and the safes.
    ///
    /// # Errors
    /// [`Error::Rpc`].
    pub async fn read(node: &Node, snapshot: &Snapshot) -> Result<Self, Error> {
        let vaults = snapshot.routes.iter().map(|(_, route)| route.vault);
        let keys: Vec<_> = snapshot.safes.iter().map(|(_, safe)| safe.tokens).chain(vaults).collect();
        let mints: Vec<_> = snapshot.safes.iter().map(|(_, safe)| safe.mint).collect();
        let (found, minted) = tokio::try_join!(node.accounts(&keys), node.accounts(&mints))?;
        let state = |(key, account): (Pubkey, Option<solana_account::Account>)| {
            let account = account?;
            let state = VaultState::read(&account.owner, &account.data);
            (state.mint != Pubkey::default()).then_some((key, (account.owner, state)))
        };
        let digits =
            |(key, account): (Pubkey, Option<solana_account::Account>)| Some((key, decimals(&account?)?));
        Ok(Self {
            accounts: keys.into_iter().zip(found).filter_map(state).collect(),
            decimals: mints.into_iter().zip(minted).filter_map(digits).collect(),
        })
    }

    /// A token account, with its program.
    pub fn account(&self, key: &Pubkey) -> Option<&(Pubkey, VaultState)> {
        self.accounts.get(key)
    }

    /// A token account.
    pub fn state(&self, key: &Pubkey) -> Option<&VaultState> {
        self.account(key).map(|(_, state)| state)
    }

    /// An amount of a mint, in its units and in tokens.
    pub fn amount(&self, mint: &Pubkey, units: u64) -> String {
        units::amount(units, self.decimals.get(mint).copied())
    }
}

/// The safes of a market.
#[derive(Debug, Serialize)]
pub struct MarketSafes {
    /// Its number.
    pub market: u64,
    /// Until when its vaults are moved to safety, by whoever does; none where nobody ordered it.
    pub migrating_until: Option<String>,
    /// For how much longer.
    pub migrating_left: Option<String>,
    /// Its safes.
    pub safes: Vec<SafeView>,
    /// Vaults with a limiter that have no route: they cannot be moved.
    pub unrouted: Vec<String>,
}

/// A safe.
#[derive(Debug, Serialize)]
pub struct SafeView {
    /// Its mint.
    pub mint: String,
    /// Its address.
    pub safe: String,
    /// Its token account.
    pub account: String,
    /// What is in that, in units; none where it cannot be read.
    pub balance: Option<u64>,
    /// The same for people.
    pub has: String,
    /// Whether nobody but the safe can spend from it, and it is not frozen.
    pub sound: bool,
    /// What came from vaults and is owed to nobody else.
    pub kept: u64,
    /// What it owes to held withdrawals.
    pub owed: u64,
    /// Held withdrawals that are neither paid nor refused.
    pub open: u64,
    /// What it owes to claims.
    pub claims: u64,
    /// What it owes nobody.
    pub free: u64,
    /// The ways to it.
    pub routes: Vec<RouteView>,
}

/// A route.
#[derive(Debug, Serialize)]
pub struct RouteView {
    /// The vault.
    pub vault: String,
    /// What is in it, in units; none where there is no such account.
    pub balance: Option<u64>,
    /// The same for people.
    pub has: String,
    /// Whether the vault belongs to the breaker; else its program signs when it is moved.
    pub custody: bool,
    /// Who owns it.
    pub owner: String,
    /// Whether anyone may migrate at Critical.
    pub by_anyone: bool,
    /// What waits in the safe instead of being refused, and for how long.
    pub holds: Option<String>,
    /// What left it by migrations.
    pub sent: u64,
    /// What arrived of that.
    pub received: u64,
    /// What is on its way back.
    pub release: Option<ReleaseView>,
}

/// A release under way.
#[derive(Debug, Serialize)]
pub struct ReleaseView {
    /// What is left of it.
    pub left: u64,
    /// What a step takes.
    pub step: u64,
    /// Where it goes.
    pub to: String,
    /// When the next step may be taken.
    pub next_at: String,
    /// In how long.
    pub next_in: String,
}

/// A held withdrawal.
#[derive(Debug, Serialize)]
pub struct HeldView {
    /// Its number in the safe.
    pub number: u64,
    /// The safe's mint.
    pub mint: String,
    /// Whose it is.
    pub owner: String,
    /// Where it was withdrawn to.
    pub destination: String,
    /// How much, in units.
    pub amount: u64,
    /// The same for people.
    pub has: String,
    /// When it is paid, if nothing holds it up.
    pub matures: String,
    /// When it is paid at the latest.
    pub latest: String,
    /// Whether it can be settled now.
    pub due: bool,
    /// Whether guardians refused it.
    pub refused: bool,
    /// What becomes of it.
    pub state: String,
}

impl HeldView {
    /// A held withdrawal of this safe, as it stands now.
    pub fn new(snapshot: &Snapshot, tokens: &Tokens, safe: &Safe, held: &Held) -> Self {
        let now = snapshot.now;
        let market = snapshot.markets.iter().find(|(key, _)| *key == safe.market).map(|(_, market)| market);
        let severity =
            market.map_or(Severity::Normal, |market| market.in_force(&snapshot.protocol.board, now).0);
        let fate = held.fate(severity, safe.said_of(held.number), now);
        let number = held.number;
        let latest = words::left(held.due_at(), now);
        let state = match fate {
            Ok(Fate::Paid) => format!("DUE: `held claim {number}` pays it"),
            Ok(Fate::Refused) => {
                format!("refused by guardians, it stays in the safe: `held claim {number}` puts it away")
            }
            Err(BreakerError::HeldFlagged) => {
                format!("FLAGGED, waits for the guardians' decision: paid in {latest} at the latest")
            }
            Err(_) if held.matures_at.reached(now) => {
                format!("waits for the end of the incident: paid in {latest} at the latest")
            }
            Err(_) => format!("matures in {}", words::left(held.matures_at, now)),
        };
        Self {
            number,
            mint: safe.mint.to_string(),
            owner: held.owner.to_string(),
            destination: held.destination.to_string(),
            amount: held.amount,
            has: tokens.amount(&safe.mint, held.amount),
            matures: words::moment(held.matures_at.unix),
            latest: words::moment(held.due_at().unix),
            due: fate.is_ok(),
            refused: fate == Ok(Fate::Refused),
            state,
        }
    }

    /// In a line.
    pub fn line(&self) -> String {
        format!(
            "{}: {} of {}, matures {}, at the latest {}; {}",
            self.number, self.has, self.owner, self.matures, self.latest, self.state
        )
    }
}

/// What is in each safe, by market.
pub fn safes(snapshot: &Snapshot, tokens: &Tokens) -> Vec<MarketSafes> {
    snapshot.markets.iter().map(|(key, market)| of_market(snapshot, tokens, key, market)).collect()
}

fn of_market(snapshot: &Snapshot, tokens: &Tokens, key: &Pubkey, market: &Market) -> MarketSafes {
    let now = snapshot.now;
    let until = market.is_ordered(now).then_some(market.migrating_until);
    let is_routed = |vault: &Pubkey| {
        snapshot.routes.iter().any(|(_, route)| route.market == *key && route.vault == *vault)
    };
    let vaults = snapshot.limiters.iter().filter(|(_, one)| one.market == *key).map(|(_, one)| one.vault);
    let of_safe = snapshot.safes.iter().filter(|(_, safe)| safe.market == *key);
    MarketSafes {
        market: market.id,
        migrating_until: until.map(|until| words::moment(until.unix)),
        migrating_left: until.map(|until| words::left(until, now)),
        safes: of_safe.map(|(key, safe)| SafeView::new(snapshot, tokens, key, safe)).collect(),
        unrouted: vaults.filter(|vault| !is_routed(vault)).map(|vault| vault.to_string()).collect(),
    }
}

impl SafeView {
    fn new(snapshot: &Snapshot, tokens: &Tokens, key: &Pubkey, safe: &Safe) -> Self {
        let state = tokens.state(&safe.tokens);
        let balance = state.map(|state| state.amount);
        let sound = state.is_some_and(|state| safe.check_tokens(key, &safe.tokens, state).is_ok());
        let routes = snapshot.routes.iter().filter(|(_, route)| route.safe == *key);
        Self {
            mint: safe.mint.to_string(),
            safe: key.to_string(),
            account: safe.tokens.to_string(),
            balance,
            has: tokens.amount(&safe.mint, balance.unwrap_or_default()),
            sound,
            kept: safe.kept,
            owed: safe.owed,
            open: safe.open,
            claims: safe.claims_left,
            free: safe.free(balance.unwrap_or_default()),
            routes: routes.map(|(key, route)| RouteView::new(tokens, key, route, snapshot.now)).collect(),
        }
    }
}

impl RouteView {
    fn new(tokens: &Tokens, key: &Pubkey, route: &Route, now: Instant) -> Self {
        let balance = tokens.state(&route.vault).map(|state| state.amount);
        let settings = &route.settings;
        let holds = || {
            format!("{}, for {}", words::holds(settings.holds), words::exact(settings.hold_seconds.into()))
        };
        let release = &route.release;
        Self {
            vault: route.vault.to_string(),
            balance,
            has: tokens.amount(&route.mint, balance.unwrap_or_default()),
            custody: route.is_custody(key),
            owner: route.vault_owner.to_string(),
            by_anyone: settings.by_anyone != 0,
            holds: (settings.holds != 0).then(holds),
            sent: route.sent,
            received: route.received,
            release: (release.left > 0).then(|| ReleaseView {
                left: release.left,
                step: release.step,
                to: release.to.to_string(),
                next_at: words::moment(release.next_at.unix),
                next_in: words::left(release.next_at, now),
            }),
        }
    }

    fn lines(&self) -> Vec<String> {
        let has = match self.balance {
            Some(_) => self.has.as_str(),
            None => "NO ACCOUNT any longer",
        };
        let custody = match self.custody {
            true => "in custody".to_owned(),
            false => format!("in escort of {}", self.owner),
        };
        let mut first = format!(
            "    vault {}, {custody}: has {has}; moved to safety: {} sent, {} received",
            self.vault, self.sent, self.received
        );
        if self.by_anyone {
            first += "; by anyone at Critical";
        }
        if let Some(holds) = &self.holds {
            first += &format!("; holds {holds}");
        }
        let mut lines = vec![first];
        if let Some(ReleaseView { left, step, to, next_at, next_in }) = &self.release {
            let to = if *to == self.vault { "the vault" } else { to };
            lines.push(format!(
                "      going back to {to}: {left} left, {step} a step, the next in {next_in}, {next_at}: `release step --vault {}`",
                self.vault
            ));
        }
        lines
    }
}

/// What is in each safe, for people.
pub fn text(all: &[MarketSafes]) -> String {
    let mut lines = Vec::new();
    for one in all {
        let moving = match (&one.migrating_until, &one.migrating_left) {
            (Some(until), Some(left)) => {
                format!("MIGRATING, {left} left, until {until}: `migrate --market {} --move`", one.market)
            }
            _ => "no migration is ordered".to_owned(),
        };
        lines.push(format!("market {}: {moving}", one.market));
        for safe in &one.safes {
            let sound =
                if safe.sound { "" } else { "; NOT SOUND: frozen, gone, or somebody else may spend from it" };
            lines.push(format!("  safe of mint {}: {} in {}{sound}", safe.mint, safe.has, safe.account));
            lines.push(format!(
                "    kept for its vaults {}, owed to {} held withdrawals {}, left for claims {}, free {}",
                safe.kept, safe.open, safe.owed, safe.claims, safe.free
            ));
            lines.extend(safe.routes.iter().flat_map(RouteView::lines));
        }
        if one.safes.is_empty() {
            lines.push("  no safe: `propose safe` registers one".to_owned());
        }
        lines.extend(
            one.unrouted
                .iter()
                .map(|vault| format!("  vault {vault} has NO ROUTE: it cannot be moved to safety")),
        );
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests;
