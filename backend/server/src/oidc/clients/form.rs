//! One registration out of two wills: what the service says of itself (members of RFC 7591, judged) and what its organisation decides
//! about it. What cannot be kept is refused, never dropped: the answer to a registration is what counts here (RFC 7591 §3.2.1).

use handslag_protocol::{
    authorization_details::DetailType,
    client::GrantType,
    jose::Algorithm,
    profile::Profile,
    registration::{Metadata, Policy, Redirect, RegistrationRequest},
    release::Naming,
};
use handslag_vocab::{Assurance, ClientId, OrganisationNumber, Secret};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{NotRegistered, Row};
use crate::{
    config::{Client, Requests},
    problem::Problem,
};

/// What only an organisation decides about a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What it is held to.
    pub profile: Profile,
    /// Audiences it may get an access token for.
    pub audiences: Vec<String>,
    /// The audience that it is itself.
    pub resource: Option<String>,
    /// The level it always demands.
    pub assurance: Assurance,
    /// "Så heter personen i den här tjänsten".
    pub naming: Vec<Naming>,
    /// How many days a device stays logged in at most.
    pub stay_days: u16,
    /// How many days without use end that earlier.
    pub stay_idle_days: u16,
    /// Only accepts an e-ID reviewed by Digg.
    pub reviewed_only: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            audiences: Vec::new(),
            resource: None,
            assurance: Assurance::Loa2,
            naming: Vec::new(),
            stay_days: 90,
            stay_idle_days: 14,
            reviewed_only: false,
        }
    }
}

impl Settings {
    /// Those of a service.
    pub fn of(client: &Client) -> Self {
        Self {
            profile: client.profile,
            audiences: client.audiences.clone(),
            resource: client.resource.clone(),
            assurance: client.assurance,
            naming: client.naming.clone(),
            stay_days: client.stay_days,
            stay_idle_days: client.stay_idle_days,
            reviewed_only: client.reviewed_only,
        }
    }

    /// What an administrator may register under these: everything that the profile has, and the scopes that are asked for.
    pub fn judges(&self, request: &RegistrationRequest) -> Policy {
        Policy {
            profile: self.profile,
            by_administrator: true,
            authentications: handslag_protocol::client_authentication::Authentication::ALL.to_vec(),
            redirects: Redirect::ALL.to_vec(),
            scopes: request.scopes().map(str::to_owned).collect(),
            demands_statement: false,
            grants: GrantType::ALL.to_vec(),
            details: DetailType::ALL.to_vec(),
        }
    }
}

/// A registration that is whole and is kept nowhere yet.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What counts.
    pub form: Client,
    /// What is told of it.
    pub members: Map<String, Value>,
    /// It proves itself with a secret that we give out.
    pub has_secret: bool,
}

/// Members that are told again as they came and that nothing here depends on.
const TOLD: [&str; 12] = [
    "client_name",
    "client_uri",
    "contacts",
    "initiate_login_uri",
    "logo_uri",
    "organization_name",
    "policy_uri",
    "response_types",
    "software_id",
    "software_version",
    "tos_uri",
    "token_endpoint_auth_method",
];

/// Members that stand in the form under another name.
const ELSEWHERE: [&str; 3] = ["scope", "require_pushed_authorization_requests", "require_signed_request_object"];

/// Makes the one form.
pub fn drafted(id: &ClientId, organisation: &OrganisationNumber, metadata: Metadata, settings: &Settings) -> Result<Draft, NotRegistered> {
    let form = with_members(&decided(id, organisation, &metadata, settings), &metadata.members)?;
    let has_secret = metadata.authentication.is_secret();
    let is_as_registered = has_secret || form.authentication() == metadata.authentication;
    match is_as_registered {
        false => Err(NotRegistered::Unkept("token_endpoint_auth_method".to_owned())),
        true if !is_sound(&form, has_secret) => Err(NotRegistered::Unsound),
        true => Ok(Draft { form, members: metadata.members, has_secret }),
    }
}

/// The same service with other names for what it is told.
pub fn renamed(row: &Row, naming: Vec<Naming>) -> Result<Draft, NotRegistered> {
    let unreadable = |_: Problem| NotRegistered::Unsound;
    let (form, members) = (row.form().map_err(unreadable)?, row.members().map_err(unreadable)?);
    let draft = Draft { form: Client { naming, secret_sha256: None, ..form }, members, has_secret: row.secret_hash.is_some() };
    if is_sound(&draft.form, draft.has_secret) { Ok(draft) } else { Err(NotRegistered::Unsound) }
}

/// By the same rules as a service of the configuration. The secret is made when everything else is right.
fn is_sound(form: &Client, has_secret: bool) -> bool {
    Client { secret_sha256: has_secret.then(|| Secret::presented("").hash().to_hex()), ..form.clone() }.is_sound()
}

