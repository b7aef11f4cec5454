//! The whole job as a visitor does it with the desk and the phone: invite, yes, log in, read and sign, open a door without coverage,
//! carry the receipt home, block. What a page weighs is told on the way.

use std::{io, thread, time::Duration};

use super::demo::{Visitor, between};

/// What the two pages weigh that a person waits for most.
pub(crate) struct Weights {
    /// The first page with its style and script.
    pub(crate) first: usize,
    /// The phone's page that asks about a log-in, without what the browser has already.
    pub(crate) approval: usize,
    /// The phone's page that asks about a document of four pages, with the pages.
    pub(crate) document: usize,
}

/// Does all of it once.
pub(crate) fn whole(visitor: &mut Visitor) -> io::Result<Weights> {
    let first = ["/", "/assets/look.css", "/assets/frames.js"].map(|path| visitor.weigh(path)).into_iter().sum::<io::Result<usize>>()?;
    visitor.get("/demo/skrivbord")?;
    let invited = visitor.post("/personal", "given_name=Sara&family_name=Holm&role=worker&days=30&identity_document_seen=yes")?;
    let link = between(&invited.body, "/inbjudan/", "/kod.svg")?;
    visitor.get(&format!("/inbjudan/{link}/kod.svg"))?;
    visitor.post("/demo/telefon/skanna", "")?;
    visitor.post(&format!("/demo/telefon/ja/{link}"), "")?;
    let approval = log_in(visitor)?;
    let document = sign(visitor)?;
    open_door(visitor)?;
    let colleague = visitor.get("/demo/kollega")?;
    let id = colleague.path.rsplit('/').next().unwrap_or_default();
    let blocked = visitor.post(&format!("/personal/{id}/sparra"), "")?;
    if blocked.body.contains("data-fresh=\"blocked\"") { Ok(Weights { first, approval, document }) } else { Err(io::Error::other("not blocked")) }
}

fn log_in(visitor: &mut Visitor) -> io::Result<usize> {
    let waiting = visitor.get("/demo/skola/logga-in")?;
    let id = between(&waiting.body, "data-login=\"", "\"")?;
    visitor.get(&format!("/login/{id}/kod.svg"))?;
    let approval = visitor.weigh_post("/demo/telefon/skanna", "")?;
    visitor.post("/demo/telefon/tryck", "button=approve")?;
    let status = visitor.get(&format!("/login/{id}/status"))?;
    let next = between(&status.body, "\"next\":\"", "\"")?;
    let welcome = visitor.get(next.split_once("//").map_or(next, |(_, rest)| rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")))?;
    if welcome.body.contains("Sara Holm") { Ok(approval) } else { Err(io::Error::other("not logged in")) }
}

fn sign(visitor: &mut Visitor) -> io::Result<usize> {
    visitor.post("/demo/skriv-under", "")?;
    let inbox = visitor.get("/demo/telefon")?;
    let signature = between(&inbox.body, "/demo/telefon/skriv-under/", "\"")?.to_owned();
    let document = visitor.weigh_post(&format!("/demo/telefon/skriv-under/{signature}"), "")?;
    visitor.post("/demo/telefon/tryck", "button=approve&has_read=true")?;
    for _ in 0..200 {
        if visitor.get("/underskrifter")?.body.contains("/fil.pdf") {
            return Ok(document);
        }
        thread::sleep(Duration::from_millis(25));
    }
    Err(io::Error::other("not signed"))
}

fn open_door(visitor: &mut Visitor) -> io::Result<()> {
    let home = visitor.post("/demo/telefon/tackning", "online=false")?;
    let door = between(&home.body, "/demo/telefon/oppna/", "\"")?.to_owned();
    let opened = visitor.post(&format!("/demo/telefon/oppna/{door}"), "")?;
    visitor.post("/demo/telefon/tackning", "online=true")?;
    if opened.body.contains("data-event=\"opened\"") { Ok(()) } else { Err(io::Error::other("not opened")) }
}
