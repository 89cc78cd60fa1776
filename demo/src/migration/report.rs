//! What the drill found, and the promises it is held against.

use std::{collections::BTreeMap, time::Duration};

use firebreak_client::interface::BreakerError;
use serde::Serialize;

use super::thief::{Answer, Tried};
use crate::{honest::Attempt, report::Journal, scenario::ChainKind, timeline::Timeline};

/// What became of one vault's money, in its mint's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Vault {
    /// Its token.
    pub name: &'static str,
    /// Decimals of its mint.
    pub decimals: u8,
    /// In the vault when the attack began.
    pub before: u64,
    /// Whether it was seen empty, but for dust, each time that it was moved.
    pub was_empty: bool,
    /// What of it arrived in the safe by migration.
    pub moved: u64,
    /// What came back by the release, with what guardians refused the thief.
    pub returned: u64,
    /// In the vault at the end.
    pub after: u64,
    /// Whether that is so little that it would not be moved to safety.
    pub is_dust: bool,
    /// In the safe at the end.
    pub in_safe: u64,
    /// In the thief's purse at the end.
    pub thief_has: u64,
    /// What of the mint there is.
    pub supply: u64,
    /// What of it vault, safe and all purses have together at the end.
    pub everywhere: u64,
}

/// The figures of a drill, as `--json` prints them. Amounts without another word are of the attacked mint, the first vault's,
/// in its smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// `surfnet` or `validator`.
    pub chain: ChainKind,
    /// Measured length of a slot, in milliseconds.
    pub slot_ms: u64,
    /// Slot of the first malicious transaction.
    pub attack_slot: u64,
    /// By then a guardian had paused the market.
    pub paused_slot: u64,
    /// By then guardians had ordered the migration.
    pub ordered_slot: u64,
    /// Slot in which the last vault was empty; none where one never was.
    pub empty_slot: Option<u64>,
    /// What the limiter lets leave at most, read from it before the attack.
    pub bound: u64,
    /// In any interval of so many seconds.
    pub bound_seconds: u32,
    /// What the thief got in the attack.
    pub stolen: u64,
    /// What waited in the thief's name.
    pub thief_waiting: u64,
    /// What of that he got.
    pub thief_paid: u64,
    /// What waited in honest users' names.
    pub users_waiting: u64,
    /// What of that they got.
    pub users_paid: u64,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
    /// Each vault.
    pub vaults: [Vault; 2],
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "ending", rename_all = "lowercase")]
pub enum End {
    /// The money went back.
    Return {
        /// By then the last step of the releases was taken.
        returned_slot: u64,
        /// By then the market was Normal.
        normal_slot: u64,
        /// Whether an honest user was paid at once after that.
        paid_at_once: bool,
    },
    /// It was shared out.
    Claims {
        /// By then the authority had opened the claims.
        opened_slot: u64,
        /// By then they were paid.
        paid_slot: u64,
        /// How many there were, on both safes.
        claims: u64,
        /// How many of them were paid, to the unit, to their owners.
        paid: u64,
    },
}

/// A drill.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures.
    pub figures: Figures,
    /// What happened when.
    pub timeline: Timeline,
    /// What guardians, the authority and a bystander typed.
    pub typed: Vec<String>,
    /// What the thief tried when the money was in safety.
    pub tried: Vec<Tried>,
    /// What honest users tried meanwhile, and how it went.
    pub honest: Vec<Attempt>,
    /// Operations that honest users did in the whole run.
    pub honest_done: u64,
    /// What of theirs was refused, by operation.
    pub refused_by_operation: BTreeMap<&'static str, u64>,
    /// Malicious transactions that the gate refused.
    pub malicious_refused: u64,
    /// What the journal holds.
    pub journal: Journal,
    /// How long it took.
    pub took: Duration,
}

