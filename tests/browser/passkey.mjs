// A stock phone: its browser keeps the key behind the screen lock. It is enrolled from an invitation, logs in to somebody else's
// service, signs what level 2 may sign, and is told what to do where level 3 is demanded.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

import { DESK, OTHER_NAME, PHONE, bringNear, giveKey, shut, window } from "./browser.mjs";
import { Manager } from "./chief.mjs";
import { close, found } from "./municipality.mjs";
import { Person, seconds } from "./people.mjs";
import { take } from "./pictures.mjs";
import { scrutinise } from "./scrutiny.mjs";
import { openService } from "./relying_party.mjs";
import { about, test } from "./story.mjs";
import { ENGLISH } from "./voice.mjs";

const MINUTES = new URL("../pdf/protokoll-pdfa2b.pdf", import.meta.url);
const DECISION = new URL("../pdf/delegationsbeslut-pdfa3b.pdf", import.meta.url);
const AFFILIATION = "https://id.oidc.se/claim/orgAffiliation";

/** The second log-in on the same phone: the question and one round trip; and from link to page, where the service's own page is read too. */
const [MOST_AGAIN, MOST_AGAIN_AND_READ] = [3, 6];

/** Jobs as counted, for the table. */
export const jobs = [];

about("a phone's browser");

let service, kvarnby, manager, phone, person, key;
const onPhone = { isPhone: true, picture: (name, page) => take(page, name) };
const twice = { ...onPhone, again: true };
const atADesk = { ...onPhone, isPhone: false };

test("is enrolled from an invitation and keeps one key", async () => {
  service = await openService();
  kvarnby = await found({ services: service.registration });
  await service.connect(kvarnby.address);
  manager = new Manager(await window(DESK), kvarnby.address);
  const link = await manager.putsToWork("Elsa", "Nyman");
  phone = await window(PHONE);
  key = await giveKey(phone);
  person = new Person(phone);
  person.begin("Yes to an invitation, in the phone's own browser");
  await person.goes(link);
  await person.reads(phone.page.getByRole("heading", { level: 1 }));
  await scrutinise(phone.page, "phone-invitation", twice);
  await person.taps(button("Ja, på min telefon"));
  await person.reads(button("Skydda med skärmlåset"));
  await scrutinise(phone.page, "browser-new", twice);
  await person.taps(button("Skydda med skärmlåset"));
  await phone.page.waitForURL(`${kvarnby.address}/telefon`);
  await person.reads(phone.page.getByText("Klart. Den här telefonen är nu ditt jobb-id."));
  person.end();
  await scrutinise(phone.page, "browser-home", twice);
  const { credentials } = await key.cdp.send("WebAuthn.getCredentials", { authenticatorId: key.authenticatorId });
  assert.equal(credentials.length, 1);
  assert.equal(credentials[0].rpId, "localhost");
  jobs.push(...person.jobs.splice(0));
});

test("cannot be enrolled with the same invitation again", async () => {
  const used = await manager.lastLink();
  const stranger = await window(PHONE);
  await giveKey(stranger);
  const answer = await stranger.page.goto(used);
  assert.equal(answer.status(), 410);
  await stranger.page.getByText("Det här gäller inte längre").waitFor();
  await scrutinise(stranger.page, "invitation-used", twice);
  await shut(stranger);
});

