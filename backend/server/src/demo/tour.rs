//! The tour: the whole job without a person, over real HTTP, each step told with its time. It leaves what it made, for others'
//! tools to check, and fails with the first step that fails.

use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use handslag_phone::{
    Button, Outcome, Screen, Task,
    wire::{Bearer, Start},
};
use handslag_vocab::DoorId;
use serde_json::{Value, json};

use super::{
    MINUTES,
    camera::{self, Seen},
    handset::{self, Halt},
    place::Place,
    visitor::{Answer, Visitor},
};
use crate::{audit, problem::Problem, server::Server};

/// What a step ends with: a sentence, or why it failed.
type Told = Result<String, Problem>;

/// One step that was taken.
pub struct Step {
    /// Its name.
    pub name: &'static str,
    /// What happened.
    pub told: String,
    /// How long it took.
    pub took: Duration,
}

/// The tour in progress.
pub struct Tour<'a> {
    server: &'a Server,
    place: Arc<Place>,
    visitor: Visitor,
    out: &'a Path,
}

impl<'a> Tour<'a> {
    /// A tour of a node that listens; what it makes goes to `out`.
    pub fn new(server: &'a Server, place: Arc<Place>, out: &'a Path) -> Self {
        let visitor = Visitor::new(&place.base, &server.config.issuer);
        Self { server, place, visitor, out }
    }

    /// Takes every step in order, telling each as it is taken.
    pub async fn take(&mut self, mut tell: impl FnMut(&Step)) -> Result<(), Problem> {
        macro_rules! step {
            ($name:literal, $step:expr) => {{
                let started = Instant::now();
                let told = $step.await.inspect_err(|problem| tracing::error!(step = $name, code = problem.code, "the tour stops"))?;
                tell(&Step { name: $name, told, took: started.elapsed() });
            }};
        }
        step!("invite", self.invite());
        step!("enrol", self.enrol());
        step!("log_in", self.log_in());
        step!("ask_for_signature", self.ask_for_signature());
        step!("sign", self.sign());
        step!("fetch_passes", self.fetch_passes());
        step!("open_door_without_coverage", self.open_door());
        step!("carry_receipt_home", self.carry_home());
        step!("block", self.block());
        step!("blocked_phone_is_refused", self.refused());
        step!("verify_journal", self.journal());
        Ok(())
    }

    async fn invite(&mut self) -> Told {
        self.visitor.get("/demo/skrivbord").await?;
        let form = [("given_name", "Amina"), ("family_name", "Sahlin"), ("role", "worker"), ("days", "30"), ("identity_document_seen", "yes")];
        let page = self.visitor.post("/personal", &form).await?.expect(200)?;
        let link = between(&page.body, "/inbjudan/", "/kod.svg").ok_or_else(|| failed("the page shows no invitation"))?;
        self.visitor.get(&format!("/inbjudan/{link}/kod.svg")).await?.expect(200)?;
        Ok("A manager invited a substitute; the screen shows a one-time code.".to_owned())
    }

    async fn enrol(&mut self) -> Told {
        let Some(Seen::Invitation(link)) = self.place.camera() else { return Err(failed("the camera sees no invitation")) };
        let page = self.visitor.post(&format!("/demo/telefon/ja/{link}"), &[]).await?.expect(200)?;
        let handset = self.place.handset.lock().await;
        let identity = handset.core().identity().ok_or_else(|| failed(&page.body))?;
        Ok(format!("The phone scanned it, read seven lines, said yes and made three keys: {}.", identity.who))
    }

