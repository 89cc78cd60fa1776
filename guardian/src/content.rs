//! What a proposal will do, in words.

mod names;
mod registered;

use firebreak_interface::{
    constants::AUTHORITY_FREEZE,
    state::{Amendment, GuardianAct, Latch, LatchId, Proposal, Proposed, Ratios, Setting, Status},
};
use solana_pubkey::Pubkey;

use crate::{
    act::latch,
    chain::Snapshot,
    describe, rules,
    setting::{Named, changes},
    units,
    votes::Votes,
    words,
};

pub use names::{account_name, number_of_guardian, proposal_name, safe_name, subject_name};
pub use registered::created;

/// A proposal's content: what it does first, then each change in a line.
pub fn lines(proposal: &Proposal, snapshot: &Snapshot) -> Vec<String> {
    if let Some((scope, act)) = proposal.read_act() {
        return of_act(&act, &scope, snapshot);
    }
    match proposal.read_content() {
        Some((accounts, proposed)) => of(&proposed, &accounts, snapshot),
        None => vec!["content of a newer program: upgrade this tool before you let it pass".to_owned()],
    }
}

/// Who does what guardians approved, and how.
pub fn done_by(act: Option<&GuardianAct>, name: &str) -> String {
    match act {
        Some(GuardianAct::Release(_)) => format!("the authority sends `release begin {name}`"),
        Some(GuardianAct::OpenClaims(_)) => format!("the authority sends `claims open {name}`"),
        _ => format!("anybody sends `execute {name}`"),
    }
}

/// What an act of guardians does, in a market or in the whole protocol.
pub fn of_act(act: &GuardianAct, scope: &Pubkey, snapshot: &Snapshot) -> Vec<String> {
    let name = latch::scope_name(scope, snapshot);
    match act {
        GuardianAct::Confirm(order) => {
            let seconds = words::exact(order.seconds.into());
            let id = latch::name(&order.latch);
            let mut lines = vec![format!("makes {id}, in {name} hold for {seconds} from its execution")];
            lines.push(of_latch(&order.latch, scope, snapshot).0);
            lines
        }
        GuardianAct::Resume(order) => {
            let mut lines = vec![format!("clears {} in {name}", latch::name(&order.latch))];
            let (state, live) = of_latch(&order.latch, scope, snapshot);
            lines.push(state);
            if let Some(live) = live {
                let source = order.latch.source;
                let rules = rules::of(snapshot, scope, source, live.rules);
                lines.extend(rules.iter().map(|rule| format!("while it measures less: {}", rule.name)));
                let is_more = !source.is_automatic() && live.count != order.count;
                if is_more || live.rules & !order.rules != 0 {
                    lines.push("void: more came to that latch since".to_owned());
                }
            }
            lines
        }
        GuardianAct::FreezeAuthority { authority_epoch } => {
            let authority = snapshot.protocol.authority;
            let mut lines = vec![format!(
                "freezes the authority {authority}: voids what it proposed, and refuses what it would propose for {}",
                words::duration(AUTHORITY_FREEZE)
            )];
            if *authority_epoch != snapshot.protocol.authority_epoch {
                lines.push("void: the authority moved or was frozen since".to_owned());
            }
            lines
        }
        GuardianAct::Maintenance { seconds } => vec![format!(
            "maintenance of {name}: keepers' raises are refused for {} from its execution, and nothing else is",
            words::exact((*seconds).into())
        )],
        GuardianAct::Migrate(order) => migration(&order.latch, scope, snapshot),
        GuardianAct::Release(order) => {
            let to = if order.destination == order.vault {
                "the vault".to_owned()
            } else {
                format!("{} of {}", order.destination, order.owner)
            };
            let alone = if order.destination == order.vault {
                "the authority signs it too; 14 days after enough have approved it goes without"
            } else {
                "the authority signs it too"
            };
            vec![
                format!(
                    "releases {} of vault {} in {name}, to {to}, in four steps",
                    order.amount, order.vault
                ),
                alone.to_owned(),
            ]
        }
        GuardianAct::OpenClaims(order) => vec![
            format!(
                "opens claims of {} together on the safe of {} in {name}, set {}",
                order.total, order.mint, order.epoch
            ),
            format!("root {}; the authority signs it too", units::hex(&order.root)),
        ],
        GuardianAct::FlagHeld(range) => vec![format!(
            "flags held withdrawals {} to {} in the safe of {} in {name}: they wait for a decision, seven days at most",
            range.from, range.to, range.mint
        )],
        GuardianAct::DecideHeld { range, pay } => {
            let what = if *pay { "pays" } else { "refuses" };
            let (from, to, mint) = (range.from, range.to, range.mint);
            vec![format!("{what} flagged withdrawals {from} to {to} in the safe of {mint} in {name}")]
        }
    }
}

