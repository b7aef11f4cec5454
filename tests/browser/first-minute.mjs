// The first minute of a stranger with the demonstration: no authenticator, any browser, also over plain http from another machine.
// A substitute is put to work, logs in at the desk, signs the minutes, opens a door without coverage and is blocked.

import assert from "node:assert/strict";

import { DESK, OTHER_NAME, PHONE, shut, window } from "./browser.mjs";
import { close, found } from "./municipality.mjs";
import { Person, seconds, sum } from "./people.mjs";
import { take } from "./pictures.mjs";
import { about, test } from "./story.mjs";

const MOST_SECONDS = 60;
const MOST_TAPS = 12;
const MOST_AT_A_DESK = 8;

/** Jobs as counted at a desk, for the table. */
export const jobs = [];

about("the first minute");

for (const [where, look] of [["at a desk", DESK], ["on a phone", PHONE]]) {
  for (const host of ["localhost", OTHER_NAME]) {
    test(`${where}, over http://${host}`, () => firstMinute(look, host, `first-minute-${where.replace(/ /g, "-")}-${host.split(".")[0]}`));
  }
}

async function firstMinute(look, host, name) {
  const kvarnby = await found();
  const opened = await window(look);
  const person = new Person(opened);
  const [desk, phone] = [opened.page.frameLocator("#desk"), opened.page.frameLocator("#phone")];
  const at = { person, desk, phone, page: opened.page, picture: (step) => take(opened.page, `${name}-${step}`) };
  const address = new URL(kvarnby.address);
  address.hostname = host;
  person.begin("Put a colleague to work, and the colleague's yes");
  await person.goes(address.href);
  await putToWork(at);
  person.begin("Log in at a desk");
  await logIn(at);
  person.begin("Read and sign minutes");
  await sign(at);
  person.begin("Open a door without coverage");
  await openDoor(at);
  person.begin("Block, and read what the employer sees");
  await block(at);
  person.end();
  const all = sum("The whole first minute", person.jobs);
  console.log(`    ${all.taps} taps, ${all.keys} keys, ${all.screens} screens, ${all.roundTrips} round trips: ${seconds(all)} s`);
  assert.deepEqual(opened.wrongs, []);
  assert.ok(all.taps <= MOST_TAPS, `${all.taps} taps`);
  assert.ok(seconds(all) <= MOST_SECONDS, `${seconds(all)} s`);
  const atADesk = person.jobs.find(({ name }) => name === "Log in at a desk");
  assert.ok(seconds(atADesk) <= MOST_AT_A_DESK, `${seconds(atADesk)} s to log in at a desk`);
  if (look === DESK && host === "localhost") jobs.push(...person.jobs, all);
  await shut(opened);
  await close(kvarnby);
}

const button = (frame, name) => frame.getByRole("button", { name, exact: true });

async function putToWork({ person, desk, phone, page, picture }) {
  await phone.getByText("Telefonen är ny").waitFor();
  await picture("1-start");
  await person.taps(button(desk, "Jag har sett legitimationen. Sätt i arbete"));
  await person.reads(desk.getByRole("heading", { name: "Inbjudan till Sara Holm" }));
  await shows(desk.getByAltText("Kod att skanna med telefonen"));
  await picture("2-invited");
  await person.taps(button(phone, "Skanna"));
  await person.reads(phone.getByRole("heading", { name: "Arbetsgivaren ser inte" }));
  await picture("3-invitation");
  await person.taps(button(phone, "Ja, på min telefon"));
  await person.reads(phone.getByText("Klart. Jobb-id finns i telefonen."));
  await ticked(page, 2);
}

async function logIn({ person, desk, phone, page, picture }) {
  await person.reads(desk.getByText("Väntar på din telefon"));
  await shows(desk.locator("#code"));
  await picture("4-login");
  await person.taps(button(phone, "Skanna"));
  await person.reads(phone.getByRole("heading", { name: "Vill du logga in i Skolportalen?" }));
  await picture("5-approval");
  await person.taps(button(phone, "Godkänn"));
  await person.reads(desk.getByText("Välkommen, Sara Holm"));
  await ticked(page, 3);
  await picture("6-logged-in");
}

async function sign({ person, desk, phone, page, picture }) {
  await person.taps(button(page, "Skriv under protokollet"));
  await person.taps(button(phone, "Läs och skriv under"));
  await readsToTheEnd(person, phone);
  await picture("7-reading");
  await person.taps(button(phone, "Godkänn"));
  await person.reads(phone.getByText("Godkänt."));
  await desk.getByText("Underskrivet").waitFor();
  await ticked(page, 4);
  await picture("8-signed");
}

/** Scrolls as a reader does; each page is a screen. Before the end of the last one has been in view there is no yes. */
async function readsToTheEnd(person, phone) {
  const figures = phone.locator(".pages figure");
  await figures.first().waitFor();
  const pages = await figures.count();
  assert.ok(pages > 1, "the minutes have several pages");
  for (let page = 0; page < pages; page += 1) {
    assert.ok(await button(phone, "Godkänn").isDisabled(), "nobody signs what nobody has seen");
    await person.scrollsPast(figures.nth(page));
    await phone.getByText(`Du har läst ${page + 1} av ${pages} sidor.`).waitFor();
  }
}

async function openDoor({ person, phone, page, picture }) {
  await person.taps(phone.getByRole("switch", { name: "Ingen täckning" }));
  await person.reads(phone.getByText("Ingen täckning här. Det går bra"));
  await picture("9-no-coverage");
  await person.taps(phone.getByRole("button", { name: /^Öppna Björkvägen/ }).first());
  await person.reads(phone.getByText("Dörren är öppen."));
  await ticked(page, 5);
  await picture("10-opened");
}

async function block({ person, desk, page, picture }) {
  await person.taps(page.getByRole("link", { name: "Spärra och läs vad arbetsgivaren ser" }));
  await person.taps(button(desk, "Spärra"));
  await person.reads(desk.getByText("Jobb-id är spärrat."));
  await desk.getByText("Skolportalen").first().waitFor();
  await ticked(page, 6);
  await picture("11-blocked");
}

/** The list shows what has been done, up to this step and no further. */
async function ticked(page, number) {
  await page.locator(`#step-${number}.done`).waitFor();
  assert.equal(await page.locator(".minute .done").count(), number);
}

/** The picture is there and not only its frame. */
async function shows(image) {
  await image.waitFor();
  await image.evaluate((element) => element.decode());
}
