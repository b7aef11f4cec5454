//! What would be shared about this person, with the words the approval shows for it, and the question itself.

use std::collections::BTreeMap;

use handslag_protocol::{attribute::Attribute, client::OFFLINE_ACCESS, release};
use handslag_vocab::{ApprovalKind, Assurance, Shared};

use super::{
    approvals::{Occasion, Request},
    phones::Tier,
};
use crate::{
    identity::{Affiliation, Known},
    problem::Problem,
    words::Language,
};

/// One line of "Det här skickas"; nothing for a claim this person has no value for.
pub fn shared(known: &Known, sources: &BTreeMap<String, Attribute>, claim: &str, language: &str) -> Option<Shared> {
    let attribute = sources.get(claim).copied().or_else(|| release::source(claim))?;
    let is_english = language == "en";
    let label = if is_english { attribute.label().en } else { attribute.label().sv };
    let value = known.text(attribute, if is_english { Language::English } else { Language::Swedish })?;
    Some(Shared { claim: claim.to_owned(), label: label.to_owned(), value })
}

/// The line that says how long the service stays logged in on this device (OpenID Connect Core §11: the person must know).
pub fn stays(days: u16, language: &str) -> Shared {
    let (label, value) = match (language, days) {
        ("en", 1) => ("Stays logged in", "for one day at most".to_owned()),
        ("en", _) => ("Stays logged in", format!("for {days} days at most")),
        (_, 1) => ("Förblir inloggad", "i högst en dag".to_owned()),
        _ => ("Förblir inloggad", format!("i högst {days} dagar")),
    };
    Shared { claim: OFFLINE_ACCESS.to_owned(), label: label.to_owned(), value }
}

/// What the person is asked, in words a person would say.
pub(super) fn question(kind: ApprovalKind, name: &str, request: &Request, language: &str) -> String {
    let is_english = language == "en";
    match (kind, request.documents.as_slice()) {
        (ApprovalKind::Login, _) if request.occasion == Occasion::Device => {
            if is_english {
                format!("Do you want to log in to {name} on another device?")
            } else {
                format!("Vill du logga in i {name} på en annan enhet?")
            }
        }
        (ApprovalKind::Login, _) if !request.granted.is_empty() => {
            if is_english {
                format!("Do you want to log in to {name} and let it do what stands below?")
            } else {
                format!("Vill du logga in i {name} och låta tjänsten göra det som står här?")
            }
        }
        (ApprovalKind::Login, _) if is_english => format!("Do you want to log in to {name}?"),
        (ApprovalKind::Login, _) => format!("Vill du logga in i {name}?"),
        (ApprovalKind::Signature, []) if is_english => format!("Do you want to sign this at {name}?"),
        (ApprovalKind::Signature, []) => format!("Vill du skriva under det här hos {name}?"),
        (ApprovalKind::Signature, [document]) if is_english => format!("Do you want to sign “{}”?", document.title),
        (ApprovalKind::Signature, [document]) => format!("Vill du skriva under ”{}”?", document.title),
        (ApprovalKind::Signature, documents) if is_english => format!("Do you want to sign {} documents?", documents.len()),
        (ApprovalKind::Signature, documents) => format!("Vill du skriva under {} dokument?", documents.len()),
        (ApprovalKind::Opening, _) if is_english => format!("Do you want to open {name} outside the plan?"),
        (ApprovalKind::Opening, _) => format!("Vill du öppna {name} utanför planen?"),
    }
}

/// The refusal of a level that is too low says what to do about the weaker of the two: the phone or the identification.
pub(super) fn too_low(affiliation: &Affiliation, tier: Tier, demanded: Assurance) -> Problem {
    let level = demanded.number();
    let (sv, en) = if tier.assurance() < demanded {
        (
            format!("Det här kräver nivå {level}. I webbläsaren når du nivå 2. Be din chef om ett annat sätt, till exempel på papper."),
            format!("This requires level {level}. In the browser you reach level 2. Ask your manager for another way, on paper for example."),
        )
    } else {
        let level_now = affiliation.assurance.number();
        (
            format!(
                "Det här kräver nivå {level}. Du har nivå {level_now}, och den kan inte höjas här än. Be din chef om ett annat sätt, till exempel på papper."
            ),
            format!(
                "This requires level {level}. You have level {level_now}, and it cannot be raised here yet. Ask your manager for another way, on paper for example."
            ),
        )
    };
    Problem::forbidden(sv, en).with_code("level_too_low")
}
