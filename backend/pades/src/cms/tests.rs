//! Signatures against OpenSSL, and one test for every way a signature can be wrong.

use std::slice;

use der::{Encode, asn1::ObjectIdentifier};
use handslag_vocab::Seconds;

use super::{attributes::attribute, *};
use crate::{
    asn1::{self, tag},
    certificate::{Certificate, path},
    es256, oid,
    refused::Refused,
    test_pki::{Desk, NOW, Pki, hour, issue, one_shot, person},
};

const CONTENT: &[u8] = b"bytes of a document";

fn digest() -> [u8; 32] {
    es256::sha256(CONTENT)
}

/// A signature that is right except for what a test changes.
struct Forgery<'a> {
    pki: &'a Pki,
    attributes: Vec<Vec<u8>>,
    in_order: bool,
    signers: usize,
    version: u8,
    content: Option<&'a [u8]>,
    content_type: ObjectIdentifier,
    certificates: Vec<&'a Certificate>,
    digest_algorithm: Vec<u8>,
    signature_algorithm: Vec<u8>,
    unsigned: Vec<Vec<u8>>,
}

impl<'a> Forgery<'a> {
    fn new(pki: &'a Pki) -> Self {
        Self {
            pki,
            attributes: elements(Request::new(digest()).with_certificate(&pki.signer).unwrap().to_be_signed()),
            in_order: true,
            signers: 1,
            version: 1,
            content: None,
            content_type: oid::DATA,
            certificates: vec![&pki.signer, &pki.ca],
            digest_algorithm: es256::digest_algorithm().unwrap(),
            signature_algorithm: es256::signature_algorithm().unwrap(),
            unsigned: Vec::new(),
        }
    }

    fn without(mut self, oid: ObjectIdentifier) -> Self {
        let start = oid.to_der().unwrap();
        self.attributes.retain(|attribute| !attribute[2..].starts_with(&start));
        self
    }

    fn with(mut self, oid: ObjectIdentifier, value: &[u8]) -> Self {
        self.attributes.push(attribute(oid, value).unwrap());
        self
    }

    fn der(mut self) -> Vec<u8> {
        if self.in_order {
            self.attributes.sort();
        }
        let attributes = self.attributes.concat();
        let signature = self.pki.signer_key.sign(&asn1::tlv(tag::SET, &[&attributes]).unwrap());
        let unsigned = if self.unsigned.is_empty() { Vec::new() } else { asn1::set_of(tag::CONTEXT_1, self.unsigned).unwrap() };
        let signer = |version: u8| {
            let fields: [&[u8]; 7] = [
                &[2, 1, version],
                &self.pki.signer.issuer_and_serial().unwrap(),
                &self.digest_algorithm,
                &asn1::tlv(tag::CONTEXT_0, &[&attributes]).unwrap(),
                &self.signature_algorithm,
                &asn1::tlv(tag::OCTET_STRING, &[&signature]).unwrap(),
                &unsigned,
            ];
            asn1::tlv(tag::SEQUENCE, &fields).unwrap()
        };
        let signers: Vec<Vec<u8>> = (0..self.signers).map(|place| signer(u8::try_from(place).unwrap() + 1)).collect();
        let octets = |octets: &[u8]| asn1::tlv(tag::CONTEXT_0, &[&asn1::tlv(tag::OCTET_STRING, &[octets]).unwrap()]).unwrap();
        let content = self.content.map(octets).unwrap_or_default();
        let certificates = self.certificates.iter().map(|certificate| certificate.der().to_vec()).collect::<Vec<_>>();
        let certificates = if certificates.is_empty() { Vec::new() } else { asn1::set_of(tag::CONTEXT_0, certificates).unwrap() };
        let fields: [&[u8]; 5] = [
            &[2, 1, self.version],
            &asn1::tlv(tag::SET, &[&self.digest_algorithm]).unwrap(),
            &asn1::tlv(tag::SEQUENCE, &[&self.content_type.to_der().unwrap(), &content]).unwrap(),
            &certificates,
            &asn1::set_of(tag::SET, signers).unwrap(),
        ];
        let signed_data = asn1::tlv(tag::CONTEXT_0, &[&asn1::tlv(tag::SEQUENCE, &fields).unwrap()]).unwrap();
        asn1::tlv(tag::SEQUENCE, &[&oid::SIGNED_DATA.to_der().unwrap(), &signed_data]).unwrap()
    }

