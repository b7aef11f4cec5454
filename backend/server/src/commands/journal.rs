//! `handslag journal verify --config FILE` (or `--data DIR` of a demonstration): walks every chain.

use std::process::ExitCode;

use handslag_store::{Db, Place};

use super::{Ended, configuration, log, option};
use crate::{audit, start};

pub(super) fn verify(words: &[&str]) -> Ended {
    log();
    let place = match option(words, "--data") {
        Some(data) => Place::Sqlite(std::path::Path::new(data).join("handslag.sqlite")),
        None => start::place(&configuration(words)?)?,
    };
    let verified = start::runtime()?.block_on(async {
        let db = Db::open(&place).await?;
        db.read(async |tx| audit::verify(tx).await).await
    })?;
    println!("{} chains, {} entries, {} payloads disposed of by rule.", verified.chains, verified.entries, verified.disposed);
    for finding in &verified.findings {
        println!("does not fit: {finding:?}");
    }
    Ok(if verified.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
