//! `POST /phone/enrol/start` and `/phone/enrol/finish`: an app's three keys prove themselves over our challenge.
//!
//! The yes uses the invitation's link; the enrolment goes on under a secret that is computed from the link, so that a phone
//! killed between asking and hearing may ask again and hears the same. Only one set of keys is ever enrolled.

use axum::{Json, extract::State};
use handslag_keys::Kind;
use handslag_phone::{
    demo_attestation,
    key_store::PublicKeys,
    wire::{Attestation, Challenge, EnrolChallenge, EnrolFinish, EnrolStart, Enrolled, EnrolledKey, Fixed, KeyUse as WireUse, Tier as WireTier},
};
use handslag_store::Tx;
use handslag_vocab::{PhoneId, Secret, SecretHash, UnixTime};
use rand_core::CryptoRng;
use serde_json::json;

use super::{
    phones::{self, KeyUse, NewKey, Tier},
    registrations, thumbprint,
};
use crate::{
    audit::{self, Actor, Event, Purpose},
    caller::{Now, Rng},
    config::Mode,
    identity::{self, Affiliation, Standing},
    problem::Problem,
    server::Server,
};

/// `POST /phone/enrol/start`.
pub(super) async fn start(State(server): State<Server>, Now(now): Now, Json(asked): Json<EnrolStart>) -> Result<Json<EnrolChallenge>, Problem> {
    has_read(&asked.terms_version)?;
    // The app sends what it scanned: the whole address, or only what stands after the last slash.
    let link = identity::invitation_of(asked.invitation.reveal());
    let (enrolment, challenge) = derived(&server, &link)?;
    let invited = server
        .db
        .write(async |tx| {
            let invited = begin(tx, &link, &enrolment, now).await?;
            registrations::begin(tx, &enrolment.hash(), &challenge, now, now + identity::TO_ENROL).await?;
            Ok::<_, Problem>(invited)
        })
        .await?;
    Ok(Json(EnrolChallenge {
        challenge: Fixed(challenge),
        enrolment: enrolment.reveal().to_owned(),
        name: invited.name(),
        organisation: invited.organisation_name,
        role: invited.role,
        unit: invited.unit,
    }))
}

/// The yes is to the text that is in force.
pub(super) fn has_read(terms_version: &str) -> Result<(), Problem> {
    if terms_version == identity::TERMS_VERSION {
        return Ok(());
    }
    Err(Problem::bad("terms_changed", "Texten har ändrats. Läs den igen.", "The text has changed. Read it again."))
}

/// Takes the yes, or finds the one this same link already gave.
pub(super) async fn begin(tx: &mut Tx, link: &Secret, enrolment: &Secret, now: UnixTime) -> Result<Affiliation, Problem> {
    let hash = enrolment.hash();
    let invitation = match identity::begin_enrolment(tx, link, &hash, identity::TERMS_VERSION, now).await? {
        Some(invitation) => invitation,
        None => identity::of_enrolment(tx, &hash, now).await?.ok_or_else(Problem::gone)?,
    };
    Ok(identity::by_id(tx, &invitation.affiliation_id).await?)
}

/// The enrolment's secret and challenge, computed from the link so that asking again gives the same.
pub(super) fn derived(server: &Server, link: &Secret) -> Result<(Secret, [u8; 32]), Problem> {
    let challenge = server.keys.mac(Kind::Cookie, &[b"enrol challenge", link.reveal().as_bytes()].concat())?;
    let name = server.keys.mac(Kind::Cookie, &[b"enrol secret", link.reveal().as_bytes()].concat())?;
    Ok((Secret::presented(format!("hs_enrol_{}", handslag_vocab::Digest(name).to_base64url())), challenge))
}

/// `POST /phone/enrol/finish`.
pub(super) async fn finish(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    Json(asked): Json<EnrolFinish>,
) -> Result<Json<Enrolled>, Problem> {
    let enrolment = Secret::presented(&asked.enrolment).hash();
    let registration = server.db.read(async |tx| registrations::open(tx, &enrolment, now).await).await?.ok_or_else(Problem::gone)?;
    let challenge: [u8; 32] = registration.challenge.try_into().map_err(|_| Problem::gone())?;
    let tier = proved(&server, &asked, Fixed(challenge))?;
    let enrolled = server
        .db
        .write(async |tx| {
            let affiliation = finished(tx, &enrolment, now).await?;
            let phone = store(tx, &affiliation, tier, &asked, now, &mut rng).await?;
            audit::record(tx, enrolled_event(&affiliation, &phone, tier, &asked.attestation.format), now, &mut rng).await?;
            Ok::<_, Problem>((affiliation, phone))
        })
        .await;
    let (affiliation, phone) = match enrolled {
        // The same phone asks again because it never heard the answer.
        Err(problem) => again(&server, &enrolment, &asked).await?.ok_or(problem)?,
        Ok(enrolled) => enrolled,
    };
    Ok(Json(Enrolled { organisation: affiliation.organisation_name, phone, server_time: now, tier: WireTier::from(tier), who: affiliation.who }))
}

