//! The journal: a hash chain of every defensive act.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use crate::{
    constants::*,
    error::{BreakerError, Checked},
    severity::Severity,
    time::Instant,
};

/// What an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
#[borsh(use_discriminant = false)]
#[repr(u8)]
pub enum Act {
    /// A protocol was created.
    ProtocolCreated,
    /// A market was registered.
    MarketRegistered,
    /// A limiter was registered.
    LimiterRegistered,
    /// A keeper was registered.
    KeeperRegistered,
    /// A limiter was armed.
    LimiterArmed,
    /// A flow reached the soft threshold of a limiter.
    SoftBreach,
    /// A flow was refused at the hard threshold of a limiter.
    HardBreach,
    /// More left in a window than the gross limit.
    GrossBreach,
    /// Tokens left a vault without a record.
    UndeclaredFlow,
    /// A guardian paused.
    Paused,
    /// A keeper raised.
    Raised,
    /// A price left its band.
    PriceBreach,
    /// A registered comparison is false.
    InvariantBroken,
    /// The protected program was upgraded without approval.
    ProgramChanged,
    /// A market, or the protocol, came down to a lower severity.
    SteppedDown,
    /// Instructions were added to the coverage table.
    CoverageRegistered,
    /// A rule in shadow tripped: at most hourly, with a count.
    ShadowTrip,
    /// A price band was registered.
    BandRegistered,
    /// A price band was armed.
    BandArmed,
    /// A price was stale, too wide, unreadable, or its reference unobserved.
    PriceUnusable,
    /// An invariant was registered.
    InvariantRegistered,
    /// An invariant was armed.
    InvariantArmed,
    /// A term of a registered comparison could not be read; the value is its place, from 0.
    InvariantUnreadable,
    /// Something was proposed; the value is the proposal's number, the threshold its delay in seconds.
    ProposalMade,
    /// A proposal was cancelled; the value is its number.
    ProposalCancelled,
    /// Settings were tightened; the value counts their changes.
    Tightened,
    /// Settings were loosened by a proposal; the value counts their changes.
    Loosened,
    /// A rule went back to shadow.
    Disarmed,
    /// A rule was based anew after a loss, in token units or basis points.
    LossAccepted,
    /// A keeper's registration was ended.
    KeeperRevoked,
    /// Governance moved to another key, the subject.
    AuthorityMoved,
    /// The protocol left.
    Detached,
    /// The program was pinned as it is deployed, or an approved upgrade came; the value is the deployment's slot.
    ProgramPinned,
    /// An upgrade to come was approved; the value is the first eight bytes of its hash, as they are written.
    UpgradeApproved,
    /// The program is not watched any longer.
    ProgramUnpinned,
    /// Guardians approved a proposal; the value is their places, the threshold how many have approved.
    Approved,
    /// Guardians spoke against a proposal; the value is their places, the threshold how many have.
    Vetoed,
    /// Guardians froze the authority; the value is their places, the threshold for how many seconds.
    AuthorityFrozen,
    /// Other guardians, or other thresholds; the value counts the changes so far.
    GuardiansChanged,
    /// An account was brought to this version; the value is the version.
    Migrated,
    /// The approval of an upgrade was taken back; the value as of [`Act::UpgradeApproved`].
    ApprovalTakenBack,
    /// Guardians made a latch hold longer; the value is their places, the threshold for how many seconds from then.
    Confirmed,
    /// Guardians cleared a latch early; the value is their places, the threshold what had raised it, as a number.
    Resumed,
    /// Announced maintenance began; the value is the places of who approved it, the threshold its seconds.
    MaintenanceAnnounced,
    /// A safe was registered.
    SafeRegistered,
    /// A route was registered, or its settings were changed; the value counts the registrations, the threshold is how long it
    /// holds withdrawals, in seconds.
    RouteRegistered,
    /// Guardians ordered a market's money to be moved to safety; the value is their places, the threshold for how many seconds.
    MigrationOrdered,
    /// Money of a vault, the subject, moved to its safe; the value left, the threshold arrived.
    MovedToSafe,
    /// A withdrawal waits in a safe, the subject; the value arrived there, the threshold is its number.
    HeldBack,
    /// A held withdrawal was paid from a safe, the subject; the value left, the threshold is its number.
    HeldPaid,
    /// A held withdrawal was refused, and stays in the safe, the subject; the value is its amount, the threshold its number.
    HeldRefused,
    /// Guardians flagged held withdrawals of a safe, the subject; the value is the first number, the threshold the last.
    HeldFlagged,
    /// Guardians decided to pay flagged withdrawals; value and threshold as of [`Act::HeldFlagged`].
    HeldToBePaid,
    /// Guardians decided not to pay flagged withdrawals; value and threshold as of [`Act::HeldFlagged`].
    HeldToBeRefused,
    /// A release to the subject was agreed on; the value is its amount, the threshold 1 where the authority signed.
    ReleaseBegun,
    /// A step of a release went to the subject; the value left the safe, the threshold arrived.
    Released,
    /// Claims on a safe, the subject, were opened; the value is their sum, the threshold the number of the set.
    ClaimsOpened,
    /// A claim was paid from a safe, the subject; the value left it, the threshold is the claim's number.
    Claimed,
}

