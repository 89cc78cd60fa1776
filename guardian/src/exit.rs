//! What the process's exit code says.

use std::fmt::Write;

macro_rules! exits {
    ($($(#[doc = $text:literal])+ $name:ident = $code:literal,)*) => {
        /// How a command ended. The numbers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Exit {
            $($(#[doc = $text])+ $name = $code,)*
        }

        impl Exit {
            /// All of them, by number.
            pub const ALL: &[Exit] = &[$(Self::$name,)*];

            /// What it means, in a line.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($text),+).trim_start(),)*
                }
            }
        }
    };
}

exits! {
    /// done, or read and sound
    Done = 0,
    /// what the chain holds contradicts itself: the journal, or what the endpoint says of it
    Contradiction = 1,
    /// wrong usage, or a setting that no such act can have
    Usage = 2,
    /// the breaker refuses the act, and nothing was changed; the text names the rule
    Refused = 3,
    /// the endpoint does not answer as it should, and nothing was sent: try again, or another one
    Unreachable = 4,
    /// the endpoint is of another cluster than --genesis says
    WrongCluster = 5,
    /// there is no key to sign with, or it is not the one for this act
    WrongKey = 6,
    /// not sent: declined, interrupted, or nobody there to ask and no --yes
    NotSent = 7,
    /// what was asked for is not there, or over: a protocol, proposal, market or transaction
    NotFound = 8,
    /// sent, and whether it landed is not known: look with `explain` and the signature before trying again
    Unknown = 9,
    /// sent, and it can no longer land: nothing was changed, try again
    NotLanded = 10,
    /// done as far as it goes, and something is left: the answer says what and why; the same command again goes on with it
    Left = 11,
}

/// The exit codes, for the help.
pub fn table() -> String {
    let mut table = "Exit codes:".to_owned();
    for exit in Exit::ALL {
        // writing to a string cannot fail
        let _ = write!(table, "\n{:>4}  {}", *exit as u8, exit.meaning());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exit_is_in_the_table_with_its_number() {
        let table = table();
        for (number, exit) in Exit::ALL.iter().enumerate() {
            assert_eq!(*exit as usize, number, "numbers are without gaps");
            assert!(table.contains(&format!("{number:>4}  {}", exit.meaning())), "{table}");
        }
    }
}
