// Every page that a person can meet in the demonstration, one by one and in both languages: by hand, by screen reader, in the dark, in
// forced colours, in double letters at 320 px, on paper, and without JavaScript where the act allows.

import assert from "node:assert/strict";

import { DESK, PHONE, shut, window } from "./browser.mjs";
import { Manager } from "./chief.mjs";
import { close, found } from "./municipality.mjs";
import { take } from "./pictures.mjs";
import { faults, onPaper, words } from "./scrutiny.mjs";
import { about, test } from "./story.mjs";
import { ENGLISH, LANGUAGES, SWEDISH } from "./voice.mjs";

const MINUTES = new URL("../pdf/protokoll-pdfa2b.pdf", import.meta.url);

about("every page");

for (const language of LANGUAGES) {
  test(`of the demonstration's phone, in ${language.name}`, () => phonePages(language));
  test(`of the desk, for who leads and for who works, in ${language.name}`, () => deskPages(language));
}

async function phonePages(language) {
  const { say } = language;
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, language);
  const found_ = [];
  const looks = async (name) => found_.push(...(await faults(phone.page, named(name, language), { isPhone: true, picture: (view) => take(phone.page, view) })));
  const press = (key) => phone.page.getByRole("button", { name: say(key), exact: true }).first().tap();
  const heading = (name) => phone.page.getByRole("heading", { name }).waitFor();
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await looks("demo-phone-new");
  await press("demo-phone-scan");
  await phone.page.getByText(say("phone-sees-nothing")).waitFor();
  await looks("demo-phone-sees-nothing");
  await desk.putsToWork("Sara", "Holm");
  await press("demo-phone-scan");
  await heading(say("terms-sees-not"));
  await looks("demo-phone-invitation");
  await press("invitation-yes");
  await phone.page.getByText(say("phone-enrolled")).waitFor();
  await looks("phone-doors");
  await desk.page.goto(`${kvarnby.address}/demo/skola/logga-in`);
  await desk.page.locator("#code").evaluate((element) => element.decode());
  await press("demo-phone-scan");
  await phone.page.getByRole("heading", { name: language.service }).waitFor();
  await looks("phone-approval");
  await press("demo-phone-cancel");
  await phone.page.getByText(say("phone-declined")).waitFor();
  await looks("demo-phone-declined");
  await desk.asksForSignature(MINUTES, "Sara Holm", language.minutes);
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await looks("demo-phone-inbox");
  await press("demo-phone-read-and-sign");
  await phone.page.locator(".pages img").first().evaluate((element) => element.decode());
  await looks("demo-phone-reading");
  await press("demo-phone-cancel");
  await phone.page.getByText(say("phone-declined")).waitFor();
  await phone.page.getByRole("switch").tap();
  await phone.page.getByRole("switch", { checked: true }).waitFor();
  await looks("demo-phone-no-coverage");
  await press("demo-phone-scan");
  await heading(say("demo-phone-no-network"));
  await looks("demo-phone-no-network");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("switch", { checked: true }).tap();
  await phone.page.getByRole("switch", { checked: false }).waitFor();
  await press("demo-phone-cancel");
  await heading(say("demo-phone-doors"));
  await press("demo-phone-insight");
  await heading(say("mine-uses"));
  await looks("demo-phone-insight");
  found_.push(...(await onPaper(phone.page, named("demo-phone-insight", language), (view) => take(phone.page, view))));
  await desk.blocks("Sara Holm");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await heading(say("demo-phone-ended"));
  await looks("demo-phone-blocked");
  assert.equal(found_.join("\n"), "");
  await ended(kvarnby, desk, phone);
}

async function deskPages(language) {
  const { say } = language;
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, language);
  const found_ = [];
  const picture = (view) => take(desk.page, view);
  const looks = async (name) => found_.push(...(await faults(desk.page, named(name, language), { isPhone: false, picture })));
  const prints = async (name) => found_.push(...(await onPaper(desk.page, named(name, language), picture)));
  const press = (key) => phone.page.getByRole("button", { name: say(key), exact: true }).first().tap();
  for (const [name, path] of PAGES) {
    await desk.page.goto(`${kvarnby.address}${path}`);
    await looks(name);
  }
  await desk.putsToWork("Sara", "Holm");
  await looks("desk-invited");
  await prints("desk-invited");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await press("demo-phone-scan");
  await press("invitation-yes");
  await phone.page.getByText(say("phone-enrolled")).waitFor();
  const saras = /[a-z0-9]+@2120009994/.exec(await phone.page.locator("main .who").innerText())[0];
  await desk.asksForSignature(MINUTES, "Sara Holm", language.minutes);
  await looks("desk-signatures-asked");
  await desk.page.goto(`${kvarnby.address}/demo/skola/logga-in`);
  await desk.page.locator("#code").evaluate((element) => element.decode());
  await looks("desk-login");
  await press("demo-phone-scan");
  await press("demo-phone-approve");
  await desk.page.getByText(say("demo-school-welcome", { name: "Sara Holm" })).waitFor();
  await looks("desk-school-in");
  await desk.page.goto(`${kvarnby.address}/personal`);
  await desk.page.getByRole("link", { name: "Sara Holm" }).click();
  await looks("desk-colleague");
  await prints("desk-colleague");
  await desk.blocks("Sara Holm");
  await looks("desk-colleague-blocked");
  await desk.page.goto(`${kvarnby.address}/min-sida`);
  await prints("desk-mine");
  await desk.page.goto(`${kvarnby.address}/demo/tjanster`);
  await desk.page.getByRole("heading", { name: say("clients-title"), exact: true }).waitFor();
  await looks("desk-clients");
  await desk.page.getByRole("link", { name: language.service }).click();
  await desk.page.getByText(say("client-life-each-time")).waitFor();
  await looks("desk-client");
  await desk.page.getByLabel(say("naming-colleague")).fill(saras);
  await desk.page.getByRole("button", { name: say("naming-try") }).click();
  await desk.page.getByRole("heading", { name: say("tried-title", { name: "Sara Holm" }) }).waitFor();
  await looks("desk-client-tried");
  assert.equal(found_.join("\n"), "");
  await ended(kvarnby, desk, phone);
}

