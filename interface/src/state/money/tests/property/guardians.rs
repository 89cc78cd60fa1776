//! What guardians agree on: flags, decisions, claims.

use super::{ledger::Leaf, *};

/// Claims of a set, and their tree: pairs from left to right, a last one goes up by itself.
#[derive(Clone)]
pub(super) struct Tree {
    pub(super) leaves: Vec<Leaf>,
    rows: Vec<Vec<[u8; 32]>>,
}

impl Tree {
    pub(super) fn new(safe: usize, epoch: u64, leaves: Vec<Leaf>) -> Self {
        let leaf =
            |leaf: &Leaf| claim_leaf(&safe_key(safe), epoch, leaf.index, &user_key(leaf.owner), leaf.amount);
        let mut rows: Vec<Vec<_>> = vec![leaves.iter().map(leaf).collect()];
        while let Some(row) = rows.last().filter(|row| row.len() > 1) {
            let up = |pair: &[[u8; 32]]| match pair {
                [a, b] => claim_node(a, b),
                alone => alone[0],
            };
            let row = row.chunks(2).map(up).collect();
            rows.push(row);
        }
        Self { leaves, rows }
    }

    pub(super) fn root(&self) -> [u8; 32] {
        self.rows.last().map_or([0; 32], |row| row[0])
    }

    pub(super) fn proof(&self, mut place: usize) -> Vec<[u8; 32]> {
        let mut proof = Vec::new();
        for row in &self.rows {
            proof.extend(row.get(place ^ 1));
            place /= 2;
        }
        proof
    }
}

impl Town {
    pub(super) fn flag(&mut self, safe: usize, (from, to): (u64, u64)) -> Done {
        let (now, helds, open) = (self.now, self.safes[safe].helds, self.safes[safe].open);
        let result = self.safes[safe].flag((from, to), now);
        match result {
            Ok(()) => {
                assert!(from <= to && to < helds && open > 0, "{from} to {to} of {helds}, {open} open");
                for number in from..=to {
                    if !self.is_due(safe, number) {
                        self.ledger.said[safe][number as usize].flagged.get_or_insert(now);
                    }
                }
            }
            Err(BreakerError::FlagsFull) => {}
            Err(error) => {
                assert_eq!(error, BreakerError::WrongHeldRange);
                assert!(from > to || to >= helds || open == 0, "{from} to {to} of {helds}, {open} open");
            }
        }
        result.map_err(Into::into)
    }

    pub(super) fn decide(&mut self, safe: usize, (from, to): (u64, u64), pays: bool) -> Done {
        let now = self.now;
        let said = |number: u64| self.ledger.said[safe].get(number as usize).copied().unwrap_or_default();
        // what nobody waits for any more is not remembered
        let waits = |number: &u64| self.helds.iter().any(|held| (held.safe, held.number) == (safe, *number));
        let asked: Vec<_> = (from..=to).filter(waits).collect();
        let decided = asked.iter().any(|number| said(*number).pays.is_some() && !self.is_due(safe, *number));
        let flagged =
            asked.iter().all(|number| said(*number).flagged.is_some() || self.is_due(safe, *number));
        let result = self.safes[safe].decide((from, to), pays, now);
        if result.is_ok() {
            assert!(
                flagged && !decided && from <= to,
                "{from} to {to}: flagged {flagged}, decided {decided}"
            );
            for &number in &asked {
                if !self.is_due(safe, number) {
                    self.ledger.said[safe][number as usize].pays = Some((pays, now));
                }
            }
        }
        // what they flagged in time they can decide on, each by itself
        let is_due = asked.iter().any(|number| self.is_due(safe, *number));
        if from == to && asked.len() == 1 && flagged && !decided && !is_due {
            assert!(matches!(result, Ok(()) | Err(BreakerError::FlagsFull)), "{from}: {result:?}");
        }
        result.map_err(Into::into)
    }

    /// Whether it is past all that anybody may say of it, or over.
    fn is_due(&self, safe: usize, number: u64) -> bool {
        let held = self.helds.iter().find(|held| (held.safe, held.number) == (safe, number));
        held.is_none_or(|held| {
            let seconds = held.waits + 7 * 86_400;
            let slots = seconds.div_ceil(3) * 5;
            self.now.unix >= held.came.unix + seconds.cast_signed() && self.now.slot >= held.came.slot + slots
        })
    }

    pub(super) fn open_claims(&mut self, safe: usize, epoch: u64, tree: &Tree, total: u64) -> Done {
        let balance = self.bank.amounts[tokens_of(safe)];
        let ledger = &mut self.ledger;
        let most = ledger.free[safe] + ledger.claims[safe];
        let is_next = epoch == self.safes[safe].claims_epoch + 1;
        let order = ClaimsOrder { mint: self.safes[safe].mint, epoch, root: tree.root(), total };
        let result = self.safes[safe].open_claims(&order, balance);
        assert_eq!(result.is_ok(), is_next && total <= most, "{total} of {most}: {result:?}");
        result?;
        ledger.free[safe] = most - total;
        ledger.claims[safe] = total;
        ledger.leaves[safe] = tree.leaves.clone();
        Ok(())
    }

    /// A claim, as whoever sends it says.
    pub(super) fn claim(&mut self, safe: usize, said: &Leaf, proof: &[[u8; 32]], to: Account) -> Done {
        let (epoch, page) = (self.safes[safe].claims_epoch, said.index / 8_192);
        let result =
            self.safes[safe].claim(&safe_key(safe), (said.index, &user_key(said.owner), said.amount), proof);
        let ledger = &mut self.ledger;
        let is_agreed = ledger.leaves[safe].contains(said);
        if result != Err(BreakerError::WrongClaim) {
            assert!(is_agreed, "nobody agreed on {said:?}");
            assert_eq!(result.is_ok(), said.amount <= ledger.claims[safe], "{result:?}");
        }
        result?;
        let name = (safe_key(safe), epoch, page);
        let place = self.pages.iter().position(|made| (made.safe, made.epoch, made.page) == name);
        let place = place.unwrap_or_else(|| {
            self.pages.push(Zeroable::zeroed());
            self.pages.len() - 1
        });
        let made = &mut self.pages[place];
        made.initialize_once(safe_key(safe), (epoch, page), 255);
        let result = made.take(said.index);
        let receipt = (safe, epoch, said.index);
        assert_eq!(result.is_ok(), !ledger.made.contains(&receipt), "{result:?}: each once");
        result?;
        ledger.made.push(receipt);
        ledger.claims[safe] =
            ledger.claims[safe].checked_sub(said.amount).expect("no more than was agreed on");
        if self.state(to).owner != user_key(said.owner) {
            return Err(BreakerError::WrongPayee.into());
        }
        let mint = MINT_OF_SAFE[safe];
        let may = [main_of(said.owner, mint), spare_of(said.owner, mint)];
        let (_, received) = self.pay(tokens_of(safe), to, said.amount, &may)?;
        self.ledger.claimed[said.owner][mint] += received;
        Ok(())
    }
}
