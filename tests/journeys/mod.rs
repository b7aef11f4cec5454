//! What people come here to do, from end to end, over real HTTP, on both engines.

mod authorities;
mod declining;
mod disposal;
mod doors;
mod ending;
mod invitations;
mod journal;
mod log_in;
mod pushing;
mod registering;
mod signing;
mod staying;

pub(crate) use log_in::{userinfo, verified};
pub(crate) use registering::{metadata, registers};
pub(crate) use signing::{asked, signed};
pub(crate) use staying::{refreshed, stays};

crate::kommun::on_both_engines! {
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
    log_in {
        a_no_reaches_the_desk_and_the_service_at_once,
        a_page_in_a_browser_logs_in_with_proof_of_its_own_start_alone,
        a_service_gets_an_access_token_for_its_own_audience,
        at_a_desk_by_the_moving_code,
        our_own_pages,
        on_the_same_phone_by_link,
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
    signing {
        the_minutes_are_signed,
        the_pictures_shown_are_part_of_the_evidence,
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
}
