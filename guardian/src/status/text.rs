//! The glance in words, for people: the worst first.

use std::fmt::Write;

use firebreak_interface::Severity;

use super::{Guardian, Journal, Keeper, Latch, Market, Pending, Status, thresholds_line, unopened_line};
use crate::{console::paint, words};

impl Status {
    /// For people, the worst first to be read.
    pub fn text(&self, colour: bool) -> String {
        let mut out = String::new();
        // writing to a string cannot fail
        let _ = self.write(&mut out, colour);
        out
    }

    fn write(&self, out: &mut String, colour: bool) -> std::fmt::Result {
        let severity = painted(&self.severity, colour);
        // the keys come last: on a narrow terminal what matters is what is left
        writeln!(out, "protocol: {severity}, {}", self.protocol)?;
        if self.detached {
            writeln!(out, "  DETACHED: its gates read as open, nothing guards it")?;
        }
        writeln!(out, "  {}, slot {}, authority {}", words::moment(self.unix), self.slot, self.authority)?;
        if let Some(until) = self.frozen_until {
            writeln!(out, "  authority FROZEN until {}: it proposes nothing", words::moment(until))?;
        }
        self.latches.iter().try_for_each(|latch| latch.write(out))?;
        for market in &self.markets {
            market.write(out, colour)?;
        }
        for line in self.proposals.iter().flat_map(Pending::lines) {
            writeln!(out, "{line}")?;
        }
        for one in &self.guardians {
            writeln!(out, "{}", one.line())?;
        }
        if let Some(line) = unopened_line(&self.guardians) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "{}", thresholds_line(&self.thresholds, self.guardians.len()))?;
        for one in &self.keepers {
            writeln!(out, "{}", one.line())?;
        }
        writeln!(out, "{}", self.journal.text())
    }
}

impl Latch {
    fn write(&self, out: &mut String) -> std::fmt::Result {
        let closes =
            if self.closes == "nothing" { String::new() } else { format!(", closes {}", self.closes) };
        writeln!(
            out,
            "  latch by {}: {} since slot {}, {} left{closes}; measured {}, threshold {}, {} times",
            self.source,
            self.severity,
            self.since_slot,
            words::duration(self.seconds_left.unsigned_abs()),
            self.measured,
            self.threshold,
            self.count,
        )?;
        for rule in &self.rules {
            writeln!(out, "    by {rule}")?;
        }
        Ok(())
    }
}

impl Pending {
    /// What it is called and where it stands, who has spoken, what it does.
    pub fn lines(&self) -> Vec<String> {
        let by = self.guardian.as_ref().map(|key| format!(" by guardian {key}")).unwrap_or_default();
        let mut lines = vec![format!("proposal {}{by}: {}", self.name, self.standing)];
        let rest = self.votes.lines().into_iter().chain(self.content.iter().cloned());
        lines.extend(rest.map(|line| format!("    {line}")));
        lines
    }
}

impl Guardian {
    /// In a line.
    pub fn line(&self) -> String {
        let budgets = self.budgets.iter().map(|budget| {
            let open = if budget.open { "" } else { " (not open)" };
            format!("{} {}{open}", words::duration(budget.seconds_left.into()), budget.scope)
        });
        let budgets: Vec<_> = budgets.collect();
        format!("guardian {} {}: may pause {}", self.place, self.key, budgets.join(", "))
    }
}

impl Keeper {
    /// In a line.
    pub fn line(&self) -> String {
        let registered = match self.seconds_left {
            0 => "registration OVER".to_owned(),
            left => format!("registered for {} more", words::duration(left.unsigned_abs())),
        };
        let heard = match self.silent_seconds {
            Some(seconds) => format!("heard of {} ago", words::duration(seconds.unsigned_abs())),
            None => "never heard of".to_owned(),
        };
        format!(
            "keeper {}: {registered}, {heard}, {} of {} raises today, {} ever",
            self.key, self.raises_today, self.raises_per_day, self.raises
        )
    }
}

impl Market {
    fn write(&self, out: &mut String, colour: bool) -> std::fmt::Result {
        let severity = painted(&self.severity, colour);
        writeln!(out, "market {}: {severity}, closed: {}, {}", self.id, self.closed, self.address)?;
        self.latches.iter().try_for_each(|latch| latch.write(out))?;
        if self.migrating_seconds > 0 {
            let left = words::duration(self.migrating_seconds.unsigned_abs());
            writeln!(
                out,
                "  MIGRATING for {left} more: `migrate --move` moves its vaults, `safes` shows them"
            )?;
        }
        if self.quiet_seconds > 0 {
            let left = words::duration(self.quiet_seconds.unsigned_abs());
            writeln!(out, "  maintenance: keepers' raises are refused for {left} more")?;
        }
        if !self.way_down.is_empty() {
            let steps = self.way_down.iter();
            let steps: Vec<_> = steps
                .map(|step| {
                    format!("below {} in {}", step.below, words::duration(step.seconds.unsigned_abs()))
                })
                .collect();
            writeln!(out, "  way down: {}", steps.join(", "))?;
        }
        for one in &self.limiters {
            writeln!(
                out,
                "  vault: {}, {}, expects {}, may still pay {}; {} allowed, {} denied, {} undeclared, {}",
                if one.armed { "armed" } else { "in shadow" },
                painted(&one.severity, colour),
                one.expects,
                one.may_pay,
                one.allowed,
                one.denied,
                one.undeclared,
                one.vault,
            )?;
            for warning in &one.warnings {
                writeln!(out, "    {}: {}", warning.extension, warning.why)?;
            }
        }
        Ok(())
    }
}

impl Journal {
    /// In a line.
    pub fn text(&self) -> String {
        match (&self.broken, self.missing) {
            (Some(broken), _) => broken.clone(),
            (None, 0) if self.proven == self.entries => {
                format!("journal: {} entries, all proven to the head", self.entries)
            }
            (None, missing) => format!(
                "journal: {} entries, {} proven to the head, {missing} not found: `journal verify` looks further",
                self.entries, self.proven
            ),
        }
    }
}

/// The name of a severity, in its colour.
fn painted(name: &str, colour: bool) -> String {
    let all = [Severity::Normal].into_iter().chain(Severity::ABOVE_NORMAL);
    let severity = all.into_iter().find(|severity| format!("{severity:?}") == name);
    severity.map_or_else(|| name.to_owned(), |severity| paint(severity, colour))
}
