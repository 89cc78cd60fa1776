//! Withdrawals that wait in the safe, in their users' names.

use std::ops::RangeInclusive;

use firebreak_chain::account;
use firebreak_client::interface::{pda, state::Held};
use solana_client::nonblocking::rpc_client::RpcClient;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

use crate::{
    error::{DemoError, Trying},
    stage::{DOLLAR, Person, Stage},
    watch::decode,
};

/// The safe of the dollar.
pub(super) fn safe(stage: &Stage) -> Pubkey {
    pda::safe(&stage.venue.market, &stage.mints[DOLLAR]).0
}

/// A withdrawal of dollars that waits where it is too much.
pub(super) async fn ask(
    stage: &Stage,
    rpc: &RpcClient,
    person: &Person,
    amount: u64,
    nonce: u64,
) -> Result<[Instruction; 2], DemoError> {
    let (mint, purse, segment) = (stage.mints[DOLLAR], person.purses[DOLLAR], stage.segment(rpc).await?);
    let withdraw = stage.venue.withdraw_or_hold(person.address(), mint, purse, (amount, nonce), segment);
    Ok([stage.serial(), withdraw])
}

/// What waits in somebody's name under this number of his.
pub(super) async fn waiting(
    stage: &Stage,
    rpc: &RpcClient,
    owner: &Pubkey,
    nonce: u64,
) -> Result<Option<Held>, DemoError> {
    let address = pda::held(&safe(stage), owner, nonce).0;
    let found = account(rpc, &address).await.trying("reading what waits")?;
    found
        .filter(|account| !account.data.is_empty())
        .map(|account| decode(&account, "held withdrawal"))
        .transpose()
}

/// Numbers in the fewest ranges: one act flags each.
pub(super) fn ranges(mut numbers: Vec<u64>) -> Vec<RangeInclusive<u64>> {
    numbers.sort_unstable();
    let mut ranges: Vec<RangeInclusive<u64>> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(last) if *last.end() + 1 == number => *last = *last.start()..=number,
            _ => ranges.push(number..=number),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(vec![]), []);
        assert_eq!(ranges(vec![4, 0, 1, 7, 5]), [0..=1, 4..=5, 7..=7]);
    }
}
