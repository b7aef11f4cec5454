//! What people come here to do, from end to end, over real HTTP, on both engines and on two nodes.

mod apps;
mod authorities;
mod conformance;
mod declining;
mod disposal;
mod doors;
mod elsewhere;
mod ending;
mod invitations;
mod journal;
pub(crate) mod letting;
mod log_in;
mod near_at_hand;
pub(crate) mod nearby;
mod protection;
mod pushing;
mod registering;
pub(crate) mod sign_requests;
mod signing;
pub(crate) mod single_sign_on;
mod staying;
pub(crate) mod swedish;
mod telling;

pub(crate) use elsewhere::{exchanges, exchanges_bound, for_the_journal, types};
pub(crate) use log_in::{userinfo, verified};
pub(crate) use protection::{Keys, jwks, portal, service};
pub(crate) use pushing::{address_of, object, parameters, pushed};
pub(crate) use registering::{metadata, registers};
pub(crate) use sign_requests as sign;
pub(crate) use signing::{asked, signed};
pub(crate) use single_sign_on as sso;
pub(crate) use staying::{refreshed, stays};

crate::kommun::on_every_ground! {
    authorities {
        a_lost_authority_is_on_the_roots_list_and_the_next_one_signs,
        an_authority_keeps_its_list_until_its_key_is_gone,
    }
    declining {
        a_no_is_told_and_can_be_asked_again,
        fifty_noes_are_one_and_a_race_with_a_yes_has_one_winner,
        what_ends_for_one_stays_for_its_twin,
        what_nobody_answers_runs_out,
    }
    disposal {
        what_the_inventory_promises_to_dispose_of,
    }
    doors {
        a_door_opens_without_coverage_and_the_record_comes_home,
    }
    elsewhere {
        a_device_hears_every_no,
        a_device_without_a_browser_logs_in,
        a_service_asks_for_somebody_it_knows,
        a_service_is_told_when_somebody_has_answered,
        a_service_passes_a_persons_access_on,
        a_service_that_gives_up_ends_the_question_on_the_phone,
        a_waiting_page_is_told_as_it_happens,
    }
    ending {
        a_block_ends_everything_at_once,
        a_worker_takes_the_identity_off_the_phone,
    }
    invitations {
        a_no_leaves_no_trace,
        another_way_is_an_answer_too,
        a_phone_killed_before_it_heard_asks_again,
    }
    journal {
        every_tampering_is_found,
    }
    letting {
        a_person_reads_which_documents_a_service_will_have_signed,
        a_service_has_documents_signed_within_five_minutes,
        a_service_opens_the_doors_of_a_visit,
        what_was_granted_is_not_passed_on,
    }
    log_in {
        a_no_reaches_the_desk_and_the_service_at_once,
        a_page_in_a_browser_logs_in_with_proof_of_its_own_start_alone,
        a_service_gets_an_access_token_for_its_own_audience,
        at_a_desk_by_the_moving_code,
        our_own_pages,
        on_the_same_phone_by_link,
    }
    near_at_hand {
        a_browser_that_keeps_its_key_goes_straight_to_the_question,
        a_cancel_on_either_side_is_on_the_other_within_two_seconds,
        a_link_of_another_browser_asks_nothing,
        a_question_that_is_over_leads_nowhere,
        an_end_without_words_of_its_own_is_told_in_general,
        another_phone_answers_where_this_browsers_own_could,
        nobody_logs_in_by_a_name,
        the_desk_asks_ahead,
        to_be_led_to_a_question_ends_nothing_and_a_yes_does,
        what_is_over_is_not_begun_anew,
        what_gives_way_says_so_within_two_seconds,
    }
    nearby {
        a_key_nearby_takes_is_shown_and_answers,
        the_service_hears_every_no_at_the_desk,
        the_service_is_told_how_and_no_more,
    }
    pushing {
        a_pushed_request_is_opened_twice_and_completed_once,
        a_signed_request_counts_and_what_stands_beside_it_does_not,
        answers_come_in_the_way_the_service_registered,
        requests_that_are_not_the_services_own,
    }
    registering {
        a_plain_client_gets_a_secret_once,
        a_program_is_vouched_for,
        a_program_registers_and_looks_after_itself,
        an_administrator_registers_a_service,
    }
    sign_requests {
        a_service_has_something_approved,
        a_service_has_something_signed,
        a_service_hears_that_nothing_was_signed,
        the_page_ahead_gets_a_signature_that_is_made,
    }
    signing {
        the_minutes_are_signed,
        the_pictures_shown_are_part_of_the_evidence,
    }
    single_sign_on {
        a_hint_says_who_it_must_be,
        a_remembered_answer_is_for_one_service_and_what_was_shown,
        a_step_up_is_a_new_log_in_and_told_as_it_is,
        abort_and_log_in_anew_are_answers_too,
        whoever_is_logged_in_sees_what_is_sent_and_goes_on,
        without_a_page_each_refusal_has_its_name,
    }
    staying {
        a_device_key_proves_every_use,
        a_phone_stays_logged_in_through_lost_answers,
        a_resource_asks_about_its_own_tokens_and_no_others,
        a_service_speaks_for_itself,
        a_service_that_proves_itself_keeps_its_token,
        a_token_given_back_ends_the_log_in,
        an_idle_phone_and_an_old_log_in_end,
        the_person_reads_how_long_before_saying_yes,
    }
    swedish {
        a_service_of_the_profile_hears_how_it_was,
        a_service_says_something_beside_its_question,
        nothing_is_said_where_no_page_is_shown,
    }
    telling {
        a_claim_goes_where_the_service_says,
        a_work_identity_has_its_form_and_is_one_persons,
        userinfo_is_asked_in_each_way_that_the_standard_has,
        what_a_service_sent_comes_back_letter_by_letter,
    }
}
