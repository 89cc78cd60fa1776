//! The accounts, and what the handlers do with them: checks, change, transfer.

use super::{
    ledger::{Agreed, Proof, is_waited_for},
    *,
};

/// A held withdrawal, and what the books remember of it.
#[derive(Clone, Copy)]
pub(super) struct Waiting {
    pub(super) held: Held,
    pub(super) safe: usize,
    pub(super) owner: usize,
    pub(super) number: u64,
    pub(super) came: Instant,
    pub(super) waits: u64,
    pub(super) in_incident: bool,
}

#[derive(Clone)]
pub(super) struct Town {
    pub(super) now: Instant,
    pub(super) bank: Bank,
    pub(super) markets: [Market; 2],
    pub(super) limiters: [Limiter; VAULTS],
    pub(super) routes: [Route; VAULTS],
    pub(super) safes: [Safe; SAFES],
    pub(super) helds: Vec<Waiting>,
    pub(super) pages: Vec<ClaimPage>,
    pub(super) ledger: Ledger,
}

pub(super) fn key(number: usize) -> Pubkey {
    Pubkey::new_from_array([number as u8; 32])
}

pub(super) fn account_key(account: Account) -> Pubkey {
    key(1 + account)
}

pub(super) fn protocol_key(market: usize) -> Pubkey {
    key(100 + market)
}

pub(super) fn market_key(market: usize) -> Pubkey {
    key(110 + market)
}

pub(super) fn route_key(vault: usize) -> Pubkey {
    key(120 + vault)
}

pub(super) fn safe_key(safe: usize) -> Pubkey {
    key(130 + safe)
}

pub(super) fn user_key(user: usize) -> Pubkey {
    key(140 + user)
}

fn mint_key(mint: usize) -> Pubkey {
    key(150 + mint)
}

pub(super) fn owner_of(account: Account) -> Pubkey {
    match account {
        CUSTODY => route_key(CUSTODY),
        vault if vault < VAULTS => protocol_key(MARKET_OF_VAULT[vault]),
        safe if safe < VAULTS + SAFES => safe_key(safe - VAULTS),
        of_user => user_key(user_of(of_user).unwrap_or(USERS)),
    }
}

const NOBODY: LatchBoard = LatchBoard {
    held: [Instant::NEVER; 3],
    liquidation_closed: Instant::NEVER,
    slots: [crate::state::Latch {
        closed: 0,
        since: Instant::NEVER,
        until: Instant::NEVER,
        value: 0,
        threshold: 0,
        count: 0,
        rules: 0,
    }; 18],
    told: 0,
};

/// Accounts that somebody passes to move a vault.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    pub(super) market: usize,
    pub(super) limiter: usize,
    pub(super) route: usize,
    pub(super) vault: usize,
    pub(super) safe: usize,
    /// The token account of the safe, or where money goes back to.
    pub(super) tokens: Account,
}

/// A flow out of a vault: whose, from where, how much.
pub(super) type Wanted = (usize, usize, u64);

/// Which accounts a route may be given with, as the program's constraints say it.
fn check_leads(route: &Route, [protocol, market, vault, safe]: [&Pubkey; 4]) -> Checked<()> {
    if route.protocol != *protocol {
        return Err(BreakerError::WrongProtocol);
    }
    if route.market != *market {
        return Err(BreakerError::WrongMarket);
    }
    if route.vault != *vault {
        return Err(BreakerError::WrongVault);
    }
    if route.safe == *safe { Ok(()) } else { Err(BreakerError::WrongSafe) }
}

