//! Where answers go and questions come from: the terminal, a pipe, or a test.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use firebreak_interface::Severity;
use serde::Serialize;
use tokio::sync::watch;

use crate::error::Error;

/// Standard output and error, and whether somebody is there.
pub struct Console {
    out: Box<dyn Write + Send>,
    err: Box<dyn Write + Send>,
    /// Whether standard output is a terminal that shows colours.
    pub colour: bool,
    /// Whether standard output is a terminal.
    pub live: bool,
    /// Whether standard error is a terminal.
    watched: bool,
    /// Whether questions can be asked.
    asks: bool,
    /// Whether the answer is JSON: what is said to people then goes to standard error.
    json: bool,
}

impl Console {
    /// The process's own.
    pub fn of_process(json: bool) -> Self {
        let live = io::stdout().is_terminal();
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            colour: live && !json && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            live,
            watched: io::stderr().is_terminal(),
            asks: io::stdin().is_terminal() && io::stderr().is_terminal(),
            json,
        }
    }

    /// One that writes elsewhere and has nobody to ask.
    pub fn of(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, json: bool) -> Self {
        Self { out, err, colour: false, live: false, watched: false, asks: false, json }
    }

    /// Text for people.
    ///
    /// # Errors
    /// [`Error::Output`]; a reader that went away is none.
    pub fn say(&mut self, text: &str) -> Result<(), Error> {
        if self.json { self.tell(text) } else { ended(write(&mut self.out, text)) }
    }

    /// Text for people, on standard error: progress, and what must not be missed.
    ///
    /// # Errors
    /// As [`Console::say`].
    pub fn tell(&mut self, text: &str) -> Result<(), Error> {
        ended(write(&mut self.err, text))
    }

    /// What is under way, where somebody watches.
    ///
    /// # Errors
    /// As [`Console::say`].
    pub fn progress(&mut self, text: &str) -> Result<(), Error> {
        if self.watched { self.tell(text) } else { Ok(()) }
    }

    /// The answer itself: as JSON where that was asked for, else this text.
    ///
    /// # Errors
    /// As [`Console::say`].
    pub fn answer(&mut self, json: &impl Serialize, text: &str) -> Result<(), Error> {
        if !self.json {
            return self.say(text);
        }
        let json = serde_json::to_string(json).map_err(io::Error::from)?;
        ended(write(&mut self.out, &json))
    }

    /// Bytes as they are: a script, a page, a transaction.
    ///
    /// # Errors
    /// As [`Console::say`].
    pub fn put(&mut self, text: &str) -> Result<(), Error> {
        ended(write(&mut self.out, text))
    }

    /// Asks for a yes.
    ///
    /// # Errors
    /// [`Error::NobodyToAsk`], [`Error::Declined`].
    pub async fn ask(&mut self, question: &str) -> Result<(), Error> {
        if !self.asks {
            return Err(Error::NobodyToAsk);
        }
        self.err.write_all(format!("{question} [y/N] ").as_bytes()).and_then(|()| self.err.flush())?;
        let read = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        let line = read.await.map_err(io::Error::other)??;
        let yes = ["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes));
        if yes { Ok(()) } else { Err(Error::Declined) }
    }

    /// A severity's name, in its colour on a terminal.
    pub fn severity(&self, severity: Severity) -> String {
        paint(severity, self.colour)
    }
}

/// A severity's name, coloured or not.
pub(crate) fn paint(severity: Severity, colour: bool) -> String {
    let code = match severity {
        Severity::Normal => 32,
        Severity::Minor => 33,
        Severity::Major => 31,
        Severity::Critical => 41,
    };
    if colour { format!("\x1b[1;{code}m{severity:?}\x1b[0m") } else { format!("{severity:?}") }
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// Who read enough may go: that is no error.
fn ended(written: io::Result<()>) -> Result<(), Error> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Whether somebody wants to stop: Ctrl-C.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// One that is asked for by what this gives.
    pub fn new() -> (watch::Sender<bool>, Self) {
        let (asks, asked) = watch::channel(false);
        (asks, Self(asked))
    }

    /// Whether somebody wants to stop.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when somebody wants to stop.
    pub async fn asked(&mut self) {
        // nobody is left to ask
        if self.0.wait_for(|asked| *asked).await.is_err() {
            std::future::pending().await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_error_and_a_full_disk_is() {
        let mut console = Console::of(Box::new(Gone), Box::new(io::sink()), false);
        assert!(console.say("hello").is_ok());
        let mut console = Console::of(Box::new(Full), Box::new(io::sink()), false);
        assert!(matches!(console.say("hello"), Err(Error::Output(_))));
    }

    #[tokio::test]
    async fn nobody_there_is_no_yes() {
        let mut console = Console::of(Box::new(io::sink()), Box::new(io::sink()), false);
        assert!(matches!(console.ask("Sign?").await, Err(Error::NobodyToAsk)));
    }
}
