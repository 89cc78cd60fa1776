//! What the breaker calls. Whatever a scenario sends is looked at: the breaker calls System and itself and nobody else, and
//! where it is alone in a transaction no token account changes. What moves money calls the two token programs too; then
//! nothing of a token account changes but its balance, and money goes to a safe or comes from one.

use std::{cell::RefCell, collections::BTreeSet};

use firebreak_client::told::Confirmed;
use firebreak_interface::{
    ID,
    instruction::discriminator as name,
    state::{self, Layout, Safe},
};
use solana_account::Account;
use solana_pubkey::Pubkey;
use solana_transaction::Transaction;

/// System program.
const SYSTEM: Pubkey = Pubkey::new_from_array([0; 32]);
const COMPUTE_BUDGET: Pubkey = Pubkey::from_str_const("ComputeBudget111111111111111111111111111111");

/// First eight bytes of an instruction's data.
pub type Name = [u8; 8];

/// What moves money, or makes the account that it goes to.
const OF_MONEY: [Name; 7] =
    [name::REGISTER_SAFE, name::MIGRATE, name::HOLD, name::PAY, name::CLAIM_HELD, name::RELEASE, name::CLAIM];

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
        let name = |data: &[u8]| data.first_chunk().copied().unwrap_or_default();
        let program = confirmed.keys[usize::from(instruction.program_id_index)];
        let mut stack = vec![(program, name(&instruction.data))];
        if program == ID {
            ask(&instruction.data);
        }
        let led_to = calls.iter().filter(|(of, _)| *of == number).flat_map(|(_, calls)| calls);
        for call in led_to {
            let program = confirmed.keys[usize::from(call.program)];
            let height = call.height.expect("the VM records every call") as usize;
            stack.truncate(height - 1);
            let caller = stack.last().filter(|(program, _)| *program == ID);
            let is_tokens = [state::TOKEN, state::TOKEN_2022].contains(&program);
            let moves = caller.is_some_and(|(_, name)| OF_MONEY.contains(name));
            if caller.is_some() && program != SYSTEM && program != ID && !(is_tokens && moves) {
                return Err(program);
            }
            if caller.is_none() && program == ID {
                ask(&call.data);
            }
            stack.push((program, name(&call.data)));
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
/// Where it called somebody that it should not, or where one of these token accounts is another now than it may be.
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
    if asked.iter().any(|name| OF_MONEY.contains(name)) {
        check_moves(tokens, account);
    } else {
        for (key, before) in tokens {
            assert_eq!(account(key).as_ref(), Some(before), "the breaker moved what is in {key}");
        }
    }
    if !confirmed.failed {
        ASKED.with_borrow_mut(|all| all.extend(asked));
    }
}

/// Checks that of these token accounts nothing changed but balances, and that all of it went to safes, or came from them.
fn check_moves(tokens: &[(Pubkey, Account)], account: impl Fn(&Pubkey) -> Option<Account>) {
    const AMOUNT: std::ops::Range<usize> = 64..72;
    const BASE: usize = 165;
    let is_safe = |token: &Account| {
        let owner = Pubkey::try_from(&token.data[32..64]).expect("a key");
        account(&owner).is_some_and(|owner| owner.owner == ID && owner.data.starts_with(&Safe::TAG))
    };
    let amount = |token: &Account| {
        u64::from_le_bytes(token.data[AMOUNT].try_into().expect("eight bytes of a balance"))
    };
    let without = |token: &Account| [&token.data[..AMOUNT.start], &token.data[AMOUNT.end..BASE]].concat();
    let (mut to_safes, mut from_safes) = (true, true);
    for (key, before) in tokens.iter().filter(|(_, token)| token.data.len() >= BASE) {
        let after = account(key).expect("nobody closed it");
        assert_eq!(without(&after), without(before), "the breaker changed more of {key} than what is in it");
        to_safes &= amount(&after) <= amount(before) || is_safe(before);
        from_safes &= amount(&after) >= amount(before) || is_safe(before);
    }
    assert!(to_safes || from_safes, "money went neither to a safe nor out of one");
}
