// npm's openid-client, which most services on Node use: each way of asking that it knows and this provider offers.

import assert from "node:assert/strict";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person, between } from "./person.mjs";
import { AFFILIATION, AUDIENCE, REDIRECT, SCOPE, client, finds, jwks, oidc, signingKey, started } from "./relying.mjs";

about("openid-client");

let kvarnby, sara;
const signing = await signingKey();
const JWKS = jwks(signing.jwk);

const SERVICES = [
  client("server", `${JWKS}\nresponse_modes = ["query.jwt", "form_post"]\ngrant_types = ["authorization_code", "client_credentials", "refresh_token"]`),
  client("fapi", `${JWKS}\nprofile = "fapi2"\nresponse_modes = ["query.jwt"]\ngrant_types = ["authorization_code", "refresh_token"]`),
  client("backchannel", `${JWKS}\ngrant_types = ["authorization_code", "urn:openid:params:grant-type:ciba"]`),
  client("device", 'application_type = "native"\ngrant_types = ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"]\nuserinfo_signed = false'),
  client("app", 'application_type = "native"\ndpop_bound_access_tokens = true\ngrant_types = ["authorization_code", "refresh_token"]\nuserinfo_signed = false'),
];

const known = (id, more = {}, proof = oidc.PrivateKeyJwt({ key: signing.key, kid: signing.kid })) => finds(kvarnby.address, id, proof, more);

test("finds the provider, and a person to log in", async () => {
  kvarnby = await found({ services: SERVICES.join("") });
  sara = await Person.atWork(kvarnby.address);
});

test("code flow with PKCE and private_key_jwt, and a signed UserInfo", async () => {
  const config = await known("server");
  const { checks, parameters } = await started();
  const back = await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters));
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  assert.equal(info.name, "Sara Holm");
  assert.equal(info[AFFILIATION], tokens.claims()[AFFILIATION]);
});

test("pushed request (PAR)", async () => {
  const config = await known("server");
  const { checks, parameters } = await started();
  const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  assert.equal(address.searchParams.has("scope"), false);
  const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(address), checks);
  assert.match(tokens.claims()[AFFILIATION], /@2120009994$/);
});

test("a pushed request is refused where it would be refused in the browser, and is nobody else's", async () => {
  const [config, other] = [await known("server"), await known("fapi")];
  const { parameters } = await started();
  for (const [more, error] of [[{ redirect_uri: `${REDIRECT}/` }, "invalid_request"], [{ scope: "profile" }, "invalid_scope"], [{ code_challenge_method: "plain" }, "invalid_request"]]) {
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, { ...parameters, ...more }), { error, status: 400 }, JSON.stringify(more));
  }
  const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
  address.searchParams.set("client_id", other.clientMetadata().client_id);
  await assert.rejects(sara.logsIn(address), /: 400 /, "a page, and no way back to anybody");
});

test("signed request (JAR) and signed answer (JARM)", async () => {
  const config = await known("server", { authorization_signed_response_alg: "ES256" });
  oidc.useJwtResponseMode(config);
  const { checks, parameters } = await started({ response_mode: "query.jwt" });
  const address = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: signing.key, kid: signing.kid });
  const back = await sara.logsIn(address);
  assert.ok(back.searchParams.has("response") && !back.searchParams.has("code"));
  const tokens = await oidc.authorizationCodeGrant(config, back, checks);
  assert.match(tokens.claims()[AFFILIATION], /@2120009994$/);
});

test("a request that another key signed, and an answer for another service, are refused", async () => {
  const [config, stranger] = [await known("server", { authorization_signed_response_alg: "ES256" }), await signingKey()];
  const { checks, parameters } = await started({ response_mode: "query.jwt" });
  const forged = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: stranger.key, kid: signing.kid });
  await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, forged.searchParams), { error: "invalid_request_object", status: 400 });
  const other = await known("fapi", { authorization_signed_response_alg: "ES256" });
  oidc.useJwtResponseMode(other);
  const back = await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters));
  await assert.rejects(oidc.authorizationCodeGrant(other, back, checks), { code: "OAUTH_JWT_CLAIM_COMPARISON_FAILED" });
});

test("tokens bound to a key of the device (DPoP), renewed and refused without it", async () => {
  const config = await known("app", { userinfo_signed_response_alg: undefined, token_endpoint_auth_method: "none" }, oidc.None());
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  const { checks, parameters } = await started({ scope: `${SCOPE} offline_access`, dpop_jkt: await DPoP.calculateThumbprint() });
  const back = await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters));
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP });
  assert.equal(tokens.token_type, "dpop");
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })).name, "Sara Holm");
  const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
  assert.notEqual(renewed.refresh_token, tokens.refresh_token);
  const other = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token, undefined, { DPoP: other }), { error: "invalid_grant" });
  await oidc.tokenRevocation(config, renewed.refresh_token);
  await assert.rejects(oidc.refreshTokenGrant(config, renewed.refresh_token, undefined, { DPoP }), { error: "invalid_grant" });
});

