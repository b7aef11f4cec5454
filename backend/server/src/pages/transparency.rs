//! `GET /phone/transparency`: on the phone, what the employer sees and does not see, every use, and who looked (LC-13).

use axum::{Json, extract::State};
use handslag_phone::wire::{Look, PhoneFacts, Tier as WireTier, Transparency, Use};

use super::history::{self, Entry};
use crate::{caller::Now, identity, phone::Caller, problem::Problem, server::Server, words::Voice};

/// `GET /phone/transparency`.
pub(super) async fn show(State(server): State<Server>, Now(now): Now, voice: Voice, caller: Caller) -> Result<Json<Transparency>, Problem> {
    history::may_be_read(&server, &caller.affiliation, caller.phone.tier, now)?;
    let (history, terms) = server
        .db
        .read(async |tx| {
            let terms = identity::terms_accepted(tx, &caller.affiliation.affiliation_id).await?;
            Ok::<_, Problem>((history::of(tx, voice, &caller.affiliation).await?, terms))
        })
        .await?;
    let lines = |name: &str, count: u8| (1..=count).map(|number| voice.say(&format!("{name}-{number}"))).collect();
    Ok(Json(Transparency {
        employer_does_not_see: lines("terms-sees-not", 4),
        employer_sees: lines("terms-sees", 3),
        looked: history.looked.into_iter().map(look).collect(),
        phone: PhoneFacts {
            enrolled_at: caller.phone.enrolled_at,
            last_used_at: caller.phone.last_used_at,
            terms_version: terms.unwrap_or_default(),
            tier: WireTier::from(caller.phone.tier),
        },
        uses: history.uses.into_iter().map(|entry| Use { at: entry.at, what: entry.what, place: entry.place }).collect(),
    }))
}

fn look(entry: Entry) -> Look {
    Look { at: entry.at, who: entry.by.unwrap_or_default(), why: entry.what }
}
