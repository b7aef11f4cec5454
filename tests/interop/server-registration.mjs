// openid-client that registers itself (RFC 7591), logs somebody in as what it registered, and looks after the registration (RFC 7592).

import assert from "node:assert/strict";
import { createHash } from "node:crypto";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";
import { AFFILIATION, REDIRECT, SCOPE, UNPROVEN, execute, oidc, signingKey, started } from "./relying.mjs";

about("openid-client that registers itself");

const TOKEN = "hs_client_opens-the-policy-of-this-test";
const POLICY = `
[[registration_policy]]
name = "prov"
organisation = "2120009994"
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
authentication = ["private_key_jwt"]
most = 2
initial_access_tokens = ["${createHash("sha256").update(TOKEN).digest("hex")}"]
`;

let kvarnby, sara, config, registered;
const signing = await signingKey();
const proof = () => oidc.PrivateKeyJwt({ key: signing.key, kid: signing.kid });

const metadata = (more = {}) => ({
  redirect_uris: [REDIRECT],
  token_endpoint_auth_method: "private_key_jwt",
  jwks: { keys: [signing.jwk] },
  "client_name#sv": "Provtjänsten",
  "client_name#en": "The trial service",
  contacts: ["drift@tjanst.example"],
  scope: SCOPE,
  id_token_signed_response_alg: "ES256",
  userinfo_signed_response_alg: "ES256",
  ...more,
});

const registers = (initialAccessToken, more) => oidc.dynamicClientRegistration(new URL(kvarnby.address), metadata(more), proof(), { initialAccessToken, execute });

/** What RFC 7592 asks of the registration's own address. */
const asks = (method, token, body) => {
  const headers = new Headers(body ? { "content-type": "application/json" } : {});
  return oidc.fetchProtectedResource(config, token, new URL(registered.registration_client_uri), method, body && JSON.stringify(body), headers);
};

test("is not let in without the token that opens a policy", async () => {
  kvarnby = await found({ services: POLICY });
  sara = await Person.atWork(kvarnby.address);
  for (const token of ["hs_client_another", `${TOKEN}x`]) await assert.rejects(registers(token), UNPROVEN);
  await assert.rejects(registers(undefined), UNPROVEN);
});

test("is not registered for more than the policy allows", async () => {
  const refused = [
    [{ redirect_uris: ["http://tjanst.example/tillbaka"] }, "invalid_redirect_uri"],
    [{ token_endpoint_auth_method: "client_secret_basic" }, "invalid_client_metadata"],
    [{ scope: "openid email" }, "invalid_client_metadata"],
    [{ grant_types: ["implicit"] }, "invalid_client_metadata"],
  ];
  for (const [more, error] of refused) await assert.rejects(registers(TOKEN, more), { error, status: 400 }, JSON.stringify(more));
});

test("registers, and logs a person in as what it registered", async () => {
  config = await registers(TOKEN);
  registered = config.clientMetadata();
  assert.equal(registered.registration_client_uri, `${kvarnby.address}/register/${registered.client_id}`);
  const { checks, parameters } = await started();
  const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters)), checks);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(info[AFFILIATION], tokens.claims()[AFFILIATION]);
  assert.equal(info.name, "Sara Holm");
});

test("reads and changes its registration with a token that is another one each time", async () => {
  const read = await (await asks("GET", registered.registration_access_token)).json();
  assert.deepEqual([read.client_id, read.redirect_uris], [registered.client_id, [REDIRECT]]);
  const moved = metadata({ client_id: registered.client_id, redirect_uris: [REDIRECT, `${REDIRECT}/igen`] });
  const changed = await (await asks("PUT", registered.registration_access_token, moved)).json();
  assert.deepEqual(changed.redirect_uris, moved.redirect_uris);
  await assert.rejects(asks("GET", registered.registration_access_token), UNPROVEN);
  registered = { ...registered, ...changed };
  const { checks, parameters } = await started({ redirect_uri: `${REDIRECT}/igen` });
  const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters)), checks);
  assert.match(tokens.claims()[AFFILIATION], /@2120009994$/);
});

test("ends its registration, and is nobody from then on", async () => {
  assert.equal((await asks("DELETE", registered.registration_access_token)).status, 204);
  await assert.rejects(asks("GET", registered.registration_access_token), UNPROVEN);
  const { parameters } = await started();
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, parameters), UNPROVEN);
  await close(kvarnby);
});