impl Town {
    pub(super) fn new() -> Self {
        let now = Instant::new(1_000_000, 1_800_000_000);
        let mut bank = Bank { amounts: [0; ACCOUNTS], frozen: [false; ACCOUNTS], fees: [0; MINTS] };
        let mut ledger = Ledger::new();
        for user in 0..USERS {
            for mint in 0..MINTS {
                bank.amounts[main_of(user, mint)] = 500_000;
            }
            for vault in 0..VAULTS {
                ledger.booked[user][vault] = 250_000;
            }
        }
        bank.amounts[..VAULTS].fill(1_000_000);
        let mut town = Self {
            now,
            bank,
            markets: [Zeroable::zeroed(); 2],
            limiters: [Zeroable::zeroed(); VAULTS],
            routes: [Zeroable::zeroed(); VAULTS],
            safes: [Zeroable::zeroed(); SAFES],
            helds: Vec::new(),
            pages: Vec::new(),
            ledger,
        };
        use crate::operation::{Operation, Operations};
        let paid = Operations::of(&[Operation::WITHDRAW]);
        for (number, market) in town.markets.iter_mut().enumerate() {
            let settings = MarketSettings::closing(Operations::default(), Operations::default(), paid);
            market.initialize(protocol_key(number), 0, 255, &settings).expect("settings are sound");
        }
        for safe in 0..SAFES {
            let of = MARKET_OF_SAFE[safe];
            let keys = [
                protocol_key(of),
                market_key(of),
                mint_key(MINT_OF_SAFE[safe]),
                account_key(tokens_of(safe)),
            ];
            town.safes[safe].initialize(keys, 255, key(0));
        }
        for (vault, of) in MARKET_OF_VAULT.into_iter().enumerate() {
            let keys = [protocol_key(of), market_key(of), account_key(vault)];
            let settings = LimiterSettings::starting(500_000, 100);
            let (state, limiter) = (town.state(vault), &mut town.limiters[vault]);
            limiter.initialize(keys, (255, vault as u8), &settings, &state, now).expect("settings are sound");
            limiter.arm(&state, now).expect("in shadow");
            let later = now.plus(2 * DAY);
            assert_eq!(limiter.observe(&state, false, later), Ok(None));
            town.register(vault, &RouteSettings::starting()).expect("settings are sound");
        }
        town.now = now.plus(2 * DAY);
        town
    }

    /// A token account, as its bytes say.
    pub(super) fn state(&self, account: Account) -> VaultState {
        VaultState {
            mint: mint_key(mint_of(account)),
            owner: owner_of(account),
            amount: self.bank.amounts[account],
            sound: !self.bank.frozen[account],
        }
    }

    /// What a user has, is owed and will be paid, and what went otherwise.
    pub(super) fn wealth(&self, user: usize, mint: usize) -> u64 {
        let wallet = self.bank.amounts[main_of(user, mint)] + self.bank.amounts[spare_of(user, mint)];
        let booked = (0..VAULTS).filter(|vault| MINT_OF_VAULT[*vault] == mint);
        let booked: u64 = booked.map(|vault| self.ledger.booked[user][vault]).sum();
        let helds = self.helds.iter().filter(|held| held.owner == user && MINT_OF_SAFE[held.safe] == mint);
        let held: u64 = helds.map(|held| held.held.amount).sum();
        wallet + booked + held + self.ledger.forgone[user][mint] - self.ledger.claimed[user][mint]
    }

    pub(super) fn severity(&self, market: usize) -> Severity {
        self.markets[market].in_force(&NOBODY, self.now).0
    }

    /// The only way that tokens leave a vault or a safe: to where they may.
    pub(super) fn pay(
        &mut self,
        from: Account,
        to: Account,
        amount: u64,
        may: &[Account],
    ) -> Result<(u64, u64), Failed> {
        assert!(may.contains(&to), "{from} pays {to}, and may pay {may:?}");
        self.bank.send(from, to, amount)
    }

