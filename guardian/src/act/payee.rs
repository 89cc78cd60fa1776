//! Where a safe pays somebody: the account that was named before, or the owner's associated one.

use firebreak_interface::state::{Safe, VaultState};
use solana_pubkey::Pubkey;

use crate::{chain::Node, error::Error};

const ASSOCIATED: Pubkey = Pubkey::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// Where somebody is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payee {
    /// To this token account.
    To(Pubkey),
    /// Nowhere for now, and why.
    None(String),
}

/// The owner's associated account of the safe's mint.
pub fn associated(owner: &Pubkey, safe: &Safe) -> Pubkey {
    let seeds = [owner.as_ref(), safe.token_program.as_ref(), safe.mint.as_ref()];
    Pubkey::find_program_address(&seeds, &ASSOCIATED).0
}

/// Where each of these owners is paid: to the account named beside it, where it still is the owner's; else to the associated one,
/// where there is that.
///
/// # Errors
/// [`Error::Rpc`].
pub async fn find(node: &Node, safe: &Safe, owners: &[(Pubkey, Pubkey)]) -> Result<Vec<Payee>, Error> {
    let candidates: Vec<_> =
        owners.iter().flat_map(|(owner, named)| [*named, associated(owner, safe)]).collect();
    let accounts = node.accounts(&candidates).await?;
    let states = candidates.iter().zip(accounts).map(|(key, account)| {
        let state = account.map(|account| VaultState::read(&account.owner, &account.data));
        (*key, state.unwrap_or_default())
    });
    let states: Vec<_> = states.collect();
    let (pairs, _) = states.as_chunks::<2>();
    Ok(pairs.iter().zip(owners).map(|(pair, (owner, _))| among(pair, owner, safe)).collect())
}

fn among(candidates: &[(Pubkey, VaultState); 2], owner: &Pubkey, safe: &Safe) -> Payee {
    let is_owners = |(_, state): &&(Pubkey, VaultState)| state.mint == safe.mint && state.owner == *owner;
    match candidates.iter().find(is_owners) {
        Some((key, _)) => Payee::To(*key),
        None => Payee::None(format!(
            "{owner} has neither {} any longer nor an associated account, {}: it opens that, or signs with --to",
            candidates[0].0, candidates[1].0
        )),
    }
}

#[cfg(test)]
mod tests {
    use bytemuck::Zeroable;

    use super::*;

    fn key(byte: u8) -> Pubkey {
        Pubkey::new_from_array([byte; 32])
    }

    #[test]
    fn who_is_paid_still_owns_the_account() {
        let safe = Safe { mint: key(1), ..Safe::zeroed() };
        let of =
            |owner: u8, mint: u8| VaultState { owner: key(owner), mint: key(mint), ..VaultState::default() };
        let paid = |named, associated| among(&[(key(7), named), (key(8), associated)], &key(2), &safe);
        assert_eq!(paid(of(2, 1), of(2, 1)), Payee::To(key(7)));
        for gone in [VaultState::default(), of(3, 1), of(2, 9)] {
            assert_eq!(paid(gone, of(2, 1)), Payee::To(key(8)), "{gone:?}");
            assert!(matches!(paid(gone, VaultState::default()), Payee::None(why) if why.contains("--to")));
        }
    }
}
