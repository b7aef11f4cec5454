// openid-client where only the service may read: ID Tokens, UserInfo and JARM encrypted to it, and its own requests encrypted to us.

import assert from "node:assert/strict";

import { CompactEncrypt, UnsecuredJWT, importJWK } from "jose";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";
import { AFFILIATION, client, finds, jwks, oidc, signingKey, started } from "./relying.mjs";

about("openid-client with encryption");

const WAYS = ["RSA-OAEP-256", "ECDH-ES"];
const RSA = { name: "RSA-OAEP", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: "SHA-256" };

/** A key that opens what is encrypted by this way, with its public half as a registration has it. */
async function openingKey(alg) {
  const isRsa = alg.startsWith("RSA");
  const pair = isRsa ? await crypto.subtle.generateKey(RSA, true, ["decrypt", "encrypt"]) : await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const numbers = isRsa ? { n, e } : { crv, x, y };
  return { key: pair.privateKey, kid: `opens-${alg}`, alg, jwk: { kty, ...numbers, kid: `opens-${alg}`, use: "enc", alg } };
}

const encrypted = (kind, alg) => `${kind}_encrypted_response_alg = "${alg}"\n${kind}_encrypted_response_enc = "A256GCM"\n`;

let kvarnby, sara, opening;
const signing = await signingKey();
const proof = () => oidc.PrivateKeyJwt({ key: signing.key, kid: signing.kid });

/** The service that has everything encrypted to it by this way, and opens it with this key. */
async function sealed(alg, key = opening[alg]) {
  const config = await finds(kvarnby.address, `sealed-${alg}`.toLowerCase(), proof(), { authorization_signed_response_alg: "ES256" });
  oidc.enableDecryptingResponses(config, ["A256GCM"], { key: key.key, kid: key.kid, alg });
  oidc.useJwtResponseMode(config);
  return config;
}

async function asks(config) {
  const { checks, parameters } = await started({ response_mode: "query.jwt" });
  return { checks, back: await sara.logsIn(oidc.buildAuthorizationUrl(config, parameters)) };
}

test("registers keys that open beside the one that signs", async () => {
  opening = Object.fromEntries(await Promise.all(WAYS.map(async (alg) => [alg, await openingKey(alg)])));
  const services = WAYS.map((alg) => {
    const answers = ["id_token", "userinfo", "authorization"].map((kind) => encrypted(kind, alg)).join("");
    return client(`sealed-${alg}`.toLowerCase(), `${jwks(signing.jwk, opening[alg].jwk)}\nresponse_modes = ["query.jwt"]\n${answers}`);
  });
  services.push(client("asking", jwks(signing.jwk)));
  kvarnby = await found({ services: services.join("") });
  sara = await Person.atWork(kvarnby.address);
});

for (const alg of WAYS) {
  test(`ID Token, UserInfo and the answer itself (JARM) are encrypted by ${alg}`, async () => {
    const config = await sealed(alg);
    const { checks, back } = await asks(config);
    assert.equal(back.searchParams.get("response").split(".").length, 5, "an encrypted answer");
    const tokens = await oidc.authorizationCodeGrant(config, back, checks);
    assert.equal(tokens.id_token.split(".").length, 5, "an encrypted ID Token");
    const info = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.deepEqual([info.name, info[AFFILIATION]], ["Sara Holm", tokens.claims()[AFFILIATION]]);
  });

  test(`who holds another key reads nothing of it (${alg})`, async () => {
    const { checks, back } = await asks(await sealed(alg));
    const thief = await sealed(alg, { ...(await openingKey(alg)), kid: opening[alg].kid });
    await assert.rejects(oidc.authorizationCodeGrant(thief, back, checks), { name: "ClientError" });
  });
}

/** The signed request of openid-client, encrypted to the key that the provider publishes for it. */
async function sealedRequest(config, request, { alg, enc }) {
  const { keys } = await (await fetch(config.serverMetadata().jwks_uri)).json();
  const jwk = keys.find((key) => key.use === "enc" && (key.kty === "RSA") === alg.startsWith("RSA"));
  const header = { alg, enc, kid: jwk.kid, cty: "oauth-authz-req+jwt" };
  return new CompactEncrypt(new TextEncoder().encode(request)).setProtectedHeader(header).encrypt(await importJWK(jwk, alg));
}

test("a signed request is encrypted to the provider in each way that it announces", async () => {
  const config = await finds(kvarnby.address, "asking", proof());
  // A demonstration has no RSA key for it, and says so.
  const { request_object_encryption_alg_values_supported: ways, request_object_encryption_enc_values_supported: contents } = config.serverMetadata();
  assert.ok(ways.includes("ECDH-ES") && contents.length === 2, `${ways} ${contents}`);
  for (const alg of ways) {
    for (const enc of contents) {
      const { checks, parameters } = await started();
      const address = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: signing.key, kid: signing.kid });
      address.searchParams.set("request", await sealedRequest(config, address.searchParams.get("request"), { alg, enc }));
      const tokens = await oidc.authorizationCodeGrant(config, await sara.logsIn(address), checks);
      assert.match(tokens.claims()[AFFILIATION], /@2120009994$/, `${alg} ${enc}`);
    }
  }
});

test("encryption is no signature: an unsigned request and another's are refused within it", async () => {
  const config = await finds(kvarnby.address, "asking", proof());
  const { parameters } = await started();
  const stranger = await signingKey();
  const byStranger = await oidc.buildAuthorizationUrlWithJAR(config, parameters, { key: stranger.key, kid: "k1" });
  const unsigned = new UnsecuredJWT({ ...parameters, client_id: "asking", response_type: "code" }).setIssuer("asking").setAudience(kvarnby.address);
  const inside = [byStranger.searchParams.get("request"), unsigned.setIssuedAt().setExpirationTime("1m").encode()];
  for (const request of inside) {
    const sealed = await sealedRequest(config, request, { alg: "ECDH-ES", enc: "A256GCM" });
    await assert.rejects(oidc.buildAuthorizationUrlWithPAR(config, { request: sealed }), { error: "invalid_request_object", status: 400 });
  }
  await close(kvarnby);
});
