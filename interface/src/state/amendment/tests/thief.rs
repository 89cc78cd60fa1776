//! The thief who holds the key of the authority.
