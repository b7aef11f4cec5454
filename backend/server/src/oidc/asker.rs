//! Who asks, as people see it: the organisation behind a service, and the service's logo, in one statement.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::OrganisationId;

use super::client_logos;
use crate::{config, phone::logo::Logo};

/// The organisation behind a service, and what is shown of the service.
pub(super) struct Asker {
    pub(super) organisation: OrganisationId,
    /// The organisation's name.
    pub(super) name: String,
    pub(super) logo: Logo,
}

/// The organisation, once for each logo that has been drawn.
#[derive(FromRow)]
struct Pictured {
    organisation_id: OrganisationId,
    name: String,
    language: Option<String>,
    picture_hash: Option<Vec<u8>>,
}

/// Nothing where the organisation is not known.
pub(super) async fn behind(tx: &mut Tx, client: &config::Client) -> Result<Option<Asker>, Error> {
    let text = "SELECT o.organisation_id, o.name, l.language, l.picture_hash FROM organisations o \
                LEFT JOIN client_logos l ON l.client_id = $2 AND l.picture_hash IS NOT NULL WHERE o.number = $1";
    let all: Vec<Pictured> = tx.all(text, (&client.organisation, &client.id)).await?;
    let logo = client_logos::chosen(|language| all.iter().find(|one| one.language.as_deref() == Some(language))?.picture_hash.as_deref());
    Ok(all.into_iter().next().map(|first| Asker { organisation: first.organisation_id, name: first.name, logo }))
}
