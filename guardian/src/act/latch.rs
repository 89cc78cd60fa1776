//! Which latch is meant: the one that holds, or the worst of those that do.

use firebreak_interface::{
    Severity,
    constants::{CRITICAL_MAX, MAJOR_MAX, MINOR_MAX},
    state::{Latch, LatchBoard, LatchId, Source},
};
use solana_pubkey::Pubkey;

use super::pause::Scope;
use crate::{chain::Snapshot, content, describe::SOURCES, error::Error, words};

/// All sources, in the order of their slots.
const ALL: [Source; Source::COUNT] = [
    Source::Limiter,
    Source::PriceBand,
    Source::Invariant,
    Source::Guardian,
    Source::Keeper,
    Source::Program,
];

/// What people call a source.
pub fn source_name(source: Source) -> &'static str {
    SOURCES[source as usize]
}

/// Parses a source's name.
///
/// # Errors
/// What is expected.
pub fn parse_source(text: &str) -> Result<Source, String> {
    let is_it = |source: &Source| source_name(*source).replace(' ', "-") == text.replace(' ', "-");
    let expected =
        || format!("`{text}` is none of {}", SOURCES.join(", ").replace(' ', "-").replace(",-", ", "));
    ALL.into_iter().find(is_it).ok_or_else(expected)
}

/// A latch that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Chosen {
    /// The market; none for what holds in all.
    pub market: Option<Pubkey>,
    /// The market, or the protocol.
    pub scope: Pubkey,
    /// How an order names it.
    pub id: LatchId,
    /// What holds.
    pub latch: Latch,
}

/// The board of a market, or of the protocol.
pub fn board<'a>(snapshot: &'a Snapshot, scope: &Pubkey) -> &'a LatchBoard {
    let market = snapshot.markets.iter().find(|(key, _)| key == scope);
    market.map_or(&snapshot.protocol.board, |(_, market)| &market.board)
}

/// What holds in a scope now, the worst first.
pub fn live(snapshot: &Snapshot, scope: &Pubkey) -> Vec<(LatchId, Latch)> {
    let board = board(snapshot, scope);
    let severities = Severity::ABOVE_NORMAL.into_iter().rev();
    severities
        .flat_map(|severity| ALL.map(|source| (source, severity)))
        .filter_map(|(source, severity)| board.live(source, severity, snapshot.now))
        .map(|(id, latch)| (id, *latch))
        .collect()
}

/// The latch of a scope that is of this source and severity, where they were named; else the worst, if there is one such.
///
/// # Errors
/// [`Error::NotFound`] where none holds, [`Error::Usage`] where several are as bad.
pub fn choose(
    snapshot: &Snapshot,
    scope: Scope,
    (source, severity): (Option<Source>, Option<Severity>),
) -> Result<Chosen, Error> {
    let market = scope.map(|id| snapshot.market(id).map(|(key, _)| *key)).transpose()?;
    let scope = market.unwrap_or(snapshot.addresses.protocol);
    let all = live(snapshot, &scope);
    let listed = |some: &[(LatchId, Latch)]| {
        let lines: Vec<_> = some.iter().map(|(id, latch)| in_words(id, latch, snapshot)).collect();
        if lines.is_empty() { "nothing holds there".to_owned() } else { lines.join("; ") }
    };
    let is_meant = |id: &LatchId| {
        source.is_none_or(|source| id.source == source)
            && severity.is_none_or(|severity| id.severity == severity)
    };
    let meant: Vec<_> = all.iter().copied().filter(|(id, _)| is_meant(id)).collect();
    let name = scope_name(&scope, snapshot);
    let Some(worst) = meant.first().map(|(id, _)| id.severity) else {
        return Err(Error::not_found(format!("no such latch holds in {name}: {}", listed(&all))));
    };
    let worst: Vec<_> = meant.into_iter().filter(|(id, _)| id.severity == worst).collect();
    match worst[..] {
        [(id, latch)] => Ok(Chosen { market, scope, id, latch }),
        _ => Err(Error::usage(format!(
            "several latches are as bad in {name}: name one with --source: {}",
            listed(&worst)
        ))),
    }
}

/// The worst that holds in a market, there or in all, and of these the one that holds the longest: of this source and severity,
/// where they were named, and Major at least.
///
/// # Errors
/// [`Error::NotFound`], with what holds.
pub fn grave(
    snapshot: &Snapshot,
    market: u64,
    (source, severity): (Option<Source>, Option<Severity>),
) -> Result<LatchId, Error> {
    let key = snapshot.market(market)?.0;
    let all = [live(snapshot, &key), live(snapshot, &snapshot.addresses.protocol)].concat();
    let is_meant = |(id, _): &&(LatchId, Latch)| {
        id.severity >= Severity::Major
            && source.is_none_or(|source| id.source == source)
            && severity.is_none_or(|severity| id.severity == severity)
    };
    let worst = all.iter().filter(is_meant).max_by_key(|(id, latch)| (id.severity, latch.until.unix));
    worst.map(|(id, _)| *id).ok_or_else(|| {
        let lines: Vec<_> = all.iter().map(|(id, latch)| in_words(id, latch, snapshot)).collect();
        let listed = if lines.is_empty() { "nothing holds".to_owned() } else { lines.join("; ") };
        Error::not_found(format!(
            "no such latch of Major or more holds in market {market} or in all: {listed}; a guardian's `pause` is one"
        ))
    })
}

/// What people call a scope.
pub fn scope_name(scope: &Pubkey, snapshot: &Snapshot) -> String {
    match *scope == snapshot.addresses.protocol {
        true => "all markets".to_owned(),
        false => content::subject_name(scope, snapshot),
    }
}

