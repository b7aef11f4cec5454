//! The invitation's three answers. What the worker reads before them stands in the pages' own tests.

use serde_json::json;

use crate::kommun::{BarePhone, Kommun};

/// What stands after the last slash of the invitation's address.
fn path(link: &handslag_vocab::Secret) -> String {
    format!("/inbjudan/{}", link.reveal().trim_start_matches("hs_invite_"))
}

pub(crate) async fn a_no_leaves_no_trace(kommun: &Kommun) {
    let answered = kommun.invites("Amina", "Sahlin").await;
    let mut browser = kommun.browser();
    let page = browser.get(&path(&answered.link)).await;
    assert_eq!((page.status, page.headers["cache-control"].to_str().unwrap()), (200, "no-store"));
    assert!(page.body.contains("Kvarnbys jobb-id") && page.body.contains("Maria Lindqvist"), "{}", page.body);
    let page = browser.post(&path(&answered.link), &[("answer", "no")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(page.headers["clear-site-data"], "\"cache\", \"storage\"");
    assert_eq!(page.headers["cache-control"], "no-store");

    assert_eq!(browser.get(&path(&answered.link)).await.status, 410);
    assert_eq!(browser.post(&path(&answered.link), &[("answer", "other")]).await.status, 410, "a no stays a no");
    let phone = BarePhone::new(kommun, answered.affiliation.clone());
    assert_eq!(phone.says_yes(&answered.link).await.0, 410, "not even a yes");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await + kommun.count("SELECT COUNT(*) FROM registrations").await, 0);
    kommun.journal_holds().await;
}

pub(crate) async fn another_way_is_an_answer_too(kommun: &Kommun) {
    let answered = kommun.invites("Amina", "Sahlin").await;
    let mut browser = kommun.browser();
    let page = browser.post(&path(&answered.link), &[("answer", "maybe")]).await;
    assert_eq!(page.status, 400);
    let page = browser.post(&path(&answered.link), &[("answer", "other")]).await;
    assert_eq!((page.status, browser.cookies.len()), (200, 0));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM invitations WHERE state = 'other_way'").await, 1);
    assert_eq!(browser.get(&path(&answered.link)).await.status, 410);
    kommun.journal_holds().await;
}

/// The phone was killed after each of its requests; the answers are the same and there is one phone.
pub(crate) async fn a_phone_killed_before_it_heard_asks_again(kommun: &Kommun) {
    let answered = kommun.invites("Amina", "Sahlin").await;
    let phone = BarePhone::new(kommun, answered.affiliation.clone());
    let first = phone.says_yes(&answered.link).await;
    assert_eq!((first.0, &first.1["name"]), (200, &json!("Amina Sahlin")));
    assert_eq!(phone.says_yes(&answered.link).await, first);
    let (status, enrolled) = phone.finishes(&first.1).await;
    assert_eq!((status, &enrolled["tier"]), (200, &json!("t2")));
    let (status, again) = phone.finishes(&first.1).await;
    assert_eq!((status, &again["phone"]), (200, &enrolled["phone"]));
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 1);
    assert_eq!(phone.says_yes(&answered.link).await.0, 410, "the link is dead once a phone carries the identity");
}
