//! What must hold after each call, whoever made it: compared with what was before, and with what was done so far.

use super::*;

/// Kinds of rescues that are counted: a confirm, a resume of each source, a freeze, a maintenance, a change of guardians.
pub(super) const RESCUES: usize = 10;

/// A pause that came about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paused {
    pub(super) at: Instant,
    /// For how long it was asked.
    pub(super) ordered: u32,
    /// What it costs at most, of the honest; what was paid, of the others.
    pub(super) seconds: u32,
    /// Seconds that the latch holds longer for it.
    pub(super) added: u32,
    pub(super) guardian: Pubkey,
    pub(super) scope: Scope,
    pub(super) is_rogue: bool,
}

/// A raise that came about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raised {
    pub(super) at: Instant,
    pub(super) seconds: u32,
    pub(super) which: usize,
    pub(super) severity: Severity,
}

/// What was done so far.
pub(super) struct Diary {
    pub(super) paused: Vec<Paused>,
    raised: Vec<Raised>,
    guardians: Vec<Pubkey>,
    thresholds: Thresholds,
    quieted: Vec<Instant>,
    pub(super) quiet_until: Instant,
    nonce: u64,
    pub(super) rescued: [u64; RESCUES],
}

impl Diary {
    pub(super) fn new(town: &Town) -> Self {
        Self {
            paused: Vec::new(),
            raised: Vec::new(),
            guardians: town.protocol.guardians().to_vec(),
            thresholds: town.protocol.thresholds,
            quieted: Vec::new(),
            quiet_until: Instant::NEVER,
            nonce: 0,
            rescued: [0; RESCUES],
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.nonce += 1;
        self.nonce
    }

    /// What one guardian may pause in a period, of the market and of all.
    pub(super) fn budget(&self, protocol: &Protocol) -> u32 {
        let others = u32::from(protocol.thresholds.confirm.max(2)) - 1;
        (7 * 86_400 / 4 / others).min(10 * 3_600)
    }

    /// Seconds of a guardian's pauses in its running period of 30 days.
    pub(super) fn spent(&self, guardian: &Pubkey, scope: Scope, now: Instant) -> u32 {
        let is_theirs = |paused: &&Paused| paused.guardian == *guardian && paused.scope == scope;
        let (mut start, mut sum) = (Instant::NEVER, 0);
        for paused in self.paused.iter().filter(is_theirs) {
            if !start.is_set() || is_over(start.plus(30 * DAY), paused.at) {
                (start, sum) = (paused.at, 0);
            }
            sum += paused.seconds;
        }
        if is_over(start.plus(30 * DAY), now) { 0 } else { sum }
    }

    /// Whether an honest guardian's last pause there is to be over, or has been for less than an hour.
    pub(super) fn rests(&self, guardian: &Pubkey, scope: Scope, now: Instant) -> bool {
        let is_theirs = |paused: &&Paused| paused.guardian == *guardian && paused.scope == scope;
        let mut ends =
            self.paused.iter().filter(is_theirs).map(|paused| paused.at.plus(paused.ordered.into()));
        ends.any(|end| !is_over(end.plus(3_600), now))
    }
}

impl Stage<'_> {
    pub(super) fn check(&mut self, before: &Town, acts: &[Waiting], done: &Done) {
        self.check_exits();
        for scope in Scope::ALL {
            if bytemuck::bytes_of(before.board(scope)) != bytemuck::bytes_of(self.run.town.board(scope)) {
                self.check_board(before, scope, done);
            }
        }
        self.check_protocol(before, done);
        self.check_acts(acts);
        self.check_paused();
    }

    /// Exits stay open below Critical, and at Critical where the protocol did not say so.
    fn check_exits(&self) {
        let town = &self.run.town;
        let (severity, closed, _) = town.market.in_force(&town.protocol.board, town.now);
        let may_close = severity == Severity::Critical && town.market.critical_closes_exits != 0;
        assert!(may_close || closed.0 & Operations::EXITS.0 == 0, "an exit is closed at {severity:?}");
        for exit in [Operation::REPAY, Operation::ADD_COLLATERAL, Operation::REDUCE, Operation::CLOSE] {
            assert!(may_close || town.market.permits(&town.protocol.board, exit, town.now).is_some());
        }
    }

