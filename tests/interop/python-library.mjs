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

test("code flow with PKCE and private_key_jwt, and a signed UserInfo", async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey("jwk", privateKey);
  const kvarnby = await found({ services: registration(x, y) });
  const sara = await Person.atWork(kvarnby.address);
  const key = join(kvarnby.folder, "key.json");
  await writeFile(key, JSON.stringify({ kty, crv, x, y, d, kid: "python-1" }));
  const python = spawn(process.env.HANDSLAG_PYTHON ?? "python3", [SCRIPT, kvarnby.address, "pythontjansten", key, REDIRECT], { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
  const { value: address } = await lines.next();
  assert.ok(address, "Authlib made no address");
  python.stdin.write(`${await sara.logsIn(address)}\n`);
  const { value: told } = await lines.next();
  assert.ok(told, "Authlib accepted nothing");
  const { id_token, userinfo } = JSON.parse(told);
  assert.equal(userinfo.name, "Sara Holm");
  assert.equal(userinfo.sub, id_token.sub);
  await close(kvarnby);
});

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
