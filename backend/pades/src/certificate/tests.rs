//! Certificates against OpenSSL, and what must never be issued or believed.

use handslag_vocab::Seconds;

use super::*;
use crate::{
    asn1::{self, Fields, tag},
    oid,
    test_pki::{self, Desk, Dice, Key, NOW, Pki, addresses, authority, hour, issue, one_shot, years},
};

pub(super) fn person() -> Person {
    test_pki::person()
}

#[test]
fn openssl_reads_the_one_shot_certificate_as_it_was_meant() {
    let Some(desk) = Desk::with_openssl() else { return };
    desk.put_certificate("signer.pem", &Pki::new().signer);
    let text = desk.accepts("x509 -in signer.pem -noout -text -nameopt utf8,sep_comma_plus,sname");
    for expected in [
        "Version: 3",
        "Signature Algorithm: ecdsa-with-SHA256",
        "C=SE,O=Exempelkommunen,organizationIdentifier=NTRSE-2120000142,CN=Åsa Öberg-Nilsson,SN=Öberg-Nilsson,GN=Åsa,serialNumber=k7f3q9xw2m@2120000142",
        "X509v3 Basic Constraints: critical\n                CA:FALSE",
        "X509v3 Key Usage: critical\n                Non Repudiation\n",
        "1.3.6.1.5.5.7.3.36",
        "Policy: 1.3.6.1.4.1.32473.1.1",
        "CA Issuers - URI:http://pki.example.se/ca.cer",
        "URI:http://pki.example.se/ca.crl",
        "0.4.0.194121.2.1",
        "qcStatements",
        "1.2.752.201.5.1",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}

#[test]
fn openssl_follows_the_path_from_every_leaf_to_the_root() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    for (name, certificate) in [("root.pem", &pki.root), ("ca.pem", &pki.ca), ("tsa.pem", &pki.tsa), ("signer.pem", &pki.signer)] {
        desk.put_certificate(name, certificate);
    }
    let at = NOW.seconds();
    desk.accepts(&format!("verify -x509_strict -attime {at} -CAfile root.pem -untrusted ca.pem signer.pem"));
    desk.accepts(&format!("verify -x509_strict -attime {at} -purpose timestampsign -CAfile root.pem -untrusted ca.pem tsa.pem"));
    let (is_good, _) = desk.openssl(&format!("verify -attime {} -CAfile root.pem -untrusted ca.pem signer.pem", at + 3_601));
    assert!(!is_good, "an hour later it has expired");
}

#[test]
fn a_path_leads_to_its_root_and_to_no_other() {
    let pki = Pki::new();
    let others = [pki.ca.clone()];
    assert_eq!(path(&pki.signer, &others, &pki.root, NOW), Ok(()));
    assert_eq!(path(&pki.tsa, &others, &pki.root, NOW), Ok(()));
    assert_eq!(path(&pki.signer, &[], &pki.root, NOW), Err(Refused::CertificatePathMissing));
    assert_eq!(path(&pki.signer, &others, &pki.root, NOW + Seconds::hours(2)), Err(Refused::CertificateNotValidThen));
    assert_eq!(path(&pki.signer, &others, &pki.root, NOW - Seconds::hours(2)), Err(Refused::CertificateNotValidThen));
    let stranger = Key::new(9); // the same name over another key
    let impostor = issue(&Profile::Root(authority("Exempel rot")), &stranger.public(), None, &stranger, years(20));
    assert_eq!(path(&pki.signer, &others, &impostor, NOW), Err(Refused::CertificatePathMissing));
}

#[test]
fn nobody_issues_without_the_right_to() {
    let pki = Pki::new();
    let key = pki.signer_key.public();
    let serial = Serial::random(&mut Dice(1));
    let ask = |profile: &Profile, issuer| unsigned(profile, &key, issuer, hour(), &serial).map(|_| ());
    assert_eq!(ask(&one_shot(person()), None), Err(Refused::ProfileIssuer));
    assert_eq!(ask(&Profile::Root(authority("R")), Some(&pki.root)), Err(Refused::ProfileIssuer));
    assert_eq!(ask(&one_shot(person()), Some(&pki.signer)), Err(Refused::CertificateIssuerNotAuthority));
    assert_eq!(ask(&one_shot(person()), Some(&pki.tsa)), Err(Refused::CertificateIssuerNotAuthority));
}

