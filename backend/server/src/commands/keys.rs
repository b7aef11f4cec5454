//! `handslag keys list | rotate KIND | compromise KIND --config FILE`. A running node sees the change at its next use of the key.

use std::process::ExitCode;

use handslag_keys::{KeyStore, Kind};

use super::{Ended, configuration};
use crate::caller::{Clock, Rng};

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
        ["rotate", kind, ..] => println!("in use now: {}", keys.rotate(kind.parse::<Kind>()?, now, &mut rng)?),
        ["compromise", kind, ..] => println!("the old key is dead; in use now: {}", keys.compromise(kind.parse::<Kind>()?, now, &mut rng)?),
        _ => return Err("say what: keys list, keys rotate KIND or keys compromise KIND".into()),
    }
    Ok(ExitCode::SUCCESS)
}
