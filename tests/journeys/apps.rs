//! Apps on phones: which may open our addresses, and where the answers to an app of a service may go.

use handslag_protocol::client::GrantType;
use handslag_server::config::{Android, ApplicationType, Apps, Client};
use serde_json::{Value, json};

use crate::kommun::{Browser, Kommun, ORG_ID, Portal};

async fn known(browser: &mut Browser, name: &str) -> (u16, Value) {
    let page = browser.get(&format!("/.well-known/{name}")).await;
    (page.status, serde_json::from_str(&page.body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn phones_are_told_which_apps_open_our_addresses() {
    let kommun = Kommun::sqlite().await;
    for name in ["apple-app-site-association", "assetlinks.json"] {
        let page = kommun.browser().get(&format!("/.well-known/{name}")).await;
        assert_eq!(page.status, 404, "nobody's while none is configured");
    }
    let print = vec!["AB"; 32].join(":");
    let android = Android { package: "se.kvarnby.jobbid".to_owned(), sha256_cert_fingerprints: vec![print.clone()] };
    let apps = Apps { apple: vec!["ABCDE12345.se.kvarnby.jobbid".to_owned()], android: vec![android] };
    let kommun = Kommun::configured(|config| config.apps = apps).await;
    let mut browser = kommun.browser();
    let (status, apple) = known(&mut browser, "apple-app-site-association").await;
    let details = &apple["applinks"]["details"][0];
    assert_eq!((status, &details["appIDs"]), (200, &json!(["ABCDE12345.se.kvarnby.jobbid"])));
    assert_eq!(details["components"], json!([{ "/": "/t/*" }, { "/": "/q/*" }, { "/": "/inbjudan/*" }]));
    assert_eq!(browser.get("/.well-known/apple-app-site-association").await.headers["content-type"], "application/json");
    let (status, links) = known(&mut browser, "assetlinks.json").await;
    assert_eq!((status, &links[0]["target"]["package_name"]), (200, &json!("se.kvarnby.jobbid")));
    assert_eq!(links[0]["target"]["sha256_cert_fingerprints"], json!([print]));
}

/// Attack 1, RFC 8252 §7: a claimed https address, a private scheme and a loopback address with a free port, and nothing near them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_answer_goes_to_its_own_address_and_the_port_it_listens_on() {
    let registered = ["https://app.kvarnby.example/cb", "se.kvarnby.app:/cb", "http://127.0.0.1/cb", "http://[::1]:7000/cb"];
    let app = |id: &str, application_type| Client {
        redirect_uris: registered.map(str::to_owned).to_vec(),
        scopes: vec![ORG_ID.to_owned()],
        grant_types: [GrantType::AuthorizationCode].into(),
        application_type,
        ..Client::new(id.parse().unwrap(), id, id, "2120009994".parse().unwrap())
    };
    let kommun = Kommun::configured(|config| {
        config.clients.extend([app("native", ApplicationType::Native), app("page", ApplicationType::Web)]);
    })
    .await;
    let mut worker = kommun.worker("Amina Sahlin").await;
    let asks = |id: &str, address: &str| Portal::new(&kommun, id, None, address);
    for address in registered.into_iter().chain(["http://127.0.0.1:49152/cb", "http://[::1]:1/cb"]) {
        let portal = asks("native", address);
        let mut login = portal.begins(kommun.browser()).await;
        worker.approves(&login).await;
        let page = login.goes_on().await;
        assert!(page.location().unwrap().starts_with(address), "{:?}", page.location());
        let code = page.answer("code").unwrap();
        assert_eq!(portal.exchanges(&login.browser, &code, &login.verifier).await.0, 200, "{address}");
    }
    let near = [
        "http://localhost:49152/cb",
        "http://localhost.evil.test/cb",
        "http://127.0.0.1:49152/cb?x=1",
        "http://127.0.0.1:49152/other",
        "http://127.0.0.1:49152@evil.test/cb",
        "http://127.0.0.2:49152/cb",
        "https://127.0.0.1:49152/cb",
        "https://app.kvarnby.example:444/cb",
        "https://app.kvarnby.example/cb/..;/cb",
        "https://app.kvarnby.example/CB",
        "https://a@b@app.kvarnby.example/cb",
        "se.kvarnby.app://cb",
        "se.kvarnby.app:/cb/",
    ];
    for address in near {
        let page = kommun.browser().get(&asks("native", address).address("x", &[])).await;
        assert_eq!((page.status, page.location()), (400, None), "{address}");
    }
    let page = kommun.browser().get(&asks("page", "http://127.0.0.1:49152/cb").address("x", &[])).await;
    assert_eq!((page.status, page.location()), (400, None), "a free port is an installed app's");
}
