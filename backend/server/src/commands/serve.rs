//! `handslag serve --config FILE`.

use std::process::ExitCode;

use tokio::net::TcpListener;

use super::{Ended, configuration, log};
use crate::{routes, start};

pub(super) fn run(words: &[&str]) -> Ended {
    log();
    let config = configuration(words)?;
    start::runtime()?.block_on(async {
        let listener = TcpListener::bind(&config.listen).await?;
        let server = start::open(config).await?;
        eprintln!("handslag: listening on {} as {}", listener.local_addr()?, server.config.issuer);
        let app = routes::routes(&server, axum::Router::new());
        start::serve(server, app, listener, start::asked_to_end()).await?;
        Ok(ExitCode::SUCCESS)
    })
}
