//! Scenarios: good by default, one thing broken, the exact error.

mod accounts;
mod acts;
mod attacks;
mod bands;
mod budgets;
mod coverage;
mod creation;
mod damage;
mod errors;
mod extensions;
mod flows;
mod gate;
mod guardians;
mod invariants;
mod journal;
mod mints;
mod pauses;
mod pins;
mod pokes;
mod raises;
mod ratchet;
mod registration;
mod resumes;
mod time;
mod tokens;
mod versions;