    /// No latch that holds is shortened, narrowed or forgotten but by a quorum, and the way down follows from the latches.
    fn check_board(&self, before: &Town, scope: Scope, done: &Done) {
        let (now, town) = (self.run.town.now, &self.run.town);
        let (was, is) = (before.board(scope), town.board(scope));
        let resumed = match done {
            Done::Resumed(of, latch) if *of == scope => Some(latch),
            _ => None,
        };
        let at_least = |a: Instant, b: Instant| a.slot >= b.slot && a.unix >= b.unix;
        for (place, (old, new)) in was.slots.iter().zip(&is.slots).enumerate() {
            let is_here = |latch: &LatchId| latch.source as usize * 3 + latch.severity as usize - 1 == place;
            let is_resumed = resumed.is_some_and(is_here);
            if let Done::Confirmed(of, latch) = done
                && *of == scope
                && is_here(latch)
            {
                assert_eq!(new.count, old.count + 1, "{place}: a reason more");
            }
            assert_eq!(new.closed & Operations::EXITS.0, 0, "a latch names an exit");
            if is_resumed {
                assert_eq!(Latch { until: now, ..*old }, *new);
            } else if !is_over(old.until, now) {
                assert!(at_least(new.until, old.until), "{place}: shortened from {old:?} to {new:?}");
                assert!(new.since == old.since && new.count >= old.count, "{place}: taken over");
                assert!(old.closed & !new.closed == 0 && old.rules & !new.rules == 0, "{place}: narrowed");
            } else if old != new && is_over(old.until, before.now) && !is_over(new.until, now) {
                // what was over before; one that ended in the course of the call may have been extended first
                assert!(
                    at_least(new.since, before.now) && at_least(now, new.since),
                    "{place}: another's incident"
                );
            }
        }
        // keepers raise Minor and Major, a guardian pauses as Major
        let slot = |source, severity| is.slot(source, severity).expect("a slot");
        for (source, severity) in [
            (Source::Guardian, Severity::Minor),
            (Source::Guardian, Severity::Critical),
            (Source::Keeper, Severity::Critical),
        ] {
            assert_eq!(*slot(source, severity), Latch::default(), "{source:?} at {severity:?}");
        }
        assert_eq!(slot(Source::Keeper, Severity::Minor).closed, 0, "a keeper alone names operations");

        let (dwell, grace) = town.steps(scope);
        let mut held = [Instant::NEVER; 3];
        for (place, latch) in is.slots.iter().enumerate().filter(|(_, latch)| latch.until.is_set()) {
            let mut end = latch.until;
            for severity in (0..=place % 3).rev() {
                held[severity] = held[severity].max(end);
                end = end.plus(dwell.into());
            }
        }
        assert_eq!(is.held, held, "the way down");
        let graced = if held[2].is_set() { held[2].plus(grace.into()) } else { Instant::NEVER };
        assert_eq!(is.liquidation_closed, graced, "the grace after a halt");
        let severity = held.iter().filter(|end| !is_over(**end, now)).count();
        assert_eq!(is.severity(now) as usize, severity);
        match resumed {
            Some(latch) => {
                assert_eq!(is.told as usize, severity, "the journal is told of the fall");
                self.check_looks(latch);
            }
            None if !matches!(done, Done::Executed(_)) => {
                assert!(is.severity(now) >= was.severity(now), "fell before its time");
            }
            None => {}
        }
    }

    /// After a halt was cleared a new one takes two looks of its own.
    fn check_looks(&self, latch: &LatchId) {
        let town = &self.run.town;
        if latch.source == Source::Limiter {
            let own = town.limiter.held[latch.severity as usize - 1];
            assert!(is_over(own, town.now), "the limiter holds on by itself");
        }
        let first = match latch.source {
            Source::Program => town.protocol.pin.standing.observed_at,
            _ if latch.severity < Severity::Critical => return,
            Source::Limiter => town.limiter.observed_at,
            Source::PriceBand => town.band.standing.observed_at,
            Source::Invariant => town.invariant.standing.observed_at,
            Source::Guardian | Source::Keeper => return,
        };
        assert_eq!(first, Instant::NEVER, "{latch:?}");
    }

    fn check_protocol(&mut self, before: &Town, done: &Done) {
        let (was, town) = (&before.protocol, &self.run.town);
        let (is, now) = (&town.protocol, town.now);
        let resumes = u64::from(matches!(done, Done::Resumed(..)));
        assert_eq!(is.pause_epoch, was.pause_epoch + resumes, "the pause epoch moves with a resume");
        for (old, new) in before.limiter.held.iter().zip(town.limiter.held) {
            let may_end = matches!(done, Done::Resumed(_, latch) if latch.source == Source::Limiter);
            assert!(
                may_end || is_over(*old, now) || is_over(*old, new),
                "a limiter's own latch was shortened"
            );
        }
        // a freeze is a quorum's, and for 30 days
        let froze = matches!(done, Done::Froze);
        if froze {
            assert_eq!(is.frozen_until, now.plus(30 * DAY));
        } else {
            assert_eq!(is.frozen_until, was.frozen_until);
        }
        let moved = matches!(done, Done::Executed((_, Amendment::Authority(_))));
        assert_eq!(is.authority_epoch, was.authority_epoch + u64::from(froze || moved));

        if let Done::Executed((_, Amendment::Guardians { members, thresholds })) = done {
            assert_eq!(is.membership_epoch, was.membership_epoch + 1);
            (self.diary.guardians, self.diary.thresholds) = (members.clone(), *thresholds);
        } else {
            assert_eq!(is.membership_epoch, was.membership_epoch);
        }
        assert_eq!((is.guardians(), is.thresholds), (&self.diary.guardians[..], self.diary.thresholds));

        let (market, diary) = (&town.market, &mut self.diary);
        if let Done::Quieted(seconds) = done {
            diary.quieted.push(now);
            diary.quiet_until = now.plus((*seconds).into());
            let month = |began: &&Instant| !is_over(began.plus(30 * DAY), now);
            assert!(diary.quieted.iter().filter(month).count() <= 3, "a fourth in 30 days");
            assert!(*seconds <= 4 * 3_600);
        }
        assert_eq!(market.quiet_until, diary.quiet_until, "quiet unannounced");
    }

