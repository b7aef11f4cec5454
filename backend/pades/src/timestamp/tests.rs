//! The timestamp authority and its client, each against OpenSSL, and every wrong answer.

use der::Encode;
use handslag_vocab::Seconds;

use super::{info, *};
use crate::{
    asn1::{self, tag},
    certificate::{Certificate, Serial},
    cms, es256, oid,
    refused::Refused,
    test_pki::{Desk, Dice, Key, NOW, Pki, TIMESTAMP_POLICY},
};

fn answer(pki: &Pki, request: &Request) -> Vec<u8> {
    let unsigned = pki.service().token(request, NOW, &Serial::random(&mut Dice(20))).unwrap();
    let signature = pki.tsa_key.sign(unsigned.to_be_signed());
    granted(&unsigned.signed(&signature).unwrap()).unwrap()
}

fn question(octets: &[u8]) -> Request {
    Request::new(Imprint::of(octets), &mut Dice(21)).unwrap()
}

/// A token with any content, by any key and certificate.
fn forged(info: &[u8], key: &Key, certificate: &Certificate) -> Vec<u8> {
    let signed = cms::signed_attributes(oid::TST_INFO, &es256::sha256(info), certificate).unwrap();
    let signature = key.sign(signed.to_be_signed());
    let content = cms::Content { oid: oid::TST_INFO, octets: Some(info) };
    cms::signed_data(&content, &signed, &signature, certificate, &[certificate], None).unwrap()
}

#[test]
fn openssl_asks_and_accepts_the_answer() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    desk.put("data", b"protokoll");
    desk.put_certificate("root.pem", &pki.root);
    desk.put_certificate("ca.pem", &pki.ca);
    desk.put_certificate("tsa.pem", &pki.tsa);
    let at = NOW.seconds();
    for words in ["-sha256 -cert", "-sha384 -cert", "-sha512 -cert", "-sha256 -cert -no_nonce", "-sha256 -cert -tspolicy 1.3.6.1.4.1.32473.1.2"] {
        desk.accepts(&format!("ts -query -data data {words} -out q.tsq"));
        let request = Request::from_der(&desk.read("q.tsq")).unwrap();
        assert_eq!(request.der().unwrap(), desk.read("q.tsq"), "{words}");
        desk.put("r.tsr", &answer(&pki, &request));
        desk.accepts(&format!("ts -verify -attime {at} -in r.tsr -queryfile q.tsq -CAfile root.pem"));
        desk.accepts(&format!("ts -verify -attime {at} -in r.tsr -data data -CAfile root.pem"));
        let text = desk.accepts("ts -reply -in r.tsr -text");
        assert!(text.contains("Nov 21 20:40:00 2026 GMT") && text.contains("Accuracy: 0x01 seconds"), "{text}");
    }
    desk.put("both.pem", &[desk.read("tsa.pem"), desk.read("ca.pem")].concat());
    desk.accepts("ts -query -data data -sha256 -out bare.tsq");
    let bare = Request::from_der(&desk.read("bare.tsq")).unwrap();
    let response = answer(&pki, &bare);
    desk.put("bare.tsr", &response);
    desk.accepts(&format!("ts -verify -attime {at} -in bare.tsr -queryfile bare.tsq -CAfile root.pem -untrusted both.pem"));
    assert!(response.len() < 1_000, "nobody asked for certificates");
    assert_eq!(check(&response, &bare, &[TIMESTAMP_POLICY]).map(|_| ()), Err(Refused::SignerCertificateMissing));
}

#[test]
fn the_client_accepts_a_token_made_by_openssl() {
    let Some(desk) = Desk::with_openssl() else { return };
    let pki = Pki::new();
    desk.put_certificate("tsa.pem", &pki.tsa);
    desk.put_certificate("ca.pem", &pki.ca);
    desk.put("tsa.key", pki.tsa_key.pem().as_bytes());
    desk.put("serial", b"0123456789abcdef");
    let folder = desk.path().display().to_string();
    let settings = format!(
        "[t]\nserial={folder}/serial\ndefault_policy=1.3.6.1.4.1.32473.1.2\ndigests=sha256\nsigner_digest=sha256\nsigner_cert={folder}/tsa.pem\n\
         signer_key={folder}/tsa.key\ncerts={folder}/ca.pem\naccuracy=secs:1\nclock_precision_digits=3\ness_cert_id_alg=sha256\n"
    );
    desk.put("tsa.cnf", settings.as_bytes());
    let request = question(b"protokoll");
    desk.put("q.tsq", &request.der().unwrap());
    desk.accepts("ts -reply -config tsa.cnf -section t -queryfile q.tsq -out r.tsr");
    let token = check(&desk.read("r.tsr"), &request, &[TIMESTAMP_POLICY]).unwrap();
    assert_eq!(token.info().serial, [1, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xf0]);
    assert_eq!(token.signer(), &pki.tsa);
    assert!(token.check_covers(b"protokoll").is_ok() && token.check_covers(b"Protokoll").is_err());
}

