//! `POST /token` (RFC 6749 §3.2): who asks, with which key, and what is offered. What each offer gives stands in a file of its own.

use axum::{
    Form, Json,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, header},
    response::{IntoResponse, Response},
};
use handslag_protocol::{
    authorize::AuthorizationRequest,
    backchannel::AUTH_REQ_ID,
    id_token::{AuthenticationMethod, IdToken},
    mutual_tls::Binding,
    oauth_error::OAuthError,
    release, resource,
    token::{Offer, TokenAnswer, TokenRequest, TokenType},
};
use handslag_store::Tx;
use handslag_vocab::{Digest, UnixTime};
use serde_json::{Map, Value};

use super::{
    access_tokens, client_credentials, details, elsewhere, event_claims, exchange,
    grants::Held,
    proof::{self, Proven},
    proven_client::{self, ProvenClient},
    redeem, refresh,
    refused::{Refused, no_store},
    signed::protected,
    subjects,
};
use crate::{
    caller::{Now, Rng},
    config,
    identity::{self, Known},
    phone::Came,
    sender::Sender,
    server::Server,
};

/// A request whose asker is proven.
pub(super) struct Asked<'a> {
    pub(super) server: &'a Server,
    pub(super) service: &'a ProvenClient,
    pub(super) request: &'a TokenRequest,
    /// The resource it wants a token for; our own UserInfo if none.
    pub(super) audience: Option<&'a str>,
    /// The key it proved.
    pub(super) proven: Option<Digest>,
    /// The certificate it came with.
    pub(super) certificate: Option<Digest>,
    /// What its tokens are bound to.
    pub(super) bound_to: Option<Binding>,
    pub(super) now: UnixTime,
}

