//! What the user sees while something long runs. All of it goes to standard error.

use std::fmt::Display;
use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use anyhow::Result;

/// Says what is about to happen, does it, and says how long it took.
pub(crate) fn step<T>(what: impl Display, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("{} {what}", paint("==>", Style::Accent));
    let start = Instant::now();
    let result = work();
    let took = duration(start.elapsed());
    match &result {
        Ok(_) => eprintln!("{} {what} ({took})", paint("ok ", Style::Good)),
        Err(_) => eprintln!("{} {what} ({took})", paint("failed", Style::Bad)),
    }
    result
}

/// Announces one of several numbered steps.
pub(crate) fn heading(number: usize, what: impl Display) {
    eprintln!("\n{} {what}", paint(&format!("[{number}]"), Style::Accent));
}

/// One line of explanation.
pub(crate) fn note(text: impl Display) {
    eprintln!("{} {text}", paint("  -", Style::Accent));
}

/// Seconds below two minutes, minutes and seconds above.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 120.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{} min {} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

#[derive(Clone, Copy)]
enum Style {
    Accent,
    Good,
    Bad,
}

fn paint(text: &str, style: Style) -> String {
    if !stderr().is_terminal() {
        return text.to_owned();
    }
    let code = match style {
        Style::Accent => "1;36",
        Style::Good => "1;32",
        Style::Bad => "1;31",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(1_240)), "1.2 s");
        assert_eq!(duration(Duration::from_secs(119)), "119.0 s");
        assert_eq!(duration(Duration::from_secs(125)), "2 min 5 s");
    }
}
