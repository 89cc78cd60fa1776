//! What may be called, and what is called together.

use super::{DAY, HOLD_DEFAULT};

/// What one may call.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Call {
    Deposit,
    Withdraw,
    Hold,
    Steal,
    Give,
    Freeze,
    Poke,
    Falsify,
    Pause,
    Order,
    Migrate,
    ClaimHeld,
    Flag,
    Decide,
    ProposeRelease,
    ProposeClaims,
    Begin,
    Release,
    Claim,
    Register,
    Wait(u64),
}

use Call::*;

pub(super) const CALLS: [Call; 20] = [
    Deposit,
    Withdraw,
    Hold,
    Steal,
    Give,
    Freeze,
    Poke,
    Falsify,
    Pause,
    Order,
    Migrate,
    ClaimHeld,
    Flag,
    Decide,
    ProposeRelease,
    ProposeClaims,
    Begin,
    Release,
    Claim,
    Register,
];

/// What belongs together: a rescue, one by measurements alone, returns, claims, withdrawals that wait.
pub(super) const PLANS: [&[Call]; 8] = [
    &[Pause, Order, Migrate, Migrate, Deposit, Migrate],
    &[Register, Steal, Poke, Poke, Migrate, Migrate],
    &[
        ProposeRelease,
        Wait(2 * DAY),
        Begin,
        Release,
        Wait(1_200),
        Release,
        Wait(1_200),
        Release,
        Release,
        Migrate,
    ],
    // another rescue by measurements ends a return for good, also once its halt is over
    &[ProposeRelease, Wait(2 * DAY), Begin, Release, Steal, Poke, Poke, Migrate, Wait(8 * DAY), Release],
    // a halt that a stolen key brings about holds off what it has signed, and no return without it
    &[
        Pause,
        Order,
        Migrate,
        Wait(1),
        ProposeRelease,
        Wait(14 * DAY),
        Falsify,
        Begin,
        Release,
        Falsify,
        Wait(1_200),
        Release,
    ],
    &[ProposeClaims, Wait(2 * DAY), Begin, Claim, Claim, Freeze, Claim, Claim, Freeze, Claim],
    &[
        Withdraw,
        Hold,
        Hold,
        Hold,
        Flag,
        Decide,
        Decide,
        Wait(HOLD_DEFAULT as u64),
        ClaimHeld,
        Wait(10 * DAY),
        ClaimHeld,
    ],
    &[Hold, Pause, Hold, Wait(3 * DAY), Flag, ClaimHeld, Decide, ClaimHeld, ClaimHeld],
];
