//! Who stands behind an act of governance: the authority by its signature, or a proposal that has waited.

use crate::anchor_lang::{self, prelude::*};
use firebreak_interface::{
    BreakerError, Instant,
    state::{Mandate, Proposal, Proposed, Protocol},
};

use crate::instructions::ensure;

/// The authority, or a proposal that stands for it.
#[derive(Accounts)]
pub struct Governance<'info> {
    /// The authority; none where a proposal stands for it.
    pub authority: Option<Signer<'info>>,
    /// A ripe proposal of exactly this act, executed by whoever asks; none where the authority signs.
    #[account(mut)]
    pub proposal: Option<AccountLoader<'info, Proposal>>,
}

impl Governance<'_> {
    /// Who acts, and by which mandate; a proposal is executed by this. Stops a stranger, the authority or a proposal of
    /// another protocol, and a proposal of anything else.
    pub(crate) fn check(
        &self,
        protocol: (&Pubkey, &mut Protocol),
        act: &dyn Fn() -> Proposed,
        bound: &[Pubkey],
        now: Instant,
    ) -> Result<(Mandate, Pubkey)> {
        let (key, protocol) = protocol;
        protocol.check_attached()?;
        match (&self.proposal, &self.authority) {
            (Some(proposal), _) => {
                let mut state = proposal.load_mut()?;
                ensure(state.protocol == *key, BreakerError::WrongProtocol)?;
                state.execute(protocol, (&act(), bound), now)?;
                let mandate = Mandate::Proposed { epoch: state.epoch, at: state.proposed_at };
                Ok((mandate, proposal.key()))
            }
            (None, Some(authority)) if authority.key() == protocol.authority => {
                Ok((Mandate::AtOnce, authority.key()))
            }
            _ => Err(BreakerError::NotTheAuthority.into()),
        }
    }

    /// Who registers: the authority until the protocol's first limiter is armed, then a proposal.
    pub(crate) fn check_registration(
        &self,
        protocol: &AccountLoader<Protocol>,
        act: &dyn Fn() -> Proposed,
        bound: &[Pubkey],
        now: Instant,
    ) -> Result<Pubkey> {
        let mut state = protocol.load_mut()?;
        let (mandate, actor) = self.check((&protocol.key(), &mut state), act, bound, now)?;
        if mandate == Mandate::AtOnce {
            state.check_registration_open()?;
            state.check_thawed(now)?;
        }
        Ok(actor)
    }
}
