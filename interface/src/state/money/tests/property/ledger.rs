//! The books beside the rules: plain sums of who owns what, and what must hold after each call.

use super::*;

/// A claim as it was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leaf {
    pub(super) index: u64,
    pub(super) owner: usize,
    pub(super) amount: u64,
}

/// A release as it was agreed on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    pub(super) left: u64,
    pub(super) step: u64,
    pub(super) to: Account,
    pub(super) began: Instant,
    /// When the last step was taken, or when it began.
    pub(super) last: Instant,
    /// Seconds from then to the next.
    pub(super) waits: u32,
    /// Whether the authority signed.
    pub(super) signed: bool,
    /// When guardians approved it, where it goes back to the vault.
    pub(super) back: Option<Instant>,
}

/// Whether guardians have waited two weeks for one that goes back to the vault, approved then.
pub(super) fn is_waited_for(back: Option<Instant>, now: Instant) -> bool {
    back.is_some_and(|approved| approved.plus(14 * DAY).reached(now))
}

/// Who proves a halt.
#[derive(Clone, Copy)]
pub(super) enum Proof {
    Limiter,
    Invariant,
}

/// What guardians said of one held withdrawal, in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Said {
    pub(super) flagged: Option<Instant>,
    pub(super) pays: Option<(bool, Instant)>,
}

#[derive(Clone)]
pub(super) struct Ledger {
    /// What the protocol owes its users, by vault.
    pub(super) booked: [[u64; VAULTS]; USERS],
    /// What of a safe is the protocol's: neither held nor claimed. Gifts are in it.
    pub(super) free: [u64; SAFES],
    /// What strangers gave a safe.
    pub(super) gifts: [u64; SAFES],
    /// Claims that are left.
    pub(super) claims: [u64; SAFES],
    /// The set of claims in force, and which of it were made.
    pub(super) leaves: [Vec<Leaf>; SAFES],
    pub(super) made: Vec<(usize, u64, u64)>,
    /// What guardians said, by safe and number.
    pub(super) said: [Vec<Said>; SAFES],
    pub(super) agreed: [Option<Agreed>; VAULTS],
    /// What was answered Hold, by vault: in which slot, and how much of it is not in the safe.
    pub(super) answered: [(u64, u64); VAULTS],
    /// Until when guardians ordered a market's migration, and when they did.
    pub(super) ordered: [Option<Instant>; 2],
    pub(super) ordered_at: [Option<Instant>; 2],
    /// What of a vault's money came to safety and was not given back.
    pub(super) own: [u64; VAULTS],
    /// The halts that measurements proved, by market and [`Proof`]: since when, until when.
    pub(super) halts: [[Option<(Instant, Instant)>; 2]; 2],
    /// When a release began last in a market.
    pub(super) released: [Option<Instant>; 2],
    /// Vaults whose tokens only recorded flows and the breaker moved; else whether some were taken.
    pub(super) is_untouched: [bool; VAULTS],
    pub(super) is_robbed: [bool; VAULTS],
    /// What users got by claims, and what of theirs was refused or went in fees; by mint.
    pub(super) claimed: [[u64; MINTS]; USERS],
    pub(super) forgone: [[u64; MINTS]; USERS],
}

impl Ledger {
    pub(super) fn new() -> Self {
        Self {
            booked: [[0; VAULTS]; USERS],
            free: [0; SAFES],
            gifts: [0; SAFES],
            claims: [0; SAFES],
            leaves: [const { Vec::new() }; SAFES],
            made: Vec::new(),
            said: [const { Vec::new() }; SAFES],
            agreed: [None; VAULTS],
            answered: [(0, 0); VAULTS],
            ordered: [None; 2],
            ordered_at: [None; 2],
            own: [0; VAULTS],
            halts: [[None; 2]; 2],
            released: [None; 2],
            is_untouched: [true; VAULTS],
            is_robbed: [false; VAULTS],
            claimed: [[0; MINTS]; USERS],
            forgone: [[0; MINTS]; USERS],
        }
    }

    /// Takes from what is free: it is there.
    pub(super) fn take_free(&mut self, safe: usize, amount: u64) {
        let left = self.free[safe].checked_sub(amount);
        self.free[safe] = left.expect("what is owed to others was taken");
    }

    /// Whether money of that market may move now.
    pub(super) fn may_migrate(&self, market: usize, by_anyone: bool, now: Instant) -> bool {
        let is_ordered = self.ordered[market].is_some_and(|until| !until.reached(now));
        let then = self.released[market].unwrap_or_default();
        is_ordered || by_anyone && self.is_halted_since(market, then, false, now)
    }

    /// A market is halted by this proof: for longer where it was already.
    pub(super) fn halt(&mut self, market: usize, by: Proof, until: Instant, now: Instant) {
        let halt = &mut self.halts[market][by as usize];
        let lasting = halt.filter(|(_, end)| !end.reached(now));
        *halt = Some(lasting.map_or((now, until), |(since, end)| (since, end.max(until))));
    }

