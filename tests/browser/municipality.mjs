// The binary under test, running its demonstration: a fresh municipality in a folder of its own, ended with the test.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const running = new Set();
process.once("exit", () => { for (const { child } of running) child.kill("SIGKILL"); }); // also when this process falls

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer().once("error", failed);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = /** @type {import("node:net").AddressInfo} */ (probe.address());
      probe.close(() => done(port));
    });
  });
}

/** Founds a municipality; `services` is TOML with `[[client]]` tables. */
export async function found({ services = "" } = {}) {
  const folder = await mkdtemp(join(tmpdir(), "handslag-browser-"));
  const args = ["demo", "--port", String(await freePort()), "--data", join(folder, "data")];
  if (services) {
    await writeFile(join(folder, "services.toml"), services);
    args.push("--client", join(folder, "services.toml"));
  }
  const started = Date.now();
  const child = spawn(binary(), args, { stdio: ["ignore", "pipe", "pipe"] });
  const municipality = { child, folder, address: "", log: "", startedIn: 0 };
  running.add(municipality);
  child.stderr.on("data", (chunk) => { municipality.log += chunk; });
  municipality.address = await printedAddress(child, municipality);
  municipality.startedIn = Date.now() - started;
  return municipality;
}

function binary() {
  const path = process.env.HANDSLAG_BINARY;
  if (!path) throw new Error("HANDSLAG_BINARY names no binary");
  return path;
}

function printedAddress(child, municipality) {
  return new Promise((done, failed) => {
    let printed = "";
    child.stdout.on("data", (chunk) => {
      printed += chunk;
      const address = printed.match(/http:\/\/[^\s]+/)?.[0];
      if (address) done(address);
    });
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`the demonstration ended with ${code}: ${municipality.log}`)));
    setTimeout(() => failed(new Error(`the demonstration prints no address: ${municipality.log}`)), 30_000).unref();
  });
}

/** Ends one municipality and takes its folder away. */
export async function close(municipality) {
  if (!running.delete(municipality)) return;
  const { child, folder } = municipality;
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    const impatient = setTimeout(() => child.kill("SIGKILL"), 3_000);
    await ended;
    clearTimeout(impatient);
  }
  await rm(folder, { recursive: true, force: true });
}

/** What the municipalities that still run have complained about. */
export function complaints() {
  return [...running].map(({ log }) => log).join("");
}

/** Ends whatever is left. */
export async function closeAll() {
  await Promise.all([...running].map(close));
}
