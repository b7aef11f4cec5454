//! A phone is killed between what the server heard and what the phone was told. Its keys are known there by then.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{Router, body::Bytes, extract::Request, http::StatusCode};
use handslag_phone::{Outcome, Task, wire::Bearer};
use handslag_server::{demo::Halt, identity};
use tokio::{net::TcpListener, sync::Notify};

use crate::kommun::Kommun;

/// Passes every request on, and swallows the answer of one: the server has done it, and nobody hears of it.
async fn way_that_loses(base: &str, lost: usize) -> (String, Arc<Notify>) {
    let (listener, gone, count) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (http, base, told) = (reqwest::Client::builder().no_proxy().build().unwrap(), base.to_owned(), Arc::clone(&gone));
    let app = Router::new().fallback(move |request: Request| {
        let (http, base, told, count) = (http.clone(), base.clone(), Arc::clone(&told), Arc::clone(&count));
        async move {
            let (parts, body) = request.into_parts();
            let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
            let passed = http.request(parts.method, format!("{base}{}", parts.uri)).headers(parts.headers).body(body).send().await.unwrap();
            let (status, body): (StatusCode, Bytes) = (passed.status(), passed.bytes().await.unwrap());
            if count.fetch_add(1, Ordering::SeqCst) == lost {
                told.notify_one();
                std::future::pending::<()>().await;
            }
            (status, body)
        }
    });
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (address, gone)
}

pub(crate) async fn a_phone_killed_on_its_way_in_goes_on(kommun: &Kommun) {
    for lost in 0..2 {
        let answered = kommun.invites("Amina", "Sahlin").await;
        let file = kommun.folder.path().join(format!("phone-{lost}"));
        let (way, gone) = way_that_loses(&kommun.base, lost).await;
        let mut handset = kommun.place.another_handset(&way, &kommun.issuer).kept_in(file.clone());
        let invitation = Bearer::new(answered.link.reveal().trim_start_matches("hs_invite_"));
        let task = Task::Enrol { invitation, terms_version: identity::TERMS_VERSION.to_owned() };
        tokio::select! {
            halt = handset.begin(task, kommun.now()) => panic!("{lost}: {:?}", halt.unwrap()),
            () = gone.notified() => {}
        }
        drop(handset);

        let kept = std::fs::read(&file).unwrap();
        let mut handset = kommun.place.restored_handset(&kept, kommun.now()).unwrap().kept_in(file.clone());
        assert!(handset.core().identity().is_none(), "it was never told");
        handset.take_up(kommun.now()).await.unwrap();
        assert!(handset.core().identity().is_some(), "{lost}: the keys that the server knows are this phone's");
        assert!(matches!(handset.begin(Task::Inbox, kommun.now()).await.unwrap(), Halt::Done(Outcome::Inbox(_))), "{lost}");
        let mut again = kommun.place.restored_handset(&std::fs::read(&file).unwrap(), kommun.now()).unwrap();
        assert!(matches!(again.begin(Task::Inbox, kommun.now()).await.unwrap(), Halt::Done(Outcome::Inbox(_))), "{lost}: and it is kept");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM phones").await, 2, "one phone for each yes");
}