/// A promise that the drill did not see kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// More left than the limiter's bound.
    #[error("{lost} left the vault, the limiter's bound is {bound}")]
    AboveBound {
        /// What left.
        lost: u64,
        /// What may have.
        bound: u64,
    },
    /// The drill shows nothing of a vault from which nothing could be taken, or where nothing waited.
    #[error("nothing {0}: the drill shows nothing")]
    Nothing(&'static str),
    /// A vault kept something.
    #[error("the {0} vault was never seen empty")]
    NeverEmpty(&'static str),
    /// The thief was paid what waited in his name.
    #[error("the thief got {0} of what waited in his name")]
    ThiefPaid(u64),
    /// The thief has of a vault that he did not attack.
    #[error("the thief has {units} {name}")]
    AlsoTaken {
        /// Its token.
        name: &'static str,
        /// What he has.
        units: u64,
    },
    /// What was given up is in the vault of the attacked program.
    #[error("the {name} vault still has {units}")]
    LeftBehind {
        /// Its token.
        name: &'static str,
        /// What it has.
        units: u64,
    },
    /// An honest user was not.
    #[error("users got {paid} of {waiting} that waited in their names")]
    UsersUnpaid {
        /// What waited.
        waiting: u64,
        /// What they got.
        paid: u64,
    },
    /// A safe kept something.
    #[error("the {name} safe still has {units}")]
    NotReturned {
        /// Its token.
        name: &'static str,
        /// What it has.
        units: u64,
    },
    /// Units came out of nowhere, or went there.
    #[error("{supply} {name} there are, {everywhere} were found")]
    SumChanged {
        /// The token.
        name: &'static str,
        /// What there is.
        supply: u64,
        /// What vault, safe and purses have.
        everywhere: u64,
    },
    /// Something that the thief tried was not refused by its rule.
    #[error("the thief {what}: {}, not refused by {}", match .answer {
        Answer::Passed => "it passed".to_owned(),
        Answer::Refused(other) => format!("refused by {}", other.name()),
        Answer::Failed(text) => text.clone(),
    }, .rule.name())]
    NotRefused {
        /// What he tried.
        what: &'static str,
        /// The rule that has to refuse it.
        rule: BreakerError,
        /// What became of it.
        answer: Answer,
    },
    /// What has to stay open did not.
    #[error("honest users could not always {operation}: refused {times} times")]
    ExitShut {
        /// What they tried.
        operation: &'static str,
        /// How often it was refused.
        times: u64,
    },
    /// Claims that were not paid.
    #[error("{paid} of {claims} claims were paid, to the unit")]
    Unclaimed {
        /// How many there were.
        claims: u64,
        /// How many were paid.
        paid: u64,
    },
    /// The market came back and paid nobody.
    #[error("an honest user was not paid after the return")]
    NotBack,
}

impl End {
    /// What a safe may have left: less than a unit for each share that was rounded down.
    const fn rounding(self) -> u64 {
        match self {
            Self::Return { .. } => 0,
            Self::Claims { claims, .. } => claims,
        }
    }
}

