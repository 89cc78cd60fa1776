//! An account as a list of named values, and what differs between two of them.

use firebreak_client::account::Account;
use firebreak_interface::{
    Instant, Severity,
    state::{LatchBoard, Ratios, Thresholds},
};
use serde::Serialize;
use solana_pubkey::Pubkey;

use crate::{
    setting::Named,
    units::{self, Term},
    words,
};

/// The sources of latches, in the order of their slots.
pub const SOURCES: [&str; 6] = ["limiter", "price band", "invariant", "guardian", "keeper", "program"];

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which account.
    pub account: String,
    /// Which value of it.
    pub field: String,
    /// What it is; none where it is not there.
    pub before: Option<String>,
    /// What it will be; none where it will not be there.
    pub after: Option<String>,
}

impl Difference {
    /// In a line.
    pub fn line(&self) -> String {
        let none = || "-".to_owned();
        let before = self.before.clone().unwrap_or_else(none);
        let after = self.after.clone().unwrap_or_else(none);
        format!("{}, {}: {before} -> {after}", self.account, self.field)
    }
}

/// What differs in an account that people call so.
pub fn differences(
    name: &str,
    before: Option<&Account>,
    after: Option<&Account>,
    now: Instant,
) -> Vec<Difference> {
    let of = |account: Option<&Account>| account.map(|account| values(account, now)).unwrap_or_default();
    let (before, after) = (of(before), of(after));
    let mut differences = Vec::new();
    let difference = |field: &String, before: Option<&String>, after: Option<&String>| Difference {
        account: name.to_owned(),
        field: field.clone(),
        before: before.cloned(),
        after: after.cloned(),
    };
    for (field, value) in &before {
        let then = after.iter().find(|(name, _)| name == field).map(|(_, value)| value);
        if then != Some(value) {
            differences.push(difference(field, Some(value), then));
        }
    }
    for (field, value) in &after {
        if !before.iter().any(|(name, _)| name == field) {
            differences.push(difference(field, None, Some(value)));
        }
    }
    differences
}

type Values = Vec<(String, String)>;

