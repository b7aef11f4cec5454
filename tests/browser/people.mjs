// A person at a desk or with a phone, and what a job costs that person. Every tap, key and page is counted where it happens:
// nothing here is estimated but the price of each, which the table names.

/** What a screen, a key and a round trip take of a person's time, in milliseconds. */
export const PRICE = { screen: 2_000, key: 300, roundTrip: 1_000 };

export class Person {
  constructor({ page, hasTouch }) {
    this.page = page;
    this.hasTouch = hasTouch;
    this.views = new Map();
    this.seen = new Map();
    this.jobs = [];
    this.job = null;
    page.on("framenavigated", (frame) => this.views.set(frame, (this.views.get(frame) ?? 0) + 1));
    page.on("request", (request) => { if (this.job && isWaitedFor(request)) this.job.roundTrips += 1; });
  }

  /** Begins a job; what follows is counted for it. */
  begin(name) {
    this.job = { name, taps: 0, swipes: 0, keys: 0, screens: 0, roundTrips: 0 };
    this.jobs.push(this.job);
  }

  /** Ends it. */
  end() {
    this.job = null;
  }

  /** Looks at a new view, once. */
  looks(frame) {
    const view = this.views.get(frame) ?? 0;
    if (this.seen.get(frame) === view) return;
    this.seen.set(frame, view);
    if (this.job) this.job.screens += 1;
  }

  /** Types an address or follows a bookmark. */
  async goes(address) {
    await this.page.goto(address);
  }

  /** Presses what the person sees. */
  async taps(target) {
    await target.waitFor();
    this.looks(await frameOf(target));
    if (this.job) this.job.taps += 1;
    await (this.hasTouch ? target.tap() : target.click());
  }

  /** Types into a field: a tap to go there unless the cursor stands there already, and a key for each character. */
  async types(field, text) {
    await field.waitFor();
    const hasCursor = await field.evaluate((element) => element === element.ownerDocument.activeElement);
    if (!hasCursor) await this.taps(field);
    else this.looks(await frameOf(field));
    if (this.job) this.job.keys += text.length;
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
    if (this.job) Object.assign(this.job, { taps: this.job.taps + 2, screens: this.job.screens + 1 });
    await field.setInputFiles(file);
  }

  /** Reads one page of a document and scrolls on: a screen for each page, a swipe and no tap. */
  async scrollsPast(figure) {
    if (this.job) Object.assign(this.job, { screens: this.job.screens + 1, swipes: this.job.swipes + 1 });
    await figure.evaluate(() => document.scrollingElement?.scrollTo(0, document.scrollingElement.scrollHeight));
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

/** A page, or a question of a page's own that the person waits for. A watch that is kept open while a phone is awaited is not. */
function isWaitedFor(request) {
  const isWatch = new URL(request.url()).pathname.endsWith("/status");
  return request.resourceType() === "document" || (["fetch", "xhr"].includes(request.resourceType()) && !isWatch);
}

/** Seconds of a person's time. */
export function seconds({ screens, keys, roundTrips }) {
  return (screens * PRICE.screen + keys * PRICE.key + roundTrips * PRICE.roundTrip) / 1_000;
}

/** All jobs in one. */
export function sum(name, jobs) {
  const total = (key) => jobs.reduce((all, job) => all + job[key], 0);
  return { name, taps: total("taps"), swipes: total("swipes"), keys: total("keys"), screens: total("screens"), roundTrips: total("roundTrips") };
}

/** The table "För människor", for docs/performance.md. */
export function table(jobs) {
  const row = (job) => `| ${job.name} | ${job.taps} | ${job.swipes} | ${job.keys} | ${job.screens} | ${job.roundTrips} | ${seconds(job).toFixed(1)} |`;
  return ["| job | taps | swipes | keys | screens | round trips | seconds |", "|---|--:|--:|--:|--:|--:|--:|", ...jobs.map(row)].join("\n");
}
