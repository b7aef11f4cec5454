//! `handslag keys list | rotate KIND | compromise KIND --config FILE`. A running node sees the change at its next use of the key; the
//! journal's operator chain has it.

use std::process::ExitCode;

use handslag_keys::{KeyStore, Kid, Kind};
use handslag_vocab::UnixTime;
use serde_json::json;

use super::{Ended, configuration};
use crate::{
    audit::{self, Actor, Chain, Event},
    caller::{Clock, Rng},
    config::Config,
    start,
};

pub(super) fn run(words: &[&str]) -> Ended {
    let config = configuration(words)?;
    let (now, mut rng) = (Clock::default().now(), Rng::system());
    let keys = KeyStore::open_folder(&config.data.join("keys"), now, &mut rng)?;
    match words {
        ["list", ..] => {
            for key in keys.list()? {
                println!("{:<22} {:<9} {}", key.kind, key.state.as_str(), key.kid);
            }
        }
        ["rotate", kind, ..] => {
            let (kind, kid) = changed(kind, |kind| keys.rotate(kind, now, &mut rng))?;
            println!("in use now: {kid}");
            told(config, "keys.rotated", kind, &kid, now)?;
        }
        ["compromise", kind, ..] => {
            let (kind, kid) = changed(kind, |kind| keys.compromise(kind, now, &mut rng))?;
            println!("the old key is dead; in use now: {kid}");
            told(config, "keys.compromised", kind, &kid, now)?;
        }
        _ => return Err("say what: keys list, keys rotate KIND or keys compromise KIND".into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn changed(
    word: &str,
    change: impl FnOnce(Kind) -> Result<Kid, handslag_keys::KeyRefusal>,
) -> Result<(Kind, Kid), Box<dyn std::error::Error + Send + Sync>> {
    let kind = word.parse::<Kind>()?;
    Ok((kind, change(kind)?))
}

/// Writes the journal after the act, not before: a lost key must die also where no database answers. The command then fails and
/// says so.
fn told(config: Config, event: &'static str, kind: Kind, in_use: &Kid, now: UnixTime) -> Result<(), String> {
    let in_use = in_use.to_string();
    let event = Event {
        chain: Chain::Operator,
        kind: event,
        actor: Actor::Operator,
        objects: vec![kind.as_str().to_owned(), in_use.clone()],
        payload: json!({ "kind": kind.as_str(), "in_use": in_use }),
    };
    let written = start::runtime().map_err(Into::into).and_then(|runtime| {
        runtime.block_on(async {
            let server = start::open(config).await?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(
                server.db.write(async |tx| audit::record(tx, event, now, &mut Rng::system()).await).await?,
            )
        })
    });
    written.map_err(|error| format!("the key is changed, but the journal could not be written: {error}"))
}
