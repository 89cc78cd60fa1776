//! A stamp of now for an approval: a recent slot and its hash, as the SlotHashes sysvar has them.

use firebreak_interface::instruction::{SLOT_HASHES, Stamp};
use solana_program::{pubkey::Pubkey, sysvar};

/// Where the slots' hashes are.
pub const ADDRESS: Pubkey = SLOT_HASHES;

/// The newest stamp in the sysvar's account; none when the account is something else, or empty.
pub fn newest(owner: &Pubkey, data: &[u8]) -> Option<Stamp> {
    // a count, then slot and hash of each, the latest first
    let (count, rows) = data.split_first_chunk::<8>()?;
    let (slot, rest) = rows.split_first_chunk::<8>()?;
    let hash = *rest.first_chunk::<32>()?;
    let is_one = *owner == sysvar::ID && u64::from_le_bytes(*count) > 0;
    is_one.then(|| Stamp { slot: u64::from_le_bytes(*slot), hash })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sysvar(rows: &[(u64, u8)]) -> Vec<u8> {
        let count = (rows.len() as u64).to_le_bytes().to_vec();
        rows.iter().fold(count, |data, (slot, hash)| [&data[..], &slot.to_le_bytes(), &[*hash; 32]].concat())
    }

    #[test]
    fn the_first_row_is_the_newest() {
        let data = sysvar(&[(9, 1), (8, 2)]);
        assert_eq!(newest(&sysvar::ID, &data), Some(Stamp { slot: 9, hash: [1; 32] }));
    }

    #[test]
    fn what_is_not_the_sysvar_or_is_empty_gives_none() {
        let data = sysvar(&[(9, 1)]);
        assert_eq!(newest(&ADDRESS, &data), None, "of another owner");
        assert_eq!(newest(&sysvar::ID, &data[..47]), None, "cut short");
        // the account has room for 512 rows, whatever their count
        let empty = [&sysvar(&[])[..], &[0; 40]].concat();
        assert_eq!(newest(&sysvar::ID, &empty), None);
    }
}
