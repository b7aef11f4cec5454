//! Which keys there are. Each kind stands alone: no key serves two purposes, and none both signs and agrees (SP 800-57 part 1 §5.2).

use std::{fmt, str::FromStr};

use handslag_vocab::Seconds;

/// How long a relying party may keep a fetched JWKS. A *next* key must have been published for so long before normal
/// rotation takes it into use; otherwise some relying party would meet a signature by a key it has never seen.
pub const JWKS_CACHE_LIFE: Seconds = Seconds::hours(24);

/// One kind of key. The order is the order of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// ID Tokens and access tokens (ES256). Its kid is the JWK thumbprint (RFC 7638), as of every key that a JWKS publishes.
    TokenSigning,
    /// Tokens for services that registered EdDSA.
    TokenSigningEdDsa,
    /// Tokens for services that registered PS256. Apart from RS256: one key has one padding (RFC 8017 §6, and its JWK one `alg`).
    TokenSigningPs256,
    /// Tokens for services that registered RS256, or nothing (OpenID Connect Dynamic Registration §2).
    TokenSigningRs256,
    /// Opens request objects that agree on a key (ECDH-ES).
    RequestDecryption,
    /// Opens request objects whose key is encrypted (RSA-OAEP, RSA-OAEP-256).
    RequestDecryptionRsa,
    /// The CA of the short certificates that each document signature gets.
    DocumentSigningCa,
    /// The root above the document CA and the timestamp certificate.
    PkiRoot,
    /// Time-stamp tokens (RFC 3161).
    Timestamping,
    /// Door passes.
    DoorIssuer,
    /// Certificates of the door issuer, pinned in every lock.
    DoorRoot,
    /// Opens what locks seal to the municipality (HPKE, RFC 9180). Agrees, never signs.
    LockLog,
    /// Checkpoints of the journal.
    JournalCheckpoint,
    /// Cookies and other state that comes back to us.
    Cookie,
    /// Seals the data keys of organisations.
    DataEncryption,
    /// Makes pairwise subjects (OpenID Connect Core §8.1). Never rotates: a new one would make every person a stranger.
    PairwiseSubject,
    /// Makes the look-up value of a personal number. Never rotates: stored values could not be found again.
    PersonLookup,
}

/// What a kind of key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// ECDH on P-256.
    Agreement,
    /// RSAES-OAEP with a modulus of 3072 bits.
    Decryption,
    /// In this way.
    Signing(Scheme),
    /// 32 secret bytes: HMAC-SHA-256 and AES-256-GCM under two derived keys.
    Symmetric,
}

