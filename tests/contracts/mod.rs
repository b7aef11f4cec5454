//! What the store promises, tried on both engines with the same functions.
//!
//! PostgreSQL is the server that `HANDSLAG_POSTGRES` names (`postgres://user@host:port/database`, where schemas may be created).
//! Without it these tests say so and pass, unless `HANDSLAG_REQUIRE_ALL=1`, which the test command sets.

mod crash;
pub(crate) mod engine;
mod groups;
mod inventory;
mod later;
mod once;
mod readers;
pub(crate) mod redis;
mod shared;
mod statements;
mod units;
mod values;

/// Each contract as a test of each engine.
macro_rules! on_both_engines {
    ($($module:ident { $($contract:ident,)* })*) => {
        mod on_sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $contract() {
                    super::$module::$contract(&super::engine::Engine::sqlite().await).await;
                }
            )*)*
        }
        mod on_postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $contract() {
                    if let Some(engine) = super::engine::Engine::postgres().await {
                        super::$module::$contract(&engine).await;
                    }
                }
            )*)*
        }
    };
}

on_both_engines! {
    crash {
        what_was_answered_survives_a_kill,
    }
    later {
        a_question_goes_along_with_the_statement_that_it_stands_on,
        what_is_left_for_later_and_fails_undoes_its_unit_alone,
        what_is_left_for_later_runs_in_its_order,
    }
    once {
        fifty_counters_give_every_number_once,
        of_fifty_takers_of_a_mark_exactly_one_wins,
        of_fifty_takers_of_a_row_exactly_one_wins,
        rules_over_several_rows_hold_under_alone,
        a_mark_counts_for_its_purpose_until_it_expires,
    }
    statements {
        every_statement_of_the_workspace_is_accepted,
    }
    units {
        a_dropped_unit_leaves_nothing_and_harms_nobody,
        a_failed_statement_ends_its_unit,
        a_panicking_unit_leaves_nothing_and_harms_nobody,
        a_read_of_one_statement_is_one_statement_that_reads,
        a_read_sees_one_state,
        a_reading_unit_cannot_write,
        a_statement_that_was_under_way_is_undone_too,
        a_unit_stands_in_a_task_and_borrows_what_is_around_it,
        an_error_undoes_its_unit_and_no_other,
        migrations_run_twice_and_from_two_nodes,
        what_was_answered_is_seen_by_the_next_read,
    }
    values {
        a_missing_value_needs_an_option,
        a_row_that_does_not_fit_its_type_is_refused_without_its_value,
        a_text_in_a_number_column_never_comes_back_as_a_number,
        every_kind_of_value_comes_back_as_it_was,
        numbers_need_the_casts_that_the_readme_names,
        rules_of_a_table_have_the_same_names,
    }
}
