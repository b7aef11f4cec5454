//! Revocation lists against OpenSSL.

use handslag_vocab::Seconds;

use super::*;
use crate::test_pki::{Desk, NOW, Pki};

fn list(number: u64, revoked: Vec<Revoked>) -> List {
    List { this_update: NOW - Seconds::minutes(5), next_update: NOW + Seconds::days(7), number, revoked }
}

fn signed(pki: &Pki, list: &List) -> Vec<u8> {
    let unsigned = unsigned(list, &pki.ca).unwrap();
    let signature = pki.ca_key.sign(unsigned.to_be_signed());
    unsigned.signed(&signature).unwrap()
}

#[test]
fn openssl_accepts_the_signer_until_it_is_on_the_list() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    desk.put_certificate("root.pem", &pki.root);
    desk.put_certificate("ca.pem", &pki.ca);
    desk.put_certificate("signer.pem", &pki.signer);
    let verify = format!("verify -crl_check -attime {} -CAfile root.pem -untrusted ca.pem -CRLfile list.pem signer.pem", NOW.seconds());

    desk.put("list.der", &signed(&pki, &list(1, Vec::new())));
    desk.accepts("crl -inform DER -in list.der -out list.pem");
    desk.accepts(&verify);

    let revoked = Revoked { serial: pki.signer.serial().to_vec(), at: NOW - Seconds::minutes(10), reason: Reason::AffiliationChanged };
    desk.put("list.der", &signed(&pki, &list(2, vec![revoked])));
    let text = desk.accepts("crl -inform DER -in list.der -noout -text");
    desk.accepts("crl -inform DER -in list.der -out list.pem");
    assert!(text.contains("Affiliation Changed") && text.contains("X509v3 CRL Number: \n                2"), "{text}");
    let (is_good, said) = desk.openssl(&verify);
    assert!(!is_good && said.contains("certificate revoked"), "{said}");
}

#[test]
fn lists_by_others_or_backwards_in_time_are_refused() {
    let pki = Pki::new();
    assert!(matches!(unsigned(&list(1, Vec::new()), &pki.tsa), Err(Refused::CertificateIssuerNotAuthority)));
    let backwards = List { next_update: NOW - Seconds::days(1), ..list(1, Vec::new()) };
    assert!(matches!(unsigned(&backwards, &pki.ca), Err(Refused::TimeOutOfRange)));
    let long = Revoked { serial: vec![1; 21], at: NOW, reason: Reason::Unspecified };
    assert!(matches!(unsigned(&list(1, vec![long]), &pki.ca), Err(Refused::SerialNumber)));
    let other_key = unsigned(&list(1, Vec::new()), &pki.ca).unwrap();
    let signature = pki.root_key.sign(other_key.to_be_signed());
    assert_eq!(other_key.signed(&signature), Err(Refused::SignatureInvalid));
}
