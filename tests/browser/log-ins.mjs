// One log-in for several services, as people meet it: what is sent, not being asked again, and logging out. Every page is looked at, and
// the whole of it works without JavaScript.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { DESK, PHONE, shut, window } from "./browser.mjs";
import { Manager } from "./chief.mjs";
import { close, found } from "./municipality.mjs";
import { take } from "./pictures.mjs";
import { faults } from "./scrutiny.mjs";
import { about, test } from "./story.mjs";
import { LANGUAGES, SWEDISH } from "./voice.mjs";

const SCOPE = "https://id.oidc.se/scope/naturalPersonOrgId";
const CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

about("one log-in for several services");

for (const language of LANGUAGES) {
  test(`has pages that anybody can read, in ${language.name}`, () => everyPage(language));
}

test("needs no JavaScript", async () => {
  const { kvarnby, desk, phone, services } = await begun(SWEDISH, { javaScriptEnabled: false });
  await entersWithPhone(kvarnby, desk, phone, services, SWEDISH);
  await desk.page.goto(authorize(kvarnby, services, "schemat"));
  await desk.page.getByRole("button", { name: "Fortsätt", exact: true }).click();
  await desk.page.getByText("Tjänsten svarar: kod").waitFor();
  await desk.page.goto(`${kvarnby.address}/end_session?client_id=betygen&post_logout_redirect_uri=${encodeURIComponent(services.out)}`);
  await desk.page.getByRole("button", { name: "Logga ut", exact: true }).click();
  await desk.page.getByRole("heading", { name: "Du är utloggad" }).waitFor();
  await desk.page.getByRole("link", { name: "Fortsätt", exact: true }).click();
  await desk.page.getByText("Tjänsten svarar: ut").waitFor();
  assert.ok(services.framed > 0, "the browser itself told the service");
  await ended(kvarnby, desk, phone, services);
});

async function everyPage(language) {
  const { say } = language;
  const { kvarnby, desk, phone, services } = await begun(language);
  const found_ = [];
  const named = (name) => (language.tag === "sv" ? name : `${name}-${language.tag}`);
  const looks = async (page, name) => found_.push(...(await faults(page, named(name), { isPhone: false, picture: (view) => take(page, view) })));
  await entersWithPhone(kvarnby, desk, phone, services, language);
  const service = language.tag === "sv" ? "Schemat" : "The timetable";
  await desk.page.goto(authorize(kvarnby, services, "schemat"));
  await desk.page.getByRole("heading", { name: say("continue-title", { service }) }).waitFor();
  await looks(desk.page, "desk-continue");
  await desk.page.getByRole("button", { name: say("continue-cancel"), exact: true }).click();
  await desk.page.getByRole("heading", { name: say("told-title-cancelled") }).waitFor();
  await looks(desk.page, "desk-told-cancelled");
  await desk.page.locator("#back").click();
  await desk.page.getByText("Tjänsten svarar: access_denied").waitFor();
  await desk.page.goto(authorize(kvarnby, services, "schemat"));
  await desk.page.getByRole("checkbox").check();
  await desk.page.getByRole("button", { name: say("continue-go"), exact: true }).click();
  await desk.page.getByText("Tjänsten svarar: kod").waitFor();
  await desk.page.goto(authorize(kvarnby, services, "schemat"));
  await desk.page.getByText("Tjänsten svarar: kod").waitFor();

  const own = await window(DESK, language.look);
  await own.page.goto(`${kvarnby.address}/min-sida`);
  await own.page.locator("#code").evaluate((element) => element.decode());
  await scansAndApproves(kvarnby, phone, say);
  await own.page.getByRole("heading", { name: say("mine-log-ins") }).waitFor();
  await looks(own.page, "desk-mine-log-ins");
  assert.equal(await own.page.getByRole("button", { name: say("mine-log-out-all") }).count(), 1);
  await own.page.getByRole("button", { name: say("mine-ask-again-at", { service }) }).click();
  await own.page.getByText(say("mine-no-rules")).waitFor();
  await shut(own);

  const administrator = await window(DESK, language.look);
  await administrator.page.goto(`${kvarnby.address}/demo/tjanster`);
  await administrator.page.getByRole("link", { name: language.tag === "sv" ? "Betygen" : "The grades" }).click();
  await administrator.page.getByText(say("client-life-shared", { services: service })).waitFor();
  await administrator.page.getByText(say("client-life-managed")).waitFor();
  await looks(administrator.page, "desk-client-of-a-group");
  await shut(administrator);

  await desk.page.goto(`${kvarnby.address}/end_session`);
  await desk.page.getByRole("heading", { name: say("log-out-title") }).waitFor();
  await looks(desk.page, "desk-log-out");
  await desk.page.getByRole("button", { name: say("log-out-no"), exact: true }).click();
  await desk.page.getByRole("heading", { name: say("still-in-title") }).waitFor();
  await looks(desk.page, "desk-still-in");
  await desk.page.goto(`${kvarnby.address}/end_session`);
  await desk.page.getByRole("button", { name: say("log-out-yes"), exact: true }).click();
  await desk.page.getByRole("heading", { name: say("logged-out-title") }).waitFor();
  await looks(desk.page, "desk-logged-out");
  assert.equal(found_.join("\n"), "");
  await ended(kvarnby, desk, phone, services);
}

