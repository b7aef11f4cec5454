//! Pictures that services name (attacks 22 and 32): what is no small picture is not shown, and nobody's page loads anything from elsewhere.

use std::time::Duration;

use handslag_server::{audit, outbox::Topic, phone::approvals};
use serde_json::json;

use crate::{
    journeys::{
        metadata,
        sso::{goes_to, logs_in},
    },
    kommun::{Browser, Elsewhere, Kommun, Portal},
};

const LOGO: &[u8] = include_bytes!("../pictures/logotyp.png");
const KEPT: &str = "SELECT COUNT(*) FROM client_logos WHERE client_id = 'nytjanst' AND picture IS NOT NULL";
const DONE: &str = "SELECT COUNT(*) FROM outbox WHERE topic = 'client.logo_named' AND done_at IS NOT NULL";

/// SE-14, SE-16: on the question of a standing log-in and on the service's page, from here and locked; a letter where there is none.
pub(crate) async fn a_service_is_known_by_a_picture_of_ours(kommun: &Kommun) {
    let (grades, timetable, mut worker) = (kommun.grades(), kommun.timetable(), kommun.worker("Amina Sahlin").await);
    let (mut browser, ..) = logs_in(kommun, &grades, &mut worker, kommun.browser(), &[]).await;
    let question = goes_to(&timetable, &mut browser, "l1", &[]).await.location().unwrap().to_owned();
    let page = browser.get(&question).await;
    let picture = page.between("<img class=\"mark\" src=\"", "\"").to_owned();
    is_ours(&browser, &picture).await;
    let question = goes_to(&grades, &mut browser, "l2", &[]).await.location().unwrap().to_owned();
    let page = browser.get(&question).await;
    assert!(!page.body.contains("<img") && page.body.contains("<span class=\"mark\" aria-hidden=\"true\">B</span>"), "{}", page.body);
    let login = timetable.begins(kommun.browser()).await;
    let row = kommun.server.db.read(async |tx| approvals::by_id(tx, &login.id).await).await.unwrap().unwrap();
    assert_eq!(row.request().unwrap().logo.path("sv").as_deref(), Some(&*picture), "for the phone's screen too");
    let mut desk = kommun.desk_of(&kommun.administrator().await).await;
    assert_eq!(desk.get("/tjanster/schemat").await.between("<img class=\"mark\" src=\"", "\""), picture);
    assert!(desk.get("/tjanster/betygen").await.body.contains("Första bokstaven visas"));
    for nobody in ["/logotyp/x", "/logotyp/", "/logotyp/47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"] {
        assert_eq!(browser.get(nobody).await.status, 404, "{nobody}");
    }
}

/// A small PNG without anything that came with the file, which nothing can make run and which browsers may keep.
async fn is_ours(browser: &Browser, path: &str) {
    assert!(path.starts_with("/logotyp/") && path.len() == "/logotyp/".len() + 43, "{path}");
    let answer = browser.http.get(browser.address(path)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    assert!(answer.headers().get("set-cookie").is_none());
    let picture = answer.bytes().await.unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() < LOGO.len() * 20);
    assert_eq!((&picture[16..20], &picture[20..24]), (&[0, 0, 0, 128][..], &[0, 0, 0, 64][..]), "as wide as a finger");
    assert!(!picture.windows(6).any(|bytes| bytes == b"script"));
}

/// The address that the service named is looked at anew, as if it had been named so: only a test's server has no certificate.
async fn named(kommun: &Kommun, source: &str) {
    let anew = kommun.server.db.write(async |tx| {
        tx.execute("UPDATE client_logos SET source = $1, picture = NULL, picture_hash = NULL WHERE client_id = 'nytjanst'", (source,)).await?;
        tx.execute("UPDATE outbox SET done_at = NULL WHERE topic = 'client.logo_named'", ()).await
    });
    assert_eq!(anew.await.unwrap(), 1);
    for _ in 0..400 {
        // The last of its tries, and now.
        kommun.tampers("UPDATE outbox SET due_at = 0, attempts = 4 WHERE topic = 'client.logo_named' AND done_at IS NULL").await;
        kommun.server.wakeups.wake(Topic::ClientLogoNamed.as_str());
        tokio::time::sleep(Duration::from_millis(50)).await;
        if kommun.count(DONE).await == 1 {
            return;
        }
    }
    panic!("nobody looks at {source}");
}

