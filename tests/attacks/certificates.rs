//! Attack 24: certificates of clients (RFC 8705), at a listener of their own or in a header of a named proxy.

use std::net::TcpListener;

use data_encoding::{BASE64, BASE64URL_NOPAD};
use handslag_protocol::{client::GrantType, client_authentication::Authentication, profile::Profile};
use handslag_server::config::{Client, Config, Mtls, Tls};
use serde_json::{Value, json};

use crate::kommun::{Answer, Browser, JOURNAL_SECRET, Kommun, ORG_ID, Pki, Portal, basic, post};

/// A municipality with a listener for certificates, and what stands behind it.
struct Mutual {
    kommun: Kommun,
    pki: Pki,
    base: String,
}

const JOURNAL: &str = "https://journal.example";

fn client(id: &str, grants: &[GrantType]) -> Client {
    Client {
        redirect_uris: vec!["https://cert.example/cb".to_owned()],
        scopes: vec![ORG_ID.to_owned(), "profile".to_owned(), "journal.read".to_owned()],
        audiences: vec![JOURNAL.to_owned()],
        grant_types: grants.iter().copied().collect(),
        tls_client_certificate_bound_access_tokens: true,
        userinfo_signed: false,
        ..Client::new(id.parse().unwrap(), id, id, "2120009994".parse().unwrap())
    }
}

/// One service for each way to be known by a certificate, and an app that only has one.
fn services(pki: &Pki) -> Vec<Client> {
    let all = [GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::RefreshToken];
    let subject = "CN=Vårdsystemet,O=Kvarnby kommun,C=SE";
    vec![
        Client { tls_client_auth_subject_dn: Some(subject.to_owned()), ..client("by-dn", &all) },
        Client { tls_client_auth_san_dns: Some("Care.Example".to_owned()), ..client("by-dns", &all) },
        Client { tls_client_auth_san_uri: Some("urn:kvarnby:care".to_owned()), ..client("by-uri", &all) },
        Client { tls_client_auth_san_email: Some("care@kvarnby.example".to_owned()), ..client("by-email", &all) },
        Client { tls_client_auth_san_ip: Some("192.0.2.7".parse().unwrap()), ..client("by-ip", &all) },
        Client {
            token_endpoint_auth_method: Some(Authentication::SelfSignedTls),
            jwks: Some(json!({ "keys": [pki.jwk("own")] })),
            ..client("by-key", &all)
        },
        Client { profile: Profile::Fapi2, tls_client_auth_san_dns: Some("care.example".to_owned()), ..client("fapi", &all) },
        Client {
            profile: Profile::Fapi2,
            tls_client_auth_san_dns: Some("care.example".to_owned()),
            tls_client_certificate_bound_access_tokens: false,
            ..client("fapi-unbound", &all)
        },
        client("app", &[GrantType::AuthorizationCode, GrantType::RefreshToken]),
    ]
}

fn pki() -> Pki {
    let pki = Pki::new();
    let (subject, names) =
        ("/C=SE/O=Kvarnby kommun/CN=Vårdsystemet", "DNS:care.example,URI:urn:kvarnby:care,email:care@kvarnby.example,IP:192.0.2.7");
    pki.issues("care", "ca", subject, names, "clientAuth");
    pki.issues("care-again", "ca", subject, names, "clientAuth");
    pki.issues("wrong-ca", "other", subject, names, "clientAuth");
    pki.issues("wrong-name", "ca", "/C=SE/O=Kvarnby kommun/CN=Annat", "DNS:other.example", "clientAuth");
    pki.issues("wrong-use", "ca", subject, names, "serverAuth");
    pki.signs_itself("own", subject, names);
    pki.signs_itself("own-other", subject, names);
    pki
}

