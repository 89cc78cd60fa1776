//! What a registration takes from the chain: a vault's mint, a price account's feed, the owners of an invariant's accounts.

use bytemuck::Zeroable;
use firebreak_interface::{
    BreakerError, Instant,
    constants::RULES_PER_MARKET,
    oracle::PriceUpdate,
    pda,
    state::{
        BandSettings, Feed, Invariant, InvariantSettings, Limiter, LimiterSettings, Measurement, MintCap,
        PriceBand, Prices, Proposed, Shown, VaultState, check_mint,
    },
};
use solana_account::Account;
use solana_pubkey::Pubkey;

use super::{New, Price, Registrar, bounds};
use crate::{
    act::{named::Found, propose},
    chain::{Snapshot, Token, decimals},
    error::Error,
    units::{self, Amount, Share, Term, hex},
    words,
};

impl Registrar<'_> {
    pub(super) async fn limiter(
        &self,
        snapshot: &mut Snapshot,
        (market, vault): (u64, Pubkey),
        settings: LimiterSettings,
        (bootstrap_cap, floor, mint_cap): (Amount, Amount, Option<Amount>),
        vetoed: Option<&Found>,
    ) -> Result<New, Error> {
        let (market_key, mut told) = self.market(snapshot, market)?;
        let account = self.there("vault", vault).await?;
        let state = VaultState::read(&account.owner, &account.data);
        if state.mint == Pubkey::default() {
            return Err(refused(&format!("{vault} is no token account"), BreakerError::VaultNotGuardable));
        }
        let mint = self.there("mint", state.mint).await?;
        check_mint(&mint.owner, &mint.data).map_err(|rule| refused(&format!("mint {}", state.mint), rule))?;
        let decimals = decimals(&mint).ok_or(Error::Missing { what: "mint", key: state.mint })?;
        snapshot.tokens.insert(vault, Token { mint: state.mint, decimals });

        // as it will be when this can be executed
        let delay = if self.waits { propose::registration_delay(snapshot, vetoed) } else { 0 };
        let from = self.at.plus(delay.into());
        let shared = self.mint_cap(snapshot, &state.mint).await?;
        let units = |option: &str, amount: &Amount| {
            amount.units(decimals).map_err(|text| Error::usage(format!("--{option}: {text}")))
        };
        let settings = LimiterSettings {
            bootstrap_cap: units("bootstrap-cap", &bootstrap_cap)?,
            floor: units("floor", &floor)?,
            ..settings
        };
        let running = (!shared.taken_until.reached(from)).then_some(shared.cap);
        let cap = match mint_cap {
            Some(cap) => units("mint-cap", &cap)?,
            None => running.unwrap_or(settings.bootstrap_cap),
        };
        let proposed = Proposed::RegisterLimiter { settings, mint_cap: cap };
        let mut new = New::checked(snapshot, proposed, vec![market_key, vault])?;

        let mut limiter = Limiter::zeroed();
        let keys = [snapshot.addresses.protocol, market_key, vault];
        limiter
            .initialize(keys, (0, 0), &settings, &state, self.at)
            .map_err(|rule| refused(&format!("vault {vault}"), rule))?;
        if let Ok((_, market)) = snapshot.market(market) {
            market.clone().count_limiter().map_err(bounds::refused)?;
        }
        let tokens = |amount| units::amount(amount, Some(decimals));
        take(&shared, (cap, settings.bootstrap_cap), from, tokens)?;
        told.push(format!(
            "the vault holds {}; its owner is {}; decimals: {decimals}, as {} says",
            tokens(state.amount),
            state.owner,
            self.node.url
        ));
        new.notes.extend(told);
        Ok(new)
    }

    pub(super) async fn band(
        &self,
        snapshot: &Snapshot,
        (market, index): (u64, u8),
        (price, second): (Price, Option<Price>),
        settings: BandSettings,
    ) -> Result<New, Error> {
        let (market_key, mut told) = self.market(snapshot, market)?;
        check_place(index)?;
        let (primary, first) = self.feed(&price).await?;
        told.push(self.told(&primary, &first));
        let (second, other) = match second {
            Some(price) => {
                let (feed, update) = self.feed(&price).await?;
                told.push(self.told(&feed, &update));
                (feed, Some(update))
            }
            None => (Feed::default(), None),
        };
        let settings = BandSettings { primary, second, ..settings };
        let mut new = New::checked(snapshot, Proposed::RegisterBand { index, settings }, vec![market_key])?;

        let (keys, prices): (_, Prices) = ([snapshot.addresses.protocol, market_key], [Some(first), other]);
        match PriceBand::zeroed().initialize(keys, (index, 0), &settings, &prices, self.at) {
            Ok(()) => {}
            // it will be another price by then
            Err(rule @ BreakerError::PriceUnusable) if self.waits => told.push(format!(
                "NOT as of now: {} ({}); have a price posted just before it is executed",
                rule.text(),
                rule.name()
            )),
            Err(rule) => return Err(bounds::refused(rule)),
        }
        new.notes.extend(told);
        Ok(new)
    }

    pub(super) async fn invariant(
        &self,
        snapshot: &Snapshot,
        (market, index): (u64, u8),
        settings: InvariantSettings,
        terms: Vec<Term>,
    ) -> Result<New, Error> {
        let (market_key, mut told) = self.market(snapshot, market)?;
        check_place(index)?;
        let keys: Vec<_> = terms.iter().map(|term| term.account).collect();
        let proposed = Proposed::RegisterInvariant { index, settings: settings.clone() };
        let mut new = New::checked(snapshot, proposed, [&[market_key], &keys[..]].concat())?;

        let accounts = self.node.accounts(&keys).await?;
        let (mut invariant, mut measurement) = (Invariant::zeroed(), Measurement::default());
        let of = [snapshot.addresses.protocol, market_key];
        invariant.initialize(of, (index, 0), &settings).map_err(bounds::refused)?;
        let mut shown = Vec::with_capacity(terms.len());
        for ((key, account), term) in keys.iter().zip(&accounts).zip(&terms) {
            let nothing =
                || refused(&format!("{term}: there is no such account"), BreakerError::TermUnreadable);
            let account = account.as_ref().ok_or_else(nothing)?;
            let one = Shown { key, program: &account.owner, data: &account.data };
            invariant.add_term(&settings, &one).map_err(|rule| refused(&term.to_string(), rule))?;
            shown.push(one);
        }
        for one in &shown {
            invariant.show(&mut measurement, one).map_err(bounds::refused)?;
        }
        let ratio = Share(invariant.ratio(&measurement).map_err(bounds::refused)?);
        told.push(match invariant.measure(&measurement).map_err(bounds::refused)? {
            None => format!("it holds now: the left side is {ratio} of the right, or more"),
            Some(trip) => format!(
                "it does NOT hold now: the left side is {ratio} of the right, which is {:?} once it is armed",
                trip.severity
            ),
        });
        new.notes.extend(told);
        Ok(new)
    }

    pub(super) async fn there(&self, what: &'static str, key: Pubkey) -> Result<Account, Error> {
        let account = self.node.accounts(&[key]).await?.pop().flatten();
        account.ok_or(Error::Missing { what, key })
    }

    /// What the mint's unseasoned limiters share; nothing yet where none was ever registered.
    async fn mint_cap(&self, snapshot: &Snapshot, mint: &Pubkey) -> Result<Box<MintCap>, Error> {
        let key = pda::mint_cap(&snapshot.addresses.protocol, mint).0;
        match self.node.accounts(&[key]).await?.pop().flatten() {
            Some(_) => self.node.one("mint cap", key).await,
            None => Ok(Box::new(MintCap::zeroed())),
        }
    }

    /// The feed of a price account, and what it says.
    async fn feed(&self, price: &Price) -> Result<(Feed, PriceUpdate), Error> {
        let rule = BreakerError::PriceUnreadable;
        let account = self.there("price account", price.account).await?;
        let update = PriceUpdate::read(&account.owner, &account.data)
            .ok_or_else(|| refused(&format!("{} holds no price of Pyth's", price.account), rule))?;
        let id = price.feed.unwrap_or(update.feed_id);
        if update.feed_id != id {
            let (found, said) = (hex(&update.feed_id), hex(&id));
            return Err(refused(&format!("{} is of feed {found}, and {said} was said", price.account), rule));
        }
        if !update.is_of(&id) {
            let text = format!("not all signatures under the price of {} were checked", price.account);
            return Err(refused(&text, rule));
        }
        Ok((Feed { account: price.account, id }, update))
    }

    fn told(&self, feed: &Feed, update: &PriceUpdate) -> String {
        let age = self.at.unix.saturating_sub(update.publish_time).max(0).unsigned_abs();
        format!(
            "{} says {} of feed {}, published {} ago",
            feed.account,
            units::price(update.price, update.exponent),
            hex(&feed.id),
            words::duration(age)
        )
    }
}

