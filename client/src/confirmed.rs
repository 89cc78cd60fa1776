//! A confirmed transaction out of a node's answer to `getTransaction`, for [`crate::told`].
//!
//! Ask for `base64` and for `maxSupportedTransactionVersion` 0 at least. Only what is needed is taken over: which keys,
//! which programs, which calls, and whether it failed.

use solana_program::pubkey::Pubkey;
use solana_transaction_status_client_types::{
    EncodedTransactionWithStatusMeta, UiCompiledInstruction, UiInnerInstructions, UiInstruction,
    UiLoadedAddresses, option_serializer::OptionSerializer,
};

use crate::told::{Call, Confirmed};

/// Why a node's answer is no transaction that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    /// The transaction came without what became of it.
    #[error("the node gave the transaction without its status: ask another one")]
    NoStatus,
    /// Another encoding than was asked for, or damaged.
    #[error("the transaction does not decode: ask for base64, or another node")]
    Transaction,
    /// An address that was loaded from a table is none.
    #[error("an address that the transaction loaded is none")]
    Address,
    /// A call that was interpreted by the node, or whose data is no base58.
    #[error(
        "a call of instruction {instruction} is not given as it was made: ask for base64, or another node"
    )]
    Call {
        /// Number of the instruction, from 0.
        instruction: u8,
    },
}

/// Takes over a transaction that a node gave in base64 or base58.
///
/// # Errors
/// [`NotConfirmed`].
pub fn confirmed(given: &EncodedTransactionWithStatusMeta) -> Result<Confirmed, NotConfirmed> {
    let meta = given.meta.as_ref().ok_or(NotConfirmed::NoStatus)?;
    let transaction = given.transaction.decode().ok_or(NotConfirmed::Transaction)?;
    let mut keys: Vec<Pubkey> = Vec::new();
    for key in transaction.message.static_account_keys() {
        keys.push(Pubkey::new_from_array(key.to_bytes()));
    }
    if let OptionSerializer::Some(UiLoadedAddresses { writable, readonly }) = &meta.loaded_addresses {
        for address in writable.iter().chain(readonly) {
            keys.push(address.parse().map_err(|_| NotConfirmed::Address)?);
        }
    }
    let programs = transaction.message.instructions().iter().map(|one| one.program_id_index).collect();
    let inner = match &meta.inner_instructions {
        OptionSerializer::Some(all) => Some(all.iter().map(calls).collect::<Result<_, _>>()?),
        OptionSerializer::None | OptionSerializer::Skip => None,
    };
    // either says so: an older node gives one, a newer the other
    let failed = meta.err.is_some() || meta.status.is_err();
    Ok(Confirmed { failed, keys, programs, inner })
}

fn calls(of: &UiInnerInstructions) -> Result<(u8, Vec<Call>), NotConfirmed> {
    let instruction = of.index;
    let call = |one: &UiInstruction| {
        let UiInstruction::Compiled(UiCompiledInstruction { program_id_index, accounts, data, stack_height }) =
            one
        else {
            return Err(NotConfirmed::Call { instruction });
        };
        let data = bs58::decode(data).into_vec().map_err(|_| NotConfirmed::Call { instruction })?;
        Ok(Call { program: *program_id_index, accounts: accounts.clone(), data, height: *stack_height })
    };
    Ok((instruction, of.instructions.iter().map(call).collect::<Result<_, _>>()?))
}

#[cfg(test)]
#[path = "confirmed_tests.rs"]
mod tests;