    /// Whether a halt of that market is live that began later than that. One of an invariant is none to a release for which
    /// guardians have waited: the authority's key could make it false.
    pub(super) fn is_halted_since(&self, market: usize, then: Instant, waited: bool, now: Instant) -> bool {
        let [limiters, invariants] = self.halts[market];
        let counted = [limiters, invariants.filter(|_| !waited)];
        counted.into_iter().flatten().any(|(since, until)| !until.reached(now) && since.slot >= then.slot)
    }

    /// Whether it was refused so long ago that guardians' next words may have taken the place of that.
    pub(super) fn is_old_refusal(&self, held: &Waiting, now: Instant) -> bool {
        let (days, said) = (3 + 7 + 30, self.said[held.safe][held.number as usize]);
        said.pays.is_some_and(|(pays, at)| !pays && at.plus(days * DAY).reached(now))
    }

    /// What becomes of a held withdrawal, from when it came and what was said of it: by plain sums.
    pub(super) fn fate(&self, held: &Waiting, severity: Severity, now: Instant) -> Checked<Fate> {
        let passed = |seconds: u64| {
            let slots = seconds.div_ceil(3) * 5;
            now.unix >= held.came.unix + seconds.cast_signed() && now.slot >= held.came.slot + slots
        };
        let said = self.said[held.safe][held.number as usize];
        match said.pays {
            Some((false, _)) => Ok(Fate::Refused),
            _ if passed(held.waits + 7 * 86_400) => Ok(Fate::Paid),
            _ if !passed(held.waits) => Err(BreakerError::HeldNotDue),
            Some((true, _)) => Ok(Fate::Paid),
            None if said.flagged.is_some() => Err(BreakerError::HeldFlagged),
            None if held.in_incident && severity >= Severity::Major => Err(BreakerError::HeldNotDue),
            None => Ok(Fate::Paid),
        }
    }
}

/// What must hold after each call, whoever made it.
pub(super) fn check(town: &Town, start: &Town) {
    let (bank, ledger) = (&town.bank, &town.ledger);
    for mint in 0..MINTS {
        assert_eq!(bank.supply(mint), start.bank.supply(mint), "mint {mint}");
        for user in HONEST {
            let wealth = |town: &Town| town.wealth(user, mint);
            assert_eq!(wealth(town), wealth(start), "user {user} of mint {mint}");
        }
    }
    for safe in 0..SAFES {
        let (tokens, state) = (bank.amounts[tokens_of(safe)], &town.safes[safe]);
        let held = || town.helds.iter().filter(|held| held.safe == safe);
        let owed: u64 = held().map(|held| held.held.amount).sum();
        assert_eq!(tokens, owed + ledger.claims[safe] + ledger.free[safe], "safe {safe}: one owner each");
        assert_eq!((state.owed, state.claims_left), (owed, ledger.claims[safe]), "safe {safe}: its debt");
        assert!(state.debt() <= tokens, "safe {safe} owes what it has not");
        assert_eq!(state.free(tokens), ledger.free[safe], "safe {safe}: what is free");
        assert_eq!((state.open, state.helds), (held().count() as u64, ledger.said[safe].len() as u64));
        let is_clear = state.flags.iter().all(|flag| flag.decision == 0);
        assert!(state.open > 0 || is_clear, "safe {safe}: of whom?");
        // what came from vaults keeps a protocol from leaving, gifts do not
        assert!(state.kept <= ledger.free[safe], "safe {safe} keeps what it has not");
        assert!(state.kept.saturating_add(ledger.gifts[safe]) >= ledger.free[safe], "safe {safe} forgets");
        for held in held() {
            // what was said once it was due is void, also where the clock goes back
            let in_time = |at: Instant| !held.held.due_at().reached(at);
            let said =
                state.said_of(held.number).filter(|(_, at)| in_time(*at)).map(|(decision, _)| decision);
            let expected = match ledger.said[safe][held.number as usize] {
                Said { pays: Some((true, _)), .. } => Some(Decision::Pay),
                Said { pays: Some((false, _)), .. } => Some(Decision::Refuse),
                Said { flagged: Some(_), .. } => Some(Decision::Flagged),
                _ => None,
            };
            let is_due = held.held.due_at().reached(town.now);
            assert!(is_due || said == expected, "safe {safe}, {}: {said:?} {expected:?}", held.number);
        }
    }
    for (vault, limiter) in town.limiters.iter().enumerate() {
        let tokens = bank.amounts[vault];
        if !ledger.is_robbed[vault] {
            // what the breaker moves is missing to nobody
            assert_eq!(limiter.undeclared, 0, "vault {vault}");
            assert!(limiter.expected <= tokens, "vault {vault} expects {} of {tokens}", limiter.expected);
        }
        if ledger.is_untouched[vault] {
            assert_eq!(limiter.expected, tokens, "vault {vault}");
        }
        assert_eq!(limiter.assert_invariant(), Ok(()));
        let route = &town.routes[vault];
        assert!(route.received <= route.sent);
        assert_eq!(route.in_safety, ledger.own[vault], "vault {vault}");
    }
}
