//! The thief who holds the authority's key: he calls anything, in any order, as often as he likes, and everybody else goes
//! on as ever. Before one loosening delay has passed nothing is looser, and what he tightened is undone in one step; after
//! that each delay gives him one step.

use super::{town::*, wish::*, *};
use crate::{
    state::{Members, Proposal, Proposed, Status},
    verdict::Direction,
};

pub(super) const SEQUENCES: u64 = 10_000;
pub(super) const CALLS: usize = 50;

/// A sequence of calls.
pub(super) struct Run<'a> {
    pub(super) fields: &'a Fields,
    pub(super) start: Town,
    pub(super) town: Town,
    pub(super) proposals: Vec<(Proposal, Deed)>,
    pub(super) dice: Dice,
    /// The guardians who are with him.
    pub(super) with: Members,
}

impl<'a> Run<'a> {
    pub(super) fn new(fields: &'a Fields, start: &Town, seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut start = *start;
        // rules in shadow, rules in force, and rules that were for long
        for arm in [Town::arm_band, Town::arm_invariant] {
            if dice.below(2) == 0 {
                arm(&mut start);
            }
        }
        start.now = START.plus(dice.below(4 * DAY));
        Self { fields, town: start, start, proposals: Vec::new(), dice, with: 1 }
    }

    /// Anything that the key of the authority can sign.
    pub(super) fn act(&mut self) -> Deed {
        let (dice, fields, town, start) = (&mut self.dice, self.fields, &self.town, &self.start);
        match dice.below(16) {
            0..=2 => {
                let (now, start) = (town.market.settings(), start.market.settings());
                (Target::Market, Amendment::Market(wish(dice, &fields.market, &now, &start)))
            }
            3..=5 => {
                let (now, start) = (town.limiter.settings, start.limiter.settings);
                (Target::Limiter, Amendment::Limiter(wish(dice, &fields.limiter, &now, &start)))
            }
            6 | 7 => {
                let (now, start) = (town.band.settings, start.band.settings);
                (Target::Band, Amendment::Band(wish(dice, &fields.band, &now, &start)))
            }
            8 | 9 => {
                let new = wish(dice, &fields.ratios, &town.ratios(), &start.ratios());
                (Target::Invariant, Amendment::Invariant(new))
            }
            10 => {
                let new = wish(dice, &fields.protocol, &town.protocol.settings(), &start.protocol.settings());
                (Target::Protocol, Amendment::LooseningDelay(new.loosening_delay))
            }
            11 => (dice.pick(&Target::RULES), Amendment::Arm),
            12 | 13 => (dice.pick(&Target::RULES), Amendment::Disarm),
            14 => {
                let least = dice.pick(&[1, 5_000, 500_000]);
                (dice.pick(&[Target::Limiter, Target::Invariant]), Amendment::AcceptLoss { least })
            }
            _ => match dice.below(7) {
                0 => (Target::Keeper, Amendment::RevokeKeeper),
                1 => (Target::Protocol, Amendment::Authority(key(66))),
                2 => (Target::Protocol, Amendment::Pin),
                3 => (Target::Protocol, Amendment::ApproveUpgrade([dice.pick(&[0, 7]); 32])),
                4 => (Target::Protocol, Amendment::Unpin),
                5 => {
                    let (members, thresholds) = ([66, 67, 68].map(key).to_vec(), Thresholds::majority(3));
                    (Target::Protocol, Amendment::Guardians { members, thresholds })
                }
                _ => (Target::Protocol, Amendment::Detach),
            },
        }
    }

    /// By the key alone. What fails takes everything back, and what succeeds neither lifts nor lengthens what holds.
    pub(super) fn sign(&mut self, act: &Deed) -> Checked<()> {
        let before = self.town;
        let holds =
            |town: &Town| (town.market.board.held, town.market.board.liquidation_closed, town.limiter.held);
        let result = self.town.amend(act, Mandate::AtOnce).inspect_err(|_| self.town = before);
        assert_eq!(holds(&self.town), holds(&before));
        result
    }

