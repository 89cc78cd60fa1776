//! What a safe and a route take from the chain: the mint, the vault with its owner, the destination.

use bytemuck::Zeroable;
use firebreak_interface::{
    BreakerError, pda,
    state::{Proposed, Route, RouteSettings, Use, VaultState, check_account, check_mint},
};
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::{New, Registrar, bounds, found::refused, waiting};
use crate::{
    chain::{Snapshot, decimals},
    content,
    error::Error,
    units,
};

impl Registrar<'_> {
    pub(super) async fn safe(
        &self,
        snapshot: &Snapshot,
        (market, mint): (u64, Pubkey),
    ) -> Result<New, Error> {
        let (market_key, told) = self.market(snapshot, market)?;
        let account = self.there("mint", mint).await?;
        let warnings = check_mint(&account.owner, &account.data)
            .map_err(|rule| refused(&format!("--mint {mint}"), rule))?;
        let mut new = New::checked(snapshot, Proposed::RegisterSafe, vec![market_key, mint])?;
        let safe = pda::safe(&market_key, &mint).0;
        new.notes.extend(told);
        new.notes.extend(self.in_incident(snapshot, market)?);
        new.notes.push(format!("its token account: {}", pda::safe_tokens(&safe).0));
        new.notes
            .extend(warnings.rows().map(|row| format!("WARNING, the mint has {}: {}", row.name, row.why)));
        Ok(new)
    }

    pub(super) async fn route(
        &self,
        snapshot: &Snapshot,
        (market, vault): (u64, Pubkey),
        settings: RouteSettings,
    ) -> Result<New, Error> {
        let (market_key, mut told) = self.market(snapshot, market)?;
        let mut new = New::checked(snapshot, Proposed::RegisterRoute(settings), vec![market_key, vault])?;
        let account = self.there("vault", vault).await?;
        let state = token(&format!("--vault {vault}"), &account)?;
        let name = format!("--vault {vault}");
        check_account(&account.owner, &account.data, Use::Routed).map_err(|rule| refused(&name, rule))?;
        told.extend(self.prepared(snapshot, (market, market_key), (vault, &state))?);

        let destination = match settings.destination == Pubkey::default() {
            true => None,
            false => {
                let account = self.there("destination", settings.destination).await?;
                let name = format!("--destination {}", settings.destination);
                let state = token(&name, &account)?;
                check_account(&account.owner, &account.data, Use::Routed)
                    .map_err(|_| refused(&name, BreakerError::WrongDestination))?;
                Some(state)
            }
        };
        let key = pda::route(&market_key, &vault).0;
        let safe = pda::safe(&market_key, &state.mint).0;
        let keys = [snapshot.addresses.protocol, market_key, vault, safe];
        let mut route = Route::zeroed();
        route.register(keys, 0, &settings, &state, destination.as_ref()).map_err(|rule| match rule {
            BreakerError::WrongDestination => {
                refused(&format!("--destination {}", settings.destination), rule)
            }
            rule => bounds::refused(rule),
        })?;
        let mint = self.there("mint", state.mint).await?;
        told.push(format!("the vault holds {}", units::amount(state.amount, decimals(&mint))));
        told.push(custody(&route, &key));
        if let Some(to) = destination {
            told.push(format!("the destination is a token account of {}", to.owner));
        }
        if let Some((_, known)) = snapshot.routes.iter().find(|(one, _)| *one == key) {
            told.push(format!(
                "it is there already; this sets all of it anew, for the {}. time",
                known.epoch + 1
            ));
        }
        new.notes.extend(told);
        Ok(new)
    }

    /// Checks that the vault has a limiter in that market and the market a safe of its mint, or that they wait to be
    /// registered, and that nothing holds that refuses a route.
    fn prepared(
        &self,
        snapshot: &Snapshot,
        (market, key): (u64, Pubkey),
        (vault, state): (Pubkey, &VaultState),
    ) -> Result<Vec<String>, Error> {
        let mut told = Vec::new();
        let limiter = snapshot.addresses.limiter(&vault);
        match snapshot.limiters.iter().find(|(one, _)| *one == limiter) {
            Some((_, known)) if known.market != key => {
                let other = snapshot.market_name(&known.market);
                return Err(refused(
                    &format!("--market {market}: the limiter of that vault is of {other}"),
                    BreakerError::WrongMarket,
                ));
            }
            Some((_, known)) if !known.is_intact(state) => {
                return Err(refused(
                    &format!(
                        "--vault {vault} is not as its limiter knows it: owner, delegate or close authority"
                    ),
                    BreakerError::WrongVault,
                ));
            }
            Some(_) => {}
            None => told.push(self.first(
                snapshot,
                limiter,
                &format!("the vault has no limiter: `propose limiter {vault} --market {market}`"),
            )?),
        }
        let safe = pda::safe(&key, &state.mint).0;
        if !snapshot.is_registered(&safe) {
            let mint = state.mint;
            told.push(self.first(
                snapshot,
                safe,
                &format!("market {market} has no safe of mint {mint}: `propose safe --market {market} --mint {mint}`"),
            )?);
        }
        told.extend(self.in_incident(snapshot, market)?);
        Ok(told)
    }

    /// An incident refuses safes and routes; what waits may come after it.
    fn in_incident(&self, snapshot: &Snapshot, market: u64) -> Result<Option<String>, Error> {
        let known = snapshot.market(market).ok().map(|(_, market)| market);
        match known.map_or(Ok(()), |known| known.check_routable(&snapshot.protocol.board, self.at)) {
            Ok(()) => Ok(None),
            Err(rule) if self.waits => Ok(Some(format!("NOT as of now: {} ({})", rule.text(), rule.name()))),
            Err(rule) => Err(bounds::refused(rule)),
        }
    }

    /// What is missing must wait to be registered, where this waits too.
    fn first(&self, snapshot: &Snapshot, key: Pubkey, missing: &str) -> Result<String, Error> {
        let mut waits = waiting(snapshot).filter(|(_, proposal)| {
            let read = proposal.read_content();
            read.is_some_and(|(bound, other)| content::created(&other, &bound, snapshot) == Some(key))
        });
        match waits.next() {
            Some((_, proposal)) if self.waits => {
                let name = content::proposal_name(proposal, snapshot);
                Ok(format!("not registered yet: execute proposal {name} first, which does that"))
            }
            _ => Err(Error::not_found(missing)),
        }
    }
}

/// Whether anyone can move it, or its program has to sign.
pub(crate) fn custody(route: &Route, key: &Pubkey) -> String {
    match route.is_custody(key) {
        true => "in custody: the vault belongs to its route, nothing leaves it but by the breaker".to_owned(),
        false => format!(
            "in escort: {} owns the vault, and the protected program signs for it when it is moved; in custody {key} would own it",
            route.vault_owner
        ),
    }
}

fn token(what: &str, account: &Account) -> Result<VaultState, Error> {
    let state = VaultState::read(&account.owner, &account.data);
    match state.mint == Pubkey::default() {
        true => Err(Error::usage(format!("{what} is no token account"))),
        false => Ok(state),
    }
}