#[test]
fn requests_outside_the_rules_get_their_failure() {
    let good = question(b"x").der().unwrap();
    let imprint = |oid: der::asn1::ObjectIdentifier, digest: &[u8]| {
        let algorithm = spki::AlgorithmIdentifierOwned { oid, parameters: None }.to_der().unwrap();
        asn1::tlv(tag::SEQUENCE, &[&algorithm, &asn1::tlv(tag::OCTET_STRING, &[digest]).unwrap()]).unwrap()
    };
    let request = |version: u8, imprint: &[u8], rest: &[u8]| asn1::tlv(tag::SEQUENCE, &[&[2, 1, version], imprint, rest]).unwrap();
    let fine = imprint(oid::SHA256, &[1; 32]);
    let sha1 = der::asn1::ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
    let large_nonce = asn1::tlv(tag::INTEGER, &[&[1; 33]]).unwrap();
    for (what, octets, failure) in [
        ("SHA-1", request(1, &imprint(sha1, &[1; 20]), &[]), Failure::BadAlgorithm),
        ("short digest", request(1, &imprint(oid::SHA256, &[1; 20]), &[]), Failure::BadDataFormat),
        ("long digest", request(1, &imprint(oid::SHA384, &[1; 64]), &[]), Failure::BadDataFormat),
        ("version 2", request(2, &fine, &[]), Failure::BadRequest),
        ("certReq FALSE written out", request(1, &fine, &[1, 1, 0]), Failure::BadDataFormat),
        ("certReq in BER", request(1, &fine, &[1, 1, 1]), Failure::BadDataFormat),
        ("extensions", request(1, &fine, &[0xa0, 0]), Failure::UnacceptedExtension),
        ("padded nonce", request(1, &fine, &[2, 2, 0, 1]), Failure::BadDataFormat),
        ("large nonce", request(1, &fine, &large_nonce), Failure::BadDataFormat),
        ("something after", [good.as_slice(), &[0]].concat(), Failure::BadDataFormat),
        ("cut", good[..good.len() - 1].to_vec(), Failure::BadDataFormat),
        ("nothing", Vec::new(), Failure::BadDataFormat),
        ("oversized", vec![0x30; 2_000], Failure::BadDataFormat),
    ] {
        assert_eq!(Request::from_der(&octets), Err(failure), "{what}");
    }
    assert_eq!(Request::from_der(&request(1, &fine, &[])).unwrap().imprint.algorithm(), Algorithm::Sha256);
    assert!(Request::from_der(&request(1, &fine, &[2, 1, 0x80])).is_ok(), "a negative nonce is an integer too");
}

#[test]
fn the_service_refuses_other_policies_and_unfit_certificates() {
    let pki = Pki::new();
    let serial = Serial::random(&mut Dice(22));
    let other = Request { policy: Some(crate::test_pki::CERTIFICATE_POLICY), ..question(b"x") };
    assert_eq!(pki.service().token(&other, NOW, &serial).map(|_| ()), Err(Failure::UnacceptedPolicy));
    let after = NOW + Seconds::days(365 * 11);
    assert_eq!(pki.service().token(&question(b"x"), after, &serial).map(|_| ()), Err(Failure::SystemFailure), "expired");
    let unfit = Service { certificate: pki.signer.clone(), ..pki.service() };
    assert_eq!(unfit.token(&question(b"x"), NOW, &serial).map(|_| ()), Err(Failure::SystemFailure), "no timestamping certificate");
    let unsigned = pki.service().token(&question(b"x"), NOW, &serial).unwrap();
    let by_another = pki.ca_key.sign(unsigned.to_be_signed());
    assert_eq!(unsigned.signed(&by_another), Err(Refused::SignatureInvalid));
}

