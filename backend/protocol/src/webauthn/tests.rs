//! First the vectors of the specification, then everything that must not pass.

use handslag_vocab::Digest;
use minicbor::Decoder;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const VECTORS: &str = include_str!("../../vectors/webauthn-l3.json");

/// One vector: what was registered and what was presented.
#[derive(Clone)]
struct Vector {
    name: String,
    registered: Vec<u8>,
    challenge: Vec<u8>,
    client_data: Vec<u8>,
    authenticator_data: Vec<u8>,
    signature: Vec<u8>,
}

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// `authData` of an attestation object (§6.5.4).
fn auth_data(attestation_object: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(attestation_object);
    for _ in 0..decoder.map().unwrap().unwrap() {
        if decoder.str().unwrap() == "authData" {
            return decoder.bytes().unwrap().to_vec();
        }
        decoder.skip().unwrap();
    }
    panic!("no authData");
}

fn vectors() -> Vec<Vector> {
    let all: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
    let with_ceremony = all.iter().filter(|vector| vector.get("authentication").is_some());
    with_ceremony
        .map(|vector| Vector {
            name: vector["name"].as_str().unwrap().to_owned(),
            registered: auth_data(&hex(&vector["registration"]["attestationObject"])),
            challenge: hex(&vector["authentication"]["challenge"]),
            client_data: hex(&vector["authentication"]["clientDataJSON"]),
            authenticator_data: hex(&vector["authentication"]["authenticatorData"]),
            signature: hex(&vector["authentication"]["signature"]),
        })
        .collect()
}

fn vector(name: &str) -> Vector {
    vectors().into_iter().find(|vector| vector.name == name).unwrap()
}

/// The vector with most flags set: UP, UV, BE.
fn ordinary() -> Vector {
    vector("Packed Attestation with ES256 Credential")
}