    pub(super) fn propose(&mut self, act: Deed) -> Checked<()> {
        let before = self.town.protocol;
        let (epoch, now) = (self.town.epoch(act.0), self.town.now);
        let mut proposal = Proposal::zeroed();
        let (proposed, bound) = (Proposed::Amend(act.1.clone()), [act.0.key()]);
        proposal
            .initialize(&mut self.town.protocol, key(92), 0, (&proposed, &bound, epoch), None, now)
            .inspect_err(|_| self.town.protocol = before)?;
        if self.with != 0 {
            proposal.approve(&self.town.protocol, self.with, now.slot + 1, now).expect("speak once");
        }
        self.proposals.push((proposal, act));
        Ok(())
    }

    pub(super) fn execute(&mut self, which: usize) -> Checked<()> {
        let before = self.town;
        let Some((proposal, act)) = self.proposals.get_mut(which) else {
            return Err(BreakerError::WrongProposal);
        };
        let waiting = *proposal;
        let proposed = Proposed::Amend(act.1.clone());
        proposal
            .execute(&mut self.town.protocol, (&proposed, &[act.0.key()]), self.town.now)
            .and_then(|()| {
                self.town.amend(act, Mandate::Proposed { epoch: waiting.epoch, at: waiting.proposed_at })
            })
            .inspect_err(|_| (self.town, *proposal) = (before, waiting))
    }

    /// One of the proposals, the last ones rather than the first.
    pub(super) fn any(&mut self) -> usize {
        let count = self.proposals.len() as u64;
        (count - 1 - self.dice.below(count.min(10)).min(count - 1)) as usize
    }

    /// One call by the thief, or by anybody else while he is about. Time never goes beyond `end`. Gives the act of a
    /// proposal that was executed.
    fn call(&mut self, end: Instant) -> Option<Deed> {
        let dice = self.dice.below(20);
        match dice {
            0..=5 => {
                let act = self.act();
                let _ = self.sign(&act);
            }
            6..=9 => {
                let act = self.act();
                let _ = self.propose(act);
            }
            10..=12 if !self.proposals.is_empty() => {
                let which = self.any();
                if self.execute(which).is_ok() {
                    return Some(self.proposals[which].1.clone());
                }
            }
            13 if !self.proposals.is_empty() => {
                let which = self.any();
                let by = self.dice.pick(&[key(AUTHORITY), key(77)]);
                let (proposal, now) = (&mut self.proposals[which].0, self.town.now);
                let _ = proposal.cancel(&mut self.town.protocol, &by, now);
            }
            14 => {
                let closed = Operations(self.dice.word() & Operations::NON_EXITS.0);
                let (market, now) = (&mut self.town.market, self.town.now);
                let _ = market.board.pause(closed, MAJOR_MIN, market.dwell, market.liquidation_grace, now);
            }
            15 => {
                let amount = self.dice.below(self.town.vault.amount / 4).max(1);
                let direction = self.dice.pick(&[Direction::In, Direction::Out]);
                self.town.flow(direction, amount);
            }
            16 => {
                // a leak of the vault that nobody recorded
                let amount = self.dice.below(self.town.vault.amount / 100);
                self.town.vault.amount -= amount;
                if self.dice.below(2) == 0 {
                    self.town.poke();
                }
            }
            17 => {
                let now = self.town.now;
                let _ = self.town.market.board.step_down(now);
            }
            _ => {
                let left = self.town.now.seconds_until(end);
                let seconds = self.dice.pick(&[1, 60, HOUR, DAY, DAY + 1, 2 * DAY, left]).min(left);
                self.town.now = self.town.now.plus(seconds);
            }
        }
        None
    }

    fn pending(&self) -> Vec<usize> {
        let waits = |(i, (proposal, _)): (usize, &(Proposal, Deed))| {
            (proposal.status() == Some(Status::Pending)).then_some(i)
        };
        self.proposals.iter().enumerate().filter_map(waits).collect()
    }

