//! A request that no browser carries to us (CIBA §7.1, RFC 8628 §3.1): the same scopes, levels and resources, and nothing to redirect to.

use super::{AcrDemand, AuthorizationRequest, ClaimsParameter, Extensions, Hint, Prompt, Question, Refusal};
use crate::{
    authorization_details, client::Client, discovery::Provider, oauth_error::ReplyTo, parameters::Parameters, resource, response_mode::ResponseMode,
};

/// Takes the parameters that ask, and who was authenticated.
pub(crate) fn elsewhere(parameters: &Parameters, client: &Client, provider: &Provider) -> Result<AuthorizationRequest, Refusal> {
    if parameters.has("authorization_details") {
        return Err(authorization_details::Refusal::Elsewhere.into());
    }
    let question = Question { parameters, client, provider, is_pushed: true, is_signed: true, sign_request: None };
    let nowhere = ReplyTo { issuer: provider.issuer.clone(), redirect_uri: String::new(), state: None, mode: ResponseMode::Query };
    let claims = ClaimsParameter::default();
    Ok(AuthorizationRequest {
        scopes: question.scopes()?,
        challenge: None,
        dpop_jkt: None,
        details: Vec::new(),
        resources: resource::asked(parameters.resources(), &client.registration.resources)?,
        prompt: Prompt::Absent,
        hint: Hint::Absent,
        max_age: None,
        acr: AcrDemand::read(&claims, parameters.value("acr_values"), provider)?,
        claims,
        nonce: None,
        naming: client.registration.naming.clone(),
        language: None,
        extensions: Extensions::default(),
        client_id: client.id.clone(),
        reply_to: nowhere,
    })
}