    pub(super) fn latch(&mut self, vault: usize, trip: Option<Trip>, raises_market: bool) {
        let Some(trip) = trip else { return };
        assert!(trip.rule != Rule::Undeclared || self.ledger.is_robbed[vault], "nothing was taken: {trip:?}");
        let (limiter, now) = (&mut self.limiters[vault], self.now);
        let market = &mut self.markets[MARKET_OF_VAULT[vault]];
        limiter.latch(&trip, market, now);
        limiter.pending = Zeroable::zeroed();
        if raises_market {
            let until = market.automatic_until(trip.severity, now);
            let is_news = market.latch_trip(limiter.rule(), &trip, until, now);
            if is_news && trip.severity == Severity::Critical {
                self.ledger.halt(MARKET_OF_VAULT[vault], Proof::Limiter, until, now);
            }
        }
    }

    fn record(&mut self, vault: usize, direction: Direction, amount: u64) -> Result<Verdict, Failed> {
        use crate::operation::Operation;
        let (now, state) = (self.now, self.state(vault));
        let market = &self.markets[MARKET_OF_VAULT[vault]];
        let mut closed = market.in_force(&NOBODY, now).1;
        closed.0 |= market.response(self.limiters[vault].severity(now)).0.0;
        let closed = direction != Direction::In && closed.contains(Operation::WITHDRAW);
        let outcome = self.limiters[vault].record(Flow { direction, amount, closed }, &state, now)?;
        if outcome.verdict == Verdict::Hold {
            let (slot, answered) = self.ledger.answered[vault];
            self.ledger.answered[vault] = (now.slot, amount + if slot == now.slot { answered } else { 0 });
        }
        self.latch(vault, outcome.trip, amount.is_multiple_of(2));
        Ok(outcome.verdict)
    }

    pub(super) fn deposit(&mut self, (user, vault, amount): Wanted) -> Done {
        let (_, received) = self.bank.send(main_of(user, MINT_OF_VAULT[vault]), vault, amount)?;
        self.ledger.booked[user][vault] += received;
        self.ledger.forgone[user][MINT_OF_VAULT[vault]] += amount - received;
        assert_eq!(self.record(vault, Direction::In, received)?, Verdict::Allow);
        Ok(())
    }

    /// What a user takes out of the books; a protocol with a bug gives the thief what is not his.
    fn unbook(&mut self, (user, vault, sent): Wanted, received: u64) -> Done {
        let booked = &mut self.ledger.booked[user][vault];
        match booked.checked_sub(sent) {
            Some(left) => *booked = left,
            None if user == THIEF => *booked = 0,
            None => return Err(Failed::Transfer),
        }
        self.ledger.forgone[user][MINT_OF_VAULT[vault]] += sent - received;
        Ok(())
    }

    pub(super) fn withdraw(&mut self, wanted: Wanted, direction: Direction) -> Result<Verdict, Failed> {
        let (user, vault, amount) = wanted;
        let verdict = self.record(vault, direction, amount)?;
        if verdict == Verdict::Hold {
            assert!(direction == Direction::OutOrHold && self.limiters[vault].holds > 0, "nobody asked");
        }
        if verdict == Verdict::Allow {
            let to = main_of(user, MINT_OF_VAULT[vault]);
            let (sent, received) = self.pay(vault, to, amount, &[to])?;
            self.unbook((user, vault, sent), received)?;
        }
        Ok(verdict)
    }

