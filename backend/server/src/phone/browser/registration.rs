//! Making a key that the browser keeps (Web Authentication Level 3 §7.1): webauthn-rs runs the ceremony, and the key is stored
//! in its COSE form, as the assertions of every later approval are verified by our own code.
//!
//! The tier is T0 whatever came back: the ceremony asks for no attestation. Where evidence of a device-bound key is asked for and
//! checked, [`finish`] is the one place that says so.

use handslag_protocol::webauthn::{AttestedCredential, attested_credential};
use minicbor::Decoder;
use rand_core::Rng as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use webauthn_rs::prelude::{PasskeyRegistration, RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder};

use super::super::phones::Tier;
use crate::{caller::Rng, identity::Affiliation, problem::Problem};

/// A ceremony that has begun: what the browser was asked, so that asking again asks the same, and what its answer must match.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) options: Value,
    state: PasskeyRegistration,
}

/// A key that was made, checked.
#[derive(Debug)]
pub(super) struct Kept {
    /// The credential, as its authenticator data names it.
    pub(super) credential: AttestedCredential,
    /// The attestation statement's format.
    pub(super) format: String,
    /// What the key is worth.
    pub(super) tier: Tier,
}

/// The rpID: the host of the issuer. None where a browser cannot keep a key for it (an address in numbers).
pub fn relying_party(issuer: &str) -> Option<String> {
    Url::parse(issuer).ok()?.domain().map(str::to_owned)
}

/// Begins a ceremony for a person.
pub(super) fn begin(issuer: &str, person: &Affiliation, rng: &mut Rng) -> Result<Begun, Problem> {
    // The user handle lives in the authenticator and may be read there: it is random, not the person's number or name.
    let mut handle = [0; 16];
    rng.fill_bytes(&mut handle);
    let (who, name) = (person.who.to_string(), person.name());
    let begun = party(issuer, &person.identity_name)?.start_passkey_registration(Uuid::from_bytes(handle), &who, &name, None);
    let (asked, state) = begun.map_err(|error| Problem::internal(&error))?;
    let mut options = serde_json::to_value(&asked.public_key).map_err(|error| Problem::internal(&error))?;
    if let Some(options) = options.as_object_mut() {
        options.insert("hints".to_owned(), json!(["client-device"])); // this phone's own lock before a key on a keyring
        // Found without a name, from a desk: the person is told by the key (MB-03). A phone without room for that is enrolled all the same.
        if let Some(chosen) = options.get_mut("authenticatorSelection").and_then(Value::as_object_mut) {
            chosen.insert("residentKey".to_owned(), json!("preferred"));
        }
    }
    Ok(Begun { options, state })
}

/// Checks the browser's answer against what it was asked.
pub(super) fn finish(issuer: &str, begun: &Begun, made: &RegisterPublicKeyCredential) -> Result<Kept, Problem> {
    party(issuer, "")?.finish_passkey_registration(made, &begun.state).map_err(|error| {
        tracing::info!(%error, "a browser's new key was refused");
        refused()
    })?;
    let (format, authenticator_data) = statement(&made.response.attestation_object).ok_or_else(refused)?;
    let credential = attested_credential(authenticator_data).map_err(|_| refused())?;
    Ok(Kept { credential, format: format.to_owned(), tier: Tier::T0 })
}

fn party(issuer: &str, name: &str) -> Result<Webauthn, Problem> {
    let (Ok(origin), Some(host)) = (Url::parse(issuer), relying_party(issuer)) else { return Err(impossible()) };
    WebauthnBuilder::new(&host, &origin)
        .map(|builder| builder.rp_name(name))
        .and_then(WebauthnBuilder::build)
        .map_err(|error| Problem::internal(&error))
}

/// `fmt` and `authData` of an attestation object (§6.5.4), whose statement the ceremony has checked.
fn statement(object: &[u8]) -> Option<(&str, &[u8])> {
    let mut decoder = Decoder::new(object);
    let (mut format, mut authenticator_data) = (None, None);
    for _ in 0..decoder.map().ok()?? {
        match decoder.str().ok()? {
            "fmt" => format = Some(decoder.str().ok()?),
            "authData" => authenticator_data = Some(decoder.bytes().ok()?),
            _ => decoder.skip().ok()?,
        }
    }
    Some((format?, authenticator_data?))
}

fn impossible() -> Problem {
    let (sv, en) = (
        "Den här adressen kan inte skyddas med skärmlåset. Be om ett annat sätt.",
        "This address cannot be protected with the screen lock. Ask for another way.",
    );
    Problem::bad("screen_lock_impossible", sv, en)
}

fn refused() -> Problem {
    let (sv, en) = (
        "Telefonen kunde inte skydda jobb-id med skärmlåset. Försök igen.",
        "The phone could not protect your work identity with its screen lock. Try again.",
    );
    Problem::bad("screen_lock_refused", sv, en)
}

#[cfg(test)]
mod tests {
    use handslag_vocab::{Assurance, UnixTime};

    use super::*;
    use crate::identity::AffiliationKind;

