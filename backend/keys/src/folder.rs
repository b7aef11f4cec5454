//! The folder of key files: one file per kind, the master key, and a lock that serialises writers of several processes.
//!
//! A file is written whole beside its place, synced, renamed over it, and the folder is synced: after a crash at any moment the old
//! file or the new one stands there, never a part. What a crash leaves beside the place is never read, and the next writer clears it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use crate::{KeyRefusal, Kind};

/// The folder.
pub(crate) struct Folder(PathBuf);

/// Tells one state of a file from the next: a rename always brings another inode, time or length.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64, i64, i64, u64);

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self(metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len())
    }
}

impl Folder {
    /// Makes the folder (mode 0700) unless it is there.
    pub(crate) fn at(path: &Path) -> Result<Self, KeyRefusal> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| disk(path, source))?;
        Ok(Self(path.to_owned()))
    }

    /// Waits until no other process writes here; the lock lasts as long as the file is kept.
    pub(crate) fn lock(&self) -> Result<File, KeyRefusal> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(|source| disk(&path, source))?;
        file.lock().map_err(|source| disk(&path, source))?;
        Ok(file)
    }

    /// Where a kind's keys are.
    pub(crate) fn keys_of(&self, kind: Kind) -> PathBuf {
        self.0.join(format!("{kind}.sealed"))
    }

    /// Where the master key is.
    pub(crate) fn master(&self) -> PathBuf {
        self.0.join("master.key")
    }

    /// Which kinds were ever made here: a file that is missing although it was made is a loss, not a first start.
    pub(crate) fn made(&self) -> Result<Vec<Kind>, KeyRefusal> {
        let list = read(&self.inventory())?.map(|(_, text)| text);
        let words = list.iter().flat_map(|text| text.split(|byte| *byte == b'\n'));
        Ok(words.filter_map(|word| str::from_utf8(word).ok()?.parse().ok()).collect())
    }

    /// Remembers which kinds were made. Only under [`Folder::lock`].
    pub(crate) fn remember(&self, made: &[Kind]) -> Result<(), KeyRefusal> {
        let words: Vec<_> = made.iter().map(|kind| kind.as_str()).collect();
        self.replace(&self.inventory(), words.join("\n").as_bytes()).map(|_| ())
    }

    fn inventory(&self) -> PathBuf {
        self.0.join("made.txt")
    }

    /// The text of the master key, `None` when there is no file. Refuses one that others may read or write.
    pub(crate) fn read_master(&self) -> Result<Option<Zeroizing<Vec<u8>>>, KeyRefusal> {
        let path = self.master();
        let Some((metadata, text)) = read(&path)? else { return Ok(None) };
        if metadata.mode() & 0o077 != 0 || !metadata.is_file() { Err(KeyRefusal::MasterKeyExposed(path)) } else { Ok(Some(text)) }
    }

    /// A kind's file, `None` when there is none.
    pub(crate) fn read_keys(&self, kind: Kind) -> Result<Option<(Stamp, Vec<u8>)>, KeyRefusal> {
        let found = read(&self.keys_of(kind))?;
        Ok(found.map(|(metadata, bytes)| (Stamp::of(&metadata), bytes.to_vec())))
    }

    /// The stamp of a kind's file as it stands now, `None` when there is none.
    pub(crate) fn stamp(&self, kind: Kind) -> Result<Option<Stamp>, KeyRefusal> {
        let path = self.keys_of(kind);
        match fs::metadata(&path) {
            Ok(metadata) => Ok(Some(Stamp::of(&metadata))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(disk(&path, source)),
        }
    }

    /// Puts `bytes` in the place of the file, whole and durably. Only under [`Folder::lock`].
    pub(crate) fn replace(&self, path: &Path, bytes: &[u8]) -> Result<Stamp, KeyRefusal> {
        let stamp = put(path, bytes)?;
        self.settle().map(|()| stamp)
    }

    /// Puts a kind's file in its place, whole; which file stands there is durable after [`Folder::settle`].
    pub(crate) fn put_keys(&self, kind: Kind, bytes: &[u8]) -> Result<(), KeyRefusal> {
        put(&self.keys_of(kind), bytes).map(|_| ())
    }

    /// Makes every name in the folder durable.
    pub(crate) fn settle(&self) -> Result<(), KeyRefusal> {
        File::open(&self.0).and_then(|folder| folder.sync_all()).map_err(|source| disk(&self.0, source))
    }
}

/// Puts `bytes` in the place of the file, whole.
fn put(path: &Path, bytes: &[u8]) -> Result<Stamp, KeyRefusal> {
    let beside = path.with_extension("writing");
    let write = || -> io::Result<Stamp> {
        // What a crash left is removed first, so that its mode, or a link that somebody laid there, is never reused.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        let stamp = Stamp::of(&file.metadata()?);
        fs::rename(&beside, path)?;
        Ok(stamp)
    };
    write().map_err(|source| disk(path, source))
}

/// What stands in a file, and the metadata of exactly this file.
type Found = (fs::Metadata, Zeroizing<Vec<u8>>);

/// The whole file with the metadata of exactly this file, `None` when there is none.
fn read(path: &Path) -> Result<Option<Found>, KeyRefusal> {
    let read = || -> io::Result<_> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1));
        (&file).take(LARGEST).read_to_end(&mut bytes)?;
        Ok((metadata, bytes))
    };
    match read() {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(disk(path, source)),
    }
}

fn disk(path: &Path, source: io::Error) -> KeyRefusal {
    KeyRefusal::Disk { path: path.to_owned(), source }
}

/// No key file comes near this: it would hold 500 retired RSA keys, or 12,000 of the others.
const LARGEST: u64 = 1 << 20;
