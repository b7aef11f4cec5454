//! A phone without its core: three keys and HTTP. What an attacker would hold, and what a faulty phone would send.

use data_encoding::BASE64URL_NOPAD;
use handslag_phone::{
    Proof, PublicKeys, demo_attestation, es256,
    wire::{EnrolledKey, EnrolmentStatement, Fixed, KeyUse, Octets, Start},
};
use handslag_server::{caller::Rng, identity};
use handslag_vocab::{AffiliationId, Secret, UnixTime};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate};
use reqwest::Client;
use serde_json::{Value, json};

use super::{Browser, Kommun};

/// Three keys, proved or not.
#[derive(Clone)]
pub(crate) struct BarePhone {
    pub(crate) affiliation: AffiliationId,
    pub(crate) approval: SigningKey,
    pub(crate) base: String,
    pub(crate) device: SigningKey,
    pub(crate) issuer: String,
    pub(crate) door: SigningKey,
    pub(crate) http: Client,
    pub(crate) vendor: SigningKey,
}

/// An answer: status and JSON (null where there is none).
pub(crate) type Answer = (u16, Value);

impl BarePhone {
    /// New keys that nobody knows yet.
    pub(crate) fn new(kommun: &Kommun, affiliation: AffiliationId) -> Self {
        let Browser { http, base, .. } = kommun.browser();
        let vendor = SigningKey::from_slice(&std::fs::read(kommun.folder.path().join("demo-vendor.key")).unwrap()).unwrap();
        Self::with(http, base, kommun.issuer.clone(), vendor, affiliation)
    }

    pub(crate) fn with(http: Client, base: String, issuer: String, vendor: SigningKey, affiliation: AffiliationId) -> Self {
        let key = || SigningKey::generate_from_rng(&mut Rng::system());
        Self { affiliation, approval: key(), base, device: key(), issuer, door: key(), http, vendor }
    }

    /// An enrolled one.
    pub(crate) async fn enrolled(kommun: &Kommun, affiliation: AffiliationId, link: &Secret) -> Self {
        let phone = Self::new(kommun, affiliation);
        let (status, challenge) = phone.says_yes(link).await;
        assert_eq!(status, 200, "{challenge}");
        let (status, enrolled) = phone.finishes(&challenge).await;
        assert_eq!(status, 200, "{enrolled}");
        phone
    }

    /// `POST /phone/enrol/start`.
    pub(crate) async fn says_yes(&self, link: &Secret) -> Answer {
        let invitation = link.reveal().trim_start_matches("hs_invite_");
        let body = json!({ "invitation": invitation, "language": "sv", "terms_version": identity::TERMS_VERSION });
        self.post_openly("/phone/enrol/start", &body).await
    }

    /// `POST /phone/enrol/finish` with everything right.
    pub(crate) async fn finishes(&self, challenge: &Value) -> Answer {
        self.post_openly("/phone/enrol/finish", &self.proof_of_keys(challenge)).await
    }

    /// The body that proves the three keys.
    pub(crate) fn proof_of_keys(&self, challenge: &Value) -> Value {
        let nonce = Fixed::from_slice(&BASE64URL_NOPAD.decode(challenge["challenge"].as_str().unwrap().as_bytes()).unwrap()).unwrap();
        let keys: Vec<EnrolledKey> = KeyUse::ALL
            .into_iter()
            .map(|key_use| {
                let key = match key_use {
                    KeyUse::Approval => &self.approval,
                    KeyUse::Device => &self.device,
                    KeyUse::Door => &self.door,
                };
                let public_key = es256::public(key);
                let signature = es256::sign(key, &EnrolmentStatement::new(nonce, key_use, public_key).to_bytes());
                EnrolledKey { key_use, public_key, signature }
            })
            .collect();
        let attestation = demo_attestation::make(&self.vendor, &nonce, &PublicKeys::from_enrolled(&keys).unwrap());
        json!({ "attestation": attestation, "enrolment": challenge["enrolment"], "keys": keys })
    }

    /// Without any proof.
    pub(crate) async fn post_openly(&self, path: &str, body: &Value) -> Answer {
        read(self.http.post(format!("{}{path}", self.base)).json(body).send().await.unwrap()).await
    }

