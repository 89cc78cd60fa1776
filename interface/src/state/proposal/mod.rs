//! A proposal: what waits before it is done. It keeps the whole of what it will do, so that whoever may veto can read it.

#[cfg(feature = "anchor")]
use anchor_lang::prelude::*;
use borsh::{BorshDeserialize, BorshSerialize};
// not the one of a program, which has its own error
use core::result::Result;
#[cfg(not(feature = "anchor"))]
use {
    bytemuck::{Pod, Zeroable},
    solana_program::pubkey::Pubkey,
};

use super::{
    amendment::Amendment,
    band::BandSettings,
    coverage::{Coverage, CoverageRow},
    guardians::{Ballot, GuardianAct, Members},
    invariant::InvariantSettings,
    keeper::KeeperSettings,
    limiter::LimiterSettings,
    market::MarketSettings,
    money::RouteSettings,
    protocol::Protocol,
};
use crate::{
    constants::*,
    error::{BreakerError, Checked},
    policy::{self, Policy},
    time::Instant,
};

/// What a proposal does when it is executed: an act with its data, and never a foreign instruction. The accounts beside
/// each are those that the proposal binds, in this order.
#[derive(Clone, Debug, PartialEq, Eq, BorshDeserialize)]
#[cfg_attr(not(feature = "idl-build"), derive(BorshSerialize))]
#[cfg_attr(feature = "idl-build", derive(anchor_lang::AnchorSerialize))]
pub enum Proposed {
    /// `amend`: the subject.
    Amend(Amendment),
    /// `create_market`: none.
    CreateMarket {
        /// Number of the market.
        id: u64,
        /// Its settings.
        settings: MarketSettings,
    },
    /// `register_limiter`: market, vault.
    RegisterLimiter {
        /// Its settings.
        settings: LimiterSettings,
        /// What all unseasoned limiters of the mint share.
        mint_cap: u64,
    },
    /// `register_keeper`: none.
    RegisterKeeper(KeeperSettings),
    /// `register_coverage`: none.
    RegisterCoverage(Vec<CoverageRow>),
    /// `register_band`: market.
    RegisterBand {
        /// Which band of the market.
        index: u8,
        /// Its settings.
        settings: BandSettings,
    },
    /// `register_invariant`: market, then the terms' accounts.
    RegisterInvariant {
        /// Which invariant of the market.
        index: u8,
        /// Its settings.
        settings: InvariantSettings,
    },
    /// `register_safe`: market, mint.
    RegisterSafe,
    /// `register_route`: market, vault.
    RegisterRoute(RouteSettings),
}

/// First bytes of an act that changes the guardians: its numbers among [`Proposed`] and among [`Amendment`]. Their keys
/// follow.
const CHANGE_OF_GUARDIANS: [u8; 2] = [0, 10];

impl Proposed {
    /// Checks the settings against the code's bounds: what can never be executed is not to be waited for.
    ///
    /// # Errors
    /// The error of the bound that is broken.
    pub fn check(&self) -> Checked<()> {
        match self {
            Self::Amend(amendment) => amendment.check(),
            Self::CreateMarket { settings, .. } => settings.check(),
            Self::RegisterLimiter { settings, .. } => settings.check(),
            Self::RegisterKeeper(settings) => settings.check(),
            Self::RegisterCoverage(rows) => Coverage::check(rows),
            Self::RegisterBand { settings, .. } => settings.check(),
            Self::RegisterInvariant { settings, .. } => settings.check(),
            Self::RegisterSafe => Ok(()),
            Self::RegisterRoute(settings) => settings.check(),
        }
    }

    /// Number of accounts that the proposal binds.
    fn accounts(&self) -> usize {
        match self {
            Self::CreateMarket { .. } | Self::RegisterKeeper(_) | Self::RegisterCoverage(_) => 0,
            Self::Amend(_) | Self::RegisterBand { .. } => 1,
            Self::RegisterLimiter { .. } | Self::RegisterSafe | Self::RegisterRoute(_) => 2,
            Self::RegisterInvariant { settings, .. } => 1 + settings.left.len() + settings.right.len(),
        }
    }