    /// The protocol asks for so much first, or relies on what was answered before.
    pub(super) fn hold(&mut self, wanted: Wanted, nonce: u64, asked: Option<u64>) -> Result<Verdict, Failed> {
        let (user, vault, amount) = wanted;
        let (safe, market) = (SAFE_OF_VAULT[vault], MARKET_OF_VAULT[vault]);
        let state = self.state(vault);
        if let Some(asked) = asked {
            match self.record(vault, Direction::OutOrHold, asked)? {
                Verdict::Allow => return Err(BreakerError::NothingToHold.into()),
                Verdict::Deny => return Ok(Verdict::Deny),
                Verdict::Hold => {}
            }
        }
        self.routes[vault].check_vault(&state)?;
        let (slot, answered) = &mut self.ledger.answered[vault];
        let has = if *slot == self.now.slot { *answered } else { 0 };
        let taken = self.limiters[vault].take_answer(amount, self.now);
        assert_eq!(taken.is_ok(), (1..=has).contains(&amount), "{amount} of {has}: {taken:?}");
        taken?;
        *answered = has - amount;
        let severity = self.severity(market).max(self.limiters[vault].severity(self.now));
        let tokens = tokens_of(safe);
        self.safes[safe].check_tokens(&safe_key(safe), &account_key(tokens), &self.state(tokens))?;
        let (sent, received) = self.pay(vault, tokens, amount, &[tokens])?;
        let trip = self.limiters[vault].moved_out(sent, &state, self.now)?;
        self.latch(vault, trip, false);
        let number = self.safes[safe].hold(received)?;
        let waits = self.routes[vault].settings.hold_seconds;
        let keys = [safe_key(safe), user_key(user), account_key(main_of(user, MINT_OF_SAFE[safe]))];
        let mut held = Held::zeroed();
        held.initialize(keys, 255, (nonce, number, received), (waits, severity), self.now);
        let in_incident = severity >= Severity::Major;
        let waits = waits.into();
        self.helds.push(Waiting { held, safe, owner: user, number, came: self.now, waits, in_incident });
        self.ledger.said[safe].push(ledger::Said::default());
        assert_eq!(self.ledger.said[safe].len() as u64, number + 1, "a number of its own");
        self.unbook((user, vault, sent), received)?;
        Ok(Verdict::Hold)
    }

    /// Gives whether money moved.
    pub(super) fn migrate(&mut self, by: &Passed) -> Result<bool, Failed> {
        let now = self.now;
        let market = &self.markets[by.market];
        let keys = [&market.protocol, &market_key(by.market), &account_key(by.vault)];
        self.limiters[by.limiter].check_guards(keys[0], keys[1], keys[2])?;
        let route = &self.routes[by.route];
        check_leads(route, [keys[0], keys[1], keys[2], &safe_key(by.safe)])?;
        let checked = market.check_migration(route.settings.by_anyone != 0, now);
        let may = self.ledger.may_migrate(by.market, route.settings.by_anyone != 0, now);
        assert_eq!(checked.is_ok(), may, "{checked:?}");
        checked?;
        let state = self.state(by.vault);
        route.check_source(&state)?;
        let is_dust = route.is_dust(state.amount);
        let to = by.tokens;
        self.safes[by.safe].check_tokens(&safe_key(by.safe), &account_key(to), &self.state(to))?;
        if is_dust {
            return Ok(false);
        }
        let (vault, safe) = (by.vault, SAFE_OF_VAULT[by.vault]);
        let (sent, received) = self.pay(vault, to, state.amount, &[tokens_of(safe)])?;
        let trip = self.limiters[vault].moved_out(sent, &state, now)?;
        self.latch(vault, trip, false);
        self.routes[vault].migrated(sent, received);
        self.safes[by.safe].migrated(received);
        self.ledger.free[safe] += received;
        self.ledger.own[vault] += received;
        // what was agreed on before is not of what came now, whichever vault it was to go to
        for vault in (0..VAULTS).filter(|vault| SAFE_OF_VAULT[*vault] == safe) {
            self.ledger.agreed[vault] = None;
        }
        Ok(true)
    }