/// What an account says, as far as people decide by it.
fn values(account: &Account, now: Instant) -> Values {
    let mut values = Values::new();
    let mut say = |name: &str, value: String| values.push((name.to_owned(), value));
    match account {
        Account::Protocol(protocol) => {
            say("authority", protocol.authority.to_string());
            for guardian in protocol.guardians() {
                say(&format!("guardian {guardian}"), "member".to_owned());
            }
            say("loosening delay", words::exact(protocol.loosening_delay.into()));
            say("pause epoch", protocol.pause_epoch.to_string());
            say("authority epoch", protocol.authority_epoch.to_string());
            say("membership epoch", protocol.membership_epoch.to_string());
            if !protocol.frozen_until.reached(now) {
                say("authority frozen until", words::moment(protocol.frozen_until.unix));
            }
            for (act, members) in thresholds(&protocol.thresholds) {
                say(&format!("threshold of {act}"), members.to_string());
            }
            say("armed limiters", protocol.armed_limiters.to_string());
            say("markets", protocol.markets.to_string());
            say("proposals that wait", protocol.pending_proposals.to_string());
            say("detached", (protocol.detached != 0).to_string());
            say("program pinned", protocol.pin.is_set().to_string());
            board(&mut values, &protocol.board, now);
        }
        Account::Market(market) => {
            named(&mut values, &market.settings());
            let (severity, closed, _) = market.in_force(&bytemuck::Zeroable::zeroed(), now);
            values.push(("severity".to_owned(), format!("{severity:?}")));
            values.push(("closed".to_owned(), words::operations(closed.0)));
            if !market.quiet_until.reached(now) {
                values.push(("keepers quieted until".to_owned(), words::moment(market.quiet_until.unix)));
            }
            if market.is_ordered(now) {
                let until = words::moment(market.migrating_until.unix);
                values.push(("vaults are moved to safety until".to_owned(), until));
            }
            latches(&mut values, &market.board, now);
        }
        Account::Limiter(limiter) => {
            say("armed", (limiter.armed != 0).to_string());
            say("severity", format!("{:?}", limiter.severity(now)));
            say("expected balance", limiter.expected.to_string());
            say("undeclared", limiter.undeclared.to_string());
            named(&mut values, &limiter.settings);
        }
        Account::PriceBand(band) => {
            say("armed", (band.standing.armed != 0).to_string());
            say("reference", units::price(i64::try_from(band.reference).unwrap_or(i64::MAX), band.exponent));
            for (name, feed) in [("price", &band.settings.primary), ("second price", &band.settings.second)] {
                if feed.is_set() {
                    say(name, format!("{} of feed {}", feed.account, units::hex(&feed.id)));
                }
            }
            named(&mut values, &band.settings);
        }
        Account::Invariant(invariant) => {
            say("armed", (invariant.standing.armed != 0).to_string());
            let left = usize::try_from(invariant.counts[0]).unwrap_or_default();
            for (place, term) in invariant.terms().iter().enumerate() {
                let (side, number) = if place < left { ("left", place) } else { ("right", place - left) };
                say(&format!("{side} term {}", number + 1), Term::from(term).to_string());
            }
            named(&mut values, &Ratios { bps: invariant.ratio_bps });
        }
        Account::Keeper(keeper) => {
            let over = keeper.expires.reached(now);
            say(
                "registration",
                if over { "over" } else { "until" }.to_owned()
                    + &format!(" {}", words::moment(keeper.expires.unix)),
            );
            let seen =
                if keeper.seen_at.is_set() { words::moment(keeper.seen_at.unix) } else { "never".to_owned() };
            say("heard of", seen);
            say("longest raise", words::exact(keeper.max_seconds.into()));
            say("raises today", format!("{} of {}", keeper.raises_today, keeper.raises_per_day));
        }
        Account::GuardianBudget(budget) => {
            say("paused in this period", words::exact(budget.spent.into()));
        }
        Account::Proposal(proposal) => {
            let status = proposal.status().map_or_else(|| "newer".to_owned(), |status| format!("{status:?}"));
            say("status", status);
            say("may be executed from", words::moment(proposal.ripe_at.unix));
            say("expires", words::moment(proposal.expires_at.unix));
            say("approved by", words::places(proposal.ballot.approved));
            say("spoken against by", words::places(proposal.ballot.vetoed));
        }
        Account::Journal(journal) => {
            say("entries", journal.count.to_string());
            say("segments", journal.segments.to_string());
            say("entries in events only", journal.in_events_only.to_string());
        }
        Account::MintCap(mint) => {
            say("cap of fresh limiters", mint.cap.to_string());
            say("taken of it", format!("{} until {}", mint.taken, words::moment(mint.taken_until.unix)));
            for row in mint.warnings().rows() {
                say(&format!("warning: {}", row.name), row.why.to_owned());
            }
        }
        Account::Route(route) => {
            say("safe", route.safe.to_string());
            say("holds", words::holds(route.settings.holds).to_owned());
            say("held for", words::exact(route.settings.hold_seconds.into()));
            say("migrated by anyone at Critical", (route.settings.by_anyone != 0).to_string());
            if route.settings.destination != Pubkey::default() {
                say("may be released to", route.settings.destination.to_string());
            }
            say("moved to safety", format!("{} sent, {} received", route.sent, route.received));
            say("to be released", route.release.left.to_string());
        }
        Account::Safe(safe) => {
            say("kept for its vaults", safe.kept.to_string());
            say("owed to held withdrawals", safe.owed.to_string());
            say("held withdrawals", format!("{} open of {}", safe.open, safe.helds));
            say("left for claims", safe.claims_left.to_string());
        }
        Account::Held(held) => {
            say("owner", held.owner.to_string());
            say("held", held.amount.to_string());
            say("matures", words::moment(held.matures_at.unix));
            say("paid at the latest", words::moment(held.due_at().unix));
        }
        Account::ClaimPage(page) => {
            say("claims made", page.made.iter().map(|byte| byte.count_ones()).sum::<u32>().to_string());
        }
        Account::Coverage(table) => {
            for (number, row) in table.rows().iter().enumerate() {
                say(&format!("row {}", number + 1), units::row(row));
            }
        }
        // the journal's head says the same
        Account::JournalSegment(_) => {}
    }
    values
}

