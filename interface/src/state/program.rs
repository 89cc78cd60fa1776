//! The pin of a protected program: an upgrade that nobody approved is seen.
//!
//! The runtime notes in which slot a program was deployed last. The protocol pins that slot and the hash of the code; an
//! upgrade is approved before it comes, by the hash of what it will be, and whoever shows it afterwards moves the pin.
//!
//! Anybody may lengthen a program's account, which moves its slot and puts zeros behind its code. So a slot alone says
//! nothing, and the zeros at the end of a code count for nothing.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

#[cfg(feature = "anchor")]
use bytemuck::Zeroable;
use solana_program::{hash::hash, program_memory::sol_memcmp};

use super::{
    invariant::Shown,
    limiter::{Rule, Trip},
    rule::Standing,
};
use crate::{
    constants::{APPROVABLE_CODE, PROPOSAL_LIFE},
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
/// Where its upgrade authority stands: one where there is one, then its key.
const AUTHORITY: usize = 12;
/// Where the program itself begins: after the slot and the upgrade authority, which is optional but has its room.
const CODE: usize = 45;

/// What a protocol has pinned of its program. All zero where nothing is.
#[cfg_attr(feature = "anchor", zero_copy)]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug, PartialEq, Eq)]
pub struct ProgramPin {
    /// The program's data account.
    pub account: Pubkey,
    /// Slot of the last deployment, or lengthening, of the code that is pinned.
    pub slot: u64,
    /// Sha256 of that code: of the account from byte 45 on, without the zeros at its end.
    pub code: [u8; 32],
    /// Sha256 of the code that is approved to come, likewise; zero where none is.
    pub approved: [u8; 32],
    /// When that approval ends.
    pub approved_until: Instant,
    /// Since when it is pinned, and the first look at a change.
    pub standing: Standing,
}

/// What a look at the program's data shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The code that is pinned, deployed again or in a longer account: its slot is pinned now.
    Same,
    /// The upgrade that was approved has come; it is pinned now, by this slot.
    Upgraded(u64),
    /// Something else is there, or nothing.
    Changed(Trip),
    /// The same, and what it latches is held already.
    Known,
}

/// What the data account holds, beside what is pinned.
enum Found {
    /// Nothing was deployed since.
    Untouched,
    /// The code that is pinned, in another slot.
    Same(u64),
    /// The code that is approved to come, with its hash.
    Approved(u64, [u8; 32]),
    /// Other code in this slot, or no program.
    Other(Option<u64>),
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
    /// [`BreakerError::AlreadyPinned`], [`BreakerError::NotProgramData`], [`BreakerError::CodeTooLong`].
    pub fn pin(&mut self, program: &Pubkey, shown: &Shown, now: Instant) -> Checked<u64> {
        if self.is_set() {
            return Err(BreakerError::AlreadyPinned);
        }
        if *shown.key != program_data(program) {
            return Err(BreakerError::NotProgramData);
        }
        let slot = slot(shown).ok_or(BreakerError::NotProgramData)?;
        let code = code_hash(shown).ok_or(BreakerError::CodeTooLong)?;
        *self = Self { account: *shown.key, slot, code, ..Self::zeroed() };
        self.standing.arm(now)?;
        Ok(slot)
    }

    /// Takes the pin away. The data account is shown: a change that nobody has shown yet must not be hidden.
    ///
    /// # Errors
    /// [`BreakerError::NotPinned`], [`BreakerError::NotProgramData`]; [`BreakerError::PokeFirst`] where other code is there.
    pub fn unpin(&mut self, shown: &Shown, now: Instant) -> Checked<()> {
        if !self.is_set() {
            return Err(BreakerError::NotPinned);
        }
        if !self.is_as_agreed(shown, now)? {
            return Err(BreakerError::PokeFirst);
        }
        *self = Self::zeroed();
        Ok(())
    }

