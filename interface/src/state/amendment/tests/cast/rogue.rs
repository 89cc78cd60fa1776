//! The thief, the minority and the keepers: whatever their keys can sign.

use super::{checks::Raised, *};

impl Stage<'_> {
    /// The authority's key tightens, and proposes whatever else.
    pub(super) fn key_calls(&mut self) -> Done {
        let act = if self.chance(8) { self.other_guardians() } else { self.run.act() };
        if self.chance(2) {
            let _ = self.run.sign(&act);
            return Done::Nothing;
        }
        let frozen = !is_over(self.run.town.protocol.frozen_until, self.run.town.now);
        let result = match self.vetoed() {
            Some(which) if self.chance(2) => self.propose_again(which),
            _ => self.run.propose(act),
        };
        assert!(!frozen || result.is_err(), "a frozen authority proposed");
        Done::Nothing
    }

    /// Guardians of the thief's in the places of some.
    fn other_guardians(&mut self) -> Deed {
        let mut members = self.run.town.protocol.guardians().to_vec();
        for (place, member) in (50..).zip(&mut members) {
            if self.run.dice.below(3) == 0 {
                *member = key(place);
            }
        }
        let thresholds = self.run.town.protocol.thresholds;
        (Target::Protocol, Amendment::Guardians { members, thresholds })
    }

    fn vetoed(&self) -> Option<usize> {
        self.run.proposals.iter().position(|(proposal, _)| proposal.status() == Some(Status::Vetoed))
    }

    /// What was vetoed once more: it waits for twice as long.
    fn propose_again(&mut self, which: usize) -> Checked<()> {
        let (vetoed, act) = self.run.proposals[which].clone();
        let town = &mut self.run.town;
        let (before, epoch, now) = (town.protocol, town.epoch(act.0), town.now);
        let mut proposal = Proposal::zeroed();
        let (proposed, bound) = (Proposed::Amend(act.1.clone()), [act.0.key()]);
        proposal
            .initialize(&mut town.protocol, PROTOCOL, 0, (&proposed, &bound, epoch), Some(&vetoed), now)
            .inspect_err(|_| town.protocol = before)?;
        assert!(proposal.delay >= 2 * vetoed.delay);
        self.run.proposals.push((proposal, act));
        Ok(())
    }

    /// The authority's key against what others have under way.
    pub(super) fn key_meddles(&mut self) -> Done {
        let now = self.run.town.now;
        if self.chance(2) && !self.run.proposals.is_empty() {
            let which = self.run.any();
            let protocol = &mut self.run.town.protocol;
            let _ = self.run.proposals[which].0.cancel(protocol, &key(AUTHORITY), now);
            return Done::Nothing;
        }
        self.cancel_acts(key(AUTHORITY));
        // a guardians' proposal in the place of the authority's
        let act = self.run.act();
        for waiting in &mut self.acts {
            let proposed = Proposed::Amend(act.1.clone());
            let result =
                waiting.proposal.execute(&mut self.run.town.protocol, (&proposed, &[act.0.key()]), now);
            assert!(result.is_err(), "an act of guardians stood for the authority");
        }
        // what was proposed in the place of something else
        let mut protocol = self.run.town.protocol;
        for (proposal, proposed) in &self.run.proposals {
            let (mut proposal, other) = (*proposal, Proposed::Amend(act.1.clone()));
            if *proposed != act {
                let result = proposal.execute(&mut protocol, (&other, &[act.0.key()]), now);
                assert!(result.is_err(), "{other:?} by a proposal of {proposed:?}");
            }
        }
        Done::Nothing
    }

    /// Nobody takes a guardian's proposal back before it is over.
    fn cancel_acts(&mut self, by: Pubkey) {
        let now = self.run.town.now;
        let protocol = &mut self.run.town.protocol;
        self.acts.retain_mut(|waiting| {
            let result = waiting.proposal.cancel(protocol, &by, now);
            let is_over = is_over(waiting.proposal.expires_at, now);
            assert_eq!(result, if is_over { Ok(()) } else { Err(BreakerError::CannotCancel) });
            !is_over
        });
    }

    /// Nobody but the authority takes back what it proposed, before that is over.
    pub(super) fn stranger_cancels(&mut self) {
        let stranger = self.rogues().first().copied().unwrap_or(key(77));
        self.cancel_acts(stranger);
        let (protocol, now) = (&mut self.run.town.protocol, self.run.town.now);
        for (proposal, _) in &mut self.run.proposals {
            let is_void = proposal.authority_epoch != protocol.authority_epoch;
            let is_pending = proposal.status() == Some(Status::Pending);
            let result = proposal.cancel(protocol, &stranger, now);
            let may = is_pending && (is_void || is_over(proposal.expires_at, now));
            assert_eq!(result.is_ok(), may, "{result:?}");
        }
    }

    /// One of the minority pauses, as long as it may.
    pub(super) fn rogue_pauses(&mut self) -> Done {
        let (rogues, scope) = (self.rogues(), self.pick_scope());
        if rogues.is_empty() {
            return Done::Nothing;
        }
        let guardian = self.dice().pick(&rogues);
        let (town, now) = (&self.run.town, self.run.town.now);
        let latch = *town.board(scope).slot(Source::Guardian, Severity::Major).expect("a slot");
        let held = latch.until.unix.saturating_sub(now.unix).max(0) as u32;
        let left = self.diary.budget(&town.protocol).saturating_sub(self.diary.spent(&guardian, scope, now));
        let (pause_epoch, mask) = (town.protocol.pause_epoch, self.dice().word());
        let seconds = [MAJOR_MIN, left, left, left + held, held + 1, PAUSE_BUDGET_SECONDS, MAJOR_MAX];
        let order = PauseOrder {
            closed: self.dice().pick(&[u64::MAX, u64::MAX, mask, 1 << (mask % 64)]),
            seconds: self.dice().pick(&seconds),
            pause_epoch,
            expires_at: i64::MAX,
        };
        let Ok(charged) = self.pause(&guardian, &order, scope) else { return Done::Nothing };
        let until = self.run.town.board(scope).slot(Source::Guardian, Severity::Major).expect("a slot").until;
        let from = if is_over(latch.until, now) { now } else { latch.until.max(now) };
        let added = until.unix.saturating_sub(from.unix).max(0) as u32;
        assert!(
            (added.max(MAJOR_MIN)..=order.seconds.max(held)).contains(&charged),
            "{charged} s for {added}"
        );
        self.diary.paused.push(Paused {
            at: now,
            ordered: order.seconds,
            seconds: charged,
            added,
            guardian,
            scope,
            is_rogue: true,
        });
        Done::Nothing
    }

    /// The minority speaks, for and against whatever there is, and acts as if it were enough.
    pub(super) fn rogues_vote(&mut self) -> Done {
        let rogues = self.rogues();
        if rogues.is_empty() {
            return Done::Nothing;
        }
        let (members, now) = (self.places(&rogues), self.run.town.now);
        match self.dice().below(7) {
            0 if !self.run.proposals.is_empty() => {
                let which = self.run.any();
                let protocol = &self.run.town.protocol;
                let _ = self.run.proposals[which].0.approve(protocol, members, now.slot - 1, now);
            }
            1 if !self.run.proposals.is_empty() => {
                let which =
                    self.change.filter(|_| self.dice().below(2) == 0).unwrap_or_else(|| self.run.any());
                let before = self.run.proposals[which].0;
                let _ = self.run.proposals[which].0.veto(&mut self.run.town.protocol, members, now);
                let honest = before.ballot.of(self.run.town.protocol.membership_epoch).vetoed & !members;
                let after = self.run.proposals[which].0.status();
                assert!(honest != 0 || after == before.status(), "vetoed by a minority");
            }
            2 => {
                for waiting in &mut self.acts {
                    let result = waiting.proposal.veto(&mut self.run.town.protocol, members, now);
                    let waits = matches!(waiting.act, GuardianAct::Maintenance { .. });
                    assert!(waits || result == Err(BreakerError::WrongProposal), "{result:?}");
                }
                self.cancel_acts(rogues[0]);
            }
            3 if !self.acts.is_empty() => {
                let which = self.run.dice.below(self.acts.len() as u64) as usize;
                let _ = self.approve_act(which, &rogues);
            }
            4 => {
                let (act, scope) = self.fitting();
                let known = self.acts.iter().filter(|waiting| !waiting.is_honest).count();
                if known < 2 {
                    assert_eq!(self.propose_act(rogues[0], act, scope, false), Ok(()));
                }
            }
            5 => {
                let (act, scope) = self.fitting();
                let (before, truth) = (self.run.town, self.truth);
                let result = self.run.town.carry_out((&act, scope), (None, members), Some(&truth));
                assert!(result.is_err(), "{act:?} by a minority");
                self.run.town = before;
                for waiting in &self.acts {
                    let (mut town, mut proposal) = (before, waiting.proposal);
                    if (waiting.act, waiting.scope) != (act, scope) {
                        let proposal = (Some(&mut proposal), members);
                        let result = town.carry_out((&act, scope), proposal, Some(&truth));
                        assert!(result.is_err(), "{act:?} by a proposal of {:?}", waiting.act);
                    }
                }
                // what the authority proposed in the place of theirs
                for (proposal, _) in &mut self.run.proposals {
                    let mut town = self.run.town;
                    let result = town.carry_out((&act, scope), (Some(proposal), members), Some(&truth));
                    assert!(result.is_err(), "a proposal of the authority's stood for the guardians");
                }
            }
            _ => return self.execute_any(&rogues),
        }
        Done::Nothing
    }

    /// Any of the guardians' proposals, with these signatures.
    pub(super) fn execute_any(&mut self, signers: &[Pubkey]) -> Done {
        if self.acts.is_empty() {
            return Done::Nothing;
        }
        let which = self.run.dice.below(self.acts.len() as u64) as usize;
        self.execute(which, signers)
    }

    /// Keepers raise: all they can where they are in the cast, and now and then where they are honest.
    pub(super) fn keepers_call(&mut self) -> Done {
        let times = if self.cast.has_keepers { 1 + self.dice().below(4) } else { 1 };
        for _ in 0..times {
            let which = self.run.dice.below(self.keepers.len() as u64) as usize;
            let (before, now) = (self.run.town, self.run.town.now);
            let mut keeper = self.keepers[which];
            let (closed, longest) = (self.dice().word(), keeper.max_seconds);
            let seconds = self.dice().pick(&[MINOR_MIN, MINOR_MIN, longest / 2, longest, longest + 1]);
            let _ = keeper.beat(now);
            match self.run.town.raise(&mut keeper, (closed, seconds)) {
                Ok(severity) => {
                    self.keepers[which] = keeper;
                    self.check_raise(&before, &Raised { at: now, seconds, which, severity });
                }
                Err(error) => {
                    self.run.town = before;
                    let is_quiet = !is_over(self.diary.quiet_until, now);
                    assert!(is_quiet || error != BreakerError::UnderMaintenance, "quiet unannounced");
                }
            }
        }
        Done::Nothing
    }
}