    /// How long it waits, and which guardians must have approved it beside that: for what the authority's key alone must
    /// never reach.
    pub const fn policy(&self) -> &'static Policy {
        match self {
            Self::Amend(Amendment::Detach) => &policy::DETACH,
            Self::Amend(Amendment::Guardians { .. }) => &policy::CHANGE_GUARDIANS,
            Self::Amend(Amendment::AcceptLoss { .. }) => &policy::ACCEPT_LOSS,
            Self::Amend(Amendment::Authority(_)) => &policy::MOVE_AUTHORITY,
            Self::Amend(_) => &policy::LOOSEN,
            _ => &policy::REGISTER,
        }
    }
}

/// Accounts and act as the bytes that a proposal keeps.
///
/// # Errors
/// [`BreakerError::ProposalTooLong`].
fn content(act: &impl BorshSerialize, accounts: &[Pubkey]) -> Checked<Vec<u8>> {
    let mut content = Vec::with_capacity(PROPOSAL_CONTENT);
    let count = u8::try_from(accounts.len()).map_err(|_| BreakerError::ProposalTooLong)?;
    content.push(count);
    for account in accounts {
        content.extend_from_slice(account.as_ref());
    }
    borsh::to_writer(&mut content, act).map_err(|_| BreakerError::ProposalTooLong)?;
    if content.len() > PROPOSAL_CONTENT { Err(BreakerError::ProposalTooLong) } else { Ok(content) }
}

/// What became of a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// It waits, or is ripe, or expired: the clock says which.
    Pending = 1,
    /// It was executed.
    Executed = 2,
    /// The authority took it back, or anybody cleared it away when it was expired or of a former authority.
    Cancelled = 3,
    /// It was vetoed.
    Vetoed = 4,
}

/// A proposal, of the authority or of a guardian. PDA of [`crate::pda::proposal`] or [`crate::pda::guardian_proposal`]; there is no way to close it, so that its number is never used again.
#[cfg_attr(feature = "anchor", account(zero_copy))]
#[cfg_attr(not(feature = "anchor"), derive(Clone, Copy, Pod, Zeroable), repr(C))]
#[derive(Debug)]
pub struct Proposal {
    /// Layout version of the last writer.
    pub version: u8,
    /// Reader version that this account needs at least.
    pub min_reader: u8,
    /// PDA bump.
    pub bump: u8,
    /// Its [`Status`], as a number.
    pub status: u8,
    /// Bytes of `content` in use.
    pub content_len: u32,
    /// Protocol it belongs to.
    pub protocol: Pubkey,
    /// Who proposed.
    pub authority: Pubkey,
    /// Its number in the protocol, or of the guardian who proposed it.
    pub nonce: u64,
    /// Changes that the amended setting had seen when this was proposed. Once they are more it is void.
    pub epoch: u64,
    /// When it was proposed.
    pub proposed_at: Instant,
    /// When its delay is over: the delay of the day it was proposed.
    pub ripe_at: Instant,
    /// Until when it can be executed.
    pub expires_at: Instant,
    /// When it was executed, cancelled or vetoed.
    pub finished_at: Instant,
    /// Moves of the authority when this was proposed. Once they are more it is void, also where the same key is back. What
    /// a guardian proposed is not.
    pub authority_epoch: u64,
    /// Which guardians approved or vetoed it.
    pub ballot: Ballot,
    /// Seconds that it waits.
    pub delay: u32,
    /// 1 where the same was vetoed before: it waits twice as long, and is vetoed only by more.
    pub again: u8,
    /// 1 where a guardian proposed it: an act of theirs, and no change by the authority.
    pub by_guardian: u8,
    /// Explicit padding.
    pub padding: [u8; 2],
    /// When its approvals became as many as a release takes: the last one until then.
    pub approved_at: Instant,
    /// Room for later versions.
    pub reserved: [u8; 208],
    /// A count, so many accounts, and the [`Proposed`] or [`GuardianAct`] in Borsh.
    pub content: [u8; 1024],
}