/// An order of a migration: because of what, and which vaults it is about.
fn migration(id: &LatchId, market: &Pubkey, snapshot: &Snapshot) -> Vec<String> {
    let protocol = &snapshot.addresses.protocol;
    let holder =
        if latch::board(snapshot, market).named(id, snapshot.now).is_ok() { market } else { protocol };
    let name = latch::scope_name(market, snapshot);
    let mut lines = vec![
        format!("orders that all vaults of {name} with a route be emptied into their safes, for a day"),
        format!("because of {} in {}", latch::name(id), latch::scope_name(holder, snapshot)),
        of_latch(id, holder, snapshot).0,
    ];
    let routes: Vec<_> = snapshot.routes.iter().filter(|(_, route)| route.market == *market).collect();
    let custody = routes.iter().filter(|(key, route)| route.is_custody(key)).count();
    lines.push(format!(
        "{} vaults have a route, of which anyone moves {custody} and the protected program {}",
        routes.len(),
        routes.len() - custody
    ));
    let is_routed = |vault: &Pubkey| routes.iter().any(|(_, route)| route.vault == *vault);
    let limiters = snapshot.limiters.iter().filter(|(_, one)| one.market == *market);
    let without = limiters.filter(|(_, one)| !is_routed(&one.vault));
    lines.extend(without.map(|(_, one)| format!("NOT moved, as it has no route: vault {}", one.vault)));
    lines
}

/// How a latch stands that an order names, and the latch where it holds.
fn of_latch(id: &LatchId, scope: &Pubkey, snapshot: &Snapshot) -> (String, Option<Latch>) {
    let board = latch::board(snapshot, scope);
    match (board.named(id, snapshot.now), board.live(id.source, id.severity, snapshot.now)) {
        (Ok(live), _) => {
            let left = words::left(live.until, snapshot.now);
            let text = match id.source.is_automatic() {
                true => format!(
                    "which holds for {left} more; measured {}, threshold {}, {} times",
                    live.value, live.threshold, live.count
                ),
                false => {
                    format!("which holds for {left} more, and closes {}", words::operations(live.closed))
                }
            };
            (text, Some(*live))
        }
        (Err(_), Some((other, _))) => (format!("void: what holds now is {}", latch::name(&other)), None),
        (Err(_), None) => ("void: it holds no longer".to_owned(), None),
    }
}

/// What an act does to these accounts.
pub fn of(proposed: &Proposed, accounts: &[Pubkey], snapshot: &Snapshot) -> Vec<String> {
    match proposed {
        Proposed::Amend(amendment) => {
            amended(amendment, accounts.first().copied().unwrap_or_default(), snapshot)
        }
        registration => registered::lines(registration, accounts, snapshot),
    }
}

