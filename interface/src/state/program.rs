//! The pin of a protected program: an upgrade that nobody approved is seen.
//!
//! The runtime notes in which slot a program was deployed last. The protocol pins that slot; an upgrade is approved before it
//! comes, by the hash of what it will be, and whoever shows it afterwards moves the pin.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::{
    invariant::Shown,
    limiter::{Rule, Trip},
    rule::Standing,
};
use crate::{
    constants::APPROVABLE_CODE,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// Owner of upgradeable programs and of their data.
pub const LOADER: Pubkey = Pubkey::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");
/// First bytes of a program's data account, and where the slot of its last deployment stands.
const PROGRAM_DATA: [u8; 4] = 3u32.to_le_bytes();
/// See [`PROGRAM_DATA`].
const SLOT: usize = 4;
/// Where the program itself begins: after the slot and the upgrade authority, which is optional but has its room.
const CODE: usize = 45;

/// What a protocol has pinned of its program. All zero where nothing is.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct ProgramPin {
    /// The program's data account.
    pub account: Pubkey,
    /// Slot of the deployment that is approved.
    pub slot: u64,
    /// Sha256 of the code that is approved to come, all of the account from byte 45 on; zero where none is.
    pub approved: [u8; 32],
    /// Since when it is pinned, and the first look at a change.
    pub standing: Standing,
}

/// What a look at the program's data shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The upgrade that was approved has come; it is pinned now, by this slot.
    Upgraded(u64),
    /// Something else is there, or nothing.
    Changed(Trip),
}

/// The data account of a program.
pub fn program_data(program: &Pubkey) -> Pubkey {
    Pubkey::find_program_address(&[program.as_ref()], &LOADER).0
}

impl ProgramPin {
    /// Whether a deployment is pinned.
    pub fn is_set(&self) -> bool {
        self.standing.armed != 0
    }

    /// Pins what is deployed now.
    ///
    /// # Errors
    /// [`BreakerError::AlreadyPinned`], [`BreakerError::NotProgramData`].
    pub fn pin(&mut self, program: &Pubkey, shown: &Shown, now: Instant) -> Checked<u64> {
        if self.is_set() {
            return Err(BreakerError::AlreadyPinned);
        }
        if *shown.key != program_data(program) {
            return Err(BreakerError::NotProgramData);
        }
        let slot = slot(shown).ok_or(BreakerError::NotProgramData)?;
        (self.account, self.slot, self.approved) = (*shown.key, slot, [0; 32]);
        self.standing.arm(now)?;
        Ok(slot)
    }

    /// Approves the code that is to come; zero takes an approval back.
    ///
    /// # Errors
    /// [`BreakerError::NotPinned`], [`BreakerError::NothingChanges`].
    pub fn approve(&mut self, code: [u8; 32]) -> Checked<()> {
        if !self.is_set() {
            return Err(BreakerError::NotPinned);
        }
        if self.approved == code {
            return Err(BreakerError::NothingChanges);
        }
        self.approved = code;
        Ok(())
    }

    /// Looks at the data account: moves the pin to an approved upgrade, or says that something else came. One look at
    /// that is Major; a second, by the rules of every second look, Critical. Code of more than [`APPROVABLE_CODE`] bytes is
    /// something else without being hashed.
    ///
    /// # Errors
    /// [`BreakerError::NotProgramData`] for another account, [`BreakerError::NothingToLatch`] where all is as it was.
    pub fn look(&mut self, shown: &Shown, loosening_delay: u32, now: Instant) -> Checked<Look> {
        if !self.is_set() {
            return Err(BreakerError::NothingToLatch);
        }
        if *shown.key != self.account {
            return Err(BreakerError::NotProgramData);
        }
        let found = slot(shown);
        if found == Some(self.slot) {
            return Err(BreakerError::NothingToLatch);
        }
        if let Some(slot) = found
            && self.approved != [0; 32]
            && shown
                .data
                .get(CODE..)
                .is_some_and(|code| code.len() <= APPROVABLE_CODE && hash(code) == self.approved)
        {
            (self.slot, self.approved) = (slot, [0; 32]);
            self.standing.observed_at = Instant::NEVER;
            return Ok(Look::Upgraded(slot));
        }
        let severity = self.standing.confirm(Severity::Critical, loosening_delay, now);
        let (value, threshold) = (found.unwrap_or(u64::MAX), self.slot);
        Ok(Look::Changed(Trip { rule: Rule::Program, severity, value, threshold }))
    }
}

