// OpenID's own AppAuth, as an app without a server uses it: the settings of docs/examples/native-application, a loopback address with a
// port of its own, PKCE, and a refresh token that is exchanged at each use.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import appauth from "@openid/appauth";
import nodeSupport from "@openid/appauth/built/node_support/index.js";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";

const FOLDER = new URL("../../docs/examples/native-application/", import.meta.url);
const settings = JSON.parse(await readFile(new URL("settings.json", FOLDER), "utf8"));

about("AppAuth");

let kvarnby, sara, configuration, tokens;
const requestor = new appauth.FetchRequestor();
const handler = new appauth.BaseTokenRequestHandler(requestor);

test("reads the provider's metadata", async () => {
  kvarnby = await found({ services: await readFile(new URL("client.toml", FOLDER), "utf8") });
  sara = await Person.atWork(kvarnby.address);
  configuration = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(kvarnby.address, requestor);
  assert.equal(configuration.tokenEndpoint, `${kvarnby.address}/token`);
});

test("logs in at a loopback address with a free port", async () => {
  const redirect_uri = settings.redirect_uri.replace("127.0.0.1", `127.0.0.1:${40_000 + (process.pid % 20_000)}`);
  const asked = { client_id: settings.client_id, redirect_uri, scope: settings.scope, response_type: "code" };
  const request = new appauth.AuthorizationRequest(asked, new nodeSupport.NodeCrypto(), true);
  await request.setupCodeVerifier();
  const query = { ...request.extras, redirect_uri, client_id: request.clientId, response_type: "code", state: request.state, scope: request.scope };
  const back = await sara.logsIn(`${configuration.authorizationEndpoint}?${new URLSearchParams(query)}`);
  assert.equal(back.searchParams.get("state"), request.state);
  assert.equal(back.searchParams.get("iss"), kvarnby.address);
  const exchange = { grant_type: "authorization_code", code: back.searchParams.get("code"), extras: { code_verifier: request.internal.code_verifier } };
  tokens = await handler.performTokenRequest(configuration, new appauth.TokenRequest({ client_id: settings.client_id, redirect_uri, ...exchange }));
  assert.ok(tokens.accessToken && tokens.refreshToken && tokens.idToken);
});

test("stays logged in, and each refresh token is used once", async () => {
  const renew = (refresh_token) => handler.performTokenRequest(configuration, new appauth.TokenRequest({
    client_id: settings.client_id, redirect_uri: settings.redirect_uri, grant_type: "refresh_token", refresh_token,
  }));
  const first = await renew(tokens.refreshToken);
  assert.notEqual(first.refreshToken, tokens.refreshToken);
  const second = await renew(first.refreshToken);
  await assert.rejects(renew(tokens.refreshToken), "an old token is a copy, and ends the log-in");
  await assert.rejects(renew(second.refreshToken));
  await close(kvarnby);
});
