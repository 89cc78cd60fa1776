//! The report as people read it.

use std::{
    collections::BTreeMap,
    env,
    fmt::{self, Display, Write},
    io::{self, IsTerminal},
};

use crate::{
    honest::Attempt,
    report::{Amount, Report},
    scenario::{ChainKind, Path},
    stage::{COLLATERALS, DOLLAR},
    timeline::Timeline,
};

/// What no run shows, and everybody has to know.
pub const LIMITS: &str = "\
What this does not show
  A drain around the breaker in ONE transaction is not stopped: nothing sees it before it is over. Only custody,
  where the vault belongs to the breaker, stops that. The limiter bounds each vault by itself: who attacks several at
  once may take the bound of each. Slots and milliseconds are those of a local chain; on a public one expect more.
  A Surfnet executes what arrives at once, so a keeper may land in the attack's own slot. A validator shows a slot
  only when it is over: there the next one is the best that a keeper can do (`--validator`).";

/// How to write to where the page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Letters alone.
    Plain,
    /// With colours.
    Colour,
}

impl Style {
    /// Colours only on a terminal, and not where `NO_COLOR` asks for none.
    pub fn of_stdout() -> Self {
        let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if wanted && io::stdout().is_terminal() { Self::Colour } else { Self::Plain }
    }

    fn paint(self, code: &str, text: impl Display) -> String {
        match self {
            Self::Plain => text.to_string(),
            Self::Colour => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }

    pub(crate) fn bold(self, text: impl Display) -> String {
        self.paint("1", text)
    }

    pub(crate) fn good(self, text: impl Display) -> String {
        self.paint("32", text)
    }

    pub(crate) fn bad(self, text: impl Display) -> String {
        self.paint("31", text)
    }
}

/// The page of one path.
pub fn render(report: &Report, style: Style) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut page, report, style);
    page
}

fn write(page: &mut String, report: &Report, style: Style) -> fmt::Result {
    let figures = &report.figures;
    let name = COLLATERALS[DOLLAR].name;
    let amount = |units| Amount { units, decimals: figures.decimals };
    let (title, how) = match report.path {
        Path::Recorded => (
            "Recorded path",
            "A bug in `withdraw` pays more than was deposited. The venue records the flow, so the limiter sees it.",
        ),
        Path::Undeclared => (
            "Undeclared path",
            "A bug in `claim_rebate` pays anybody. It asks the gate and records nothing, so only the balance tells.",
        ),
    };
    let chain = chain_name(figures.chain);
    writeln!(page, "{} on {chain}, slots of {} ms", style.bold(title), figures.slot_ms)?;
    writeln!(page, "  {how}")?;
    writeln!(page, "  At stake: {} {name}.", amount(report.at_stake))?;
    match figures.bound {
        Some(bound) => writeln!(
            page,
            "  Bound, read from the limiter before the attack: {} {name} in any hour.\n",
            amount(bound)
        )?,
        None => writeln!(page, "  The limiter gives no bound for what it never sees.\n")?,
    }

    page.push_str(&timeline(&report.timeline));
    let after = |slot: Option<u64>| match slot {
        Some(slot) if slot >= figures.attack_slot => format!("attack slot + {}", slot - figures.attack_slot),
        Some(slot) => format!("slot {slot}"),
        None => "never".to_owned(),
    };
    writeln!(
        page,
        "\n  Limiter latched: {}. Keeper landed: {}. Market closed: {}.",
        after(figures.latched_slot),
        after(figures.landed_slot),
        after(figures.closed_slot)
    )?;
    let (landed, refused) = report.malicious;
    writeln!(
        page,
        "  {landed} malicious transactions got into blocks; {refused} of them ended in an error."
    )?;
    if report.path == Path::Recorded {
        writeln!(
            page,
            "  What the limiter refuses is no error: it pays nothing and succeeds, so that the evidence stands."
        )?;
    }
    writeln!(
        page,
        "  Journal: {} entries in segments, chain proven; {} in events only.\n",
        report.journal.in_segments, report.journal.in_events_only
    )?;

    let saved = report.at_stake.saturating_sub(figures.lost_with);
    let lost =
        format!("{:>16} {name}  {:>6}", amount(figures.lost_with), share(figures.lost_with, report.at_stake));
    let kept = format!("{:>16} {name}  {:>6}", amount(saved), share(saved, report.at_stake));
    writeln!(page, "  What left       {}", style.bad(lost))?;
    writeln!(page, "  What was saved  {}\n", style.good(kept))?;

    writeln!(page, "  What honest users could still do")?;
    page.push_str(&attempts(&report.honest, style));
    if let Some(seconds) = report.opens_in {
        writeln!(page, "    The gate opens again by itself in {} min.", seconds.div_ceil(60))?;
    }
    page.push_str(&refusals(report.honest_done, &report.refused_by_operation));

    let row = |page: &mut String, what: &str, with: String, without: String| {
        writeln!(page, "  {what:<16}{with:>20}{without:>20}")
    };
    row(page, "", "with the breaker".into(), "without".into())?;
    let (with, without) = (figures.lost_with, figures.lost_without);
    row(page, &format!("lost, {name}"), amount(with).to_string(), amount(without).to_string())?;
    row(page, "of the vault", share(with, report.at_stake), share(without, report.at_stake_without))?;
    for broken in report.broken() {
        writeln!(page, "\n  {}", style.bad(format!("PROMISE BROKEN: {broken}")))?;
    }
    Ok(())
}

