// The examples of docs/integrating.md, as a reader would start them.

import assert from "node:assert/strict";

import { SignJWT, decodeProtectedHeader, generateKeyPair } from "jose";

import { openSite } from "../../docs/examples/browser-application/site.mjs";
import { openService } from "../../docs/examples/server-application/portal.mjs";
import { DESK, shut, window } from "../browser/browser.mjs";
import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person } from "./person.mjs";

/** Logging in to one of them is logging in to both, on the municipality's own computers. */
const GROUP = `[[sso_group]]\nname = "exempel"\nhours = 8\ncomputers = "managed"\n`;

about("the examples");

let service, site, kvarnby, sara, desk;

test("are registered as they print it", async () => {
  [service, site] = await Promise.all([openService(), openSite()]);
  const allowed = `[outbound]\nallow = ["${new URL(service.address).host}"]\n`; // only because the service runs on this very machine
  kvarnby = await found({ services: GROUP + allowed + service.registration + site.registration });
  await service.connect(kvarnby.address);
  site.connect(kvarnby.address);
  sara = await Person.atWork(kvarnby.address);
});

test("the server application logs a person in", async () => {
  const asked = await fetch(`${service.address}/logga-in`, { redirect: "manual" });
  const cookie = asked.headers.getSetCookie()[0].split(";")[0];
  const back = await sara.logsIn(asked.headers.get("location"));
  const answered = await fetch(back, { redirect: "manual", headers: { cookie } });
  assert.equal(answered.status, 303, await answered.text());
  const session = answered.headers.getSetCookie()[0].split(";")[0];
  assert.match(await (await fetch(service.address, { headers: { cookie: session } })).text(), /Hej Sara Holm/);
});

test("the server application takes no answer that another browser asked for", async () => {
  sara.changesDesk();
  const asked = await fetch(`${service.address}/logga-in`, { redirect: "manual" });
  const back = await sara.logsIn(asked.headers.get("location"));
  assert.equal((await fetch(back, { redirect: "manual" })).status, 400);
});

test("the server application forgets nobody for a token that is no logout token of ours", async () => {
  const [[, session]] = service.sessions;
  const forged = await new SignJWT({ events: { "http://schemas.openid.net/event/backchannel-logout": {} }, sid: session.claims.sid })
    .setProtectedHeader({ alg: "ES256", typ: "logout+jwt", kid: decodeProtectedHeader(session.idToken).kid })
    .setIssuer(kvarnby.address).setAudience("exempeltjansten").setIssuedAt().setExpirationTime("1m").setJti("1")
    .sign((await generateKeyPair("ES256")).privateKey);
  for (const logout_token of [session.idToken, forged, ""]) {
    const answered = await fetch(`${service.address}/glom`, { method: "POST", body: new URLSearchParams({ logout_token }) });
    assert.equal(answered.status, 400);
  }
  assert.equal(service.sessions.size, 1);
});

test("the browser application hears of a no, and logs nobody in", async () => {
  const { page } = desk = await window(DESK);
  await page.goto(site.address);
  await page.getByRole("button", { name: "Logga in" }).click();
  await page.waitForURL(/\/login\//);
  await sara.sends("/demo/telefon/skanna", {});
  await sara.presses("cancel");
  await page.getByText("Inte inloggad: access_denied").waitFor();
  await page.goto(site.address);
  await page.getByText("Ingen är inloggad.").waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("access_token")), false);
});

test("the browser application logs a person in and renews its tokens, bound to this browser's key", async () => {
  const { page } = desk;
  await page.goto(site.address);
  await logsInTo(page);
  await page.getByRole("button", { name: "Förnya" }).click();
  await page.getByText("Hej Sara Holm, förnyad").waitFor();
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.match(kept, /"token_type\\":\\"DPoP/);
});

test("who is logged in to one is asked before the other is told anything", async () => {
  const { page } = desk;
  await page.goto(`${service.address}/logga-in`);
  await page.getByRole("heading", { name: /Exempeltjänsten/ }).waitFor();
  await page.getByRole("definition").getByText("Sara Holm").waitFor();
  await page.getByRole("button", { name: "Fortsätt" }).click();
  await page.getByText("Hej Sara Holm").waitFor();
});

test("logging out of one logs out of the other, through the back channel", async () => {
  const { page } = desk;
  await page.goto(site.address);
  await page.getByRole("button", { name: "Logga ut" }).click();
  await page.getByRole("heading", { name: "Du är utloggad" }).waitFor();
  await page.getByRole("link", { name: /Fortsätt|Vidare|Gå vidare/ }).click();
  await page.getByText("Ingen är inloggad.").waitFor();
  await until(() => service.sessions.size === 1); // the one of the test without a browser stays
  await page.goto(service.address);
  await page.getByRole("link", { name: "Logga in" }).waitFor();
});

test("logging out of the server application logs out of the page, through a frame", async () => {
  const { page } = desk;
  await page.goto(site.address);
  await logsInTo(page);
  await page.goto(`${service.address}/logga-in`);
  await page.getByRole("button", { name: "Fortsätt" }).click();
  await page.getByRole("link", { name: "Logga ut" }).click();
  await page.getByRole("heading", { name: "Du är utloggad" }).waitFor();
  await page.waitForURL(`${service.address}/utloggad`);
  await page.goto(site.address);
  await page.getByText("Ingen är inloggad.").waitFor();
});

async function logsInTo(page) {
  await page.getByRole("button", { name: "Logga in" }).click();
  await page.waitForURL(/\/login\//);
  await sara.sends("/demo/telefon/skanna", {});
  await sara.presses("approve");
  await page.getByText("Hej Sara Holm").waitFor();
}

async function until(holds) {
  for (let turn = 0; turn < 200; turn += 1) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`does not come to hold: ${holds}`);
}

test("end", async () => {
  await shut(desk);
  service.close();
  site.close();
  await close(kvarnby);
});
