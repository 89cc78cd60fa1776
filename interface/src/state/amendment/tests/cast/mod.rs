//! The full cast: a thief who holds the authority's key, a minority of the guardians, all keepers, each by themselves and all
//! together. They call anything in any order, and in their midst an honest quorum is at a rescue. No limit gets looser within
//! the delay, the exits stay open, nobody closes for longer than their budgets, and no rescue is voided.

use super::{
    thief::{CALLS, Run, SEQUENCES},
    town::*,
    wish::*,
    *,
};
use crate::{
    state::{
        ConfirmOrder, GuardianAct, GuardianBudget, Latch, LatchId, Members, PauseOrder, Prices, Proposal,
        Proposed, ResumeOrder, Status,
    },
    verdict::Direction,
};

mod checks;
mod honest;
mod promise;
mod rogue;
mod street;

use checks::{Diary, Paused};
use promise::*;
use street::*;

/// Who is against the protocol.
struct Cast {
    /// The thief with the authority's key.
    has_key: bool,
    /// Fewer guardians than any of their thresholds.
    guardians: Vec<Pubkey>,
    /// All keepers.
    has_keepers: bool,
}

/// A proposal of a guardian's, and what was said of it.
#[derive(Clone)]
struct Waiting {
    proposal: Proposal,
    act: GuardianAct,
    scope: Scope,
    is_honest: bool,
    /// Who approved, and in which membership.
    approvals: Vec<(Pubkey, u64)>,
}

/// What a call did, as far as it explains a change.
enum Done {
    Nothing,
    /// A quorum made this latch hold longer.
    Confirmed(Scope, LatchId),
    /// A quorum cleared this latch.
    Resumed(Scope, LatchId),
    /// A quorum began a maintenance of so many seconds.
    Quieted(u32),
    /// A quorum froze the authority.
    Froze,
    /// A ripe proposal of the authority's.
    Executed(Deed),
}

/// A sequence of calls.
struct Stage<'a> {
    run: Run<'a>,
    cast: Cast,
    keepers: Vec<Keeper>,
    budgets: Vec<GuardianBudget>,
    acts: Vec<Waiting>,
    /// The authority's own change of guardians, among what it proposed.
    change: Option<usize>,
    truth: Truth,
    diary: Diary,
    /// Whether what loosens has had the time to ripen.
    is_long: bool,
    /// What happens more often than all else in this sequence.
    mood: u64,
    end: Instant,
}

/// Thresholds that no `rogues` reach and that the others do.
fn thresholds(dice: &mut Dice, members: u64, rogues: u64) -> Thresholds {
    let most = members - rogues;
    let mut any = |least: u64| (least + dice.below(most - least + 1)) as u8;
    let (few, majority) = (rogues + 1, (rogues + 1).max(members / 2 + 1));
    Thresholds {
        confirm: any(few),
        resume: any(majority),
        migrate: any(majority),
        release: any(majority),
        veto: any(few),
        freeze: any(majority),
        padding: [0; 2],
    }
}

/// What one may call; the number of each is a mood.
const KINDS: u64 = 13;

impl<'a> Stage<'a> {
    fn new(fields: &'a Fields, town: &Town, seed: u64) -> Self {
        let mut run = Run::new(fields, town, seed);
        let dice = &mut run.dice;
        let members = 3 + dice.below(5);
        let rogues = dice.below(members.div_ceil(2));
        let (has_key, has_keepers) = (dice.below(2) == 0, dice.below(2) == 0);
        let protocol = &mut run.town.protocol;
        protocol.guardian_count = members as u8;
        for (place, guardian) in protocol.guardians.iter_mut().take(members as usize).enumerate() {
            *guardian = key(11 + place as u8);
        }
        protocol.thresholds = thresholds(dice, members, rogues);
        let first = dice.below(members);
        let guardians: Vec<_> = (0..rogues).map(|i| key(11 + ((first + i) % members) as u8)).collect();
        run.with = protocol.members(&guardians).unwrap_or(0);
        run.town.market.critical_closes_exits = dice.below(2) as u8;

        if dice.below(2) == 0 {
            // a strict one: it halts, counts little as much, and forgets within an hour
            let limiter = &mut run.town.limiter;
            limiter.settings.hard_severity = Severity::Critical as u32;
            (limiter.settings.gross_bps, limiter.settings.undeclared_seconds) = (100, 3_600);
            limiter.delayed = limiter.settings;
        }

        let now = run.town.now;
        let keepers = (0..2 + dice.below(3)).map(|i| {
            let mut keeper = Keeper::zeroed();
            let settings = KeeperSettings {
                key: key(40 + i as u8),
                max_seconds: dice.pick(&[MINOR_MIN, 3_600, 6_000, MINOR_MAX]),
                raises_per_day: 1 + dice.below(24) as u16,
                term: dice.pick(&[3 * DAY as u32, KEEPER_TERM_MAX]),
            };
            keeper.initialize(PROTOCOL, 255, &settings, now).expect("settings are sound");
            keeper
        });
        let keepers: Vec<_> = keepers.collect();
        let mood = dice.below(2 * KINDS);
        let diary = Diary::new(&run.town);
        let cast = Cast { has_key, guardians, has_keepers };
        Self {
            run,
            cast,
            keepers,
            budgets: Vec::new(),
            acts: Vec::new(),
            change: None,
            is_long: false,
            truth: FINE,
            diary,
            mood,
            end: now,
        }
    }

