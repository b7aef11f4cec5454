//! What is shown once is written nowhere: not in the journal, not in the database, not in a file beside it.

use std::path::Path;

use handslag_phone::wire::{Bearer, Start};
use serde_json::Value;

use crate::{
    journeys::{asked, signed},
    kommun::{BarePhone, Kommun},
};

fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => files(&path, found),
            path => found.push((path.display().to_string(), std::fs::read(&path).unwrap())),
        }
    }
}

fn holds(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

/// Whether a secret of ours stands in it: `hs_<use>_` and 256 bits in base64url. `hs_` alone stands in every hundredth signature by chance.
fn names_a_secret(text: &str) -> bool {
    text.match_indices("hs_").any(|(at, mark)| {
        let after = text.get(at + mark.len()..).unwrap_or_default();
        let (purpose, random) = after.split_once('_').unwrap_or_default();
        let is_base64url = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        purpose.bytes().all(|byte| byte.is_ascii_lowercase()) && random.bytes().take_while(is_base64url).count() >= 43
    })
}

#[test]
fn a_secret_is_found_and_a_signature_is_none() {
    let random = "2K8CqMAFrvRbPZd5bFnmyX0hs_Y1mTtSxwL3kQeU9aW";
    assert!(names_a_secret(&format!(r#"{{"link":"https://id.example/i/hs_invite_{random}"}}"#)));
    for other in [random.to_owned(), format!("hs_{random}"), "hs_invite_".to_owned(), format!("xhs_Y{random}{random}")] {
        assert!(!names_a_secret(&other), "{other}");
    }
}

pub(crate) async fn no_secret_is_written_down(kommun: &Kommun) {
    let (invited, school) = (kommun.invites("Amina", "Sahlin").await, kommun.school());
    let phone = BarePhone::enrolled(kommun, invited.affiliation.clone(), &invited.link).await;
    let mut login = school.begins(kommun.browser()).await;
    let qr = login.qr().await;
    phone.approves(&Start::Qr { text: Bearer::new(&qr) }, kommun.now()).await;
    let code = login.code().await;
    let (_, tokens) = school.exchanges(&login.browser, &code, &login.verifier).await;
    let here = school.begins(kommun.browser()).await;
    let (_, answer) = phone.approves(&Start::Link { token: Bearer::new(&here.link) }, kommun.now()).await;
    let mut signer = kommun.worker("Bo Ek").await;
    let signature = asked(kommun, &mut signer, "protokoll").await;
    signer.answers(Start::Assigned { signature: signature.clone() }, crate::kommun::Pick::Approve).await;
    signed(kommun, &signature).await;

    let nonce = answer["return_to"].as_str().unwrap().split_once("svar=").unwrap().1;
    let token = tokens["access_token"].as_str().unwrap();
    let mut secrets = vec![code, token.to_owned(), login.verifier.clone(), login.link.clone(), here.link.clone(), nonce.to_owned()];
    secrets.push(invited.link.reveal().trim_start_matches("hs_invite_").to_owned());
    secrets.push(qr.rsplit('/').next().unwrap().split('.').next().unwrap().to_owned());
    secrets.extend(login.browser.cookies.values().cloned());
    secrets.push(tokens["id_token"].as_str().unwrap().to_owned());
    assert!(secrets.iter().all(|secret| secret.len() >= 40), "{secrets:?}");

    let payloads: Vec<(String,)> = kommun.server.db.read(async |tx| tx.all("SELECT payload FROM journal_payloads", ()).await).await.unwrap();
    assert!(payloads.len() >= 8);
    for (payload,) in &payloads {
        assert!(serde_json::from_str::<Value>(payload).unwrap().is_object());
        assert!(!names_a_secret(payload) && secrets.iter().all(|secret| !payload.contains(secret.as_str())), "{payload}");
    }
    let mut found = Vec::new();
    files(kommun.folder.path(), &mut found);
    for (path, bytes) in &found {
        let written = secrets.iter().find(|secret| holds(bytes, secret));
        assert!(written.is_none(), "{path} holds {written:?}");
    }
    let rows = [
        "SELECT request FROM approvals",
        "SELECT COALESCE(evidence, '') FROM approvals",
        "SELECT request FROM grants",
        "SELECT request FROM authorizations",
        "SELECT answer FROM core_answers",
    ];
    for sql in rows {
        let texts: Vec<(String,)> = kommun.server.db.read(async |tx| tx.all(sql, ()).await).await.unwrap();
        assert!(!texts.is_empty(), "{sql}");
        for (text,) in texts {
            assert!(!names_a_secret(&text) && secrets.iter().all(|secret| !text.contains(secret.as_str())), "{sql}: {text}");
        }
    }
}
