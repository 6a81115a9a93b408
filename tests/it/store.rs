//! Behaviour of `store`: every scenario is written once and runs on SQLite and on PostgreSQL, each time as a test of its
//! own in a fresh database.
#![expect(clippy::unwrap_used, reason = "a test may panic wherever it stands")]

mod bench;
mod clock;
mod concurrency;
mod engines;
mod evidence;
mod ledger;
mod orders;
mod outbox;
mod paces;
mod readers;
mod recovery;
mod relays;
mod reports;
mod sealing;

use bench::Bench;

macro_rules! scenarios {
    ($($file:ident::$name:ident,)*) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let bench = super::Bench::sqlite().await;
                    super::$file::$name(&bench).await;
                    bench.store.close().await;
                }
            )*
        }

        mod on_postgresql {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let Some(bench) = super::Bench::postgres(stringify!($name)).await else {
                        return;
                    };
                    super::$file::$name(&bench).await;
                    bench.store.close().await;
                }
            )*
        }
    };
}

scenarios! {
    ledger::a_source_and_its_posts_are_saved_together,
    ledger::large_posts_are_written_and_changed_whole,
    ledger::a_failed_reading_changes_only_the_attempt,
    ledger::a_known_post_is_found_by_either_identity,
    ledger::what_a_visit_teaches_is_kept_whatever_came_of_it,
    ledger::posts_are_counted_by_when_they_were_published,
    ledger::a_renamed_source_keeps_its_posts,
    ledger::the_same_guid_of_two_sources_is_two_posts,
    ledger::an_old_name_may_be_a_new_posts_too,
    ledger::what_came_in_a_flood_is_no_pace,
    ledger::no_source_crowds_another_out_of_what_is_looked_at,
    ledger::a_post_that_is_withdrawn_waits_until_it_is_shown_again,
    ledger::a_waiting_post_is_not_cut_off_for_one_that_is_done,
    ledger::posts_of_issues_come_newest_issue_first,
    ledger::a_post_that_is_kept_out_stays_in_the_ledger,
    ledger::a_joined_post_gives_the_other_its_place_and_topics,
    readers::subscribers_follow_the_file,
    readers::the_file_has_its_own_readers_and_touches_no_other,
    readers::a_suppressed_reader_stays_suppressed,
    readers::subscribers_are_read_page_by_page,
    readers::a_suppression_is_kept_once_with_its_first_reason,
    sealing::a_sealed_issue_reads_back_as_it_was_sealed,
    sealing::a_failing_seal_leaves_nothing,
    sealing::an_edition_is_sealed_once,
    sealing::a_number_that_is_taken_is_a_transient_error,
    sealing::who_left_before_the_seal_is_suppressed,
    sealing::schedules_and_settings_are_remembered,
    sealing::a_post_reaches_a_reader_once_over_all_schedules,
    sealing::the_subjects_of_all_digests_are_told_once_each,
    evidence::a_journal_begins_with_what_the_database_knows_and_follows,
    evidence::what_is_taken_back_is_no_longer_known,
    evidence::what_was_begun_is_known_to_be_lost,
    evidence::a_readers_own_no_is_not_lost_behind_what_may_be_taken_back,
    evidence::an_older_database_takes_over_what_the_journal_knows,
    outbox::every_outcome_moves_the_account_and_it_balances,
    outbox::an_old_fence_records_nothing,
    outbox::an_intent_needs_its_lease,
    outbox::a_reader_who_leaves_before_the_intent_gets_nothing,
    outbox::a_reader_off_the_list_before_the_intent_gets_nothing,
    outbox::who_left_and_may_have_a_copy_is_held,
    outbox::a_missing_mailbox_is_noted_and_suppressed_once_it_is_believed,
    outbox::who_bounced_is_revived_and_who_left_is_not,
    outbox::an_expired_issue_gives_up_what_is_queued,
    outbox::unfinished_issues_are_those_with_work_left,
    outbox::a_refusal_is_revised_under_its_own_fence,
    outbox::what_was_not_tried_yet_goes_before_what_came_back,
    outbox::a_list_of_one_domain_is_known,
    paces::how_much_a_connection_carries_is_kept_by_relay_for_a_while,
    clock::what_lies_ahead_is_set_right_in_its_order,
    clock::a_due_time_served_ahead_gives_way_to_the_newest_true_issue,
    clock::a_lock_of_another_clock_is_taken_away,
    paces::a_pace_is_kept_by_relay_and_domain_until_it_is_over_or_old,
    orders::a_paused_issue_grants_nothing_until_it_is_resumed,
    orders::a_cancelled_issue_suppresses_what_had_not_begun,
    orders::an_issue_that_is_open_or_unknown_is_not_withdrawn,
    orders::what_failed_waits_or_is_held_is_tried_again_when_asked,
    orders::a_walk_shows_every_delivery_with_its_cause,
    orders::past_its_deadline_an_issue_is_sent_no_further_until_it_is_resumed,
    orders::what_a_relay_refused_in_a_flood_is_taken_back,
    recovery::what_was_claimed_is_queued_again,
    recovery::what_was_under_way_is_resent_twice_and_then_held,
    recovery::without_resending_what_was_under_way_is_held,
    recovery::only_leases_that_ran_out_are_taken_back,
    recovery::of_a_line_the_first_alone_is_in_doubt,
    recovery::whoever_was_claimed_anew_holds_no_line_up,
    relays::an_unknown_is_claimed_for_its_own_relay_alone,
    relays::what_a_dead_sender_left_belongs_to_its_relay,
    relays::an_unknown_whose_relay_is_gone_is_held_until_a_person_decides,
    relays::what_is_held_goes_to_its_own_relay_while_that_is_there,
    relays::an_unknown_of_before_goes_to_the_only_relay_or_is_held,
    relays::what_is_given_up_is_held_where_a_copy_may_have_arrived,
    relays::a_final_no_to_a_second_copy_is_a_failure,
    relays::what_a_relay_has_or_may_have_is_counted_by_the_hour,
    relays::what_waits_is_counted_over_open_issues,
    reports::a_report_is_kept_once_and_suppresses,
    reports::what_went_to_a_reader_is_found_without_a_return_path,
    reports::soft_reports_count_by_issues_in_a_row,
    reports::too_many_within_an_hour_save_nothing,
    reports::an_inbox_remembers_names_until_the_mails_are_gone,
    concurrency::ten_thousand_deliveries_are_claimed_once_each,
    concurrency::two_pools_never_claim_the_same_delivery,
    concurrency::one_run_at_a_time,
    engines::a_newer_database_is_refused_untouched,
    engines::two_processes_may_migrate_at_once,
    engines::a_store_that_is_closed_is_unavailable,
}