    /// A proof of the device key for one request.
    pub(crate) fn proof(&self, method: &str, path: &str, at: UnixTime) -> String {
        let proof = Proof::new(method, &format!("{}{path}", self.issuer), &es256::public(&self.device), at, &mut Rng::system());
        proof.signed(&es256::sign(&self.device, proof.signing_input()))
    }

    /// With a proof made now.
    pub(crate) async fn calls(&self, method: &str, path: &str, body: Option<&Value>, now: UnixTime) -> Answer {
        self.calls_with(method, path, body, &self.proof(method, path, now)).await
    }

    /// With this proof.
    pub(crate) async fn calls_with(&self, method: &str, path: &str, body: Option<&Value>, proof: &str) -> Answer {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base)).header("dpop", proof);
        let request = body.into_iter().fold(request, reqwest::RequestBuilder::json);
        read(request.send().await.unwrap()).await
    }

    /// `POST /phone/approvals`.
    pub(crate) async fn claims(&self, start: &Start, now: UnixTime) -> Answer {
        self.calls("POST", "/phone/approvals", Some(&json!({ "language": "sv", "start": start })), now).await
    }

    /// `POST …/shown`.
    pub(crate) async fn shows(&self, txn: &str, pages: Option<&[u32]>, now: UnixTime) -> Answer {
        let body = pages.map_or_else(|| json!({}), |pages| json!({ "pages_read": pages }));
        self.calls("POST", &format!("/phone/approvals/{txn}/shown"), Some(&body), now).await
    }

    /// Fetches the picture of every page of a claim's documents; gives how many pages each has.
    pub(crate) async fn reads(&self, txn: &str, claimed: &Value, now: UnixTime) -> Vec<u32> {
        let pages = claimed["documents"].as_array().unwrap().iter().map(|pages| u32::try_from(pages.as_u64().unwrap()).unwrap());
        let pages: Vec<u32> = pages.collect();
        for (document, pages) in (1..).zip(&pages) {
            for page in 1..=*pages {
                assert!(self.picture(txn, document, page, now).await.starts_with(b"\x89PNG"), "page {page}");
            }
        }
        pages
    }

    /// `GET …/pages/{page}`: the picture.
    pub(crate) async fn picture(&self, txn: &str, document: u32, page: u32, now: UnixTime) -> Vec<u8> {
        let path = format!("/phone/approvals/{txn}/documents/{document}/pages/{page}");
        let request = self.http.get(format!("{}{path}", self.base)).header("dpop", self.proof("GET", &path, now));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
        answer.bytes().await.unwrap().to_vec()
    }

    /// `POST …/approve` with this key's signature over these bytes.
    pub(crate) async fn signs(&self, txn: &str, key: &SigningKey, bytes: &[u8], now: UnixTime) -> Answer {
        let body = json!({ "signature": { "by": "app", "signature": es256::sign(key, bytes) } });
        self.calls("POST", &format!("/phone/approvals/{txn}/approve"), Some(&body), now).await
    }

    /// `POST …/decline`.
    pub(crate) async fn declines(&self, txn: &str, now: UnixTime) -> Answer {
        self.calls("POST", &format!("/phone/approvals/{txn}/decline"), Some(&json!({ "reason": "not_me" })), now).await
    }

    /// Claims, shows and approves; gives the answer of the last.
    pub(crate) async fn approves(&self, start: &Start, now: UnixTime) -> Answer {
        let (status, claimed) = self.claims(start, now).await;
        if status != 200 {
            return (status, claimed);
        }
        let bytes = bytes_of(&claimed);
        let txn = txn_of(&bytes);
        let pages = self.reads(&txn, &claimed, now).await;
        let (status, shown) = self.shows(&txn, Some(&pages).filter(|pages| !pages.is_empty()).map(Vec::as_slice), now).await;
        assert_eq!(status, 204, "{shown}");
        self.signs(&txn, &self.approval, &bytes, now).await
    }
}

/// The canonical bytes of a claim's answer.
pub(crate) fn bytes_of(claimed: &Value) -> Vec<u8> {
    let octets: Octets = serde_json::from_value(claimed["approval"].clone()).unwrap();
    octets.0
}

/// The transaction in canonical bytes.
pub(crate) fn txn_of(bytes: &[u8]) -> String {
    handslag_vocab::Approval::parse(bytes).unwrap().transaction.to_string()
}

async fn read(answer: reqwest::Response) -> Answer {
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}
