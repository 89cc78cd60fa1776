//! The JSON of a node's pubsub: requests out, frames in.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::json;
use solana_pubkey::Pubkey;

/// An account as a node tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AccountState {
    pub(super) lamports: u64,
    pub(super) owner: Pubkey,
    pub(super) data: Vec<u8>,
}

/// What one frame says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Request `id` is subscribed under this number.
    Subscribed { id: u64, subscription: u64 },
    /// Request `id` was refused.
    Refused { id: Option<u64>, why: String },
    /// The account behind a subscription changed.
    Account { subscription: u64, slot: u64, account: AccountState },
    /// A new slot began.
    Slot { slot: u64 },
}

/// Why a frame is none of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum WireError {
    #[error("not a pubsub frame: {0}")]
    Json(String),
    #[error("{0} in an account notice")]
    Account(&'static str),
    #[error("a frame that is neither answer nor notice")]
    Unknown,
}

pub(super) fn subscribe_slots(id: u64) -> String {
    json!({ "jsonrpc": "2.0", "id": id, "method": "slotSubscribe" }).to_string()
}

pub(super) fn subscribe_account(id: u64, account: &Pubkey) -> String {
    let config = json!({ "encoding": "base64", "commitment": "processed" });
    json!({
        "jsonrpc": "2.0",
        "id": id,
        "method": "accountSubscribe",
        "params": [account.to_string(), config],
    })
    .to_string()
}

/// Every shape that a frame takes, read in one pass.
#[derive(Deserialize)]
struct Raw {
    id: Option<u64>,
    result: Option<u64>,
    error: Option<RawError>,
    params: Option<RawParams>,
}

#[derive(Deserialize)]
struct RawError {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
struct RawParams {
    subscription: u64,
    result: RawNotice,
}

#[derive(Deserialize)]
struct RawNotice {
    slot: Option<u64>,
    context: Option<RawContext>,
    value: Option<RawAccount>,
}

#[derive(Deserialize)]
struct RawContext {
    slot: u64,
}

#[derive(Deserialize)]
struct RawAccount {
    lamports: u64,
    owner: String,
    data: (String, String),
}

pub(super) fn read(text: &str) -> Result<Frame, WireError> {
    let raw: Raw = serde_json::from_str(text).map_err(|error| WireError::Json(error.to_string()))?;
    match raw {
        Raw { error: Some(error), id, .. } => {
            Ok(Frame::Refused { id, why: format!("{} ({})", error.message, error.code) })
        }
        Raw { id: Some(id), result: Some(subscription), .. } => Ok(Frame::Subscribed { id, subscription }),
        Raw { params: Some(RawParams { subscription, result }), .. } => notice(subscription, result),
        _ => Err(WireError::Unknown),
    }
}

fn notice(subscription: u64, notice: RawNotice) -> Result<Frame, WireError> {
    match notice {
        RawNotice { context: Some(context), value: Some(account), .. } => {
            Ok(Frame::Account { subscription, slot: context.slot, account: account.decode()? })
        }
        RawNotice { slot: Some(slot), .. } => Ok(Frame::Slot { slot }),
        _ => Err(WireError::Unknown),
    }
}

impl RawAccount {
    fn decode(self) -> Result<AccountState, WireError> {
        let (data, encoding) = self.data;
        if encoding != "base64" {
            return Err(WireError::Account("another encoding than base64"));
        }
        Ok(AccountState {
            lamports: self.lamports,
            owner: self.owner.parse().map_err(|_| WireError::Account("a malformed owner"))?,
            data: STANDARD.decode(data).map_err(|_| WireError::Account("malformed base64"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";

    fn account_frame(data: &str, encoding: &str, owner: &str) -> String {
        json!({
            "jsonrpc": "2.0",
            "method": "accountNotification",
            "params": {
                "result": {
                    "context": { "slot": 77, "apiVersion": "4.2.2" },
                    "value": {
                        "lamports": 5, "owner": owner, "data": [data, encoding],
                        "executable": false, "rentEpoch": 18446744073709551615_u64, "space": 3,
                    },
                },
                "subscription": 9,
            },
        })
        .to_string()
    }

    #[test]
    fn reads_an_account() {
        let frame = read(&account_frame("AQID", "base64", OWNER)).expect("a notice");
        let account = AccountState { lamports: 5, owner: OWNER.parse().expect("a key"), data: vec![1, 2, 3] };
        let expected = Frame::Account { subscription: 9, slot: 77, account };
        assert_eq!(frame, expected);
    }

    #[test]
    fn reads_slots_answers_and_refusals() {
        let slot = r#"{"jsonrpc":"2.0","method":"slotNotification",
            "params":{"result":{"parent":75,"root":44,"slot":76},"subscription":0}}"#;
        assert_eq!(read(slot), Ok(Frame::Slot { slot: 76 }));
        let answer = r#"{"jsonrpc":"2.0","result":23784,"id":1}"#;
        let subscribed = Frame::Subscribed { id: 1, subscription: 23784 };
        assert_eq!(read(answer), Ok(subscribed));
        let refusal = r#"{"jsonrpc":"2.0","error":{"code":-32602,"message":"no"},"id":3}"#;
        let refused = Frame::Refused { id: Some(3), why: "no (-32602)".into() };
        assert_eq!(read(refusal), Ok(refused));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for bad in [
            "",
            "{}",
            "[1]",
            r#"{"id":1,"result":true}"#,
            r#"{"params":{"subscription":1,"result":{}}}"#,
            &account_frame("AQID", "base58", OWNER),
            &account_frame("*", "base64", OWNER),
            &account_frame("AQID", "base64", "nobody"),
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_is_far_below_the_frame_limit_of_the_node() {
        let request = subscribe_account(u64::MAX, &Pubkey::new_from_array([255; 32]));
        assert!(request.len() < 4_096);
        assert!(request.contains("\"processed\""));
        assert!(subscribe_slots(1).contains("slotSubscribe"));
    }
}
