//! Documents at rest: content-addressed files outside the database, each sealed under the data-encryption key with its own
//! address as associated data. An object store takes this place where there is more than one machine.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use handslag_keys::Kind;
use handslag_vocab::{Digest, Secret};

use crate::{caller::Rng, problem::Problem, server::Server};

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
        let sealed = fs::read(self.path(address)).map_err(|error| Problem::internal(&error))?;
        let bytes = server.keys.open(Kind::DataEncryption, address.as_bytes(), &sealed)?;
        if Digest::of(&bytes) == *address {
            Ok(bytes.to_vec())
        } else {
            Err(Problem::internal(&io::Error::other("a stored document does not match its address")))
        }
    }

    /// Takes away a file that only waited for its signature. One that is gone already is no error.
    pub fn forget(&self, address: &Digest) {
        if let Err(error) = fs::remove_file(self.path(address))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a prepared file could not be taken away");
        }
    }

    /// Two letters a folder, so that no folder grows without bound.
    fn path(&self, address: &Digest) -> PathBuf {
        let name = address.to_base64url();
        let (head, tail) = name.split_at_checked(2).unwrap_or((&name, ""));
        self.0.join(head).join(tail)
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
