//! The chain's clock, as its sysvar account says.

use firebreak_interface::Instant;
use solana_program::{pubkey::Pubkey, sysvar};

/// Where the clock is.
pub const ADDRESS: Pubkey = sysvar::clock::ID;

/// The moment in the clock's account; none when the account is something else.
pub fn read(owner: &Pubkey, data: &[u8]) -> Option<Instant> {
    // slot, start of the epoch, epoch, epoch of the leader schedule, unix time
    let words: [[u8; 8]; 5] = bytemuck::try_pod_read_unaligned(data).ok()?;
    (*owner == sysvar::ID).then(|| Instant::new(u64::from_le_bytes(words[0]), i64::from_le_bytes(words[4])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_slot_and_unix_time_of_the_sysvar_alone() {
        let mut data = [0; 40];
        data[..8].copy_from_slice(&55u64.to_le_bytes());
        data[32..].copy_from_slice(&(-7i64).to_le_bytes());
        assert_eq!(read(&sysvar::ID, &data), Some(Instant::new(55, -7)));
        assert_eq!(read(&ADDRESS, &data), None);
        assert_eq!(read(&sysvar::ID, &data[..39]), None);
    }
}