/// Slot of the last deployment, none where the account holds no program.
fn slot(shown: &Shown) -> Option<u64> {
    let is_program_data = *shown.program == LOADER && shown.data.starts_with(&PROGRAM_DATA);
    let slot = shown.data.get(SLOT..)?.first_chunk()?;
    (is_program_data && shown.data.len() > CODE).then(|| u64::from_le_bytes(*slot))
}

fn hash(code: &[u8]) -> [u8; 32] {
    solana_program::hash::hash(code).to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::LOOSENING_DELAY_MIN;
    use bytemuck::Zeroable;

    const PROGRAM: Pubkey = Pubkey::new_from_array([7; 32]);
    const PINNED: Instant = Instant::new(1_000, 1_800_000_000);

    fn deployed(slot: u64, code: &[u8]) -> Vec<u8> {
        let mut data = [&PROGRAM_DATA[..], &slot.to_le_bytes(), &[1]].concat();
        data.resize(CODE, 9);
        [&data, code].concat()
    }

    fn show<'a>(key: &'a Pubkey, data: &'a [u8]) -> Shown<'a> {
        Shown { key, program: &LOADER, data }
    }

    fn pinned() -> (ProgramPin, Pubkey) {
        let (mut pin, key) = (ProgramPin::zeroed(), program_data(&PROGRAM));
        assert_eq!(pin.pin(&PROGRAM, &show(&key, &deployed(50, b"one")), PINNED), Ok(50));
        (pin, key)
    }

    #[test]
    fn an_upgrade_that_nobody_approved_is_major_then_critical() {
        let (mut pin, key) = pinned();
        let settled = PINNED.plus(LOOSENING_DELAY_MIN.into());
        let mut look = |slot, seconds| {
            let now = Instant::new(settled.slot + seconds, settled.unix + seconds as i64);
            pin.look(&show(&key, &deployed(slot, b"two")), LOOSENING_DELAY_MIN, now)
        };
        let severity = |look| match look {
            Ok(Look::Changed(trip)) => trip.severity,
            other => panic!("{other:?}"),
        };
        assert_eq!(look(50, 0), Err(BreakerError::NothingToLatch));
        assert_eq!(severity(look(60, 1)), Severity::Major);
        assert_eq!(severity(look(60, 2)), Severity::Critical);
    }

    #[test]
    fn an_approved_upgrade_moves_the_pin_once() {
        let (mut pin, key) = pinned();
        let mut at = PINNED;
        let mut look = |pin: &mut ProgramPin, slot, code: &[u8]| {
            at = at.plus(1);
            pin.look(&show(&key, &deployed(slot, code)), LOOSENING_DELAY_MIN, at)
        };
        pin.approve(hash(b"two")).expect("is pinned");
        assert_eq!(pin.approve(hash(b"two")), Err(BreakerError::NothingChanges));
        assert!(matches!(look(&mut pin, 60, b"three"), Ok(Look::Changed(_))), "other code");
        assert_eq!(look(&mut pin, 60, b"two"), Ok(Look::Upgraded(60)));
        assert_eq!(look(&mut pin, 60, b"two"), Err(BreakerError::NothingToLatch));
        assert!(matches!(look(&mut pin, 70, b"two"), Ok(Look::Changed(_))), "an approval is for one upgrade");
    }

    #[test]
    fn what_is_no_program_cannot_be_pinned_and_is_a_change() {
        let (mut pin, key) = pinned();
        let data = deployed(50, b"one");
        assert_eq!(pin.pin(&PROGRAM, &show(&key, &data), PINNED), Err(BreakerError::AlreadyPinned));
        let mut fresh = ProgramPin::zeroed();
        let other = program_data(&key);
        let foreign = Shown { program: &PROGRAM, ..show(&key, &data) };
        for shown in [show(&other, &data), show(&key, &data[..CODE]), show(&key, &[]), foreign] {
            assert_eq!(fresh.pin(&PROGRAM, &shown, PINNED), Err(BreakerError::NotProgramData));
        }
        assert_eq!(fresh.approve([1; 32]), Err(BreakerError::NotPinned));
        assert_eq!(fresh.look(&show(&key, &data), 1, PINNED), Err(BreakerError::NothingToLatch));
        assert_eq!(pin.look(&show(&other, &data), 1, PINNED), Err(BreakerError::NotProgramData));
        for shown in [show(&key, &[]), foreign] {
            let look = pin.look(&shown, LOOSENING_DELAY_MIN, PINNED);
            assert!(matches!(look, Ok(Look::Changed(trip)) if trip.value == u64::MAX), "{look:?}");
        }
    }
}
