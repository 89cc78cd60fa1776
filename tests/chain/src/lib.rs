//! Real chains for tests and demo: an embedded Surfnet, or solana-test-validator