    /// Pays or puts away a held withdrawal; `signs` where its owner does.
    pub(super) fn claim_held(
        &mut self,
        place: usize,
        to: Account,
        signs: bool,
    ) -> Result<(Fate, bool), Failed> {
        let waiting = self.helds[place];
        let (safe, owner, held) = (waiting.safe, waiting.owner, waiting.held);
        let severity = self.severity(MARKET_OF_SAFE[safe]);
        let fate = held.fate(severity, self.safes[safe].said_of(held.number), self.now);
        let expected = self.ledger.fate(&waiting, severity, self.now);
        // a refusal that nobody acted on for long may have given its place up
        let is_forgotten = fate == Ok(Fate::Paid) && self.ledger.is_old_refusal(&waiting, self.now);
        assert!(fate == expected || is_forgotten, "{held:?}: {fate:?} {expected:?}");
        let fate = fate?;
        self.helds.remove(place);
        self.safes[safe].settle((held.number, held.amount), fate == Fate::Paid)?;
        let mint = MINT_OF_SAFE[safe];
        if fate == Fate::Refused {
            self.ledger.free[safe] += held.amount;
            self.ledger.forgone[owner][mint] += held.amount;
            return Ok((fate, false));
        }
        if self.state(to).owner != held.owner || account_key(to) != held.destination && !signs {
            return Err(BreakerError::WrongPayee.into());
        }
        let may = [main_of(owner, mint), spare_of(owner, mint)];
        let (sent, received) = self.pay(tokens_of(safe), to, held.amount, &may)?;
        assert_eq!(sent, held.amount);
        self.ledger.forgone[owner][mint] += sent - received;
        Ok((fate, held.due_at().reached(self.now)))
    }

    /// A step of a release; gives whether it went elsewhere.
    pub(super) fn release(&mut self, by: &Passed) -> Result<bool, Failed> {
        let now = self.now;
        let keys = [self.markets[by.market].protocol, market_key(by.market), account_key(by.vault)];
        self.limiters[by.limiter].check_guards(&keys[0], &keys[1], &keys[2])?;
        let route = &self.routes[by.route];
        check_leads(route, [&keys[0], &keys[1], &keys[2], &safe_key(by.safe)])?;
        let goes_on = self.markets[by.market].check_release(&route.release, now);
        let ledger = &self.ledger;
        let is_ordered = ledger.ordered[by.market].is_some_and(|until| !until.reached(now));
        if let Some(agreed) = ledger.agreed[by.vault] {
            let is_halted =
                ledger.is_halted_since(by.market, agreed.began, is_waited_for(agreed.back, now), now);
            assert_eq!(goes_on.is_err(), is_ordered || is_halted, "{goes_on:?}");
        }
        assert!(goes_on.is_err() || !is_ordered, "both ways at once");
        goes_on?;
        if account_key(by.tokens) != route.release.to {
            return Err(BreakerError::WrongDestination.into());
        }
        let from = tokens_of(by.safe);
        let safe = &self.safes[by.safe];
        let has = (safe.free(self.bank.amounts[from]), safe.migrations);
        let dwell = self.markets[by.market].dwell;
        let to = self.state(by.tokens);
        let amount = self.routes[by.route].step_release(&to, has, dwell, now);
        self.expect_step(by, amount);
        let amount = amount?;
        let agreed = self.ledger.agreed[by.vault].as_mut().expect("a release was agreed on");
        (agreed.left, agreed.last, agreed.waits) = (agreed.left - amount, now, dwell);
        let may = [agreed.to];
        let state = self.state(by.tokens);
        let (sent, received) = self.pay(from, by.tokens, amount, &may)?;
        self.safes[by.safe].release(sent);
        self.ledger.take_free(SAFE_OF_VAULT[by.vault], sent);
        let own = &mut self.ledger.own[by.vault];
        *own -= sent.min(*own);
        if by.tokens == by.vault {
            let trip = self.limiters[by.vault].moved_in(received, &state, now)?;
            self.latch(by.vault, trip, false);
        }
        Ok(by.tokens != by.vault)
    }

