//! What guardians vote on, in a quorum or as a minority that calls itself one.

use super::{cast::Stage, guardians::Tree, ledger::Leaf, *};

pub(super) const GUARDIANS: u8 = 5;

/// What a quorum approved and what waits.
#[derive(Clone)]
pub(super) enum Order {
    Release { vault: usize, amount: u64, to: Option<Account>, at: Instant },
    Claims { safe: usize, epoch: u64, tree: Tree, total: u64, at: Instant },
}

fn release_order(vault: usize, amount: u64, to: Option<Account>) -> ReleaseOrder {
    let to = to.unwrap_or(vault);
    ReleaseOrder { vault: account_key(vault), amount, destination: account_key(to), owner: owner_of(to) }
}

impl Stage {
    /// Who signs: a quorum, or a minority that calls itself one; the thief's guardians are all his.
    fn signed(&mut self, market: usize, act: &GuardianAct) -> bool {
        let is_quorum = market == 1 || !self.dice.one_in(5);
        let members = if is_quorum { 0b111 } else { self.dice.pick(&[0, 0b1, 0b11]) };
        let protocol = &self.protocols[market];
        if act.policy().wait.is_none() {
            let checked =
                act.check_quorum((&key(0), protocol), &market_key(market), None, members, self.town.now);
            let is_refused = matches!(checked, Err(BreakerError::NotAGuardian | BreakerError::NotApproved));
            assert!(is_quorum || is_refused || act.check().is_err(), "{checked:?}");
            return checked.is_ok();
        }
        let needed = act.policy().votes.of(&protocol.thresholds, GUARDIANS);
        let is_enough = members.count_ones() >= needed.into();
        assert!(is_quorum || !is_enough, "a minority released");
        is_enough && act.check().is_ok()
    }

    pub(super) fn order(&mut self) {
        let (market, now) = (MARKET_OF_VAULT[self.vault()], self.town.now);
        let board = &self.town.markets[market].board;
        let sources = [Source::Limiter, Source::Guardian, Source::Invariant, Source::PriceBand];
        let all =
            sources.iter().flat_map(|source| Severity::ABOVE_NORMAL.map(|severity| (*source, severity)));
        let live: Vec<_> = all.filter_map(|(source, severity)| board.live(source, severity, now)).collect();
        if live.is_empty() {
            return;
        }
        let latch = live[self.dice.below(live.len() as u64) as usize].0;
        if self.signed(market, &GuardianAct::Migrate(MigrateOrder { latch })) {
            self.send(|town| town.order(market, latch));
        }
    }

    /// A range of held withdrawals; the next that comes is sometimes asked for too.
    fn range(&mut self, safe: usize) -> (u64, u64) {
        let helds = self.town.safes[safe].helds;
        let from = if self.dice.one_in(3) { self.dice.below(helds + 1) } else { helds.saturating_sub(2) };
        (from, (from + self.dice.below(4)).min(helds).max(self.dice.below(2)))
    }

    pub(super) fn flag(&mut self) {
        let safe = SAFE_OF_VAULT[self.vault()];
        let (from, to) = self.range(safe);
        let (market, mint) = (MARKET_OF_SAFE[safe], self.town.safes[safe].mint);
        if self.signed(market, &GuardianAct::FlagHeld(HeldRange { mint, from, to })) {
            self.send(|town| town.flag(safe, (from, to)));
        }
    }

    /// Honest guardians look whose it is; others do not.
    pub(super) fn decide(&mut self) {
        let safe = SAFE_OF_VAULT[self.vault()];
        let flags = self.town.safes[safe].flags;
        let flagged: Vec<_> = flags.iter().filter(|flag| flag.decision == 1).collect();
        let (from, to) = match flagged.len() as u64 {
            0 => self.range(safe),
            count => {
                let flag = *flagged[self.dice.below(count) as usize];
                match self.dice.below(3) {
                    0 => (flag.from, flag.from + self.dice.below(3)),
                    1 => (flag.to.saturating_sub(self.dice.below(2)), flag.to),
                    _ => (flag.from, flag.to),
                }
            }
        };
        let market = MARKET_OF_SAFE[safe];
        let in_range = |held: &&Waiting| held.safe == safe && (from..=to).contains(&held.number);
        let is_thief = self.town.helds.iter().filter(in_range).all(|held| held.owner == THIEF);
        let pay = if market == 1 || self.are_mistaken { self.dice.one_in(2) } else { !is_thief };
        let range = HeldRange { mint: self.town.safes[safe].mint, from, to };
        if self.signed(market, &GuardianAct::DecideHeld { range, pay }) {
            self.send(|town| town.decide(safe, (from, to), pay));
        }
    }

