//! The approval screen: who asks, what happens, what is sent, and three answers, always in this order. Everything on it is read
//! from the canonical bytes, in the language they are written in, because that is what the yes is a signature over.

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use handslag_phone::wire::{ApprovalSignature, Approve, DeclineReason, Octets};
use handslag_vocab::{Approval, ApprovalId, ApprovalKind, Block, StartKind};
use serde::Deserialize;

use super::super::{
    approvals::{self, Row, State as ApprovalState},
    caller::Caller,
    decide, directed,
    phones::{self, KeyUse},
};
use crate::{
    caller::{Now, Rng},
    page::{Page, goes_on_to},
    problem::Problem,
    server::Server,
    words::{Language, Voice},
};

#[derive(Template)]
#[template(path = "phone/approval.html")]
struct ApprovalPage {
    voice: Voice,
    approval: Approval,
    logo: Option<String>,
    /// What the service says.
    words: Vec<Block>,
    wants_number: bool,
    start: &'static str,
    challenge: String,
    key: String,
    relying_party: String,
    /// Where somebody goes who wants to answer with another phone.
    another: Option<String>,
}

#[derive(Template)]
#[template(path = "phone/outcome.html")]
struct OutcomePage {
    voice: Voice,
    words: &'static str,
    tone: &'static str,
    back: Option<String>,
}

/// `GET /telefon/godkann/{txn}`: the question while it waits, afterwards the sentence about how it ended.
pub(super) async fn show(
    State(server): State<Server>,
    Now(now): Now,
    voice: Voice,
    caller: Caller,
    Path(id): Path<ApprovalId>,
) -> Result<Response, Problem> {
    let (row, key) = server
        .db
        .read(async |tx| {
            let row = approvals::claimed_by(tx, &id, &caller.phone.phone_id).await?;
            let key = phones::key(tx, &caller.phone.phone_id, KeyUse::Browser).await?.ok_or_else(Problem::gone)?;
            Ok::<_, Problem>((row, key))
        })
        .await?;
    let approval = row.approval().map_err(|error| Problem::internal(&error))?.ok_or_else(Problem::gone)?;
    let state = row.state_at(now);
    if !matches!(state, ApprovalState::Claimed | ApprovalState::Shown) {
        return Ok(Page(outcome(voice, state, &row, &approval)).into_response());
    }
    let request = row.request().map_err(|error| Problem::internal(&error))?;
    let way = request.return_to;
    let page = ApprovalPage {
        logo: request.logo.path(&approval.language),
        another: way.filter(|_| request.in_browser.is_some() && approval.start == StartKind::SameDevice).map(|path| format!("{path}/annan-telefon")),
        voice: Language::named(&approval.language).map_or(voice, Voice::in_language),
        wants_number: row.directed_at.is_some(),
        start: started(approval.start),
        challenge: approval.digest().to_base64url(),
        key: super::base64url(key.external_id.as_deref().unwrap_or_default()),
        relying_party: key.relying_party.unwrap_or_default(),
        words: approval.words(),
        approval,
    };
    // The yes is a form that the browser follows all the way to the service: one round trip.
    match request.in_browser {
        Some(browser) => goes_on_to(Page(page), &browser.ends_at, server.config.mode),
        None => Ok(Page(page).into_response()),
    }
}

/// The yes, as the page's script fills it in.
#[derive(Deserialize)]
pub(super) struct Yes {
    authenticator_data: Octets,
    client_data_json: Octets,
    credential_id: Octets,
    signature: Octets,
    #[serde(default)]
    number: Option<String>,
}

/// `POST /telefon/godkann/{txn}`: the browser goes on where the yes leads.
pub(super) async fn approve(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    caller: Caller,
    Path(id): Path<ApprovalId>,
    Form(yes): Form<Yes>,
) -> Result<Redirect, Problem> {
    let Yes { authenticator_data, client_data_json, credential_id, signature, number } = yes;
    let signature = ApprovalSignature::Webauthn { authenticator_data, client_data_json, credential_id, signature };
    let asked = Approve { number: number.and_then(|number| number.trim().parse().ok()), signature };
    let next = decide::give_shown(&server, &caller, &id, &asked, now, rng).await?;
    Ok(Redirect::to(&next.unwrap_or_else(|| format!("/telefon/godkann/{id}"))))
}

/// `POST /telefon/godkann/{txn}/avbryt`.
pub(super) async fn cancel(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    caller: Caller,
    Path(id): Path<ApprovalId>,
) -> Result<Redirect, Problem> {
    decide::turn_down(&server, &caller, &id, DeclineReason::Cancelled, now, rng).await?;
    Ok(Redirect::to(&format!("/telefon/godkann/{id}")))
}

/// `POST /telefon/godkann/{txn}/inte-jag`.
pub(super) async fn not_me(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    caller: Caller,
    Path(id): Path<ApprovalId>,
) -> Result<Redirect, Problem> {
    decide::turn_down(&server, &caller, &id, DeclineReason::NotMe, now, rng).await?;
    Ok(Redirect::to(&format!("/telefon/godkann/{id}")))
}

