// Authlib, which most services in Python use.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { webcrypto as crypto } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";

import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";

const SCRIPT = fileURLToPath(new URL("server_library.py", import.meta.url));
const REDIRECT = "https://tjanst.example/tillbaka";
const env = { ...process.env, AUTHLIB_INSECURE_TRANSPORT: "1" }; // the invented municipality speaks plain http

about("Authlib");

let kvarnby, sara;

test("code flow with PKCE and private_key_jwt, and a signed UserInfo", async () => {
  const own = await newKey();
  kvarnby = await found({ services: registration(own.x, own.y) });
  sara = await Person.atWork(kvarnby.address);
  const { id_token, userinfo } = await logsIn(own);
  assert.equal(userinfo.name, "Sara Holm");
  assert.equal(userinfo.sub, id_token.sub);
});

test("with another key it is nobody, and the code that it brought is not redeemed", async () => {
  sara.changesDesk();
  assert.deepEqual(await logsIn(await newKey()), { error: "invalid_client" });
  await close(kvarnby);
});

async function newKey() {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  return { kty, crv, x, y, d, kid: "python-1" };
}

/** What Authlib was told, with this key. */
async function logsIn(key) {
  const file = join(kvarnby.folder, "key.json");
  await writeFile(file, JSON.stringify(key));
  const python = spawn(process.env.HANDSLAG_PYTHON ?? "python3", [SCRIPT, kvarnby.address, "pythontjansten", file, REDIRECT], { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const { value: address } = await lines.next();
  assert.ok(address, "Authlib made no address");
  python.stdin.write(`${await sara.logsIn(address)}\n`);
  const { value: told } = await lines.next();
  assert.ok(told, "Authlib accepted nothing");
  return JSON.parse(told);
}

const registration = (x, y) => `
[[client]]
id = "pythontjansten"
name_sv = "Pythontjänsten"
name_en = "The Python service"
organisation = "2120009994"
redirect_uris = ["${REDIRECT}"]
scopes = ["https://id.oidc.se/scope/naturalPersonOrgId"]
jwks = { keys = [{ kty = "EC", crv = "P-256", x = "${x}", y = "${y}", kid = "python-1", use = "sig", alg = "ES256" }] }
`;
