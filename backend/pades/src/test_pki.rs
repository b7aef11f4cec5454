//! The test authority: four fixed keys, the certificates over them, and OpenSSL as a second opinion. One file, so that every
//! test of the ASN.1 half speaks of the same root, the same authority and the same person.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use der::asn1::ObjectIdentifier;
use handslag_vocab::{Seconds, UnixTime};
use p256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use rand_core::{TryCryptoRng, TryRng};

use crate::{
    asn1::{self, tag},
    certificate::{self, Addresses, AuthenticationContext, Authority, Certificate, OneShot, Person, Profile, Serial, Validity},
    cms::{self, Request},
    es256::{self, PublicKey},
    timestamp,
};

/// 2026-11-21T20:40:00Z.
pub(crate) const NOW: UnixTime = UnixTime::from_seconds(1_795_293_600);
/// Enterprise number 32473 is for examples (RFC 5612).
pub(crate) const CERTIFICATE_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.1");
/// The test timestamp policy.
pub(crate) const TIMESTAMP_POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.32473.1.2");

/// A private key that only tests have.
pub(crate) struct Key(SigningKey);

impl Key {
    pub(crate) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_sec1(self.0.verifying_key().to_sec1_point(true).as_bytes()).unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign_prehash(&es256::sha256(message)).unwrap();
        signature.to_der().as_bytes().to_vec()
    }

    /// RFC 5915, for OpenSSL.
    pub(crate) fn pem(&self) -> String {
        use der::Encode;
        let curve = asn1::tlv(tag::CONTEXT_0, &[&crate::oid::P256.to_der().unwrap()]).unwrap();
        let secret = asn1::tlv(tag::OCTET_STRING, &[&self.0.to_bytes()]).unwrap();
        let der = asn1::tlv(tag::SEQUENCE, &[&1_u8.to_der().unwrap(), &secret, &curve]).unwrap();
        der::pem::encode_string("EC PRIVATE KEY", der::pem::LineEnding::LF, &der).unwrap()
    }
}

