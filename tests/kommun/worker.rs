//! Somebody at work with the demonstration's phone.

use handslag_phone::{
    ApprovalScreen, Button, Outcome, Screen, Task,
    wire::{Bearer, Start},
};
use handslag_server::{
    demo::{Halt, Handset},
    identity::{self, Affiliation},
    login,
    server::Server,
};
use handslag_vocab::{AffiliationId, Secret};

use super::{Browser, Kommun, Login};

/// A worker and the phone in the pocket.
pub(crate) struct Worker {
    pub(crate) affiliation: AffiliationId,
    pub(crate) handset: Handset,
    server: Server,
}

/// Where a task stands, as a test expects it.
pub(crate) trait Halted {
    fn done(self) -> Outcome;
    fn shown(self) -> Screen;
}

impl Halted for Halt {
    fn done(self) -> Outcome {
        match self {
            Halt::Done(outcome) => outcome,
            Halt::Shown(screen) => panic!("it is not over: {screen:?}"),
        }
    }

    fn shown(self) -> Screen {
        match self {
            Halt::Shown(screen) => screen,
            Halt::Done(outcome) => panic!("nothing is shown: {outcome:?}"),
        }
    }
}

/// What a person does with the approval screen once it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pick {
    Approve,
    Cancel,
    NotMe,
}

impl Worker {
    /// Says yes on a new phone.
    pub(crate) async fn enrols(kommun: &Kommun, affiliation: AffiliationId, link: &Secret) -> Self {
        let mut handset = kommun.place.another_handset(&kommun.base, &kommun.issuer);
        let task = Task::Enrol {
            invitation: Bearer::new(link.reveal().trim_start_matches("hs_invite_")),
            terms_version: identity::TERMS_VERSION.to_owned(),
        };
        let halt = handset.begin(task, kommun.now()).await.unwrap();
        assert!(matches!(halt, Halt::Done(Outcome::Enrolled { .. })), "{halt:?}");
        Self { affiliation, handset, server: kommun.server.clone() }
    }

    /// As the database knows the worker now.
    pub(crate) async fn known(&self) -> Affiliation {
        self.server.db.read(async |tx| identity::by_id(tx, &self.affiliation).await).await.unwrap()
    }

    /// Begins a task and goes on until the person is needed.
    pub(crate) async fn does(&mut self, task: Task) -> Halt {
        self.handset.begin(task, self.server.clock.now()).await.unwrap()
    }

    /// Presses a button of the screen that stands.
    pub(crate) async fn presses(&mut self, button: Button) -> Halt {
        self.handset.press(button, self.server.clock.now()).await.unwrap()
    }

    /// Scans the code on the desk's screen and says yes.
    pub(crate) async fn approves(&mut self, login: &Login) {
        let outcome = self.answers(Start::Qr { text: Bearer::new(&login.qr().await) }, Pick::Approve).await;
        assert!(matches!(outcome, Outcome::Approved { return_to: None }), "{outcome:?}");
    }

    /// Opens the link on this phone and says yes; gives where this phone's browser goes on.
    pub(crate) async fn approves_here(&mut self, login: &Login) -> String {
        match self.answers(Start::Link { token: Bearer::new(&login.link) }, Pick::Approve).await {
            Outcome::Approved { return_to: Some(address) } => address,
            other => panic!("{other:?}"),
        }
    }

    /// Reads everything and answers.
    pub(crate) async fn answers(&mut self, start: Start, pick: Pick) -> Outcome {
        let mut halt = self.does(Task::Approve { start }).await;
        for _ in 0..200 {
            let button = match &halt {
                Halt::Done(outcome) => return outcome.clone(),
                Halt::Shown(Screen::Approval(screen)) => {
                    let unread = screen.what_happens.documents.iter().zip(1..).find(|(document, _)| document.pages_read < document.pages);
                    match (unread, pick) {
                        (Some((document, number)), _) => Button::Open { document: number, page: document.pages_read + 1 },
                        (None, Pick::Approve) => Button::Approve,
                        (None, Pick::Cancel) => Button::Cancel,
                        (None, Pick::NotMe) => Button::NotMe,
                    }
                }
                Halt::Shown(Screen::Page(_)) => Button::Next,
                Halt::Shown(other) => panic!("{other:?}"),
            };
            halt = self.handset.press(button, self.server.clock.now()).await.unwrap();
        }
        panic!("the approval has no end")
    }

    /// Opens the question and reads it; presses nothing.
    pub(crate) async fn reads(&mut self, start: Start) -> ApprovalScreen {
        match self.does(Task::Approve { start }).await {
            Halt::Shown(Screen::Approval(screen)) => screen,
            other => panic!("{other:?}"),
        }
    }

    /// A session on our own pages, for what this person does at a desk.
    pub(crate) async fn at_a_desk(&self, kommun: &Kommun) -> Browser {
        let (me, now) = (self.known().await, kommun.now());
        logged_in(kommun, &me, now).await
    }
}

/// A browser with a session of this person.
pub(crate) async fn logged_in(kommun: &Kommun, me: &Affiliation, now: handslag_vocab::UnixTime) -> Browser {
    let mut rng = handslag_server::caller::Rng::system();
    let cookie = kommun.server.db.write(async |tx| login::start_session(tx, &kommun.server, me, now, &mut rng).await).await.unwrap();
    let mut browser = kommun.browser();
    let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
    browser.cookies.insert(name.to_owned(), value.to_owned());
    browser
}
