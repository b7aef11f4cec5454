// A person at a desk or with a phone, and what a job costs that person. Every tap, key and page is counted where it happens:
// nothing here is estimated but the price of each, which the table names.

/** What a screen, a key and a round trip take of a person's time, in milliseconds. */
export const PRICE = { screen: 2_000, key: 300, roundTrip: 1_000 };

/**
 * Keeps two clocks apart: the test's own, which nobody reads, and the person's. What happens in one frame while the person reads in
 * another costs the person nothing; what the person must wait for does.
 */
export class Person {
  constructor({ page, hasTouch }) {
    this.page = page;
    this.hasTouch = hasTouch;
    this.views = new Map();
    this.seen = new Map();
    this.ready = new Map();
    this.askedAt = new Map();
    this.acted = null;
    this.acts = 0;
    this.clock = 0;
    this.jobs = [];
    this.job = null;
    page.on("framenavigated", (frame) => { this.views.set(frame, (this.views.get(frame) ?? 0) + 1); this.arrives(frame); });
    page.on("request", (request) => { if (this.job && isWaitedFor(request)) this.asks(request.frame()); });
  }

  /** Begins a job; what follows is counted for it. */
  begin(name) {
    this.end();
    this.job = { name, taps: 0, swipes: 0, keys: 0, screens: 0, roundTrips: 0, ms: 0, from: this.clock };
    this.jobs.push(this.job);
  }

  /** Ends it. */
  end() {
    if (this.job) this.job.ms = this.clock - this.job.from;
    this.job = null;
  }

  /** A frame asks the server: after the person's own act at once, otherwise because another frame has just got its answer. */
  asks(frame) {
    const isOwnAct = this.acted === frame || this.acted === "any";
    const latest = Math.max(0, ...this.ready.values());
    const from = Math.max(isOwnAct ? this.clock : latest, this.ready.get(frame) ?? 0);
    this.acted = null;
    this.ready.set(frame, from + PRICE.roundTrip);
    this.askedAt.set(frame, this.acts);
    this.job.roundTrips += 1;
  }

  /** A page is there. One that was asked for before the person's last act waited for what that act gave: it is no sooner there. */
  arrives(frame) {
    if (this.acts > (this.askedAt.get(frame) ?? Infinity)) this.ready.set(frame, Math.max(...this.ready.values()));
  }

  /** Looks at a new view, once, when it is there. */
  looks(frame) {
    this.clock = Math.max(this.clock, this.ready.get(frame) ?? 0);
    const view = this.views.get(frame) ?? 0;
    if (this.seen.get(frame) === view) return;
    this.seen.set(frame, view);
    this.screen();
  }

  /** Two seconds of looking. */
  screen() {
    this.clock += PRICE.screen;
    if (this.job) this.job.screens += 1;
  }

  /** Types an address or follows a bookmark. */
  async goes(address) {
    this.acts += 1;
    this.acted = "any";
    await this.page.goto(address);
  }

  /** Presses what the person sees. */
  async taps(target) {
    await target.waitFor();
    this.looks(await frameOf(target));
    if (this.job) this.job.taps += 1;
    this.acts += 1;
    this.acted = "any"; // a link may lead in another frame
    await (this.hasTouch ? target.tap() : target.click());
  }

  /** Types into a field: a tap to go there unless the cursor stands there already, and a key for each character. */
  async types(field, text) {
    await field.waitFor();
    const hasCursor = await field.evaluate((element) => element === element.ownerDocument.activeElement);
    if (!hasCursor) await this.taps(field);
    else this.looks(await frameOf(field));
    if (this.job) this.job.keys += text.length;
    this.clock += text.length * PRICE.key;
    await field.pressSequentially(text);
  }

  /** Chooses from a list: a tap to open it, a tap on the row. */
  async chooses(list, label) {
    await this.taps(list);
    if (this.job) this.job.taps += 1;
    await list.selectOption({ label });
  }

  /** Picks a file: the system's own dialogue is a screen and one tap more. */
  async picks(field, file) {
    await field.waitFor();
    this.looks(await frameOf(field));
    this.screen();
    if (this.job) this.job.taps += 2;
    await field.setInputFiles(file);
  }

  /** Reads one page of a document and scrolls on: a screen for each page, a swipe and no tap. */
  async scrollsPast(figure) {
    const frame = await frameOf(figure);
    this.clock = Math.max(this.clock, this.ready.get(frame) ?? 0);
    this.screen();
    if (this.job) this.job.swipes += 1;
    this.acts += 1;
    this.acted = frame;
    await figure.evaluate((page) => page.scrollIntoView({ block: "end" }));
  }

  /** Waits until it is there: the end of what is ours, before somebody else's page is read. */
  async waits(target) {
    await target.waitFor();
    this.clock = Math.max(this.clock, this.ready.get(await frameOf(target)) ?? 0);
  }

  /** Reads what is shown, as the end of something: it must come into view. */
  async reads(target) {
    await target.waitFor();
    this.looks(await frameOf(target));
  }
}

/** Where an element stands. */
async function frameOf(target) {
  const handle = await target.elementHandle();
  return handle.ownerFrame();
}

/**
 * A page with all its redirects, or a question of a page's own. Not a watch: one that is kept open until a phone answers, that asks for the
 * page itself again, or that asks each second whether the question still stands.
 */
function isWaitedFor(request) {
  const { pathname } = new URL(request.url());
  const stands = request.method() === "GET" && /^\/phone\/approvals\/[^/]+$/.test(pathname);
  const isWatch = pathname.endsWith("/status") || stands || request.url() === request.frame().url();
  const isPage = request.resourceType() === "document" && request.redirectedFrom() === null;
  const isPageOfDocument = request.resourceType() === "image" && /\/documents\/\d+\/pages\//.test(request.url());
  return isPage || isPageOfDocument || (["fetch", "xhr"].includes(request.resourceType()) && !isWatch);
}

/** Seconds of a person's time. */
export const seconds = ({ ms }) => ms / 1_000;

/** All jobs in one. */
export function sum(name, jobs) {
  const total = (key) => jobs.reduce((all, job) => all + job[key], 0);
  const of = (...keys) => Object.fromEntries(keys.map((key) => [key, total(key)]));
  return { name, ...of("taps", "swipes", "keys", "screens", "roundTrips", "ms") };
}

/** The table "För människor", for docs/performance.md. */
export function table(jobs) {
  const row = (job) => `| ${job.name} | ${job.taps} | ${job.swipes} | ${job.keys} | ${job.screens} | ${job.roundTrips} | ${seconds(job).toFixed(1)} |`;
  return ["| job | taps | swipes | keys | screens | round trips | seconds |", "|---|--:|--:|--:|--:|--:|--:|", ...jobs.map(row)].join("\n");
}