/// `POST /token`.
pub(super) async fn give(
    State(server): State<Server>,
    Now(now): Now,
    rng: Rng,
    headers: HeaderMap,
    sender: Sender,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Refused> {
    let mut response = match answer(&server, (&headers, &sender), pairs, now, rng).await {
        Ok(answer) => (no_store(), Json(answer)).into_response(),
        Err(refused) => refused.into_response(),
    };
    // RFC 6749 §5.1, for caches from before HTTP/1.1.
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    Ok(proof::with_next_nonce(&server, &headers, now, response)?)
}

async fn answer(
    server: &Server,
    (headers, sender): (&HeaderMap, &Sender),
    pairs: Vec<(String, String)>,
    now: UnixTime,
    mut rng: Rng,
) -> Result<TokenAnswer, Refused> {
    let request = TokenRequest::parse(pairs, proven_client::authorization(headers)?)?;
    let service = ProvenClient::of(server, &request.client, sender, now).await?;
    request.check(&service.client)?;
    let audience = request.resource.as_deref().map(|resource| registered_audience(&service.config, resource)).transpose()?;
    let at = proof::At { method: Method::POST.as_str(), path: "/token", access_token: None, now };
    let proof = proof::of(server, headers, at).await?;
    let proven = proof.as_ref().map(|proof| proof.thumbprint);
    let bound_to = binding(&service, proven, sender)?;
    let certificate = sender.certificate.as_ref().map(|certificate| certificate.thumbprint());
    let asked = Asked { server, service: &service, request: &request, audience, proven, certificate, bound_to, now };
    // The answer to a client that speaks for itself is computed; where nothing is marked, nothing is written.
    if matches!(request.offer, Offer::Client) && !service.has_mark() && !proof.as_ref().is_some_and(Proven::has_mark) {
        return client_credentials::give(&asked, &mut rng);
    }
    server.db.write(async |tx| marked_and_given(tx, &asked, proof.as_ref(), &mut rng).await).await?
}

/// What the tokens of this answer are bound to: the key that was proved, or else the certificate that came. Refused where the client or its
/// profile (FAPI 2.0 Security Profile §5.3.2.1) leaves no choice.
fn binding(service: &ProvenClient, proven: Option<Digest>, sender: &Sender) -> Result<Option<Binding>, Refused> {
    let held = sender.certificate.as_ref().filter(|_| service.config.tls_client_certificate_bound_access_tokens);
    let binding = proven.map(Binding::Key).or_else(|| held.map(|certificate| Binding::Certificate(certificate.thumbprint())));
    let refused = |sentence| Err(Refused::because(OAuthError::InvalidDpopProof, sentence));
    match binding {
        Some(Binding::Key(_)) => Ok(binding),
        _ if service.config.dpop_bound_access_tokens => refused("this client gets tokens only with a DPoP proof"),
        None if service.config.tls_client_certificate_bound_access_tokens => Err(Refused::because(
            OAuthError::InvalidRequest,
            "this client gets tokens only with its certificate, at the addresses in mtls_endpoint_aliases",
        )),
        None if service.client.profile.requires_sender_constraint() => refused("this client gets tokens only with a DPoP proof or a certificate"),
        _ => Ok(binding),
    }
}

/// Committed whatever the inner verdict, also when a key or a clock fails us: a code that was tried is dead, a replay stays marked.
async fn marked_and_given(tx: &mut Tx, asked: &Asked<'_>, proof: Option<&Proven>, rng: &mut Rng) -> Result<Result<TokenAnswer, Refused>, Refused> {
    if let Err(replayed) = asked.service.mark(tx, proof, asked.now).await? {
        return Ok(Err(replayed));
    }
    Ok(match &asked.request.offer {
        Offer::Backchannel(handle) => elsewhere::give(tx, asked, handle, rng).await,
        Offer::Code(exchange) => redeem::give(tx, asked, exchange, rng).await,
        Offer::Client => client_credentials::give(asked, rng),
        Offer::Device(handle) => elsewhere::give_device(tx, asked, handle, rng).await,
        Offer::Exchange(exchange) => exchange::give(tx, asked, exchange, rng).await,
        Offer::Refresh(presented) => refresh::give(tx, asked, presented, rng).await,
    })
}

impl Asked<'_> {
    /// How the tokens of this answer are used.
    pub(super) const fn token_type(&self) -> TokenType {
        if self.proven.is_some() { TokenType::DPoP } else { TokenType::Bearer }
    }

    /// Access token and ID Token for a person's log-in, of what is asked now: the grant's own request, or less.
    pub(super) async fn tokens(&self, tx: &mut Tx, held: &Held, request: &AuthorizationRequest, rng: &mut Rng) -> Result<TokenAnswer, Refused> {
        let Held { grant, affiliation, .. } = held;
        let subject = subjects::told(self.server, &self.service.config, &affiliation.subject)?;
        let wanted = access_tokens::For {
            client: &grant.client_id,
            grant: Some((grant, &subject)),
            scopes: &request.scopes,
            audience: details::audience(self, request)?,
            bound_to: self.bound_to,
            details: &request.details,
        };
        let access_token = access_tokens::make(tx, self.server, &wanted, self.now, rng)?;
        details::record(tx, self, (affiliation, grant), (&request.details, wanted.audience.unwrap_or_default()), rng).await?;
        let is_openid = request.scopes.iter().any(|scope| scope == "openid");
        let known = identity::known_for(tx, affiliation, &request.shares()).await?;
        let event = event_claims::told(tx, self.server, grant, affiliation, request).await?;
        let id_token = if is_openid { Some(self.id_token(held, (&known, event), request, (subject, &access_token), rng)?) } else { None };
        Ok(TokenAnswer {
            access_token,
            token_type: self.token_type(),
            expires_in: access_tokens::LIFE,
            id_token,
            refresh_token: None,
            issued_token_type: None,
            scope: request.scopes.join(" "),
            details: request.details.clone(),
        })
    }

    /// What was done, of the key and of how the yes came.
    fn methods(&self, held: &Held) -> Vec<AuthenticationMethod> {
        // Where nobody is asked, nothing was done.
        if self.server.config.test.is_some() {
            return Vec::new();
        }
        let key = if held.grant.hardware_key == 1 { AuthenticationMethod::HardwareKey } else { AuthenticationMethod::SoftwareKey };
        let came = held.came().map(|came| match came {
            Came::MovingQr => AuthenticationMethod::MovingQr,
            Came::Passkey => AuthenticationMethod::Passkey,
        });
        [key, AuthenticationMethod::UserPresence, AuthenticationMethod::Multifactor].into_iter().chain(came).collect()
    }

    fn id_token(
        &self,
        held: &Held,
        (known, event): (&Known, Map<String, Value>),
        request: &AuthorizationRequest,
        (subject, access_token): (String, &str),
        rng: &mut Rng,
    ) -> Result<String, Refused> {
        let (grant, shares) = (&held.grant, request.shares());
        let mut released = release::for_id_token(&shares, &known.values(&shares));
        released.extend(event);
        if let Offer::Backchannel(handle) = &self.request.offer {
            released.insert(AUTH_REQ_ID.to_owned(), handle.reveal().into());
        }
        let token = IdToken {
            issuer: self.server.config.issuer.clone(),
            subject,
            client_id: grant.client_id.clone(),
            issued_at: self.now,
            auth_time: grant.authenticated_at,
            acr: grant.assurance.acr(self.server.config.reviewed_by_digg),
            amr: self.methods(held),
            nonce: request.nonce.clone(),
            transaction: Some(grant.transaction().clone()),
            session: grant.sid.clone(),
            access_token: Some(access_token.to_owned()),
            released,
        };
        let client = &self.service.client;
        Ok(protected(self.server, client, client.registration.id_token, rng, |key| token.unsigned(key))?)
    }

    /// RFC 8707 §2.2: where the person approved named resources, a token is for one of those.
    pub(super) fn stays_within(&self, granted: &AuthorizationRequest) -> Result<(), Refused> {
        if granted.resources.is_empty() {
            return Ok(());
        }
        let narrowed = resource::narrowed(self.audience.into_iter(), &granted.resources);
        narrowed.map(|_| ()).map_err(|refusal| Refused::Protocol(OAuthError::InvalidTarget, refusal.to_string()))
    }
}

/// RFC 8707 §2: only an audience that the service is registered for.
fn registered_audience<'a>(client: &config::Client, resource: &'a str) -> Result<&'a str, Refused> {
    let is_registered = client.audiences.iter().any(|audience| audience == resource);
    if is_registered { Ok(resource) } else { Err(Refused::because(OAuthError::InvalidTarget, "the client is not registered for this resource")) }
}
