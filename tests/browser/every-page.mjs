// Every page that a person can meet in the demonstration, one by one: by hand, by screen reader, in the dark, at 320 px, in
// English, and without JavaScript where the act allows.

import assert from "node:assert/strict";

import { DESK, PHONE, shut, window } from "./browser.mjs";
import { Manager } from "./chief.mjs";
import { close, found } from "./municipality.mjs";
import { take } from "./pictures.mjs";
import { faults, words } from "./scrutiny.mjs";
import { about, test } from "./story.mjs";

const MINUTES = new URL("../pdf/protokoll-pdfa2b.pdf", import.meta.url);

about("every page");

test("of the demonstration's phone", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address);
  const found_ = [];
  const looks = async (name) => found_.push(...(await faults(phone.page, name, { isPhone: true, picture: (view) => take(phone.page, view) })));
  const press = (name) => phone.page.getByRole("button", { name }).first().tap();
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await looks("demo-phone-new");
  await press("Skanna");
  await phone.page.getByText("Kameran ser ingen kod").waitFor();
  await looks("demo-phone-sees-nothing");
  await desk.putsToWork("Sara", "Holm");
  await press("Skanna");
  await phone.page.getByRole("heading", { name: "Arbetsgivaren ser inte" }).waitFor();
  await looks("demo-phone-invitation");
  await press("Ja, på min telefon");
  await phone.page.getByText("Jobb-id finns i telefonen").waitFor();
  await looks("phone-doors");
  await desk.page.goto(`${kvarnby.address}/demo/skola/logga-in`);
  await desk.page.locator("#code").evaluate((element) => element.decode());
  await press("Skanna");
  await phone.page.getByRole("heading", { name: "Vill du logga in i Skolportalen?" }).waitFor();
  await looks("phone-approval");
  await press("Avbryt");
  await phone.page.getByText("Du sa nej").waitFor();
  await looks("demo-phone-declined");
  await desk.asksForSignature(MINUTES, "Sara Holm", "Protokoll (nivå 2)");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await looks("demo-phone-inbox");
  await press("Läs och skriv under");
  await phone.page.locator(".pages img").first().evaluate((element) => element.decode());
  await looks("demo-phone-reading");
  await press("Tillbaka");
  await phone.page.getByText(/Du har läst \d av 4 sidor/).waitFor();
  await looks("demo-phone-unread");
  await press("Avbryt");
  await phone.page.getByText("Du sa nej").waitFor();
  await phone.page.getByRole("switch").tap();
  await phone.page.getByText("Ingen täckning här").waitFor();
  await looks("demo-phone-no-coverage");
  await press("Skanna");
  await phone.page.getByRole("heading", { name: "Ingen täckning" }).waitFor();
  await looks("demo-phone-no-network");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("switch", { checked: true }).tap();
  await phone.page.getByRole("switch", { checked: false }).waitFor();
  await press("Avbryt");
  await phone.page.getByRole("heading", { name: "Dagens dörrar" }).waitFor();
  await press("Vad ser arbetsgivaren?");
  await phone.page.getByRole("heading", { name: "Så har jobb-id använts" }).waitFor();
  await looks("demo-phone-insight");
  await desk.blocks("Sara Holm");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("heading", { name: "Spärrad" }).waitFor();
  await looks("demo-phone-blocked");
  assert.equal(found_.join("\n"), "");
  await ended(kvarnby, desk, phone);
});

test("of the desk, for who leads and for who works", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address);
  const found_ = [];
  const looks = async (name) => found_.push(...(await faults(desk.page, name, { isPhone: false, picture: (view) => take(desk.page, view) })));
  for (const [name, path] of PAGES) {
    await desk.page.goto(`${kvarnby.address}${path}`);
    await looks(name);
  }
  await desk.putsToWork("Sara", "Holm");
  await looks("desk-invited");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("button", { name: "Skanna" }).tap();
  await phone.page.getByRole("button", { name: "Ja, på min telefon" }).tap();
  await desk.asksForSignature(MINUTES, "Sara Holm", "Protokoll (nivå 2)");
  await looks("desk-signatures-asked");
  await desk.page.goto(`${kvarnby.address}/demo/skola/logga-in`);
  await desk.page.locator("#code").evaluate((element) => element.decode());
  await looks("desk-login");
  await phone.page.getByRole("button", { name: "Skanna" }).tap();
  await phone.page.getByRole("button", { name: "Godkänn" }).tap();
  await desk.page.getByText("Välkommen, Sara Holm").waitFor();
  await looks("desk-school-in");
  await desk.page.goto(`${kvarnby.address}/personal`);
  await desk.page.getByRole("link", { name: "Sara Holm" }).click();
  await looks("desk-colleague");
  await desk.blocks("Sara Holm");
  await looks("desk-colleague-blocked");
  assert.equal(found_.join("\n"), "");
  await ended(kvarnby, desk, phone);
});

