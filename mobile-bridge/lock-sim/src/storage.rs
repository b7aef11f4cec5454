//! The lock's durable memory: a log that only grows, and one small slot that is replaced whole.
//!
//! The power may go at any byte. What `append` and `keep` promise is only that a returned `Ok` lasts; a torn end of the log is the lock's to mend.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// Durable memory of one lock.
pub trait Storage {
    /// Adds to the end of the log. After `Ok` the bytes survive a power cut; after an error any part of them may.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Shortens the log to its first `len` bytes.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Replaces the slot; a power cut leaves the old or the new, never a mixture. The old bytes are gone: it holds keys that must not survive.
    fn keep(&mut self, slot: &[u8]) -> io::Result<()>;

    /// The slot; `None` if nothing was ever kept.
    fn kept(&self) -> io::Result<Option<Vec<u8>>>;

    /// The whole log.
    fn log(&self) -> io::Result<Vec<u8>>;
}

/// Memory that lasts as long as the value.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    log: Vec<u8>,
    slot: Option<Vec<u8>>,
}

impl Storage for Memory {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log.extend_from_slice(bytes);
        Ok(())
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.log.truncate(usize::try_from(len).unwrap_or(usize::MAX));
        Ok(())
    }

    fn keep(&mut self, slot: &[u8]) -> io::Result<()> {
        self.slot = Some(slot.to_vec());
        Ok(())
    }

    fn kept(&self) -> io::Result<Option<Vec<u8>>> {
        Ok(self.slot.clone())
    }

    fn log(&self) -> io::Result<Vec<u8>> {
        Ok(self.log.clone())
    }
}

/// A folder with an append-only file `log` and the slot in `slot`.
#[derive(Debug)]
pub struct Folder {
    folder: PathBuf,
    log: File,
}

impl Folder {
    /// Opens the folder, or makes it.
    pub fn open(folder: impl AsRef<Path>) -> io::Result<Self> {
        let folder = folder.as_ref().to_path_buf();
        fs::create_dir_all(&folder)?;
        let log = OpenOptions::new().create(true).append(true).open(folder.join("log"))?;
        File::open(&folder)?.sync_all()?; // the name of a new file is durable only with its folder
        Ok(Self { folder, log })
    }

    fn slot(&self) -> PathBuf {
        self.folder.join("slot")
    }
}

impl Storage for Folder {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log.write_all(bytes)?;
        self.log.sync_data()
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        self.log.set_len(len)?;
        self.log.sync_all()
    }

    fn keep(&mut self, slot: &[u8]) -> io::Result<()> {
        let next = self.folder.join("slot.next");
        let mut file = File::create(&next)?;
        file.write_all(slot)?;
        file.sync_all()?;
        fs::rename(next, self.slot())?;
        File::open(&self.folder)?.sync_all()
    }

    fn kept(&self) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.slot()) {
            Ok(slot) => Ok(Some(slot)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn log(&self) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join("log"))
    }
}