/// A latch's name: as long as it is the same, it is this.
pub fn name(id: &LatchId) -> String {
    format!("the latch by {}, {:?}, since slot {}", source_name(id.source), id.severity, id.since.slot)
}

/// A latch that holds, with the time left.
pub fn in_words(id: &LatchId, latch: &Latch, snapshot: &Snapshot) -> String {
    format!("{}, {} left", name(id), words::left(latch.until, snapshot.now))
}

/// How long a latch of this severity may hold at most, from its beginning, in seconds.
pub fn most(severity: Severity) -> u32 {
    match severity {
        Severity::Normal => 0,
        Severity::Minor => MINOR_MAX,
        Severity::Major => MAJOR_MAX,
        Severity::Critical => CRITICAL_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{NOW, snapshot, trip};

    fn with(sources: &[Source]) -> Snapshot {
        let mut snapshot = snapshot();
        let until = NOW.plus(3_600);
        for source in sources {
            assert!(snapshot.markets[0].1.latch_trip((*source, 0), &trip(), until, NOW));
        }
        snapshot
    }

    #[test]
    fn the_worst_that_holds_is_meant() {
        let mut snapshot = with(&[Source::Limiter]);
        let chosen = choose(&snapshot, Some(0), (None, None)).expect("it holds");
        assert_eq!((chosen.id.source, chosen.id.severity), (Source::Limiter, Severity::Major));
        assert_eq!(chosen.market, Some(chosen.scope));
        let minor = firebreak_interface::state::Trip { severity: Severity::Minor, ..trip() };
        let until = NOW.plus(7_200);
        assert!(snapshot.markets[0].1.latch_trip((Source::PriceBand, 0), &minor, until, NOW));
        let chosen = choose(&snapshot, Some(0), (None, None)).expect("it holds");
        assert_eq!(chosen.id.source, Source::Limiter, "the worst, not the longest");
        let chosen = choose(&snapshot, Some(0), (None, Some(Severity::Minor))).expect("it was named");
        assert_eq!(chosen.id.source, Source::PriceBand);
        assert!(choose(&snapshot, Some(0), (Some(Source::PriceBand), None)).is_ok());
    }

    #[test]
    fn of_several_as_bad_one_must_be_named() {
        let snapshot = with(&[Source::Limiter, Source::Invariant]);
        let error = choose(&snapshot, Some(0), (None, None)).expect_err("two are Major");
        let text = error.to_string();
        assert!(matches!(error, Error::Usage(_)), "{text}");
        for word in ["--source", "by limiter, Major", "by invariant, Major", "1 h left"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        let named = choose(&snapshot, Some(0), (Some(Source::Invariant), None)).expect("it was named");
        assert_eq!(named.id.source, Source::Invariant);
    }

    #[test]
    fn a_migration_is_because_of_the_worst_here_or_in_all() {
        let mut snapshot = with(&[Source::Limiter, Source::Invariant]);
        let critical = firebreak_interface::state::Trip { severity: Severity::Critical, ..trip() };
        let minor = firebreak_interface::state::Trip { severity: Severity::Minor, ..trip() };
        let named = |snapshot: &Snapshot, meant| grave(snapshot, 0, meant).map(|id| (id.source, id.severity));
        // two as bad are no trouble: either lets it be ordered
        assert!(named(&snapshot, (None, None)).is_ok());
        let one = named(&snapshot, (Some(Source::Limiter), None)).expect("it was named");
        assert_eq!(one, (Source::Limiter, Severity::Major));
        let mut whole = with(&[]);
        assert!(whole.markets[0].1.latch_trip((Source::Program, 0), &critical, NOW.plus(60), NOW));
        snapshot.protocol.board = whole.markets[0].1.board;
        let worst = named(&snapshot, (None, None)).expect("in all");
        assert_eq!(worst, (Source::Program, Severity::Critical));
        for (meant, word) in [
            ((Some(Source::Keeper), None), "by limiter, Major"),
            ((Some(Source::Limiter), Some(Severity::Critical)), "pause"),
        ] {
            let error = named(&snapshot, meant).expect_err("none such").to_string();
            assert!(error.contains(word), "{error}");
        }
        let mut calm = with(&[]);
        assert!(calm.markets[0].1.latch_trip((Source::Limiter, 0), &minor, NOW.plus(3_600), NOW));
        let error = named(&calm, (None, None)).expect_err("Minor moves nothing").to_string();
        assert!(error.contains("Major or more") && error.contains("by limiter, Minor"), "{error}");
    }

    #[test]
    fn what_does_not_hold_is_not_meant() {
        let mut snapshot = with(&[Source::Limiter]);
        for (scope, meant) in [
            (None, (None, None)),
            (Some(0), (Some(Source::Guardian), None)),
            (Some(0), (None, Some(Severity::Critical))),
            (Some(7), (None, None)),
        ] {
            assert!(
                matches!(choose(&snapshot, scope, meant), Err(Error::NotFound(_))),
                "{scope:?} {meant:?}"
            );
        }
        snapshot.now = NOW.plus(3_600);
        assert!(matches!(choose(&snapshot, Some(0), (None, None)), Err(Error::NotFound(_))), "it is over");
    }

    #[test]
    fn sources_are_named_as_they_are_shown() {
        for source in ALL {
            assert_eq!(parse_source(source_name(source)), Ok(source));
            assert_eq!(parse_source(&source_name(source).replace(' ', "-")), Ok(source));
        }
        assert!(parse_source("nobody").expect_err("none").contains("price-band, invariant"));
    }
}