fn amended(amendment: &Amendment, subject: Pubkey, snapshot: &Snapshot) -> Vec<String> {
    let name = subject_name(&subject, snapshot);
    match amendment {
        Amendment::Market(new) => {
            let old = snapshot.markets.iter().find(|(key, _)| *key == subject);
            settings(&name, old.map(|(_, market)| market.settings()), new)
        }
        Amendment::Limiter(new) => {
            let old = snapshot.limiters.iter().find(|(key, _)| *key == subject);
            settings(&name, old.map(|(_, limiter)| limiter.settings), new)
        }
        Amendment::Band(new) => {
            let old = snapshot.bands.iter().find(|(key, _)| *key == subject);
            settings(&name, old.map(|(_, band)| band.settings), new)
        }
        Amendment::Invariant(new) => {
            let old = snapshot.invariants.iter().find(|(key, _)| *key == subject);
            settings(&name, old.map(|(_, one)| Ratios { bps: one.ratio_bps }), new)
        }
        Amendment::LooseningDelay(delay) => vec![format!(
            "changes the loosening delay: {} -> {}",
            words::exact(snapshot.protocol.loosening_delay.into()),
            words::exact((*delay).into())
        )],
        Amendment::Arm => vec![format!("arms {name}")],
        Amendment::Disarm => vec![format!("disarms {name}: it measures and refuses nothing any longer")],
        Amendment::AcceptLoss { least } => {
            vec![format!("accepts a loss: {name} measures from what there is, if that is {least} at least")]
        }
        Amendment::RevokeKeeper => vec![format!("ends the registration of {name}")],
        Amendment::Authority(to) => {
            vec![format!("moves the authority: {} -> {to}, which signs too", snapshot.protocol.authority)]
        }
        Amendment::Guardians { members, thresholds } => {
            let mut lines = vec![format!(
                "changes the guardians, with the approval of those there are: {}",
                members.len()
            )];
            let now = snapshot.protocol.guardians();
            lines.extend(members.iter().filter(|key| !now.contains(key)).map(|key| format!("comes: {key}")));
            lines.extend(now.iter().filter(|key| !members.contains(key)).map(|key| format!("leaves: {key}")));
            let old = describe::thresholds(&snapshot.protocol.thresholds);
            for ((name, old), (_, new)) in old.into_iter().zip(describe::thresholds(thresholds)) {
                if old != new {
                    lines.push(format!("threshold of {name}: {old} -> {new}"));
                }
            }
            lines
        }
        Amendment::Pin => vec!["pins the protected program as it is deployed".to_owned()],
        Amendment::ApproveUpgrade(code) if *code == [0; 32] => {
            vec!["takes the approved upgrade back".to_owned()]
        }
        Amendment::ApproveUpgrade(code) => {
            vec![format!(
                "approves the upgrade of the protected program to code of sha256 {}",
                units::hex(code)
            )]
        }
        Amendment::Unpin => vec!["watches the protected program no longer".to_owned()],
        Amendment::Detach => {
            vec!["DETACHES the protocol: its gates read as open and nothing guards it any longer".to_owned()]
        }
    }
}

fn settings<S: Named>(name: &str, old: Option<S>, new: &S) -> Vec<String> {
    let Some(old) = old else {
        return listed(format!("gives {name} new settings"), new);
    };
    let mut lines = vec![format!("changes {name}")];
    lines.extend(changes(&old, new).iter().map(crate::setting::Changed::line));
    if lines.len() == 1 {
        lines.push("nothing any longer: the settings are these already".to_owned());
    }
    lines
}

fn listed<S: Named>(first: String, settings: &S) -> Vec<String> {
    let fields = settings.fields().into_iter().map(|(name, value)| format!("{name}: {value}"));
    std::iter::once(first).chain(fields).collect()
}

/// Where a proposal stands, in words.
pub fn standing(proposal: &Proposal, snapshot: &Snapshot) -> String {
    let now = snapshot.now;
    let missing = Votes::of(proposal, snapshot).missing();
    match proposal.status() {
        Some(Status::Executed) => "executed".to_owned(),
        Some(Status::Cancelled) => "cancelled".to_owned(),
        Some(Status::Vetoed) => "vetoed".to_owned(),
        None => "of a newer program".to_owned(),
        Some(Status::Pending) if is_of_former_authority(proposal, snapshot) => {
            "void: the authority moved or was frozen since; anyone may cancel it".to_owned()
        }
        Some(Status::Pending) if proposal.expires_at.reached(now) => {
            "expired; anyone may cancel it".to_owned()
        }
        Some(Status::Pending) if is_there(proposal, snapshot) => {
            "void: what it registers is there already; the authority may cancel it".to_owned()
        }
        Some(Status::Pending) if is_stale(proposal, snapshot) => {
            "void: what it changes was changed since; the authority may cancel it".to_owned()
        }
        Some(Status::Pending) if proposal.ripe_at.reached(now) && missing > 0 => format!(
            "waits for {missing} more to approve it, for {} more",
            words::left(proposal.expires_at, now)
        ),
        Some(Status::Pending) if proposal.ripe_at.reached(now) => {
            let who = match proposal.read_act() {
                Some((_, act @ (GuardianAct::Release(_) | GuardianAct::OpenClaims(_)))) => {
                    done_by(Some(&act), &proposal_name(proposal, snapshot))
                }
                _ => "anyone may execute it".to_owned(),
            };
            format!("RIPE: {who}, for {} more", words::left(proposal.expires_at, now))
        }
        Some(Status::Pending) => format!(
            "waits {} more, until {}; then {} to execute it",
            words::left(proposal.ripe_at, now),
            words::moment(proposal.ripe_at.unix),
            words::duration(proposal.expires_at.unix.saturating_sub(proposal.ripe_at.unix).unsigned_abs()),
        ),
    }
}