impl Act {
    /// The act of a stored byte.
    pub fn from_byte(byte: u8) -> Option<Self> {
        borsh::from_slice(&[byte]).ok()
    }
}

/// One entry. Its Borsh bytes have a fixed length; `head' = sha256(head, entry)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub struct JournalEntry {
    /// Position in the chain, from 0.
    pub number: u64,
    /// When it happened: for a limiter's breach the moment of the first one.
    pub at: Instant,
    /// Who acted: the signer, or the limiter that tripped.
    pub actor: Pubkey,
    /// What was acted on: a protocol, market, limiter or keeper.
    pub subject: Pubkey,
    /// What was done.
    pub act: Act,
    /// Severity in force before.
    pub before: Severity,
    /// Severity in force after.
    pub after: Severity,
    /// Measured value, in the unit of its rule.
    pub value: u64,
    /// Threshold, in the same unit.
    pub threshold: u64,
    /// Occurrences merged into this entry.
    pub count: u32,
}

impl JournalEntry {
    /// Length of an entry's bytes.
    pub const LEN: usize = size_of::<Packed>();

    /// An act that leaves the severity as it is; its place in the chain comes with [`Journal::append`].
    pub fn new(act: Act, actor: Pubkey, subject: Pubkey, at: Instant) -> Self {
        let (before, after) = (Severity::Normal, Severity::Normal);
        Self { number: 0, at, actor, subject, act, before, after, value: 0, threshold: 0, count: 1 }
    }

    /// The entry's Borsh bytes.
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        bytemuck::cast(Packed {
            number: self.number,
            at: self.at,
            actor: self.actor,
            subject: self.subject,
            kinds: [self.act as u8, self.before as u8, self.after as u8],
            value: self.value,
            threshold: self.threshold,
            count: self.count,
        })
    }

    /// The entry in these bytes, none when they are not one.
    pub fn from_bytes(bytes: &[u8; ENTRY_SPACE]) -> Option<Self> {
        let mut rest = &bytes[..Self::LEN];
        BorshDeserialize::deserialize(&mut rest).ok()
    }

    /// The head of the chain after this entry.
    pub fn chain(&self, head: &[u8; 32]) -> [u8; 32] {
        solana_program::hash::hashv(&[head, &self.to_bytes()]).to_bytes()
    }
}

/// The fields as Borsh writes them: each is of fixed length, so an entry is a copy and not a walk.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, packed)]
struct Packed {
    number: u64,
    at: Instant,
    actor: Pubkey,
    subject: Pubkey,
    kinds: [u8; 3],
    value: u64,
    threshold: u64,
    count: u32,
}

/// Bytes an entry takes in a segment.
pub const ENTRY_SPACE: usize = 152;
const _: () = assert!(JournalEntry::LEN <= ENTRY_SPACE);

/// The head of a protocol's journal. Nothing closes, shrinks or rewrites it. PDA of [`crate::pda::journal`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Journal {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: u8,
    /// Segments created so far; those after the current one are empty.
    pub segments: u32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Hash over all entries; zero before the first.
    pub head: [u8; 32],
    /// Entries so far.
    pub count: u64,
    /// Entries that found no room in a segment and live in events only.
    pub in_events_only: u64,
    /// Entries that the current segment has room for.
    pub room: u64,
    /// Number of the current segment, which is being filled or was filled last.
    pub current: u64,
    /// Room for later versions.
    pub reserved: [u8; 96],
}