impl Vector {
    fn presented(&self) -> UnverifiedAssertion<'_> {
        UnverifiedAssertion { client_data_json: &self.client_data, authenticator_data: &self.authenticator_data, signature: &self.signature }
    }

    /// Verifies with what the vector expects, changed by `change`.
    fn verify(&self, change: impl Fn(&mut Expected<'_>)) -> Result<Assertion, Refusal> {
        let credential = attested_credential(&self.registered)?;
        let (origins, tops) = (["https://example.org".to_owned()], ["https://example.com".to_owned()]);
        let mut expected = Expected {
            challenge: Digest::from_slice(&self.challenge).unwrap(),
            origins: &origins,
            rp_id: "example.org",
            key: &credential.key,
            backup_eligible: credential.backup_eligible,
            user_verification: UserVerification::Preferred,
            framing: Framing::Within(&tops),
        };
        change(&mut expected);
        verify(self.presented(), &expected)
    }

    /// The same with other client data text.
    fn with_client_data(&self, from: &str, to: &str) -> Self {
        let text = String::from_utf8(self.client_data.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        Self { client_data: text.replace(from, to).into_bytes(), ..self.clone() }
    }

    /// The same with other flags.
    fn with_flags(&self, flags: u8) -> Self {
        let mut changed = self.clone();
        changed.authenticator_data[32] = flags;
        changed
    }
}

fn as_is(_: &mut Expected<'_>) {}

#[test]
fn every_vector_of_an_algorithm_we_take_verifies_with_the_flags_it_names() {
    let mut verified = 0;
    for vector in vectors() {
        if vector.name.contains("ES512") || vector.name.contains("Ed448") {
            assert_eq!(attested_credential(&vector.registered).unwrap_err(), Refusal::Key, "{}", vector.name);
            continue;
        }
        let assertion = vector.verify(as_is).unwrap_or_else(|refusal| panic!("{}: {refusal}", vector.name));
        let flags = vector.authenticator_data[32];
        let told = [assertion.user_present, assertion.user_verified, assertion.backup_eligible, assertion.backup_state];
        assert_eq!(told, [0x01, 0x04, 0x08, 0x10].map(|bit| flags & bit != 0), "{}", vector.name);
        assert_eq!(vector.verify(|e| e.user_verification = UserVerification::Required).is_ok(), flags & 0x04 != 0, "{}", vector.name);
        verified += 1;
    }
    assert_eq!(verified, 13, "10 of ES256 and one each of ES384, RS256 and EdDSA");
}

#[test]
fn a_key_stored_in_cose_form_reads_back_as_the_same_key() {
    for vector in vectors() {
        let Ok(credential) = attested_credential(&vector.registered) else { continue };
        assert_eq!(CredentialKey::from_cose(&credential.cose_key).unwrap(), credential.key);
        assert_eq!(CredentialKey::from_cose(&[&credential.cose_key[..], &[0]].concat()), Err(Refusal::Key), "trailing byte");
        for end in 0..credential.cose_key.len() {
            assert_eq!(CredentialKey::from_cose(&credential.cose_key[..end]), Err(Refusal::Key), "{} cut at {end}", vector.name);
        }
    }
}

#[test]
fn what_the_caller_expects_otherwise_is_refused() {
    let strangers =
        ["https://badexample.org", "https://example.org.evil.test", "https://example.org/", "http://example.org", "https://EXAMPLE.org", "null"];
    for stranger in strangers {
        let origins: &'static [String] = vec![stranger.to_owned()].leak();
        assert_eq!(ordinary().verify(|e| e.origins = origins), Err(Refusal::Origin), "{stranger}");
    }
    assert_eq!(ordinary().verify(|e| e.origins = &[]), Err(Refusal::Origin));
    assert_eq!(ordinary().verify(|e| e.challenge = Digest::of(b"another approval")), Err(Refusal::Challenge));
    assert_eq!(ordinary().verify(|e| e.rp_id = "example.com"), Err(Refusal::RpId));
    assert_eq!(ordinary().verify(|e| e.rp_id = "EXAMPLE.org"), Err(Refusal::RpId));
    assert_eq!(ordinary().verify(|e| e.backup_eligible = false), Err(Refusal::BackupEligibility));
    let without = vector("ES256 Credential with No Attestation");
    assert_eq!(without.verify(|e| e.user_verification = UserVerification::Required), Err(Refusal::UserVerification));
    let device_bound = vector("FIDO U2F Attestation with ES256 Credential");
    assert_eq!(device_bound.verify(|e| e.backup_eligible = true), Err(Refusal::BackupEligibility));
}

#[test]
fn an_assertion_by_another_passkey_is_refused() {
    let (ours, theirs) = (ordinary(), vector("TPM Attestation with ES256 Credential"));
    let swapped = Vector { registered: theirs.registered, ..ours.clone() };
    assert_eq!(swapped.verify(as_is), Err(Refusal::Signature));
    let ed25519 = Vector { registered: vector("Packed Attestation with Ed25519 Credential").registered, ..ours };
    assert_eq!(ed25519.verify(|e| e.backup_eligible = true), Err(Refusal::Signature));
}

#[test]
fn a_page_inside_a_foreign_page_is_refused_unless_allowed_by_name() {
    let framed = vector("ES256 Credential with \"crossOrigin\": true in clientDataJSON");
    assert_eq!(framed.verify(|e| e.framing = Framing::Refused), Err(Refusal::CrossOrigin));
    let named = vector("ES256 Credential with \"topOrigin\" in clientDataJSON");
    assert_eq!(named.verify(|e| e.framing = Framing::Refused), Err(Refusal::CrossOrigin));
    assert_eq!(named.verify(|e| e.framing = Framing::Within(&[])), Err(Refusal::TopOrigin));
    let contradiction = named.with_client_data("\"crossOrigin\":true", "\"crossOrigin\":false");
    assert_eq!(contradiction.verify(as_is), Err(Refusal::TopOrigin));
}

#[test]
fn client_data_of_another_form_is_refused() {
    let cases = [
        ("\"webauthn.get\"", "\"webauthn.create\"", Refusal::Ceremony),
        ("\"webauthn.get\"", "\"payment.get\"", Refusal::Ceremony),
        ("\"webauthn.get\"", "\"Webauthn.get\"", Refusal::Ceremony),
        ("\"challenge\":\"", "\"challenge\":\"=", Refusal::Challenge),
        ("\"crossOrigin\":false", "\"crossOrigin\":\"false\"", Refusal::ClientData),
        ("\"crossOrigin\":false", "\"crossOrigin\":false,\"origin\":\"https://example.org\"", Refusal::ClientData),
        ("\"origin\"", "\"Origin\"", Refusal::ClientData),
        ("{\"type\"", "[{\"type\"", Refusal::ClientData),
        ("{\"type\"", "\u{feff}{\"type\"", Refusal::ClientData),
        ("{\"type\"", "{ \"type\"", Refusal::Signature),
    ];
    for (from, to, refusal) in cases {
        assert_eq!(ordinary().with_client_data(from, to).verify(as_is), Err(refusal), "{to}");
    }
    let trailing = Vector { client_data: [&ordinary().client_data[..], b"{}"].concat(), ..ordinary() };
    assert_eq!(trailing.verify(as_is), Err(Refusal::ClientData));
}

#[test]
fn impossible_flags_and_bytes_that_nobody_accounts_for_are_refused() {
    assert_eq!(ordinary().with_flags(0x0c).verify(as_is), Err(Refusal::UserPresence));
    let device_bound = vector("FIDO U2F Attestation with ES256 Credential");
    assert_eq!(device_bound.with_flags(0x11).verify(as_is), Err(Refusal::BackupState));
    assert_eq!(ordinary().with_flags(0x4d).verify(as_is), Err(Refusal::AuthenticatorData), "attested data announced");
    assert_eq!(ordinary().with_flags(0x8d).verify(as_is), Err(Refusal::AuthenticatorData), "extensions announced");
    for end in 0..37 {
        let cut = Vector { authenticator_data: ordinary().authenticator_data[..end].to_vec(), ..ordinary() };
        assert_eq!(cut.verify(as_is), Err(Refusal::AuthenticatorData), "cut at {end}");
    }
    let longer =
        |tail: &[u8], flags: u8| Vector { authenticator_data: [&ordinary().with_flags(flags).authenticator_data[..], tail].concat(), ..ordinary() };
    assert_eq!(longer(&[0xa0], 0x0d).verify(as_is), Err(Refusal::AuthenticatorData), "map without its flag");
    assert_eq!(longer(&[0xa0, 0xa0], 0x8d).verify(as_is), Err(Refusal::AuthenticatorData), "two maps");
    assert_eq!(longer(&[0x80], 0x8d).verify(as_is), Err(Refusal::AuthenticatorData), "extensions that are a list");
    assert_eq!(longer(&[0xa1, 0x61, 0x61], 0x8d).verify(as_is), Err(Refusal::AuthenticatorData), "half a map");
    assert_eq!(longer(&[0xa1, 0x61, 0x61, 0x01], 0x8d).verify(as_is), Err(Refusal::Signature), "a well-formed map nobody signed");
}

#[test]
fn keys_that_mean_two_things_are_refused() {
    let credential = attested_credential(&ordinary().registered).unwrap();
    let cose = credential.cose_key;
    // a5 01 02 03 26 20 01 21 58 20 x 22 58 20 y
    let changed = |at: usize, byte: u8| {
        let mut bytes = cose.clone();
        bytes[at] = byte;
        CredentialKey::from_cose(&bytes)
    };
    assert!(changed(0, 0xa5).is_ok());
    assert_eq!(changed(2, 0x01), Err(Refusal::Key), "key type OKP with a P-256 point");
    assert_eq!(changed(4, 0x27), Err(Refusal::Key), "algorithm EdDSA with a P-256 point");
    assert_eq!(changed(6, 0x02), Err(Refusal::Key), "P-384 with P-256 coordinates");
    assert_eq!(changed(10, cose[10] ^ 1), Err(Refusal::Key), "a point off the curve");
    assert_eq!(changed(3, 0x01), Err(Refusal::Key), "a label that stands twice");
    let mut compressed = cose[..43].to_vec();
    compressed.push(0xf5);
    assert_eq!(CredentialKey::from_cose(&compressed), Err(Refusal::Key), "a compressed point");
    assert_eq!(CredentialKey::from_p256_point(&[4; 65]), Err(Refusal::Key));
    assert_eq!(CredentialKey::from_p256_point(&[]), Err(Refusal::Key));
}

#[test]
fn a_counter_that_stands_still_is_told_but_zero_is_not() {
    let counted = |sign_count| Assertion { user_present: true, user_verified: true, backup_eligible: false, backup_state: false, sign_count };
    assert!(!counted(0).counter_went_back(0));
    assert!(!counted(6).counter_went_back(5));
    assert!(counted(5).counter_went_back(5) && counted(4).counter_went_back(5) && counted(0).counter_went_back(5));
}

proptest! {
    /// Whatever single bit is turned over, in any of the three byte strings, the assertion is refused.
    #[test]
    fn one_bit_is_enough(part in 0..3usize, place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut changed = ordinary();
        let bytes = [&mut changed.client_data, &mut changed.authenticator_data, &mut changed.signature][part].as_mut_slice();
        bytes[place.index(bytes.len())] ^= 1 << bit;
        prop_assert!(changed.verify(as_is).is_err());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = CredentialKey::from_cose(&bytes);
        let _ = attested_credential(&bytes);
        let _ = ClientData::parse(&bytes);
    }
}
