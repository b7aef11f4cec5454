// A small service of somebody else's, on npm's openid-client: it knows nothing but the provider's public addresses, logs people in
// and shows what it was told.

import { webcrypto } from "node:crypto";
import { createServer } from "node:http";

globalThis.crypto ??= webcrypto; // Node 18 keeps both aside
globalThis.CryptoKey ??= webcrypto.CryptoKey;
const oidc = await import("openid-client");

const ID = "lonetjansten";
const ORGANISATION = "2120009994"; // the invented municipality
export const SCOPE = "openid https://id.oidc.se/scope/naturalPersonOrgId";

/** Opens the service on a free port. `registration` is what the provider's operator enters; `connect` then finds the provider. */
export async function openService() {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const jwk = await crypto.subtle.exportKey("jwk", keys.publicKey);
  const service = { started: new Map(), logins: [], refusals: [], config: null, address: "" };
  const server = createServer((request, response) => {
    answer(service, new URL(request.url, service.address), request, response).catch((error) => page(response, 500, "Fel", String(error)));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  service.address = `http://127.0.0.1:${server.address().port}`;
  service.registration = registration(service.address, jwk);
  service.connect = async (issuer) => {
    const metadata = { userinfo_signed_response_alg: "ES256", id_token_signed_response_alg: "ES256" };
    const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
    service.config = await oidc.discovery(new URL(issuer), ID, metadata, oidc.PrivateKeyJwt({ key: keys.privateKey, kid: "tjanst-1" }), { execute });
  };
  // A person that it knows, asked for without a browser (CIBA); a device without one (RFC 8628). Each gives what the person is shown, and
  // `answer`, which polls until the person has answered.
  service.asksFor = async (who) => {
    const asked = await oidc.initiateBackchannelAuthentication(service.config, { scope: SCOPE, login_hint: who, binding_message: "Kassa 3" });
    return { ...asked, answer: () => oidc.pollBackchannelAuthenticationGrant(service.config, asked), gives_up: () => oidc.tokenRevocation(service.config, asked.auth_req_id) };
  };
  service.device = async () => {
    const begun = await oidc.initiateDeviceAuthorization(service.config, { scope: SCOPE });
    return { ...begun, answer: () => oidc.pollDeviceAuthorizationGrant(service.config, begun) };
  };
  service.close = () => { server.closeAllConnections?.(); server.close(); };
  return service;
}

const registration = (address, { x, y }) => `
[[client]]
id = "${ID}"
name_sv = "Lönetjänsten"
name_en = "The pay service"
organisation = "${ORGANISATION}"
redirect_uris = ["${address}/tillbaka"]
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
grant_types = ["authorization_code", "urn:openid:params:grant-type:ciba", "urn:ietf:params:oauth:grant-type:device_code"]
jwks = { keys = [{ kty = "EC", crv = "P-256", x = "${x}", y = "${y}", kid = "tjanst-1", use = "sig", alg = "ES256" }] }
`;

async function answer(service, address, request, response) {
  switch (address.pathname) {
    case "/": return page(response, 200, "Lönetjänsten", `<a href="/logga-in">Logga in</a>`);
    case "/logga-in": return begin(service, response);
    case "/tillbaka": return finish(service, address, request, response);
    default: return page(response, 404, "Finns inte", "");
  }
}

/** Code flow with PKCE, state and nonce; the cookie ties the answer to this browser. */
async function begin(service, response) {
  const verifier = oidc.randomPKCECodeVerifier();
  const state = oidc.randomState();
  const nonce = oidc.randomNonce();
  service.started.set(state, { verifier, nonce });
  const location = oidc.buildAuthorizationUrl(service.config, {
    redirect_uri: `${service.address}/tillbaka`,
    scope: SCOPE,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  response.writeHead(302, { location: location.href, "set-cookie": `started=${state}; HttpOnly; SameSite=Lax; Path=/` }).end();
}

/** openid-client checks `iss`, state, nonce, signatures and times; whatever it refuses is an error page here. */
async function finish(service, address, request, response) {
  const state = /started=([^;]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "";
  const started = service.started.get(state);
  service.started.delete(state);
  if (!started) return page(response, 400, "Okänd inloggning", "");
  try {
    const checks = { pkceCodeVerifier: started.verifier, expectedState: state, expectedNonce: started.nonce, idTokenExpected: true };
    const tokens = await oidc.authorizationCodeGrant(service.config, address, checks);
    const idToken = tokens.claims();
    const userinfo = await oidc.fetchUserInfo(service.config, tokens.access_token, idToken.sub);
    service.logins.push({ idToken, userinfo, tokens });
    page(response, 200, "Inloggad", `Hej ${userinfo.name}`);
  } catch (error) {
    service.refusals.push(error);
    page(response, 400, "Inte inloggad", error.error ?? error.message);
  }
}

function page(response, status, title, body) {
  const html = `<!doctype html><html lang="sv"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1><p>${body}</p>`;
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
}