#[test]
fn openssl_reads_every_rejection() {
    let Some(desk) = Desk::with_openssl() else { return };
    for (failure, words) in [
        (Failure::BadAlgorithm, "unrecognized or unsupported algorithm identifier"),
        (Failure::BadDataFormat, "the data submitted has the wrong format"),
        (Failure::BadRequest, "transaction not permitted or supported"),
        (Failure::SystemFailure, "the request cannot be handled due to system failure"),
        (Failure::TimeNotAvailable, "the TSA's time source is not available"),
        (Failure::UnacceptedExtension, "the requested extension is not supported by the TSA"),
        (Failure::UnacceptedPolicy, "the requested TSA policy is not supported by the TSA"),
    ] {
        let response = rejected(failure).unwrap();
        desk.put("r.tsr", &response);
        let text = desk.accepts("ts -reply -in r.tsr -text");
        assert!(text.contains("Status: Rejected.") && text.contains(words) && text.contains(&failure.to_string()), "{text}");
        assert_eq!(check(&response, &question(b"x"), &[TIMESTAMP_POLICY]).map(|_| ()), Err(Refused::TimestampRejected));
    }
}

#[test]
fn an_answer_to_another_question_is_refused() {
    let pki = Pki::new();
    let asked = question(b"protokoll");
    let response = answer(&pki, &asked);
    let judge = |request: &Request, policies: &[der::asn1::ObjectIdentifier]| check(&response, request, policies).map(|_| ());
    assert_eq!(judge(&asked, &[TIMESTAMP_POLICY]), Ok(()));
    assert_eq!(judge(&Request { imprint: Imprint::of(b"annat"), ..asked.clone() }, &[TIMESTAMP_POLICY]), Err(Refused::TimestampImprintMismatch));
    let other_nonce = Request::new(Imprint::of(b"protokoll"), &mut Dice(99)).unwrap();
    assert_eq!(judge(&other_nonce, &[TIMESTAMP_POLICY]), Err(Refused::TimestampNonceMismatch));
    assert_eq!(judge(&Request { nonce: None, ..asked.clone() }, &[TIMESTAMP_POLICY]), Err(Refused::TimestampNonceMismatch));
    assert_eq!(judge(&asked, &[]), Err(Refused::TimestampPolicyMismatch));
    let other_policy = Request { policy: Some(crate::test_pki::CERTIFICATE_POLICY), ..asked };
    assert_eq!(judge(&other_policy, &[TIMESTAMP_POLICY]), Err(Refused::TimestampPolicyMismatch));
}

#[test]
fn tokens_by_the_wrong_certificate_or_outside_its_validity_are_refused() {
    let pki = Pki::new();
    let asked = question(b"protokoll");
    let serial = Serial::random(&mut Dice(23));
    let info = info::write(&asked, TIMESTAMP_POLICY, NOW, &serial).unwrap();
    assert!(Token::from_der(&forged(&info, &pki.tsa_key, &pki.tsa)).is_ok());
    let by_person = forged(&info, &pki.signer_key, &pki.signer);
    assert_eq!(Token::from_der(&by_person).map(|_| ()), Err(Refused::TimestampSignerNotAuthority), "no timestamping purpose");
    let by_authority = forged(&info, &pki.ca_key, &pki.ca);
    assert_eq!(Token::from_der(&by_authority).map(|_| ()), Err(Refused::TimestampSignerNotAuthority));
    let early = info::write(&asked, TIMESTAMP_POLICY, NOW - Seconds::days(30), &serial).unwrap();
    assert_eq!(Token::from_der(&forged(&early, &pki.tsa_key, &pki.tsa)).map(|_| ()), Err(Refused::CertificateNotValidThen), "backdated");
    let no_info = forged(b"\x30\x00", &pki.tsa_key, &pki.tsa);
    assert_eq!(Token::from_der(&no_info).map(|_| ()), Err(Refused::NotDer));
    assert_eq!(Token::from_der(&pki.signature(b"x")).map(|_| ()), Err(Refused::ContentMissing), "a document signature is no token");
}

#[test]
fn a_changed_octet_in_a_token_is_always_noticed() {
    let pki = Pki::new();
    let token = pki.token(b"protokoll", NOW);
    for place in (0..token.len()).step_by(3) {
        let mut changed = token.clone();
        changed[place] ^= 1 << (place % 8);
        let verdict = Token::from_der(&changed).and_then(|token| {
            token.check_covers(b"protokoll")?;
            crate::certificate::path(token.signer(), token.others(), &pki.root, NOW)
        });
        assert!(verdict.is_err(), "octet {place}");
    }
}
