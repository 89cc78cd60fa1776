//! Every error of the breaker is reached by a scenario, or it is said why no transaction can.

use std::collections::BTreeSet;

use firebreak_interface::BreakerError::{self, *};
use firebreak_scenarios::outcome;

use crate::{
    accounts, bands, coverage, damage, flows, guardians, invariants, journal, mints, pauses, pins, pokes,
    raises, ratchet, registration, time, versions,
};

/// Which scenario meets which error.
const REACHED: &[(BreakerError, fn())] = &[
    (NotTheAuthority, registration::a_stranger_registers_and_arms_nothing),
    (NotAGuardian, pauses::a_stranger_pauses_nothing),
    (NotTheRecorder, flows::only_the_recorder_records),
    (NotTheKeeper, raises::only_a_registered_key_raises_its_own_protocol),
    (WrongProtocol, accounts::record_flow),
    (WrongMarket, accounts::record_flow),
    (WrongVault, accounts::record_flow),
    (WrongJournal, journal::no_act_is_written_into_anothers_history),
    (WrongSegment, journal::an_old_segment_takes_nothing),
    (TooNewToRead, versions::by_nobody_who_raises_pauses_or_steps_down),
    (RegistrationClosed, registration::registration_closes_with_the_first_armed_limiter),
    (GuardianCount, registration::a_protocol_has_three_to_sixteen_guardians),
    (InvalidGuardian, registration::a_guardian_is_a_key_and_listed_once),
    (GuardianRoleConflict, registration::no_key_has_two_roles),
    (DelayOutOfBounds, registration::a_loosening_waits_a_day_to_thirty),
    (DurationOutOfBounds, pauses::a_pauses_length_has_bounds),
    (DwellOutOfBounds, registration::a_markets_times_have_bounds),
    (GraceOutOfBounds, registration::a_markets_times_have_bounds),
    (ResponseNotMonotone, registration::a_higher_severity_is_never_looser),
    (LimitsNotMonotone, registration::a_higher_severity_is_never_looser),
    (ExitClosed, registration::only_a_critical_that_said_so_closes_exits),
    (LimiterSettingOutOfBounds, registration::nothing_in_a_limiter_is_ever_off),
    (SoftNotBelowHard, registration::soft_is_below_hard_and_each_has_its_severities),
    (SeverityNotAllowed, registration::soft_is_below_hard_and_each_has_its_severities),
    (AlreadyArmed, registration::registration_closes_with_the_first_armed_limiter),
    (ZeroFlow, flows::a_flow_of_nothing_is_refused),
    (UnknownOperation, flows::an_unknown_operation_is_refused),
    (NothingToLatch, pokes::where_nothing_is_proven_nothing_is_latched),
    (NotTopLevel, pokes::poke_runs_at_top_level_only),
    (WrongCompany, pokes::poke_keeps_no_company_that_could_have_moved_money),
    (StalePauseEpoch, pauses::a_pause_of_another_epoch_is_void),
    (PauseExpired, pauses::a_pause_signed_in_advance_waits_until_it_is_needed_or_expires),
    (NothingToClose, pauses::a_pause_of_nothing_is_refused),
    (PauseBudgetSpent, pauses::the_budget_is_what_one_guardian_can_pause_in_a_period),
    (RaiseDurationOutOfBounds, raises::a_raises_length_has_bounds),
    (RaisesSpent, raises::a_keeper_has_so_many_raises_a_day),
    (KeeperExpired, raises::a_registration_ends),
    (KeeperSettingOutOfBounds, registration::a_keepers_registration_has_bounds),
    (VaultNotGuardable, registration::only_a_vault_that_its_owner_alone_can_move_is_guarded),
    (SegmentNotNeeded, journal::nobody_makes_a_segment_that_is_not_needed),
    (AlreadyHeld, raises::what_is_held_already_is_not_raised_again),
    (RecorderNotOfProgram, registration::nobody_puts_another_program_under_a_protocol),
    (Detached, flows::a_protocol_that_left_is_open_and_takes_no_more_acts),
    (AmountAboveBalance, flows::more_than_the_vault_holds_is_an_error_and_no_breach),
    (CoverageCount, coverage::a_table_has_so_many_rows),
    (CoveredTwice, coverage::an_instruction_has_one_row),
    (NothingToStepDown, time::a_fall_is_told_to_the_journal_once),
    (UnknownSeverity, damage::a_severity_that_is_none),
    (BalanceOverflow, damage::a_balance_beyond_64_bits),
    (CapacityOverflow, damage::a_capacity_beyond_64_bits),
    (UndeclaredOverflow, damage::an_undeclared_flow_beyond_64_bits),
    (BaseOverflow, damage::an_average_beyond_64_bits),
    (MarketInvariant, damage::a_market_that_closes_exits_under_minor),
    (LimiterInvariant, damage::a_limiter_that_carries_more_than_a_window),
    (InvalidAuthority, registration::nobody_governs_by_the_default_key),
    (JournalInvariant, damage::a_journal_that_is_full_for_ever),
    (ExitPaysOut, flows::an_exit_never_pays_out),
    (MintNotGuardable, mints::a_mint_that_others_can_move_hide_or_bar_is_refused),
    (WrongMint, mints::another_mint_vouches_for_nothing),
    (MintCapDiffers, mints::fresh_limiters_of_a_mint_share_one_cap),
    (MintCapSpent, mints::fresh_limiters_of_a_mint_share_one_cap),
    (WrongPriceAccount, bands::no_other_account_stands_for_a_feed),
    (PriceUnreadable, bands::what_is_no_price_of_the_feed_is_neither_registered_nor_observed),
    (PriceUnusable, bands::a_band_begins_with_prices_that_can_be_used),
    (BandSettingOutOfBounds, bands::a_bands_settings_have_bounds),
    (SameFeedTwice, bands::a_bands_settings_have_bounds),
    (UnusableIsNeverCritical, bands::a_bands_settings_have_bounds),
    (BandInvariant, damage::a_band_whose_reference_is_gone),
    (WrongTermAccount, invariants::no_other_account_stands_for_a_term),
    (TermUnreadable, invariants::what_holds_no_such_integer_is_no_term),
    (TermCount, invariants::an_invariants_settings_have_bounds),
    (ZeroCoefficient, invariants::an_invariants_settings_have_bounds),
    (SameTermTwice, invariants::an_integer_is_a_term_once),
    (RatioOutOfBounds, invariants::an_invariants_settings_have_bounds),
    (InvariantDamaged, damage::an_invariant_whose_terms_count_for_nothing),
    (LooseningWaits, ratchet::nothing_is_loosened_by_a_signature_alone),
    (BelowFloor, ratchet::tightening_at_once_has_a_floor_and_is_undone_in_one_step),
    (StepTooLarge, ratchet::one_proposal_loosens_by_one_step),
    (SettingFixed, ratchet::what_is_fixed_stays_and_what_is_the_same_is_no_change),
    (NothingChanges, ratchet::what_is_fixed_stays_and_what_is_the_same_is_no_change),
    (WrongSubject, ratchet::a_proposal_names_what_it_changes),
    (ProposalNotRipe, ratchet::a_proposal_is_executed_neither_early_nor_twice_nor_late),
    (ProposalExpired, ratchet::a_proposal_is_executed_neither_early_nor_twice_nor_late),
    (ProposalFinished, ratchet::a_proposal_is_executed_neither_early_nor_twice_nor_late),
    (ProposalVoid, ratchet::a_change_voids_what_was_proposed_before_it_but_no_undoing),
    (WrongProposal, ratchet::a_proposal_stands_for_nothing_but_itself),
    (TooManyProposals, ratchet::so_many_proposals_wait_and_each_goes_its_way_once),
    (ProposalTooLong, ratchet::a_proposal_has_so_many_bytes),
    (CannotCancel, ratchet::so_many_proposals_wait_and_each_goes_its_way_once),
    (PokeFirst, ratchet::loss::a_loss_is_accepted_as_it_was_seen),
    (NotTheNewAuthority, ratchet::governance_moves_to_a_key_that_signs),
    (NotArmed, ratchet::a_rule_goes_back_to_shadow_by_a_proposal_and_is_armed_again_at_once),
    (KeeperEnded, ratchet::a_keeper_is_revoked),
    (LatchLive, ratchet::leaving::a_protocol_leaves_when_all_is_over_and_stays_gone),
    (MarketMissing, ratchet::leaving::a_protocol_leaves_when_all_is_over_and_stays_gone),
    (LossGrew, ratchet::loss::a_loss_is_accepted_as_it_was_seen),
    (NotProgramData, pins::only_the_data_of_the_protected_program_is_pinned_and_shown),
    (AlreadyPinned, pins::a_pin_is_taken_away_by_a_proposal_only),
    (NotPinned, pins::a_pin_is_taken_away_by_a_proposal_only),
    (ThresholdOutOfBounds, guardians::thresholds_have_bounds_and_a_majority_where_they_loosen),
    (AlreadyVoted, guardians::members_change_with_the_members_own_approval),
    (MigrateFirst, guardians::a_protocol_of_the_first_version_is_migrated_by_anyone_and_twice_is_once),
    (AlreadyFrozen, guardians::a_frozen_authority_proposes_nothing_and_executes_nothing),
    (AuthorityFrozen, guardians::a_frozen_authority_proposes_nothing_and_executes_nothing),
    (NotApproved, guardians::members_change_with_the_members_own_approval),
    (StaleStamp, guardians::a_stamp_is_of_the_last_512_slots),
    (DurableNonce, guardians::an_approval_signed_an_hour_ago_fails_in_every_disguise),
    (StaleFreeze, guardians::a_frozen_authority_proposes_nothing_and_executes_nothing),
    (CodeTooLong, pins::code_too_long_to_hash_is_not_pinned),
    (LossOfEverything, ratchet::loss::something_is_left_of_what_is_lost),
    (LossUnseen, ratchet::loss::a_loss_is_accepted_as_it_was_seen),
];

#[test]
fn every_error_is_reached() {
    for error in BreakerError::ALL {
        let scenarios: Vec<fn()> =
            REACHED.iter().filter(|(reached, _)| reached == error).map(|(_, scenario)| *scenario).collect();
        assert_eq!(scenarios.len(), 1, "{error:?} is in the list once");
    }
    let mut run = BTreeSet::new();
    for (error, scenario) in REACHED {
        if run.insert(*scenario as usize) {
            scenario();
        }
        assert!(outcome::reached().contains(&error.code()), "its scenario does not reach {error:?}");
    }
}