/** A municipality with two services of one group, and somebody at work with a phone. */
async function begun(language, more = {}) {
  const services = await openServices();
  const kvarnby = await found({ services: services.registration });
  const desk = new Manager(await window(DESK, { ...language.look, ...more }), kvarnby.address, language);
  await desk.opens();
  const phone = await window(PHONE, { ...language.look, ...more });
  await desk.putsToWork("Sara", "Holm");
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  for (const key of ["demo-phone-scan", "invitation-yes"]) {
    await phone.page.getByRole("button", { name: language.say(key), exact: true }).first().tap();
  }
  await phone.page.getByText(language.say("phone-enrolled")).waitFor();
  return { kvarnby, desk, phone, services };
}

async function entersWithPhone(kvarnby, desk, phone, services, { say }) {
  await desk.page.goto(authorize(kvarnby, services, "betygen"));
  await desk.page.locator("#code").evaluate((element) => element.decode());
  await scansAndApproves(kvarnby, phone, say);
  await desk.page.getByText("Tjänsten svarar: kod").waitFor();
}

async function scansAndApproves(kvarnby, phone, say) {
  await phone.page.goto(`${kvarnby.address}/demo/telefon`);
  for (const key of ["demo-phone-scan", "demo-phone-approve"]) {
    await phone.page.getByRole("button", { name: say(key), exact: true }).first().tap();
  }
}

function authorize(kvarnby, services, id) {
  const asked = {
    response_type: "code", client_id: id, redirect_uri: services.back, scope: `openid ${SCOPE}`, state: "s", nonce: "n",
    code_challenge: CHALLENGE, code_challenge_method: "S256",
  };
  return `${kvarnby.address}/authorize?${new URLSearchParams(asked)}`;
}

/** Both services' own pages: they say what they were answered. */
async function openServices() {
  const services = { framed: 0, back: "", out: "", registration: "", close: () => {} };
  const server = createServer((request, response) => {
    const address = new URL(request.url, "http://127.0.0.1");
    if (address.pathname === "/fram") services.framed += 1;
    const answer = address.searchParams.has("code") ? "kod" : address.searchParams.get("error") ?? "ut";
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<!doctype html><html lang="sv"><title>Tjänsten</title><p>Tjänsten svarar: ${answer}</p></html>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const address = `http://127.0.0.1:${server.address().port}`;
  Object.assign(services, { back: `${address}/tillbaka`, out: `${address}/ut`, close: () => { server.closeAllConnections?.(); server.close(); } });
  const client = (id, sv, en, more) => `
[[client]]
id = "${id}"
name_sv = "${sv}"
name_en = "${en}"
organisation = "2120009994"
redirect_uris = ["${services.back}"]
post_logout_redirect_uris = ["${services.out}"]
scopes = ["${SCOPE}"]
sso_group = "skola"
${more}`;
  const group = `[[sso_group]]\nname = "skola"\nhours = 8\ncomputers = "managed"\n`;
  services.registration = group + client("betygen", "Betygen", "The grades", "") + client("schemat", "Schemat", "The timetable", `frontchannel_logout_uri = "${address}/fram"`);
  return services;
}

async function ended(kvarnby, desk, phone, services) {
  await shut(phone);
  await shut(desk.opened);
  await close(kvarnby);
  services.close();
}
