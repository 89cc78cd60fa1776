//! What a protocol's breaker holds now, for people.

use std::{
    fmt::{self, Write},
    ops::Range,
};

use firebreak_client::{
    Limiter, Market,
    journal::{self, Broken},
};
use firebreak_interface::{Instant, Operation, Operations, Severity, state::LatchBoard};
use solana_pubkey::Pubkey;

use crate::chain::Snapshot;

/// The sources of latches, in the order of their slots.
const SOURCES: [&str; 6] = ["limiter", "price band", "invariant", "guardian", "keeper", "program"];

/// A report, and whether the journal contradicts itself.
#[derive(Debug)]
pub struct Status {
    /// For standard output.
    pub text: String,
    /// Where the journal breaks, if it does.
    pub broken: Option<Broken>,
}

/// Reports on a protocol.
pub fn report(snapshot: &Snapshot) -> Status {
    let mut text = String::new();
    let journal = journal::verify(&snapshot.journal, &snapshot.segments, &[]);
    // writing to a string cannot fail
    let _ = write(&mut text, snapshot, &journal);
    Status { text, broken: journal.err() }
}

fn write(out: &mut String, snapshot: &Snapshot, verified: &Result<journal::Verified, Broken>) -> fmt::Result {
    let Snapshot { addresses, now, protocol, markets, limiters, journal, .. } = snapshot;
    let severity = protocol.board.severity(*now);
    let detached = if protocol.detached == 0 { "" } else { ", detached: its gate reads as open" };
    writeln!(out, "protocol {}: {severity:?}{detached}", addresses.protocol)?;
    latches(out, &protocol.board, *now)?;
    for (key, market) in markets {
        let (severity, closed, _) = market.in_force(&protocol.board, *now);
        writeln!(out, "market {} {key}: {severity:?}{}", market.id, names(closed))?;
        latches(out, &market.board, *now)?;
        let of_market = limiters.iter().filter(|(_, limiter)| limiter.market == *key);
        for (_, limiter) in of_market {
            writeln!(out, "  {}", limiter_line(limiter, *now))?;
        }
        let ends = ends(market, *now);
        if !ends.is_empty() {
            writeln!(out, "  way down: {ends}")?;
        }
    }
    match verified {
        Ok(verified) => {
            let in_segments = verified.entries.len() as u64;
            let proven = match verified.proven {
                proven if proven == in_segments => "chain proven".to_owned(),
                proven => format!("{proven} of them proven"),
            };
            let gaps: Vec<_> = verified.in_events_only.iter().map(numbers).collect();
            let gaps = if gaps.is_empty() { String::new() } else { format!(" ({})", gaps.join(", ")) };
            let in_events_only = journal.in_events_only;
            writeln!(
                out,
                "journal: {in_segments} entries in segments, {proven}; {in_events_only} in events only{gaps}"
            )
        }
        Err(broken) => writeln!(out, "journal: BROKEN, {broken}"),
    }
}

/// The numbers of a range of entries.
fn numbers(range: &Range<u64>) -> String {
    match range.end - range.start {
        1 => range.start.to_string(),
        _ => format!("{} to {}", range.start, range.end - 1),
    }
}

fn latches(out: &mut String, board: &LatchBoard, now: Instant) -> fmt::Result {
    for (i, latch) in board.slots.iter().enumerate().filter(|(_, latch)| latch.is_live(now)) {
        let source = SOURCES.get(i / Severity::RAISED).copied().unwrap_or("another source");
        let severity = Severity::ABOVE_NORMAL[i % Severity::RAISED];
        writeln!(
            out,
            "  latch by {source}: {severity:?} since slot {}, {} left; measured {}, threshold {}, {} times",
            latch.since.slot,
            left(latch.until, now),
            latch.value,
            latch.threshold,
            latch.count,
        )?;
    }
    Ok(())
}

fn limiter_line(limiter: &Limiter, now: Instant) -> String {
    let armed = if limiter.armed == 0 { "in shadow" } else { "armed" };
    format!(
        "vault {}: {armed}, {:?}, expects {}, may still pay {}; {} allowed, {} denied, {} undeclared",
        limiter.vault,
        limiter.severity(now),
        limiter.expected,
        limiter.net.iter().map(|net| net.available).min().unwrap_or(0).saturating_add(limiter.elastic),
        limiter.allowed,
        limiter.denied,
        limiter.undeclared,
    )
}