    /// The specification's own vectors (Web Authentication Level 3 §16).
    const VECTORS: &str = include_str!("../../../../protocol/vectors/webauthn-l3.json");
    const ISSUER: &str = "https://example.org";
    /// UP, UV, BE and BS are set.
    const WITH_ALL_FLAGS: &str = "ES256 Credential with Self Attestation";

    fn person() -> Affiliation {
        Affiliation {
            affiliation_id: "aff_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            organisation_id: "org_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            organisation_number: "2120009994".parse().unwrap(),
            organisation_name: "Kvarnby kommun".to_owned(),
            identity_name: "Kvarnbys jobb-id".to_owned(),
            person_id: "per_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            given_name: "Åsa".to_owned(),
            family_name: "Öberg".to_owned(),
            who: serde_json::from_value(json!("k7x4m2p9@2120009994")).unwrap(),
            subject: "subject".to_owned(),
            kind: AffiliationKind::Employee,
            unit: "Hemtjänst Norr".to_owned(),
            role: "worker".to_owned(),
            assurance: Assurance::Loa2,
            valid_from: UnixTime::from_seconds(0),
            valid_to: None,
            blocked_at: None,
        }
    }

    fn hex(value: &Value) -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// A ceremony of ours with the challenge of a vector, and the vector's answer.
    fn vector(name: &str) -> (Begun, RegisterPublicKeyCredential) {
        let all: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        let registration = all.iter().find(|vector| vector["name"] == name).unwrap()["registration"].clone();
        let mut begun = serde_json::to_value(begin(ISSUER, &person(), &mut Rng::system()).unwrap()).unwrap();
        begun["state"]["rs"]["challenge"] = json!(super::super::base64url(&hex(&registration["challenge"])));
        let made = json!({
            "id": "", "rawId": "", "type": "public-key",
            "response": {
                "attestationObject": super::super::base64url(&hex(&registration["attestationObject"])),
                "clientDataJSON": super::super::base64url(&hex(&registration["clientDataJSON"])),
            },
        });
        (serde_json::from_value(begun).unwrap(), serde_json::from_value(made).unwrap())
    }

    #[test]
    fn the_browser_is_asked_for_a_verified_person_and_told_nothing_but_name_and_number() {
        let options = begin(ISSUER, &person(), &mut Rng::system()).unwrap().options;
        assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
        assert_eq!(options["authenticatorSelection"]["residentKey"], "preferred");
        assert_eq!(options["rp"], json!({ "id": "example.org", "name": "Kvarnbys jobb-id" }));
        assert_eq!(options["user"]["name"], "k7x4m2p9@2120009994");
        assert_eq!(options["user"]["displayName"], "Åsa Öberg");
        let second = begin(ISSUER, &person(), &mut Rng::system()).unwrap().options;
        assert_ne!(options["user"]["id"], second["user"]["id"], "the handle says nothing about the person");
    }

    #[test]
    fn a_vector_of_the_specification_is_kept_with_its_flags_and_is_worth_t0() {
        let (begun, made) = vector(WITH_ALL_FLAGS);
        let kept = finish(ISSUER, &begun, &made).unwrap();
        assert_eq!((kept.format.as_str(), kept.tier), ("packed", Tier::T0));
        assert!(kept.credential.backup_eligible && kept.credential.backup_state);
    }

    #[test]
    fn what_answers_another_question_is_refused() {
        let (begun, made) = vector(WITH_ALL_FLAGS);
        let (other, unverified) = vector("ES256 Credential with No Attestation");
        assert_eq!(finish(ISSUER, &other, &made).unwrap_err().code, "screen_lock_refused", "another challenge");
        assert_eq!(finish("https://badexample.org", &begun, &made).unwrap_err().code, "screen_lock_refused", "another origin");
        assert_eq!(finish("https://example.org:444", &begun, &made).unwrap_err().code, "screen_lock_refused", "another port");
        assert_eq!(finish(ISSUER, &other, &unverified).unwrap_err().code, "screen_lock_refused", "nobody was verified");
        let (foreign, framed) = vector(r#"ES256 Credential with "crossOrigin": true in clientDataJSON"#);
        assert_eq!(finish(ISSUER, &foreign, &framed).unwrap_err().code, "screen_lock_refused", "inside somebody else's page");
    }

    #[test]
    fn half_a_statement_gives_nothing() {
        let (_, made) = vector(WITH_ALL_FLAGS);
        let object = made.response.attestation_object;
        assert_eq!(statement(&object).unwrap().0, "packed");
        for length in 0..object.len() {
            assert!(statement(&object[..length]).is_none(), "{length}");
        }
    }

    #[test]
    fn an_address_in_numbers_cannot_be_protected() {
        assert_eq!(relying_party("http://localhost:8080").as_deref(), Some("localhost"));
        assert_eq!(relying_party("https://id.kvarnby.se").as_deref(), Some("id.kvarnby.se"));
        assert_eq!(relying_party("http://192.168.1.7:8080"), None);
        assert_eq!(begin("http://192.168.1.7:8080", &person(), &mut Rng::system()).unwrap_err().code, "screen_lock_impossible");
    }
}