    fn dice(&mut self) -> &mut Dice {
        &mut self.run.dice
    }

    fn chance(&mut self, of: u64) -> bool {
        self.dice().below(of) == 0
    }

    fn pick_scope(&mut self) -> Scope {
        self.dice().pick(&[Scope::Market, Scope::Market, Scope::Whole])
    }

    /// Guardians of today who are honest.
    fn honest(&self) -> Vec<Pubkey> {
        let guardians = self.run.town.protocol.guardians().iter();
        guardians.filter(|guardian| !self.cast.guardians.contains(guardian)).copied().collect()
    }

    /// Guardians of today who are not.
    fn rogues(&self) -> Vec<Pubkey> {
        let guardians = self.run.town.protocol.guardians().iter();
        guardians.filter(|guardian| self.cast.guardians.contains(guardian)).copied().collect()
    }

    /// Their places; none of nobody.
    fn places(&self, guardians: &[Pubkey]) -> Members {
        self.run.town.protocol.members(guardians).unwrap_or(0)
    }

    /// One call, and what must hold whatever it was.
    fn call(&mut self) -> Done {
        let (town, acts) = (self.run.town, self.acts.clone());
        let mood = self.mood;
        let kind = if mood < KINDS && self.chance(2) { mood } else { self.dice().below(KINDS) };
        let done = match kind {
            0 if self.cast.has_key => self.key_calls(),
            1 if self.cast.has_key => self.key_meddles(),
            2 => self.rogue_pauses(),
            3 => self.rogues_vote(),
            4 => self.keepers_call(),
            5 => self.anybody_calls(),
            6 => self.honest_pauses(),
            7 | 8 => self.rescue(),
            9 => self.quorum_acts(),
            10 => self.authority_calls(),
            11 => self.chain_goes_on(),
            _ => self.time_passes(),
        };
        self.check(&town, &acts, &done);
        done
    }

    fn time_passes(&mut self) -> Done {
        let left = self.run.town.now.seconds_until(self.end);
        if left > HOUR + 1_000 && self.chance(6) {
            self.keeper_observes();
            return Done::Nothing;
        }
        let seconds =
            self.dice().pick(&[0, 1, 5, 20, 60, 600, HOUR, HOUR, 8 * HOUR, DAY, 3 * DAY, left]).min(left);
        // slots of 600 ms, of 400, or a chain that stands still
        let slots = match self.dice().below(8) {
            0 => seconds.min(20),
            1..=3 => (seconds * 5).div_ceil(2),
            _ => (seconds * 5).div_ceil(3),
        };
        let now = self.run.town.now;
        self.run.town.now = Instant::new(now.slot + slots.max(1), now.unix + seconds.cast_signed());
        Done::Nothing
    }

    /// For more than an hour, every eight minutes: a reference that knew nothing knows the market then.
    fn keeper_observes(&mut self) {
        let truth = self.truth;
        for _ in 0..9 {
            self.run.town.now = self.run.town.now.plus(480);
            self.run.town.look_at_price(&truth, false);
        }
    }

