//! Durable nonces: what lets an order that is signed today land next month. For a pause alone; a loosening refuses them.

use solana_hash::Hash;
use solana_instruction::{AccountMeta, Instruction};
use solana_pubkey::Pubkey;

use crate::{chain::Node, error::Error};

const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
const RECENT_BLOCKHASHES: Pubkey = Pubkey::from_str_const("SysvarRecentB1ockHashes11111111111111111111");
/// First bytes of the system program's instruction that advances a nonce.
pub(super) const ADVANCE: [u8; 4] = [4, 0, 0, 0];

/// The instruction that comes first and advances the nonce.
pub fn advance(account: Pubkey, authority: Pubkey) -> Instruction {
    let accounts = vec![
        AccountMeta::new(account, false),
        AccountMeta::new_readonly(RECENT_BLOCKHASHES, false),
        AccountMeta::new_readonly(authority, true),
    ];
    Instruction { program_id: SYSTEM, accounts, data: ADVANCE.to_vec() }
}

/// The nonce, which stands in the place of a blockhash.
///
/// # Errors
/// [`Error::NotFound`] where there is none, [`Error::WrongKey`] where somebody else advances it.
pub async fn read(node: &Node, account: Pubkey, authority: Pubkey) -> Result<Hash, Error> {
    let found = node.accounts(&[account]).await?.pop().flatten();
    let none = || {
        Error::not_found(format!(
            "{account} is no nonce account: create one with `solana create-nonce-account`"
        ))
    };
    let found = found.filter(|found| found.owner == SYSTEM).ok_or_else(none)?;
    let (owner, nonce) = parse(&found.data).ok_or_else(none)?;
    if owner == authority {
        return Ok(nonce);
    }
    let remedy = format!("{owner} advances nonce {account}");
    Err(Error::WrongKey { key: authority, role: "the nonce's authority", remedy })
}

/// Authority and nonce: after version and state, 1 each where there is a nonce.
fn parse(data: &[u8]) -> Option<(Pubkey, Hash)> {
    let (head, rest) = data.split_first_chunk::<8>()?;
    let (authority, rest) = rest.split_first_chunk::<32>()?;
    let (nonce, _) = rest.split_first_chunk::<32>()?;
    (*head == [1, 0, 0, 0, 1, 0, 0, 0])
        .then(|| (Pubkey::new_from_array(*authority), Hash::new_from_array(*nonce)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_read_and_an_empty_account_is_none() {
        let data = [&[1, 0, 0, 0, 1, 0, 0, 0][..], &[7; 32], &[8; 32], &[0; 8]].concat();
        assert_eq!(parse(&data), Some((Pubkey::new_from_array([7; 32]), Hash::new_from_array([8; 32]))));
        // one of the old kind cannot be used any longer, one without a nonce not yet
        for (place, byte) in [(0, 0), (4, 0)] {
            let mut other = data.clone();
            other[place] = byte;
            assert_eq!(parse(&other), None);
        }
        assert_eq!(parse(&data[..71]), None);
    }
}
