//! What must not work, and stays dead afterwards. Each attack plays in a municipality of its own, on both engines
//! and on two nodes.

mod administration;
mod approvals;
mod authorize;
mod bounds;
mod certificates;
mod codes;
mod core;
mod cross_origin;
mod details;
mod drawing;
mod elsewhere;
mod handset;
mod hosts;
mod interchanged;
mod keys_of_codes;
mod kill;
mod limits;
pub(crate) mod lock_logs;
mod logos;
mod logout;
mod nearby;
mod nodes;
mod objects;
mod pages;
mod passed_on;
mod patience;
mod phones;
mod refresh;
mod refusals;
mod registration;
mod release;
mod secrets;
mod sessions;
mod sign_requests;
mod stages;
mod starts;
mod step_up;
mod strictness;
mod uploads;

crate::kommun::on_every_ground! {
    administration {
        a_suspended_service_gets_nothing_more,
        a_token_opens_the_administration_with_the_persons_rights,
        nobody_else_administers,
        of_fifty_changes_of_one_version_one_wins,
        what_an_ended_service_held_is_dead_everywhere,
        what_belongs_to_another_organisation_cannot_be_named,
    }
    approvals {
        a_no_stays_a_no_and_a_yes_is_one_yes,
        a_yes_under_way_gives_nothing_without_the_phones_nonce,
        another_phone_cannot_answer,
        of_two_phones_and_fifty_claims_one_wins,
        of_fifty_who_consume_one_wins,
        pages_that_were_not_read_are_not_approved,
        the_second_phone_ends_the_first_ones_screen,
        time_runs_out,
        what_is_signed_must_be_what_was_shown,
    }
    authorize {
        an_address_that_is_not_registered_gets_a_page,
        what_is_refused_goes_back_to_the_service,
    }
    bounds {
        answers_are_kept_by_nobody_and_repeated_nowhere,
        objects_that_are_too_large_or_too_deep,
        one_spelling_of_an_address_and_no_other,
    }
    codes {
        a_code_is_used_once_and_a_second_use_ends_the_first,
        a_wrong_exchange_kills_the_code,
        an_expired_code_is_dead,
        of_fifty_takers_of_a_code_one_wins,
        services_that_do_not_prove_themselves,
    }
    core {
        of_fifty_takers_of_the_outbox_one_wins,
        the_core_signs_what_was_approved_and_nothing_else,
        the_timestamp_service_refuses_junk,
    }
    cross_origin {
        a_page_of_another_site_reads_nothing,
        pages_of_stored_services_come_and_go_with_them,
    }
    details {
        a_level_that_fell_signs_nothing,
        a_log_in_that_stands_grants_nothing,
        a_registration_bounds_what_is_asked_and_what_is_kept,
        a_token_with_details_is_bound_to_a_key,
        details_that_cannot_be_granted_are_refused,
        nobody_lets_open_what_is_not_theirs,
        nothing_is_granted_for_something_typed,
        what_ended_since_the_yes_is_not_given,
        what_was_granted_is_never_widened,
    }
    drawing {
        the_child_that_draws_is_confined_before_it_reads,
    }
    elsewhere {
        a_bound_token_stays_bound,
        a_device_that_somebody_else_began,
        a_person_decides_who_may_ask,
        a_second_log_in_ends_the_first,
        a_wrong_number_is_the_last_one,
        digits_from_a_screen,
        guessing_codes_of_devices,
        handles_are_their_programs_alone_and_give_once,
        nobody_wears_out_or_silences_a_phone,
        of_fifty_questions_at_once_one_is_open,
        questions_that_are_not_asked,
        signed_questions,
        tokens_that_are_not_passed_on,
    }
    handset {
        a_phone_killed_on_its_way_in_goes_on,
    }
    hosts {
        no_link_is_made_from_what_a_caller_calls_us,
    }
    interchanged {
        one_token_of_ours_is_no_other,
    }
    keys_of_codes {
        a_code_is_for_the_key_that_asked,
        a_proof_is_for_the_token_beside_it,
    }
    lock_logs {
        a_gap_is_told_and_a_late_batch_fills_it,
        fifty_carriers_of_one_batch_are_one,
        the_order_of_pieces_does_not_matter,
        two_histories_are_seen_and_told_once,
        what_no_lock_wrote_is_not_kept,
    }
    logos {
        a_service_is_known_by_a_picture_of_ours,
    }
    logout {
        a_hint_by_a_retired_key_still_logs_out,
        a_hint_is_a_name_that_the_service_knows,
        a_refresh_token_outlives_the_browser_unless_registered_otherwise,
        a_service_logs_out_and_the_others_of_the_log_in_are_told,
        a_service_that_does_not_answer_is_told_again,
        an_address_that_is_not_registered_is_gone_to_by_nobody,
        of_fifty_log_outs_one_counts,
        one_phone_or_one_browser_leaves_the_others,
        without_a_hint_for_this_browser_the_person_is_asked,
    }
    nearby {
        a_key_that_has_ended_takes_and_answers_nothing,
        of_fifty_who_take_one_wins,
        only_the_page_that_began_gets_the_question,
        what_a_copied_key_does_not_reach,
        what_the_key_signs_is_this_log_in_and_this_question,
        what_the_phone_took_is_not_the_desks,
        what_was_taken_is_not_taken_again_when_its_time_is_over,
    }
    pages {
        another_site_cannot_ride_on_cookies,
        names_are_shown_as_text,
        the_way_back_is_never_to_another_site,
        who_may_read_about_a_colleague,
    }
    passed_on {
        a_service_passes_on_what_concerns_it_and_no_more,
        an_assertion_is_used_up_wherever_it_is_shown,
        nothing_is_passed_on_too_far,
    }
    phones {
        a_blocked_phone_is_unknown_at_once,
        a_level_that_is_too_low_says_what_to_do,
        keys_that_do_not_prove_themselves,
        of_fifty_who_say_yes_one_gets_the_identity,
        proofs_count_once_for_one_request,
        spent_foreign_and_expired_invitations,
        taking_leave_twice_is_taking_leave_once,
    }
    refresh {
        a_copy_of_the_last_token_is_found_when_one_comes_late,
        a_second_use_of_the_code_ends_the_refresh_tokens,
        a_token_is_for_a_resource_that_was_authorized,
        an_ancestor_ends_the_family_for_the_thief_and_the_owner,
        ending_a_device_costs_the_same_after_many_uses,
        of_fifty_who_refresh_at_once_all_get_the_one_chain,
        of_fifty_with_one_proof_one_is_heard,
        proofs_that_are_not_this_requests,
        what_policy_no_longer_allows_gives_nothing,
        what_should_have_ended_refreshes_nothing,
    }
    refusals {
        a_flood_of_refusals_is_one_line_a_minute,
        a_name_alone_lengthens_no_organisations_chain,
        each_refusal_of_a_program_is_whole,
        each_refusal_of_a_request_is_whole,
        every_endpoint_writes_its_refusals_down,
        strangers_are_written_down_as_strangers,
        strangers_crowd_out_no_service,
    }
    registration {
        a_refused_registration_changes_nothing,
        a_suspended_program_does_not_look_after_itself,
        an_update_is_judged_on_what_would_result,
        of_fifty_programs_ten_are_registered,
    }
    release {
        a_number_is_one_of_two_and_for_who_may_ask,
        a_number_that_is_none_is_not_entered,
        names_are_tried_before_they_are_saved,
        names_of_a_services_own_are_sent_as_they_were_shown,
        standard_scopes_give_what_is_there,
        who_asks_for_nothing_hears_nothing,
        who_may_not_ask_never_hears,
    }
    secrets {
        no_secret_is_written_down,
    }
    sessions {
        a_cookie_laid_before_opens_nothing_and_a_start_is_its_browsers,
        a_signature_makes_no_log_in,
        another_person_in_the_same_browser_ends_the_first_log_in,
        of_fifty_answers_to_one_question_one_counts,
        what_ended_since_the_log_in_opens_nothing,
        what_ended_since_the_yes_gives_no_code,
    }
    sign_requests {
        a_signature_is_its_services_alone,
        a_signature_makes_and_uses_no_log_in,
        nobody_elses_browser_waits_for_a_signature,
        a_signature_that_comes_too_late_is_not_kept,
        no_browser_looks_at_a_signature_by_itself,
        of_fifty_who_fetch_a_signature_one_gets_it,
        requests_to_sign_that_are_refused,
        somebody_elses_key_at_the_desk_ends_the_question,
        the_core_believes_no_row,
        the_core_signs_no_data_that_was_not_approved,
        the_message_is_for_the_wanted_person_alone,
        what_the_service_did_not_sign,
        what_was_told_as_not_signed_is_never_signed,
    }
    stages {
        no_stage_is_skipped_by_an_empty_form_or_another_method,
    }
    starts {
        a_code_from_another_screen_or_another_second,
        a_link_sent_to_somebody_else_gives_the_sender_nothing,
        the_answer_goes_to_the_browser_that_began,
        the_secret_behind_the_code_reaches_nobody,
    }
    step_up {
        a_level_that_fell_in_between_is_not_told,
        what_a_pushed_request_demands_is_not_taken_away,
        what_a_signed_request_demands_is_not_taken_away,
    }
    strictness {
        an_unknown_service_is_answered_as_a_wrong_secret,
        what_could_be_read_in_two_ways_is_refused,
    }
    uploads {
        files_that_cannot_be_signed_leave_nothing,
    }
}
