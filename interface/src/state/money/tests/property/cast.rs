//! Who calls what.

use super::{
    guardians::Tree,
    ledger::Proof,
    plans::{CALLS, Call, Call::*, PLANS},
    votes::{GUARDIANS, Order},
    *,
};
use crate::{operation::Operations, state::latch::NewLatch};

/// A sequence of calls.
pub(super) struct Stage {
    pub(super) dice: Dice,
    start: Town,
    pub(super) town: Town,
    pub(super) protocols: [Protocol; 2],
    pub(super) orders: Vec<Order>,
    pub(super) trees: [Option<Tree>; SAFES],
    /// Guardians who decide without looking.
    pub(super) are_mistaken: bool,
    /// What is to happen in this order, whatever comes between; the last first.
    plan: Vec<Call>,
    /// The vault of which it is.
    focus: usize,
    nonce: u64,
    pub(super) came_about: [u64; KINDS.len()],
}

impl Stage {
    pub(super) fn new(town: &Town, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut town = town.clone();
        for vault in 0..VAULTS {
            let settings = any_settings(&mut dice, vault);
            town.register(vault, &settings).expect("nothing has happened yet");
            let limiter = &mut town.limiters[vault];
            limiter.settings.hard_severity = dice.pick(&[Severity::Major, Severity::Critical]) as u32;
            limiter.settings.gross_bps = dice.pick(&[1_000, 10_000]);
            limiter.delayed = limiter.settings;
        }
        let protocols = [0, 1].map(|market| {
            let mut protocol = Protocol::zeroed();
            let guardians = (0..GUARDIANS).map(|place| key(200 + place as usize)).collect();
            let settings = ProtocolSettings::starting(key(220), guardians);
            let keys = [protocol_key(market), key(221)];
            protocol.initialize(keys[0], keys[1], 255, &settings).expect("settings are sound");
            protocol
        });
        Self {
            are_mistaken: dice.one_in(4),
            plan: Vec::new(),
            focus: 0,
            dice,
            start: town.clone(),
            town,
            protocols,
            orders: Vec::new(),
            trees: [const { None }; SAFES],
            nonce: 0,
            came_about: [0; KINDS.len()],
        }
    }

    pub(super) fn came(&mut self, kind: &str) {
        let place = KINDS.iter().position(|name| *name == kind).expect("a kind of the list");
        self.came_about[place] += 1;
    }

    /// One transaction: what fails leaves nothing, nor does what is part of a transaction that fails later.
    pub(super) fn send<T>(&mut self, call: impl FnOnce(&mut Town) -> Result<T, Failed>) -> Option<T> {
        let before = self.town.clone();
        let result = call(&mut self.town);
        if let Err(Failed::Rule(error)) = &result {
            // an answer that would keep everybody from a rescue
            let is_stuck = [BreakerError::LimiterInvariant, BreakerError::SafeOverflow].contains(error);
            assert!(!is_stuck, "{error:?}");
        }
        let fails_later = self.dice.one_in(12);
        if fails_later && result.is_ok() {
            self.came("taken back");
        }
        if fails_later || result.is_err() {
            self.town = before;
            return None;
        }
        result.ok()
    }

    /// One call, and what must hold whatever it was.
    pub(super) fn call(&mut self) {
        if self.plan.is_empty() && self.dice.one_in(2) {
            self.focus = self.dice.pick(&[0, 0, 1, 1, 2, 2, 3]);
            self.plan = self.dice.pick(&PLANS).iter().rev().copied().collect();
        }
        let planned = if self.dice.one_in(4) { None } else { self.plan.pop() };
        match planned.unwrap_or_else(|| self.dice.pick(&CALLS)) {
            Deposit => self.deposit(),
            Withdraw => self.withdraw(),
            Hold => self.hold(),
            Steal => self.steal(),
            Give => self.give(),
            Freeze => self.freeze(),
            Poke => self.poke(),
            Falsify => self.falsify(),
            Pause => self.pause(),
            Order => self.order(),
            Migrate => self.migrate(),
            ClaimHeld => self.claim_held(),
            Flag => self.flag(),
            Decide => self.decide(),
            ProposeRelease => self.propose_release(),
            ProposeClaims => self.propose_claims(),
            Begin => self.begin(),
            Release => self.release(),
            Claim => self.claim(),
            Register => self.register(),
            Wait(seconds) => self.town.now = self.town.now.plus(seconds),
        }
        if self.dice.one_in(6) {
            self.time_passes();
        }
        if self.dice.one_in(4) {
            self.claim_held();
        }
        ledger::check(&self.town, &self.start);
    }