impl Proposal {
    /// A new proposal, which takes the protocol's next number.
    ///
    /// # Errors
    /// [`BreakerError::TooManyProposals`], [`BreakerError::ProposalTooLong`], [`BreakerError::AuthorityFrozen`], those of
    /// [`Proposed::check`]; [`BreakerError::WrongProposal`] where the accounts are not those of the act, or where what was
    /// vetoed is another.
    pub fn initialize(
        &mut self,
        protocol: &mut Protocol,
        key: Pubkey,
        bump: u8,
        act: (&Proposed, &[Pubkey], u64),
        vetoed: Option<&Self>,
        now: Instant,
    ) -> Checked<()> {
        protocol.check_thawed(now)?;
        let (proposed, accounts, epoch) = act;
        proposed.check()?;
        if accounts.len() != proposed.accounts() {
            return Err(BreakerError::WrongProposal);
        }
        let content = content(proposed, accounts)?;
        self.authority_epoch = protocol.authority_epoch;
        (self.nonce, self.epoch) = (protocol.open_proposal()?, epoch);
        self.delay = proposed.policy().wait.seconds(protocol.loosening_delay);
        if let Some(vetoed) = vetoed {
            let is_same = vetoed.status == Status::Vetoed as u8
                && vetoed.protocol == key
                && vetoed.content() == Some(&content);
            if !is_same {
                return Err(BreakerError::WrongProposal);
            }
            (self.again, self.delay) = (1, self.delay.max(vetoed.delay.saturating_mul(2)));
        }
        self.open((key, protocol.authority), bump, (&content, PROPOSAL_LIFE), now)
    }

    /// A new proposal of a guardian, who approves it by that. It takes no place of the authority's: neither holds the other
    /// off.
    ///
    /// # Errors
    /// [`BreakerError::NotAGuardian`], those of [`GuardianAct::check`].
    pub fn initialize_act(
        &mut self,
        (protocol, key): (&Protocol, Pubkey),
        (guardian, nonce, bump): (Pubkey, u64, u8),
        (act, scope): (&GuardianAct, Pubkey),
        now: Instant,
    ) -> Checked<()> {
        act.check()?;
        let content = content(act, &[scope])?;
        (self.by_guardian, self.nonce) = (1, nonce);
        self.ballot.approve(protocol.members([&guardian])?, protocol.membership_epoch)?;
        self.approved_at = now;
        // the delay that waited: one key lengthens the other at once, and would hold money in a safe by it
        self.delay = act.policy().wait.seconds(protocol.settling_delay());
        let life = match act {
            _ if self.delay == 0 => GUARDIAN_PROPOSAL_LIFE,
            // the authority has its time first
            GuardianAct::Release(_) => RELEASE_ALONE_AFTER + PROPOSAL_LIFE,
            _ => PROPOSAL_LIFE,
        };
        self.open((key, guardian), bump, (&content, life), now)
    }

    fn open(
        &mut self,
        (protocol, by): (Pubkey, Pubkey),
        bump: u8,
        (content, life): (&[u8], u64),
        now: Instant,
    ) -> Checked<()> {
        (self.version, self.min_reader, self.bump) = (LAYOUT_VERSION, 1, bump);
        self.status = Status::Pending as u8;
        (self.protocol, self.authority) = (protocol, by);
        self.proposed_at = now;
        self.ripe_at = now.plus(self.delay.into());
        self.expires_at = self.ripe_at.plus(life);
        self.content_len = u32::try_from(content.len()).map_err(|_| BreakerError::ProposalTooLong)?;
        self.content.get_mut(..content.len()).ok_or(BreakerError::ProposalTooLong)?.copy_from_slice(content);
        Ok(())
    }

