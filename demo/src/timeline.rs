//! What happened when: by slot, and by milliseconds from the first malicious transaction.

use std::time::Instant;

/// One line of the timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Slot that the chain or the keeper's own record names, where one does.
    pub slot: Option<u64>,
    /// Milliseconds since the first malicious transaction was handed to the node; before it, negative.
    pub ms: i64,
    /// What happened.
    pub what: String,
}

/// Events in the order in which they happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The events.
    pub events: Vec<Event>,
}

impl Timeline {
    /// Adds an event of this moment of the run, whose zero is `start`.
    pub fn add(&mut self, start: Instant, at: Instant, slot: Option<u64>, what: impl Into<String>) {
        let ms = match at.checked_duration_since(start) {
            Some(after) => millis(after.as_millis()),
            None => -millis(start.duration_since(at).as_millis()),
        };
        let event = Event { slot, ms, what: what.into() };
        // Reports of different watchers arrive out of order; at equal times the earlier report stays first.
        let place = self.events.partition_point(|earlier| earlier.ms <= ms);
        self.events.insert(place, event);
    }
}

/// No run lasts long enough for this to matter.
fn millis(value: u128) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn events_stand_in_the_order_of_time_whatever_order_they_came_in() {
        let start = Instant::now() + Duration::from_secs(1);
        let mut timeline = Timeline::default();
        timeline.add(start, start + Duration::from_millis(70), Some(8), "landed");
        timeline.add(start, start, Some(7), "attack");
        timeline.add(start, start - Duration::from_millis(30), None, "quiet");
        timeline.add(start, start, Some(7), "latched");
        let told: Vec<_> = timeline.events.iter().map(|e| (e.ms, e.what.as_str())).collect();
        assert_eq!(told, [(-30, "quiet"), (0, "attack"), (0, "latched"), (70, "landed")]);
    }
}