    /// Approves the code that is to come, for [`PROPOSAL_LIFE`]: what was approved once and never came is forgotten. Zero
    /// takes an approval back. Gives the hash that is approved, or is no longer.
    ///
    /// # Errors
    /// [`BreakerError::NotPinned`]; [`BreakerError::NothingChanges`] where there is nothing to take back.
    pub fn approve(&mut self, code: [u8; 32], now: Instant) -> Checked<[u8; 32]> {
        if !self.is_set() {
            return Err(BreakerError::NotPinned);
        }
        if code != [0; 32] {
            (self.approved, self.approved_until) = (code, now.plus(PROPOSAL_LIFE));
            return Ok(code);
        }
        if self.approved == [0; 32] {
            return Err(BreakerError::NothingChanges);
        }
        self.approved_until = Instant::NEVER;
        Ok(core::mem::take(&mut self.approved))
    }

    /// Looks at the data account: moves the pin with its code, or to an approved upgrade, or says that something else came.
    /// One look at that is Major; a second, by the rules of every second look, Critical. Code of more than
    /// [`APPROVABLE_CODE`] bytes is something else without being hashed.
    ///
    /// # Errors
    /// [`BreakerError::NotProgramData`] for another account, [`BreakerError::NothingToLatch`] where nothing was deployed.
    pub fn look(&mut self, shown: &Shown, loosening_delay: u32, now: Instant) -> Checked<Look> {
        if !self.is_set() {
            return Err(BreakerError::NothingToLatch);
        }
        match self.find(shown, now)? {
            Found::Untouched => Err(BreakerError::NothingToLatch),
            Found::Same(slot) => {
                (self.slot, self.standing.observed_at) = (slot, Instant::NEVER);
                Ok(Look::Same)
            }
            Found::Approved(slot, code) => {
                (self.slot, self.code) = (slot, code);
                (self.approved, self.approved_until) = ([0; 32], Instant::NEVER);
                self.standing.observed_at = Instant::NEVER;
                Ok(Look::Upgraded(slot))
            }
            Found::Other(slot) => {
                let severity = self.standing.confirm(Severity::Critical, loosening_delay, now);
                let (value, threshold) = (slot.unwrap_or(u64::MAX), self.slot);
                Ok(Look::Changed(Trip { rule: Rule::Program, severity, value, threshold }))
            }
        }
    }

    /// Whether the code is what is pinned, or what is approved to come.
    ///
    /// # Errors
    /// [`BreakerError::NotProgramData`].
    pub fn is_as_agreed(&self, shown: &Shown, now: Instant) -> Checked<bool> {
        Ok(!matches!(self.find(shown, now)?, Found::Other(_)))
    }

    /// What is there; hashed only where the slot is another.
    fn find(&self, shown: &Shown, now: Instant) -> Checked<Found> {
        if *shown.key != self.account {
            return Err(BreakerError::NotProgramData);
        }
        let found = slot(shown);
        if found == Some(self.slot) {
            return Ok(Found::Untouched);
        }
        let is_approved =
            |code: &[u8; 32]| *code == self.approved && code != &[0; 32] && !self.approved_until.reached(now);
        Ok(match found.zip(code_hash(shown)) {
            Some((slot, code)) if code == self.code => Found::Same(slot),
            Some((slot, code)) if is_approved(&code) => Found::Approved(slot, code),
            _ => Found::Other(found),
        })
    }
}

/// Who may upgrade the program of this data account, none where nobody may or the account holds no program.
pub fn upgrade_authority_of(shown: &Shown) -> Option<Pubkey> {
    slot(shown)?;
    let (is_set, key) = shown.data.get(AUTHORITY..CODE)?.split_first()?;
    let key = Pubkey::new_from_array(key.try_into().ok()?);
    (*is_set == 1).then_some(key)
}

/// Slot of the last deployment, none where the account holds no program.
fn slot(shown: &Shown) -> Option<u64> {
    let is_program_data = *shown.program == LOADER && shown.data.starts_with(&PROGRAM_DATA);
    let slot = shown.data.get(SLOT..)?.first_chunk()?;
    (is_program_data && shown.data.len() > CODE).then(|| u64::from_le_bytes(*slot))
}