    /// Executes it for exactly this act on these accounts, whoever asks. A clock that says it is early is believed; it is
    /// late when both say so.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`], [`BreakerError::ProposalVoid`], [`BreakerError::ProposalNotRipe`],
    /// [`BreakerError::ProposalExpired`], [`BreakerError::WrongProposal`], [`BreakerError::NotApproved`].
    pub fn execute(
        &mut self,
        protocol: &mut Protocol,
        (proposed, accounts): (&Proposed, &[Pubkey]),
        now: Instant,
    ) -> Checked<()> {
        self.check_pending()?;
        if self.authority_epoch != protocol.authority_epoch {
            return Err(BreakerError::ProposalVoid);
        }
        self.check_time(now)?;
        // stops a guardian's act from standing for the authority
        if self.by_guardian != 0 || self.content() != Some(&content(proposed, accounts)?) {
            return Err(BreakerError::WrongProposal);
        }
        let needed = proposed.policy().votes.of(&protocol.thresholds()?, protocol.guardian_count);
        if self.approvals(protocol).count_ones() < needed.into() {
            return Err(BreakerError::NotApproved);
        }
        self.finish(protocol, Status::Executed, now)
    }

    /// Executes a guardian's proposal for exactly this act in this scope, and gives who has approved it: the caller adds
    /// those who sign, and counts.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`], [`BreakerError::ProposalNotRipe`], [`BreakerError::ProposalExpired`],
    /// [`BreakerError::WrongProposal`].
    pub fn execute_act(
        &mut self,
        protocol: &Protocol,
        (act, scope): (&GuardianAct, &Pubkey),
        now: Instant,
    ) -> Checked<Members> {
        self.check_pending()?;
        self.check_time(now)?;
        // stops what the authority proposed from standing for an act of the guardians
        let act = content(act, core::slice::from_ref(scope))?;
        if self.by_guardian == 0 || self.content() != Some(&act) {
            return Err(BreakerError::WrongProposal);
        }
        (self.status, self.finished_at) = (Status::Executed as u8, now);
        Ok(self.approvals(protocol))
    }

    /// Checks that it is ripe and not expired.
    fn check_time(&self, now: Instant) -> Checked<()> {
        if !self.ripe_at.reached(now) {
            return Err(BreakerError::ProposalNotRipe);
        }
        if self.expires_at.reached(now) { Err(BreakerError::ProposalExpired) } else { Ok(()) }
    }

    /// Who of today's membership has approved it.
    pub fn approvals(&self, protocol: &Protocol) -> Members {
        self.ballot.of(protocol.membership_epoch).approved
    }

    /// Guardians approve it, by a stamp of this slot. Votes of another membership count for nothing, and an approval is
    /// signed once there is something to read: a number alone could become any content.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`], [`BreakerError::StaleStamp`], [`BreakerError::AlreadyVoted`].
    pub fn approve(
        &mut self,
        protocol: &Protocol,
        members: Members,
        slot: u64,
        now: Instant,
    ) -> Checked<u32> {
        self.check_pending()?;
        if slot <= self.proposed_at.slot {
            return Err(BreakerError::StaleStamp);
        }
        // nobody who signs once the others have agreed begins the wait for the authority anew
        if self.approvals(protocol).count_ones() < protocol.thresholds()?.release.into() {
            self.approved_at = now;
        }
        self.ballot.approve(members, protocol.membership_epoch)?;
        Ok(self.ballot.approved.count_ones())
    }

    /// Guardians speak against it; with enough of them it is over. Proposed again after a veto it takes so many that the
    /// rest are fewer than a veto takes, and no fewer than the first time, and who is to leave by it does not count: no few
    /// hold the others off for ever. What guardians proposed takes as many the first time: they propose it again, and
    /// a few must not keep money in a safe. An act that waits for nobody is not for a few to void.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`], [`BreakerError::AlreadyVoted`], [`BreakerError::WrongProposal`].
    pub fn veto(&mut self, protocol: &mut Protocol, members: Members, now: Instant) -> Checked<u32> {
        self.check_pending()?;
        if self.delay == 0 {
            return Err(BreakerError::WrongProposal);
        }
        self.ballot.veto(members, protocol.membership_epoch)?;
        let (votes, policy) = if self.again == 0 && self.by_guardian == 0 {
            (self.ballot.vetoed, &policy::VETO)
        } else {
            (self.ballot.vetoed & !self.concerned(protocol), &policy::VETO_AGAIN)
        };
        let needed = policy.votes.of(&protocol.thresholds()?, protocol.guardian_count);
        if votes.count_ones() >= needed.into() {
            self.finish(protocol, Status::Vetoed, now)?;
        }
        Ok(votes.count_ones())
    }

