//! Other guardians, or other thresholds, said as what changes of today's.

use std::str::FromStr;

use firebreak_interface::state::{Amendment, Protocol, Thresholds};
use solana_pubkey::Pubkey;

use crate::{error::Error, words};

/// What changes, as people type it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// A key becomes a guardian, in the last place.
    Comes(Pubkey),
    /// A key is a guardian no longer.
    Leaves(Pubkey),
    /// An act takes so many of them.
    Takes(Act, u8),
}

/// An act that has a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// `confirm`.
    Confirm,
    /// `resume`.
    Resume,
    /// Moving money to safety.
    Migrate,
    /// Giving it back.
    Release,
    /// `veto`.
    Veto,
    /// `freeze`.
    Freeze,
}

impl FromStr for Member {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            format!(
                "`{text}` is none of add:KEY, remove:KEY, and confirm, resume, veto, freeze, migrate or release with =NUMBER"
            )
        };
        if let Some(key) = text.strip_prefix("add:") {
            return words::address(key).map(Self::Comes).map_err(|_| expected());
        }
        if let Some(key) = text.strip_prefix("remove:") {
            return words::address(key).map(Self::Leaves).map_err(|_| expected());
        }
        let (act, number) = text.split_once('=').ok_or_else(expected)?;
        let act = match act {
            "confirm" => Act::Confirm,
            "resume" => Act::Resume,
            "migrate" => Act::Migrate,
            "release" => Act::Release,
            "veto" => Act::Veto,
            "freeze" => Act::Freeze,
            _ => return Err(expected()),
        };
        number.parse().map(|number| Self::Takes(act, number)).map_err(|_| expected())
    }
}

/// Today's guardians and thresholds with these changes. What nobody changes stays: a threshold too.
///
/// # Errors
/// [`Error::Usage`] where who comes is one already, or who leaves is none.
pub fn with(protocol: &Protocol, changes: &[Member]) -> Result<Amendment, Error> {
    let mut members = protocol.guardians().to_vec();
    let mut thresholds = protocol.thresholds;
    for change in changes {
        match change {
            Member::Comes(key) if members.contains(key) => {
                return Err(Error::usage(format!("{key} is a guardian already")));
            }
            Member::Comes(key) => members.push(*key),
            Member::Leaves(key) if !members.contains(key) => {
                return Err(Error::usage(format!("{key} is no guardian: `members` lists them")));
            }
            Member::Leaves(key) => members.retain(|member| member != key),
            Member::Takes(act, number) => *threshold(&mut thresholds, *act) = *number,
        }
    }
    Ok(Amendment::Guardians { members, thresholds })
}

fn threshold(thresholds: &mut Thresholds, act: Act) -> &mut u8 {
    match act {
        Act::Confirm => &mut thresholds.confirm,
        Act::Resume => &mut thresholds.resume,
        Act::Migrate => &mut thresholds.migrate,
        Act::Release => &mut thresholds.release,
        Act::Veto => &mut thresholds.veto,
        Act::Freeze => &mut thresholds.freeze,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::tests::{key, snapshot};

    fn parsed(text: &str) -> Member {
        text.parse().expect(text)
    }

    #[test]
    fn what_nobody_changes_stays() {
        let snapshot = snapshot();
        let changes =
            [parsed(&format!("remove:{}", key(12))), parsed(&format!("add:{}", key(20))), parsed("veto=1")];
        let Ok(Amendment::Guardians { members, thresholds }) = with(&snapshot.protocol, &changes) else {
            panic!("they can be changed so");
        };
        assert_eq!(members, [key(11), key(13), key(20)]);
        assert_eq!(thresholds, Thresholds { veto: 1, ..snapshot.protocol.thresholds });
    }

    #[test]
    fn who_is_there_does_not_come_and_who_is_not_does_not_leave() {
        let protocol = &snapshot().protocol;
        for change in [Member::Comes(key(11)), Member::Leaves(key(20))] {
            assert!(matches!(with(protocol, &[change]), Err(Error::Usage(_))));
        }
    }

    #[test]
    fn changes_are_read_as_people_type_them() {
        assert_eq!(parsed("freeze=3"), Member::Takes(Act::Freeze, 3));
        for text in ["", "add:", "add:x", "freeze", "freeze=", "freeze=256", "pause=1", "remove=3"] {
            let error = text.parse::<Member>().expect_err(text);
            assert!(error.contains("remove:KEY"), "{error}");
        }
    }
}
