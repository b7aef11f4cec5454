// @ts-check
// The page that waits for a phone: a new picture each second, and the words of every state as the server says them, as it happens where
// the browser can listen, otherwise asked for.

const waiting = /** @type {HTMLElement} */ (document.querySelector("[data-login]"));
const picture = /** @type {HTMLImageElement | null} */ (document.getElementById("code"));
const digits = document.getElementById("digits");
const status = /** @type {HTMLElement} */ (document.getElementById("status"));
const address = `/login/${waiting.dataset.login}`;
let state = waiting.dataset.state ?? "";

/** @param {number} ms */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Loads the next picture out of sight and swaps it when it is whole, so that the code never flickers. */
function move() {
  if (state !== "created") return;
  const next = new Image();
  next.onload = () => { if (picture) picture.src = next.src; };
  next.src = `${address}/kod.svg?t=${Date.now()}`;
}

/**
 * Nothing more comes: the way back is the one thing left to press.
 * @param {string | null} back
 */
function over(back) {
  status.className = "note bad";
  for (const open of document.querySelectorAll("[data-while-open]")) open.toggleAttribute("hidden", true);
  const link = /** @type {HTMLAnchorElement} */ (document.getElementById("back"));
  if (back) { link.href = back; link.hidden = false; }
}

/** So long the server keeps an answer back (`ahead.rs`), and a little more. */
const [HELD, AGAIN] = [15_000, 17_000];
let askedAhead = 0;

/**
 * Asks for the page that comes next before it is there: this page stays until the server answers, and also where it has no answer yet.
 * @param {string} address
 */
function asksAhead(address) {
  if (state !== "claimed" && state !== "shown") return;
  askedAhead = Date.now();
  location.assign(address);
  setTimeout(asksAhead, AGAIN, address);
}

/**
 * Shows what the server says. True when nothing comes after it.
 * @param {{ state: string, words: string, ahead: string | null, next: string | null, back: string | null }} said
 */
async function shows({ state: now, words, ahead, next, back }) {
  // A key in this browser's reach has taken it: the question stands on this page when it is loaded again.
  if (now === "here" && state !== "here") { location.reload(); return true; }
  if (now === "consumed" && Date.now() - askedAhead < HELD) await pause(8000); // by what this page asked for, and that is on its way
  if (now !== state) {
    state = now;
    status.textContent = words;
    waiting.dataset.state = now;
    picture?.parentElement?.classList.toggle("used", now !== "created");
    if (now !== "created") digits?.remove();
  }
  if (ahead && !askedAhead) asksAhead(ahead);
  if (back || now === "consumed") over(back);
  if (next && back) await pause(4000); // a no: time to read the words
  else if (next && Date.now() - askedAhead < HELD) await pause(8000); // it is on its way; asked for twice it would come to nothing
  if (next) location.assign(next);
  return Boolean(next || back || now === "consumed");
}

/** Listens; a line that is lost, or cannot be had, is replaced by asking. */
function listen() {
  if (!("EventSource" in window)) { watch(); return; }
  const events = new EventSource(`${address}/handelser`);
  let isLast = false;
  events.onmessage = async ({ data }) => {
    const said = JSON.parse(data);
    isLast = Boolean(said.next || said.back || said.state === "consumed");
    if (isLast) events.close();
    await shows(said);
  };
  events.onerror = () => {
    events.close();
    if (!isLast) watch();
  };
}

async function watch() {
  for (;;) {
    try {
      const answer = await fetch(`${address}/status?seen=${encodeURIComponent(state)}`, { headers: { accept: "application/json" } });
      if (!answer.ok) { location.reload(); return; }
      if (await shows(await answer.json())) return;
    } catch {
      await pause(1000); // no coverage for a moment: ask again
    }
  }
}

if (document.querySelector("[data-while-open]")) {
  setInterval(move, 1000);
  listen();
  // Digits are good for a minute; then the page offers new ones.
  if (digits) setTimeout(() => location.reload(), Number(digits.dataset.seconds) * 1000);
}
