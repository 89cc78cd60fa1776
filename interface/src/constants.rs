//! Every constant, default and bound of the code: one table, each with its reason. `TABLE` is the same table as
//! data; the docs print it.
//!
//! A row that says `drill` has another value in a drill (feature `drill`), so that what it makes people wait for can be
//! shown: the floor of a time, or a time that nobody chooses. Ceilings, lives and budgets stay, and all that is no time.

/// A row of the table of constants.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// Name in this module.
    pub name: &'static str,
    /// Value.
    pub value: u64,
    /// Value in a drill.
    pub drill: u64,
    /// Why it has this value.
    pub reason: &'static str,
}

macro_rules! constants {
    (@drill $value:expr) => { $value };
    (@drill $value:expr, $drill:expr) => { $drill };
    ($($(#[doc = $reason:literal])+ $name:ident: $type:ty = $value:expr $(, drill $drill:expr)?;)*) => {
        #[allow(unreachable_pub, reason = "one of the two is the public one")]
        mod real {
            $($(#[doc = $reason])+ pub const $name: $type = $value;)*
        }

        #[allow(unreachable_pub, reason = "one of the two is the public one")]
        mod drill {
            $($(#[doc = $reason])+ pub const $name: $type = constants!(@drill $value $(, $drill)?);)*
        }

        /// The constants as data.
        pub const TABLE: &[Constant] = &[$(Constant {
            name: stringify!($name),
            value: real::$name as u64,
            drill: drill::$name as u64,
            reason: concat!($($reason),+),
        },)*];
    };
}

#[cfg(feature = "drill")]
pub use drill::*;
#[cfg(not(feature = "drill"))]
pub use real::*;

constants! {
    /// One hundred percent.
    BASIS_POINTS: u64 = 10_000;
    /// One hour, in seconds.
    HOUR: u64 = 3_600;
    /// One day, in seconds.
    DAY: u64 = 24 * HOUR;

    /// Version of the account layouts that this code writes.
    LAYOUT_VERSION: u8 = 1;
    /// Version of the protocol's layout: since 2 it has the guardians' thresholds.
    PROTOCOL_VERSION: u8 = 2;
    /// Newest reader version that this code is: the gate refuses an account whose `min_reader` is above.
    READER_VERSION: u8 = 1;

    /// Guardians a protocol may have at most: a quorum signs in one transaction.
    MAX_GUARDIANS: usize = 16;
    /// Guardians a protocol needs at least: two may be lost or bought.
    MIN_GUARDIANS: usize = 3;

    /// A Minor latch holds at least ten minutes: a person must have time to look.
    MINOR_MIN: u32 = 600, drill 3;
    /// A Minor latch holds at most a day: caution that never ends is a setting, not an incident.
    MINOR_MAX: u32 = 86_400;
    /// A Major latch holds at least half an hour: a shorter pause was outlasted by attackers.
    MAJOR_MIN: u32 = 1_800, drill 5;
    /// A Major latch holds at most three days: a weekend.
    MAJOR_MAX: u32 = 259_200;
    /// A Critical latch holds at least six hours: guardians in all time zones can meet.
    CRITICAL_MIN: u32 = 21_600, drill 8;
    /// A Critical latch holds at most seven days: every pause ends.
    CRITICAL_MAX: u32 = 604_800;
    /// Each step of the way down lasts at least ten minutes: users act before the next one.
    DWELL_MIN: u32 = 600, drill 3;
    /// Each step of the way down lasts at most a day: coming back is possible.
    DWELL_MAX: u32 = 86_400;
    /// After a halt nobody is liquidated for at least ten minutes: positions can be topped up first.
    LIQUIDATION_GRACE_MIN: u32 = 600, drill 3;
    /// Liquidation grace of at most a day: bad debt grows while nobody liquidates.
    LIQUIDATION_GRACE_MAX: u32 = 86_400;

    /// A loosening waits at least a day: a stolen key is noticed first.
    LOOSENING_DELAY_MIN: u32 = 86_400, drill 15;
    /// A loosening waits two days by default: a weekend night passes.
    LOOSENING_DELAY_DEFAULT: u32 = 172_800, drill 30;
    /// A loosening waits at most thirty days: longer than that no setting can follow the market.
    LOOSENING_DELAY_MAX: u32 = 2_592_000;

    /// A signature alone tightens a limit to a quarter of its last delayed value at most: less would be a ransom.
    TIGHTENING_FLOOR_DIVISOR: u32 = 4;
    /// One proposal doubles a limit at most: what was overlooked once is half of what is to come.
    LOOSENING_STEP: u32 = 2;
    /// A share or a time of nothing goes up by a hundredth: there is nothing to double.
    LOOSENING_LEAST_BPS: u32 = 100;
    /// A proposal can be executed for a week once its delay is over: later, nobody remembers what it was for.
    PROPOSAL_LIFE: u64 = 7 * DAY;
    /// Proposals that may wait at a time: as many as guardians can read.
    PENDING_PROPOSALS: u32 = 8;
    /// Bytes of a proposal's accounts and data: what a transaction can bring.
    PROPOSAL_CONTENT: usize = 1_024;
    /// Detaching waits for thirty days, whatever the protocol's delay: users have left by then, or know why they stay.
    DETACH_DELAY: u32 = 2_592_000, drill 60;

    /// Seconds one guardian may pause in one budget period, of a market and of all markets each. Two adjacent periods
    /// give 20 h in any 30 days of each; the two budgets add up to 40 h over one market.
    PAUSE_BUDGET_SECONDS: u32 = 36_000;
    /// Length of a guardian's budget period: 30 days.
    PAUSE_BUDGET_PERIOD: u64 = 30 * DAY;
    /// A guardian whose pause is over begins no other one of the same for an hour: who could not leave can.
    PAUSE_COOLDOWN: u64 = HOUR, drill 5;
    /// All but one of a confirm quorum together pause for seven days at most in any 30: as long as the longest latch.
    MINORITY_PAUSE_MAX: u32 = 604_800;
    /// A frozen authority proposes nothing for 30 days: longer than it takes to find out who holds its key.
    AUTHORITY_FREEZE: u64 = 30 * DAY, drill 60;

    /// A program that changed without approval is latched for six hours at a time, in all markets: it can be shown again.
    PROGRAM_LATCH: u32 = CRITICAL_MIN;
    /// Bytes of code that a pinned program, or an approved upgrade, has at most, without the zeros at its end: hashing costs
    /// half a unit a byte, and what one transaction could not hash nobody could show.
    APPROVABLE_CODE: usize = 2 * 1_024 * 1_024;

    /// A latch of rules remembers in 64 bits which of a market's limiters, bands or invariants it stands for.
    RULES_PER_MARKET: u8 = 64;

    /// A held withdrawal waits at least an hour: guardians look at what is unusual before it is paid.
    HOLD_MIN: u32 = 3_600, drill 3;
    /// A held withdrawal waits six hours by default: guardians in all time zones can meet.
    HOLD_DEFAULT: u32 = 21_600, drill 8;
    /// A held withdrawal waits at most three days before anything holds it up: it is an honest user's until proved otherwise.
    HOLD_MAX: u32 = 259_200;
    /// An incident and a flag together hold it up for seven days at most: then it is paid, whatever anybody says.
    HOLD_EXTENSION_MAX: u32 = 604_800, drill 60;
    /// A refusal is remembered for thirty days once all that it is of was due: anyone can put them away until then. Later its
    /// place is another's who needs it: what nobody puts away must not keep guardians from what they say next.
    REFUSAL_KEPT: u64 = 30 * DAY;
    /// What guardians ordered to be moved to safety can be moved for a day, and ordered again: late inflows are swept too.
    MIGRATION_WINDOW: u64 = DAY, drill 30;
    /// What is at most a ten-thousandth of a vault's money in safety stays in the vault: a unit at a time, anyone would fill the journal.
    MIGRATION_DUST_DIVISOR: u64 = 10_000;
    /// A release takes four steps, a dwell of its market apart: what goes wrong at the first is seen before the second.
    RELEASE_STEPS: u64 = 4;
    /// Where the authority has not signed a release 14 days after guardians approved it, it goes back to the vault without:
    /// a lost key must not keep users' money.
    RELEASE_ALONE_AFTER: u64 = 14 * DAY, drill 60;

    /// What guardians propose and what waits for nobody else can be done for a day: a quorum meets within it, and it is still
    /// of this incident.
    GUARDIAN_PROPOSAL_LIFE: u64 = DAY;
    /// Announced maintenance quiets keepers for at least a minute.
    MAINTENANCE_MIN: u32 = 60, drill 2;
    /// Announced maintenance quiets keepers for at most four hours: a night's work, not a night.
    MAINTENANCE_MAX: u32 = 14_400;
    /// A market has three maintenances in any 30 days.
    MAINTENANCE_PERIOD: u64 = 30 * DAY;

    /// Slots within which a second keeper's raise confirms the first: about one reaction time.
    KEEPER_PAIR_SLOTS: u64 = 25;
    /// Seconds within which a second keeper's raise confirms the first, whatever slots last.
    KEEPER_PAIR_SECONDS: u64 = 30;
    /// Raises a keeper may make a day at most: one an hour keeps a faulty bot from crying all day.
    KEEPER_RAISES_PER_DAY_MAX: u16 = 24;
    /// A keeper's registration lasts at most a year: keys are to be renewed.
    KEEPER_TERM_MAX: u32 = 31_536_000;

    /// Windows of a limiter's net flow: a short one against a drain, a long one against a slow drain.
    NET_WINDOWS: usize = 2;
    /// A window lasts at least ten minutes: the loss is bounded per window, so a short one bounds little.
    WINDOW_MIN: u32 = 600, drill 12;
    /// A window lasts at most a week.
    WINDOW_MAX: u32 = 604_800;
    /// The elastic buffer lasts at most a tenth of the short window: it must not become a second main buffer.
    ELASTIC_WINDOW_SHARE: u32 = 10;
    /// The elastic buffer lasts at least a minute.
    ELASTIC_WINDOW_MIN: u32 = 60, drill 1;
    /// Buckets a gross window is divided in; one more is kept, so that a full window is always covered.
    GROSS_BUCKETS: u64 = 12;
    /// The lagged base is an average over a day: yesterday's balance cannot be borrowed in a flash.
    BASE_WINDOW: u64 = 86_400, drill 15;
    /// A limiter is seasoned two days after its registration at the latest: touches round its running clock down, and its
    /// share of the mint's cap must come back at a moment that is known beforehand.
    SEASONED_AFTER: u64 = 2 * BASE_WINDOW;
    /// Highest gross limit: a hundred times the base a window, beyond any real turnover.
    GROSS_MAX_BPS: u32 = 1_000_000;

    /// A live latch of a rule is extended by five minutes or more: each refused withdrawal moves its end by seconds, and
    /// whoever asks for them would spend the keepers' fees and fill the journal.
    EXTENSION_MIN_SECONDS: u32 = 300, drill 1;
    /// Critical by `poke` needs a second observation at least one second after the first, in a later slot.
    SECOND_OBSERVATION_SECONDS: u64 = 1;
    /// It must come within an hour: what an earlier incident showed says nothing of this one.
    SECOND_OBSERVATION_WITHIN: u64 = HOUR;

    /// A rule in shadow tells the journal of its trips at most hourly: it is there to be tuned, not to fill segments.
    SHADOW_ENTRY_EVERY: u64 = HOUR, drill 5;
    /// A band's lowest threshold: half a percent, below which honest feeds differ.
    BAND_THRESHOLD_MIN_BPS: u32 = 50;
    /// A band's highest threshold: a price that halves must be able to trip.
    BAND_THRESHOLD_MAX_BPS: u32 = 5_000;
    /// A price may be declared stale after five seconds at the earliest: it takes that long to be posted.
    BAND_AGE_MIN: u32 = 5;
    /// A price is stale after an hour at the latest: older ones are traded against.
    BAND_AGE_MAX: u32 = 3_600;
    /// Widest confidence of a usable price: beyond a tenth it says nothing.
    BAND_CONF_MAX_BPS: u32 = 1_000;
    /// A band is observed within a minute at the soonest: that is what a keeper can promise.
    BAND_OBSERVE_MIN: u32 = 60, drill 5;
    /// A band is observed within half an hour at the latest: a price seen once is followed for no longer.
    BAND_OBSERVE_MAX: u32 = 1_800;
    /// Seconds over which a reference learns: until then it is the average of what was seen.
    BAND_LEARNING: u64 = HOUR, drill 10;
    /// Confidences, in percent, that explain a distance: 2.12 of them hold 95 % of the oracle's distribution.
    CONFIDENCE_PERCENT: u64 = 212;
    /// A price may be published a minute ahead of the chain's clock, which runs behind the world's, and no more.
    PRICE_LEAD_MAX: u64 = 60;

    /// Terms of a side of an invariant: all of both are registered in one transaction.
    INVARIANT_TERMS: usize = 8;
    /// Highest ratio of an invariant, ten times: beyond it the coefficients say what is meant.
    INVARIANT_RATIO_MAX_BPS: u32 = 100_000;

    /// Entries of a journal segment: what one allocation of 10,240 bytes inside an instruction can hold.
    SEGMENT_ENTRIES: usize = 64;
    /// Empty segments that may wait behind the current one: room for 128 more entries than an incident finds at once.
    SEGMENTS_AHEAD: u64 = 2;

    /// Rows of a coverage table: more instructions than a program of the field has.
    COVERAGE_ROWS: usize = 64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{env, fs, path::Path};

    /// The page of the docs; `FIREBREAK_BLESS=1` writes it.
    #[test]
    fn the_docs_print_this_table() {
        let mut page = String::from(
            "# Constants\n\n\
             Every constant, default and bound of the code, with its reason. Generated from `interface/src/constants.rs`:\n\
             `FIREBREAK_BLESS=1 cargo test -p firebreak-interface constants`. Times are in seconds.\n\n\
             The third column is a drill's (feature `drill`, `docs/integrate.md`): a build that shows delays and is deployed\n\
             nowhere.\n\n\
             | constant | value | in a drill | reason |\n|---|---:|---:|---|\n",
        );
        for Constant { name, value, drill, reason } in TABLE {
            let drill = if drill == value { String::new() } else { drill.to_string() };
            page.push_str(&format!("| `{name}` | {value} | {drill} | {} |\n", reason.trim()));
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/constants.md");
        if env::var_os("FIREBREAK_BLESS").is_some() {
            fs::write(&file, &page).expect("the docs can be written");
        }
        let printed = fs::read_to_string(&file).expect("docs/constants.md is there");
        assert_eq!(printed, page, "docs/constants.md is stale");
    }

    #[test]
    fn who_asks_for_no_drill_waits_for_days() {
        assert_eq!((DWELL_MIN, CRITICAL_MIN, LOOSENING_DELAY_MIN), (600, 21_600, 86_400));
        assert_eq!((PROGRAM_LATCH, BASE_WINDOW, SEASONED_AFTER), (CRITICAL_MIN, 86_400, 172_800));
    }

    #[test]
    fn a_drill_waits_for_a_minute_at_most_and_for_something() {
        let other: Vec<_> = TABLE.iter().filter(|row| row.drill != row.value).collect();
        for row in &other {
            assert!((1..=60).contains(&row.drill) && row.drill < row.value, "{row:?}");
        }
        assert!(other.iter().any(|row| row.name == "LOOSENING_DELAY_MIN"), "{other:?}");
    }
}
