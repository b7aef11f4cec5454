//! `handslag serve --config FILE [--role signing-core]`.

use std::process::ExitCode;

use axum::Router;
use tokio::net::TcpListener;

use super::{Ended, configuration, log, option};
use crate::{listen, routes, signing, start};

pub(super) fn run(words: &[&str]) -> Ended {
    log();
    let config = configuration(words)?;
    start::runtime()?.block_on(async {
        let listener = TcpListener::bind(&config.listen).await?;
        let server = start::open(config).await?;
        eprintln!("handslag: listening on {} as {}", listener.local_addr()?, server.config.issuer);
        match option(words, "--role") {
            None => {
                start::make_slow_keys(&server);
                start::serve(server.clone(), routes::routes(&server, Router::new()), listener, start::asked_to_end()).await?;
            }
            Some("signing-core") => {
                let core = signing::core_routes().with_state(server.clone());
                listen::listen(core, listener, &server.config.limits, start::asked_to_end()).await;
            }
            Some(_) => return Err("the only role that runs alone is signing-core".into()),
        }
        Ok(ExitCode::SUCCESS)
    })
}