async fn mutual() -> Mutual {
    let pki = pki();
    let listen = format!("127.0.0.1:{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let base = format!("https://{listen}");
    let kommun = Kommun::configured(|config| {
        config.clients.extend(services(&pki));
        config.mtls = Some(Mtls {
            url: base.clone(),
            listen: Some(listen.clone()),
            certificate: Some(pki.certificate("server")),
            key: Some(pki.key("server")),
            authorities: Some(pki.certificate("ca")),
            header: None,
            from: Vec::new(),
        });
    })
    .await;
    for _ in 0..100 {
        if std::net::TcpStream::connect(&listen).is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Mutual { kommun, pki, base }
}

impl Mutual {
    fn with(&self, certificate: &str) -> Browser {
        self.pki.browser(&self.base, &self.kommun.issuer, Some(certificate))
    }

    async fn speaks_for_itself(&self, client: &str, certificate: &str) -> Answer {
        own_token(&self.with(certificate), client, &[]).await
    }
}

async fn own_token(browser: &Browser, client: &str, headers: &[(&str, &str)]) -> Answer {
    let fields = [("grant_type", "client_credentials"), ("client_id", client), ("scope", "journal.read"), ("resource", JOURNAL)];
    post(browser, "/token", headers, &fields).await
}

fn confirmation(token: &str) -> Value {
    let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap()).unwrap();
    claims["cnf"].clone()
}

/// Attack 24: the subject in any of its forms, from an authority that is trusted for clients; the key alone only where it is registered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_proves_the_client_that_is_registered_for_it_and_no_other() {
    let mutual = mutual().await;
    for client in ["by-dn", "by-dns", "by-uri", "by-email", "by-ip"] {
        for right in ["care", "care-again"] {
            let token = mutual.speaks_for_itself(client, right).await.token("access_token");
            assert_eq!(confirmation(&token), json!({ "x5t#S256": mutual.pki.thumbprint(right) }), "{client}");
        }
        for wrong in ["wrong-ca", "wrong-name", "wrong-use", "own"] {
            assert_eq!(mutual.speaks_for_itself(client, wrong).await.error(), (401, "invalid_client"), "{client} by {wrong}");
        }
        assert_eq!(own_token(&mutual.kommun.browser(), client, &[]).await.error(), (401, "invalid_client"), "without any");
    }
    assert_eq!(mutual.speaks_for_itself("by-key", "own").await.status, 200);
    for wrong in ["own-other", "care", "wrong-ca"] {
        assert_eq!(mutual.speaks_for_itself("by-key", wrong).await.error(), (401, "invalid_client"), "by-key by {wrong}");
    }
    assert_eq!(mutual.speaks_for_itself("journalen", "care").await.error(), (401, "invalid_client"), "a certificate is no secret");
    mutual.kommun.server.clock.advance(4 * 86_400);
    assert_eq!(mutual.speaks_for_itself("by-dns", "care").await.error(), (401, "invalid_client"), "it has run out");
}

/// FAPI 2.0 Security Profile §5.3.2.1: sender-constrained by a certificate or by DPoP, and by one of them for certain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fapi_takes_a_certificate_for_the_senders_constraint() {
    let mutual = mutual().await;
    let token = mutual.speaks_for_itself("fapi", "care").await.token("access_token");
    assert!(confirmation(&token)["x5t#S256"].is_string());
    assert_eq!(mutual.speaks_for_itself("fapi-unbound", "care").await.error(), (400, "invalid_dpop_proof"));
}

async fn logged_in(mutual: &Mutual, client: &str, certificate: &str) -> Answer {
    let kommun = &mutual.kommun;
    let portal = Portal::new(kommun, client, None, "https://cert.example/cb");
    let mut worker = kommun.worker("Amina Sahlin").await;
    let scope = format!("openid {ORG_ID} offline_access");
    let mut login = portal.begins_with(kommun.browser(), &[("scope", &scope)]).await;
    worker.approves(&login).await;
    let code = login.code().await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code.as_str()),
        ("redirect_uri", "https://cert.example/cb"),
        ("code_verifier", login.verifier.as_str()),
    ];
    post(&mutual.with(certificate), "/token", &[], &fields).await
}

async fn userinfo(browser: &Browser, token: &str) -> u16 {
    browser.http.get(format!("{}/userinfo", browser.base)).bearer_auth(token).send().await.unwrap().status().as_u16()
}

