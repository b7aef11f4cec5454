//! What a service must not be told of a person, whatever it asks (OP-16, OP-17, attack 21).

use data_encoding::BASE64URL_NOPAD;
use handslag_phone::wire::{Bearer, Start};
use serde_json::{Value, json};

use crate::{
    journeys::{metadata, userinfo},
    kommun::{Browser, Kommun, ORG_ID, Portal, Worker},
};

const MAIL: &str = "amina.sahlin@kvarnby.example";
const EPPN: &str = "x7k3@skola.kvarnby.example";

/// Everything about the worker that no service gets by itself.
async fn entered(desk: &mut Browser, worker: &Worker) {
    let values = json!({
        "email": { "value": MAIL, "checked": true }, "phone": { "value": "+46701740605" }, "eppn": { "value": EPPN },
        "hsa_id": { "value": "SE2120009994-A1B2" }, "employee_number": { "value": "10017" }, "ad_name": { "value": "KVARNBY\\amisah01" },
        "address": { "value": "Storgatan 1, 123 45 Kvarnby" }, "person_number": { "value": "191212121212" },
    });
    let (status, answer, _) = desk.calls("PUT", &format!("/admin/people/{}", worker.affiliation), &[], Some(&values)).await;
    assert_eq!((status, &answer["email"]["checked"], &answer["phone"]["checked"]), (200, &json!(true), &json!(false)), "{answer}");
}

async fn registered(desk: &mut Browser, scopes: &str, naming: &Value) {
    let body = json!({ "client_id": "nytjanst", "metadata": metadata(&json!({ "scope": scopes })), "settings": { "naming": naming } });
    let (status, answer, _) = desk.calls("POST", "/admin/clients", &[], Some(&body)).await;
    assert_eq!(status, 201, "{answer}");
}

