//! The drill as people read it.

use std::fmt::{self, Write};

use super::report::{End, Report, Vault};
use crate::{
    page::{Style, chain_name},
    report::Amount,
};

/// What the drill does not show, and everybody has to know.
pub const LIMITS: &str = "\
What this does not show
  Delays are a drill's: seconds, where they are hours and days on a breaker that guards money (docs/constants.md has both). The
  bug is not mended: a protocol upgrades its program before it takes its money back. The thief asks for a twentieth of the
  vault at a time; had he asked for all of it, all of it would wait in his name, and be refused in the same way. Guardians have
  as long as withdrawals wait to find that out. These vaults are in escort: the venue's own instruction moves them.";

/// The page.
pub fn render(report: &Report, style: Style) -> String {
    let mut page = String::new();
    // writing to a string cannot fail
    let _ = write(&mut page, report, style);
    page
}

fn write(page: &mut String, report: &Report, style: Style) -> fmt::Result {
    let figures = &report.figures;
    let [attacked, _] = &figures.vaults;
    let dollars = |units| format!("{} {}", amount(attacked, units), attacked.name);
    let chain = chain_name(figures.chain);
    let title = match figures.end {
        End::Return { .. } => "Drill: money to safety and back",
        End::Claims { .. } => "Drill: money to safety, and from there to its users",
    };
    writeln!(page, "{} on {chain}, slots of {} ms", style.bold(title), figures.slot_ms)?;
    writeln!(
        page,
        "  A bug in `withdraw` pays more than was deposited, and the thief holds the authority's key too."
    )?;
    writeln!(
        page,
        "  At stake: {}. The limiter lets at most {} leave in any {} s.\n",
        dollars(attacked.before),
        dollars(figures.bound),
        figures.bound_seconds
    )?;

    page.push_str(&crate::page::timeline(&report.timeline));
    let after = |slot: u64| format!("attack slot + {}", slot.saturating_sub(figures.attack_slot));
    writeln!(
        page,
        "\n  Paused: {}. Ordered: {}. Vaults empty: {}.",
        after(figures.paused_slot),
        after(figures.ordered_slot),
        figures.empty_slot.map_or_else(|| "never".to_owned(), after)
    )?;
    match figures.end {
        End::Return { returned_slot, normal_slot, .. } => {
            writeln!(page, "  Money back: {}. Market Normal: {}.", after(returned_slot), after(normal_slot))?;
        }
        End::Claims { opened_slot, paid_slot, claims, paid } => writeln!(
            page,
            "  Claims opened: {}. {paid} of {claims} paid: {}.",
            after(opened_slot),
            after(paid_slot)
        )?,
    }
    writeln!(page, "  The gate refused {} malicious transactions.", report.malicious_refused)?;
    let journal = report.journal;
    writeln!(
        page,
        "  Journal: {} entries in segments, chain proven; {} in events only.\n",
        journal.in_segments, journal.in_events_only
    )?;

    writeln!(page, "  What guardians, the authority and a bystander typed")?;
    for (typed, times) in once(&report.typed) {
        let again = if times > 1 { format!("   ({times} times)") } else { String::new() };
        writeln!(page, "    $ {typed}{again}")?;
    }
    writeln!(page, "\n  What the thief tried while the money was in safety")?;
    for tried in &report.tried {
        let answer = match tried.is_refused() {
            true => style.good(format!("refused: {}", tried.rule.name())),
            false => style.bad(format!("NOT REFUSED by {}", tried.rule.name())),
        };
        writeln!(page, "    {}: {answer}", tried.what)?;
    }
    writeln!(page, "\n  What honest users could do meanwhile")?;
    page.push_str(&crate::page::attempts(&report.honest, style));
    page.push_str(&crate::page::refusals(report.honest_done, &report.refused_by_operation));

    let line = |page: &mut String, what: &str, text: String| writeln!(page, "  {what:<34}{text:>22}");
    line(page, "stolen", style.bad(dollars(figures.stolen)))?;
    line(page, "waited in the thief's name", dollars(figures.thief_waiting))?;
    line(page, "  of which he got", dollars(figures.thief_paid))?;
    line(page, "waited in users' names", dollars(figures.users_waiting))?;
    line(page, "  of which they got", style.good(dollars(figures.users_paid)))?;
    writeln!(page, "\n  {:<18}{:>20}{:>20}", "", figures.vaults[0].name, figures.vaults[1].name)?;
    for (what, of) in [
        ("before the attack", (|vault| vault.before) as fn(&Vault) -> u64),
        ("moved to safety", |vault| vault.moved),
        ("came back", |vault| vault.returned),
        ("in the vault", |vault| vault.after),
        ("in the safe", |vault| vault.in_safe),
    ] {
        let [first, second] = figures.vaults.each_ref().map(|vault| amount(vault, of(vault)));
        writeln!(page, "  {what:<18}{first:>20}{second:>20}")?;
    }
    if attacked.returned > attacked.moved {
        writeln!(
            page,
            "  More {} came back than were moved, by what guardians refused the thief.",
            attacked.name
        )?;
    }
    for broken in report.broken() {
        writeln!(page, "\n  {}", style.bad(format!("PROMISE BROKEN: {broken}")))?;
    }
    Ok(())
}

/// Each command once, in the order in which it came first, and how often it was typed.
fn once(typed: &[String]) -> Vec<(&str, usize)> {
    let mut all: Vec<(&str, usize)> = Vec::new();
    for one in typed {
        match all.iter_mut().find(|(found, _)| found == one) {
            Some((_, times)) => *times += 1,
            None => all.push((one, 1)),
        }
    }
    all
}

fn amount(vault: &Vault, units: u64) -> Amount {
    Amount { units, decimals: vault.decimals }
}

#[cfg(test)]
mod tests {
    use super::{super::report::tests::good, *};

    #[test]
    fn a_page_tells_what_was_typed_what_was_refused_and_where_the_money_is() {
        let page = render(&good(), Style::Plain);
        for wanted in [
            "$ firebreak-guardian migrate",
            "refused: WrongSafe",
            "attack slot + 16",
            "repay",
            "came back",
            "40 entries",
        ] {
            assert!(page.contains(wanted), "{wanted} is not in\n{page}");
        }
        assert!(!page.contains('\x1b') && !page.contains("BROKEN"), "{page}");
    }

    #[test]
    fn what_was_typed_again_is_told_once() {
        let typed = ["step", "begin", "step"].map(str::to_owned);
        assert_eq!(once(&typed), [("step", 2), ("begin", 1)]);
    }

    #[test]
    fn a_broken_promise_is_on_the_page() {
        let mut report = good();
        report.figures.thief_paid = 1;
        let page = render(&report, Style::Colour);
        assert!(page.contains("PROMISE BROKEN") && page.contains("\x1b[31m"), "{page}");
    }
}