/// Attacks 22 and 32.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_small_picture_is_not_shown() {
    let elsewhere = Elsewhere::open().await;
    let kommun = Kommun::configured(|config| config.outbound.allow.push(elsewhere.host())).await;
    let administrator = kommun.administrator().await;
    let mut desk = kommun.desk_of(&administrator).await;
    let logo = format!("https://{}/logo", elsewhere.host());
    for wrong in ["http://ny.example/logo.png", "data:image/png;base64,AAAA", "javascript:alert(1)", "file:///etc/passwd"] {
        let body = json!({ "client_id": "nytjanst", "metadata": metadata(&json!({ "logo_uri#sv": wrong })) });
        assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body)).await.0, 400, "{wrong}");
    }
    let body = json!({ "client_id": "nytjanst", "metadata": metadata(&json!({ "logo_uri": logo })) });
    assert_eq!(desk.calls("POST", "/admin/clients", &[], Some(&body)).await.0, 201);
    elsewhere.puts("/logo.png", LOGO);
    elsewhere.puts("/svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
    elsewhere.puts("/html", "<html><script>alert(1)</script></html>");
    elsewhere.puts("/gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;");
    elsewhere.puts("/cut", &LOGO[..LOGO.len() / 2]);
    elsewhere.puts("/renamed", &[&LOGO[..8], b"<svg onload=alert(1)>"].concat());
    elsewhere.puts("/empty", "");
    elsewhere.puts("/large", &[LOGO, &vec![0; 600 * 1024]].concat());
    let wrong = [
        (elsewhere.url("/svg"), "no_picture"),
        (elsewhere.url("/html"), "no_picture"),
        (elsewhere.url("/gif"), "no_picture"),
        (elsewhere.url("/cut"), "no_picture"),
        (elsewhere.url("/renamed"), "no_picture"),
        (elsewhere.url("/empty"), "no_picture"),
        (elsewhere.url("/large"), "too_large"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "plain"),
        ("https://127.0.0.1:1/logo.png".to_owned(), "address"),
        ("https://[::1]/logo.png".to_owned(), "address"),
        ("https://a@ny.example/logo.png".to_owned(), "form"),
    ];
    for (source, why) in wrong {
        named(&kommun, &source).await;
        assert_eq!(kommun.count(KEPT).await, 0, "{source}");
        let lines = kommun.server.db.read(async |tx| audit::about(tx, "client:nytjanst", 1).await).await.unwrap();
        assert_eq!((lines[0].kind.as_str(), &lines[0].facts()["why"]), ("oidc.logo_not_taken", &json!(why)), "{source}");
        assert!(!desk.get("/tjanster/nytjanst").await.body.contains("<img"), "{source}");
    }
    named(&kommun, &elsewhere.url("/logo.png")).await;
    assert_eq!((kommun.count(KEPT).await, elsewhere.asked("/logo.png")), (1, 1), "and what is one is fetched once");
    let page = desk.get("/tjanster/nytjanst").await;
    is_ours(&desk, page.between("<img class=\"mark\" src=\"", "\"")).await;
    let portal = Portal::new(&kommun, "nytjanst", None, "https://ny.example/cb");
    let login = portal.begins(kommun.browser()).await;
    let row = kommun.server.db.read(async |tx| approvals::by_id(tx, &login.id).await).await.unwrap().unwrap();
    assert!(row.request().unwrap().logo.path("en").is_some());
    // Named no more, it is shown no more.
    let body = json!({ "metadata": metadata(&json!({})) });
    assert_eq!(desk.calls("PUT", "/admin/clients/nytjanst", &[("if-match", "\"1\"")], Some(&body)).await.0, 200);
    assert_eq!(kommun.count("SELECT COUNT(*) FROM client_logos WHERE client_id = 'nytjanst'").await, 0);
    kommun.journal_holds().await;
}
