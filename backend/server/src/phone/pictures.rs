//! The pictures of pages that a phone was handed, by digest: which pictures the person saw before the yes can be said afterwards.
//!
//! A row is written before its picture leaves. The list goes into the signed approval's evidence, and the journal binds the
//! evidence, so neither can be changed unseen. A page that was drawn differently the second time stands twice.

use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ApprovalId, Digest, UnixTime};
use serde::{Deserialize, Serialize};

/// One picture of one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Which document of the approval, from 1.
    pub document: i64,
    /// Which page, from 1.
    pub page: i64,
    /// SHA-256 of the picture's bytes.
    pub sha256: Digest,
    /// How many bytes it has.
    pub size: i64,
}

#[derive(FromRow)]
struct Stored {
    document: i64,
    page: i64,
    sha256: Vec<u8>,
    size: i64,
}

/// Notes a picture that is about to be handed out; the same picture again is noted once.
pub async fn note(tx: &mut Tx, approval: &ApprovalId, picture: &Picture, now: UnixTime) -> Result<(), Error> {
    tx.execute(
        "INSERT INTO pictures (approval_id, document, page, sha256, size, handed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        (approval, picture.document, picture.page, picture.sha256.as_bytes().as_slice(), picture.size, now),
    )
    .await?;
    Ok(())
}

/// Every picture handed out for an approval, in the order of the pages.
pub async fn of_approval(tx: &mut Tx, approval: &ApprovalId) -> Result<Vec<Picture>, Error> {
    let stored: Vec<Stored> = tx
        .all("SELECT document, page, sha256, size FROM pictures WHERE approval_id = $1 ORDER BY document, page, handed_at, sha256", (approval,))
        .await?;
    Ok(stored.into_iter().filter_map(Stored::picture).collect())
}

impl Stored {
    /// A digest of another length was not written by us: it counts as not handed out.
    fn picture(self) -> Option<Picture> {
        Some(Picture { document: self.document, page: self.page, sha256: Digest::from_slice(&self.sha256)?, size: self.size })
    }
}

/// Whether every page of documents with so many pages is among them.
pub(super) fn all_handed(pictures: &[Picture], pages: &[u32]) -> bool {
    let handed = |document: i64, page: u32| pictures.iter().any(|picture| picture.document == document && picture.page == i64::from(page));
    (1..).zip(pages).all(|(document, pages)| (1..=*pages).all(|page| handed(document, page)))
}