async fn refreshed(browser: &Browser, client: &str, token: &str) -> Answer {
    post(browser, "/token", &[], &[("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)]).await
}

/// Attack 24: `x5t#S256` is checked at the resource and at refresh.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_bound_to_a_certificate_is_worth_nothing_with_another() {
    let mutual = mutual().await;
    let (plain, own, swapped) = (mutual.kommun.browser(), mutual.with("own"), mutual.with("own-other"));
    let tokens = logged_in(&mutual, "app", "own").await;
    let (access, refresh) = (tokens.token("access_token"), tokens.token("refresh_token"));
    assert_eq!(tokens.body["token_type"], "Bearer", "RFC 8705 §3");
    assert_eq!((userinfo(&own, &access).await, userinfo(&swapped, &access).await, userinfo(&plain, &access).await), (200, 401, 401));
    let asked = [("authorization", basic("journalen", JOURNAL_SECRET))];
    let asked: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let for_journal = mutual.speaks_for_itself("by-dns", "care").await.token("access_token");
    let told = post(&plain, "/introspect", &asked, &[("token", &for_journal)]).await;
    assert_eq!(told.body["cnf"], json!({ "x5t#S256": mutual.pki.thumbprint("care") }), "{}", told.body);

    assert_eq!(refreshed(&swapped, "app", &refresh).await.error(), (400, "invalid_grant"), "a public client's refresh token is bound too");
    assert_eq!(refreshed(&plain, "app", &refresh).await.error(), (400, "invalid_request"));
    let renewed = refreshed(&own, "app", &refresh).await;
    assert_eq!(userinfo(&own, &renewed.token("access_token")).await, 200, "the owner lost nothing");

    let tokens = logged_in(&mutual, "by-dns", "care").await;
    let refresh = tokens.token("refresh_token");
    for wrong in ["wrong-name", "wrong-ca", "own"] {
        assert_eq!(refreshed(&mutual.with(wrong), "by-dns", &refresh).await.error(), (401, "invalid_client"), "{wrong}");
    }
    let renewed = refreshed(&mutual.with("care-again"), "by-dns", &refresh).await.token("access_token");
    assert_eq!(userinfo(&mutual.with("care-again"), &renewed).await, 200, "a renewed certificate of the same subject");
    assert_eq!(userinfo(&mutual.with("care"), &renewed).await, 401, "and the token is bound to that one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_listener_for_certificates_demands_one_and_has_no_pages() {
    let mutual = mutual().await;
    let without = mutual.pki.browser(&mutual.base, &mutual.kommun.issuer, None);
    assert!(without.http.get(format!("{}/healthz", mutual.base)).send().await.is_err(), "no handshake without a certificate");
    let mut with = mutual.with("care");
    for path in ["/", "/healthz", "/logga-in", "/authorize", "/phone/approvals"] {
        assert_eq!(with.get(path).await.status, 404, "{path}");
    }
    let metadata: Value = serde_json::from_str(&mutual.kommun.browser().get("/.well-known/openid-configuration").await.body).unwrap();
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], json!(format!("{}/token", mutual.base)));
    let header = BASE64.encode(&mutual.pki.der("care"));
    let header = format!(":{header}:");
    let answer = own_token(&mutual.kommun.browser(), "by-dns", &[("client-cert", &header)]).await;
    assert_eq!(answer.error(), (401, "invalid_client"), "a header says nothing where no proxy is named");
}

fn escaped(pem: &str) -> String {
    pem.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

async fn behind_proxy(pki: &Pki, from: &str) -> Kommun {
    Kommun::configured(|config: &mut Config| {
        config.clients.extend(services(pki));
        config.mtls = Some(Mtls {
            url: "https://mtls.kvarnby.example".to_owned(),
            listen: None,
            certificate: None,
            key: None,
            authorities: Some(pki.certificate("ca")),
            header: Some("Client-Cert".to_owned()),
            from: vec![from.parse().unwrap()],
        });
    })
    .await
}

/// Attack 24: the header counts from the named proxy, and from nobody else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_in_a_header_counts_only_from_the_named_proxy() {
    let pki = pki();
    let (rfc9440, pem) = (format!(":{}:", BASE64.encode(&pki.der("care"))), escaped(&pki.pem("care")));
    let kommun = behind_proxy(&pki, "127.0.0.1").await;
    for form in [&rfc9440, &pem] {
        let token = own_token(&kommun.browser(), "by-dns", &[("client-cert", form)]).await.token("access_token");
        assert_eq!(confirmation(&token), json!({ "x5t#S256": pki.thumbprint("care") }));
    }
    let wrong = format!(":{}:", BASE64.encode(&pki.der("wrong-ca")));
    let two = [("client-cert", rfc9440.as_str()), ("client-cert", wrong.as_str())];
    for headers in [&two[..], &[("client-cert", wrong.as_str())], &[("client-cert", "::")], &[("client-cert", "%zz")], &[("client-cert", "")], &[]] {
        assert_eq!(own_token(&kommun.browser(), "by-dns", headers).await.error(), (401, "invalid_client"), "{headers:?}");
    }
    let elsewhere = behind_proxy(&pki, "192.0.2.1").await;
    for form in [&rfc9440, &pem] {
        assert_eq!(own_token(&elsewhere.browser(), "by-dns", &[("client-cert", form)]).await.error(), (401, "invalid_client"));
    }
}

/// `[tls]`: the pages over TLS, with a certificate that may be exchanged while the node runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_over_tls_with_the_certificate_of_now() {
    let pki = Pki::new();
    let kommun = Kommun::configured(|config| {
        config.tls = Some(Tls { certificate: pki.certificate("server"), key: pki.key("server") });
    })
    .await;
    let base = kommun.base.replace("http://", "https://");
    let trusting = || pki.browser(&base, &kommun.issuer, None);
    assert_eq!(trusting().get("/healthz").await.status, 200);
    assert!(kommun.browser().http.get(format!("{}/healthz", kommun.base)).send().await.is_err(), "plain HTTP is not spoken there");
    pki.issues("server", "other", "/CN=localhost", "IP:127.0.0.1", "serverAuth");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert!(trusting().http.get(format!("{base}/healthz")).send().await.is_err(), "the new certificate is another authority's");
    std::fs::write(pki.certificate("server"), "no certificate").unwrap();
    pki.issues("again", "ca", "/CN=localhost", "IP:127.0.0.1", "serverAuth");
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    std::fs::copy(pki.key("again"), pki.key("server")).unwrap();
    std::fs::copy(pki.certificate("again"), pki.certificate("server")).unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    assert_eq!(trusting().get("/healthz").await.status, 200, "a broken file in between ended nothing");
}
