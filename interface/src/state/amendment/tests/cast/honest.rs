//! The honest: guardians who pause, a quorum at a rescue, and the owner of the authority's key. What they are promised is what
//! they get, whatever the others have done.

use super::*;

impl Stage<'_> {
    /// What the honest had under way before the cast began: it ripens among its calls.
    pub(super) fn prepare(&mut self) {
        if self.chance(2) {
            self.propose_change();
        }
        if self.chance(2) {
            let act = GuardianAct::Maintenance { seconds: 600 };
            self.honest_proposes(act, Scope::Market);
        }
        let seconds = self.dice().below(u64::from(DELAY) + 2 * DAY);
        self.run.town.now = self.run.town.now.plus(seconds);
        self.keeper_observes();
    }

    /// One of them pauses: within a budget it works, at once.
    pub(super) fn honest_pauses(&mut self) -> Done {
        let (honest, scope) = (self.honest(), self.pick_scope());
        let guardian = self.dice().pick(&honest);
        let town = &self.run.town;
        let (now, epoch, budget) = (town.now, town.protocol.pause_epoch, self.diary.budget(&town.protocol));
        let seconds = [MAJOR_MIN, 3_600, budget / 2, budget];
        let seconds = self.dice().pick(&seconds).clamp(MAJOR_MIN, MAJOR_MAX);
        let mask = self.dice().word();
        let closed = self.dice().pick(&[u64::MAX, mask, Operation::WITHDRAW.mask(), Operations::EXITS.0]);
        let named = self.dice().pick(&[epoch, epoch, epoch, epoch.wrapping_sub(1)]);
        let expires_at = now.unix - i64::from(self.chance(8));
        let order = PauseOrder { closed, seconds, pause_epoch: named, expires_at };
        let before = *self.run.town.board(scope);
        let result = self.pause(&guardian, &order, scope);

        let closed = closed & Operations::NON_EXITS.0;
        let latch = before.slot(Source::Guardian, Severity::Major).expect("a slot");
        let is_held = !is_over(latch.until, now)
            && closed & !latch.closed == 0
            && is_over(now.plus(seconds.into()), latch.until);
        // what closes more is closed for as long as the other holds
        let widens = !is_over(latch.until, now) && closed & !latch.closed != 0;
        let left = (latch.until.unix - now.unix).max(0) as u32;
        let cost = if widens { seconds.max(left) } else { seconds };
        if named != epoch {
            assert_eq!(result, Err(BreakerError::StalePauseEpoch));
        } else if expires_at < now.unix {
            assert_eq!(result, Err(BreakerError::PauseExpired));
        } else if closed == 0 {
            assert_eq!(result, Err(BreakerError::NothingToClose));
        } else if is_held {
            assert_eq!(result, Err(BreakerError::AlreadyHeld));
        } else if self.diary.spent(&guardian, scope, now) + cost <= budget {
            let rests = is_over(latch.until, now) && self.diary.rests(&guardian, scope, now);
            let expected = if rests { Err(BreakerError::GuardianRests) } else { Ok(()) };
            assert_eq!(result.map(drop), expected, "a pause within its budget");
        }
        if result.is_ok() {
            self.diary.paused.push(Paused {
                at: now,
                ordered: seconds,
                seconds: cost,
                added: 0,
                guardian,
                scope,
                is_rogue: false,
            });
            let (_, masked, _) = self.run.town.market.in_force(&self.run.town.protocol.board, now);
            assert_eq!(closed & !masked.0, 0, "paused and open");
        }
        Done::Nothing
    }

    /// `pause` by a guardian, with the budget that it has.
    pub(super) fn pause(&mut self, guardian: &Pubkey, order: &PauseOrder, scope: Scope) -> Checked<u32> {
        let is_theirs = |budget: &GuardianBudget| budget.guardian == *guardian && budget.scope == scope.key();
        let place = self.budgets.iter().position(is_theirs).unwrap_or(self.budgets.len());
        let mut budget = self.budgets.get(place).copied().unwrap_or(GuardianBudget::zeroed());
        budget.initialize_once(scope.key(), *guardian, 255);
        let before = self.run.town;
        let charged = self
            .run
            .town
            .pause((order, scope), guardian, &mut budget)
            .inspect_err(|_| self.run.town = before)?;
        if place == self.budgets.len() {
            self.budgets.push(budget);
        }
        self.budgets[place] = budget;
        Ok(charged)
    }

    /// An act that fits what there is.
    pub(super) fn fitting(&mut self) -> (GuardianAct, Scope) {
        let town = self.run.town;
        let latches: Vec<_> = Scope::ALL
            .into_iter()
            .flat_map(|scope| live(town.board(scope), town.now).into_iter().map(move |live| (scope, live)))
            .collect();
        // in some sequences they think of little else than work on the program
        let roll = if self.mood == 8 && self.chance(2) { 9 } else { self.dice().below(10) };
        if roll < 8 && !latches.is_empty() {
            // what rules raised comes first: it is the harder to clear
            let is_automatic = |(_, (latch, _)): &(_, (LatchId, u64))| latch.source.is_automatic();
            let automatic: Vec<_> = latches.iter().copied().filter(is_automatic).collect();
            let of_rules = !automatic.is_empty() && self.chance(2);
            let (scope, (latch, count)) = self.dice().pick(if of_rules { &automatic } else { &latches });
            if roll < 3 {
                let bounds = match latch.severity {
                    Severity::Minor => [MINOR_MIN, 3_600, MINOR_MAX / 2, MINOR_MAX],
                    Severity::Critical => [CRITICAL_MIN, 2 * CRITICAL_MIN, CRITICAL_MAX / 2, CRITICAL_MAX],
                    _ => [MAJOR_MIN, 7_200, MAJOR_MAX / 2, MAJOR_MAX],
                };
                let seconds = self.dice().pick(&bounds);
                return (GuardianAct::Confirm(ConfirmOrder { latch, seconds }), scope);
            }
            if self.chance(4) {
                // they come when what was wrong is made good, and nobody has looked since
                self.truth = FINE;
            }
            let rules = latch.source.is_automatic().into();
            return (GuardianAct::Resume(ResumeOrder { latch, count, rules }), scope);
        }
        if roll % 2 == 1 {
            let seconds = self.dice().pick(&[MAINTENANCE_MIN, 3_600, MAINTENANCE_MAX]);
            return (GuardianAct::Maintenance { seconds }, Scope::Market);
        }
        let authority_epoch = town.protocol.authority_epoch;
        (GuardianAct::FreezeAuthority { authority_epoch }, Scope::Whole)
    }

    /// One of them proposes: nothing that the others do holds that off.
    pub(super) fn honest_proposes(&mut self, act: GuardianAct, scope: Scope) {
        let honest = self.honest();
        let guardian = self.dice().pick(&honest);
        let proposed = self.propose_act(guardian, act, scope, true);
        assert_eq!(proposed, Ok(()), "a guardian's proposal");
    }

    pub(super) fn propose_act(
        &mut self,
        guardian: Pubkey,
        act: GuardianAct,
        scope: Scope,
        is_honest: bool,
    ) -> Checked<()> {
        let (protocol, now) = (&self.run.town.protocol, self.run.town.now);
        let mut proposal = Proposal::zeroed();
        let nonce = self.diary.next();
        proposal.initialize_act((protocol, PROTOCOL), (guardian, nonce, 255), (&act, scope.key()), now)?;
        let approvals = vec![(guardian, protocol.membership_epoch)];
        self.acts.push(Waiting { proposal, act, scope, is_honest, approvals });
        Ok(())
    }

    /// The quorum's rescue goes on by one step: it is proposed, approved by one more of them, or carried out.
    pub(super) fn rescue(&mut self) -> Done {
        let under_way: Vec<_> = (0..self.acts.len()).filter(|which| self.acts[*which].is_honest).collect();
        if under_way.is_empty() || under_way.len() < 3 && self.chance(4) {
            let (act, scope) = self.fitting();
            self.honest_proposes(act, scope);
            return Done::Nothing;
        }
        let which = self.dice().pick(&under_way);
        let epoch = self.run.town.protocol.membership_epoch;
        let has_approved = |guardian: &Pubkey| self.acts[which].approvals.contains(&(*guardian, epoch));
        let silent: Vec<_> = self.honest().into_iter().filter(|guardian| !has_approved(guardian)).collect();
        if !silent.is_empty() && !self.chance(4) {
            let guardian = self.dice().pick(&silent);
            // the stamp is of the slot before
            self.run.town.now.slot += 2;
            let approved = self.approve_act(which, &[guardian]);
            assert_eq!(approved, Ok(()), "an approval");
            return Done::Nothing;
        }
        if silent.is_empty() && self.chance(2) {
            // what waits is waited for
            let now = self.run.town.now;
            let ripe = self.acts[which].proposal.ripe_at.max(now);
            if is_over(ripe, self.end) {
                self.run.town.now = ripe;
            }
        }
        let also = self.dice().below(2) as usize;
        self.execute(which, &silent[..silent.len().min(also)])
    }

    pub(super) fn approve_act(&mut self, which: usize, guardians: &[Pubkey]) -> Checked<()> {
        let (members, protocol) = (self.places(guardians), &self.run.town.protocol);
        let waiting = &mut self.acts[which];
        // signed before there was anything to read
        let blind = { waiting.proposal }.approve(
            protocol,
            members,
            waiting.proposal.proposed_at.slot,
            self.run.town.now,
        );
        assert_eq!(blind, Err(BreakerError::StaleStamp));
        waiting.proposal.approve(protocol, members, self.run.town.now.slot - 1, self.run.town.now)?;
        for guardian in guardians {
            let approval = (*guardian, protocol.membership_epoch);
            if !waiting.approvals.contains(&approval) {
                waiting.approvals.push(approval);
            }
        }
        Ok(())
    }

    /// A guardians' proposal is carried out exactly where it was promised to be, whoever sends it.
    pub(super) fn execute(&mut self, which: usize, signers: &[Pubkey]) -> Done {
        let waiting = self.acts[which].clone();
        let (act, scope, shows) = (waiting.act, waiting.scope, !self.chance(20));
        let truth = shows.then_some(self.truth);
        let town = &self.run.town;
        let (now, epoch) = (town.now, town.protocol.membership_epoch);
        let (wait, life) = match act {
            GuardianAct::Maintenance { .. } => (waiting.proposal.delay.into(), 7 * DAY),
            _ => (0, DAY),
        };
        let ripe = waiting.proposal.proposed_at.plus(wait);
        let mut behind: Vec<_> =
            waiting.approvals.iter().filter(|(_, of)| *of == epoch).map(|(guardian, _)| *guardian).collect();
        behind.extend(signers.iter().filter(|signer| !behind.contains(signer)).copied().collect::<Vec<_>>());
        let counted = || {
            if !is_over(ripe, now) {
                Err(BreakerError::ProposalNotRipe)
            } else if is_over(ripe.plus(life), now) {
                Err(BreakerError::ProposalExpired)
            } else if behind.len() < needed(&town.protocol.thresholds, &act) {
                Err(BreakerError::NotApproved)
            } else {
                Ok(())
            }
        };
        let promised = town
            .promised_first(&act, scope, truth.as_ref())
            .and_then(|()| counted())
            .and_then(|()| town.promised(&act, scope, shows));
        let members = self.places(signers);
        let mut proposal = waiting.proposal;
        let before = self.run.town;
        let result = self.run.town.carry_out((&act, scope), (Some(&mut proposal), members), truth.as_ref());
        assert_eq!(result, promised, "{act:?} by {} of {:?}", behind.len(), before.protocol.thresholds);
        let is_lost = is_over(ripe.plus(life), now)
            || matches!(
                result,
                Err(BreakerError::NotHeld | BreakerError::AnotherLatch | BreakerError::StaleFreeze)
            );
        if result.is_ok() || is_lost {
            self.acts.remove(which);
        }
        if result.is_err() {
            self.run.town = before;
            return Done::Nothing;
        }
        assert_eq!(proposal.status(), Some(Status::Executed));
        self.done(&act, scope)
    }

    /// So many of them as it takes sign in one transaction, or one fewer.
    pub(super) fn quorum_acts(&mut self) -> Done {
        let (act, scope) = self.fitting();
        if self.chance(2) {
            // they meet when what was wrong is made good
            self.truth = FINE;
        }
        let needed = needed(&self.run.town.protocol.thresholds, &act);
        let count = needed - usize::from(self.chance(4));
        let signers: Vec<_> = self.honest().into_iter().take(count).collect();
        let (members, shows) = (self.places(&signers), !self.chance(20));
        let truth = shows.then_some(self.truth);
        let town = &self.run.town;
        let is_at_once = !matches!(act, GuardianAct::Maintenance { .. });
        let counted = || {
            if !is_at_once {
                Err(BreakerError::LooseningWaits)
            } else if signers.is_empty() {
                Err(BreakerError::NotAGuardian)
            } else if count < needed {
                Err(BreakerError::NotApproved)
            } else {
                Ok(())
            }
        };
        let promised = town
            .promised_first(&act, scope, truth.as_ref())
            .and_then(|()| counted())
            .and_then(|()| town.promised(&act, scope, shows));
        let before = self.run.town;
        let result = self.run.town.carry_out((&act, scope), (None, members), truth.as_ref());
        assert_eq!(result, promised, "{act:?}");
        if result.is_err() {
            self.run.town = before;
            return Done::Nothing;
        }
        self.done(&act, scope)
    }

    /// What was promised has come about.
    fn done(&mut self, act: &GuardianAct, scope: Scope) -> Done {
        let town = &self.run.town;
        let now = town.now;
        self.diary.rescued[match act {
            GuardianAct::Confirm(_) => 0,
            GuardianAct::Resume(order) => 1 + order.latch.source as usize,
            GuardianAct::FreezeAuthority { .. } => 7,
            GuardianAct::Maintenance { .. } => 8,
            other => unreachable!("nobody of the cast calls it: {other:?}"),
        }] += 1;
        match act {
            GuardianAct::Confirm(order) => {
                let board = town.board(scope);
                let latch = board.slot(order.latch.source, order.latch.severity).expect("a slot");
                let asked = now.plus(order.seconds.into());
                let most = latch.since.plus(longest(order.latch.severity));
                assert!(is_over(asked.min(most), latch.until), "confirmed and shorter");
                assert!(board.severity(now) >= order.latch.severity);
                Done::Confirmed(scope, order.latch)
            }
            GuardianAct::Resume(order) => Done::Resumed(scope, order.latch),
            GuardianAct::FreezeAuthority { .. } => Done::Froze,
            GuardianAct::Maintenance { seconds } => Done::Quieted(*seconds),
            other => unreachable!("nobody of the cast calls it: {other:?}"),
        }
    }

    /// The owner of the authority's key proposes to drop a bad guardian, the honest approve one by one, and veto what the
    /// thief proposes.
    pub(super) fn authority_calls(&mut self) -> Done {
        if self.is_long && self.chance(4) {
            return self.owner_arms();
        }
        let Some(which) =
            self.change.filter(|which| self.run.proposals[*which].0.status() == Some(Status::Pending))
        else {
            if self.chance(2) {
                self.propose_change();
            } else {
                self.honest_vetoes();
            }
            return Done::Nothing;
        };
        if self.chance(3) {
            return self.execute_of_authority();
        }
        let honest = self.honest();
        let guardian = self.dice().pick(&honest);
        let (members, town) = (self.places(&[guardian]), &mut self.run.town);
        town.now.slot += 2;
        let (proposal, epoch) = (&mut self.run.proposals[which].0, town.protocol.membership_epoch);
        let has_approved = proposal.ballot.of(epoch).approved & members != 0;
        let approved = proposal.approve(&town.protocol, members, town.now.slot - 1, town.now);
        let expected = if has_approved { Err(BreakerError::AlreadyVoted) } else { Ok(()) };
        assert_eq!(approved.map(drop), expected);
        Done::Nothing
    }

    /// The owner puts a rule in shadow, by a proposal that has waited, or arms it.
    fn owner_arms(&mut self) -> Done {
        let target = self.dice().pick(&Target::RULES);
        let mandate = Mandate::waited(self.run.town.epoch(target));
        for amendment in [Amendment::Disarm, Amendment::Arm] {
            let (before, deed) = (self.run.town, (target, amendment));
            if self.run.town.amend(&deed, mandate).is_ok() {
                return Done::Executed(deed);
            }
            self.run.town = before;
        }
        Done::Nothing
    }

    fn propose_change(&mut self) {
        let (protocol, newcomer) = (self.run.town.protocol, key(30 + self.diary.next() as u8 % 10));
        let mut members = protocol.guardians().to_vec();
        let dropped = self.rogues().first().copied().unwrap_or(members[0]);
        let place = members.iter().position(|member| *member == dropped).expect("a guardian");
        if members.contains(&newcomer) {
            return;
        }
        members[place] = newcomer;
        let rogues = self.rogues().len().saturating_sub(1);
        let thresholds = thresholds(self.dice(), members.len() as u64, rogues as u64);
        let with = core::mem::take(&mut self.run.with);
        let deed = (Target::Protocol, Amendment::Guardians { members, thresholds });
        if protocol.authority == key(AUTHORITY) && self.run.propose(deed).is_ok() {
            self.change = Some(self.run.proposals.len() - 1);
        }
        self.run.with = with;
    }

    /// So many that it is over, of what anybody but the owner proposed.
    fn honest_vetoes(&mut self) {
        if self.run.proposals.is_empty() {
            return;
        }
        let is_hard = |(proposal, (_, act)): &(Proposal, Deed)| {
            let is_pending = proposal.status() == Some(Status::Pending);
            is_pending && (proposal.again != 0 || matches!(act, Amendment::Guardians { .. }))
        };
        let hard = self.run.proposals.iter().rposition(is_hard);
        let which = hard.filter(|_| self.chance(2)).unwrap_or_else(|| self.run.any());
        if Some(which) == self.change {
            return;
        }
        let honest = self.honest();
        let count = 1 + self.dice().below(honest.len() as u64) as usize;
        let (members, protocol) = (self.places(&honest[..count]), &mut self.run.town.protocol);
        let (proposal, act) = &mut self.run.proposals[which];
        let waited = *proposal;
        if proposal.veto(protocol, members, self.run.town.now).is_err() {
            return;
        }
        let (n, m) = (usize::from(protocol.guardian_count), usize::from(protocol.thresholds.veto));
        let is_leaving = |place: usize| match &act.1 {
            Amendment::Guardians { members, .. } => !members.contains(&protocol.guardians[place]),
            _ => false,
        };
        let spoke = |place: &usize| proposal.ballot.vetoed & 1 << place != 0;
        let is_again = waited.again != 0;
        let votes = (0..n).filter(spoke).filter(|place| !(is_again && is_leaving(*place))).count();
        let needed = if is_again { m.max(n - m + 1) } else { m };
        assert_eq!(proposal.status() == Some(Status::Vetoed), votes >= needed, "{votes} of {needed}");
    }

    /// Anybody executes what the authority proposed.
    pub(super) fn execute_of_authority(&mut self) -> Done {
        if self.run.proposals.is_empty() {
            return Done::Nothing;
        }
        let prefers_change = self.chance(2);
        let which = self.change.filter(|_| prefers_change).unwrap_or_else(|| self.run.any());
        let (waiting, protocol, now) =
            (self.run.proposals[which].0, self.run.town.protocol, self.run.town.now);
        let deed = self.run.proposals[which].1.clone();
        let result = self.run.execute(which);
        let is_change = Some(which) == self.change;
        if let Amendment::Guardians { .. } = deed.1 {
            assert!(is_change || result.is_err(), "guardians whom nobody approved");
        }
        if is_change {
            let ballot = waiting.ballot.of(protocol.membership_epoch);
            let thresholds = protocol.thresholds;
            let strictest = [thresholds.confirm, thresholds.resume, thresholds.migrate, thresholds.release];
            let strictest = strictest.into_iter().chain([thresholds.veto, thresholds.freeze]).max();
            let is_ripe = is_over(waiting.proposed_at.plus(waiting.delay.into()), now)
                && !is_over(waiting.expires_at, now)
                && waiting.status() == Some(Status::Pending)
                && waiting.authority_epoch == protocol.authority_epoch;
            let is_approved = ballot.approved.count_ones() >= strictest.unwrap_or(u8::MAX).into();
            let attached = protocol.detached == 0;
            assert_eq!(
                result.is_ok(),
                is_ripe && is_approved && attached,
                "a change of guardians: {result:?}"
            );
        }
        if result.is_ok() {
            if is_change {
                self.diary.rescued[9] += 1;
                self.run.with = self.places(&self.rogues());
            }
            return Done::Executed(deed);
        }
        Done::Nothing
    }
}

/// Latches that hold, and how many newcomers each has.
fn live(board: &LatchBoard, now: Instant) -> Vec<(LatchId, u64)> {
    let sources = [
        Source::Limiter,
        Source::PriceBand,
        Source::Invariant,
        Source::Guardian,
        Source::Keeper,
        Source::Program,
    ];
    let slots = sources.into_iter().flat_map(|source| {
        Severity::ABOVE_NORMAL.into_iter().filter_map(move |severity| board.live(source, severity, now))
    });
    slots.map(|(latch, slot)| (latch, slot.count)).collect()
}