/** The README's pictures are of the Swedish pages. */
const named = (name, { tag }) => (tag === "sv" ? name : `${name}-${tag}`);

const PAGES = [
  ["desk-frames", "/"], ["desk-desk", "/demo/skrivbord"], ["desk-staff", "/personal"], ["desk-signatures", "/underskrifter"],
  ["desk-mine", "/min-sida"], ["desk-school", "/demo/skola"], ["desk-how", "/demo/hur"], ["desk-nothing-here", "/finns-inte"],
];

test("speaks English when asked, and goes on doing so", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH);
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
    const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH, { javaScriptEnabled: false });
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
  const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH, { javaScriptEnabled: false });
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
  await phone.page.getByText("Sida 4 av 4").waitFor();
  assert.ok(await phone.page.getByRole("button", { name: "Godkänn", exact: true }).isDisabled(), "nobody signs what nobody has read");
  for (const next of ["Jag har läst alla sidor", "Godkänn"]) await press(next);
  await phone.page.getByText("Godkänt.").waitFor();
  assert.ok((await desk.fetchesSigned()).includes("/ETSI.CAdES.detached"));
  await desk.blocks("Sara Holm");
  await desk.page.getByText("Jobb-id är spärrat.").waitFor();
  await ended(kvarnby, desk, phone);
});

test("the frames are gone through by hand, and the list is ticked when the page is loaded again", async () => {
  const kvarnby = await found();
  const { page } = await window(DESK, { javaScriptEnabled: false });
  const [desk, phone] = [page.frameLocator("#desk"), page.frameLocator("#phone")];
  const press = (frame, name) => frame.getByRole("button", { name }).first().click();
  await page.goto(kvarnby.address);
  await press(desk, "Jag har sett legitimationen. Sätt i arbete");
  await desk.getByAltText("Kod att skanna med telefonen").waitFor();
  await press(phone, "Skanna");
  await press(phone, "Ja, på min telefon");
  await phone.getByText("Jobb-id finns i telefonen").waitFor();
  await page.getByRole("link", { name: "Logga in i Skolportalen" }).click();
  await desk.getByAltText(/^Kod att skanna/).waitFor();
  await press(phone, "Skanna");
  await press(phone, "Godkänn");
  await desk.getByText("Välkommen, Sara Holm").waitFor();
  await phone.getByRole("switch", { name: "Ingen täckning" }).click();
  await phone.getByText("Ingen täckning här").waitFor();
  await press(phone, /^Öppna Björkvägen/);
  await phone.getByText("Dörren är öppen.").waitFor();
  await page.reload();
  assert.deepEqual(await page.locator(".minute .done").evaluateAll((steps) => steps.map(({ id }) => id)), ["step-1", "step-2", "step-3", "step-5"]);
  await close(kvarnby);
});

/** A desk and a phone, each in a window of its own. */
async function bothOpen(address, language, more = {}) {
  const desk = new Manager(await window(DESK, { ...language.look, ...more }), address, language);
  await desk.opens();
  return { desk, phone: await window(PHONE, { ...language.look, ...more }) };
}

async function ended(kvarnby, desk, phone) {
  await shut(phone);
  await shut(desk.opened);
  await close(kvarnby);
}

about("a visit");