    /// Users, leaks, prices, upgrades: what the breaker watches.
    fn chain_goes_on(&mut self) -> Done {
        let amount = self.run.town.vault.amount;
        match self.dice().below(10) {
            0 | 1 => {
                let share = self.dice().pick(&[4, 50, 100]);
                let amount = self.dice().below(amount / share).max(1);
                let direction = self.dice().pick(&[Direction::In, Direction::Out]);
                self.run.town.flow(direction, amount);
            }
            2 => {
                let share = self.dice().pick(&[100, 20, 5]);
                self.run.town.vault.amount -= self.run.dice.below(amount / share);
            }
            3 | 4 => self.truth.assets = self.dice().pick(&[DEBTS, DEBTS - 50, DEBTS - 500, DEBTS / 2]),
            5 | 7 => {
                let percent = self.dice().pick(&[101, 95, 80, 50]);
                self.truth.price = PRICE * percent / 100;
            }
            6 => self.truth.code = self.dice().pick(&[6, 7]),
            // what was wrong is made good
            _ => self.truth = FINE,
        }
        if self.chance(2) {
            self.look();
            if self.chance(2) {
                // a second look, as a Critical takes
                let now = self.run.town.now;
                self.run.town.now = Instant::new(now.slot + 5, now.unix + 2);
                self.look();
            }
        }
        Done::Nothing
    }

    /// Somebody shows all there is to be shown, as a keeper does.
    fn look(&mut self) {
        let (town, truth) = (&mut self.run.town, self.truth);
        let trip = town.limiter.observe(&town.vault, true, town.now).expect("a vault can be looked at");
        town.latch(trip);
        // the journal is brought
        town.limiter.pending = Zeroable::zeroed();
        town.poke_invariant(&truth);
        town.look_at_price(&truth, true);
        town.look_at_price(&truth, false);
        town.look_at_program(&truth);
    }

    fn anybody_calls(&mut self) -> Done {
        match self.dice().below(6) {
            0 | 1 => self.look(),
            2 => {
                let town = &mut self.run.town;
                for scope in Scope::ALL {
                    let now = town.now;
                    let _ = town.board_mut(scope).step_down(now);
                }
            }
            3 => return self.execute_any(&[]),
            4 => self.stranger_cancels(),
            _ => return self.execute_of_authority(),
        }
        Done::Nothing
    }
}

/// Plays so many sequences, each from its seed, and says which one failed; how many rescues of each kind came about.
fn play(sequence: impl Fn(&mut Stage)) {
    let (fields, town) = (Fields::new(), Town::new());
    let mut rescued = [0; checks::RESCUES];
    for seed in 0..SEQUENCES {
        let sequence = std::panic::AssertUnwindSafe(|| {
            let mut stage = Stage::new(&fields, &town, seed);
            sequence(&mut stage);
            stage.diary.rescued
        });
        match std::panic::catch_unwind(sequence) {
            Ok(these) => {
                for (sum, these) in rescued.iter_mut().zip(these) {
                    *sum += these;
                }
            }
            Err(panic) => {
                eprintln!("sequence {seed}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    // a promise that nobody asks for is kept
    assert!(rescued.iter().all(|times| *times >= 50), "{rescued:?}");
}

#[test]
fn within_one_delay_nobody_loosens_anything_and_no_rescue_is_voided() {
    play(|stage| {
        stage.prepare();
        // looks and approvals take seconds of their own
        stage.end = stage.run.town.now.plus(u64::from(DELAY) - 300);
        stage.run.start = stage.run.town;
        for _ in 0..CALLS {
            let before = stage.run.town;
            if let Done::Executed((_, Amendment::Guardians { .. })) = stage.call() {
                // as their own quorum has it
                let protocol = stage.run.town.protocol;
                let start = &mut stage.run.start.protocol;
                (start.guardians, start.guardian_count) = (protocol.guardians, protocol.guardian_count);
                start.thresholds = protocol.thresholds;
            }
            stage.run.check_tight(&before);
        }
    });
}

#[test]
fn a_minority_and_the_keepers_close_for_no_longer_than_their_budgets() {
    play(|stage| {
        // first without the key, which would have the protocol leave by the end
        let has_key = core::mem::take(&mut stage.cast.has_key);
        stage.is_long = true;
        for has_key in [false, has_key] {
            stage.cast.has_key = has_key;
            stage.end = stage.run.town.now.plus(u64::from(DETACH_DELAY) - 1);
            for _ in 0..CALLS {
                stage.call();
            }
        }
    });
}