/// The chain, in words.
pub(crate) const fn chain_name(chain: ChainKind) -> &'static str {
    match chain {
        ChainKind::Surfnet => "an embedded Surfnet",
        ChainKind::Validator => "solana-test-validator",
    }
}

/// A table of what happened when.
pub(crate) fn timeline(timeline: &Timeline) -> String {
    let mut table = "        slot        ms\n".to_owned();
    for event in &timeline.events {
        let slot = event.slot.map_or_else(|| "-".to_owned(), |slot| slot.to_string());
        table += &format!("  {slot:>10}  {:>+8}  {}\n", event.ms, event.what);
    }
    table
}

/// A table of what honest users tried.
pub(crate) fn attempts(attempts: &[Attempt], style: Style) -> String {
    let mut table = String::new();
    for attempt in attempts {
        let result = match &attempt.result {
            Ok(()) => style.good("works"),
            Err(refused) if attempt.must_work => style.bad(format!("REFUSED: {refused}")),
            Err(refused) => format!("refused: {refused}"),
        };
        table += &format!("    {:<18}{result}\n", attempt.operation);
    }
    table
}

/// How often honest users were refused what, beside what they did.
pub(crate) fn refusals(done: u64, refused: &BTreeMap<&'static str, u64>) -> String {
    let tried = done + refused.values().sum::<u64>();
    let refused: Vec<_> = refused.iter().map(|(name, n)| format!("{n} x {name}")).collect();
    let refused = if refused.is_empty() { "nothing".to_owned() } else { refused.join(", ") };
    format!("  In the whole run they tried {tried} operations. Refused: {refused}.\n\n")
}

/// A share in percent, with one place, rounded down.
fn share(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1_000 / u128::from(whole.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::contained;

    #[test]
    fn a_page_tells_losses_side_by_side_and_what_still_works() {
        let page = render(&contained(Path::Recorded), Style::Plain);
        assert!(page.contains("12 entries in segments, chain proven; 1 in events only."), "{page}");
        for wanted in ["with the breaker", "15.0 %", "100.0 %", "repay", "works", "attack slot + 2"] {
            assert!(page.contains(wanted), "{wanted} is not in\n{page}");
        }
        assert!(!page.contains('\x1b') && !page.contains("BROKEN"), "{page}");
    }

    #[test]
    fn a_broken_promise_is_on_the_page() {
        let mut report = contained(Path::Undeclared);
        report.figures.closed_slot = None;
        let page = render(&report, Style::Colour);
        assert!(page.contains("PROMISE BROKEN") && page.contains("\x1b[31m"), "{page}");
    }

    #[test]
    fn the_limits_name_the_drain_that_is_not_stopped() {
        assert!(LIMITS.contains("ONE transaction") && LIMITS.contains("custody"));
    }

    #[test]
    fn shares_are_rounded_down() {
        assert_eq!(share(999, 1_000), "99.9 %");
        assert_eq!(share(1, 3), "33.3 %");
        assert_eq!(share(5, 0), "500.0 %");
    }
}
