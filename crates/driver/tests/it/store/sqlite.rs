//! The contract's promises, asked of SQLite.

use super::fixture::SqliteBench;
use super::{
    promises_of_claims, promises_of_client_keys, promises_of_records, promises_of_restores, promises_of_revocations,
    races,
};

macro_rules! ask {
    ($($module:ident :: $promise:ident;)*) => {
        $(#[test]
        fn $promise() {
            $module::$promise(&SqliteBench::new());
        })*
    };
}

ask! {
    promises_of_records::a_new_record_is_read_back_by_everyone;
    promises_of_records::labels_are_unique_within_a_provider;
    promises_of_records::a_login_replaces_only_what_it_saw;
    promises_of_records::a_replaced_record_keeps_its_id_and_starts_afresh;
    promises_of_records::records_come_in_order;
    promises_of_records::every_write_changes_the_version_for_everyone;
    promises_of_records::the_standing_is_fenced;
    promises_of_records::two_amendments_do_not_undo_each_other;
    promises_of_records::the_users_switch_survives_everyone_elses_writes;
    promises_of_records::rename_and_priority;
    promises_of_records::a_buried_record_leaves_a_tombstone_without_secrets;
    promises_of_records::the_fingerprint_key_is_the_same_for_everyone;
    promises_of_records::a_lock_is_held_by_one;
    promises_of_claims::a_claim_is_made_once;
    promises_of_claims::a_claim_needs_the_generation_it_was_read_at;
    promises_of_claims::only_the_attempt_that_holds_it_marks_sends_and_hands_over;
    promises_of_claims::a_token_surely_not_taken_is_free_again;
    promises_of_claims::an_unknown_outcome_outlives_a_later_release;
    promises_of_claims::two_sends_of_one_attempt_leave_one_unknown;
    promises_of_claims::a_commit_is_one_step;
    promises_of_claims::a_commit_is_refused_by_a_tombstone;
    promises_of_claims::a_commit_is_superseded_by_a_login;
    promises_of_claims::a_token_that_was_not_rotated_can_be_claimed_again;
    promises_of_claims::a_dead_token_is_dropped_and_never_claimed_again;
    promises_of_claims::a_quarantine_spares_what_moved_on;
    promises_of_claims::a_login_clears_what_stood_on_its_own_token_and_nothing_else;
    promises_of_claims::a_closed_claim_is_pruned_after_thirty_days_and_stays_closed_for_good;
    promises_of_revocations::a_logout_buries_and_queues_in_one_step;
    promises_of_revocations::a_removal_queues_nothing;
    promises_of_revocations::a_key_is_not_revoked;
    promises_of_revocations::nothing_of_a_logged_out_grant_is_sent;
    promises_of_revocations::what_came_after_a_logout_is_queued;
    promises_of_revocations::a_login_between_does_not_hide_the_logout;
    promises_of_revocations::a_copy_of_a_logged_out_token_stays_dead;
    promises_of_revocations::one_at_a_time_tries_to_revoke;
    promises_of_restores::a_removed_grant_comes_back_and_is_claimed_as_sent;
    promises_of_restores::what_lives_is_left_as_it_is;
    promises_of_restores::a_logout_is_undone_only_on_demand_and_while_it_waits;
    promises_of_restores::a_spent_token_does_not_come_back;
    promises_of_restores::a_backup_of_any_age_brings_no_spent_token_back;
    promises_of_restores::a_queued_revocation_is_not_undone_under_another_id;
    promises_of_restores::a_revival_needs_a_tombstone_whose_renewal_has_ended;
    promises_of_restores::whoever_claimed_what_would_come_back_has_ended_first;
    promises_of_restores::what_is_being_revoked_is_not_revived;
    promises_of_restores::a_label_that_is_taken_gets_a_number;
    promises_of_client_keys::a_client_key_is_read_as_it_was_added;
    promises_of_client_keys::a_lent_key_that_was_never_given_back_goes_by_itself;
    races::many_claims_one_made;
    races::many_commits_one_done;
    races::many_logins_make_many_records;
    races::a_view_is_of_one_moment;
}
