//! Access tokens: opaque ones for our own UserInfo, as rows; signed ones (RFC 9068) for a named audience, of which nothing is kept.
//! Both die with their grant, which the signed ones name in their `jti` for introspection.

use handslag_protocol::{
    access_token::{AccessToken, LogIn},
    authorization_details::AuthorizationDetail,
    mutual_tls::Binding,
};
use handslag_store::{Error, FromRow, Tx};
use handslag_vocab::{ClientId, Digest, GrantId, Seconds, Secret, UnixTime};

use super::{grants::Grant, refused::Refused, signed::signed};
use crate::{caller::Rng, server::Server};

pub(super) const LIFE: Seconds = Seconds::minutes(5);

/// What an access token is made for.
pub(super) struct For<'a> {
    pub(super) client: &'a ClientId,
    /// The log-in behind it, and who logged in; none where the client acts for itself.
    pub(super) grant: Option<(&'a Grant, &'a str)>,
    pub(super) scopes: &'a [String],
    /// Our own UserInfo if none.
    pub(super) audience: Option<&'a str>,
    pub(super) bound_to: Option<Binding>,
    /// What exactly it is for; then it names an audience.
    pub(super) details: &'a [AuthorizationDetail],
}

/// Makes one.
pub(super) fn make(tx: &mut Tx, server: &Server, wanted: &For<'_>, now: UnixTime, rng: &mut Rng) -> Result<String, Refused> {
    match (wanted.audience, wanted.grant) {
        (None, Some((grant, _))) => opaque(tx, &grant.grant_id, wanted, now, rng),
        _ => for_audience(server, wanted, now, rng),
    }
}

/// A signed one; needs no database.
pub(super) fn for_audience(server: &Server, wanted: &For<'_>, now: UnixTime, rng: &mut Rng) -> Result<String, Refused> {
    passed_on(server, wanted, (Vec::new(), now + LIFE), now, rng)
}

/// The same with the services that passed it on, the last one first, and an end of its own.
pub(super) fn passed_on(
    server: &Server,
    wanted: &For<'_>,
    (passed_on_by, expires_at): (Vec<ClientId>, UnixTime),
    now: UnixTime,
    rng: &mut Rng,
) -> Result<String, Refused> {
    let one = GrantId::random(rng);
    let token = AccessToken {
        issuer: server.config.issuer.clone(),
        subject: wanted.grant.map_or_else(|| wanted.client.to_string(), |(_, subject)| subject.to_owned()),
        audience: wanted.audience.unwrap_or_default().to_owned(),
        client_id: wanted.client.clone(),
        scopes: wanted.scopes.to_vec(),
        id: wanted.grant.map_or_else(|| one.to_string(), |(grant, _)| format!("{}.{one}", grant.grant_id)),
        issued_at: now,
        expires_at,
        bound_to: wanted.bound_to,
        log_in: wanted.grant.map(|(grant, _)| log_in(server, grant)),
        passed_on_by,
        details: wanted.details.to_vec(),
    };
    Ok(signed(server, |kid| token.unsigned(kid))?)
}

/// How and when the person was authenticated, as the grant has it.
pub(super) fn log_in(server: &Server, grant: &Grant) -> LogIn {
    LogIn { acr: grant.assurance.acr(server.config.reviewed_by_digg).to_owned(), auth_time: grant.authenticated_at }
}

/// The grant that a signed token names.
pub(super) fn grant_of(token: &AccessToken) -> Option<GrantId> {
    token.id.split_once('.').and_then(|(grant, _)| grant.parse().ok())
}

fn opaque(tx: &mut Tx, grant: &GrantId, wanted: &For<'_>, now: UnixTime, rng: &mut Rng) -> Result<String, Refused> {
    let token = Secret::random("access", rng);
    let (certificate, key) = match wanted.bound_to {
        Some(Binding::Certificate(thumbprint)) => (Some(thumbprint.as_bytes().to_vec()), None),
        Some(Binding::Key(thumbprint)) => (None, Some(thumbprint.as_bytes().to_vec())),
        None => (None, None),
    };
    tx.later(
        "INSERT INTO access_tokens (token_hash, grant_id, expires_at, key_thumbprint, certificate_thumbprint, scopes) VALUES ($1, $2, $3, $4, $5, $6)",
        (token.hash(), grant, now + LIFE, key, certificate, wanted.scopes.join(" ")),
    )?;
    Ok(token.reveal().to_owned())
}

/// A living opaque token.
#[derive(FromRow)]
pub(super) struct Opaque {
    pub(super) expires_at: UnixTime,
    key_thumbprint: Option<Vec<u8>>,
    certificate_thumbprint: Option<Vec<u8>>,
    scopes: Option<String>,
}

impl Opaque {
    /// What it is bound to. A thumbprint that cannot be read binds to nobody's key, never to none.
    pub(super) fn bound_to(&self) -> Option<Binding> {
        let read = |bytes: &Vec<u8>| Digest::from_slice(bytes).unwrap_or(Digest([0; 32]));
        let certificate = self.certificate_thumbprint.as_ref().map(|bytes| Binding::Certificate(read(bytes)));
        self.key_thumbprint.as_ref().map(|bytes| Binding::Key(read(bytes))).or(certificate)
    }

    /// What it may, where that is less than the grant.
    pub(super) fn scopes(&self) -> Option<Vec<String>> {
        self.scopes.as_ref().map(|scopes| scopes.split(' ').map(str::to_owned).collect())
    }
}

/// Given back (RFC 7009).
pub(super) async fn give_back(tx: &mut Tx, token: &Secret) -> Result<(), Error> {
    tx.execute("DELETE FROM access_tokens WHERE token_hash = $1", (token.hash(),)).await?;
    Ok(())
}

/// Disposes of those that have run out.
pub(super) async fn purge(tx: &mut Tx, now: UnixTime) -> Result<(), Error> {
    tx.execute("DELETE FROM access_tokens WHERE expires_at <= $1", (now,)).await?;
    Ok(())
}