fn named(values: &mut Values, settings: &impl Named) {
    values.extend(settings.fields().into_iter().map(|(name, value)| (name.to_owned(), value)));
}

/// The thresholds by their acts.
pub fn thresholds(thresholds: &Thresholds) -> [(&'static str, u8); 6] {
    [
        ("confirm", thresholds.confirm),
        ("resume", thresholds.resume),
        ("veto", thresholds.veto),
        ("freeze", thresholds.freeze),
        ("migrate", thresholds.migrate),
        ("release", thresholds.release),
    ]
}

fn board(values: &mut Values, board: &LatchBoard, now: Instant) {
    values.push(("severity".to_owned(), format!("{:?}", board.severity(now))));
    latches(values, board, now);
}

fn latches(values: &mut Values, board: &LatchBoard, now: Instant) {
    for (i, latch) in board.slots.iter().enumerate().filter(|(_, latch)| latch.is_live(now)) {
        let source = SOURCES.get(i / Severity::RAISED).copied().unwrap_or("another source");
        let severity = Severity::ABOVE_NORMAL[i % Severity::RAISED];
        let closes = if latch.closed == 0 {
            String::new()
        } else {
            format!(", closes {}", words::operations(latch.closed))
        };
        let until = words::moment(latch.until.unix);
        values.push((format!("latch by {source}, {severity:?}"), format!("until {until}{closes}")));
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_client::Limiter;
    use firebreak_interface::state::{GuardianBudget, LimiterSettings, MintCap};

    use super::*;

    const NOW: Instant = Instant::new(1_000, 100_000);

    #[test]
    fn only_what_differs_is_said() {
        let settings = LimiterSettings::starting(1_000, 10);
        let limiter = Limiter { settings, ..Limiter::zeroed() };
        let before = Account::Limiter(Box::new(limiter));
        let settings = LimiterSettings { soft_bps: 5_000, ..settings };
        let after = Account::Limiter(Box::new(Limiter { settings, armed: 1, ..limiter }));
        assert!(differences("it", Some(&before), Some(&before), NOW).is_empty());
        let lines: Vec<_> =
            differences("it", Some(&before), Some(&after), NOW).iter().map(Difference::line).collect();
        assert_eq!(lines, ["it, armed: false -> true", "it, soft_bps: 6000 bps -> 5000 bps"]);
    }

    #[test]
    fn a_mints_warnings_are_said_in_words() {
        let mint = MintCap { cap: 70, taken: 7, taken_until: NOW, warnings: 1 << 26, ..Zeroable::zeroed() };
        let mint = Account::MintCap(Box::new(mint));
        let said = differences("it", None, Some(&mint), NOW);
        let lines: Vec<_> = said.iter().map(Difference::line).collect();
        assert_eq!(lines[0], "it, cap of fresh limiters: - -> 70");
        assert!(lines[1].starts_with("it, taken of it: - -> 7 until "), "{}", lines[1]);
        assert!(
            lines[2].starts_with("it, warning: pausable: - -> while its authority pauses"),
            "{}",
            lines[2]
        );
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn what_is_created_or_goes_is_said() {
        let budget = Account::GuardianBudget(Box::new(GuardianBudget { spent: 1_800, ..Zeroable::zeroed() }));
        let created = differences("it", None, Some(&budget), NOW);
        assert_eq!(created[0].line(), "it, paused in this period: - -> 30 min");
        let gone = differences("it", Some(&budget), None, NOW);
        assert_eq!(gone[0].line(), "it, paused in this period: 30 min -> -");
    }
}