#[test]
fn an_authority_below_the_signing_authority_leads_nowhere() {
    let pki = Pki::new();
    let (key, leaf_key) = (Key::new(10), Key::new(11));
    let below = issue(&Profile::SigningCa(authority("Under"), addresses()), &key.public(), Some(&pki.ca), &pki.ca_key, years(1));
    let leaf = issue(&one_shot(person()), &leaf_key.public(), Some(&below), &key, hour());
    let others = [pki.ca.clone(), below];
    assert_eq!(path(&leaf, &others, &pki.root, NOW), Err(Refused::CertificateIssuerNotAuthority), "path length 0");
}

#[test]
fn only_the_issuers_signature_over_these_octets_closes_a_certificate() {
    let pki = Pki::new();
    let serial = Serial::random(&mut Dice(2));
    let ask = || unsigned(&one_shot(person()), &pki.signer_key.public(), Some(&pki.ca), hour(), &serial).unwrap();
    let by_another = pki.root_key.sign(ask().to_be_signed());
    let hashed_twice = pki.ca_key.sign(&es256::sha256(ask().to_be_signed()));
    assert_eq!(ask().signed(&by_another), Err(Refused::SignatureInvalid));
    assert_eq!(ask().signed(&hashed_twice), Err(Refused::SignatureInvalid));
    assert_eq!(ask().signed(&[]), Err(Refused::SignatureInvalid));
    assert!(ask().signed(&pki.ca_key.sign(ask().to_be_signed())).is_ok());
}

#[test]
fn a_changed_octet_is_always_noticed() {
    let pki = Pki::new();
    for place in 0..pki.signer.der().len() {
        let mut changed = pki.signer.der().to_vec();
        changed[place] ^= 1 << (place % 8);
        let verdict = Certificate::from_der(&changed).and_then(|certificate| certificate.check_issued_by(&pki.ca));
        assert!(verdict.is_err(), "octet {place}");
    }
}

#[test]
fn names_that_deceive_are_refused() {
    let pki = Pki::new();
    let refuses = |person: Person| {
        let serial = Serial::random(&mut Dice(3));
        unsigned(&one_shot(person), &pki.signer_key.public(), Some(&pki.ca), hour(), &serial).map(|_| ()) == Err(Refused::TextNotAllowed)
    };
    for text in ["", "   ", "Åsa\u{202e}grebÖ", "Åsa\u{200b}Öberg", "Åsa\nÖberg", "Åsa\u{0}", "\u{feff}Åsa", &"å".repeat(129)] {
        assert!(refuses(Person { common_name: text.to_owned(), ..person() }), "{text:?}");
        assert!(refuses(Person { serial_number: text.to_owned(), ..person() }), "{text:?}");
    }
    for country in ["se", "SWE", "S", "Å"] {
        assert!(refuses(Person { country: country.to_owned(), ..person() }), "{country}");
    }
    assert!(!refuses(person()));
}

#[test]
fn times_that_cannot_be_written_are_refused() {
    let pki = Pki::new();
    let ask = |not_before, not_after| {
        let validity = Validity { not_before, not_after };
        unsigned(&one_shot(person()), &pki.signer_key.public(), Some(&pki.ca), validity, &Serial::random(&mut Dice(4))).map(|_| ())
    };
    assert_eq!(ask(NOW, NOW - Seconds(1)), Err(Refused::TimeOutOfRange));
    assert_eq!(ask(UnixTime::from_seconds(-1), NOW), Err(Refused::TimeOutOfRange));
    assert_eq!(ask(NOW, UnixTime::from_seconds(253_402_300_800)), Err(Refused::TimeOutOfRange), "year 10000");
    assert_eq!(ask(NOW, NOW), Ok(()));
    assert_eq!(ask(NOW, NOW + Seconds::hours(24)), Ok(()));
    assert_eq!(ask(NOW, NOW + Seconds(86_401)), Err(Refused::ValidityTooLong), "no longer short-term");
    assert_eq!(ask(NOW - Seconds::days(2), NOW - Seconds::days(2)), Err(Refused::CertificateNotValidThen), "before its issuer");
    let last = pki.ca.not_after();
    assert_eq!(ask(last, last + Seconds(1)), Err(Refused::CertificateNotValidThen), "after its issuer");
}

