// A server application on npm's openid-client. It proves itself with a key (private_key_jwt), pushes its request (PAR), ties the answer to
// the browser that began (state, nonce, PKCE), and forgets a person whom the provider logs out (back-channel logout).

import { webcrypto } from "node:crypto";
import { createServer } from "node:http";

globalThis.crypto ??= webcrypto; // Node 18 keeps both aside
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const oidc = await import("openid-client");
const { createRemoteJWKSet, jwtVerify } = await import("jose");

const ID = "exempeltjansten";
const SCOPE = "openid https://id.oidc.se/scope/naturalPersonOrgId";
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** Opens the service. `registration` is what the provider's operator enters; `connect(issuer)` then finds the provider. */
export async function openService({ port = 0, organisation = "2120009994" } = {}) {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const service = { address: "", config: null, started: new Map(), sessions: new Map(), refusals: [] };
  const server = createServer((request, response) => {
    answer(service, new URL(request.url, service.address), request, response).catch((error) => page(response, 500, "Fel", String(error)));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  service.address = `http://127.0.0.1:${server.address().port}`;
  service.registration = registration(service.address, organisation, await crypto.subtle.exportKey("jwk", keys.publicKey));
  service.connect = async (issuer) => {
    const metadata = { userinfo_signed_response_alg: "ES256", id_token_signed_response_alg: "ES256" };
    const execute = issuer.startsWith("http://") ? [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] : [oidc.enableNonRepudiationChecks];
    service.config = await oidc.discovery(new URL(issuer), ID, metadata, oidc.PrivateKeyJwt({ key: keys.privateKey, kid: "exempel-1" }), { execute });
    service.keys = createRemoteJWKSet(new URL(service.config.serverMetadata().jwks_uri));
  };
  service.close = () => { server.closeAllConnections?.(); server.close(); };
  return service;
}

const registration = (address, organisation, { x, y }) => `
[[client]]
id = "${ID}"
name_sv = "Exempeltjänsten"
name_en = "The example service"
organisation = "${organisation}"
redirect_uris = ["${address}/tillbaka"]
post_logout_redirect_uris = ["${address}/utloggad"]
backchannel_logout_uri = "${address}/glom"
requests = "pushed"
sso_group = "exempel"
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
jwks = { keys = [{ kty = "EC", crv = "P-256", x = "${x}", y = "${y}", kid = "exempel-1", use = "sig", alg = "ES256" }] }
`;

async function answer(service, address, request, response) {
  const cookies = new Map((request.headers.cookie ?? "").split("; ").map((pair) => pair.split("=")));
  switch (address.pathname) {
    case "/": return front(service, cookies, response);
    case "/logga-in": return begin(service, response);
    case "/tillbaka": return finish(service, address, cookies, response);
    case "/logga-ut": return logOut(service, cookies, response);
    case "/utloggad": return page(response, 200, "Utloggad", `<a href="/">Början</a>`);
    case "/glom": return forget(service, request, response);
    default: return page(response, 404, "Finns inte", "");
  }
}

function front(service, cookies, response) {
  const session = service.sessions.get(cookies.get("session"));
  if (!session) return page(response, 200, "Exempeltjänsten", `<a href="/logga-in">Logga in</a>`);
  page(response, 200, "Exempeltjänsten", `Hej ${escaped(session.userinfo.name)} <a href="/logga-ut">Logga ut</a>`);
}

/** The request goes straight to the provider; the browser carries only its address. */
async function begin(service, response) {
  const started = { verifier: oidc.randomPKCECodeVerifier(), nonce: oidc.randomNonce() };
  const state = oidc.randomState();
  service.started.set(state, started);
  const location = await oidc.buildAuthorizationUrlWithPAR(service.config, {
    redirect_uri: `${service.address}/tillbaka`,
    scope: SCOPE,
    state,
    nonce: started.nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(started.verifier),
    code_challenge_method: "S256",
  });
  response.writeHead(303, { location: location.href, "set-cookie": `started=${state}; HttpOnly; SameSite=Lax; Path=/` }).end();
}

/** openid-client checks `iss`, state, nonce, signatures and times; whatever it refuses is a page here. */
async function finish(service, address, cookies, response) {
  const state = cookies.get("started") ?? "";
  const started = service.started.get(state);
  service.started.delete(state);
  if (!started) return page(response, 400, "Okänd inloggning", "");
  try {
    const checks = { pkceCodeVerifier: started.verifier, expectedState: state, expectedNonce: started.nonce, idTokenExpected: true };
    const tokens = await oidc.authorizationCodeGrant(service.config, address, checks);
    const claims = tokens.claims();
    const userinfo = await oidc.fetchUserInfo(service.config, tokens.access_token, claims.sub);
    const session = oidc.randomState();
    service.sessions.set(session, { claims, userinfo, idToken: tokens.id_token });
    response.writeHead(303, { location: "/", "set-cookie": `session=${session}; HttpOnly; SameSite=Lax; Path=/` }).end();
  } catch (error) {
    service.refusals.push(error);
    page(response, 400, "Inte inloggad", escaped(error.error ?? error.message));
  }
}

/** Forgets the person here, and then asks the provider to do the same. */
function logOut(service, cookies, response) {
  const session = service.sessions.get(cookies.get("session"));
  service.sessions.delete(cookies.get("session"));
  if (!session) return response.writeHead(303, { location: "/" }).end();
  const location = oidc.buildEndSessionUrl(service.config, { id_token_hint: session.idToken, post_logout_redirect_uri: `${service.address}/utloggad` });
  response.writeHead(303, { location: location.href, "set-cookie": "session=; Max-Age=0; Path=/" }).end();
}

/** OpenID Connect Back-Channel Logout 1.0 §2.6: the provider says whose sessions are over. */
async function forget(service, request, response) {
  try {
    const token = new URLSearchParams(await body(request)).get("logout_token") ?? "";
    const { issuer } = service.config.serverMetadata();
    const { payload } = await jwtVerify(token, service.keys, { issuer, audience: ID, typ: "logout+jwt", algorithms: ["ES256"], maxTokenAge: "2 min" });
    if (!payload.events?.[LOGOUT_EVENT] || payload.nonce !== undefined) throw new Error("not a logout token");
    for (const [id, { claims }] of service.sessions) {
      if (payload.sid ? claims.sid === payload.sid : claims.sub === payload.sub) service.sessions.delete(id);
    }
    response.writeHead(200, { "cache-control": "no-store" }).end();
  } catch (error) {
    service.refusals.push(error);
    response.writeHead(400, { "cache-control": "no-store" }).end();
  }
}

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

const escaped = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(response, status, title, content) {
  const html = `<!doctype html><html lang="sv"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>${content}</p>`;
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
}