    async fn log_in(&mut self) -> Told {
        let waiting = self.visitor.get("/demo/skola/logga-in").await?.expect(200)?;
        let id = between(&waiting.body, "data-login=\"", "\"").ok_or_else(|| failed("the desk shows no code"))?;
        self.visitor.get(&format!("/login/{id}/kod.svg")).await?.expect(200)?;
        let Some(seen @ Seen::Login(_)) = self.place.camera() else { return Err(failed("the camera sees no log-in")) };
        let text = camera::text(self.server, &seen, self.server.clock.now()).await?;
        self.approve(Start::Qr { text: Bearer::new(text) }).await?;
        let status: Value = serde_json::from_str(&self.visitor.get(&format!("/login/{id}/status")).await?.expect(200)?.body)
            .map_err(|error| Problem::internal(&error))?;
        let next = status.get("next").and_then(Value::as_str).ok_or_else(|| failed("the desk does not go on"))?.to_owned();
        let page = self.visitor.get(&next).await?.expect(200)?;
        let id_token =
            self.place.last_id_token().filter(|_| page.body.contains("Amina Sahlin")).ok_or_else(|| failed("the service does not know who it is"))?;
        self.leave("id_token.json", &serde_json::to_vec_pretty(&id_token).unwrap_or_default())?;
        Ok("At a desk: the phone scanned the moving code and approved; the school service got its ID Token.".to_owned())
    }

    async fn ask_for_signature(&mut self) -> Told {
        let who = self.place.handset.lock().await.core().identity().map(|identity| identity.who.to_string()).unwrap_or_default();
        let signer = self.server.db.read(async |tx| crate::identity::by_who(tx, &who).await).await?.ok_or_else(Problem::gone)?;
        let fields = [("signer", signer.affiliation_id.as_str()), ("class", "protokoll")];
        self.visitor.upload("/underskrift", &fields, "protokoll.pdf", MINUTES).await?.expect(200)?;
        Ok("The manager uploaded the council's minutes and named one signer.".to_owned())
    }

    async fn sign(&mut self) -> Told {
        let item = {
            let mut handset = self.place.handset.lock().await;
            let halt = handset.begin(Task::Inbox, self.server.clock.now()).await?;
            let Halt::Done(Outcome::Inbox(inbox)) = halt else { return Err(unexpected(&halt)) };
            inbox.items.into_iter().next().ok_or_else(|| failed("nothing waits to be signed"))?
        };
        self.approve(Start::Assigned { signature: item.signature.clone() }).await?;
        let file = self.signed_file(item.signature.as_str()).await?;
        self.leave("signed.pdf", &file)?;
        for (from, to) in [("root", "root.pem"), ("ca", "ca.pem")] {
            let pem = self.visitor.get(&format!("/pki/{from}.pem")).await?.expect(200)?;
            self.leave(to, pem.body.as_bytes())?;
        }
        Ok(format!("The phone showed {} pages, the person approved, and the file gained a signature with a timestamp.", item.pages))
    }

