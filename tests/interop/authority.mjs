// Certificates of authorities, servers and clients for one test, made by openssl.

import { execFile } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Nothing is added that is not asked for. */
const CONFIGURATION = "[req]\ndistinguished_name = dn\nutf8 = yes\nstring_mask = utf8only\n[dn]\n";

/** A folder of certificates and keys by name. */
export class Certificates {
  static async open() {
    const all = new Certificates();
    all.folder = await mkdtemp(join(tmpdir(), "handslag-certificates-"));
    await writeFile(join(all.folder, "config"), CONFIGURATION);
    for (const name of ["ca", "other"]) await all.make(name, `/CN=${name}`, ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"]);
    return all;
  }

  /** Signed by one of the authorities, or by itself where none is named. */
  async issues(name, { by, subject = `/CN=${name}`, names = "DNS:tjanst.example", usage = "clientAuth" } = {}) {
    const authority = by ? ["-CA", this.certificate(by), "-CAkey", this.key(by)] : [];
    await this.make(name, subject, [`subjectAltName=${names}`, `extendedKeyUsage=${usage}`], authority);
  }

  async make(name, subject, extensions, words = []) {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", this.key(name)];
    const said = extensions.flatMap((extension) => ["-addext", extension]);
    await run("openssl", ["req", "-x509", ...key, "-days", "2", "-subj", subject, "-config", join(this.folder, "config"), "-out", this.certificate(name), ...words, ...said]);
  }

  certificate(name) {
    return join(this.folder, `${name}.pem`);
  }

  key(name) {
    return join(this.folder, `${name}.key`);
  }

  /** What a TLS client shows, and whom it believes. */
  async shown(name) {
    const [ca, cert, key] = await Promise.all([this.certificate("ca"), this.certificate(name), this.key(name)].map((file) => readFile(file)));
    return { ca, cert, key };
  }

  /** The public key as a JWK. */
  async jwk(name) {
    const { kty, crv, x, y } = new X509Certificate(await readFile(this.certificate(name))).publicKey.export({ format: "jwk" });
    return { kty, crv, x, y, kid: name };
  }

  /** `x5t#S256` (RFC 8705 §3.1). */
  async thumbprint(name) {
    return createHash("sha256").update(new X509Certificate(await readFile(this.certificate(name))).raw).digest("base64url");
  }

  close() {
    return rm(this.folder, { recursive: true, force: true });
  }
}