test("has its frames in the order of the steps, on a wide screen and on a narrow one, for eyes and for keys", async () => {
  const kvarnby = await found();
  const opened = await window(DESK);
  await opened.page.goto(kvarnby.address);
  const boxes = () => Promise.all([".guide", ".bench", ".telephone"].map((part) => opened.page.locator(part).boundingBox()));
  const [guide, desk, phone] = await boxes();
  assert.ok(guide.x < desk.x && desk.x < phone.x, "side by side");
  await opened.page.setViewportSize(PHONE.viewport);
  const narrow = await boxes();
  assert.ok(narrow[0].y < narrow[1].y && narrow[1].y < narrow[2].y, "one after another");
  await opened.page.getByRole("link", { name: "Sätt en vikarie i arbete" }).click();
  await opened.page.waitForFunction(() => {
    const { top, bottom } = document.getElementById("desk").getBoundingClientRect();
    return top >= -1 && bottom <= window.innerHeight + 1;
  });
  await opened.page.evaluate(() => { document.body.tabIndex = -1; document.body.focus(); });
  const places = [];
  for (let tab = 0; tab < 40; tab += 1) {
    await opened.page.keyboard.press("Tab");
    const place = await opened.page.evaluate(() => document.activeElement?.id || (document.activeElement?.closest(".guide") ? "guide" : document.activeElement?.className || "body"));
    if (place !== places.at(-1)) places.push(place);
  }
  assert.deepEqual(places.filter((place) => ["guide", "desk", "phone"].includes(place)).slice(0, 3), ["guide", "desk", "phone"]);
  await shut(opened);
  await close(kvarnby);
});

test("has one choice of language, that of the page around the frames", async () => {
  const kvarnby = await found();
  const opened = await window(DESK, ENGLISH.look);
  const { page } = opened;
  await page.goto(kvarnby.address);
  const [desk, phone] = [page.frameLocator("#desk"), page.frameLocator("#phone")];
  await page.getByRole("link", { name: "Svenska" }).click();
  await page.waitForURL("**/?lang=sv");
  await desk.getByRole("button", { name: "Jag har sett legitimationen. Sätt i arbete" }).click();
  await desk.getByAltText("Kod att skanna med telefonen").waitFor();
  await phone.getByRole("button", { name: "Skanna" }).click();
  await phone.getByRole("heading", { name: "Arbetsgivaren ser inte" }).waitFor();
  await desk.getByRole("link", { name: "Personal", exact: true }).click();
  await desk.getByRole("heading", { name: /^Personal på/ }).waitFor();
  assert.equal(await phone.locator(".language:visible").count() + (await desk.locator(".language:visible").count()), 0);
  await shut(opened);
  await close(kvarnby);
});

test("lists the street door before the door behind it", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH);
  await desk.putsToWork("Sara", "Holm");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("button", { name: "Skanna" }).tap();
  await phone.page.getByRole("button", { name: "Ja, på min telefon" }).tap();
  await phone.page.getByText("Jobb-id finns i telefonen").waitFor();
  assert.deepEqual(await phone.page.locator(".row b").allInnerTexts(), ["Björkvägen 4, port", "Björkvägen 4, lägenhet 1203", "Ekstigen 9"]);
  await ended(kvarnby, desk, phone);
});

test("starts over with a new phone, an empty list and nobody left at work", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH);
  await desk.putsToWork("Sara", "Holm");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  await phone.page.getByRole("button", { name: "Skanna" }).tap();
  await phone.page.getByRole("button", { name: "Ja, på min telefon" }).tap();
  await phone.page.getByText("Jobb-id finns i telefonen").waitFor();
  await phone.page.getByRole("switch").tap();
  await phone.page.getByText("Ingen täckning här").waitFor();
  await desk.page.goto(kvarnby.address);
  assert.equal(await desk.page.locator(".minute .done").count(), 2);
  await desk.page.getByRole("button", { name: "Börja om" }).click();
  await desk.page.frameLocator("#phone").getByText("Telefonen är ny").waitFor();
  assert.equal(await desk.page.frameLocator("#phone").getByRole("switch").getAttribute("aria-checked"), "false");
  assert.equal(await desk.page.locator(".minute .done").count(), 0);
  await desk.page.frameLocator("#phone").getByRole("button", { name: "Skanna" }).click();
  await desk.page.frameLocator("#phone").getByText("Kameran ser ingen kod").waitFor();
  await desk.page.goto(`${kvarnby.address}/personal`);
  await desk.page.locator(".row", { hasText: "Sara Holm" }).getByText("Spärrad").waitFor();
  await ended(kvarnby, desk, phone);
});

test("of a browser without a work identity is told in words what to do", async () => {
  const kvarnby = await found();
  const { desk, phone } = await bothOpen(kvarnby.address, SWEDISH);
  const answer = await phone.page.goto(`${kvarnby.address}/telefon`);
  assert.equal(answer.status(), 401);
  await phone.page.getByRole("heading", { name: "Den här webbläsaren har inget jobb-id" }).waitFor();
  await phone.page.getByText("Be din chef om en inbjudan").waitFor();
  const found_ = await faults(phone.page, "browser-unknown-home", { isPhone: true, picture: (view) => take(phone.page, view) });
  assert.deepEqual(found_, []);
  await ended(kvarnby, desk, phone);
});
