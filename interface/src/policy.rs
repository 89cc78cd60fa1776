//! The policy: who may do what, how many guardians it takes, how long it waits, and of when a signature must be. One
//! table: the program asks it, and the docs print it.

use crate::{constants::DETACH_DELAY, state::Thresholds};

/// How many guardians an act takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Votes {
    /// None: another binds it.
    None,
    /// One of them.
    One,
    /// Their threshold to confirm.
    Confirm,
    /// Their threshold to resume.
    Resume,
    /// Their threshold to migrate.
    Migrate,
    /// Their threshold to release.
    Release,
    /// Their threshold to veto.
    Veto,
    /// So many that the rest are fewer than veto, and no fewer than that; who is to leave does not count.
    VetoAgain,
    /// Their threshold to freeze.
    Freeze,
    /// The strictest of their thresholds.
    Strictest,
}

impl Votes {
    /// How many these are of so many members.
    pub fn of(self, thresholds: &Thresholds, members: u8) -> u8 {
        match self {
            Self::None => 0,
            Self::One => 1,
            Self::Confirm => thresholds.confirm,
            Self::Resume => thresholds.resume,
            Self::Migrate => thresholds.migrate,
            Self::Release => thresholds.release,
            Self::Veto => thresholds.veto,
            Self::VetoAgain => thresholds.veto.max(members.saturating_add(1).saturating_sub(thresholds.veto)),
            Self::Freeze => thresholds.freeze,
            Self::Strictest => thresholds.strictest(),
        }
    }
}

/// How long an act waits from when it is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    AtOnce,
    /// The protocol's loosening delay, under veto.
    Loosening,
    /// That, and no less than [`DETACH_DELAY`].
    Leaving,
}

impl Wait {
    /// Whether it does not wait.
    pub const fn is_none(self) -> bool {
        matches!(self, Self::AtOnce)
    }

    /// In seconds, where the protocol's delay is `loosening_delay`.
    pub fn seconds(self, loosening_delay: u32) -> u32 {
        match self {
            Self::AtOnce => 0,
            Self::Loosening => loosening_delay,
            Self::Leaving => loosening_delay.max(DETACH_DELAY),
        }
    }
}

/// Of when a signature must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Of any day: the act cannot harm later, or never a second time.
    AnyDay,
    /// Of now: at the top level, under a recent blockhash, with a stamp of the last 512 slots.
    Now,
    /// Of any day: the delay and the veto bind it, for it may be a program that signs.
    Delay,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// What is done.
    pub act: &'static str,
    /// Who does it.
    pub who: &'static str,
    /// Guardians that it takes.
    pub votes: Votes,
    /// How long it waits.
    pub wait: Wait,
    /// Of when the signatures must be: the guardians' where it takes any.
    pub freshness: Freshness,
    /// What else bounds it.
    pub bound: &'static str,
}

macro_rules! policy {
    ($($name:ident: $act:literal, $who:literal, $votes:ident, $wait:ident, $freshness:ident, $bound:literal;)*) => {
        $(
            #[doc = $act]
            pub const $name: Policy = Policy {
                act: $act,
                who: $who,
                votes: Votes::$votes,
                wait: Wait::$wait,
                freshness: Freshness::$freshness,
                bound: $bound,
            };
        )*

        /// All rows.
        pub const TABLE: &[Policy] = &[$($name,)*];
    };
}