    /// In the end, whatever was said and frozen: who asks is answered, and what was agreed on can be had.
    pub(super) fn end(&mut self) {
        let town = &mut self.town;
        town.now = town.now.plus(30 * DAY);
        town.bank.frozen = [false; ACCOUNTS];
        while let Some(waiting) = town.helds.first() {
            let to = main_of(waiting.owner, MINT_OF_SAFE[waiting.safe]);
            town.claim_held(0, to, false).expect("it is due");
            ledger::check(town, &self.start);
        }
        for (safe, tree) in self.trees.iter().enumerate() {
            assert_eq!((town.safes[safe].owed, town.safes[safe].open), (0, 0));
            let Some(tree) = tree else { continue };
            for (place, leaf) in tree.leaves.iter().enumerate() {
                let left = town.ledger.claims[safe];
                let is_made = town.ledger.made.contains(&(safe, town.safes[safe].claims_epoch, leaf.index));
                let to = main_of(leaf.owner, MINT_OF_SAFE[safe]);
                let before = town.clone();
                match town.claim(safe, leaf, &tree.proof(place), to) {
                    Ok(()) => assert!(!is_made && leaf.amount <= left),
                    Err(Failed::Rule(BreakerError::AlreadyClaimed)) => assert!(is_made),
                    Err(error) => {
                        assert_eq!(error, Failed::Rule(BreakerError::ClaimsAboveSafe));
                        assert!(leaf.amount > left);
                    }
                }
                if town.ledger.made.len() == before.ledger.made.len() {
                    *town = before;
                }
            }
        }
        ledger::check(town, &self.start);
    }

    pub(super) fn vault(&mut self) -> usize {
        if self.dice.one_in(4) { self.dice.below(VAULTS as u64) as usize } else { self.focus }
    }

    fn time_passes(&mut self) {
        let seconds = self.dice.pick(&[0, 1, 5, 60, 600, 1_200, 3_600, 3_600, 6 * 3_600, DAY, 7 * DAY]);
        // slots of 600 ms, of 400, a chain that stands still, a unix clock that does, or that goes back
        let (slots, seconds) = match self.dice.below(9) {
            0 => (seconds.min(20), seconds.cast_signed()),
            1 => (seconds * 5 / 3, 0),
            2 => (1, -(seconds.min(60).cast_signed())),
            3..=5 => (seconds * 5 / 2, seconds.cast_signed()),
            _ => (seconds.div_ceil(3) * 5, seconds.cast_signed()),
        };
        let now = self.town.now;
        self.town.now = Instant::new(now.slot + slots.max(1), now.unix + seconds);
    }

    /// Somebody, some vault of theirs, so much.
    fn wanted(&mut self) -> Wanted {
        let vault = self.vault();
        let user = self.dice.below(3) as usize;
        let amount = self.dice.pick(&[1, 9, 5_000, 60_000, 110_000, 250_000]);
        (user, vault, 1 + self.dice.below(amount))
    }

    fn deposit(&mut self) {
        let wanted = self.wanted();
        if self.send(|town| town.deposit(wanted)).is_some() {
            self.came("deposit");
        }
    }

    fn withdraw(&mut self) {
        let (wanted, direction) = (self.wanted(), self.dice.pick(&[Direction::Out, Direction::OutOrHold]));
        match self.send(|town| town.withdraw(wanted, direction)) {
            Some(Verdict::Allow) => self.came("withdrawal"),
            Some(Verdict::Deny) => self.came("denial"),
            Some(Verdict::Hold) => self.hold_answer(wanted),
            None => {}
        }
    }

    fn hold(&mut self) {
        self.nonce += 1;
        let (mut wanted, nonce) = (self.wanted(), self.nonce);
        if self.dice.one_in(2) {
            // more than the limits let out
            wanted.2 = 110_000 + self.dice.below(200_000);
            wanted.0 = self.dice.pick(&[wanted.0, THIEF]);
        }
        let asked = self.dice.pick(&[wanted.2, wanted.2, wanted.2, wanted.2 / 2]);
        if self.send(|town| town.hold(wanted, nonce, Some(asked))) == Some(Verdict::Hold) {
            self.came("hold");
        }
    }