#[test]
fn years_after_2049_are_written_in_full() {
    let key = Key::new(12);
    let until = UnixTime::from_seconds(2_556_144_000); // 2051-01-01
    let root = issue(&Profile::Root(authority("R")), &key.public(), None, &key, Validity { not_before: NOW, not_after: until });
    assert_eq!(root.not_after(), until);
    assert!(root.der().windows(17).any(|window| window == b"\x18\x0f20510101000000Z"));
}

#[test]
fn serial_numbers_are_positive_and_of_one_length() {
    for seed in 0..200 {
        let serial = Serial::random(&mut Dice(seed));
        assert_eq!(serial.integer().unwrap().len(), 18);
        assert!((0x40..0x80).contains(&serial.as_bytes()[0]));
    }
    assert_ne!(Serial::random(&mut Dice(1)), Serial::random(&mut Dice(2)));
}

#[test]
fn the_authentication_context_stands_in_both_forms() {
    let signer = Pki::new().signer;
    let value = signer.extension_value(oid::AUTHENTICATION_CONTEXTS).unwrap();
    let mut contexts = Fields::of_sequence(value).unwrap();
    for (context_type, needle) in [(CONTEXT_TYPE_SACI, "AssertionRef=\"01K9XZ7Q2M\""), (CONTEXT_TYPE_OIDC, r#""txn":"01K9XZ7Q2M""#)] {
        let mut context = Fields::of_sequence(contexts.required(tag::SEQUENCE).unwrap()).unwrap();
        let text = |element| std::str::from_utf8(asn1::content(tag::UTF8_STRING, element).unwrap()).unwrap();
        assert_eq!(text(context.required(tag::UTF8_STRING).unwrap()), context_type);
        let info = text(context.required(tag::UTF8_STRING).unwrap());
        assert!(info.contains(needle), "{info}");
    }
    contexts.end().unwrap();
}

#[test]
fn natural_semantics_are_declared_only_for_identifiers_that_have_them() {
    use der::Encode;
    let pki = Pki::new();
    let natural = oid::SEMANTICS_NATURAL.to_der().unwrap();
    for (identifier, is_natural) in [("k7f3q9xw2m@2120000142", false), ("PNOSE-197001011234", true), ("PNO-1", false), ("XYZSE-1", false)] {
        let person = Person { serial_number: identifier.to_owned(), ..person() };
        let signer = issue(&one_shot(person), &pki.signer_key.public(), Some(&pki.ca), &pki.ca_key, hour());
        let statements = signer.extension_value(oid::QC_STATEMENTS).unwrap();
        assert_eq!(statements.windows(natural.len()).any(|window| window == natural), is_natural, "{identifier}");
    }
}

#[test]
fn keys_on_other_curves_and_malformed_keys_are_refused() {
    assert_eq!(PublicKey::from_sec1(&[4; 65]), Err(Refused::KeyNotAllowed), "not on the curve");
    assert_eq!(PublicKey::from_sec1(&[0]), Err(Refused::KeyNotAllowed), "the point at infinity");
    assert_eq!(PublicKey::from_spki(&[0x30, 0]), Err(Refused::NotDer));
    assert_eq!(Certificate::from_der(&vec![0x30; 40_000]), Err(Refused::Oversized));
}

/// The certificate again, its extensions changed and its issuer's name replaced if asked, under a fresh signature.
fn reissued(certificate: &Certificate, issuer: &[u8], key: &Key, change: impl FnOnce(&mut Vec<Vec<u8>>)) -> Vec<u8> {
    let mut whole = Fields::of_sequence(certificate.der()).unwrap();
    let mut tbs = Fields::of_sequence(whole.required(tag::SEQUENCE).unwrap()).unwrap();
    let mut fields = Vec::new();
    while let Some(field) = tbs.next().unwrap() {
        fields.push(field.to_vec());
    }
    fields[3] = issuer.to_vec();
    let mut list = Fields::of_sequence(asn1::content(0xa3, &fields[7]).unwrap()).unwrap();
    let mut extensions = Vec::new();
    while let Some(extension) = list.next().unwrap() {
        extensions.push(extension.to_vec());
    }
    change(&mut extensions);
    fields[7] = asn1::tlv(0xa3, &[&asn1::tlv(tag::SEQUENCE, &[&extensions.concat()]).unwrap()]).unwrap();
    let tbs = asn1::tlv(tag::SEQUENCE, &[&fields.concat()]).unwrap();
    let signature = asn1::tlv(tag::BIT_STRING, &[&[0], &key.sign(&tbs)]).unwrap();
    asn1::tlv(tag::SEQUENCE, &[&tbs, &es256::signature_algorithm().unwrap(), &signature]).unwrap()
}

fn raw_extension(oid: ObjectIdentifier, critical: &[u8], value: &[u8]) -> Vec<u8> {
    asn1::tlv(tag::SEQUENCE, &[&oid.to_der().unwrap(), critical, &asn1::tlv(tag::OCTET_STRING, &[value]).unwrap()]).unwrap()
}

#[test]
fn extensions_that_are_unknown_doubled_or_not_der_are_refused() {
    let pki = Pki::new();
    let issuer = pki.ca.subject().to_der().unwrap();
    let with = |extension: Vec<u8>| reissued(&pki.signer, &issuer, &pki.ca_key, |extensions| extensions.push(extension));
    let judge = |der: &[u8]| Certificate::from_der(der).and_then(|certificate| path(&certificate, std::slice::from_ref(&pki.ca), &pki.root, NOW));
    let (critical, written_default): ([u8; 3], [u8; 3]) = ([1, 1, 0xff], [1, 1, 0]);
    assert_eq!(judge(&with(raw_extension(test_pki::CERTIFICATE_POLICY, &[], b"x"))), Ok(()));
    assert_eq!(judge(&with(raw_extension(test_pki::CERTIFICATE_POLICY, &critical, b"x"))), Err(Refused::CriticalExtensionUnknown));
    assert_eq!(judge(&with(raw_extension(test_pki::CERTIFICATE_POLICY, &written_default, b"x"))), Err(Refused::NotDer));
    assert_eq!(judge(&with(raw_extension(oid::QC_STATEMENTS, &[], b"x"))), Err(Refused::CertificateExtensionInvalid), "stands twice");
}

#[test]
fn a_name_a_key_and_the_right_to_issue_must_all_fit() {
    let pki = Pki::new();
    let (root_name, ca_name, signer_name) =
        (pki.root.subject().to_der().unwrap(), pki.ca.subject().to_der().unwrap(), pki.signer.subject().to_der().unwrap());
    let read = |der: Vec<u8>| Certificate::from_der(&der).unwrap();
    let renamed = read(reissued(&pki.signer, &root_name, &pki.ca_key, |_| {}));
    assert_eq!(renamed.check_issued_by(&pki.ca), Err(Refused::CertificateIssuerMismatch), "the right key under another name");
    let stranger = Key::new(13);
    let impostor =
        issue(&Profile::SigningCa(authority("Exempel signering"), addresses()), &stranger.public(), Some(&pki.root), &pki.root_key, years(1));
    assert_eq!(pki.signer.check_issued_by(&impostor), Err(Refused::CertificateIssuerMismatch), "the right name over another key");
    let by_a_person = read(reissued(&pki.signer, &signer_name, &pki.signer_key, |extensions| extensions.truncate(2)));
    assert_eq!(by_a_person.check_issued_by(&pki.signer), Err(Refused::CertificateIssuerNotAuthority));
    let forged = read(reissued(&pki.signer, &ca_name, &stranger, |_| {}));
    assert_eq!(forged.check_issued_by(&pki.ca), Err(Refused::SignatureInvalid));
}

#[test]
fn timestamping_must_be_critical_and_alone() {
    use const_oid::AssociatedOid;
    use x509_cert::ext::pkix::ExtendedKeyUsage;
    let pki = Pki::new();
    let issuer = pki.ca.subject().to_der().unwrap();
    let with = |critical: &[u8], purposes: Vec<ObjectIdentifier>| {
        let usage = raw_extension(ExtendedKeyUsage::OID, critical, &ExtendedKeyUsage(purposes).to_der().unwrap());
        let der = reissued(&pki.tsa, &issuer, &pki.ca_key, |extensions| extensions[2] = usage);
        Certificate::from_der(&der).unwrap().check_timestamping()
    };
    assert_eq!(with(&[1, 1, 0xff], vec![oid::KP_TIME_STAMPING]), Ok(()));
    assert_eq!(with(&[], vec![oid::KP_TIME_STAMPING]), Err(Refused::TimestampSignerNotAuthority));
    let both = vec![oid::KP_TIME_STAMPING, oid::KP_DOCUMENT_SIGNING];
    assert_eq!(with(&[1, 1, 0xff], both), Err(Refused::TimestampSignerNotAuthority));
}
