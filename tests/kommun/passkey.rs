//! A stock phone: its browser, and the key that this browser keeps. The authenticator (Web Authentication Level 3 §6) is our own, because it must
//! also do what no honest one does.

use data_encoding::BASE64URL_NOPAD;
use handslag_server::{caller::Rng, identity};
use handslag_vocab::{AffiliationId, Digest, Secret};
use p256::{
    ecdsa::{DerSignature, SigningKey, signature::Signer as _},
    elliptic_curve::Generate,
};
use rand_core::Rng as _;
use serde_json::{Value, json};

use super::{Browser, Kommun};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
/// BE and BS: the key may be copied, and has been.
const SYNCED: u8 = 0x18;
const ATTESTED: u8 = 0x40;

/// A browser with its key.
#[derive(Clone)]
pub(crate) struct Passkey {
    pub(crate) affiliation: AffiliationId,
    pub(crate) browser: Browser,
    pub(crate) id: Vec<u8>,
    key: SigningKey,
    origin: String,
}

/// What an authenticator and its browser say while they sign.
#[derive(Clone)]
pub(crate) struct Ceremony {
    pub(crate) cross_origin: bool,
    pub(crate) flags: u8,
    pub(crate) kind: &'static str,
    pub(crate) origin: String,
    pub(crate) relying_party: String,
}

impl Ceremony {
    pub(crate) fn unverified(&mut self) {
        self.flags &= !USER_VERIFIED;
    }

    pub(crate) fn not_synced(&mut self) {
        self.flags &= !SYNCED;
    }
}

impl Passkey {
    /// Says yes and makes its key.
    pub(crate) async fn enrolled(kommun: &Kommun, affiliation: AffiliationId, link: &Secret) -> Self {
        let mut id = vec![0; 20];
        Rng::system().fill_bytes(&mut id);
        let key = SigningKey::generate_from_rng(&mut Rng::system());
        let mut phone = Self { affiliation, browser: kommun.browser(), id, key, origin: kommun.issuer.clone() };
        let invitation = link.reveal().trim_start_matches("hs_invite_");
        let yes = phone.browser.post(&format!("/telefon/ja/{invitation}"), &[("terms_version", identity::TERMS_VERSION)]).await;
        assert_eq!(yes.status, 303, "{}", yes.body);
        let (status, asked) = phone.browser.asks("/telefon/ny/val", &json!({ "invitation": invitation })).await;
        assert_eq!(status, 200, "{asked}");
        let made = phone.makes(asked["challenge"].as_str().unwrap());
        let (status, refused) = phone.browser.asks("/telefon/ny/klar", &json!({ "invitation": invitation, "made": made })).await;
        assert_eq!(status, 204, "{refused}");
        phone
    }

    /// `navigator.credentials.create`.
    fn makes(&self, challenge: &str) -> Value {
        let ceremony = Ceremony { kind: "webauthn.create", flags: USER_PRESENT | USER_VERIFIED | SYNCED | ATTESTED, ..self.ceremony() };
        let point = self.key.verifying_key().to_sec1_point(false);
        let [x, y] = [point.x().unwrap(), point.y().unwrap()];
        let cose =
            [[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20].as_slice(), x.as_slice(), &[0x22, 0x58, 0x20], y.as_slice()].concat();
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let data = [authenticator_data(&ceremony), vec![0; 16], length.to_vec(), self.id.clone(), cose].concat();
        let object = [b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".as_slice(), &[u8::try_from(data.len()).unwrap()], &data].concat();
        let response = json!({ "attestationObject": text(&object), "clientDataJSON": text(client_data(&ceremony, challenge).as_bytes()) });
        json!({ "id": text(&self.id), "rawId": text(&self.id), "type": "public-key", "extensions": {}, "response": response })
    }

    /// `navigator.credentials.get`, as our pages ask for it.
    pub(crate) fn signs(&self, challenge: &str) -> Value {
        self.signs_so(challenge, |_| {})
    }

    /// The same, with something else said.
    pub(crate) fn signs_so(&self, challenge: &str, change: impl FnOnce(&mut Ceremony)) -> Value {
        let mut ceremony = self.ceremony();
        change(&mut ceremony);
        let (data, client) = (authenticator_data(&ceremony), client_data(&ceremony, challenge));
        let signature: DerSignature = self.key.sign(&[data.as_slice(), Digest::of(client.as_bytes()).as_bytes()].concat());
        json!({
            "by": "webauthn", "authenticator_data": text(&data), "client_data_json": text(client.as_bytes()),
            "credential_id": text(&self.id), "signature": text(signature.as_bytes()),
        })
    }

    fn ceremony(&self) -> Ceremony {
        let (origin, flags) = (self.origin.clone(), USER_PRESENT | USER_VERIFIED | SYNCED);
        Ceremony { cross_origin: false, flags, kind: "webauthn.get", origin, relying_party: "localhost".to_owned() }
    }
}

fn authenticator_data(ceremony: &Ceremony) -> Vec<u8> {
    [Digest::of(ceremony.relying_party.as_bytes()).as_bytes().as_slice(), &[ceremony.flags], &[0; 4]].concat()
}

fn client_data(ceremony: &Ceremony, challenge: &str) -> String {
    let Ceremony { cross_origin, kind, origin, .. } = ceremony;
    json!({ "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": cross_origin }).to_string()
}

fn text(bytes: &[u8]) -> String {
    BASE64URL_NOPAD.encode(bytes)
}
