//! The command line of guardians and authority