    /// Money is to go back: to the vault, or to the route's destination.
    pub(super) fn propose_release(&mut self) {
        let vault = self.vault();
        let (at, dice) = (self.town.now, &mut self.dice);
        let free = self.town.ledger.free[SAFE_OF_VAULT[vault]];
        let amount = dice.pick(&[1, 3, free, free, free / 2, free * 2, 1_000_000]);
        let route = &self.town.routes[vault];
        let settled = (0..ACCOUNTS).find(|account| account_key(*account) == route.settings.destination);
        let to = settled.filter(|_| dice.one_in(2));
        let order = release_order(vault, amount, to);
        if self.signed(MARKET_OF_VAULT[vault], &GuardianAct::Release(order)) {
            self.orders.push(Order::Release { vault, amount, to, at });
        }
    }

    /// Claims on what a safe has.
    pub(super) fn propose_claims(&mut self) {
        let safe = SAFE_OF_VAULT[self.vault()];
        let (at, dice) = (self.town.now, &mut self.dice);
        let epoch = self.town.safes[safe].claims_epoch + 1;
        let share = self.town.ledger.free[safe] / 5;
        let count = 1 + dice.below(5) as usize;
        let mut leaves = Vec::new();
        for place in 0..count {
            let owner = dice.below(3) as usize;
            // the thief's sets have a number twice, and more in them than they say
            let is_twice = MARKET_OF_SAFE[safe] == 1 && dice.one_in(3);
            let index =
                if is_twice { 7 } else { dice.pick(&[0, 7, 8, 8_191, 8_192, 70_000]) + 9 * place as u64 };
            leaves.push(Leaf { index, owner, amount: dice.pick(&[share, share / 2, 1]) });
        }
        let sum: u64 = leaves.iter().map(|leaf| leaf.amount).sum();
        let total = if MARKET_OF_SAFE[safe] == 1 { dice.pick(&[sum, sum / 2, 2 * sum]) } else { sum };
        // a set of nothing ends the one in force
        let total = if epoch > 1 && dice.one_in(3) { 0 } else { total };
        let tree = Tree::new(safe, epoch, leaves);
        let order = ClaimsOrder { mint: self.town.safes[safe].mint, epoch, root: tree.root(), total };
        if self.signed(MARKET_OF_SAFE[safe], &GuardianAct::OpenClaims(order)) {
            self.orders.push(Order::Claims { safe, epoch, tree, total, at });
        }
    }

    /// What has waited is begun: with the authority, or without it after two weeks, back to the vault alone.
    pub(super) fn begin(&mut self) {
        let count = self.orders.len() as u64;
        if count == 0 {
            return;
        }
        // mostly the last: it was just waited for
        let place = if self.dice.one_in(3) { self.dice.below(count) } else { count - 1 } as usize;
        let (order, now, signs) = (self.orders[place].clone(), self.town.now, !self.dice.one_in(3));
        let waited = |at: Instant, days: u64| at.plus(days * DAY).reached(now);
        let is_begun = match order {
            Order::Release { vault, amount, to, at } => {
                let order = release_order(vault, amount, to);
                let may = waited(at, 2) && (signs || order.check_alone(at, now).is_ok());
                assert!(signs || !may || to.is_none() && waited(at, 14), "without the authority");
                may && self.send(|town| town.begin_release(&order, (vault, to), (at, signs))).is_some()
            }
            Order::Claims { safe, epoch, tree, total, at } => {
                let is_open = signs
                    && waited(at, 2)
                    && self.send(|town| town.open_claims(safe, epoch, &tree, total)).is_some();
                if is_open {
                    self.came(if total > 0 { "claims" } else { "claims ended" });
                    self.trees[safe] = Some(tree);
                }
                is_open
            }
        };
        if is_begun {
            self.orders.remove(place);
        }
    }
}