/// When each severity ends, the highest first.
fn ends(market: &Market, now: Instant) -> String {
    let live = Severity::ABOVE_NORMAL.into_iter().zip(market.board.held).rev();
    live.filter(|(_, until)| !until.reached(now))
        .map(|(severity, until)| format!("below {severity:?} in {}", left(until, now)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Time left, in the chain's seconds.
fn left(until: Instant, now: Instant) -> String {
    let seconds = until.unix.saturating_sub(now.unix).max(0);
    format!("{} h {:02} min {:02} s", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

fn names(closed: Operations) -> String {
    let names: Vec<_> = (0..64)
        .filter_map(Operation::from_bit)
        .filter(|operation| closed.contains(*operation))
        .map(|operation| operation.to_string())
        .collect();
    if names.is_empty() { String::new() } else { format!(", closed: {}", names.join(" ")) }
}

/// Parses an address as people type it.
///
/// # Errors
/// What is expected.
pub fn address(text: &str) -> Result<Pubkey, String> {
    text.parse().map_err(|_| "not an address: base58 of 32 bytes is expected".to_owned())
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_client::{Protocol, ProtocolAddresses};
    use firebreak_interface::state::{
        Act, Journal, JournalEntry, JournalSegment, MarketSettings, Rule, Source, Trip,
    };

    use super::*;

    const NOW: Instant = Instant::new(1_000, 100_000);

    fn snapshot() -> Snapshot {
        let addresses = ProtocolAddresses::new(Pubkey::new_from_array([1; 32]));
        let mut market = Market::zeroed();
        let closed = Operations::of(&[Operation::WITHDRAW, Operation::BORROW]);
        let settings = MarketSettings::closing(Operations::default(), closed, closed);
        market.initialize(addresses.protocol, 0, 254, &settings).expect("within bounds");
        let key = addresses.market(0);
        let limiter = Limiter { market: key, expected: 77, ..Limiter::zeroed() };
        Snapshot {
            addresses,
            now: NOW,
            protocol: Box::new(Protocol::zeroed()),
            markets: vec![(key, Box::new(market))],
            limiters: vec![(addresses.limiter(&limiter.vault), Box::new(limiter))],
            journal: Box::new(Journal::zeroed()),
            segments: Vec::new(),
        }
    }

    #[test]
    fn a_quiet_protocol_is_told_in_a_line_each() {
        let status = report(&snapshot());
        assert!(status.broken.is_none());
        assert_eq!(status.text.lines().count(), 4, "{}", status.text);
        assert!(status.text.contains("in shadow, Normal, expects 77"), "{}", status.text);
        let journal = "journal: 0 entries in segments, chain proven; 0 in events only\n";
        assert!(status.text.contains(journal), "{}", status.text);
    }

    #[test]
    fn a_latch_is_told_with_its_source_and_the_time_left() {
        let mut snapshot = snapshot();
        let market = &mut snapshot.markets[0].1;
        let trip = Trip { rule: Rule::Undeclared, severity: Severity::Major, value: 50, threshold: 30 };
        assert!(market.latch_trip(Source::Limiter, &trip, NOW.plus(1_800), NOW));
        snapshot.now = NOW.plus(60);
        let text = report(&snapshot).text;
        assert!(text.contains("Major, closed: withdraw borrow"), "{text}");
        assert!(text.contains("latch by limiter: Major since slot 1000, 0 h 29 min 00 s left"), "{text}");
        assert!(text.contains("measured 50, threshold 30"), "{text}");
        assert!(text.contains("below Major in 0 h 29 min 00 s, below Minor in 0 h 39 min 00 s"), "{text}");
    }

    #[test]
    fn entries_that_no_segment_has_are_counted_and_named() {
        let mut snapshot = snapshot();
        let mut entry = JournalEntry {
            number: 0,
            at: NOW,
            actor: Pubkey::default(),
            subject: Pubkey::default(),
            act: Act::ProtocolCreated,
            before: Severity::Normal,
            after: Severity::Normal,
            value: 0,
            threshold: 0,
            count: 1,
        };
        let protocol = snapshot.addresses.protocol;
        snapshot.journal.initialize(protocol, 254);
        entry = snapshot.journal.append(entry, None, false).expect("no segment yet").0;
        let mut segment = JournalSegment::zeroed();
        segment.initialize(&mut snapshot.journal, 254).expect("no room is left");
        snapshot.journal.append(entry, Some(&mut segment), false).expect("the segment has room");
        snapshot.segments = vec![segment];
        let text = report(&snapshot).text;
        let journal = "journal: 1 entries in segments, chain proven; 1 in events only (0)\n";
        assert!(text.contains(journal), "{text}");
    }

    #[test]
    fn a_journal_that_contradicts_itself_is_said_loudly() {
        let mut snapshot = snapshot();
        snapshot.journal.head = [1; 32];
        let status = report(&snapshot);
        assert!(status.broken.is_some());
        assert!(status.text.contains("BROKEN"), "{}", status.text);
    }
}