    /// A step is what was agreed on, what is left of it and what is free; and a dwell after the last.
    fn expect_step(&self, by: &Passed, amount: Checked<u64>) {
        let agreed = self.ledger.agreed[by.vault];
        if let Some(agreed) = agreed {
            let is_halted = self.ledger.is_halted_since(
                by.market,
                agreed.began,
                is_waited_for(agreed.back, self.now),
                self.now,
            );
            assert!(!is_halted, "into a halt that nobody had seen");
        }
        let most = agreed.map_or(0, |agreed| agreed.left.min(agreed.step));
        let most = most.min(self.ledger.free[SAFE_OF_VAULT[by.vault]]);
        let waits = agreed.is_some_and(|Agreed { last, waits, .. }| {
            let slots = u64::from(waits).div_ceil(3) * 5;
            self.now.unix < last.unix + i64::from(waits) || self.now.slot < last.slot + slots
        });
        let settled = self.routes[by.vault].settings.destination;
        let to = agreed.map_or(by.vault, |agreed| agreed.to);
        let is_sound = (to == by.vault || account_key(to) == settled) && !self.bank.frozen[to];
        let expected = match most {
            0 => Err(BreakerError::NothingToRelease),
            _ if !is_sound && to == by.vault => Err(BreakerError::WrongVault),
            _ if !is_sound => Err(BreakerError::WrongDestination),
            _ if waits => Err(BreakerError::ReleaseNotDue),
            most => Ok(most),
        };
        assert_eq!(amount, expected, "{agreed:?}");
    }

    pub(super) fn register(&mut self, vault: usize, settings: &RouteSettings) -> Done {
        self.markets[MARKET_OF_VAULT[vault]].check_routable(&NOBODY, self.now)?;
        let destination = (0..ACCOUNTS).find(|account| account_key(*account) == settings.destination);
        let destination = destination.map(|account| self.state(account));
        let of = MARKET_OF_VAULT[vault];
        let keys = [protocol_key(of), market_key(of), account_key(vault), safe_key(SAFE_OF_VAULT[vault])];
        let state = self.state(vault);
        self.routes[vault].register(keys, 255, settings, &state, destination.as_ref())?;
        self.limiters[vault].holds = settings.holds.into();
        Ok(())
    }

    pub(super) fn order(&mut self, market: usize, latch: LatchId) -> Done {
        self.markets[market].order_migration(&MigrateOrder { latch }, &NOBODY, self.now)?;
        self.ledger.ordered[market] = Some(self.now.plus(86_400));
        self.ledger.ordered_at[market] = Some(self.now);
        // nothing that began before goes on
        for vault in (0..VAULTS).filter(|vault| MARKET_OF_VAULT[*vault] == market) {
            self.ledger.agreed[vault] = None;
        }
        Ok(())
    }

    pub(super) fn begin_release(
        &mut self,
        order: &ReleaseOrder,
        (vault, to): (usize, Option<Account>),
        (approved_at, is_signed): (Instant, bool),
    ) -> Done {
        let (now, market, safe) = (self.now, MARKET_OF_VAULT[vault], SAFE_OF_VAULT[vault]);
        let ledger = &self.ledger;
        let is_ordered = ledger.ordered[market].is_some_and(|until| !until.reached(now));
        let back = to.is_none().then_some(approved_at);
        let is_news = ledger.is_halted_since(market, approved_at, is_waited_for(back, now), now);
        let is_another = ledger.ordered_at[market].is_some_and(|at| at.slot >= approved_at.slot);
        let begun = self.markets[market].begin_release(approved_at, order.alone_from(approved_at), now);
        assert_eq!(begun.is_err(), is_ordered || is_news || is_another, "{begun:?}");
        begun?;
        let free = self.safes[safe].free(self.bank.amounts[tokens_of(safe)]);
        let has = (free, self.safes[safe].migrations);
        let left = self.routes[vault].begin_release(order, has, (approved_at, is_signed), now);
        let is_registered = to.is_none_or(|to| account_key(to) == self.routes[vault].settings.destination);
        let own = self.ledger.own[vault];
        let most = order.amount.min(self.ledger.free[safe]).min(if is_signed { u64::MAX } else { own });
        assert_eq!(left.ok(), (is_registered && most > 0).then_some(most), "{left:?}");
        let left = left?;
        self.ledger.released[market] = Some(now);
        let (step, to) = (left.div_ceil(4), to.unwrap_or(vault));
        self.ledger.agreed[vault] =
            Some(Agreed { left, step, to, began: now, last: now, waits: 0, signed: is_signed, back });
        Ok(())
    }
}
