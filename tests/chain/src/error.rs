//! What can keep a chain from starting or a transaction from landing.

use std::{io, path::PathBuf, time::Duration};

use solana_client::client_error::ClientError;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

/// Why a chain did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// A program was never built, or built elsewhere.
    #[error("program file {} is missing: `cargo xtask build` makes it", .0.display())]
    MissingProgram(PathBuf),
    /// A program is there and cannot be read, or a folder cannot be made.
    #[error("{}: {source}", path.display())]
    File {
        /// What was touched.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody listens on the port that was asked for.
    #[error(
        "port {port} of 127.0.0.1 is in use by another program: choose another, or none to get a free one"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// A port cannot be had for another reason.
    #[error("port {port} of 127.0.0.1 cannot be opened: {source}")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// No run of free ports turned up.
    #[error("found no {wanted} free ports in a row between {from} and {to}: end programs that listen there")]
    NoFreePorts {
        /// How many are needed.
        wanted: u16,
        /// Lowest port that was tried.
        from: u16,
        /// End of the range.
        to: u16,
    },
    /// The embedded Surfnet refused.
    #[error("surfnet: {0}")]
    Surfnet(String),
    /// There is no validator binary.
    #[error(
        "solana-test-validator is not at {}, nor on PATH: run `cargo xtask demo --validator` to install it, or name \
         the binary in FIREBREAK_VALIDATOR",
        .0.display()
    )]
    NoValidator(PathBuf),
    /// The validator ended by itself.
    #[error("solana-test-validator ended while starting ({status}); the end of its log:\n{log}")]
    ValidatorEnded {
        /// Its exit status.
        status: String,
        /// The last lines that it wrote.
        log: String,
    },
    /// The node did not answer in time.
    #[error("the {node} was not ready after {} s; the end of its log:\n{log}", after.as_secs())]
    NotReady {
        /// Which node.
        node: &'static str,
        /// How long it was given.
        after: Duration,
        /// The last lines that it wrote.
        log: String,
    },
    /// An RPC call failed.
    #[error("rpc: {0}")]
    Rpc(Box<ClientError>),
    /// The keys given do not sign what the instructions ask for.
    #[error("cannot sign: {0}")]
    Sign(String),
    /// A transaction never showed up.
    #[error("transaction {signature} was sent and did not land within {} s", after.as_secs())]
    NotLanded {
        /// Its signature.
        signature: Signature,
        /// How long it was waited for.
        after: Duration,
    },
    /// A transaction landed and failed.
    #[error("transaction {signature} failed in slot {slot}: {error}")]
    Failed {
        /// Its signature.
        signature: Signature,
        /// Where it landed.
        slot: u64,
        /// What the runtime or the program answered.
        error: TransactionError,
    },
    /// An account that should be there is not, or is something else.
    #[error("account {address} {problem}")]
    Account {
        /// Which account.
        address: solana_pubkey::Pubkey,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl From<ClientError> for ChainError {
    fn from(error: ClientError) -> Self {
        Self::Rpc(Box::new(error))
    }
}