    /// Nothing is looser than when he began.
    pub(super) fn check_tight(&self, before: &Town) {
        let (start, town) = (&self.start, &self.town);
        for target in Target::ALL {
            if before.bytes(target) != town.bytes(target) {
                assert_eq!(self.fields.refused(target, &[(start, is_tight)], town), None);
            }
        }
        for (was, is) in [
            (start.limiter.armed.into(), town.limiter.armed.into()),
            (start.band.standing.armed, town.band.standing.armed),
            (start.invariant.standing.armed, town.invariant.standing.armed),
        ] {
            assert!(was <= is, "disarmed");
        }
        let protocol = &town.protocol;
        assert_eq!(protocol.authority, key(AUTHORITY));
        assert_eq!(protocol.detached, 0, "detached");
        assert_eq!(protocol.pin.slot, start.protocol.pin.slot, "pinned anew");
        assert!(
            protocol.pin.is_set() && protocol.pin.approved == [0; 32],
            "unpinned, or an upgrade approved"
        );
        assert_eq!(town.keeper.expires, start.keeper.expires, "revoked");
        assert_eq!(protocol.settling_delay(), start.protocol.settling_delay());
    }

    /// What brings a setting back to where he found it.
    fn undoing(&self, target: Target) -> Deed {
        let start = &self.start;
        let amendment = match target {
            Target::Protocol | Target::Keeper => Amendment::LooseningDelay(start.protocol.loosening_delay),
            Target::Market => Amendment::Market(start.market.settings()),
            Target::Limiter => Amendment::Limiter(start.limiter.settings),
            Target::Band => Amendment::Band(start.band.settings),
            Target::Invariant => Amendment::Invariant(start.ratios()),
        };
        (target, amendment)
    }

    /// One proposal a setting, and all is as it was, though he goes on tightening. What he had not tightened when that
    /// was proposed has its undoing afterwards: one that was ready before would be as ready against the owner.
    fn undo(&mut self) {
        let intact = Target::ALL.map(|target| self.town.tightened(target) == 0);
        let results = self.undo_all(&Target::ALL);
        let mut early = Vec::new();
        for ((target, result), was_intact) in Target::ALL.into_iter().zip(results).zip(intact) {
            if was_intact && self.town.tightened(target) != 0 {
                assert_eq!(
                    result,
                    Err(BreakerError::ProposalVoid),
                    "{target:?}: undone before it was tightened"
                );
                early.push(target);
            } else {
                assert!(UNDONE.contains(&result), "{target:?}: {result:?}");
            }
        }
        let results = self.undo_all(&early);
        assert!(results.iter().all(|result| UNDONE.contains(result)), "{early:?}: {results:?}");
        for target in Target::ALL {
            assert_eq!(self.fields.refused(target, &[(&self.start, is_same)], &self.town), None);
        }
    }

    /// Proposes to undo what became of these, and executes it though he goes on tightening them.
    fn undo_all(&mut self, targets: &[Target]) -> Vec<Checked<()>> {
        for which in self.pending() {
            let now = self.town.now;
            let cancelled = self.proposals[which].0.cancel(&mut self.town.protocol, &key(AUTHORITY), now);
            assert_eq!(cancelled, Ok(()));
        }
        self.proposals.clear();
        for target in targets {
            assert_eq!(self.propose(self.undoing(*target)), Ok(()), "{target:?}");
        }
        for _ in 0..10 {
            let act = self.act();
            if targets.contains(&act.0) {
                let _ = self.sign(&act);
            }
        }
        self.town.now = self.town.now.plus(4 * u64::from(DELAY));
        self.town.poke();
        (0..targets.len()).map(|which| self.execute(which)).collect()
    }
}

/// What becomes of an undoing that is open.
const UNDONE: [Checked<()>; 2] = [Ok(()), Err(BreakerError::NothingChanges)];