    /// The signature is made in a moment after the yes; waits for it, not for long.
    async fn signed_file(&mut self, signature: &str) -> Result<Vec<u8>, Problem> {
        let id = signature.parse().map_err(|_| Problem::gone())?;
        for _ in 0..100 {
            let found = self.server.db.read(async |tx| crate::signing::by_id(tx, &id).await).await?;
            if found.is_some_and(|signature| signature.signed_hash.is_some()) {
                return Ok(self.visitor.get(&format!("/underskrift/{signature}/fil.pdf")).await?.expect(200)?.bytes);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(failed("the signature was not made"))
    }

    /// Claims, reads every page, approves.
    async fn approve(&self, start: Start) -> Result<(), Problem> {
        let now = self.server.clock.now();
        let mut handset = self.place.handset.lock().await;
        let mut halt = handset.begin(Task::Approve { start }, now).await?;
        for _ in 0..1_000 {
            let button = match &halt {
                Halt::Done(Outcome::Approved { .. }) => return Ok(()),
                Halt::Shown(Screen::Approval(screen)) => handset::unread(screen).unwrap_or(Button::Approve),
                Halt::Shown(Screen::Page(_)) => Button::Next,
                other => return Err(unexpected(other)),
            };
            halt = handset.press(button, now).await?;
        }
        Err(failed("the approval has no end"))
    }

    async fn fetch_passes(&mut self) -> Told {
        let now = self.server.clock.now();
        let mut handset = self.place.handset.lock().await;
        match handset.begin(Task::Sync, now).await? {
            Halt::Done(Outcome::Synced { doors, .. }) if doors > 0 => Ok(format!("{doors} door passes are in the phone.")),
            other => Err(unexpected(&other)),
        }
    }

    async fn open_door(&mut self) -> Told {
        let now = self.server.clock.now();
        let mut handset = self.place.handset.lock().await;
        handset.online = false;
        let door: DoorId = handset.core().doors(now).into_iter().next().map(|door| door.door).ok_or_else(|| failed("no door"))?;
        let halt = handset.open(&door, now).await?;
        handset.online = true;
        match halt {
            Halt::Done(Outcome::Opened { receipt: true }) => {
                Ok("Without coverage: the lock checked the pass and the phone's signature, and opened.".to_owned())
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn carry_home(&mut self) -> Told {
        let halt = self.place.handset.lock().await.begin(Task::Upload, self.server.clock.now()).await?;
        let Halt::Done(Outcome::Uploaded { left: 0 }) = halt else { return Err(unexpected(&halt)) };
        let organisation = &self.place.town.organisation;
        let openings = self.server.db.read(async |tx| crate::doors::recent(tx, organisation, 100).await).await?;
        let told: Vec<Value> = openings
            .iter()
            .map(|opening| json!({ "door": opening.name, "at": opening.at, "result": opening.result, "finding": opening.finding, "missing": opening.missing, "who": opening.affiliation_id }))
            .collect();
        if !told.iter().any(|opening| opening.get("result").is_some_and(|result| result == "opened")) {
            return Err(failed("the opening did not come home"));
        }
        self.leave("openings.json", &serde_json::to_vec_pretty(&told).unwrap_or_default())?;
        Ok("Back in coverage: the phone carried the lock's own record home.".to_owned())
    }

    async fn block(&mut self) -> Told {
        let who = self.place.handset.lock().await.core().identity().map(|identity| identity.who.to_string()).unwrap_or_default();
        let worker = self.server.db.read(async |tx| crate::identity::by_who(tx, &who).await).await?.ok_or_else(Problem::gone)?;
        self.visitor.post(&format!("/personal/{}/sparra", worker.affiliation_id), &[]).await?.expect(200)?;
        let page = self.visitor.get(&format!("/personal/{}", worker.affiliation_id)).await?.expect(200)?;
        if page.body.contains("Skolportalen") {
            Ok("The manager blocked the phone, and reads what the employer sees.".to_owned())
        } else {
            Err(failed("the history is empty"))
        }
    }

    async fn refused(&mut self) -> Told {
        let halt = self.place.handset.lock().await.begin(Task::Sync, self.server.clock.now()).await?;
        match halt {
            Halt::Done(Outcome::RefusedByServer { problem, .. }) => Ok(format!("The blocked phone is refused at once: {}", problem.en)),
            other => Err(unexpected(&other)),
        }
    }

    async fn journal(&mut self) -> Told {
        let verified = self.server.db.read(async |tx| audit::verify(tx).await).await?;
        if verified.findings.is_empty() && verified.entries > 0 {
            Ok(format!("The journal holds: {} entries in {} chains.", verified.entries, verified.chains))
        } else {
            Err(failed("the journal does not hold"))
        }
    }

    fn leave(&self, name: &str, bytes: &[u8]) -> Result<(), Problem> {
        fs::write(self.out.join(name), bytes).map_err(|error| Problem::internal(&error))
    }
}

fn unexpected(halt: &Halt) -> Problem {
    failed(&format!("{halt:?}").chars().take(400).collect::<String>())
}

fn failed(what: &str) -> Problem {
    Problem::bad("tour_failed", what, what)
}

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(found, _)| found)
}

impl Answer {
    /// The status that the step needs.
    fn expect(self, status: u16) -> Result<Self, Problem> {
        if self.status == status {
            Ok(self)
        } else {
            Err(failed(&format!("{} answered {}: {}", self.path, self.status, self.body.chars().take(300).collect::<String>())))
        }
    }
}
