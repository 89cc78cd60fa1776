//! What the source tells: states of accounts that were checked before they were believed.

use firebreak_client::{AccountError, Limiter, Market, Protocol, VaultState, clock, decode};
use firebreak_interface::Instant;
use solana_pubkey::Pubkey;

/// One thing seen on the chain.
#[derive(Clone, Debug)]
pub enum Observation {
    /// The state of an account, and the slot it belongs to.
    Account {
        /// The slot.
        slot: u64,
        /// The address.
        key: Pubkey,
        /// The state.
        state: State,
    },
    /// A slot began.
    Slot(u64),
    /// Whatever came together has come: states that belong together are complete.
    Settled,
    /// What happens from here to the next states may go unseen.
    Gap,
}

/// A decoded account.
#[derive(Clone, Debug)]
pub enum State {
    /// The protocol.
    Protocol(Box<Protocol>),
    /// One of its markets.
    Market(Box<Market>),
    /// One of its limiters.
    Limiter(Box<Limiter>),
    /// A guarded vault, or what became of it.
    Vault(VaultState),
    /// The clock.
    Clock(Instant),
}

/// What an address is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The protocol.
    Protocol,
    /// A market of this protocol.
    Market,
    /// A limiter of this protocol.
    Limiter,
    /// A token account.
    Vault,
    /// The clock sysvar.
    Clock,
}

/// Why bytes are not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// They are no such account.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// They are of another protocol.
    #[error("it belongs to protocol {0}")]
    Protocol(Pubkey),
    /// They are not the clock.
    #[error("it is not the clock sysvar")]
    Clock,
    /// Their slot lies further ahead than any node can be.
    #[error("slot {slot} is too far ahead: others are at {agreed} at most")]
    Slot {
        /// The slot.
        slot: u64,
        /// Where everybody else is.
        agreed: u64,
    },
}

impl Role {
    /// The state that these bytes hold.
    ///
    /// # Errors
    /// [`Forged`]. A vault never is: an account that is no token account any more is a fact about the vault.
    pub fn read(self, protocol: &Pubkey, owner: &Pubkey, data: &[u8]) -> Result<State, Forged> {
        let ours = |found: Pubkey| if found == *protocol { Ok(()) } else { Err(Forged::Protocol(found)) };
        Ok(match self {
            Self::Protocol => State::Protocol(Box::new(decode(owner, data)?)),
            Self::Market => {
                let market: Market = decode(owner, data)?;
                ours(market.protocol)?;
                State::Market(Box::new(market))
            }
            Self::Limiter => {
                let limiter: Limiter = decode(owner, data)?;
                ours(limiter.protocol)?;
                State::Limiter(Box::new(limiter))
            }
            Self::Vault => State::Vault(VaultState::read(owner, data)),
            Self::Clock => State::Clock(clock::read(owner, data).ok_or(Forged::Clock)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;
    use firebreak_client::{ID, account::encode};

    use super::*;

    #[test]
    fn forged_accounts_are_refused_before_a_byte_is_believed() {
        let protocol = Pubkey::new_from_array([1; 32]);
        let stranger = Pubkey::new_from_array([2; 32]);
        let market = |protocol| encode(&Market { protocol, ..Market::zeroed() });
        assert!(matches!(Role::Market.read(&protocol, &ID, &market(protocol)), Ok(State::Market(_))));

        let other_owner = Role::Market.read(&protocol, &stranger, &market(protocol)).map(drop);
        assert_eq!(other_owner, Err(Forged::Account(AccountError::WrongOwner { owner: stranger })));
        let other_protocol = Role::Market.read(&protocol, &ID, &market(stranger)).map(drop);
        assert_eq!(other_protocol, Err(Forged::Protocol(stranger)));
        assert!(Role::Limiter.read(&protocol, &ID, &market(protocol)).is_err());
        assert!(Role::Limiter.read(&protocol, &ID, &[]).is_err());
        assert_eq!(Role::Clock.read(&protocol, &stranger, &[0; 40]).map(drop), Err(Forged::Clock));
    }

    #[test]
    fn a_vault_that_is_none_any_more_holds_nothing() {
        let protocol = Pubkey::new_from_array([1; 32]);
        let gone = Role::Vault.read(&protocol, &Pubkey::default(), &[]).expect("a fact");
        assert!(matches!(gone, State::Vault(vault) if vault == VaultState::default()));
    }
}