const PAGES = [
  ["desk-frames", "/"], ["desk-desk", "/demo/skrivbord"], ["desk-staff", "/personal"], ["desk-signatures", "/underskrifter"],
  ["desk-mine", "/min-sida"], ["desk-school", "/demo/skola"], ["desk-how", "/demo/hur"], ["desk-nothing-here", "/finns-inte"],
];

test("speaks English when asked, and goes on doing so", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address);
  for (const [name, path] of PAGES) {
    await desk.page.goto(`${kvarnby.address}${path}?lang=sv`);
    const swedish = await desk.page.locator("h1").innerText();
    await desk.page.goto(`${kvarnby.address}${path}?lang=en`);
    assert.equal(await desk.page.locator("html").getAttribute("lang"), "en", name);
    assert.notEqual(await desk.page.locator("h1").innerText(), swedish, `${name} keeps its Swedish heading`);
    assert.deepEqual(await words(desk.page), [], name);
  }
  await desk.page.goto(`${kvarnby.address}/?lang=sv`);
  await desk.page.getByRole("link", { name: "English" }).first().click();
  await desk.page.goto(`${kvarnby.address}/personal`);
  assert.equal(await desk.page.locator("html").getAttribute("lang"), "en", "the choice is kept");
  await ended(kvarnby, desk, phone);
});

about("without JavaScript");

for (const [answer, said] of [["Nej", "Du har sagt nej"], ["Jag vill ha ett annat sätt", "Din chef får veta att du vill ha ett annat sätt"]]) {
  test(`an invited person answers "${answer}" and nothing is left on the phone`, async () => {
    const kvarnby = await found();
    const { desk, phone } = await bothOpen(kvarnby.address, { javaScriptEnabled: false });
    await phone.page.goto(await desk.putsToWork("Sara", "Holm"));
    await phone.page.getByRole("button", { name: answer }).tap();
    await phone.page.getByText(said).waitFor();
    assert.deepEqual(await phone.context.cookies(), []);
    const again = await phone.page.goto(desk.links.at(-1));
    assert.equal(again.status(), 410);
    await ended(kvarnby, desk, phone);
  });
}

test("a manager puts to work, asks for a signature and blocks; the phone reads, signs and says no", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, { javaScriptEnabled: false });
  const press = (name) => phone.page.getByRole("button", { name, exact: true }).tap();
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await desk.putsToWork("Sara", "Holm");
  await press("Skanna");
  await press("Ja, på min telefon");
  await desk.page.goto(`${kvarnby.address}/demo/skola/logga-in`);
  await press("Skanna");
  await press("Avbryt");
  await phone.page.getByText("Du sa nej").waitFor();
  await desk.asksForSignature(MINUTES, "Sara Holm", "Protokoll (nivå 2)");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await press("Läs och skriv under");
  for (const next of ["Nästa sida", "Nästa sida", "Nästa sida", "Jag har läst", "Godkänn"]) await press(next);
  await phone.page.getByText("Godkänt.").waitFor();
  assert.ok((await desk.fetchesSigned()).includes("/ETSI.CAdES.detached"));
  await desk.blocks("Sara Holm");
  await desk.page.getByText("Jobb-id är spärrat.").waitFor();
  await ended(kvarnby, desk, phone);
});

/** A desk and a phone, each in a window of its own. */
async function bothOpen(address, more = {}) {
  const desk = new Manager(await window(DESK, more), address);
  await desk.opens();
  return { desk, phone: await window(PHONE, more) };
}

async function ended(kvarnby, desk, phone) {
  await shut(phone);
  await shut(desk.opened);
  await close(kvarnby);
}
