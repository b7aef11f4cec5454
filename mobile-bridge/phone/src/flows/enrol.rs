//! Enrolment: present the invitation, make three keys, prove each over the server's challenge, have the key store vouch for
//! them, finish. Any end but success destroys the keys, so a "no" leaves no trace on the phone.

use serde::{Deserialize, Serialize};

use super::{Ask, Call, Flow, Ground, Next, Step, ToSign, read};
use crate::{
    Got, OutOfTurn, Outcome, Refusal, UnixTime,
    key_store::PublicKeys,
    memory::Identity,
    wire::{Attestation, Bearer, EnrolChallenge, EnrolFinish, EnrolStart, Enrolled, EnrolledKey, EnrolmentStatement, KeyUse, Language, RawSignature},
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Attesting { offer: EnrolChallenge, keys: PublicKeys, proved: Vec<EnrolledKey> },
    Finishing { offer: EnrolChallenge, keys: PublicKeys, proved: Vec<EnrolledKey>, attestation: Attestation },
    Forgetting { because: Outcome },
    Generating { offer: EnrolChallenge },
    Proving { offer: EnrolChallenge, keys: PublicKeys, proved: Vec<EnrolledKey>, next: KeyUse },
    Starting { invitation: Bearer, terms_version: String, language: Language },
}

impl State {
    pub(super) fn ask(&self) -> Ask {
        match self {
            Self::Starting { invitation, terms_version, language } => {
                let start = EnrolStart { invitation: invitation.clone(), language: *language, terms_version: terms_version.clone() };
                Call::post("/phone/enrol/start", &start)
            }
            Self::Generating { offer } => Ask::Generate(offer.challenge),
            Self::Proving { offer, keys, next, .. } => {
                let public_key = *keys.of(*next);
                Ask::Sign(ToSign::by(*next, public_key, EnrolmentStatement::new(offer.challenge, *next, public_key).to_bytes()))
            }
            Self::Attesting { offer, .. } => Ask::Attest(offer.challenge),
            Self::Finishing { offer, proved, attestation, .. } => {
                let finish = EnrolFinish { attestation: attestation.clone(), enrolment: offer.enrolment.clone(), keys: proved.clone() };
                Call::post("/phone/enrol/finish", &finish)
            }
            Self::Forgetting { .. } => Ask::Forget,
        }
    }

    pub(super) fn next(self, got: Got, ground: &mut Ground<'_>) -> Step {
        Ok(match (self, got) {
            (Self::Starting { .. }, Got::Answer { status, body }) => match read(status, &body) {
                Ok(offer) => Self::Generating { offer }.on(),
                Err(outcome) => Next::End(outcome),
            },
            (Self::Generating { offer }, Got::PublicKeys(keys)) if keys.are_different() => first_proof(offer, keys),
            (state @ Self::Generating { .. }, Got::PublicKeys(_)) => state.give_up(Outcome::Refused { refusal: Refusal::KeysNotDifferent }),
            (Self::Proving { offer, keys, proved, next }, Got::Signature(signature)) => proof(offer, keys, proved, next, signature),
            (Self::Attesting { offer, keys, proved }, Got::Attestation(attestation)) => Self::Finishing { offer, keys, proved, attestation }.on(),
            (Self::Finishing { offer, keys, .. }, Got::Answer { status, body }) => match read(status, &body) {
                Ok(enrolled) => finish(offer, keys, enrolled, ground),
                Err(outcome) => Self::Forgetting { because: outcome }.on(),
            },
            // Keys that cannot be destroyed: the end is told nevertheless, since the phone has no identity to use them for.
            (Self::Forgetting { because }, Got::Forgotten | Got::KeyStoreRefused) => Next::End(because),
            (state, Got::KeyStoreRefused) => state.give_up(Outcome::Refused { refusal: Refusal::KeyStore }),
            _ => return Err(OutOfTurn::Unexpected),
        })
    }

    /// Destroys the keys first, if there may be any.
    pub(super) fn give_up(self, because: Outcome) -> Next {
        match self {
            Self::Starting { .. } => Next::End(because),
            _ => Self::Forgetting { because }.on(),
        }
    }

    const fn on(self) -> Next {
        Next::On(Flow::Enrol(self))
    }
}

fn first_proof(offer: EnrolChallenge, keys: PublicKeys) -> Next {
    State::Proving { offer, keys, proved: Vec::new(), next: KeyUse::Device }.on()
}

/// Takes the proof of one key and goes on to the next. The core has checked the signature.
fn proof(offer: EnrolChallenge, keys: PublicKeys, mut proved: Vec<EnrolledKey>, key_use: KeyUse, signature: RawSignature) -> Next {
    proved.push(EnrolledKey { key_use, public_key: *keys.of(key_use), signature });
    match KeyUse::ALL.get(proved.len()) {
        Some(next) => State::Proving { offer, keys, proved, next: *next }.on(),
        None => State::Attesting { offer, keys, proved }.on(),
    }
}

fn finish(offer: EnrolChallenge, keys: PublicKeys, enrolled: Enrolled, ground: &mut Ground<'_>) -> Next {
    let EnrolChallenge { name, role, unit, .. } = offer;
    let Enrolled { organisation, phone, server_time, tier, who } = enrolled;
    ground.memory.identity = Some(Identity { keys, name, organisation, phone, role, tier, unit, who });
    let clock_behind = UnixTime::since(server_time, ground.now);
    Next::End(Outcome::Enrolled { clock_behind, tier })
}