    fn verdict(self) -> Result<(), Refused> {
        verify(&self.der(), &digest()).map(|_| ())
    }
}

fn elements(set: &[u8]) -> Vec<Vec<u8>> {
    asn1::ordered(asn1::content(tag::SET, set).unwrap()).unwrap().into_iter().map(<[u8]>::to_vec).collect()
}

#[test]
fn openssl_accepts_the_signature_and_its_timestamp() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    let cms = pki.signature(CONTENT);
    let verified = verify(&cms, &digest()).unwrap();
    desk.put_certificate("root.pem", &pki.root);
    desk.put("content", CONTENT);
    desk.put("cms.der", &cms);
    desk.put("token.der", verified.timestamp.unwrap().der());
    desk.put("value", &verified.signature);
    let at = NOW.seconds();
    desk.accepts(&format!("cms -verify -binary -inform DER -in cms.der -content content -CAfile root.pem -purpose any -attime {at} -out out"));
    desk.accepts(&format!("ts -verify -attime {at} -token_in -in token.der -data value -CAfile root.pem"));
    let printed = desk.accepts("cms -cmsout -print -inform DER -in cms.der");
    let objects = |oid: &str| printed.matches(&format!("({oid})")).count();
    assert_eq!((objects("1.2.840.113549.1.9.3"), objects("1.2.840.113549.1.9.5")), (1, 0), "content type once, no signing time\n{printed}");
    desk.accepts("asn1parse -inform DER -in cms.der");
    desk.put("content", b"bytes of another document");
    let (is_good, _) =
        desk.openssl(&format!("cms -verify -binary -inform DER -in cms.der -content content -CAfile root.pem -purpose any -attime {at} -out out"));
    assert!(!is_good);
}

#[test]
fn a_signature_by_openssl_is_refused_for_its_signing_time() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    desk.put_certificate("signer.pem", &pki.signer);
    desk.put("signer.key", pki.signer_key.pem().as_bytes());
    desk.put("content", CONTENT);
    desk.accepts("cms -sign -cades -binary -nosmimecap -md sha256 -signer signer.pem -inkey signer.key -in content -outform DER -out cms.der");
    assert_eq!(verify(&desk.read("cms.der"), &digest()).map(|_| ()), Err(Refused::SigningTimePresent));
    assert!(SignedData::from_der(&desk.read("cms.der")).unwrap().check_signer(oid::DATA, &digest()).is_ok(), "everything else is right");
}

#[test]
fn what_is_verified_is_what_was_signed() {
    let pki = Pki::new();
    let verified = verify(&pki.signature(CONTENT), &digest()).unwrap();
    assert_eq!(verified.signer, pki.signer);
    assert_eq!(verified.others, slice::from_ref(&pki.ca));
    assert_eq!(verified.best_signature_time(), Some(NOW));
    assert_eq!(path(&verified.signer, &verified.others, &pki.root, NOW), Ok(()));
    assert_eq!(Forgery::new(&pki).verdict(), Ok(()), "the forgery is sound until something is changed");
}

#[test]
fn a_changed_octet_is_always_noticed() {
    let pki = Pki::new();
    let cms = pki.signature(CONTENT);
    for place in (0..cms.len()).step_by(5) {
        let mut changed = cms.clone();
        changed[place] ^= 1 << (place % 8);
        let verdict = verify(&changed, &digest()).and_then(|verified| {
            let token = verified.timestamp.ok_or(Refused::ContentMissing)?;
            path(token.signer(), token.others(), &pki.root, NOW)?;
            path(&verified.signer, &verified.others, &pki.root, NOW)
        });
        assert!(verdict.is_err(), "octet {place}");
    }
}