/// Whether what it was proposed for is gone: the program executes it no more.
pub fn is_void(proposal: &Proposal, snapshot: &Snapshot) -> bool {
    is_of_former_authority(proposal, snapshot) || is_stale(proposal, snapshot) || is_there(proposal, snapshot)
}

/// Whether what it registers was registered by another one since: nothing is registered twice.
fn is_there(proposal: &Proposal, snapshot: &Snapshot) -> bool {
    let read = proposal.read_content();
    let key = read.and_then(|(accounts, proposed)| created(&proposed, &accounts, snapshot));
    key.is_some_and(|key| snapshot.is_registered(&key))
}

/// What a guardian proposed outlives the authority.
pub fn is_of_former_authority(proposal: &Proposal, snapshot: &Snapshot) -> bool {
    proposal.by_guardian == 0 && proposal.authority_epoch != snapshot.protocol.authority_epoch
}

/// Whether the setting that it amends has changed since, and it does not go back to what had waited: then the program
/// executes it no more.
fn is_stale(proposal: &Proposal, snapshot: &Snapshot) -> bool {
    let Some((accounts, Proposed::Amend(amendment))) = proposal.read_content() else {
        return false;
    };
    let subject = accounts.first().copied().unwrap_or_default();
    let seen = proposal.epoch;
    let market = snapshot.markets.iter().find(|(key, _)| *key == subject).map(|(_, one)| one);
    let limiter = snapshot.limiters.iter().find(|(key, _)| *key == subject).map(|(_, one)| one);
    let band = snapshot.bands.iter().find(|(key, _)| *key == subject).map(|(_, one)| one);
    let invariant = snapshot.invariants.iter().find(|(key, _)| *key == subject).map(|(_, one)| one);
    // an undoing goes on, whatever was tightened after it; but not one of before there was something to undo
    let is_void = |epoch: u64, tightened: u64, is_undoing: bool| {
        epoch != seen && !(is_undoing && tightened != 0 && seen >= tightened)
    };
    match &amendment {
        Amendment::Market(new) => market
            .is_some_and(|one| is_void(one.epoch, one.tightened, new.is_within(&one.delayed_settings()))),
        Amendment::Limiter(new) => {
            limiter.is_some_and(|one| is_void(one.epoch, one.tightened, new.is_within(&one.delayed)))
        }
        Amendment::Band(new) => {
            band.is_some_and(|one| is_void(one.epoch, one.tightened, new.is_within(&one.delayed)))
        }
        Amendment::Invariant(new) => invariant.is_some_and(|one| {
            let delayed = Ratios { bps: one.delayed_ratio_bps };
            is_void(one.epoch, one.tightened, new.is_within(&delayed))
        }),
        Amendment::LooseningDelay(new) => {
            let protocol = &snapshot.protocol;
            let is_undoing = *new >= protocol.delayed_loosening_delay;
            is_void(protocol.epoch, protocol.tightened.into(), is_undoing)
        }
        // it binds the membership, by the guardians' approvals
        Amendment::Guardians { .. } => false,
        Amendment::Arm | Amendment::Disarm | Amendment::AcceptLoss { .. } => {
            let epoch = limiter.map(|one| one.epoch).or(band.map(|one| one.epoch));
            epoch.or(invariant.map(|one| one.epoch)).is_some_and(|epoch| epoch != seen)
        }
        // a registration never changes; it ends
        Amendment::RevokeKeeper => false,
        Amendment::Authority(_)
        | Amendment::Pin
        | Amendment::ApproveUpgrade(_)
        | Amendment::Unpin
        | Amendment::Detach => snapshot.protocol.epoch != seen,
    }
}