/// Uses the enrolment, once, and gives whose it is.
pub(super) async fn finished(tx: &mut Tx, enrolment: &SecretHash, now: UnixTime) -> Result<Affiliation, Problem> {
    let invitation = identity::of_enrolment(tx, enrolment, now).await?.ok_or_else(Problem::gone)?;
    let affiliation = identity::by_id(tx, &invitation.affiliation_id).await?;
    // The invitation before the registration, as at the start: in another order two phones could wait for one another.
    let is_first = identity::enrolled(tx, &invitation.invitation_id).await? && registrations::finish(tx, enrolment, now).await?;
    if is_first && affiliation.standing(now) != Standing::Blocked { Ok(affiliation) } else { Err(Problem::gone()) }
}

/// Each key proves itself, the three are different, and the evidence decides the tier.
fn proved(server: &Server, asked: &EnrolFinish, challenge: Challenge) -> Result<Tier, Problem> {
    let has_each_once = WireUse::ALL.iter().all(|key_use| asked.keys.iter().filter(|key| key.key_use == *key_use).count() == 1);
    if asked.keys.len() != WireUse::ALL.len() || !has_each_once || asked.keys.iter().any(|key| key.check(challenge).is_err()) {
        return Err(Problem::bad(
            "keys_not_proved",
            "Telefonen kunde inte visa att den är den rätta. Börja om.",
            "The phone could not prove itself. Start again.",
        ));
    }
    tier_of(server, &asked.attestation, challenge, &asked.keys)
}

/// A demonstration's software keys count as hardware only where the operator runs a demonstration.
fn tier_of(server: &Server, attestation: &Attestation, challenge: Challenge, keys: &[EnrolledKey]) -> Result<Tier, Problem> {
    let vendor = server.config.demo_phone_vendor.filter(|_| server.config.mode == Mode::Demo && attestation.format == demo_attestation::FORMAT);
    if let (Some(vendor), Some(keys)) = (vendor, PublicKeys::from_enrolled(keys))
        && demo_attestation::verify(&Fixed(vendor), &challenge, &keys, attestation).is_ok()
    {
        return Ok(Tier::T2);
    }
    let (sv, en) = (
        "Den här telefonen kan inte visa att den skyddar dina uppgifter. Be om ett annat sätt.",
        "This phone cannot show that it protects your identity. Ask for another way.",
    );
    Err(Problem::bad("attestation_refused", sv, en))
}

async fn store(
    tx: &mut Tx,
    affiliation: &Affiliation,
    tier: Tier,
    asked: &EnrolFinish,
    now: UnixTime,
    rng: &mut (dyn CryptoRng + Send),
) -> Result<PhoneId, Problem> {
    let phone = phones::enrol(tx, &affiliation.affiliation_id, tier, None, now, rng).await?;
    for key in &asked.keys {
        let new = NewKey {
            key_use: own_use(key.key_use),
            public_key: &key.public_key.0,
            thumbprint: thumbprint(&key.public_key.0),
            external_id: None,
            relying_party: None,
            backup_eligible: None,
            attestation: &asked.attestation.format,
        };
        phones::add_key(tx, &phone, &new, now, rng).await?;
    }
    Ok(phone)
}

/// The phone that this same enrolment gave these keys.
async fn again(server: &Server, enrolment: &SecretHash, asked: &EnrolFinish) -> Result<Option<(Affiliation, PhoneId)>, Problem> {
    let device = asked.keys.iter().find(|key| key.key_use == WireUse::Device).map(|key| thumbprint(&key.public_key.0));
    let Some(device) = device else { return Ok(None) };
    server
        .db
        .read(async |tx| {
            let enrolled = identity::enrolled_by(tx, enrolment).await?;
            let phone = phones::by_device_key(tx, &device).await?.filter(|phone| phone.blocked_at.is_none());
            let Some(phone) = phone.filter(|phone| Some(&phone.affiliation_id) == enrolled.as_ref()) else { return Ok(None) };
            Ok(Some((identity::by_id(tx, &phone.affiliation_id).await?, phone.phone_id)))
        })
        .await
}

pub(super) fn enrolled_event(affiliation: &Affiliation, phone: &PhoneId, tier: Tier, attestation: &str) -> Event {
    Event {
        chain: affiliation.chain(Purpose::Administration),
        kind: "phone.enrolled",
        actor: Actor::Person(affiliation.affiliation_id.clone()),
        objects: vec![affiliation.affiliation_id.to_string(), phone.to_string()],
        payload: json!({ "tier": tier.as_str(), "attestation": attestation, "terms_version": identity::TERMS_VERSION }),
    }
}

const fn own_use(key_use: WireUse) -> KeyUse {
    match key_use {
        WireUse::Approval => KeyUse::Approval,
        WireUse::Device => KeyUse::Device,
        WireUse::Door => KeyUse::Door,
    }
}