    /// What guardians proposed waits as it did: nobody ends it or changes what it says, and who approved has approved.
    fn check_acts(&self, before: &[Waiting]) {
        for was in before {
            let same = |is: &&Waiting| {
                (is.proposal.authority, is.proposal.nonce) == (was.proposal.authority, was.proposal.nonce)
            };
            let Some(is) = self.acts.iter().find(same) else { continue };
            assert_eq!(is.proposal.status(), Some(Status::Pending), "{:?} is voided", was.act);
            assert_eq!(is.proposal.read_act(), Some((is.scope.key(), was.act)));
            let epoch = self.run.town.protocol.membership_epoch;
            if was.proposal.ballot.epoch == epoch {
                assert_eq!(was.proposal.ballot.approved & !is.proposal.approvals(&self.run.town.protocol), 0);
            }
        }
        // what guardians propose takes no place of the authority's
        let waits = |(proposal, _): &&(Proposal, Deed)| proposal.status() == Some(Status::Pending);
        let waiting = self.run.proposals.iter().filter(waits).count();
        assert_eq!(self.run.town.protocol.pending_proposals as usize, waiting);
        assert!(waiting <= 8);
    }

    /// A minority pauses for no longer than its budgets, and seven days at most in any 30, of the market and of all together.
    fn check_paused(&self) {
        let Some(last) =
            self.diary.paused.last().filter(|last| last.is_rogue && last.at == self.run.town.now)
        else {
            return;
        };
        let month = |paused: &&Paused| paused.is_rogue && !is_over(paused.at.plus(30 * DAY), last.at);
        let paused: Vec<_> = self.diary.paused.iter().filter(month).collect();
        let sum = |of: &dyn Fn(&Paused) -> bool| -> u32 {
            paused.iter().filter(|paused| of(paused)).map(|paused| paused.added).sum()
        };
        assert!(sum(&|_| true) <= 7 * 86_400, "{} s in 30 days", sum(&|_| true));
        let by_one = sum(&|paused| paused.guardian == last.guardian && paused.scope == last.scope);
        assert!(by_one <= 20 * 3_600, "{by_one} s by one of them in 30 days");
        if self.diary.paused.iter().all(|paused| !is_over(paused.at.plus(30 * DAY), last.at)) {
            // one period, as long as the thresholds are those of its beginning
            let budget =
                self.diary.budget(&self.run.start.protocol).max(self.diary.budget(&self.run.town.protocol));
            assert!(by_one <= budget, "{by_one} s of {budget}");
        }
    }

    /// A keeper alone cautions, two separate ones within 25 slots and 30 seconds pause; each within its day.
    pub(super) fn check_raise(&mut self, before: &Town, raised: &Raised) {
        let (now, latch) = (raised.at, |town: &Town| {
            *town.market.board.slot(Source::Keeper, raised.severity).expect("Minor or Major")
        });
        assert!(is_over(self.diary.quiet_until, now), "raised in a maintenance");
        let is_paired = self.diary.raised.last().is_some_and(|last| {
            last.which != raised.which && now.slot - last.at.slot <= 25 && now.unix - last.at.unix <= 30
        });
        let (severity, seconds) = match is_paired {
            true => (Severity::Major, raised.seconds.max(1_800)),
            false => (Severity::Minor, raised.seconds),
        };
        assert_eq!(raised.severity, severity, "{raised:?}");
        let (old, new) = (latch(before), latch(&self.run.town));
        let most = if is_over(old.until, now) { Instant::NEVER } else { old.until };
        assert_eq!(new.until, most.max(now.plus(seconds.into())));
        self.diary.raised.push(*raised);

        let keeper = &self.keepers[raised.which];
        assert!(!is_over(keeper.expires, now), "its term is over");
        assert_eq!(keeper.seen_at, now);
        let day = |other: &&Raised| other.which == raised.which && !is_over(other.at.plus(DAY), now);
        let day: Vec<_> = self.diary.raised.iter().filter(day).collect();
        // two of its days meet in any 24 hours
        assert!(day.len() <= 2 * usize::from(keeper.raises_per_day), "{} raises in a day", day.len());
        let seconds: u32 = day.iter().map(|raised| raised.seconds).sum();
        assert!(seconds <= 2 * keeper.max_seconds, "{seconds} s in a day");
        assert!((600..=keeper.max_seconds).contains(&raised.seconds));
    }
}
