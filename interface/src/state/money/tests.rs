//! Rules of what is in safety, one by one.
