//! What every store is held to.
//!
//! An adapter runs all cases with [`store_kit!`](crate::store_kit).

pub mod applications;
pub mod changes;
pub mod chats;
pub mod commit;
pub mod connected;
pub mod desk;
pub mod devices;
pub mod history;
pub mod imports;
pub mod keys;
pub mod leads;
pub mod marks;
pub mod members;
pub mod operations;
pub mod outbox;
pub mod pairs;
pub mod races;
pub mod sessions;
pub mod upkeep;
pub mod users;

/// Makes a test of each store case. The argument is a function
/// `async fn fresh() -> (Arc<dyn Store>, guard)` that opens an empty store; the guard lives as long
/// as the case. The calling crate needs tokio with `macros` and `rt-multi-thread`.
#[macro_export]
macro_rules! store_kit {
    ($fresh:path) => {
        $crate::store_kit! { [$crate::case_tests] $fresh }
    };
    ([$($each:tt)+] $($fresh:tt)+) => {
        $($each)+! { $($fresh)+, [$crate::kit::store::applications]
            an_application_is_found_by_its_ids,
            a_deleted_application_hides_everything,
            applications_come_page_by_page,
            there_is_one_default_application_and_it_stays,
            a_unique_name_is_free_again_after_closing_or_renaming,
            closing_frees_no_name_of_another,
            a_refused_default_application_leaves_room_for_one,
            names_can_be_swapped_in_one_batch,
            ids_that_are_taken_write_nothing,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::chats]
            chats_are_numbered_in_their_application,
            a_chat_made_in_a_batch_takes_posts_in_it,
            chats_come_page_by_page,
            heads_are_those_of_chats_that_are_there,
            a_closed_chat_is_hidden_and_takes_nothing,
            a_rename_is_a_change_of_the_chat,
            a_chat_belongs_to_one_application,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::commit]
            numbers_are_dense_and_refused_commands_take_none,
            what_moved_is_told,
            a_deleted_message_leaves_a_tombstone,
            an_edit_changes_what_it_names,
            a_message_can_be_posted_edited_and_deleted_in_one_batch,
            a_reply_needs_a_message_before_it,
            a_token_and_a_row_name_one_application,
            an_unknown_scope_is_no_application,
            times_never_decrease,
            texts_stay_exact,
            messages_get_ids_in_the_default_application_alone,
            a_large_batch_is_one_commit,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::keys]
            a_key_replays_the_first_answer,
            a_key_replays_within_one_batch,
            a_key_stands_for_one_request,
            a_key_is_free_in_another_chat_kind_and_application,
            a_refused_command_is_not_remembered,
            a_key_makes_one_application,
            a_key_outlives_its_application,
            keys_are_forgotten_bit_by_bit,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::operations]
            an_operation_happens_once,
            a_refused_operation_stays_refused,
            an_operation_without_an_application_is_recorded,
            only_what_is_committed_is_recorded,
            operations_are_forgotten_bit_by_bit,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::imports]
            an_import_goes_on_where_it_stopped,
            an_import_is_all_or_none,
            an_import_keeps_authors_and_times,
            an_import_knows_who_has_read,
            what_an_import_brings_deleted_is_not_unread,
            an_import_knows_who_wrote,
            two_parts_in_one_batch_follow_each_other,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::history]
            history_pages_have_no_gaps,
            history_ends_at_through,
            tombstones_come_when_asked_for,
            messages_are_found_by_number,
            spans_may_lie_anywhere,
            a_deleted_chat_has_no_history,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::changes]
            changes_are_messages_first_and_then_touches,
            changes_lead_to_the_same_state_at_any_limit,
            a_row_that_is_touched_again_is_seen_later,
            a_change_of_the_chat_is_told_once,
            nothing_new_is_an_empty_page,
            a_deleted_chat_has_no_changes,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::outbox]
            a_moved_chat_is_dirty_once,
            an_application_waits_for_its_own_chats,
            settling_takes_away_what_was_followed,
            settling_leaves_what_came_meanwhile,
            a_part_that_was_followed_is_settled,
            those_waiting_longest_come_first,
            what_is_left_waits_behind_the_others,
            sinks_follow_by_themselves,
            without_a_sink_nothing_is_dirty,
            a_closed_chat_is_dirty,
            an_erased_chat_is_dirty_until_it_is_settled,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::upkeep]
            counts_need_no_repair,
            counts_are_seen_and_counted,
            a_count_is_repaired_once,
            recounts_at_once_repair_once,
            a_closed_chat_is_erased_bit_by_bit,
            the_chats_of_a_deleted_application_are_erased,
            a_live_chat_is_not_erased,
            live_chats_are_walked_by_row,
            an_epoch_stays,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::users]
            users_are_numbered_in_their_application,
            a_username_is_taken_without_regard_to_case,
            a_user_changes_in_what_is_said,
            a_deleted_user_leaves_its_messages,
            users_come_page_by_page,
            a_lasting_token_is_given_once,
            a_lasting_token_of_another_is_not_given,
            a_new_password_takes_the_lasting_token_back,
            one_username_at_once_is_taken_once,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::devices]
            keys_are_put_replaced_and_taken_back,
            a_user_puts_keys_for_itself_alone,
            keys_go_with_their_user,
            keys_at_once_are_no_more_than_there_may_be,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::sessions]
            logins_are_found_listed_and_ended,
            a_new_password_ends_the_other_logins,
            a_deleted_user_is_logged_in_nowhere,
            expired_logins_are_forgotten_bit_by_bit,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::pairs]
            a_pair_has_one_chat,
            a_direct_chat_stays_as_it_is,
            a_pair_at_once_has_one_chat,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::members]
            a_session_makes_no_open_chat,
            a_unique_chat_name_is_taken_once,
            members_come_and_go,
            a_member_changes_as_said,
            changes_of_members_are_paged_with_those_of_messages,
            a_deleted_user_is_left_behind_until_it_is_removed,
            an_author_of_an_open_chat_is_let_go_of,
            an_integer_id_is_told_with_its_post,
            a_message_is_found_by_its_integer_id,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::leads]
            members_lead_a_group_without_an_owner,
            the_last_owner_does_not_step_back,
            a_group_of_the_application_is_led_by_nobody_else,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::marks]
            who_comes_back_goes_on,
            marks_rise_and_tell_what_is_unread,
            single_messages_can_be_read,
            the_mark_follows_what_is_read_far_above_it,
            own_chats_are_listed_by_activity,
            unread_is_counted_up_to_a_bound,
            unread_is_what_its_definition_counts,
            marks_in_a_large_chat_are_silent,
            threads_tell_what_neither_has_read,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::connected]
            memberships_are_walked_by_row,
            companions_are_those_of_the_latest_small_chats,
            newcomers_are_found_by_when_they_came,
            newcomers_of_one_moment_are_on_several_pages,
            logins_that_stand_are_told_of_many,
            a_commit_tells_of_people,
            who_was_seen_is_known_to_a_minute,
        }
        $($each)+! { $($fresh)+, [$crate::kit::store::races]
            eight_writers_number_without_a_gap_while_a_reader_follows,
            one_key_at_once_posts_once,
            one_unique_name_at_once_is_taken_once,
            touches_at_once_take_changes_without_a_gap,
            retries_give_once_when_commits_fail,
        }
    };
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::memory::MemoryStore;
    use crate::port::Store;

    mod memory {
        use super::*;

        async fn fresh() -> (Arc<dyn Store>, ()) {
            (Arc::new(MemoryStore::new()), ())
        }

        crate::store_kit!(fresh);
    }

    mod quiet_decorator {
        use super::*;
        use crate::kit::flaky::FlakyStore;

        async fn fresh() -> (Arc<dyn Store>, ()) {
            let store = Arc::new(MemoryStore::new());
            (Arc::new(FlakyStore::new(store, 1, 0)), ())
        }

        crate::store_kit!(fresh);
    }
}