#[test]
fn structure_that_is_no_baseline_signature_is_refused() {
    let pki = Pki::new();
    let of = |change: fn(&mut Forgery<'_>)| {
        let mut forgery = Forgery::new(&pki);
        change(&mut forgery);
        forgery.verdict()
    };
    assert_eq!(of(|f| f.signers = 2), Err(Refused::SignerCount));
    assert_eq!(of(|f| f.signers = 0), Err(Refused::SignerCount));
    assert_eq!(of(|f| f.content = Some(CONTENT)), Err(Refused::ContentEncapsulated));
    assert_eq!(of(|f| f.certificates.clear()), Err(Refused::SignerCertificateMissing));
    assert_eq!(of(|f| f.certificates = vec![&f.pki.ca, &f.pki.tsa]), Err(Refused::SignerCertificateMissing));
    assert_eq!(of(|f| f.version = 3), Err(Refused::VersionNotAllowed));
    assert_eq!(of(|f| f.content_type = oid::TST_INFO), Err(Refused::ContentTypeMismatch));
    assert_eq!(of(|f| f.attributes.reverse()), Ok(()), "sorted again");
    assert_eq!(
        of(|f| {
            f.in_order = false;
            f.attributes.reverse();
        }),
        Err(Refused::SetOutOfOrder)
    );
    assert_eq!(of(|f| f.unsigned = vec![attribute(oid::SIGNING_TIME, &[5, 0]).unwrap()]), Err(Refused::AttributeUnexpected));
}

#[test]
fn other_algorithms_are_refused() {
    let pki = Pki::new();
    let of = |oid: &str| spki::AlgorithmIdentifierOwned { oid: ObjectIdentifier::new_unwrap(oid), parameters: None }.to_der().unwrap();
    let sha1 = Forgery { digest_algorithm: of("1.3.14.3.2.26"), ..Forgery::new(&pki) };
    assert_eq!(sha1.verdict(), Err(Refused::AlgorithmNotAllowed));
    let ecdsa_sha1 = Forgery { signature_algorithm: of("1.2.840.10045.4.1"), ..Forgery::new(&pki) };
    assert_eq!(ecdsa_sha1.verdict(), Err(Refused::AlgorithmNotAllowed));
    let protected = asn1::tlv(tag::SEQUENCE, &[&of("2.16.840.1.101.3.4.2.3"), &[0xa1, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]]).unwrap();
    let substituted = Forgery::new(&pki).without(oid::ALGORITHM_PROTECTION).with(oid::ALGORITHM_PROTECTION, &protected);
    assert_eq!(substituted.verdict(), Err(Refused::AlgorithmProtectionMismatch));
    assert_eq!(Forgery::new(&pki).without(oid::ALGORITHM_PROTECTION).verdict(), Ok(()), "it is optional");
}

#[test]
fn signed_attributes_that_are_missing_doubled_or_forbidden_are_refused() {
    let pki = Pki::new();
    let time = b"\x17\x0d261121204000Z";
    let octets = asn1::tlv(tag::OCTET_STRING, &[&[7; 32]]).unwrap();
    let forgery = || Forgery::new(&pki);
    assert_eq!(forgery().with(oid::SIGNING_TIME, time).verdict(), Err(Refused::SigningTimePresent));
    assert_eq!(forgery().without(oid::CONTENT_TYPE).verdict(), Err(Refused::ContentTypeMismatch));
    assert_eq!(forgery().without(oid::MESSAGE_DIGEST).verdict(), Err(Refused::DigestMismatch));
    assert_eq!(forgery().with(oid::MESSAGE_DIGEST, &octets).verdict(), Err(Refused::AttributeRepeated));
    assert_eq!(forgery().without(oid::SIGNING_CERTIFICATE_V2).verdict(), Err(Refused::SigningCertificateMismatch));
    assert_eq!(forgery().with(oid::SIGNING_CERTIFICATE, &[0x30, 0]).verdict(), Err(Refused::SigningCertificateMismatch), "both kinds");
    let mime = ObjectIdentifier::new_unwrap("0.4.0.1733.2.1");
    assert_eq!(forgery().with(mime, &octets).verdict(), Err(Refused::AttributeUnexpected));
}

