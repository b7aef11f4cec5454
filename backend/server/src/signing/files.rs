//! Documents at rest: content-addressed files outside the database, each sealed under the data-encryption key with its own
//! address as associated data. An object store takes this place where there is more than one machine.
//!
//! A file that waits for its signature is held apart, under the name of the one approval it was prepared for: two signatures may
//! be prepared to the same bytes in the same second, and what ends for one must stay for the other.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use handslag_keys::Kind;
use handslag_vocab::{ApprovalId, Digest, Secret, UnixTime};

use crate::{caller::Rng, problem::Problem, server::Server};

/// The folder of prepared files; no address has a head so long.
const HELD: &str = "prepared";

/// The folder of sealed files.
pub struct Files(PathBuf);

impl Files {
    /// The folder below the data folder.
    pub fn of(server: &Server) -> Self {
        Self(server.config.data.join("documents"))
    }

    /// Stores bytes durably and gives their address. The same bytes again are the same file.
    pub fn put(&self, server: &Server, bytes: &[u8]) -> Result<Digest, Problem> {
        let address = Digest::of(bytes);
        let path = self.path(&address);
        if !path.exists() {
            let sealed = server.keys.seal(Kind::DataEncryption, address.as_bytes(), bytes, &mut Rng::system())?;
            written(&path, &sealed).map_err(|error| Problem::internal(&error))?;
        }
        Ok(address)
    }

    /// Gives the bytes behind an address, checked against it.
    pub fn get(&self, server: &Server, address: &Digest) -> Result<Vec<u8>, Problem> {
        opened(server, &self.path(address), address.as_bytes(), address)
    }

    /// Holds a prepared file for its approval and gives its digest.
    pub fn hold(&self, server: &Server, approval: &ApprovalId, bytes: &[u8]) -> Result<Digest, Problem> {
        let digest = Digest::of(bytes);
        let sealed = server.keys.seal(Kind::DataEncryption, &bound(approval, &digest), bytes, &mut Rng::system())?;
        written(&self.held_path(approval), &sealed).map_err(|error| Problem::internal(&error))?;
        Ok(digest)
    }

    /// Gives the prepared file of an approval, checked against its digest.
    pub fn held(&self, server: &Server, approval: &ApprovalId, digest: &Digest) -> Result<Vec<u8>, Problem> {
        opened(server, &self.held_path(approval), &bound(approval, digest), digest)
    }

    /// Takes away the prepared file of an approval. One that is gone already is no error.
    pub fn release(&self, approval: &ApprovalId) {
        if let Err(error) = fs::remove_file(self.held_path(approval))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a prepared file could not be taken away");
        }
    }

    /// Every approval that a file is held for, and since when.
    pub fn holders(&self) -> io::Result<Vec<(ApprovalId, UnixTime)>> {
        let mut holders = Vec::new();
        let entries = match fs::read_dir(self.0.join(HELD)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(holders),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let since = entry.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
            let approval = entry.file_name().to_str().and_then(|name| name.parse().ok());
            holders.extend(approval.map(|approval| (approval, UnixTime::from_seconds(i64::try_from(since).unwrap_or(i64::MAX)))));
        }
        Ok(holders)
    }

    fn held_path(&self, approval: &ApprovalId) -> PathBuf {
        self.0.join(HELD).join(approval.as_str())
    }

    /// Two letters a folder, so that no folder grows without bound.
    fn path(&self, address: &Digest) -> PathBuf {
        let name = address.to_base64url();
        let (head, tail) = name.split_at_checked(2).unwrap_or((&name, ""));
        self.0.join(head).join(tail)
    }
}

/// What a held file is sealed to: it opens as no other approval's, and as no document.
fn bound(approval: &ApprovalId, digest: &Digest) -> Vec<u8> {
    [b"prepared ", approval.as_str().as_bytes(), b" ", digest.as_bytes()].concat()
}

fn opened(server: &Server, path: &Path, bound: &[u8], digest: &Digest) -> Result<Vec<u8>, Problem> {
    let sealed = fs::read(path).map_err(|error| Problem::internal(&error))?;
    let bytes = server.keys.open(Kind::DataEncryption, bound, &sealed)?;
    if Digest::of(&bytes) == *digest {
        Ok(bytes.to_vec())
    } else {
        Err(Problem::internal(&io::Error::other("a stored document does not match its address")))
    }
}

/// Whole or not at all: written beside, flushed to the disk, then renamed; the folder is flushed too.
fn written(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // A name of its own for every writer: two who store the same bytes at once must not share a half-written file.
    let beside = folder.join(format!(".{}.new", Secret::random("file", &mut Rng::system()).reveal()));
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    fs::File::open(folder)?.sync_all()
}