    /// What was answered Hold goes to the safe in two parts, or once more than it was answered, or later.
    fn hold_answer(&mut self, wanted: Wanted) {
        self.nonce += 2;
        let (user, vault, amount) = wanted;
        let first = self.dice.pick(&[amount, amount, amount / 2, amount + 1]);
        if self.dice.one_in(6) {
            self.time_passes();
        }
        for (place, part) in [(0, first), (1, self.dice.pick(&[amount, amount - first.min(amount)]))] {
            let nonce = self.nonce - place;
            if self.send(|town| town.hold((user, vault, part), nonce, None)).is_some() {
                self.came("hold of an answer");
            }
        }
    }

    /// Around the breaker, where the protocol's own key moves the vault.
    fn steal(&mut self) {
        let vault = match self.vault() {
            CUSTODY => 0,
            vault => vault,
        };
        let amount = self.dice.pick(&[1, 20_000, 50_000, 500_000]).min(self.town.bank.amounts[vault]);
        self.send(|town| {
            (town.ledger.is_untouched[vault], town.ledger.is_robbed[vault]) = (false, true);
            town.bank.send(vault, main_of(THIEF, MINT_OF_VAULT[vault]), amount)
        });
    }

    /// A stranger's gift, into a vault or a safe: nobody asked for it.
    fn give(&mut self) {
        let to = self.dice.below((VAULTS + SAFES) as u64) as usize;
        let amount = 1 + self.dice.below(20_000);
        self.send(|town| {
            let (_, received) = town.bank.send(main_of(THIEF, mint_of(to)), to, amount)?;
            match to.checked_sub(VAULTS) {
                Some(safe) => {
                    town.ledger.free[safe] += received;
                    town.ledger.gifts[safe] += received;
                }
                None => town.ledger.is_untouched[to] = false,
            }
            Ok(())
        });
    }

    fn freeze(&mut self) {
        let account = match self.dice.below(4) {
            0 => self.dice.below((VAULTS + SAFES) as u64) as usize,
            _ => main_of(self.dice.below(USERS as u64) as usize, self.dice.below(2) as usize),
        };
        // a vault that is frozen is no vault to its limiter: that is a loss of its own
        if account >= VAULTS {
            self.town.bank.frozen[account] ^= true;
        }
    }

    /// Somebody shows a vault, twice where a Critical takes it.
    fn poke(&mut self) {
        let vault = self.vault();
        for _ in 0..2 {
            self.send(|town| {
                let state = town.state(vault);
                let trip = town.limiters[vault].observe(&state, true, town.now)?;
                town.latch(vault, trip, true);
                Ok(())
            });
            let now = self.town.now;
            self.town.now = Instant::new(now.slot + 5, now.unix + 2);
        }
    }

    /// A guardian or the market's other rules.
    fn pause(&mut self) {
        let severity = self.dice.pick(&Severity::ABOVE_NORMAL);
        let source = self.dice.pick(&[Source::Guardian, Source::Invariant, Source::PriceBand]);
        self.raise(source, severity);
    }

    /// An invariant is false to whoever looks twice.
    fn falsify(&mut self) {
        self.raise(Source::Invariant, Severity::Critical);
    }

    fn raise(&mut self, source: Source, severity: Severity) {
        let market = MARKET_OF_VAULT[self.vault()];
        let (now, seconds) = (self.town.now, self.dice.pick(&[3_600, 6 * 3_600, 2 * DAY]));
        let until = now.plus(seconds);
        let new = NewLatch {
            source,
            severity,
            closed: Operations::default(),
            until,
            value: 1,
            threshold: 1,
            rules: 1,
        };
        let of = &mut self.town.markets[market];
        of.board.latch(new, of.dwell, of.liquidation_grace, now);
        if (source, severity) == (Source::Invariant, Severity::Critical) {
            self.town.ledger.halt(market, Proof::Invariant, until, now);
        }
    }

