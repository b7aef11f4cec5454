// What openid-client checks of us and we of it: whose answer it is (RFC 9207), for whom a token is (RFC 8707), and to whom it may be
// passed on (RFC 8693).

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";
import { AFFILIATION, AUDIENCE, REDIRECT, SCOPE, UNPROVEN, claimsOf, client, finds, jwks, oidc, signingKey, started } from "./relying.mjs";

about("openid-client within its bounds");

const NEXT = "https://dorrar.example";
const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const SECRET = "hs_client_only-for-this-test";

let kvarnby, sara, access;
const signing = await signingKey();
const proof = (key = signing) => oidc.PrivateKeyJwt({ key: key.key, kid: key.kid });
const journal = () => finds(kvarnby.address, "journal", oidc.ClientSecretBasic(SECRET));

/** A log-in up to the address where the browser is sent. */
async function asks(config, more) {
  const { checks, parameters } = await started(more);
  return { checks, back: await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters)) };
}

test("finds the provider, and a person to log in", async () => {
  const secret = createHash("sha256").update(SECRET).digest("hex");
  const passing = client("journal", `profile = "core"\nsecret_sha256 = "${secret}"\nresource = "${AUDIENCE}"\ngrant_types = ["client_credentials", "${EXCHANGE}"]`);
  const services = [
    client("portal", `${jwks(signing.jwk)}\ngrant_types = ["authorization_code", "client_credentials", "refresh_token"]`),
    passing.replace(`["${AUDIENCE}"]`, `["${AUDIENCE}", "${NEXT}"]`).replace(`["${REDIRECT}"]`, "[]"),
  ];
  kvarnby = await found({ services: services.join("") });
  sara = await Person.atWork(kvarnby.address);
});

test("an answer without our name, or with another's, is not taken (RFC 9207)", async () => {
  const config = await finds(kvarnby.address, "portal", proof());
  const { checks, back } = await asks(config);
  assert.equal(back.searchParams.get("iss"), kvarnby.address);
  for (const name of [null, "https://id.annan.example", `${kvarnby.address}/`]) {
    const changed = new URL(back);
    if (name) changed.searchParams.set("iss", name);
    else changed.searchParams.delete("iss");
    await assert.rejects(oidc.authorizationCodeGrant(config, changed, checks), { code: /^OAUTH_/ }, String(name));
  }
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  assert.match(tokens.claims()[AFFILIATION], /@2120009994$/, "none of them reached us: the code still lives");
});

test("a code that was used, or comes with another verifier, is dead", async () => {
  const config = await finds(kvarnby.address, "portal", proof());
  const used = await asks(config);
  const tokens = await oidc.authorizationCodeGrant(config, used.back, used.checks);
  await assert.rejects(oidc.authorizationCodeGrant(config, used.back, used.checks), { error: "invalid_grant" });
  const dead = oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  await assert.rejects(dead, UNPROVEN, "and what the first use gave is dead too");
  const { checks, back } = await asks(config);
  await assert.rejects(oidc.authorizationCodeGrant(config, back, { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }), { error: "invalid_grant" });
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), { error: "invalid_grant" });
});

test("a service that signs with another key is nobody", async () => {
  const config = await finds(kvarnby.address, "portal", proof(await signingKey()));
  await assert.rejects(oidc.clientCredentialsGrant(config, { resource: AUDIENCE }), UNPROVEN);
});

test("a token is for the audience that was named and registered (RFC 8707)", async () => {
  const config = await finds(kvarnby.address, "portal", proof());
  const { checks, back } = await asks(config, { resource: AUDIENCE });
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, { resource: AUDIENCE });
  assert.deepEqual([claimsOf(tokens.access_token).aud, claimsOf(tokens.access_token).sub], [AUDIENCE, tokens.claims().sub]);
  access = tokens.access_token;
  await assert.rejects(oidc.fetchUserInfo(config, access, tokens.claims().sub), UNPROVEN, "and opens nothing else");
  for (const resource of [NEXT, "https://annan.example", `${AUDIENCE}/`]) {
    await assert.rejects(oidc.clientCredentialsGrant(config, { resource }), { error: "invalid_target", status: 400 }, resource);
  }
  const refused = await asks(config, { resource: NEXT });
  assert.equal(refused.back.searchParams.get("error"), "invalid_target");
});

test("the resource asks about its own tokens, and hears of no others", async () => {
  assert.equal((await oidc.tokenIntrospection(await journal(), access)).active, true);
  const config = await finds(kvarnby.address, "portal", proof());
  const { checks, back } = await asks(config);
  const { access_token } = await oidc.authorizationCodeGrant(config, back, checks);
  assert.equal((await oidc.tokenIntrospection(config, access_token)).active, true, "whose it is");
  assert.deepEqual(await oidc.tokenIntrospection(await journal(), access_token), { active: false });
});

test("a token is passed on for the next audience, with the name of who passed it on (RFC 8693)", async () => {
  const config = await journal();
  const passed = await oidc.genericGrantRequest(config, EXCHANGE, { subject_token: access, subject_token_type: ACCESS_TOKEN, audience: NEXT });
  const claims = claimsOf(passed.access_token);
  assert.deepEqual([claims.aud, claims.sub, claims.act], [NEXT, claimsOf(access).sub, { sub: "journal" }]);
  const refused = [
    [{ subject_token: `${access.slice(0, -4)}AAAA` }, "invalid_request"],
    [{ audience: "https://annan.example" }, "invalid_target"],
    [{ scope: `${SCOPE} email` }, "invalid_scope"],
  ];
  for (const [more, error] of refused) {
    const asked = { subject_token: access, subject_token_type: ACCESS_TOKEN, audience: NEXT, ...more };
    await assert.rejects(oidc.genericGrantRequest(config, EXCHANGE, asked), { error }, error);
  }
  const other = await finds(kvarnby.address, "portal", proof());
  const foreign = oidc.genericGrantRequest(other, EXCHANGE, { subject_token: access, subject_token_type: ACCESS_TOKEN, audience: AUDIENCE });
  await assert.rejects(foreign, { error: "unauthorized_client" }, "only a service that is registered for it");
  await close(kvarnby);
});