test("logs in to a service on the same phone, which is told what the person read and no more", async () => {
  person.begin("Log in to a service on the same phone, in its browser");
  await person.goes(service.address);
  await person.taps(phone.page.getByRole("link", { name: "Logga in" }));
  await phone.page.waitForURL(/\/telefon\/godkann\//);
  await person.reads(phone.page.getByRole("heading", { name: "Vill du logga in i Lönetjänsten?" }));
  await scrutinise(phone.page, "browser-approval", onPhone);
  const sent = await phone.page.locator("dl.sent dd").allInnerTexts();
  await person.taps(button("Godkänn"));
  await person.reads(phone.page.getByText("Hej Elsa Nyman"));
  person.end();
  const [{ idToken, userinfo, tokens }] = service.logins;
  assert.match(idToken.acr, /uncertified-loa2$/);
  assert.match(idToken[AFFILIATION], /^[a-z0-9]+@2120009994$/);
  assert.ok(idToken.exp - idToken.iat <= 300, "an ID token lives five minutes at most");
  assert.equal(idToken.sub, userinfo.sub);
  assert.equal(userinfo[AFFILIATION], idToken[AFFILIATION]);
  assert.equal(userinfo["https://id.oidc.se/claim/orgNumber"], "2120009994");
  assert.equal(userinfo["https://id.oidc.se/claim/orgName"], "Kvarnby kommun");
  const told = ["name", AFFILIATION, "https://id.oidc.se/claim/orgName", "https://id.oidc.se/claim/orgNumber"].map((claim) => userinfo[claim]);
  assert.deepEqual([...sent].sort(), told.sort(), "what was shown is what was sent");
  assert.equal(JSON.parse(atob(tokens.id_token.split(".")[0])).alg, "ES256");
  jobs.push(...person.jobs.splice(0));
});

test("logs in the second time with one tap", async () => {
  const question = phone.page.getByRole("heading", { name: "Vill du logga in i Lönetjänsten?" });
  person.begin("Log in again on the same phone, from the service's link until its page is read");
  await person.goes(`${service.address}/logga-in`);
  await person.reads(question);
  await person.taps(button("Godkänn"));
  await person.reads(phone.page.getByText("Hej Elsa Nyman"));
  person.end();
  await person.goes(`${service.address}/logga-in`);
  await question.waitFor();
  person.begin("Log in again on the same phone, from the question until the service answers");
  await person.reads(question);
  await person.taps(button("Godkänn"));
  await person.waits(phone.page.getByText("Hej Elsa Nyman"));
  person.end();
  const [whole, ours] = person.jobs.splice(0);
  assert.ok(ours.taps === 1 && seconds(ours) <= MOST_AGAIN, `${ours.taps} taps, ${seconds(ours)} s`);
  assert.ok(whole.taps === 1 && seconds(whole) <= MOST_AGAIN_AND_READ, `${whole.taps} taps, ${seconds(whole)} s`);
  assert.deepEqual(service.logins.at(-1).idToken.amr, ["swk", "user", "mfa", "passkey"]);
  jobs.push(whole, ours);
});

test("lets another phone answer where this one could, and waits for any phone then", async () => {
  await phone.page.goto(`${service.address}/logga-in`);
  await button("Använd en annan telefon").tap();
  await phone.page.waitForURL(/\/login\//);
  const here = phone.page.getByRole("link", { name: "Fortsätt på den här telefonen" });
  await scrutinise(phone.page, "phone-login", twice);
  const top = async (page, selector) => (await page.locator(selector).boundingBox()).y;
  assert.ok((await top(phone.page, ".same-phone")) < (await top(phone.page, ".code-picture")), "on a phone this phone comes first");
  const desk = await window(DESK);
  await desk.page.goto(`${service.address}/logga-in`);
  assert.ok((await top(desk.page, ".code-picture")) < (await top(desk.page, ".same-phone")), "at a desk the code comes first");
  await shut(desk);
  await here.tap();
  await phone.page.getByRole("heading", { name: "Vill du logga in i Lönetjänsten?" }).waitFor();
  await button("Godkänn").tap();
  await phone.page.getByText("Hej Elsa Nyman").waitFor();
});

test("is the screen lock that a desk nearby reaches: taken, shown, and answered", async () => {
  const desk = await window(DESK);
  const near = await bringNear(key, desk);
  const atDesk = new Person(desk);
  atDesk.begin("Log in at a desk with the screen lock of a phone nearby");
  await atDesk.goes(`${service.address}/logga-in`);
  await atDesk.taps(desk.page.getByRole("button", { name: "Använd skärmlåset på telefonen i stället" }));
  await atDesk.reads(desk.page.getByRole("heading", { name: "Vill du logga in i Lönetjänsten?" }));
  await desk.page.getByText("Elsa Nyman").first().waitFor();
  await scrutinise(desk.page, "desk-lock-approval", atADesk);
  await atDesk.taps(desk.page.getByRole("button", { name: "Godkänn", exact: true }));
  await atDesk.reads(desk.page.getByText("Hej Elsa Nyman"));
  atDesk.end();
  assert.deepEqual(service.logins.at(-1).idToken.amr, ["swk", "user", "mfa", "passkey"]);
  jobs.push(...atDesk.jobs.splice(0));

  const before = service.refusals.length;
  await desk.page.goto(`${service.address}/logga-in`);
  await desk.page.getByRole("button", { name: "Använd skärmlåset på telefonen i stället" }).click();
  await desk.page.getByRole("button", { name: "Det är inte jag" }).click();
  await desk.page.waitForURL(`${service.address}/**`);
  assert.equal(service.refusals.length, before + 1);
  await near.cdp.send("WebAuthn.setUserVerified", { authenticatorId: near.authenticatorId, isUserVerified: false });
  await desk.page.goto(`${service.address}/logga-in`);
  await desk.page.getByRole("button", { name: "Använd skärmlåset på telefonen i stället" }).click();
  await desk.page.getByText("Skärmlåset gav inget ja. Försök igen, eller skanna koden på sidan.").waitFor();
  await scrutinise(desk.page, "desk-lock-stopped", atADesk);
  await shut(desk);
});

test("hears a no from the other screen within two seconds, either way", async () => {
  const desk = await window(DESK);
  const within = async (page, words) => page.getByText(words).waitFor({ timeout: 2_000 });
  let waiting = "";
  const begins = async () => {
    await desk.page.goto(`${service.address}/logga-in`);
    await desk.page.getByRole("button", { name: "Fungerar inte kameran? Visa siffror" }).click();
    const shown = await desk.page.locator("#digits .typed").innerText();
    waiting = await desk.page.locator("section[data-login]").getAttribute("data-login");
    await phone.page.goto(`${kvarnby.address}/telefon`);
    await phone.page.getByLabel("Siffrorna på skärmen").fill(shown);
    await button("Fortsätt").tap();
    await phone.page.getByRole("heading", { name: /^Vill du logga in i Lönetjänsten/ }).waitFor();
  };
  await begins();
  // The desk's browser has the next page on its way, for which Playwright would wait before it presses "Avbryt": the form is sent beside it.
  await desk.context.request.post(`${kvarnby.address}/login/${waiting}/avbryt`);
  await within(phone.page, "Du avbröt på den andra skärmen.");
  for (const [answer, words] of [["Avbryt", "Du avbröt i telefonen."], ["Det är inte jag", "Den som har telefonen svarade: Det är inte jag."]]) {
    await begins();
    // The phone's own page too: a way that is still gone there would cross the next one.
    await Promise.all([within(desk.page, words), phone.page.waitForEvent("load"), button(answer).tap()]);
  }
  await shut(desk);
});

test("answers a service that asks for her by what it knows, with the number of its screen", async () => {
  const asked = await service.asksFor(service.logins[0].idToken[AFFILIATION]);
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await phone.page.locator("#log-ins a").waitFor();
  await scrutinise(phone.page, "browser-asked", onPhone);
  await phone.page.locator("#log-ins a").tap();
  await phone.page.getByText("Kassa 3").waitFor();
  await scrutinise(phone.page, "browser-number", onPhone);
  assert.ok(await button("Godkänn").isDisabled(), "nobody says yes without the number");
  await phone.page.getByLabel("Talet på den andra skärmen").fill(asked.binding_number);
  await button("Godkänn").tap();
  await phone.page.getByText("Titta på den andra skärmen.").waitFor();
  const tokens = await asked.answer();
  assert.equal(tokens.claims().sub, service.logins[0].idToken.sub);

  const left = await service.asksFor(service.logins[0].idToken[AFFILIATION]);
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await phone.page.locator("#log-ins a").tap();
  await phone.page.getByText("Kassa 3").waitFor();
  await left.gives_up();
  await phone.page.getByText("Du avbröt på den andra skärmen.").waitFor({ timeout: 4_000 });

  const wrong = await service.asksFor(service.logins[0].idToken[AFFILIATION]);
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await phone.page.locator("#log-ins a").tap();
  await phone.page.getByLabel("Talet på den andra skärmen").fill(wrong.binding_number === "99" ? "10" : `${Number(wrong.binding_number) + 1}`);
  await button("Godkänn").tap();
  await phone.page.getByText("Talet stämmer inte.").waitFor();
  await assert.rejects(wrong.answer(), { error: "access_denied" });
});

test("types digits from a screen where no camera works, also for a device without a browser", async () => {
  const desk = await window(DESK);
  const digits = async () => {
    await desk.page.getByRole("button", { name: "Fungerar inte kameran? Visa siffror" }).click();
    return desk.page.locator("#digits .typed").innerText();
  };
  const types = async (shown) => {
    await phone.page.goto(`${kvarnby.address}/telefon`);
    await phone.page.getByLabel("Siffrorna på skärmen").fill(shown);
    await button("Fortsätt").tap();
    await phone.page.getByRole("heading", { name: /^Vill du logga in i Lönetjänsten/ }).waitFor();
    await button("Godkänn").tap();
  };
  await desk.page.goto(`${service.address}/logga-in`);
  const shown = await digits();
  await scrutinise(desk.page, "desk-digits", { ...onPhone, isPhone: false });
  await types(shown);
  await desk.page.getByText("Hej Elsa Nyman").waitFor();

  const device = await service.device();
  await desk.page.goto(`${kvarnby.address}/device`);
  await desk.page.getByLabel("Koden på enheten").fill("BCDF-GHJK");
  await desk.page.getByRole("button", { name: "Fortsätt" }).click();
  await desk.page.getByText("Koden gäller inte.").waitFor();
  await scrutinise(desk.page, "device-wrong", { ...onPhone, isPhone: false });
  await desk.page.goto(device.verification_uri_complete);
  await scrutinise(desk.page, "device", { ...onPhone, isPhone: false, again: true });
  await desk.page.getByRole("button", { name: "Fortsätt" }).click();
  await desk.page.getByRole("heading", { name: /^Du är på väg att logga in i Lönetjänsten/ }).waitFor();
  await scrutinise(desk.page, "device-ask", { ...onPhone, isPhone: false });
  await desk.page.getByRole("button", { name: "Ja, fortsätt" }).click();
  await types(await digits());
  await desk.page.getByText("Titta på enheten.").waitFor();
  await scrutinise(desk.page, "device-done", { ...onPhone, isPhone: false, again: true });
  assert.equal((await device.answer()).claims().sub, service.logins[0].idToken.sub);
  await shut(desk);
});

test("asks and types on the demonstration's phone too, without JavaScript", async () => {
  const demo = await window(PHONE, { javaScriptEnabled: false });
  const press = (name) => demo.page.getByRole("button", { name, exact: true }).tap();
  await manager.putsToWork("Sara", "Holm");
  await demo.page.goto(`${kvarnby.address}/demo/telefon`);
  await press("Skanna");
  await press("Ja, på min telefon");
  await demo.page.getByText("Jobb-id finns i telefonen").waitFor();
  const who = /[a-z0-9]+@2120009994/.exec(await demo.page.locator("main .who").innerText())[0];
  const asked = await service.asksFor(who);
  await demo.page.goto(`${kvarnby.address}/demo/telefon`);
  await demo.page.getByRole("heading", { name: "Väntar på ditt svar" }).waitFor();
  await take(demo.page, "demo-phone-asked");
  await press("Läs och svara");
  await demo.page.getByText("Kassa 3").waitFor();
  await take(demo.page, "demo-phone-number");
  await demo.page.getByLabel("Talet på den andra skärmen").fill(asked.binding_number);
  await press("Godkänn");
  await demo.page.getByText("Godkänt.").waitFor();
  assert.equal((await asked.answer()).claims()[AFFILIATION], who);
  await shut(demo);
  const looks = await window(PHONE);
  await service.asksFor(who);
  await looks.page.goto(`${kvarnby.address}/demo/telefon`);
  await looks.page.locator("summary").tap();
  await scrutinise(looks.page, "demo-phone-asked", onPhone);
  await looks.page.getByRole("button", { name: "Läs och svara" }).tap();
  await looks.page.getByText("Kassa 3").waitFor();
  await scrutinise(looks.page, "demo-phone-number", onPhone);
  await looks.page.getByRole("button", { name: "Det är inte jag" }).tap();
  await looks.page.getByText("Du sa nej.").waitFor();
  await shut(looks);
});

test("says no and the service is told so", async () => {
  await phone.page.goto(`${service.address}/logga-in`);
  await button("Avbryt").tap();
  await phone.page.getByText("Du sa nej. Inget har skickats.").waitFor();
  await phone.page.getByRole("link", { name: "Tillbaka till tjänsten" }).tap();
  await phone.page.waitForURL(`${service.address}/**`);
  assert.equal(service.refusals.at(-1).error, "access_denied");
});

test("says that it is not me, and the service is told so", async () => {
  const before = service.refusals.length;
  const loggedIn = service.logins.length;
  await phone.page.goto(`${service.address}/logga-in`);
  await button("Det är inte jag").tap();
  await phone.page.getByText("Vi har stoppat det").waitFor();
  await scrutinise(phone.page, "browser-not-me", onPhone);
  assert.equal(service.logins.length, loggedIn);
  assert.equal(service.refusals.length, before, "the log-in that was stopped gives nothing by itself");
});

test("signs the minutes where level 2 is enough, after every page was on the screen", async () => {
  const original = await readFile(MINUTES);
  await manager.asksForSignature(MINUTES, "Elsa Nyman", "Protokoll (nivå 2)");
  person.begin("Read and sign minutes, in the phone's browser");
  await person.goes(`${kvarnby.address}/telefon`);
  await person.taps(phone.page.locator("#inbox a"));
  await person.reads(phone.page.getByRole("heading", { level: 1, name: /Vill du skriva under/ }));
  await scrutinise(phone.page, "phone-signing", onPhone);
  assert.ok(await button("Godkänn").isDisabled(), "nobody signs what nobody has seen");
  await readsAllPages();
  await person.taps(button("Godkänn"));
  await person.reads(phone.page.getByText("Din underskrift görs nu"));
  person.end();
  await scrutinise(phone.page, "browser-signed", onPhone);
  const signed = await manager.fetchesSigned();
  assert.ok(signed.length > original.length && signed.subarray(0, original.length).equals(original), "the file that was read stands untouched");
  assert.ok(signed.includes("/ETSI.CAdES.detached"));
  jobs.push(...person.jobs.splice(0));
});

test("is refused where level 3 is demanded, with words that say what to do", async () => {
  await manager.asksForSignature(DECISION, "Elsa Nyman", "Delegationsbeslut (nivå 3)");
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await phone.page.locator("#inbox a").tap();
  const words = phone.page.getByText(/kräver nivå 3/);
  await words.waitFor();
  assert.match(await words.innerText(), /Be din chef om ett annat sätt, till exempel på papper\./);
  await scrutinise(phone.page, "browser-level-too-low", onPhone);
});

test("asks in English whoever has chosen it", async () => {
  const { say } = ENGLISH;
  const press = (key) => phone.page.getByRole("button", { name: say(key), exact: true }).tap();
  await phone.page.goto(`${kvarnby.address}/telefon?lang=en`);
  await phone.page.goto(`${service.address}/logga-in`);
  await phone.page.getByRole("heading", { name: "The pay service" }).waitFor();
  await scrutinise(phone.page, "browser-approval-en", onPhone);
  await press("approval-not-me");
  await phone.page.getByText(say("approval-ended-not-me")).waitFor();
  await scrutinise(phone.page, "browser-not-me-en", onPhone);
  await manager.asksForSignature(MINUTES, "Elsa Nyman", "Protokoll (nivå 2)");
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await phone.page.locator("#inbox a").last().tap(); // before it waits what demands level 3
  await phone.page.getByRole("button", { name: say("approval-read") }).waitFor();
  await scrutinise(phone.page, "phone-signing-en", onPhone);
  await press("approval-cancel");
  await phone.page.getByText(say("approval-ended-declined")).waitFor();
  await scrutinise(phone.page, "browser-declined-en", onPhone);
  await phone.page.goto(`${kvarnby.address}/telefon?lang=sv`);
});

test("takes the work identity off the phone with one tap", async () => {
  await phone.page.goto(`${kvarnby.address}/telefon`);
  await button("Ta bort jobb-id från den här telefonen").tap();
  await phone.page.getByText("Jobb-id är borta från den här telefonen").waitFor();
  await scrutinise(phone.page, "browser-removed", onPhone);
  await phone.page.goto(`${service.address}/logga-in`);
  await phone.page.getByRole("link", { name: "Fortsätt på den här telefonen" }).tap();
  await phone.page.getByText("Den här webbläsaren har inget jobb-id").waitFor();
  await scrutinise(phone.page, "browser-unknown", twice);
  service.close();
  await close(kvarnby);
});

test("over plain http under another name is told that it cannot, and may choose another way", async () => {
  const elsewhere = await found();
  const desk = new Manager(await window(DESK), elsewhere.address);
  const link = new URL(await desk.putsToWork("Elsa", "Nyman"));
  link.hostname = OTHER_NAME;
  const stock = await window(PHONE);
  await stock.page.goto(link.href);
  await stock.page.getByRole("button", { name: "Ja, på min telefon" }).tap();
  await stock.page.getByText("Den här webbläsaren kan inte skydda jobb-id").waitFor();
  await scrutinise(stock.page, "browser-impossible", twice);
  await stock.page.getByRole("button", { name: "Jag vill ha ett annat sätt" }).tap();
  await stock.page.getByText("Din chef får veta att du vill ha ett annat sätt").waitFor();
  await close(elsewhere);
});

const button = (name) => phone.page.getByRole("button", { name, exact: true });

async function readsAllPages() {
  await person.taps(button("Läs sidorna"));
  const pages = Number(await phone.page.locator("[data-read]").getAttribute("data-pages"));
  for (let number = 1; number <= pages; number += 1) {
    await phone.page.getByText(`Sida ${number} av ${pages}`).waitFor();
    await phone.page.locator("#reader-page").evaluate((picture) => picture.decode());
    if (number === 1) await scrutinise(phone.page, "phone-reading", onPhone);
    person.screen();
    await person.taps(phone.page.locator("#reader-next"));
  }
}
