//! What people come here to do, from end to end, over real HTTP, on both engines.

mod doors;
mod ending;
mod invitations;
mod journal;
mod log_in;
mod signing;

pub(crate) use log_in::userinfo;
pub(crate) use signing::{asked, signed};

crate::kommun::on_both_engines! {
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
    signing {
        the_minutes_are_signed,
    }
}