/// How a kind of key signs (RFC 7518 §3.1, RFC 8037 §3.1); RSA with a modulus of 3072 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Ed25519.
    EdDsa,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::TokenSigning,
        Self::TokenSigningEdDsa,
        Self::TokenSigningPs256,
        Self::TokenSigningRs256,
        Self::RequestDecryption,
        Self::RequestDecryptionRsa,
        Self::DocumentSigningCa,
        Self::PkiRoot,
        Self::Timestamping,
        Self::DoorIssuer,
        Self::DoorRoot,
        Self::LockLog,
        Self::JournalCheckpoint,
        Self::Cookie,
        Self::DataEncryption,
        Self::PairwiseSubject,
        Self::PersonLookup,
    ];

    /// The word in commands, listings and file names.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TokenSigning => "token_signing",
            Self::TokenSigningEdDsa => "token_signing_eddsa",
            Self::TokenSigningPs256 => "token_signing_ps256",
            Self::TokenSigningRs256 => "token_signing_rs256",
            Self::RequestDecryption => "request_decryption",
            Self::RequestDecryptionRsa => "request_decryption_rsa",
            Self::DocumentSigningCa => "document_signing_ca",
            Self::PkiRoot => "pki_root",
            Self::Timestamping => "timestamping",
            Self::DoorIssuer => "door_issuer",
            Self::DoorRoot => "door_root",
            Self::LockLog => "lock_log",
            Self::JournalCheckpoint => "journal_checkpoint",
            Self::Cookie => "cookie",
            Self::DataEncryption => "data_encryption",
            Self::PairwiseSubject => "pairwise_subject",
            Self::PersonLookup => "person_lookup",
        }
    }

    /// What keys of this kind do.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::LockLog | Self::RequestDecryption => Purpose::Agreement,
            Self::RequestDecryptionRsa => Purpose::Decryption,
            Self::Cookie | Self::DataEncryption | Self::PairwiseSubject | Self::PersonLookup => Purpose::Symmetric,
            Self::TokenSigningEdDsa => Purpose::Signing(Scheme::EdDsa),
            Self::TokenSigningPs256 => Purpose::Signing(Scheme::Ps256),
            Self::TokenSigningRs256 => Purpose::Signing(Scheme::Rs256),
            _ => Purpose::Signing(Scheme::Es256),
        }
    }

    /// Whether its keys take long to make (RSA: two primes, up to a second). Such a kind is made by [`crate::KeyStore::make`] when
    /// it is needed, not when a folder is opened.
    pub const fn is_made_when_needed(self) -> bool {
        matches!(self.purpose(), Purpose::Decryption | Purpose::Signing(Scheme::Ps256 | Scheme::Rs256))
    }

    /// Whether a JWKS publishes its keys: then a kid is the JWK thumbprint.
    pub(crate) const fn is_in_a_jwks(self) -> bool {
        matches!(
            self,
            Self::TokenSigning
                | Self::TokenSigningEdDsa
                | Self::TokenSigningPs256
                | Self::TokenSigningRs256
                | Self::RequestDecryption
                | Self::RequestDecryptionRsa
        )
    }

    /// Whether keys of this kind issue certificates whose end a public list must tell, also while they are retiring.
    pub const fn answers_for_certificates(self) -> bool {
        matches!(self, Self::DocumentSigningCa | Self::PkiRoot)
    }

    /// Whether keys of this kind are ever replaced, and hence whether a *next* stands ready.
    pub const fn rotates(self) -> bool {
        !matches!(self, Self::PairwiseSubject | Self::PersonLookup)
    }

    /// Whether a compromised key must stay to open what was sealed to it before: a data key that died at once would take every
    /// organisation's data with it. Such a key still makes nothing new.
    pub const fn opens_after_compromise(self) -> bool {
        matches!(self, Self::DataEncryption | Self::LockLog)
    }

    /// How old a *next* must be before normal rotation uses it. Symmetric keys are published to nobody.
    pub const fn publication(self) -> Seconds {
        match self.purpose() {
            Purpose::Symmetric => Seconds(0),
            Purpose::Agreement | Purpose::Decryption | Purpose::Signing(_) => JWKS_CACHE_LIFE,
        }
    }

    /// How long a replaced key is still good for what it made: `None` until [`crate::KeyStore::end`] is called for it, because
    /// data sealed with it must be sealed anew first.
    pub const fn retiring_life(self) -> Option<Seconds> {
        match self {
            // The longest life of what they make: a token's hint (a working day), a cookie (12 h); what is encrypted to an old key comes
            // while a client still caches our set (24 h).
            Self::TokenSigning
            | Self::TokenSigningEdDsa
            | Self::TokenSigningPs256
            | Self::TokenSigningRs256
            | Self::RequestDecryption
            | Self::RequestDecryptionRsa
            | Self::Cookie => Some(Seconds::days(2)),
            // Passes live 12 h; a lock may carry its log home late.
            Self::DoorIssuer | Self::DoorRoot | Self::LockLog => Some(Seconds::days(90)),
            Self::DocumentSigningCa | Self::PkiRoot | Self::Timestamping | Self::JournalCheckpoint => Some(Seconds::days(400)),
            Self::DataEncryption | Self::PairwiseSubject | Self::PersonLookup => None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;
    /// Takes the word of [`Kind::as_str`]; the error is a sentence that lists them all.
    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str).join(", ");
        Self::ALL.into_iter().find(|kind| kind.as_str() == word).ok_or_else(|| format!("there is no kind of key \"{word}\"; there are {known}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_leads_back_to_its_kind_and_no_two_kinds_share_one() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("TokenSigning".parse::<Kind>().is_err());
        assert!("".parse::<Kind>().unwrap_err().contains("door_issuer"));
    }

    #[test]
    fn a_kind_that_never_rotates_never_ends_by_itself() {
        for kind in Kind::ALL.into_iter().filter(|kind| !kind.rotates()) {
            assert_eq!(kind.retiring_life(), None, "{kind}");
        }
    }
}
