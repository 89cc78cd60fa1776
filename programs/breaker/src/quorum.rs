//! Guardians who act together.

use crate::anchor_lang::{self, prelude::*};
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

    /// When so many had approved the proposal as a release takes.
    pub(crate) fn approved_at(&self) -> Result<Instant> {
        let proposal = self.proposal.as_ref().ok_or(BreakerError::NotApproved)?;
        Ok(proposal.load()?.approved_at)
    }

    /// Who stands behind the act, see [`GuardianAct::check_quorum`].
    #[inline(never)]
    pub(crate) fn check(
        &self,
        (key, protocol): (&Pubkey, &Protocol),
        (act, scope): (&GuardianAct, &Pubkey),
        signers: &[AccountInfo],
        now: Instant,
    ) -> Result<Members> {
        let signed = if signers.is_empty() { 0 } else { signing(protocol, signers)? };
        let mut proposal = self.proposal.as_ref().map(AccountLoader::load_mut).transpose()?;
        Ok(act.check_quorum((key, protocol), scope, proposal.as_deref_mut(), signed, now)?)
    }
}