/// Plays so many sequences, each from its seed, and says which one failed.
fn play(sequence: impl Fn(Run) + Sync) {
    let (fields, start) = (Fields::new(), Town::new());
    for seed in 0..SEQUENCES {
        let run = Run::new(&fields, &start, seed);
        let sequence = std::panic::AssertUnwindSafe(|| sequence(run));
        if let Err(panic) = std::panic::catch_unwind(sequence) {
            eprintln!("sequence {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn before_one_delay_has_passed_he_loosens_nothing_and_all_he_did_is_undone_in_one_step() {
    play(|mut run| {
        let end = run.town.now.plus(u64::from(DELAY) - 1);
        for _ in 0..CALLS {
            let before = run.town;
            run.call(end);
            run.check_tight(&before);
            assert_eq!(run.town.protocol.membership_epoch, 0, "other guardians");
        }
        run.undo();
    });
}

/// What a setting was when it came by a proposal last, or when the thief began.
#[derive(Clone, Copy)]
struct Delayed {
    settings: Town,
    /// The shortest delay in force since the thief took a step of it last.
    delay: u32,
    /// When that was.
    stepped_at: Instant,
}

impl Run<'_> {
    /// A setting that is looser than when it came by a proposal last is so by one step, by a proposal, one delay on.
    fn check_step(&self, target: Target, was: &Delayed, before: &Town, executed: Option<&Deed>) -> bool {
        let is_beyond = self.fields.refused(target, &[(&was.settings, is_within)], &self.town).is_some();
        if !is_beyond {
            return false;
        }
        let (amendment, town) = (&executed.expect("by a proposal").1, &self.town);
        // these two have no step
        if !matches!(amendment, Amendment::AcceptLoss { .. } | Amendment::Authority(_)) {
            let cases: [(&Town, Judge); 2] = [(&was.settings, is_within), (before, is_a_step)];
            assert_eq!(self.fields.refused(target, &cases, town), None);
            let is_calm = match target {
                Target::Limiter => before.limiter.severity(before.now) == Severity::Normal,
                Target::Protocol => true,
                _ => before.market.is_calm(&before.protocol.board, before.now),
            };
            assert!(is_calm, "{target:?}: loosened in an incident");
        }
        let waited = was.stepped_at.seconds_until(town.now);
        assert!(waited >= was.delay.into(), "{target:?}: {waited} s of {}", was.delay);
        true
    }

    /// What is no setting goes by a proposal too.
    fn check_rest(&self, waited: u64, shortest: u32) {
        let (start, town) = (&self.start, &self.town);
        assert_eq!(town.protocol.detached, 0, "detached");
        assert_eq!(town.protocol.membership_epoch, 0, "other guardians by one of them");
        let is_as_it_was = town.limiter.armed == 1
            && town.band.standing.armed >= start.band.standing.armed
            && town.invariant.standing.armed >= start.invariant.standing.armed
            && town.protocol.authority == start.protocol.authority
            && town.protocol.pin.is_set()
            && town.protocol.pin.approved == [0; 32]
            && town.keeper.expires == start.keeper.expires;
        assert!(is_as_it_was || waited >= shortest.into(), "{waited} s of {shortest}");
    }
}

/// Whether an amendment brings new settings, whatever else it does.
fn has_settings(target: Target, amendment: &Amendment) -> bool {
    match amendment {
        Amendment::Market(_) | Amendment::Limiter(_) | Amendment::Band(_) | Amendment::Invariant(_) => true,
        Amendment::AcceptLoss { .. } => target == Target::Invariant,
        amendment => matches!(amendment, Amendment::LooseningDelay(_)),
    }
}

#[test]
fn each_delay_that_passes_gives_him_one_step_of_each_setting() {
    play(|mut run| {
        let begun = run.town.now;
        let end = begun.plus(u64::from(DETACH_DELAY) - 1);
        let fresh = Delayed { settings: run.start, delay: DELAY, stepped_at: begun };
        let mut delayed = Target::ALL.map(|_| fresh);
        let mut shortest = DELAY;
        for _ in 0..2 * CALLS {
            let before = run.town;
            let executed = run.call(end);
            for (target, was) in Target::ALL.into_iter().zip(&mut delayed) {
                let is_touched = before.bytes(target) != run.town.bytes(target);
                let stepped = is_touched && run.check_step(target, was, &before, executed.as_ref());
                if stepped {
                    (was.delay, was.stepped_at) = (run.town.protocol.loosening_delay, run.town.now);
                }
                match &executed {
                    Some((of, _)) if *of != target => {}
                    Some((_, Amendment::Authority(to))) => was.settings.protocol.authority = *to,
                    Some((_, amendment)) if has_settings(target, amendment) => was.settings = run.town,
                    _ => {}
                }
                was.delay = was.delay.min(run.town.protocol.loosening_delay);
            }
            shortest = shortest.min(run.town.protocol.loosening_delay);
            run.check_rest(begun.seconds_until(run.town.now), shortest);
        }
    });
}