impl Report {
    /// The promises that were not kept: none, if all is well.
    pub fn broken(&self) -> Vec<Broken> {
        let figures = &self.figures;
        let mut broken = Vec::new();
        if figures.stolen > figures.bound {
            broken.push(Broken::AboveBound { lost: figures.stolen, bound: figures.bound });
        }
        for (amount, what) in [
            (figures.stolen, "was stolen"),
            (figures.thief_waiting, "waited in the thief's name"),
            (figures.users_waiting, "waited in a user's name"),
            (self.malicious_refused, "of the thief's was refused by the gate"),
            (
                figures.vaults.iter().map(|vault| vault.moved).min().unwrap_or_default(),
                "was moved out of a vault",
            ),
        ] {
            if amount == 0 {
                broken.push(Broken::Nothing(what));
            }
        }
        if figures.thief_paid > 0 {
            broken.push(Broken::ThiefPaid(figures.thief_paid));
        }
        if figures.users_paid != figures.users_waiting {
            broken.push(Broken::UsersUnpaid { waiting: figures.users_waiting, paid: figures.users_paid });
        }
        let [_, other] = &figures.vaults;
        if other.thief_has > 0 {
            broken.push(Broken::AlsoTaken { name: other.name, units: other.thief_has });
        }
        for Vault { name, was_empty, after, is_dust, in_safe, supply, everywhere, .. } in
            figures.vaults.clone()
        {
            if matches!(figures.end, End::Claims { .. }) && !is_dust {
                broken.push(Broken::LeftBehind { name, units: after });
            }
            if !was_empty {
                broken.push(Broken::NeverEmpty(name));
            }
            if in_safe > figures.end.rounding() {
                broken.push(Broken::NotReturned { name, units: in_safe });
            }
            if supply != everywhere {
                broken.push(Broken::SumChanged { name, supply, everywhere });
            }
        }
        for Tried { what, rule, answer } in self.tried.iter().filter(|tried| !tried.is_refused()) {
            broken.push(Broken::NotRefused { what, rule: *rule, answer: answer.clone() });
        }
        for attempt in self.honest.iter().filter(|attempt| attempt.must_work) {
            if let Some(&times) = self.refused_by_operation.get(attempt.operation) {
                broken.push(Broken::ExitShut { operation: attempt.operation, times });
            }
        }
        match figures.end {
            End::Return { paid_at_once: false, .. } => broken.push(Broken::NotBack),
            End::Claims { claims, paid, .. } if claims != paid => {
                broken.push(Broken::Unclaimed { claims, paid });
            }
            End::Return { .. } | End::Claims { .. } => {}
        }
        broken
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::honest::Refused;

    fn vault(name: &'static str, decimals: u8) -> Vault {
        Vault {
            name,
            decimals,
            before: 1_000,
            was_empty: true,
            moved: 700,
            returned: 850,
            after: 850,
            is_dust: true,
            in_safe: 0,
            thief_has: 0,
            supply: 5_000,
            everywhere: 5_000,
        }
    }

    pub(crate) fn good() -> Report {
        let attempt = |operation, must_work, result| Attempt { operation, must_work, result };
        Report {
            figures: Figures {
                chain: ChainKind::Surfnet,
                slot_ms: 400,
                attack_slot: 100,
                paused_slot: 108,
                ordered_slot: 112,
                empty_slot: Some(116),
                bound: 120,
                bound_seconds: 60,
                stolen: 100,
                thief_waiting: 150,
                thief_paid: 0,
                users_waiting: 50,
                users_paid: 50,
                end: End::Return { returned_slot: 220, normal_slot: 230, paid_at_once: true },
                vaults: [vault("USDC", 6), vault("SOL", 9)],
            },
            timeline: Timeline::default(),
            typed: vec!["firebreak-guardian migrate --market 0".to_owned()],
            tried: vec![Tried {
                what: "moves a vault to his own account",
                rule: BreakerError::WrongSafe,
                answer: Answer::Refused(BreakerError::WrongSafe),
            }],
            honest: vec![attempt("repay", true, Ok(())), attempt("withdraw", false, Err(Refused::Closed))],
            honest_done: 20,
            refused_by_operation: BTreeMap::from([("withdraw", 1)]),
            malicious_refused: 4,
            journal: Journal { in_segments: 40, in_events_only: 1 },
            took: Duration::from_secs(70),
        }
    }

    #[test]
    fn a_rescue_that_lost_nothing_keeps_every_promise() {
        assert_eq!(good().broken(), []);
    }

    fn told_of(end: &End) -> Vec<Broken> {
        let mut report = good();
        report.figures.end = *end;
        report.broken()
    }

    #[test]
    fn shares_are_rounded_down_and_no_safe_keeps_more_than_that() {
        let mut report = good();
        report.figures.end = End::Claims { opened_slot: 220, paid_slot: 230, claims: 9, paid: 9 };
        report.figures.vaults[1].in_safe = 9;
        assert_eq!(report.broken(), []);
        report.figures.vaults[1].in_safe = 10;
        assert_eq!(report.broken(), [Broken::NotReturned { name: "SOL", units: 10 }]);
        report.figures.vaults[1].in_safe = 0;
        report.figures.vaults[0].is_dust = false;
        assert_eq!(report.broken(), [Broken::LeftBehind { name: "USDC", units: 850 }]);
    }

    #[test]
    fn each_promise_that_is_broken_is_told() {
        let told = |change: fn(&mut Report)| {
            let mut report = good();
            change(&mut report);
            let broken = report.broken();
            assert_eq!(broken.len(), 1, "{broken:?}");
            broken.into_iter().next().expect("one")
        };
        assert_eq!(told(|report| report.figures.stolen = 121), Broken::AboveBound { lost: 121, bound: 120 });
        assert_eq!(told(|report| report.figures.stolen = 0), Broken::Nothing("was stolen"));
        assert_eq!(told(|report| report.figures.thief_paid = 1), Broken::ThiefPaid(1));
        let unpaid = Broken::UsersUnpaid { waiting: 50, paid: 49 };
        assert_eq!(told(|report| report.figures.users_paid = 49), unpaid);
        assert_eq!(told(|report| report.figures.vaults[1].was_empty = false), Broken::NeverEmpty("SOL"));
        let kept = Broken::NotReturned { name: "USDC", units: 1 };
        assert_eq!(told(|report| report.figures.vaults[0].in_safe = 1), kept);
        let sum = Broken::SumChanged { name: "USDC", supply: 5_000, everywhere: 4_999 };
        assert_eq!(told(|report| report.figures.vaults[0].everywhere -= 1), sum);
        assert_eq!(
            told(|report| report.malicious_refused = 0),
            Broken::Nothing("of the thief's was refused by the gate")
        );
        let also = Broken::AlsoTaken { name: "SOL", units: 1 };
        assert_eq!(told(|report| report.figures.vaults[1].thief_has = 1), also);
        let back = |paid_at_once| End::Return { returned_slot: 220, normal_slot: 230, paid_at_once };
        assert_eq!(told_of(&back(false)), [Broken::NotBack]);
        let claims = |paid| End::Claims { opened_slot: 220, paid_slot: 230, claims: 9, paid };
        assert_eq!(told_of(&claims(8)), [Broken::Unclaimed { claims: 9, paid: 8 }]);
        assert_eq!(told_of(&claims(9)), []);
        let shut = Broken::ExitShut { operation: "repay", times: 2 };
        assert_eq!(told(|report| report.refused_by_operation = BTreeMap::from([("repay", 2)])), shut);
        for answer in [Answer::Passed, Answer::Refused(BreakerError::WrongVault), Answer::Failed("x".into())]
        {
            let mut report = good();
            report.tried[0].answer = answer;
            let text = report.broken()[0].to_string();
            assert!(text.contains("moves a vault") && text.contains("WrongSafe"), "{text}");
        }
    }
}
