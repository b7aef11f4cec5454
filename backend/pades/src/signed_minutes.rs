//! The whole way once: council minutes signed at B-T, the document's side and the signing core each doing their part, then read
//! back by this crate and by OpenSSL.

use handslag_vocab::Seconds;

use crate::{
    certificate::path,
    cms::{self, Request},
    es256, intake,
    sign::{self, Options},
    test_pki::{Desk, NOW, Pki},
};

fn minutes() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/pdf/protokoll-pdfa2b.pdf")).unwrap()
}

fn signed(pki: &Pki, original: &[u8]) -> Vec<u8> {
    let options = Options { location: None, name: Some("Åsa Öberg-Nilsson".to_owned()), reason: None, reserve: 16 * 1024, time: NOW };
    let prepared = sign::prepare(original, &options).unwrap();
    let request = Request::new(prepared.digest).der().unwrap();

    // The core's side: nothing of the document but 77 octets.
    let attributes = Request::from_der(&request).unwrap().with_certificate(&pki.signer).unwrap();
    let value = pki.signer_key.sign(attributes.to_be_signed());
    let token = pki.token(&value, NOW + Seconds(1));
    let cms = cms::assemble(&attributes, &value, &pki.signer, std::slice::from_ref(&pki.ca), Some(&token)).unwrap();

    prepared.embed(&cms).unwrap()
}

#[test]
fn minutes_are_signed_at_b_t_and_read_back() {
    let pki = Pki::new();
    let original = minutes();
    assert!(intake::check(&original).is_ok());
    let signed = signed(&pki, &original);
    assert!(signed.starts_with(&original), "the original is an untouched prefix");
    let fields = sign::inspect(&signed).unwrap();
    let [field] = fields.as_slice() else { panic!("one signature") };
    assert!(field.covers_all);
    let verified = cms::verify(&field.contents, &field.digest).unwrap();
    assert_eq!(verified.best_signature_time(), Some(NOW + Seconds(1)));
    assert_eq!(path(&verified.signer, &verified.others, &pki.root, NOW + Seconds(1)), Ok(()));
    let token = verified.timestamp.unwrap();
    assert_eq!(path(token.signer(), token.others(), &pki.root, NOW + Seconds(1)), Ok(()));
    assert_eq!(verified.signer.subject_attribute(crate::oid::SERIAL_NUMBER).as_deref(), Some("k7f3q9xw2m@2120000142"));
}

#[test]
fn one_changed_word_in_the_minutes_is_noticed() {
    let pki = Pki::new();
    let mut signed = signed(&pki, &minutes());
    let middle = minutes().len() / 2;
    signed[middle] ^= 0x20;
    let fields = sign::inspect(&signed);
    let is_right = |fields: &Vec<sign::SignatureField>| fields.iter().any(|field| cms::verify(&field.contents, &field.digest).is_ok());
    assert!(!fields.as_ref().is_ok_and(is_right));
}

#[test]
fn openssl_reads_the_signed_minutes() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    let signed = signed(&pki, &minutes());
    let fields = sign::inspect(&signed).unwrap();
    let [_, gap, rest, _] = fields[0].byte_range.map(|number| usize::try_from(number).unwrap());
    let content = [&signed[..gap], &signed[rest..]].concat();
    assert_eq!(es256::sha256(&content), fields[0].digest);
    let verified = cms::verify(&fields[0].contents, &fields[0].digest).unwrap();
    desk.put("signed.pdf", &signed);
    desk.put_certificate("root.pem", &pki.root);
    desk.put_certificate("ca.pem", &pki.ca);
    desk.put("cms.der", &fields[0].contents);
    desk.put("content", &content);
    desk.put("value", &verified.signature);
    desk.put("token.der", verified.timestamp.unwrap().der());
    let at = NOW.seconds() + 1;
    desk.accepts(&format!("cms -verify -binary -inform DER -in cms.der -content content -CAfile root.pem -purpose any -attime {at} -out out"));
    desk.accepts(&format!("ts -verify -attime {at} -token_in -in token.der -data value -CAfile root.pem"));
}
