//! What the key store refuses, one variant per wrong thing.

use std::{io, path::PathBuf};

use crate::{Kind, WrongState};

/// Why the key store refused.
#[derive(Debug, thiserror::Error)]
pub enum KeyRefusal {
    /// The cryptographic library refused; no input of ours can be the cause.
    #[error("the cryptographic library refused to work")]
    Cryptography,
    /// A key file was changed after it was sealed, or it is another kind's file under this name.
    #[error("the key file {} is damaged or was changed", .0.display())]
    Damaged(PathBuf),
    /// The disk refused.
    #[error("the key folder could not be read or written at {}", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Keys that were made here are gone. New ones would only hide the loss.
    #[error("the key file {} is missing although it was made", .0.display())]
    KeysMissing(PathBuf),
    /// Others than the owner may read the master key, or have a hand in its file.
    #[error("the master key {} may be read by others; its mode must be 0600", .0.display())]
    MasterKeyExposed(PathBuf),
    /// The master key file does not hold one key in its one form.
    #[error("the file {} does not hold a master key", .0.display())]
    MasterKeyMalformed(PathBuf),
    /// There are sealed keys but no master key. A new one would only hide the loss.
    #[error("the folder holds sealed keys but the master key {} is missing", .0.display())]
    MasterKeyMissing(PathBuf),
    /// The file was sealed under another master key.
    #[error("the key file {} was sealed under another master key", .0.display())]
    MasterKeyWrong(PathBuf),
    /// This kind of key never changes.
    #[error("keys of the kind {0} never rotate: what they made could not be found again")]
    NeverRotates(Kind),
    /// The peer's public key is not a point on P-256.
    #[error("the other side's public key is not a point on P-256")]
    PeerKey,
    /// The key is not in the state for this.
    #[error("the state of the key does not allow this")]
    State(#[from] WrongState),
    /// The sealed text was changed, is bound to other data, or is no sealed text.
    #[error("the sealed text could not be opened")]
    Unopenable,
    /// No such key, or it is retired.
    #[error("there is no such key of the kind {0}")]
    UnknownKey(Kind),
    /// The file comes from a newer version of the program.
    #[error("the key file {} has a form that this version does not know", .0.display())]
    UnknownForm(PathBuf),
    /// The kind of key is for something else.
    #[error("keys of the kind {0} are not for this")]
    WrongPurpose(Kind),
}

impl KeyRefusal {
    /// A stable word for journals and logs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Cryptography => "cryptography",
            Self::Damaged(_) => "damaged",
            Self::Disk { .. } => "disk",
            Self::KeysMissing(_) => "keys_missing",
            Self::MasterKeyExposed(_) => "master_key_exposed",
            Self::MasterKeyMalformed(_) => "master_key_malformed",
            Self::MasterKeyMissing(_) => "master_key_missing",
            Self::MasterKeyWrong(_) => "master_key_wrong",
            Self::NeverRotates(_) => "never_rotates",
            Self::PeerKey => "peer_key",
            Self::State(_) => "state",
            Self::Unopenable => "unopenable",
            Self::UnknownKey(_) => "unknown_key",
            Self::UnknownForm(_) => "unknown_form",
            Self::WrongPurpose(_) => "wrong_purpose",
        }
    }
}

impl From<aws_lc_rs::error::Unspecified> for KeyRefusal {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::Cryptography
    }
}
