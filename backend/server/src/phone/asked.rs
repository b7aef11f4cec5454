//! What an approval is asked for, as it is known before a person is: stored with the approval from its first moment, and read when a phone
//! claims it. What is written to be signed comes from here and from the person ([`super::claim`]).

use std::collections::BTreeMap;

use handslag_protocol::{attribute::Attribute, user_message::UserMessage};
use handslag_vocab::{ApprovalKind, Assurance, ClientId, Document, OrganisationId};
use serde::{Deserialize, Serialize};

use super::{granted::AskedGrant, logo::Logo, sign_requests::Signing};

/// Who asks for what, before a person is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// The registered id of who asks.
    pub requester: String,
    /// Its registered name in Swedish.
    pub name_sv: String,
    /// Its registered name in English.
    pub name_en: String,
    /// The organisation behind it.
    pub organisation: String,
    /// Its picture, for whoever shows one.
    #[serde(default)]
    pub logo: Logo,
    /// The claims that would be sent, in the order shown.
    pub claims: Vec<String>,
    /// The level demanded.
    pub assurance: Assurance,
    /// For a log-in on this phone, where the browser goes on afterwards (a path of this server).
    pub return_to: Option<String>,
    /// What a browser that goes on to a service must know.
    #[serde(default)]
    pub in_browser: Option<InBrowser>,
    /// The documents, for a signature.
    pub documents: Vec<Document>,
    /// For how many days the service stays logged in, if it does.
    #[serde(default)]
    pub stays_days: Option<u16>,
    /// The service, for a log-in to one: policy is asked about it when the person is known.
    pub service: Option<AskedService>,
    /// What it asks to do afterwards in the person's name: policy is asked about that too.
    #[serde(default)]
    pub granted: Vec<AskedGrant>,
    /// What is special about the occasion, where something is.
    #[serde(default)]
    pub occasion: Occasion,
}

/// A log-in in a browser that then goes on to a service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InBrowser {
    /// Where it ends up: scheme, host and port, or the scheme of an app.
    pub ends_at: String,
    /// The person has said that another phone than this browser's own shall answer.
    #[serde(default)]
    pub by_another: bool,
}

/// Where the log-in will be used, when it is not the screen that the person began at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// On a device whose code the person typed here.
    Device,
    /// Nothing is special.
    #[default]
    Ordinary,
    /// At a service that says something beside its question.
    Saying(UserMessage),
    /// At a service that asked for this person; what it says about it is shown as its words.
    Service {
        /// One line.
        message: Option<String>,
    },
    /// Nowhere: a service has something signed.
    Signing(Box<Signing>),
}

impl Request {
    /// What a service has signed, if this is not a log-in.
    pub fn signing(&self) -> Option<&Signing> {
        if let Occasion::Signing(signing) = &self.occasion { Some(signing) } else { None }
    }

    /// What an approval of it gives, where a browser began.
    pub fn kind(&self) -> ApprovalKind {
        if self.signing().is_some() { ApprovalKind::Signature } else { ApprovalKind::Login }
    }
}

/// The facts about a service that policy decides on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskedService {
    /// The service.
    pub client: ClientId,
    /// Whose it is.
    pub organisation: OrganisationId,
    /// What claims say in this service.
    #[serde(default)]
    pub sources: BTreeMap<String, Attribute>,
}

impl AskedService {
    /// The policy's view.
    pub fn asked(&self, request: &Request) -> handslag_policy::Service {
        let kinds = handslag_policy::Kind::ALL.into_iter().collect();
        let (client, organisation) = (self.client.clone(), self.organisation.clone());
        handslag_policy::Service { client, organisation, kinds, level: request.assurance, unit: None, role: None }
    }
}
