//! What to ask a node for, to find a protocol's parts: filters of `getProgramAccounts` on the breaker, as plain data.

use std::mem::offset_of;

use firebreak_interface::state::{
    Coverage, DISCRIMINATOR, Held, Invariant, Journal, JournalSegment, Keeper, Layout, Limiter, Market,
    MintCap, PriceBand, Proposal, Route, Safe, Status,
};
use solana_program::pubkey::Pubkey;

use crate::account::Kind;

/// Bytes that an account must have at an offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memcmp {
    /// Offset in the account's data, discriminator included.
    pub offset: usize,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Which accounts of the breaker to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filters {
    /// Size of the account's data.
    pub size: usize,
    /// Bytes it must have.
    pub memcmp: Vec<Memcmp>,
}

impl Filters {
    /// Whether an account's data passes: what a node is asked to check, and what it should not be trusted with.
    pub fn pass(&self, data: &[u8]) -> bool {
        let has = |filter: &Memcmp| data.get(filter.offset..).is_some_and(|d| d.starts_with(&filter.bytes));
        data.len() == self.size && self.memcmp.iter().all(has)
    }
}

/// An account that belongs to a protocol and says so.
pub trait OfProtocol: Kind {
    /// Offset of the protocol's address in the account's data.
    const PROTOCOL_OFFSET: usize;
}

macro_rules! of_protocol {
    ($($type:ident)*) => {
        $(
            impl OfProtocol for $type {
                const PROTOCOL_OFFSET: usize = DISCRIMINATOR + offset_of!($type, protocol);
            }
        )*
    };
}

of_protocol! { Coverage Invariant Journal JournalSegment Keeper Limiter Market MintCap PriceBand Proposal Route Safe }

/// Filters for a protocol's accounts of one kind.
pub fn filters<T: OfProtocol>(protocol: &Pubkey) -> Filters {
    Filters {
        size: T::SPACE,
        memcmp: vec![
            Memcmp { offset: 0, bytes: T::TAG.to_vec() },
            Memcmp { offset: T::PROTOCOL_OFFSET, bytes: protocol.to_bytes().to_vec() },
        ],
    }
}

/// Filters for a protocol's proposals that were neither executed nor cancelled: what a guardian reads. The clock says which
/// of them are ripe, and which expired.
pub fn waiting(protocol: &Pubkey) -> Filters {
    let mut filters = filters::<Proposal>(protocol);
    let offset = DISCRIMINATOR + offset_of!(Proposal, status);
    filters.memcmp.push(Memcmp { offset, bytes: vec![Status::Pending as u8] });
    filters
}

/// Filters for what waits in a safe.
pub fn held(safe: &Pubkey) -> Filters {
    Filters {
        size: Held::SPACE,
        memcmp: vec![
            Memcmp { offset: 0, bytes: Held::TAG.to_vec() },
            Memcmp { offset: DISCRIMINATOR + offset_of!(Held, safe), bytes: safe.to_bytes().to_vec() },
        ],
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;

    use super::*;
    use crate::account::encode;

    #[test]
    fn filters_pass_a_protocols_own_accounts_and_no_others() {
        let (ours, theirs) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let limiter = encode(&Limiter { protocol: ours, ..Limiter::zeroed() });
        let market = encode(&Market { protocol: ours, ..Market::zeroed() });
        assert!(filters::<Limiter>(&ours).pass(&limiter));
        assert!(filters::<Market>(&ours).pass(&market));
        assert!(!filters::<Limiter>(&theirs).pass(&limiter));
        assert!(!filters::<Market>(&ours).pass(&limiter));
        assert!(!filters::<Limiter>(&ours).pass(&limiter[..20]));
    }

    #[test]
    fn what_waits_in_a_safe_is_found_by_the_safe() {
        let (ours, theirs) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let of = |safe, owner| encode(&Held { safe, owner, ..Held::zeroed() });
        assert!(held(&ours).pass(&of(ours, theirs)));
        assert!(!held(&ours).pass(&of(theirs, ours)));
        assert!(!held(&ours).pass(&encode(&Safe { protocol: ours, ..Safe::zeroed() })));
        assert!(filters::<Safe>(&ours).pass(&encode(&Safe { protocol: ours, ..Safe::zeroed() })));
    }

    #[test]
    fn only_what_waits_is_waiting() {
        let (ours, theirs) = (Pubkey::new_from_array([1; 32]), Pubkey::new_from_array([2; 32]));
        let of = |protocol, status: Status| {
            encode(&Proposal { protocol, status: status as u8, ..Proposal::zeroed() })
        };
        assert!(waiting(&ours).pass(&of(ours, Status::Pending)));
        assert!(!waiting(&ours).pass(&of(theirs, Status::Pending)));
        for over in [Status::Executed, Status::Cancelled, Status::Vetoed] {
            assert!(!waiting(&ours).pass(&of(ours, over)), "{over:?}");
            assert!(filters::<Proposal>(&ours).pass(&of(ours, over)));
        }
    }
}