test("everything at once, as FAPI 2.0 demands: pushed, signed, bound, answered as one token", async () => {
  const config = await known("fapi", { authorization_signed_response_alg: "ES256" });
  oidc.useJwtResponseMode(config);
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256"));
  const { checks, parameters } = await started({ response_mode: "query.jwt" });
  const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
  const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(address), checks, undefined, { DPoP });
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP })).name, "Sara Holm");
});

test("a service for itself, and the resource that asks about its token", async () => {
  const config = await known("server");
  const { access_token } = await oidc.clientCredentialsGrant(config, { resource: AUDIENCE });
  assert.equal((await oidc.tokenIntrospection(config, access_token)).active, true);
});

test("a person whom the service knows is asked on the phone (CIBA)", async () => {
  const { checks, parameters } = await started();
  const server = await known("server");
  const before = await oidc.authorizationCodeGrant(server, await sara.logsIn(oidc.buildAuthorizationUrl(server, parameters)), checks);
  const config = await known("backchannel");
  const asked = await oidc.initiateBackchannelAuthentication(config, { scope: SCOPE, login_hint: before.claims()[AFFILIATION], binding_message: "Kassa 3" });
  const page = await sara.opens("/demo/telefon");
  await sara.sends(`/demo/telefon/fraga/${between(page.body, "/demo/telefon/fraga/", '"')}`, {});
  await sara.presses("approve", { number: String(asked.binding_number) });
  const tokens = await oidc.pollBackchannelAuthenticationGrant(config, asked);
  assert.equal(tokens.claims()[AFFILIATION], before.claims()[AFFILIATION]);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name, "Sara Holm");
});

test("whoever says no on the phone is not logged in at the service that asked", async () => {
  const { checks, parameters } = await started();
  const server = await known("server");
  const before = await oidc.authorizationCodeGrant(server, await sara.logsIn(oidc.buildAuthorizationUrl(server, parameters)), checks);
  const config = await known("backchannel");
  const asked = await oidc.initiateBackchannelAuthentication(config, { scope: SCOPE, login_hint: before.claims()[AFFILIATION], binding_message: "Kassa 4" });
  const second = oidc.initiateBackchannelAuthentication(config, { scope: SCOPE, login_hint: before.claims()[AFFILIATION], binding_message: "Kassa 5" });
  await assert.rejects(second, { error: "access_denied" }, "one question at a time");
  const page = await sara.opens("/demo/telefon");
  await sara.sends(`/demo/telefon/fraga/${between(page.body, "/demo/telefon/fraga/", '"')}`, {});
  await sara.presses("cancel");
  await assert.rejects(oidc.pollBackchannelAuthenticationGrant(config, asked), { error: "access_denied" });
});

test("a device without a browser shows a code (RFC 8628)", async () => {
  const config = await known("device", { userinfo_signed_response_alg: undefined, token_endpoint_auth_method: "none" }, oidc.None());
  const asked = await oidc.initiateDeviceAuthorization(config, { scope: SCOPE });
  await sara.opens(asked.verification_uri_complete);
  await sara.sends("/device", { user_code: asked.user_code });
  const waiting = await sara.sends("/device/ja", { user_code: asked.user_code });
  await sara.approves(between(waiting.body, 'data-login="', '"'));
  const tokens = await oidc.pollDeviceAuthorizationGrant(config, asked);
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name, "Sara Holm");
});

test("a device that somebody else began is stopped", async () => {
  const config = await known("device", { userinfo_signed_response_alg: undefined, token_endpoint_auth_method: "none" }, oidc.None());
  const asked = await oidc.initiateDeviceAuthorization(config, { scope: SCOPE });
  await sara.opens(asked.verification_uri_complete);
  await sara.sends("/device/nej", { user_code: asked.user_code });
  await assert.rejects(oidc.pollDeviceAuthorizationGrant(config, asked), { error: "access_denied" });
});

test("a person who says no", async () => {
  const config = await known("server");
  const { checks, parameters } = await started();
  const page = await sara.opens(oidc.buildAuthorizationUrl(config, parameters));
  const id = /data-login="([^"]+)"/.exec(page.body)[1];
  await sara.opens(`/login/${id}/kod.svg`);
  await sara.sends("/demo/telefon/skanna", {});
  await sara.presses("cancel");
  const status = JSON.parse((await sara.opens(`/login/${id}/status`)).body);
  const back = await sara.opens(status.next ?? status.back);
  await assert.rejects(oidc.authorizationCodeGrant(config, new URL(back.left), checks), { error: "access_denied" });
  await close(kvarnby);
});
