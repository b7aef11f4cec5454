// The examples of docs/integrating.md, as a reader would start them.

import assert from "node:assert/strict";

import { openSite } from "../../docs/examples/browser-application/site.mjs";
import { openService } from "../../docs/examples/server-application/portal.mjs";
import { DESK, shut, window } from "../browser/browser.mjs";
import { close, found } from "../browser/municipality.mjs";
import { about, test } from "../browser/story.mjs";
import { Person, between } from "./person.mjs";

about("the examples");

let service, site, kvarnby, sara, desk;

test("are registered as they print it", async () => {
  [service, site] = await Promise.all([openService(), openSite()]);
  kvarnby = await found({ services: service.registration + site.registration });
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
  const asked = await fetch(`${service.address}/logga-in`, { redirect: "manual" });
  const back = await sara.logsIn(asked.headers.get("location"));
  assert.equal((await fetch(back, { redirect: "manual" })).status, 400);
});

test("the browser application logs a person in and renews its tokens, bound to this browser's key", async () => {
  desk = await window(DESK);
  const { page } = desk;
  await page.goto(site.address);
  await page.getByRole("button", { name: "Logga in" }).click();
  await page.waitForURL(/\/login\//);
  const id = between(await page.content(), 'data-login="', '"');
  await sara.opens(`/login/${id}/kod.svg`).catch(() => {}); // the picture is this page's alone
  await sara.sends("/demo/telefon/skanna", {});
  await sara.presses("approve");
  await page.getByText("Hej Sara Holm").waitFor().catch(async (error) => { throw new Error(`${await page.innerText("#who")} ${desk.wrongs}`, { cause: error }); });
  await page.getByRole("button", { name: "Förnya" }).click();
  await page.getByText("Hej Sara Holm, förnyad").waitFor();
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.match(kept, /"token_type\\":\\"DPoP/);
});

test("end", async () => {
  await shut(desk);
  service.close();
  site.close();
  await close(kvarnby);
});
