// The manager at the desk of the invented municipality, by the pages and nothing else.

import { fileURLToPath } from "node:url";

import { SWEDISH } from "./voice.mjs";

export class Manager {
  constructor(opened, address, language = SWEDISH) {
    this.opened = opened;
    this.say = language.say;
    this.page = opened.page;
    this.address = address;
    this.links = [];
  }

  /** Opens the desk, where the manager is logged in since this morning. */
  async opens() {
    await this.page.goto(`${this.address}/demo/skrivbord`);
  }

  /** Puts a colleague to work; gives the invitation's link. */
  async putsToWork(given, family) {
    await this.opens();
    await this.page.goto(`${this.address}/personal`);
    await this.page.locator("[name=given_name]").fill(given);
    await this.page.locator("[name=family_name]").fill(family);
    await this.page.locator("[name=identity_document_seen]").check();
    await this.page.locator("form[action='/personal'] button").click();
    const link = await this.page.getByText(`${this.address}/inbjudan/`).first().innerText();
    this.links.push(link.trim());
    return this.links.at(-1);
  }

  /** The link that was given last. */
  async lastLink() {
    return this.links.at(-1);
  }

  /** Asks one colleague to sign one file. */
  async asksForSignature(file, signer, kind) {
    await this.page.goto(`${this.address}/underskrifter`);
    await this.page.locator("[name=file]").setInputFiles(fileURLToPath(file));
    await this.page.locator("[name=signer]").selectOption({ label: signer });
    await this.page.locator("[name=class]").selectOption({ label: kind });
    await this.page.locator("form[action='/underskrift'] button").click();
    await this.page.waitForURL("**/underskrifter");
  }

  /** Blocks a colleague's work identity. */
  async blocks(name) {
    await this.page.goto(`${this.address}/personal`);
    await this.page.getByRole("link", { name }).click();
    await this.page.getByRole("button", { name: this.say("block-button"), exact: true }).click();
    await this.page.getByText(this.say("standing-long-blocked")).waitFor();
  }

  /** The newest file, once it is signed; the page is asked again, as a person does whose browser runs no scripts. */
  async fetchesSigned() {
    const link = this.page.locator("a[href$='/fil.pdf']").first();
    for (let look = 0; look < 40 && !(await link.isVisible()); look += 1) {
      await this.page.waitForTimeout(250);
      await this.page.goto(`${this.address}/underskrifter`);
    }
    const answer = await this.page.context().request.get(new URL(await link.getAttribute("href"), this.address).href);
    return answer.body();
  }
}
