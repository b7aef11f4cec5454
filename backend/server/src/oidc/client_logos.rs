//! Logos of services, of the configuration file and stored, for each language. A row is what a service names; its picture comes later.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ClientId, Digest};

use crate::phone::logo::Logo;

/// One that is named.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Named {
    /// `sv`, `en`, or empty for both.
    pub(super) language: String,
    /// Where it is.
    pub(super) source: String,
}

/// Exactly these, in the place of those before. One that is named as before keeps its picture.
pub(super) async fn name(tx: &mut Tx, client: &ClientId, named: &[Named]) -> Result<(), Error> {
    for language in ["", "sv", "en"] {
        match named.iter().find(|named| named.language == language) {
            None => {
                tx.execute("DELETE FROM client_logos WHERE client_id = $1 AND language = $2", (client, language)).await?;
            }
            Some(named) => {
                tx.execute(
                    "INSERT INTO client_logos (client_id, language, source) VALUES ($1, $2, $3) ON CONFLICT (client_id, language) DO UPDATE \
                     SET source = excluded.source, picture = NULL, picture_hash = NULL WHERE client_logos.source <> excluded.source",
                    (client, language, &named.source),
                )
                .await?;
            }
        }
    }
    Ok(())
}

/// Those whose picture is not there.
pub(super) async fn waiting(tx: &mut Tx, client: &ClientId) -> Result<Vec<Named>, Error> {
    tx.all("SELECT language, source FROM client_logos WHERE client_id = $1 AND picture IS NULL ORDER BY language", (client,)).await
}

/// Keeps a picture, if it is still what the service names.
pub(super) async fn keep(tx: &mut Tx, client: &ClientId, named: &Named, picture: &[u8]) -> Result<bool, Error> {
    let kept = tx
        .execute(
            "UPDATE client_logos SET picture = $4, picture_hash = $5 WHERE client_id = $1 AND language = $2 AND source = $3",
            (client, &named.language, &named.source, picture, Digest::of(picture).as_bytes().as_slice()),
        )
        .await?;
    Ok(kept == 1)
}

#[derive(FromRow)]
struct Pictured {
    language: String,
    picture_hash: Vec<u8>,
}

/// What is shown of a service.
pub(super) async fn of(tx: &mut Tx, client: &ClientId) -> Result<Logo, Error> {
    let text = "SELECT language, picture_hash FROM client_logos WHERE client_id = $1 AND picture_hash IS NOT NULL";
    let all: Vec<Pictured> = tx.all(text, (client,)).await?;
    Ok(chosen(|language| all.iter().find(|one| one.language == language).map(|one| one.picture_hash.as_slice())))
}

/// Where one language has no logo, the one for both stands.
pub(super) fn chosen<'p>(of: impl Fn(&str) -> Option<&'p [u8]>) -> Logo {
    let one = |language| of(language).and_then(Digest::from_slice);
    Logo { sv: one("sv").or_else(|| one("")), en: one("en").or_else(|| one("")) }
}

/// A picture by its digest, whosever it is.
pub(super) async fn picture(tx: &mut Tx, hash: &Digest) -> Result<Option<Vec<u8>>, Error> {
    let text = "SELECT picture FROM client_logos WHERE picture_hash = $1 AND picture IS NOT NULL LIMIT 1";
    Ok(tx.optional::<(Vec<u8>,)>(text, (hash.as_bytes().as_slice(),)).await?.map(|(picture,)| picture))
}