/// Checks that this share of a mint's cap is left for a new limiter.
fn take(
    shared: &MintCap,
    (cap, share): (u64, u64),
    from: Instant,
    tokens: impl Fn(u64) -> String,
) -> Result<(), Error> {
    let mut then = *shared;
    let Err(rule) = then.take(cap, share, from) else {
        return Ok(());
    };
    let text = match rule {
        BreakerError::MintCapDiffers => format!(
            "--mint-cap is {}: it is {} until {}, while other limiters of the mint are new",
            tokens(cap),
            tokens(shared.cap),
            words::moment(shared.taken_until.unix)
        ),
        _ => {
            let taken = if shared.taken_until.reached(from) { 0 } else { shared.taken };
            format!(
                "--bootstrap-cap is {}: of the mint's cap, {}, there is {} left for new limiters",
                tokens(share),
                tokens(cap),
                tokens(cap.saturating_sub(taken))
            )
        }
    };
    Err(Error::usage(format!("{text} ({})", rule.name())))
}

pub(super) fn refused(what: &str, rule: BreakerError) -> Error {
    Error::usage(format!("{what}: {} ({})", rule.text(), rule.name()))
}

fn check_place(index: u8) -> Result<(), Error> {
    if index < RULES_PER_MARKET {
        return Ok(());
    }
    let (last, rule) = (RULES_PER_MARKET - 1, BreakerError::RulePlace);
    Err(Error::usage(format!("index {index}: a market's are 0 to {last} ({})", rule.name())))
}
