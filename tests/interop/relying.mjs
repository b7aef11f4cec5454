// What the tests of npm's openid-client share: a service's key and registration, and what it keeps between a request and its answer.

import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto; // Node 18 keeps both aside
globalThis.CryptoKey ??= webcrypto.CryptoKey;
export const oidc = await import("openid-client");

export const SCOPE = "openid https://id.oidc.se/scope/naturalPersonOrgId";
export const AFFILIATION = "https://id.oidc.se/claim/orgAffiliation";
export const REDIRECT = "https://tjanst.example/tillbaka";
export const AUDIENCE = "https://journal.example";

const ECDSA = { name: "ECDSA", namedCurve: "P-256" };

/** A key that signs, with its public half as a registration has it. */
export async function signingKey(kid = "k1") {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(ECDSA, false, ["sign", "verify"]);
  const { x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  return { key: privateKey, kid, jwk: { kty: "EC", crv: "P-256", x, y, kid, use: "sig", alg: "ES256" } };
}

/** Members with texts as TOML writes them in one line. */
export const inline = (members) => `{ ${Object.entries(members).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join(", ")} }`;

export const jwks = (...keys) => `jwks = { keys = [${keys.map(inline).join(", ")}] }`;

/** A `[[client]]` table. */
export const client = (id, more) => `
[[client]]
id = "${id}"
name_sv = "${id}"
name_en = "${id}"
organisation = "2120009994"
redirect_uris = ["${REDIRECT}"]
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
audiences = ["${AUDIENCE}"]
${more}
`;

/** How the library tells of an answer that names no living proof: a service that is nobody, a token that is dead. */
export const UNPROVEN = { code: "OAUTH_WWW_AUTHENTICATE_CHALLENGE", status: 401 };

/** How the library is told of the invented municipality, which speaks plain http; every signature is checked. */
export const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];

/** A service that finds the provider; `more` is what else it knows of its own registration. */
export function finds(issuer, id, proof, more = {}, options = {}) {
  const metadata = { userinfo_signed_response_alg: "ES256", id_token_signed_response_alg: "ES256", ...more };
  return oidc.discovery(new URL(issuer), id, metadata, proof, { execute, ...options });
}

/** What a service keeps between the request and its answer. */
export async function started(more = {}) {
  const checks = { pkceCodeVerifier: oidc.randomPKCECodeVerifier(), expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce(), idTokenExpected: true };
  const parameters = {
    redirect_uri: REDIRECT,
    scope: SCOPE,
    state: checks.expectedState,
    nonce: checks.expectedNonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: "S256",
    ...more,
  };
  return { checks, parameters };
}

/** The claims of a JWT that somebody else is to verify. */
export const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split(".")[1], "base64url").toString());
