//! What the breaker calls. Whatever a scenario sends is looked at: the breaker calls System and itself and nobody else, and
//! where it is alone in a transaction no token account changes.

use std::{cell::RefCell, collections::BTreeSet};

use firebreak_client::told::Confirmed;
use firebreak_interface::{ID, state};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_transaction::Transaction;

/// System program.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// First eight bytes of an instruction's data.
pub type Name = [u8; 8];

thread_local! {
    static ASKED: RefCell<BTreeSet<Name>> = const { RefCell::new(BTreeSet::new()) };
}

/// The breaker's instructions that succeeded in a scenario on this thread so far, called by programs too.
pub fn asked() -> BTreeSet<Name> {
    ASKED.with_borrow(Clone::clone)
}

/// What the breaker was asked for in a transaction.
///
/// # Errors
/// The program that the breaker called and should not.
pub fn of_breaker(transaction: &Transaction, confirmed: &Confirmed) -> Result<BTreeSet<Name>, Pubkey> {
    let (mut asked, calls) = (BTreeSet::new(), confirmed.inner.as_deref().unwrap_or_default());
    let mut ask = |data: &[u8]| asked.extend(data.first_chunk().copied());
    for (number, instruction) in (0..).zip(&transaction.message.instructions) {
        let mut stack = vec![confirmed.keys[usize::from(instruction.program_id_index)]];
        if stack == [ID] {
            ask(&instruction.data);
        }
        let led_to = calls.iter().filter(|(of, _)| *of == number).flat_map(|(_, calls)| calls);
        for call in led_to {
            let program = confirmed.keys[usize::from(call.program)];
            let height = call.height.expect("the VM records every call") as usize;
            stack.truncate(height - 1);
            let is_own = stack.last() == Some(&ID);
            if is_own && program != SYSTEM && program != ID {
                return Err(program);
            }
            if !is_own && program == ID {
                ask(&call.data);
            }
            stack.push(program);
        }
    }
    Ok(asked)
}

/// The token accounts among the keys of a transaction in which nobody but the breaker could touch them.
pub(crate) fn tokens(
    transaction: &Transaction,
    account: impl Fn(&Pubkey) -> Option<Account>,
) -> Vec<(Pubkey, Account)> {
    let keys = &transaction.message.account_keys;
    let mut programs =
        transaction.message.instructions.iter().map(|instruction| instruction.program_id_index);
    if !programs.all(|program| [ID, COMPUTE_BUDGET].contains(&keys[usize::from(program)])) {
        return Vec::new();
    }
    let is_tokens = |account: &Account| [state::TOKEN, state::TOKEN_2022].contains(&account.owner);
    keys.iter().filter_map(|key| Some((*key, account(key).filter(is_tokens)?))).collect()
}

/// Remembers what the breaker was asked for.
///
/// # Panics
/// Where it called somebody that it should not, or where one of these token accounts is another now.
pub(crate) fn check(
    transaction: &Transaction,
    confirmed: &Confirmed,
    tokens: &[(Pubkey, Account)],
    account: impl Fn(&Pubkey) -> Option<Account>,
) {
    let asked = match of_breaker(transaction, confirmed) {
        Ok(asked) => asked,
        Err(program) => panic!("the breaker called {program}"),
    };
    for (key, before) in tokens {
        assert_eq!(account(key).as_ref(), Some(before), "the breaker moved what is in {key}");
    }
    if !confirmed.failed {
        ASKED.with_borrow_mut(|all| all.extend(asked));
    }
}