#[test]
fn another_certificate_over_the_same_key_is_refused() {
    let pki = Pki::new();
    let promoted = issue(
        &one_shot(crate::certificate::Person { common_name: "Någon Annan".to_owned(), ..person() }),
        &pki.signer_key.public(),
        Some(&pki.ca),
        &pki.ca_key,
        hour(),
    );
    assert_eq!(promoted.serial(), pki.signer.serial(), "the attack: same key, issuer and serial number, another name");
    let substituted = Forgery { certificates: vec![&promoted, &pki.ca], ..Forgery::new(&pki) };
    assert_eq!(substituted.verdict(), Err(Refused::SigningCertificateMismatch));
}

#[test]
fn the_digest_the_key_and_the_purpose_must_fit() {
    let pki = Pki::new();
    assert_eq!(verify(&pki.signature(CONTENT), &[0; 32]).map(|_| ()), Err(Refused::DigestMismatch));
    let attributes = Request::new(digest()).with_certificate(&pki.signer).unwrap();
    let by_another = pki.tsa_key.sign(attributes.to_be_signed());
    assert_eq!(assemble(&attributes, &by_another, &pki.signer, &[], None), Err(Refused::SignatureInvalid));
    let attributes = Request::new(digest()).with_certificate(&pki.tsa).unwrap();
    let value = pki.tsa_key.sign(attributes.to_be_signed());
    let by_clock = assemble(&attributes, &value, &pki.tsa, &[], None).unwrap();
    assert_eq!(verify(&by_clock, &digest()).map(|_| ()), Err(Refused::KeyUsageNotAllowed), "a timestamping certificate signs no document");
}

#[test]
fn a_timestamp_over_other_data_or_after_the_certificate_is_refused() {
    let pki = Pki::new();
    let attributes = Request::new(digest()).with_certificate(&pki.signer).unwrap();
    let value = pki.signer_key.sign(attributes.to_be_signed());
    let other = pki.token(b"something else", NOW);
    let chain = slice::from_ref(&pki.ca);
    assert_eq!(assemble(&attributes, &value, &pki.signer, chain, Some(&other)), Err(Refused::TimestampImprintMismatch));
    let with = |token: &[u8]| Forgery { unsigned: vec![attribute(oid::SIGNATURE_TIME_STAMP, token).unwrap()], ..Forgery::new(&pki) }.verdict();
    assert_eq!(with(&other), Err(Refused::TimestampImprintMismatch));
    assert_eq!(with(&pki.token(&value, NOW)), Ok(()));
    assert_eq!(with(&pki.token(&value, NOW + Seconds::hours(2))), Err(Refused::TimestampOutsideCertificate));
    assert_eq!(with(&pki.token(&value, NOW - Seconds::hours(1))), Err(Refused::TimestampOutsideCertificate));
}

#[test]
fn nothing_may_follow_the_signature_and_it_has_a_largest_size() {
    let cms = Pki::new().signature(CONTENT);
    assert_eq!(verify(&[cms.as_slice(), &[0; 100]].concat(), &digest()).map(|_| ()), Err(Refused::NotDer));
    assert_eq!(verify(&cms[..cms.len() - 1], &digest()).map(|_| ()), Err(Refused::NotDer));
    assert_eq!(verify(&[], &digest()).map(|_| ()), Err(Refused::NotDer));
    assert_eq!(verify(&vec![0x30; 300_000], &digest()).map(|_| ()), Err(Refused::Oversized));
}