/// Logs in with these parameters; gives the claims of the ID Token, those of UserInfo, and what the person read.
async fn told(kommun: &Kommun, portal: &Portal, worker: &mut Worker, changes: &[(&str, &str)]) -> (Value, Value, Vec<(String, String)>) {
    let mut login = portal.begins_with(kommun.browser(), changes).await;
    let screen = worker.reads(Start::Qr { text: Bearer::new(login.qr().await) }).await;
    let read = screen.sent.iter().map(|line| (line.label.clone(), line.value.clone())).collect();
    worker.approves(&login).await;
    let code = login.code().await;
    let (status, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    assert_eq!(status, 200, "{tokens}");
    let claims = |jwt: &str| serde_json::from_slice::<Value>(&BASE64URL_NOPAD.decode(jwt.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    let (status, info) = userinfo(&login.browser, tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(status, 200, "{info}");
    (claims(tokens["id_token"].as_str().unwrap()), claims(&info), read)
}

/// OP-16: without scope and claims nothing personal appears anywhere.
pub(crate) async fn who_asks_for_nothing_hears_nothing(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    entered(&mut desk, &worker).await;
    registered(&mut desk, &format!("openid profile email phone address {ORG_ID}"), &json!([])).await;
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &[("scope", "openid")]).await;
    let who = worker.known().await.who.to_string();
    for said in [id_token.to_string(), info.to_string()] {
        for personal in ["Amina", "Sahlin", MAIL, EPPN, "0701", "10017", "amisah", "Storgatan", who.as_str(), "2120009994", "191212"] {
            assert!(!said.contains(personal), "{personal} in {said}");
        }
    }
    assert_eq!(read, [], "and nothing is shown as sent");
}

/// OP-17: a claim that the client is not registered for is never sent, also not as essential.
pub(crate) async fn who_may_not_ask_never_hears(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    entered(&mut desk, &worker).await;
    registered(&mut desk, &format!("openid {ORG_ID}"), &json!([])).await;
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let wanted = json!({ "essential": true });
    let number = "https://id.oidc.se/claim/personalIdentityNumber";
    let names = ["email", "phone_number", "address", "given_name", "eduPersonPrincipalName", "employeeHsaId", number];
    let wishes: Value = names.into_iter().map(|name| (name.to_owned(), wanted.clone())).collect::<serde_json::Map<_, _>>().into();
    let claims = json!({ "id_token": wishes, "userinfo": wishes }).to_string();
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &[("scope", &format!("openid email phone {ORG_ID}")), ("claims", &claims)]).await;
    for name in names {
        assert!(id_token.get(name).is_none() && info.get(name).is_none(), "{name}: {id_token} {info}");
    }
    assert_eq!(info["name"], json!("Amina Sahlin"));
    assert!(!read.iter().any(|(_, value)| value.contains('@') && value.contains("example")), "{read:?}");
}

/// Standard scopes give what is there; the very values are shown first (SE-14).
pub(crate) async fn standard_scopes_give_what_is_there(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    registered(&mut desk, "openid profile email phone address", &json!([])).await;
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let all = [("scope", "openid profile email phone address")];
    let (_, before, _) = told(kommun, &portal, &mut worker, &all).await;
    for name in ["email", "email_verified", "phone_number", "phone_number_verified", "address", "birthdate", "middle_name"] {
        assert!(before.get(name).is_none(), "{name} has no value: {before}");
    }
    entered(&mut desk, &worker).await;
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &all).await;
    assert_eq!((&info["email"], &info["email_verified"]), (&json!(MAIL), &json!(true)));
    assert_eq!((&info["phone_number"], &info["phone_number_verified"]), (&json!("+46701740605"), &json!(false)));
    assert_eq!((&info["address"]["formatted"], &info["given_name"]), (&json!("Storgatan 1, 123 45 Kvarnby"), &json!("Amina")));
    assert!(id_token.get("email").is_none(), "UserInfo alone: {id_token}");
    assert!(
        read.contains(&("E-postadress".to_owned(), MAIL.to_owned())) && read.contains(&("Telefonen är kontrollerad".to_owned(), "nej".to_owned()))
    );
    let unsound = json!({ "email": { "value": "nobody" } });
    assert_eq!(desk.calls("PUT", &format!("/admin/people/{}", worker.affiliation), &[], Some(&unsound)).await.0, 400);
    kommun.journal_holds().await;
}

/// SE-20, SH-01: who is named by a role is not named in pieces, and a service's own names are sent under them. Attack 21: names that are
/// changed after the yes count for the next one.
pub(crate) async fn names_of_a_services_own_are_sent_as_they_were_shown(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    entered(&mut desk, &worker).await;
    let naming = json!([
        { "claim": "name", "from": "role_name" }, { "claim": "eduPersonPrincipalName", "from": "eppn", "scope": "skola" },
    ]);
    registered(&mut desk, "openid profile skola", &naming).await;
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let (_, info, read) = told(kommun, &portal, &mut worker, &[("scope", "openid profile skola")]).await;
    assert_eq!((&info["name"], &info["eduPersonPrincipalName"]), (&json!("Medarbetare, Hemtjänst Norr"), &json!(EPPN)));
    assert!(!info.to_string().contains("Amina") && !info.to_string().contains("Sahlin"), "{info}");
    assert_eq!(read[0], ("Roll".to_owned(), "Medarbetare, Hemtjänst Norr".to_owned()));

    let mut login = portal.begins_with(kommun.browser(), &[("scope", "openid profile")]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let body = json!({ "metadata": metadata(&json!({ "scope": "openid profile skola" })), "settings": { "naming": [{ "claim": "name", "from": "email" }] } });
    assert_eq!(desk.calls("PUT", "/admin/clients/nytjanst", &[("if-match", "\"1\"")], Some(&body)).await.0, 200);
    let (_, tokens) = portal.exchanges(&login.browser, &code, &login.verifier).await;
    let (_, info) = userinfo(&login.browser, tokens["access_token"].as_str().unwrap()).await;
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(info.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    assert_eq!(claims["name"], json!("Medarbetare, Hemtjänst Norr"), "as the person read it");
}

/// The page tries it on a real colleague, who sees that somebody looked; nothing is sent, and nothing saved over somebody else's change.
pub(crate) async fn names_are_tried_before_they_are_saved(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let worker = kommun.worker("Amina Sahlin").await;
    entered(&mut desk, &worker).await;
    registered(&mut desk, "openid profile skola", &json!([])).await;
    let page = desk.get("/tjanster").await;
    assert!(page.status == 200 && page.body.contains("/tjanster/nytjanst") && page.body.contains("/tjanster/skolportalen"), "{}", page.body);
    let page = desk.get("/tjanster/nytjanst").await;
    assert!(page.status == 200 && page.body.contains("FAPI 2.0") && page.body.contains("Nej."), "{}", page.body);
    let who = worker.known().await.who.to_string();
    let fields = [("version", "1"), ("claim", "upn"), ("from", "eppn"), ("scope", "skola"), ("claim", ""), ("from", "name"), ("scope", "")];
    let tried: Vec<_> = fields.into_iter().chain([("colleague", who.as_str())]).collect();
    let page = desk.post("/tjanster/nytjanst/prova", &tried).await;
    assert!(page.status == 200 && page.body.contains(EPPN) && page.body.contains("Amina Sahlin"), "{}", page.body);
    let looked = "SELECT COUNT(*) FROM journal_entries WHERE kind = 'pages.looked'";
    assert_eq!((kommun.count(looked).await, kommun.count("SELECT version FROM clients").await), (1, 1));
    let neighbour = kommun.neighbour().await;
    let mut theirs = kommun.desk_of(&neighbour).await;
    for path in ["/tjanster/nytjanst/prova", "/tjanster/nytjanst/namn"] {
        assert_eq!(theirs.post(path, &tried[..4]).await.status, 404, "{path}");
    }
    let who = neighbour.who.to_string();
    let stranger = [("version", "1"), ("colleague", who.as_str())];
    assert_eq!(desk.post("/tjanster/nytjanst/prova", &stranger).await.status, 400, "nobody of another organisation is tried on");
    assert_eq!(desk.post("/tjanster/nytjanst/namn", &fields).await.status, 303);
    assert_eq!(desk.post("/tjanster/nytjanst/namn", &fields).await.status, 412, "somebody was first");
    let (_, one, _) = desk.calls("GET", "/admin/clients/nytjanst", &[], None).await;
    assert_eq!(one["settings"]["naming"], json!([{ "claim": "upn", "from": "eppn", "scope": "skola" }]));
    let reserved = [("version", "2"), ("claim", "sub"), ("from", "eppn"), ("scope", "skola")];
    assert_eq!(desk.post("/tjanster/nytjanst/namn", &reserved).await.status, 400);
    kommun.journal_holds().await;
}

fn number(value: &str) -> Value {
    json!({ "person_number": { "value": value } })
}

/// SE-05, SE-06: what is entered is a number, and what is said of it fits it.
pub(crate) async fn a_number_that_is_none_is_not_entered(kommun: &Kommun) {
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let worker = kommun.worker("Amina Sahlin").await;
    let path = format!("/admin/people/{}", worker.affiliation);
    for wrong in [
        number("191212121213"),
        number("1212121212"),
        json!({ "person_number_level": { "value": "probable" } }),
        json!({ "person_number": { "value": "191212121212" }, "person_number_level": { "value": "probable" } }),
        json!({ "person_number": { "value": "197010632391" }, "person_number_level": { "value": "sure" } }),
        json!({ "person_number": { "value": "197010632391" }, "person_number_previous": { "value": "197010632391" } }),
    ] {
        let (status, answer, _) = desk.calls("PUT", &path, &[], Some(&wrong)).await;
        assert_eq!((status, &answer["code"]), (400, &json!("unsound_attribute")), "{wrong} {answer}");
    }
    assert_eq!(desk.calls("GET", &path, &[], None).await.1.get("person_number"), None, "a refused entry enters nothing");
}

/// SE-05, SE-06: one kind of number at a time, checked, and what is said of it only to who names it.
pub(crate) async fn a_number_is_one_of_two_and_for_who_may_ask(kommun: &Kommun) {
    const NUMBER: &str = "https://id.oidc.se/scope/naturalPersonNumber";
    const LEVEL: &str = "https://id.oidc.se/claim/coordinationNumberLevel";
    const PREVIOUS: &str = "https://id.oidc.se/claim/previousCoordinationNumber";
    const PERSONAL: &str = "https://id.oidc.se/claim/personalIdentityNumber";
    const COORDINATION: &str = "https://id.oidc.se/claim/coordinationNumber";
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    let path = format!("/admin/people/{}", worker.affiliation);
    registered(&mut desk, &format!("openid {NUMBER}"), &json!([])).await;
    let portal = Portal::new(kommun, "nytjanst", None, "https://ny.example/cb");
    let (scope, claims) = (format!("openid {NUMBER}"), json!({ "userinfo": { LEVEL: null, PREVIOUS: null } }).to_string());
    let by_scope = [("scope", scope.as_str())];
    let by_name = [("scope", scope.as_str()), ("claims", claims.as_str())];

    assert_eq!(desk.calls("PUT", &path, &[], Some(&number("191212121212"))).await.0, 200);
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &by_name).await;
    for said in [&id_token, &info] {
        assert_eq!(said[PERSONAL], json!("191212121212"));
        assert!([COORDINATION, LEVEL, PREVIOUS].iter().all(|claim| said.get(claim).is_none()), "{said}");
    }
    assert_eq!(read, [("Personnummer".to_owned(), "191212121212".to_owned())]);

    let coordination = json!({
        "person_number_previous": { "value": "197010912397" }, "person_number_level": { "value": "probable" }, "person_number": { "value": "197010632391" },
    });
    assert_eq!(desk.calls("PUT", &path, &[], Some(&coordination)).await.0, 200);
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &by_scope).await;
    for said in [&id_token, &info] {
        assert_eq!(said[COORDINATION], json!("197010632391"));
        assert!([PERSONAL, LEVEL, PREVIOUS].iter().all(|claim| said.get(claim).is_none()), "{said}");
    }
    assert_eq!(read, [("Samordningsnummer".to_owned(), "197010632391".to_owned())]);
    let (id_token, info, read) = told(kommun, &portal, &mut worker, &by_name).await;
    assert_eq!((&info[LEVEL], &info[PREVIOUS]), (&json!("probable"), &json!("197010912397")));
    assert!(id_token.get(LEVEL).is_none() && id_token.get(PREVIOUS).is_none(), "{id_token}");
    assert!(read.contains(&("Samordningsnumrets nivå".to_owned(), "sannolikt".to_owned())), "{read:?}");

    // Another number is another number: what was said of the old one is gone with it.
    assert_eq!(desk.calls("PUT", &path, &[], Some(&number("191212121212"))).await.0, 200);
    let (_, info, _) = told(kommun, &portal, &mut worker, &by_name).await;
    assert!(info.get(LEVEL).is_none() && info.get(PREVIOUS).is_none(), "{info}");
    assert_eq!(desk.calls("PUT", &path, &[], Some(&json!({ "person_number": null }))).await.0, 200);
    let (id_token, _, _) = told(kommun, &portal, &mut worker, &by_scope).await;
    assert!(id_token.get(PERSONAL).is_none());
    for (payload,) in kommun.server.db.read(async |tx| tx.all::<(String,)>("SELECT payload FROM journal_payloads", ()).await).await.unwrap() {
        assert!(!payload.contains("1912121212") && !payload.contains("19701063"), "no number stands in the journal: {payload}");
    }
}