impl Journal {
    /// A new journal.
    pub fn initialize(&mut self, protocol: Pubkey, bump: u8) {
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        self.protocol = protocol;
    }

    /// Segments that wait, empty, for the current one to be full.
    pub fn ahead(&self) -> u64 {
        u64::from(self.segments).saturating_sub(self.current.saturating_add(1))
    }

    /// Adds an entry to the chain, and to the current segment where it has room. A full segment blocks nothing: the
    /// entry lives in its event. One with room must be brought, or a caller could keep entries out of the accounts; but
    /// where `may_miss` says so another one, or none, blocks nothing either: an order signed in advance cannot know
    /// which segment will be the current one.
    ///
    /// # Errors
    /// [`BreakerError::WrongSegment`], [`BreakerError::JournalInvariant`] when the counters would overflow.
    pub fn append(
        &mut self,
        mut entry: JournalEntry,
        segment: Option<&mut JournalSegment>,
        may_miss: bool,
    ) -> Checked<(JournalEntry, bool)> {
        entry.number = self.count;
        self.count = self.count.checked_add(1).ok_or(BreakerError::JournalInvariant)?;
        let current = segment
            .filter(|segment| segment.protocol == self.protocol && u64::from(segment.number) == self.current);
        let before = self.head;
        self.head = entry.chain(&before);
        match current {
            Some(segment) if self.room > 0 => {
                segment.push(&entry, &before)?;
                self.room -= 1;
                if self.room == 0 && self.ahead() > 0 {
                    (self.current, self.room) = (self.current + 1, SEGMENT_ENTRIES as u64);
                }
                Ok((entry, true))
            }
            None if self.room > 0 && !may_miss => Err(BreakerError::WrongSegment),
            _ => {
                self.in_events_only = self.in_events_only.saturating_add(1);
                Ok((entry, false))
            }
        }
    }
}

/// A segment: entries in order. PDA of [`crate::pda::segment`].
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct JournalSegment {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Explicit padding.
    pub padding: u8,
    /// Which segment of the journal.
    pub number: u32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Entries in it.
    pub count: u64,
    /// Head of the chain before the segment's first entry.
    pub first_head: [u8; 32],
    /// Room for later versions.
    pub reserved: [u8; 56],
    /// Borsh bytes of the entries, each padded with zeros.
    pub entries: [[u8; 152]; 64],
}

impl JournalSegment {
    /// The journal's next segment. Made ahead, so that an incident meets room; but only so many, or anyone could make the
    /// walk over them long.
    ///
    /// # Errors
    /// [`BreakerError::SegmentNotNeeded`], [`BreakerError::JournalInvariant`].
    pub fn initialize(&mut self, journal: &mut Journal, bump: u8) -> Checked<()> {
        if journal.room > 0 && journal.ahead() >= SEGMENTS_AHEAD {
            return Err(BreakerError::SegmentNotNeeded);
        }
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        self.number = journal.segments;
        self.protocol = journal.protocol;
        journal.segments = journal.segments.checked_add(1).ok_or(BreakerError::JournalInvariant)?;
        if journal.room == 0 {
            (journal.current, journal.room) = (self.number.into(), SEGMENT_ENTRIES as u64);
        }
        Ok(())
    }

    /// The entries' bytes.
    pub fn entries(&self) -> &[[u8; ENTRY_SPACE]] {
        let count = usize::try_from(self.count).unwrap_or(SEGMENT_ENTRIES).min(SEGMENT_ENTRIES);
        &self.entries[..count]
    }

    fn push(&mut self, entry: &JournalEntry, head: &[u8; 32]) -> Checked<()> {
        if self.count == 0 {
            self.first_head = *head;
        }
        let place = usize::try_from(self.count).ok().and_then(|i| self.entries.get_mut(i));
        place.ok_or(BreakerError::JournalInvariant)?[..JournalEntry::LEN].copy_from_slice(&entry.to_bytes());
        self.count += 1;
        Ok(())
    }
}