    /// Accounts to a call: those of a vault, or with something of another's among them.
    fn passed(&mut self, back: bool) -> Passed {
        let vault = self.vault();
        let safe = SAFE_OF_VAULT[vault];
        let market = MARKET_OF_VAULT[vault];
        let tokens = if back { vault } else { tokens_of(safe) };
        let mut passed = Passed { market, limiter: vault, route: vault, vault, safe, tokens };
        if back {
            let to = self.town.routes[vault].release.to;
            passed.tokens = (0..ACCOUNTS).find(|account| account_key(*account) == to).unwrap_or(vault);
        }
        let dice = &mut self.dice;
        if dice.one_in(4) {
            let any = dice.below(VAULTS as u64) as usize;
            match dice.below(6) {
                0 => passed.market = 1 - market,
                1 => passed.limiter = any,
                2 => passed.route = any,
                3 => passed.vault = any,
                4 => passed.safe = dice.below(SAFES as u64) as usize,
                _ => passed.tokens = dice.below(ACCOUNTS as u64) as usize,
            }
        }
        passed
    }

    fn migrate(&mut self) {
        let passed = self.passed(false);
        let is_ordered = self.town.markets[passed.market].is_ordered(self.town.now);
        if self.send(|town| town.migrate(&passed)) == Some(true) {
            self.came(if is_ordered { "migration" } else { "migration by anyone" });
        }
    }

    fn claim_held(&mut self) {
        let count = self.town.helds.len() as u64;
        if count == 0 {
            return;
        }
        let place = self.dice.below(count) as usize;
        let (owner, mint) = (self.town.helds[place].owner, MINT_OF_SAFE[self.town.helds[place].safe]);
        let (to, signs) = match self.dice.below(6) {
            0 => (spare_of(owner, mint), true),
            1 => (spare_of(owner, mint), false),
            2 => (main_of(THIEF, mint), owner == THIEF),
            _ => (main_of(owner, mint), false),
        };
        match self.send(|town| town.claim_held(place, to, signs)) {
            Some((Fate::Refused, _)) => self.came("held refused"),
            Some((Fate::Paid, is_due)) => self.came(if is_due { "held paid when due" } else { "held paid" }),
            None => {}
        }
    }

    fn release(&mut self) {
        let passed = self.passed(true);
        let is_alone = self.town.ledger.agreed[passed.vault].is_some_and(|agreed| !agreed.signed);
        match self.send(|town| town.release(&passed)) {
            Some(true) => self.came("release elsewhere"),
            Some(false) => self.came(if is_alone { "release step alone" } else { "release step" }),
            None => {}
        }
    }

    fn claim(&mut self) {
        let safe = SAFE_OF_VAULT[self.vault()];
        let Some(tree) = self.trees[safe].clone() else { return };
        let place = self.dice.below(tree.leaves.len() as u64) as usize;
        let (mut leaf, mut proof) = (tree.leaves[place], tree.proof(place));
        let mint = MINT_OF_SAFE[safe];
        let mut to = main_of(leaf.owner, mint);
        match self.dice.below(12) {
            0 => leaf.amount += 1,
            1 => leaf.index += 8_192,
            2 => leaf.owner = THIEF,
            3 => proof.extend([tree.root()]),
            4 => to = main_of(THIEF, mint),
            5 => to = spare_of(leaf.owner, mint),
            _ => {}
        }
        if self.send(|town| town.claim(safe, &leaf, &proof, to)).is_some() {
            self.came("claim");
        }
    }

    /// The authority, or the thief who holds its key, registers a route again.
    fn register(&mut self) {
        let vault = self.vault();
        let settings = any_settings(&mut self.dice, vault);
        self.send(|town| town.register(vault, &settings));
    }
}

fn any_settings(dice: &mut Dice, vault: usize) -> RouteSettings {
    let mint = MINT_OF_VAULT[vault];
    let destinations = [
        Pubkey::default(),
        account_key(main_of(TREASURY, mint)),
        account_key(main_of(TREASURY, mint)),
        account_key(main_of(THIEF, mint)),
    ];
    RouteSettings {
        destination: dice.pick(&destinations),
        hold_seconds: dice.pick(&[HOLD_MIN, HOLD_DEFAULT, HOLD_MAX]),
        holds: dice.pick(&[0, 1, 2, 2]),
        by_anyone: dice.pick(&[0, 1]),
        padding: [0; 2],
    }
}
