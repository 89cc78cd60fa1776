//! Guardians who act together.

use anchor::prelude::*;
use firebreak_interface::{
    BreakerError, Instant,
    error::Checked,
    state::{GuardianAct, Members, Proposal, Protocol},
};

use crate::instructions::ensure;

/// The guardians among these accounts, all of whom must sign and be one: an account that is not meant is a mistake.
#[inline(never)]
pub(crate) fn signing(protocol: &Protocol, accounts: &[AccountInfo]) -> Checked<Members> {
    // stops a guardian who is named and did not sign
    ensure(accounts.iter().all(|account| account.is_signer), BreakerError::NotAGuardian)?;
    protocol.members(accounts.iter().map(|account| account.key))
}

/// What stands for guardians who do not sign here.
#[derive(Accounts)]
pub struct Quorum<'info> {
    /// A guardian's proposal of exactly this act, with the approvals that were given one by one; none where all who are
    /// needed sign here.
    #[account(mut)]
    pub proposal: Option<AccountLoader<'info, Proposal>>,
}

impl Quorum<'_> {
    /// Whom the journal names: the first who signs here, or the proposal.
    pub(crate) fn actor(&self, signers: &[AccountInfo]) -> Pubkey {
        let signer = signers.first().map(|signer| *signer.key);
        signer.or_else(|| Some(self.proposal.as_ref()?.key())).unwrap_or_default()
    }

    /// Who stands behind the act: who approved its proposal, which is executed by this, and who signs. Stops fewer than the
    /// policy names, and a proposal of another protocol, act or scope.
    #[inline(never)]
    pub(crate) fn check(
        &self,
        (key, protocol): (&Pubkey, &Protocol),
        (act, scope): (&GuardianAct, &Pubkey),
        signers: &[AccountInfo],
        now: Instant,
    ) -> Result<Members> {
        protocol.check_attached()?;
        act.check()?;
        let mut members = 0;
        if let Some(proposal) = &self.proposal {
            let mut proposal = proposal.load_mut()?;
            ensure(proposal.protocol == *key, BreakerError::WrongProtocol)?;
            members |= proposal.execute_act(protocol, (act, scope), now)?;
        } else {
            // what waits is proposed, so that somebody can speak against it
            ensure(act.policy().wait.is_none(), BreakerError::LooseningWaits)?;
        }
        if self.proposal.is_none() || !signers.is_empty() {
            members |= signing(protocol, signers)?;
        }
        let needed = act.policy().votes.of(&protocol.thresholds()?, protocol.guardian_count);
        ensure(members.count_ones() >= needed.into(), BreakerError::NotApproved)?;
        Ok(members)
    }
}