    /// Guardians who are to leave by it.
    fn concerned(&self, protocol: &Protocol) -> Members {
        let Some(members) = self.members_to_be() else { return 0 };
        let leave =
            protocol.guardians().iter().enumerate().filter(|(_, guardian)| !members.contains(guardian));
        leave.fold(0, |concerned, (place, _)| concerned | 1 << place)
    }

    fn check_pending(&self) -> Checked<()> {
        if self.status == Status::Pending as u8 { Ok(()) } else { Err(BreakerError::ProposalFinished) }
    }

    /// Clears it away: the authority its own at any time, anybody once it is expired or of a former authority. What a guardian
    /// proposed stays until it is expired: it has the approval of others.
    ///
    /// # Errors
    /// [`BreakerError::ProposalFinished`], [`BreakerError::CannotCancel`].
    pub fn cancel(&mut self, protocol: &mut Protocol, by: &Pubkey, now: Instant) -> Checked<()> {
        self.check_pending()?;
        let is_authoritys = self.by_guardian == 0;
        let is_over =
            self.expires_at.reached(now) || is_authoritys && self.authority_epoch != protocol.authority_epoch;
        if (*by != protocol.authority || !is_authoritys) && !is_over {
            return Err(BreakerError::CannotCancel);
        }
        self.finish(protocol, Status::Cancelled, now)
    }

    /// The account keeps its number for ever; only what waits is counted.
    fn finish(&mut self, protocol: &mut Protocol, status: Status, now: Instant) -> Checked<()> {
        (self.status, self.finished_at) = (status as u8, now);
        if self.by_guardian == 0 { protocol.close_proposal() } else { Ok(()) }
    }

    fn content(&self) -> Option<&[u8]> {
        self.content.get(..self.content_len as usize)
    }

    /// The accounts' keys, one after the other, and the act.
    fn parts(&self) -> Option<(&[u8], &[u8])> {
        let (count, rest) = self.content()?.split_first()?;
        rest.split_at_checked(usize::from(*count) * size_of::<Pubkey>())
    }

    /// The guardians whom it brings or leaves, where it changes them. No other act is read: all of them would be as much
    /// code again as `propose` takes.
    fn members_to_be(&self) -> Option<Vec<Pubkey>> {
        let mut change = self.parts()?.1.strip_prefix(&CHANGE_OF_GUARDIANS)?;
        BorshDeserialize::deserialize(&mut change).ok()
    }

    /// Accounts and act in words, none where the bytes are no proposal of the authority's of this version.
    pub fn read_content(&self) -> Option<(Vec<Pubkey>, Proposed)> {
        if self.by_guardian == 0 { self.decode() } else { None }
    }

    /// Scope and act in words, none where the bytes are no proposal of a guardian's of this version.
    pub fn read_act(&self) -> Option<(Pubkey, GuardianAct)> {
        let (scope, act) = if self.by_guardian == 0 { None } else { self.decode() }?;
        Some((*scope.first()?, act))
    }

    fn decode<T: BorshDeserialize>(&self) -> Option<(Vec<Pubkey>, T)> {
        let (accounts, act) = self.parts()?;
        let keys = accounts.chunks_exact(size_of::<Pubkey>()).map(Pubkey::try_from).collect::<Result<_, _>>();
        Some((keys.ok()?, borsh::from_slice(act).ok()?))
    }

    /// What became of it, none where the stored number is none.
    pub fn status(&self) -> Option<Status> {
        [Status::Pending, Status::Executed, Status::Cancelled, Status::Vetoed]
            .into_iter()
            .find(|status| *status as u8 == self.status)
    }
}

#[cfg(test)]
mod tests;
