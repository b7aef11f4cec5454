//! Programs that wait while a person answers elsewhere: a service that asks for somebody it knows, and a device without a browser.

use handslag_phone::{Button, Outcome, Screen, Task, wire::Start};
use serde_json::json;

use super::Halted as _;
use super::{Answer, Kommun, ORG_ID, Pick, Portal, Worker, post};

pub(crate) const CIBA: &str = "urn:openid:params:grant-type:ciba";
pub(crate) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

impl Portal {
    /// Sends a form to one of our endpoints, proven by an assertion.
    pub(crate) async fn sends(&self, kommun: &Kommun, path: &str, fields: &[(&str, &str)]) -> Answer {
        let assertion = self.assertion(&json!({}), &json!({}));
        let proof = [("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"), ("client_assertion", assertion.as_str())];
        post(&kommun.browser(), path, &[], &[fields, &proof].concat()).await
    }

    /// Asks for this person, with some parameters changed; an empty value leaves one out.
    pub(crate) async fn asks_for(&self, kommun: &Kommun, worker: &Worker, changes: &[(&str, &str)]) -> Answer {
        let who = worker.known().await.who.to_string();
        let scope = format!("openid {ORG_ID}");
        let mut fields = vec![("scope", scope.as_str()), ("login_hint", who.as_str()), ("binding_message", "Kassa 3")];
        fields.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        fields.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        self.sends(kommun, "/bc-authorize", &fields).await
    }

    /// Asks whether the person has answered.
    pub(crate) async fn polls(&self, kommun: &Kommun, auth_req_id: &str) -> Answer {
        self.sends(kommun, "/token", &[("grant_type", CIBA), ("auth_req_id", auth_req_id)]).await
    }
}

impl Worker {
    /// What services ask of this person, as the phone's inbox tells it.
    pub(crate) async fn asked(&mut self) -> Vec<handslag_phone::wire::AskedLogIn> {
        match self.does(Task::Inbox).await.done() {
            Outcome::Inbox(inbox) => inbox.log_ins,
            other => panic!("{other:?}"),
        }
    }

    /// Opens the one question in the inbox and answers it, with this number where it is a yes.
    pub(crate) async fn answers_service(&mut self, number: &str, pick: Pick) -> Outcome {
        let asked = self.asked().await;
        assert_eq!(asked.len(), 1, "{asked:?}");
        let shown = self.does(Task::Approve { start: Start::Asked { approval: asked[0].approval.clone() } }).await.shown();
        assert!(matches!(shown, Screen::Approval(_)), "{shown:?}");
        let button = match pick {
            Pick::Approve => {
                self.presses(Button::Number { number: number.parse().unwrap() }).await;
                Button::Approve
            }
            Pick::Cancel => Button::Cancel,
            Pick::NotMe => Button::NotMe,
        };
        self.presses(button).await.done()
    }
}