policy! {
    REGISTER_FIRST: "register, before the first limiter is armed", "the authority", None, AtOnce, AnyDay, "refused while it is frozen";
    REGISTER: "register, from then on", "the authority proposes, anyone executes", None, Loosening, Delay, "a week to execute; eight wait at most";
    TIGHTEN: "`amend`: tighten, arm, pin, take an upgrade's approval back", "the authority", None, AtOnce, AnyDay, "a quarter of the last delayed value at least; undone in one step";
    LOOSEN: "`amend`: loosen, disarm, unpin, approve an upgrade, end a keeper", "the authority proposes, anyone executes", None, Loosening, Delay, "one step at a time; its setting's epoch; a week to execute";
    MOVE_AUTHORITY: "`amend`: another authority", "the authority proposes, the new key signs", None, Loosening, Delay, "voids what the former one proposed";
    DETACH: "`amend`: leave", "the authority proposes, anyone executes", None, Leaving, Delay, "while nothing holds in any market, nor would if it were poked";
    ACCEPT_LOSS: "`amend`: accept a loss", "the authority proposes, guardians approve, anyone executes", Resume, Loosening, Now, "latched before it was proposed, and no larger now";
    CHANGE_GUARDIANS: "`amend`: other guardians or thresholds", "the authority proposes, guardians approve, anyone executes", Strictest, Loosening, Now, "votes of a former membership count for nothing";
    CANCEL: "`cancel`", "the authority; anyone once it is over", None, AtOnce, AnyDay, "the authority's own proposals";
    PAUSE: "`pause`", "a guardian", One, AtOnce, AnyDay, "what is no exit; a budget; its pause epoch and expiry";
    CONFIRM: "`confirm`", "guardians", Confirm, AtOnce, AnyDay, "the latch that it names, as long as its severity may from its beginning";
    RESUME: "`resume`", "guardians", Resume, AtOnce, Now, "the latch that it names; an automatic one while its rules measure less; a dwell at each step";
    PROPOSE_AS_GUARDIAN: "`propose_as_guardian`", "a guardian", One, AtOnce, Now, "an act of this table that takes a quorum; its own approval, and one only";
    APPROVE: "`approve`", "guardians", One, AtOnce, Now, "adds to the votes of today's membership; a stamp after the proposal";
    VETO: "`veto`", "guardians", Veto, AtOnce, AnyDay, "a proposal that waits";
    VETO_AGAIN: "`veto` of what was vetoed before, or of what guardians proposed", "guardians", VetoAgain, AtOnce, AnyDay, "who is to leave by it does not count";
    FREEZE_AUTHORITY: "`freeze_authority`", "guardians", Freeze, AtOnce, AnyDay, "30 days; the authority epoch that it names";
    ANNOUNCE_MAINTENANCE: "`announce_maintenance`", "guardians propose and approve, anyone executes", Resume, Loosening, Now, "4 hours, three in 30 days, while nothing holds; quiets `raise` alone";
    ORDER_MIGRATION: "`order_migration`", "guardians", Migrate, AtOnce, AnyDay, "the latch that it names, Major at least; a day; to registered safes alone";
    MIGRATE: "`migrate`", "anyone", None, AtOnce, AnyDay, "ordered; or where the route says so, while a limiter or invariant that was armed for a loosening delay holds Critical; all that the vault has, to its safe";
    HOLD: "`hold`, `pay`", "the protected program", None, AtOnce, AnyDay, "what its limiter lets wait, or pass";
    FLAG_HELD: "`flag_held`", "guardians", Confirm, AtOnce, AnyDay, "seven days with all else that holds it up; then it is paid";
    DECIDE_HELD: "`decide_held`", "guardians", Release, AtOnce, Now, "what was flagged and is not due; once";
    RELEASE: "`begin_release`", "guardians propose and approve, the authority signs", Release, Loosening, Now, "back to the vault or to the route's destination, in four steps; without the authority 14 days after the approvals were enough, to the vault alone";
    OPEN_CLAIMS: "`open_claims`", "guardians propose and approve, the authority signs", Release, Loosening, Now, "what the safe owes nobody; each claim once";
    PAY: "`release`, `claim_held`, `claim`", "anyone", None, AtOnce, AnyDay, "what was agreed on, and to whom";
    RAISE: "`raise`", "a keeper", None, AtOnce, AnyDay, "Minor alone, Major with another within 25 slots and 30 s; a day's raises and seconds";
    HEARTBEAT: "`heartbeat`", "a keeper", None, AtOnce, AnyDay, "changes nothing but when it was heard of last";
    POKE: "`poke`, `poke_band`, `poke_invariant`, `poke_program`", "anyone", None, AtOnce, AnyDay, "what the accounts prove; top level, in known company; Critical by a second look";
    OBSERVE: "`observe`, `step_down`, `extend_journal`, `open_budget`, `migrate_protocol`", "anyone", None, AtOnce, AnyDay, "change no answer of the gate";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs, path::Path};

    fn votes(votes: Votes) -> &'static str {
        match votes {
            Votes::None => "",
            Votes::One => "1",
            Votes::Confirm => "`confirm`",
            Votes::Resume => "`resume`",
            Votes::Migrate => "`migrate`",
            Votes::Release => "`release`",
            Votes::Veto => "`veto`",
            Votes::VetoAgain => "n - `veto` + 1, and no fewer than `veto`",
            Votes::Freeze => "`freeze`",
            Votes::Strictest => "the strictest threshold",
        }
    }

    fn wait(wait: Wait) -> &'static str {
        match wait {
            Wait::AtOnce => "",
            Wait::Loosening => "the loosening delay",
            Wait::Leaving => "the loosening delay, 30 days at least",
        }
    }

    fn freshness(freshness: Freshness) -> &'static str {
        match freshness {
            Freshness::AnyDay => "any day",
            Freshness::Now => "now",
            Freshness::Delay => "any day: the delay and the veto bind it",
        }
    }

    /// The page of the docs; `FIREBREAK_BLESS=1` writes it.
    #[test]
    fn the_docs_print_this_table() {
        let mut page = String::from(
            "# The policy\n\n\
             Who may do what, how many guardians it takes, how long it waits, and of when a signature must be. The program takes\n\
             how many and how long from this table. Generated from `interface/src/policy.rs`:\n\
             `FIREBREAK_BLESS=1 cargo test -p firebreak-interface --lib policy`. \"Now\" is: at the top level, under a recent\n\
             blockhash, with a stamp of the last 512 slots (`docs/guardians.md`).\n\n\
             | act | who | guardians | waits | signed | bounded by |\n|---|---|---|---|---|---|\n",
        );
        for row in TABLE {
            page.push_str(&format!(
                "| {} | {} | {} | {} | {} | {} |\n",
                row.act,
                row.who,
                votes(row.votes),
                wait(row.wait),
                freshness(row.freshness),
                row.bound
            ));
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/policy.md");
        if env::var_os("FIREBREAK_BLESS").is_some() {
            fs::write(&file, &page).expect("the docs can be written");
        }
        let printed = fs::read_to_string(&file).expect("docs/policy.md is there");
        assert_eq!(printed, page, "docs/policy.md is stale");
    }

    #[test]
    fn what_loosens_by_guardians_takes_a_majority_of_any_number_and_is_signed_now() {
        for members in 3..=16u8 {
            let thresholds = Thresholds::majority(members);
            // what adds one voice decides nothing
            let decides = |row: &&Policy| row.freshness == Freshness::Now && row.votes != Votes::One;
            for row in TABLE.iter().filter(decides) {
                assert!(row.votes.of(&thresholds, members) > members / 2, "{}", row.act);
            }
            assert_eq!(Votes::Strictest.of(&thresholds, members), members / 2 + 1);
        }
    }
}