/// A generator that gives the same octets in every run.
pub(crate) struct Dice(pub(crate) u64);

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::try_from(self.try_next_u64()? >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 += 1;
        let digest = es256::sha256(&self.0.to_be_bytes());
        Ok(u64::from_be_bytes(digest[..8].try_into().unwrap()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for octet in out {
            *octet = self.try_next_u64()?.to_be_bytes()[0];
        }
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

/// Everyone a signature at B-T needs.
pub(crate) struct Pki {
    pub(crate) root_key: Key,
    pub(crate) ca_key: Key,
    pub(crate) tsa_key: Key,
    pub(crate) signer_key: Key,
    pub(crate) root: Certificate,
    pub(crate) ca: Certificate,
    pub(crate) tsa: Certificate,
    pub(crate) signer: Certificate,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let (root_key, ca_key, tsa_key, signer_key) = (Key::new(1), Key::new(2), Key::new(3), Key::new(4));
        let root = issue(&Profile::Root(authority("Exempel rot")), &root_key.public(), None, &root_key, years(20));
        let ca = issue(&Profile::SigningCa(authority("Exempel signering"), addresses()), &ca_key.public(), Some(&root), &root_key, years(10));
        let tsa = issue(&Profile::Timestamping(authority("Exempel tid"), addresses()), &tsa_key.public(), Some(&ca), &ca_key, years(10));
        let signer = issue(&one_shot(person()), &signer_key.public(), Some(&ca), &ca_key, hour());
        Self { root_key, ca_key, tsa_key, signer_key, root, ca, tsa, signer }
    }

    pub(crate) fn service(&self) -> timestamp::Service {
        timestamp::Service { certificate: self.tsa.clone(), chain: vec![self.ca.clone()], policy: TIMESTAMP_POLICY }
    }

    /// A token over these octets at `time`, made through a request as a client would.
    pub(crate) fn token(&self, octets: &[u8], time: UnixTime) -> Vec<u8> {
        let request = timestamp::Request::new(timestamp::Imprint::of(octets), &mut Dice(7)).unwrap();
        let unsigned = self.service().token(&request, time, &Serial::random(&mut Dice(8))).unwrap();
        let signature = self.tsa_key.sign(unsigned.to_be_signed());
        let response = timestamp::granted(&unsigned.signed(&signature).unwrap()).unwrap();
        timestamp::check(&response, &request, &[TIMESTAMP_POLICY]).unwrap().der().to_vec()
    }

    /// A whole CMS at B-T over `content`.
    pub(crate) fn signature(&self, content: &[u8]) -> Vec<u8> {
        self.signature_over(es256::sha256(content))
    }

    /// A whole CMS at B-T over a digest.
    pub(crate) fn signature_over(&self, digest: [u8; 32]) -> Vec<u8> {
        let attributes = Request::new(digest).with_certificate(&self.signer).unwrap();
        let value = self.signer_key.sign(attributes.to_be_signed());
        let token = self.token(&value, NOW);
        cms::assemble(&attributes, &value, &self.signer, std::slice::from_ref(&self.ca), Some(&token)).unwrap()
    }
}

pub(crate) fn issue(profile: &Profile, key: &PublicKey, issuer: Option<&Certificate>, issuer_key: &Key, validity: Validity) -> Certificate {
    let seed = u64::from(key.sec1()[5]);
    let unsigned = certificate::unsigned(profile, key, issuer, validity, &Serial::random(&mut Dice(seed))).unwrap();
    let signature = issuer_key.sign(unsigned.to_be_signed());
    Certificate::from_der(&unsigned.signed(&signature).unwrap()).unwrap()
}

pub(crate) fn years(count: i64) -> Validity {
    Validity { not_before: NOW - Seconds::days(1), not_after: NOW + Seconds::days(365 * count) }
}

pub(crate) fn hour() -> Validity {
    Validity { not_before: NOW - Seconds::minutes(1), not_after: NOW + Seconds::hours(1) }
}

pub(crate) fn authority(common_name: &str) -> Authority {
    Authority {
        country: "SE".to_owned(),
        organisation: "Exempelkommunen".to_owned(),
        organisation_number: "212000-0142".parse().unwrap(),
        common_name: common_name.to_owned(),
    }
}

pub(crate) fn person() -> Person {
    Person {
        country: "SE".to_owned(),
        organisation: "Exempelkommunen".to_owned(),
        organisation_number: "212000-0142".parse().unwrap(),
        given_name: "Åsa".to_owned(),
        surname: "Öberg-Nilsson".to_owned(),
        common_name: "Åsa Öberg-Nilsson".to_owned(),
        serial_number: "k7f3q9xw2m@2120000142".to_owned(),
    }
}

pub(crate) fn addresses() -> Addresses {
    Addresses { ca_issuers: "http://pki.example.se/ca.cer".to_owned(), revocation_list: "http://pki.example.se/ca.crl".to_owned() }
}

pub(crate) fn one_shot(person: Person) -> Profile {
    let context = AuthenticationContext {
        issuer: "https://id.example.se".to_owned(),
        acr: "http://id.swedenconnect.se/loa/1.0/uncertified-loa3".to_owned(),
        authenticated_at: NOW - Seconds(20),
        transaction: "01K9XZ7Q2M".to_owned(),
    };
    Profile::OneShot(Box::new(OneShot { person, context, policy: CERTIFICATE_POLICY, addresses: addresses() }))
}

/// A folder of its own for one OpenSSL conversation, removed afterwards.
pub(crate) struct Desk(PathBuf);

impl Desk {
    /// `None` when there is no OpenSSL; the tests then rest on the other checks.
    pub(crate) fn with_openssl() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let is_here = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
        if !is_here {
            eprintln!("openssl is not installed: this second opinion is left out");
            return None;
        }
        let folder = std::env::temp_dir().join(format!("handslag-pades-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        std::fs::create_dir_all(&folder).unwrap();
        Some(Self(folder))
    }

    pub(crate) fn put(&self, name: &str, octets: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, octets).unwrap();
        path
    }

    pub(crate) fn put_certificate(&self, name: &str, certificate: &Certificate) -> PathBuf {
        self.put(name, certificate.pem().unwrap().as_bytes())
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).unwrap()
    }

    /// Runs `openssl` with these words in the folder and gives whether it succeeded, with all it said.
    pub(crate) fn openssl(&self, words: &str) -> (bool, String) {
        let output: Output = Command::new("openssl").args(words.split_whitespace()).current_dir(&self.0).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    pub(crate) fn accepts(&self, words: &str) -> String {
        let (is_good, said) = self.openssl(words);
        assert!(is_good, "openssl {words}: {said}");
        said
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