/// Hash of a program's code; none where it is longer than a transaction can hash.
fn code_hash(shown: &Shown) -> Option<[u8; 32]> {
    let code = shown.data.get(CODE..)?;
    let code = &code[..length(code)];
    (code.len() <= APPROVABLE_CODE).then(|| hash(code).to_bytes())
}

/// Bytes of the code up to the last that is not zero. An account has megabytes, and to look at each byte would cost more
/// than a transaction has: the zeros are halved.
fn length(code: &[u8]) -> usize {
    let (mut least, mut most) = (0, code.len());
    while least < most {
        let middle = least.midpoint(most);
        if is_zero(&code[middle..most]) {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    most
}

/// Whether these bytes are all zero: the first is, and each is as the one before it. The runtime compares 250 bytes for a
/// unit.
#[expect(unsafe_code, reason = "the runtime's comparison has no safe form")]
fn is_zero(bytes: &[u8]) -> bool {
    let Some((first, rest)) = bytes.split_first() else { return true };
    // SAFETY: both are at least as long as `rest`, and are only read
    *first == 0 && unsafe { sol_memcmp(rest, bytes, rest.len()) } == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constants::LOOSENING_DELAY_MIN;
    use proptest::prelude::*;

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

    /// Anybody may lengthen the account; that moves the slot and nothing else.
    #[test]
    fn a_longer_account_and_the_same_code_again_move_the_slot_and_latch_nothing() {
        let (mut pin, key) = pinned();
        let before = pin;
        for (slot, code) in [(60, &b"one\0"[..]), (61, &[b"one", &[0; 10_240][..]].concat()), (62, b"one")] {
            let data = deployed(slot, code);
            assert_eq!(pin.look(&show(&key, &data), LOOSENING_DELAY_MIN, PINNED), Ok(Look::Same));
            assert_eq!(pin, ProgramPin { slot, ..before });
            let again = pin.look(&show(&key, &data), LOOSENING_DELAY_MIN, PINNED);
            assert_eq!(again, Err(BreakerError::NothingToLatch));
        }
        // what is behind the code and is no zero is code
        let data = deployed(63, b"one\0two");
        let look = pin.look(&show(&key, &data), LOOSENING_DELAY_MIN, PINNED);
        assert!(matches!(look, Ok(Look::Changed(_))), "{look:?}");
    }

    #[test]
    fn an_approval_is_of_the_code_however_long_its_account() {
        for code in [&b"two"[..], b"two\0\0", &[b"two", &[0; APPROVABLE_CODE][..]].concat()] {
            let (mut pin, key) = pinned();
            pin.approve(hash(b"two").to_bytes(), PINNED).expect("is pinned");
            let data = deployed(60, code);
            let look = pin.look(&show(&key, &data), LOOSENING_DELAY_MIN, PINNED);
            assert_eq!(look, Ok(Look::Upgraded(60)), "{} bytes", code.len());
        }
    }

    #[test]
    fn an_approval_ends_a_week_after_it_was_given() {
        let end = PINNED.plus(PROPOSAL_LIFE);
        let last = Instant { unix: end.unix - 1, ..end };
        for (at, is_approved) in [(last, true), (end, false)] {
            let (mut pin, key) = pinned();
            pin.approve(hash(b"two").to_bytes(), PINNED).expect("is pinned");
            let look = pin.look(&show(&key, &deployed(60, b"two")), LOOSENING_DELAY_MIN, at);
            assert_eq!(look == Ok(Look::Upgraded(60)), is_approved, "{look:?}");
            // it is given anew
            pin.approve(hash(b"two").to_bytes(), at).expect("is pinned");
            let look = pin.look(&show(&key, &deployed(70, b"two")), LOOSENING_DELAY_MIN, at);
            let expected = if is_approved { Look::Same } else { Look::Upgraded(70) };
            assert_eq!(look, Ok(expected));
        }
    }

    #[test]
    fn code_that_no_transaction_could_hash_is_not_pinned() {
        let key = program_data(&PROGRAM);
        let pin = |code: &[u8]| ProgramPin::zeroed().pin(&PROGRAM, &show(&key, &deployed(50, code)), PINNED);
        let mut code = vec![7; APPROVABLE_CODE];
        code.extend_from_slice(&[0; 10_240]);
        assert_eq!(pin(&code), Ok(50), "the longest, in a longer account");
        code[APPROVABLE_CODE] = 7;
        assert_eq!(pin(&code), Err(BreakerError::CodeTooLong));
    }

    /// A pin is not taken away over the head of a change.
    #[test]
    fn a_pin_goes_only_while_its_code_is_there_or_what_was_approved() {
        let (pin, key) = pinned();
        let unpin = |mut pin: ProgramPin, slot, code: &[u8]| {
            pin.unpin(&show(&key, &deployed(slot, code)), PINNED).map(|()| pin)
        };
        assert_eq!(unpin(pin, 60, b"two"), Err(BreakerError::PokeFirst));
        assert_eq!(unpin(pin, 50, b"one"), Ok(ProgramPin::zeroed()));
        assert_eq!(unpin(pin, 60, b"one\0"), Ok(ProgramPin::zeroed()));
        let mut approved = pin;
        approved.approve(hash(b"two").to_bytes(), PINNED).expect("is pinned");
        assert_eq!(unpin(approved, 60, b"two"), Ok(ProgramPin::zeroed()));
        assert_eq!(unpin(ProgramPin::zeroed(), 50, b"one"), Err(BreakerError::NotPinned));
        let (other, data) = (program_data(&key), deployed(50, b"one"));
        assert_eq!({ pin }.unpin(&show(&other, &data), PINNED), Err(BreakerError::NotProgramData));
        assert_eq!({ pin }.unpin(&show(&key, &[]), PINNED), Err(BreakerError::PokeFirst), "closed");
    }

    proptest! {
        #[test]
        fn a_code_is_as_long_as_its_last_byte_that_is_not_zero(
            mut code in prop::collection::vec(prop_oneof![3 => Just(0u8), 1 => any::<u8>()], 0..200),
            zeros in 0usize..200,
        ) {
            code.resize(code.len() + zeros, 0);
            let naive = code.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            prop_assert_eq!(length(&code), naive);
        }
    }

    #[test]
    fn an_approved_upgrade_moves_the_pin_once() {
        let (mut pin, key) = pinned();
        let mut at = PINNED;
        let mut look = |pin: &mut ProgramPin, slot, code: &[u8]| {
            at = at.plus(1);
            pin.look(&show(&key, &deployed(slot, code)), LOOSENING_DELAY_MIN, at)
        };
        pin.approve(hash(b"two").to_bytes(), PINNED).expect("is pinned");
        assert!(matches!(look(&mut pin, 60, b"three"), Ok(Look::Changed(_))), "other code");
        assert_eq!(look(&mut pin, 60, b"two"), Ok(Look::Upgraded(60)));
        assert_eq!(look(&mut pin, 60, b"two"), Err(BreakerError::NothingToLatch));
        assert!(matches!(look(&mut pin, 70, b"one"), Ok(Look::Changed(_))), "nor is the way back approved");
        assert_eq!(look(&mut pin, 80, b"two"), Ok(Look::Same));
        assert_eq!((pin.approved, pin.approved_until), ([0; 32], Instant::NEVER));
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
        assert_eq!(fresh.approve([1; 32], PINNED), Err(BreakerError::NotPinned));
        assert_eq!(fresh.look(&show(&key, &data), 1, PINNED), Err(BreakerError::NothingToLatch));
        assert_eq!(pin.look(&show(&other, &data), 1, PINNED), Err(BreakerError::NotProgramData));
        for shown in [show(&key, &[]), foreign] {
            let look = pin.look(&shown, LOOSENING_DELAY_MIN, PINNED);
            assert!(matches!(look, Ok(Look::Changed(trip)) if trip.value == u64::MAX), "{look:?}");
        }
    }
}
