//! Addresses, account readers and instruction builders of Firebreak for off-chain callers
