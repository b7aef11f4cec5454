// One Chromium for all tests; each test looks at it through a window of its own.

import { chromium } from "playwright-core";

/** Under this name the machine itself is found, as another machine on the network would be: plain http, no secure context. */
export const OTHER_NAME = "kvarnby.test";

export const DESK = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 1 };

let browser;
const windows = new Set();

export async function open() {
  const isRoot = process.getuid?.() === 0;
  browser = await chromium.launch({
    executablePath: process.env.HANDSLAG_CHROMIUM || "/usr/bin/chromium",
    args: [`--host-resolver-rules=MAP ${OTHER_NAME} 127.0.0.1`, "--disable-dev-shm-usage", ...(isRoot ? ["--no-sandbox"] : [])],
  });
}

/** A fresh window without cookies; `look` is `DESK` or `PHONE`. What the page's own scripts get wrong is kept in `wrongs`. */
export async function window(look, more = {}) {
  const context = await browser.newContext({ ...look, locale: "sv-SE", timezoneId: "Europe/Stockholm", reducedMotion: "reduce", ...more });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const wrongs = [];
  page.on("pageerror", (error) => wrongs.push(`script: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error") wrongs.push(`console: ${message.text()} (${message.location().url})`);
  });
  const opened = { context, page, wrongs, hasTouch: Boolean(look.hasTouch) };
  windows.add(opened);
  return opened;
}

/** Closes a window. */
export async function shut(opened) {
  windows.delete(opened);
  await opened.context.close();
}

/** Pictures of what stands open when a test fails, and closes it. */
export async function shutAll(picture) {
  for (const opened of [...windows]) {
    await picture?.(opened.page).catch(() => {});
    await shut(opened);
  }
}

export async function close() {
  await browser?.close();
}

/**
 * A phone's own key: verifies the person, keeps the key, answers at once. The key may be copied to another phone, as on a stock
 * phone, where `synced` says so. Over `cable` the browser reaches it on a phone nearby (WebAuthn's hybrid transport).
 */
export async function giveKey(opened, { synced = true, transport = "internal" } = {}) {
  const cdp = await opened.context.newCDPSession(opened.page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport,
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: synced,
      defaultBackupState: synced,
    },
  });
  return { cdp, authenticatorId };
}

/** The keys of one phone, reached from another window: what the person does is pick up the phone. */
export async function bringNear(phone, opened) {
  const { credentials } = await phone.cdp.send("WebAuthn.getCredentials", { authenticatorId: phone.authenticatorId });
  const near = await giveKey(opened, { transport: "cable" });
  for (const credential of credentials) await near.cdp.send("WebAuthn.addCredential", { authenticatorId: near.authenticatorId, credential });
  return near;
}