/// What the organisation decides, and what the protocol has read of the members already.
fn decided(id: &ClientId, organisation: &OrganisationNumber, metadata: &Metadata, settings: &Settings) -> Client {
    let name = |language: &str| {
        let named = metadata.members.get(language).or_else(|| metadata.members.get("client_name")).and_then(Value::as_str);
        named.map(str::trim).filter(|name| !name.is_empty()).unwrap_or(id.as_str()).to_owned()
    };
    let Settings { profile, audiences, resource, assurance, naming, stay_days, stay_idle_days, reviewed_only } = settings.clone();
    let registration = &metadata.registration;
    Client {
        profile,
        audiences,
        resource,
        assurance,
        naming,
        stay_days,
        stay_idle_days,
        reviewed_only,
        scopes: metadata.scopes.clone(),
        requests: Requests::demanded(registration.requires_par && profile != Profile::Fapi2, registration.request_objects.required),
        response_modes: registration.response_modes.clone(),
        userinfo_signed: matches!(profile, Profile::Swedish | Profile::Strict),
        ..Client::new(id.clone(), &name("client_name#sv"), &name("client_name#en"), organisation.clone())
    }
}

/// Each member goes to the place of the same name. One that has none is refused.
fn with_members(decided: &Client, members: &Map<String, Value>) -> Result<Client, NotRegistered> {
    let form = serde_json::to_value(decided).ok().and_then(|form| form.as_object().cloned());
    let mut form = form.ok_or(NotRegistered::Unsound)?;
    for (name, value) in members {
        let word = name.split('#').next().unwrap_or_default();
        if form.contains_key(name) {
            form.insert(name.clone(), value.clone());
        } else if !TOLD.contains(&word) && !ELSEWHERE.contains(&word) && !is_usual(name, value) {
            return Err(NotRegistered::Unkept(name.clone()));
        }
    }
    serde_json::from_value(Value::Object(form)).map_err(|_| NotRegistered::Unsound)
}

/// A member that says what is so anyway.
fn is_usual(name: &str, value: &Value) -> bool {
    match name {
        "tls_client_certificate_bound_access_tokens" | "require_auth_time" => value == false,
        "introspection_signed_response_alg" => value == Algorithm::Es256.name(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use handslag_protocol::client_authentication::Authentication;
    use serde_json::json;

    use super::*;

    fn draft(members: &Value, settings: &Settings) -> Result<Draft, NotRegistered> {
        let request = RegistrationRequest::parse(members.to_string().as_bytes()).unwrap();
        let policy = settings.judges(&request);
        drafted(&"skola".parse().unwrap(), &"2120009994".parse().unwrap(), request.judge(&policy)?, settings)
    }

    fn public(change: &Value) -> Value {
        let mut members = json!({
            "redirect_uris": ["https://skola.example/cb"], "token_endpoint_auth_method": "none", "client_name": "Skolan", "client_name#en": "The school",
            "scope": "openid profile",
        });
        members.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        members
    }

    #[test]
    fn both_wills_stand_in_one_form() {
        let settings = Settings { stay_days: 30, assurance: Assurance::Loa3, ..Settings::default() };
        let draft = draft(&public(&json!({ "contacts": ["a@skola.example"], "require_pushed_authorization_requests": true })), &settings).unwrap();
        let form = &draft.form;
        assert_eq!((form.name_sv.as_str(), form.name_en.as_str()), ("Skolan", "The school"));
        assert_eq!((form.scopes.as_slice(), form.requests), (["profile".to_owned()].as_slice(), Requests::Pushed));
        assert_eq!((Settings::of(form), draft.has_secret, form.secret_sha256.is_none()), (settings, false, true));
        assert_eq!(draft.members["contacts"], json!(["a@skola.example"]));
    }

    /// Nothing that was asked for is quietly left out.
    #[test]
    fn what_cannot_be_kept_is_refused() {
        let unkept = [json!({ "default_max_age": 60 }), json!({ "default_acr_values": ["x"] })];
        for change in unkept {
            assert!(matches!(draft(&public(&change), &Settings::default()), Err(NotRegistered::Unkept(_))), "{change}");
        }
        assert!(draft(&public(&json!({ "tls_client_certificate_bound_access_tokens": false })), &Settings::default()).is_ok());
        let certificate = json!({ "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "skola.example" });
        assert_eq!(draft(&public(&certificate), &Settings::default()).unwrap().form.authentication(), Authentication::Tls);
        let naming = vec![Naming { claim: "sub".to_owned(), from: handslag_protocol::attribute::Attribute::Name, scope: Some("profile".to_owned()) }];
        assert!(matches!(draft(&public(&json!({})), &Settings { naming, ..Settings::default() }), Err(NotRegistered::Unsound)));
    }

    /// Attack 20.
    #[test]
    fn what_is_gone_from_the_protocol_cannot_be_registered() {
        for change in [json!({ "grant_types": ["implicit"] }), json!({ "grant_types": ["password"] }), json!({ "response_types": ["code id_token"] })]
        {
            assert!(matches!(draft(&public(&change), &Settings::default()), Err(NotRegistered::Protocol(_))), "{change}");
        }
    }
}