#[test]
fn the_core_reads_back_the_request_and_nothing_else() {
    let request = Request::new(digest());
    let der = request.der().unwrap();
    assert_eq!(der.len(), 77);
    assert_eq!(Request::from_der(&der), Ok(request));
    let attributes = elements(&der);
    let set = |attributes: &[&[u8]]| asn1::tlv(tag::SET, attributes).unwrap();
    let (content_type, message_digest) = (attributes[0].as_slice(), attributes[1].as_slice());
    let of = |oid, value: &[u8]| attribute(oid, value).unwrap();
    let tst = of(oid::CONTENT_TYPE, &oid::TST_INFO.to_der().unwrap());
    let short = of(oid::MESSAGE_DIGEST, &asn1::tlv(tag::OCTET_STRING, &[&[1; 20]]).unwrap());
    let two_values = asn1::tlv(tag::SEQUENCE, &[&oid::CONTENT_TYPE.to_der().unwrap(), &set(&[&[5, 0], &[6, 1, 1]])]).unwrap();
    let pki = Pki::new();
    let complete = Request::new(digest()).with_certificate(&pki.signer).unwrap();
    for (what, octets, refused) in [
        ("order", set(&[message_digest, content_type]), Refused::SetOutOfOrder),
        ("repeated", set(&[content_type, content_type, message_digest]), Refused::SetOutOfOrder),
        ("signing time", set(&[content_type, &of(oid::SIGNING_TIME, b"\x17\x0d261121204000Z"), message_digest]), Refused::SigningTimePresent),
        ("extra", set(&[&of(oid::COMMON_NAME, &[5, 0]), content_type, message_digest]), Refused::AttributeUnexpected),
        ("complete attributes of somebody else", complete.to_be_signed().to_vec(), Refused::AttributeUnexpected),
        ("timestamp content", set(&[&tst, message_digest]), Refused::ContentTypeMismatch),
        ("no content type", set(&[message_digest]), Refused::ContentTypeMismatch),
        ("no digest", set(&[content_type]), Refused::DigestMismatch),
        ("short digest", set(&[content_type, &short]), Refused::DigestLength),
        ("two values", set(&[&two_values, message_digest]), Refused::AttributeRepeated),
        ("after the end", [der.as_slice(), &[0]].concat(), Refused::NotDer),
        ("cut", der[..76].to_vec(), Refused::NotDer),
        ("implicit tag", [&[0xa0], &der[1..]].concat(), Refused::NotDer),
        ("long length", [&[0x31, 0x81, 75], &der[2..]].concat(), Refused::NotDer),
        ("a certificate", pki.signer.der()[..300].to_vec(), Refused::NotDer),
        ("oversized", pki.signer.der().to_vec(), Refused::Oversized),
        ("nothing", Vec::new(), Refused::NotDer),
    ] {
        assert_eq!(Request::from_der(&octets), Err(refused), "{what}");
    }
}

proptest::proptest! {
    #[test]
    fn no_octets_make_a_reader_fall(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        proptest::prop_assert!(SignedData::from_der(&octets).is_err());
        proptest::prop_assert!(Request::from_der(&octets).is_err());
        proptest::prop_assert!(Certificate::from_der(&octets).is_err());
        let _ = crate::timestamp::Request::from_der(&octets);
    }

    #[test]
    fn no_piece_put_elsewhere_passes(from in 0_usize..6_000, to in 0_usize..6_000, length in 1_usize..200) {
        static CMS: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| Pki::new().signature(CONTENT));
        static ROOT: std::sync::LazyLock<Certificate> = std::sync::LazyLock::new(|| Pki::new().root);
        let (from, to) = (from % (CMS.len() - length), to % (CMS.len() - length));
        let mut changed = CMS.clone();
        changed.copy_within(from..from + length, to);
        let verdict = verify(&changed, &digest()).and_then(|verified| {
            let token = verified.timestamp.ok_or(Refused::ContentMissing)?;
            path(token.signer(), token.others(), &ROOT, NOW)?;
            path(&verified.signer, &verified.others, &ROOT, NOW)
        });
        proptest::prop_assert!(changed == *CMS || verdict.is_err());
    }
}
