// openid-client with a certificate instead of a key (RFC 8705), over the addresses that the metadata names for it.

import assert from "node:assert/strict";

import { Agent, fetch } from "undici";

import { close, found, freePort } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Certificates } from "./authority.mjs";
import { Person } from "./person.mjs";
import { AUDIENCE, UNPROVEN, claimsOf, client, finds, jwks, oidc, started } from "./relying.mjs";

about("openid-client with a certificate");

const SUBJECT = "/C=SE/O=Kvarnby kommun/CN=Vårdtjänsten";
const GRANTS = `grant_types = ["authorization_code", "client_credentials", "refresh_token"]\ntls_client_certificate_bound_access_tokens = true`;

let all, kvarnby, sara;
const agents = [];

/** A service that shows this certificate wherever it calls. */
async function showing(name, id) {
  const dispatcher = new Agent({ connect: await all.shown(name) });
  agents.push(dispatcher);
  const options = { [oidc.customFetch]: (address, request) => fetch(address, { ...request, dispatcher }) };
  return finds(kvarnby.address, id, oidc.TlsClientAuth(), { use_mtls_endpoint_aliases: true }, options);
}

test("the provider names other addresses for it", async () => {
  all = await Certificates.open();
  await all.issues("server", { by: "ca", names: "IP:127.0.0.1", usage: "serverAuth" });
  await all.issues("care", { by: "ca", subject: SUBJECT });
  await all.issues("foreign", { by: "other", subject: SUBJECT });
  await all.issues("namesake", { by: "ca", subject: "/C=SE/O=Kvarnby kommun/CN=Annan" });
  await all.issues("own");
  await all.issues("own-other");
  const port = await freePort();
  const listener = `[mtls]\nurl = "https://127.0.0.1:${port}"\nlisten = "127.0.0.1:${port}"\ncertificate = "${all.certificate("server")}"\nkey = "${all.key("server")}"\nauthorities = "${all.certificate("ca")}"\n`;
  const bySubject = client("by-subject", `tls_client_auth_subject_dn = "CN=Vårdtjänsten,O=Kvarnby kommun,C=SE"\n${GRANTS}`);
  const byKey = client("by-key", `token_endpoint_auth_method = "self_signed_tls_client_auth"\n${jwks(await all.jwk("own"))}\n${GRANTS}`);
  kvarnby = await found({ services: listener + bySubject + byKey });
  sara = await Person.atWork(kvarnby.address);
  const { mtls_endpoint_aliases: aliases } = (await showing("care", "by-subject")).serverMetadata();
  assert.equal(aliases.token_endpoint, `https://127.0.0.1:${port}/token`);
});

for (const [id, own, others] of [["by-subject", "care", ["foreign", "namesake", "own"]], ["by-key", "own", ["own-other", "care"]]]) {
  const method = id === "by-key" ? "self_signed_tls_client_auth" : "tls_client_auth";

  test(`log-in and renewal with ${method}, and tokens that are bound to it`, async () => {
    const config = await showing(own, id);
    const { checks, parameters } = await started({ scope: "openid offline_access https://id.oidc.se/scope/naturalPersonOrgId" });
    const address = await oidc.buildAuthorizationUrlWithPAR(config, parameters);
    const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(address), checks);
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)).name, "Sara Holm");
    const renewed = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal((await oidc.fetchUserInfo(config, renewed.access_token, tokens.claims().sub)).name, "Sara Holm");
    const { access_token } = await oidc.clientCredentialsGrant(config, { resource: AUDIENCE });
    assert.deepEqual(claimsOf(access_token).cnf, { "x5t#S256": await all.thumbprint(own) });
    for (const other of others) {
      const stolen = oidc.fetchUserInfo(await showing(other, id), renewed.access_token, tokens.claims().sub);
      await assert.rejects(stolen, UNPROVEN, other);
    }
  });

  test(`another certificate is not ${id}`, async () => {
    for (const other of others) {
      await assert.rejects(oidc.clientCredentialsGrant(await showing(other, id), { resource: AUDIENCE }), UNPROVEN, other);
    }
    const without = await finds(kvarnby.address, id, oidc.TlsClientAuth());
    await assert.rejects(oidc.clientCredentialsGrant(without, { resource: AUDIENCE }), UNPROVEN, "none at all");
  });
}

test("end", async () => {
  await Promise.all(agents.map((agent) => agent.close()));
  await close(kvarnby);
  await all.close();
});
