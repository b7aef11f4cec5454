// A person at a desk with a phone beside it: a browser that keeps cookies, and the demonstration's phone, which is the real core.

import assert from "node:assert/strict";

/** Somebody whom the manager has just put to work, with the work identity on the phone. */
export class Person {
  constructor(issuer) {
    this.issuer = issuer;
    this.desk = new Map();
    this.phone = new Map();
  }

  /** Sits down at another computer, where nobody is logged in. */
  changesDesk() {
    this.desk.clear();
  }

  static async atWork(issuer, given = "Sara", family = "Holm") {
    const person = new Person(issuer);
    await person.opens("/demo/skrivbord");
    const invited = await person.sends("/personal", { given_name: given, family_name: family, role: "worker", days: "30", identity_document_seen: "yes" });
    const link = between(invited.body, "/inbjudan/", "/kod.svg");
    await person.opens(`/inbjudan/${link}/kod.svg`);
    await person.sends("/demo/telefon/skanna", {});
    await person.sends(`/demo/telefon/ja/${link}`, {});
    return person;
  }

  /** Opens an authorization address at the desk, approves on the phone, and gives the address at the service where the browser is sent. */
  async logsIn(address) {
    let page = await this.opens(String(address));
    if (page.left) return new URL(page.left);
    page = await this.approves(between(page.body, 'data-login="', '"'));
    return page.left ? new URL(page.left) : null;
  }

  /** Reads the moving code at the desk with the phone, says yes there, and goes on at the desk. */
  async approves(id) {
    await this.opens(`/login/${id}/kod.svg`);
    await this.sends("/demo/telefon/skanna", {});
    await this.presses("approve");
    const status = JSON.parse((await this.opens(`/login/${id}/status`)).body);
    return this.opens(status.next);
  }

  /** Answers what stands on the phone now. */
  presses(button, more = {}) {
    return this.sends("/demo/telefon/tryck", { button, ...more });
  }

  opens(address) {
    return this.follows(new URL(address, this.issuer), { method: "GET" });
  }

  sends(path, form) {
    return this.follows(new URL(path, this.issuer), { method: "POST", body: new URLSearchParams(form), headers: { origin: this.issuer } });
  }

  /** Follows redirects as long as they stay here; `left` is the first address elsewhere. */
  async follows(address, request) {
    for (let hop = 0; hop < 12; hop += 1) {
      if (address.origin !== new URL(this.issuer).origin) return { left: address.href, body: "" };
      const cookies = address.pathname.startsWith("/demo/telefon") ? this.phone : this.desk;
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const headers = { accept: "text/html", "accept-language": "sv", ...request.headers, cookie };
      const answer = await fetch(address, { ...request, headers, redirect: "manual" });
      for (const line of answer.headers.getSetCookie()) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        cookies.set(name, value);
      }
      const next = answer.headers.get("location");
      if (!next) {
        const body = await answer.text();
        assert.ok(answer.ok, `${address}: ${answer.status} ${body.slice(0, 600)}`);
        return { left: null, path: address.pathname, body };
      }
      address = new URL(next, address);
      request = { method: "GET" };
    }
    throw new Error(`sent round and round: ${address}`);
  }
}

/** The text between two marks that must be there. */
export function between(text, before, after) {
  const start = text.indexOf(before);
  assert.ok(start >= 0, `no ${before} in ${text.slice(0, 400)}`);
  return text.slice(start + before.length, text.indexOf(after, start + before.length));
}
