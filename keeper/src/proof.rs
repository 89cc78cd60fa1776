//! What `poke` would do, worked out on copies with the program's own rules.

use firebreak_client::{Limiter, Market, Protocol, VaultState};
use firebreak_interface::{
    Instant, Severity,
    state::{Rule, Trip},
};

/// What a poke would bring about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prospect {
    /// The rule that it would trip.
    pub trip: Option<Trip>,
    /// The highest severity that the market would rise to and does not hold now, or holds so much shorter that the
    /// program extends it.
    pub rises_to: Severity,
    /// Trips that it would write into the journal for their own sake: those by which the limiter rose. Repeats of what
    /// holds already are no reason to write.
    pub journalled: u32,
}

impl Prospect {
    /// Whether the market would be closed further: what cannot wait.
    pub fn is_urgent(&self) -> bool {
        self.rises_to > Severity::Normal
    }

    /// Whether it would do anything: if not, it fails.
    pub fn is_any(&self) -> bool {
        self.is_urgent() || self.journalled > 0
    }
}

/// What a poke would do now. Arithmetic that overflows there proves nothing here.
pub fn prospect(
    protocol: &Protocol,
    market: &Market,
    limiter: &Limiter,
    vault: &VaultState,
    now: Instant,
) -> Prospect {
    if protocol.check_attached().is_err() {
        return Prospect::default();
    }
    let (mut limiter, mut market) = (*limiter, *market);
    let may_be_critical = limiter.armed_at.plus(protocol.settling_delay().into()).reached(now);
    let Ok(trip) = limiter.observe(vault, may_be_critical, now) else {
        return Prospect::default();
    };
    if let Some(trip) = &trip {
        limiter.latch(trip, &market, now);
    }
    let mut rises_to = Severity::Normal;
    for (severity, until) in Severity::ABOVE_NORMAL.into_iter().zip(limiter.held) {
        let (value, threshold) = (limiter.pending.value, limiter.pending.threshold);
        let held = Trip { rule: Rule::Undeclared, severity, value, threshold };
        if !until.reached(now) && market.latch_trip(limiter.rule(), &held, until, now) {
            rises_to = rises_to.max(severity);
        }
    }
    let rose = limiter.pending.after > limiter.pending.before;
    Prospect { trip, rises_to, journalled: if rose { limiter.pending.count } else { 0 } }
}