fn outcome(voice: Voice, state: ApprovalState, row: &Row, approval: &Approval) -> OutcomePage {
    let is_given = matches!(state, ApprovalState::Approved | ApprovalState::Consumed);
    // Only after a link on the same phone is the way back this browser's own; a no is told to the service on it.
    let way = row.request().ok().and_then(|request| request.return_to);
    let back = way.filter(|_| !is_given && !row.is_replaced() && approval.start == StartKind::SameDevice);
    OutcomePage { voice, words: ended(state, row, approval), tone: if is_given { "ok" } else { "" }, back }
}

/// The key of the sentence about how it ended.
fn ended(state: ApprovalState, row: &Row, approval: &Approval) -> &'static str {
    match (state, approval.kind, approval.start) {
        (ApprovalState::Aborted, _, _) if row.is_replaced() => "approval-ended-replaced",
        (ApprovalState::Aborted, _, _) => "approval-ended-aborted",
        (ApprovalState::Approved | ApprovalState::Consumed, ApprovalKind::Signature, _) => "approval-ended-signature",
        (ApprovalState::Approved | ApprovalState::Consumed, ApprovalKind::Opening, _) => "approval-ended-opening",
        (ApprovalState::Approved | ApprovalState::Consumed, ApprovalKind::Login, StartKind::SameDevice) => "approval-ended-login-here",
        (ApprovalState::Approved | ApprovalState::Consumed, ApprovalKind::Login, _) => "approval-ended-login",
        (ApprovalState::Declined, _, _) if row.is_disowned() => "approval-ended-not-me",
        (ApprovalState::Declined, _, _) if row.reason.as_deref() == Some(directed::WRONG_NUMBER) => "approval-ended-wrong-number",
        (ApprovalState::Declined, _, _) => "approval-ended-declined",
        (ApprovalState::Claimed | ApprovalState::Created | ApprovalState::Expired | ApprovalState::Shown, _, _) => "approval-ended-expired",
    }
}

/// The key of the sentence about how the person came here.
const fn started(start: StartKind) -> &'static str {
    match start {
        StartKind::Assigned => "approval-start-assigned",
        StartKind::MovingQr => "approval-start-moving-qr",
        StartKind::Number => "approval-start-number",
        StartKind::Passkey => "approval-start-passkey",
        StartKind::SameDevice => "approval-start-same-device",
        StartKind::TypedCode => "approval-start-typed-code",
    }
}

#[cfg(test)]
mod tests {
    use handslag_vocab::{Assurance, Digest, MessageType, Requester, ToSign, UnixTime};

    use super::*;

    fn page(message: &str, kind: MessageType, signs: bool) -> String {
        let signing = signs.then(|| ToSign { message_digest: Digest::of_shown(message), nonce: None, tbs_data: None });
        let approval = Approval::new(
            if signs { ApprovalKind::Signature } else { ApprovalKind::Login },
            "txn_0123456789abcdefghjkmnpqrs".parse().unwrap(),
            "k7x4m2p9@2120009999".to_owned(),
            Requester { id: "avtalen".to_owned(), name: "Avtalen".to_owned(), organisation: "Kvarnby kommun".to_owned() },
            "Vill du?".to_owned(),
            "sv".to_owned(),
            Vec::new(),
            Vec::new(),
            Assurance::Loa2,
            StartKind::MovingQr,
            UnixTime::from_seconds(0),
            UnixTime::from_seconds(60),
        );
        let approval = approval.saying(Some(message.to_owned()), kind).signing(signing);
        let page = ApprovalPage {
            voice: Voice::in_language(Language::Swedish),
            words: approval.words(),
            another: None,
            logo: None,
            approval,
            wants_number: false,
            start: started(StartKind::MovingQr),
            challenge: String::new(),
            key: String::new(),
            relying_party: String::new(),
        };
        page.render().unwrap()
    }

    /// Attack: a service's markup on the page where people say yes.
    #[test]
    fn a_services_words_are_never_markup() {
        let text = "# <script>alert(1)</script>\n- **<img src=x onerror=alert(1)>**\n\n[x](javascript:alert(1))</blockquote>";
        for kind in MessageType::ALL {
            let page = page(text, kind, false);
            let quoted = page.split_once("<blockquote").unwrap().1.split_once("</blockquote>").unwrap().0;
            assert!(!quoted.contains("<script") && !quoted.contains("<img") && !quoted.contains("href"), "{quoted}");
            assert!(quoted.contains("alert(1)") && page.contains("Avtalen skriver"), "{quoted}");
        }
        let page = page("Ett **tu** *tre*\n1. fyra", MessageType::Markdown, false);
        for piece in ["<strong>tu</strong>", "<em>tre</em>", "<ol><li>fyra</li></ol>"] {
            assert!(page.contains(piece), "{piece}: {page}");
        }
    }

    #[test]
    fn a_signature_is_called_one() {
        let signs = page("Avtalet", MessageType::Plain, true);
        assert!(signs.contains("Det här skriver du under") && signs.contains(">Skriv under</button>") && signs.contains("Det här är en underskrift"));
        let says = page("Avtalet", MessageType::Plain, false);
        assert!(says.contains(">Godkänn</button>") && !says.contains("en underskrift") && !says.contains("skriver du under"), "{says}");
    }
}
